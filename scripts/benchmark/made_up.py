"""Packages that exist nowhere else, for what is to be shown of podwheel alone: sdists, put on the mirror."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from local_index import PROJECTS, packed

_BACKEND = (PROJECTS / "_shared/tiny.py").read_bytes()
_PYPROJECT = """\
[build-system]
requires = []
build-backend = "tiny"
backend-path = ["_shared"]

[project]
name = "{name}"
version = "1.0"
"""


def pure(count: int) -> dict[str, bytes]:
    """File names and bytes of so many sdists, whose own backend writes a pure wheel of one module."""
    found = {}
    for number in range(count):
        name = f"made-up-{number:04}"
        stem = f"{name.replace('-', '_')}-1.0"
        files = {
            "pyproject.toml": _PYPROJECT.format(name=name).encode(),
            "_shared/tiny.py": _BACKEND,
            f"made_up_{number:04}.py": f"NUMBER = {number}\n".encode(),
        }
        found[f"{stem}.tar.gz"] = packed(files, top=stem)
    return found


def put_on(mirror: Path, sdists: Mapping[str, bytes]) -> None:
    """Lay them where the mirror keeps what it has brought (mirror.py)."""
    for filename, data in sdists.items():
        name = project_of(filename)
        file = {
            "filename": filename,
            "hashes": {"sha256": hashlib.sha256(data).hexdigest()},
            "size": len(data),
        }
        page = {"meta": {"api-version": "1.1"}, "name": name, "files": [file]}
        place = mirror / "files" / name
        place.mkdir(parents=True, exist_ok=True)
        (place / filename).write_bytes(data)
        (mirror / "pages").mkdir(exist_ok=True)
        (mirror / "pages" / f"{name}.json").write_text(json.dumps(page))


def project_of(filename: str) -> str:
    return filename.rpartition("-")[0].replace("_", "-")


def requirements(sdists: Iterable[str]) -> list[str]:
    return [f"{project_of(filename)}==1.0" for filename in sorted(sdists)]
