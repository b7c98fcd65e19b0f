"""The corpus of attacks, tests/projects/hostile: what its files say of themselves, and sdists made of them."""

from __future__ import annotations

import ast
import dataclasses
import functools
from typing import TYPE_CHECKING

from local_index import PROJECTS, packed

if TYPE_CHECKING:
    from pathlib import Path

CORPUS = PROJECTS / "hostile"
KINDS = ("inside", "exhaust", "out", "into")
_FIELDS = {"tries", "must"}
_OPTIONAL = {"says", "control", "alone"}


@dataclasses.dataclass(frozen=True)
class Attack:
    """One file of the corpus."""

    kind: str
    name: str
    tries: str
    must: str
    """For people; of `out`, `exhaust` and `into` its first word is the error's class, or ``wheel``."""
    says: str = ""
    """What that error's text has."""
    control: str = ""
    """Of `inside`: where the attack does succeed."""
    alone: str = ""
    """Of `out`: why it has a run of its own."""

    @property
    def path(self) -> Path:
        return CORPUS / self.kind / f"{self.name}.py"

    @property
    def project(self) -> str:
        """The name of the package that attacks."""
        return f"{self.kind}-{self.name}".replace("_", "-")

    @property
    def expected(self) -> str:
        return self.must.split()[0].rstrip(":,")

    def __str__(self) -> str:
        return f"{self.kind}/{self.name}"


@functools.cache
def corpus() -> tuple[Attack, ...]:
    """Every attack, in the order of `KINDS` and names."""
    return tuple(
        _read(kind, path) for kind in KINDS for path in sorted((CORPUS / kind).glob("[a-z]*.py"))
    )


def of(kind: str) -> list[Attack]:
    return [attack for attack in corpus() if attack.kind == kind]


def _read(kind: str, path: Path) -> Attack:
    header = ast.get_docstring(ast.parse(path.read_text())) or ""
    fields = dict(line.split(": ", 1) for line in header.splitlines())
    assert fields.keys() >= _FIELDS, (
        f"{path}: its docstring says what it tries and what must happen"
    )
    assert fields.keys() <= _FIELDS | _OPTIONAL, f"{path}: its docstring says more"
    return Attack(kind=kind, name=path.stem, **fields)


PYPROJECT = """\
[build-system]
requires = []
build-backend = "backend"
backend-path = [".", "_shared"]
"""


def sdist(attack: Attack) -> tuple[str, bytes]:
    """The sdist of a package whose backend is the attack's file: its file name, and its bytes."""
    stem = f"{attack.project.replace('-', '_')}-1.0"
    project = f'[project]\nname = "{attack.project}"\nversion = "1.0"\n'
    files = {
        "backend.py": attack.path.read_bytes(),
        "pyproject.toml": (PYPROJECT + project).encode(),
        "_shared/tiny.py": (PROJECTS / "_shared/tiny.py").read_bytes(),
        f"{attack.project.replace('-', '_')}.py": b"VALUE = 1\n",
    }
    return f"{stem}.tar.gz", packed(files, top=stem)


INSIDE = """\
import sys
import tiny
from hostile_attacks import inside

def get_requires_for_build_wheel(settings=None):
    inside.run("get_requires")
    return []

def prepare_metadata_for_build_wheel(directory, settings=None):
    import pathlib
    inside.run("metadata")
    info = pathlib.Path(directory, "NAME-1.0.dist-info")
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.2\\nName: NAME\\nVersion: 1.0\\n")
    (info / "WHEEL").write_text("Wheel-Version: 1.0\\nTag: py3-none-any\\n")
    return info.name

def build_wheel(directory, settings=None, metadata=None):
    import pathlib
    inside.run("build")
    files = {str(p): p.read_bytes() for p in pathlib.Path("hostile_attacks").rglob("*") if p.suffix in (".py", ".json")}
    files["NAME.py"] = b"from hostile_attacks import inside\\ninside.run('import')\\n"
    return tiny.write(directory, "NAME", "1.0", [], files)
"""


def sdist_of_all(name: str, host: bytes) -> tuple[str, bytes]:
    """The sdist of the package *name* (a module's name) that runs all attacks of `inside` wherever it can.

    Args:
        host: What they may know of the host, as JSON.
    """
    stem = f"{name}-1.0"
    files = {
        "backend.py": INSIDE.replace("NAME", name).encode(),
        "pyproject.toml": PYPROJECT.encode(),
        "_shared/tiny.py": (PROJECTS / "_shared/tiny.py").read_bytes(),
        "hostile_attacks/__init__.py": b"",
        "hostile_attacks/inside/host.json": host,
    }
    for path in (CORPUS / "inside").glob("*.py"):
        files[f"hostile_attacks/inside/{path.name}"] = path.read_bytes()
    return f"{stem}.tar.gz", packed(files, top=stem)
