"""What the tests of podwheel/requirements share."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from podwheel.requirements import Arguments, read
from podwheel.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from podwheel.model import Request

SHA256 = "ab" * 32
SHA512 = "cd" * 64


def write(directory: Path, files: Mapping[str, str | bytes]) -> None:
    """Write *files*, parents included; a name that ends in a slash is a project's directory."""
    for name, content in files.items():
        path = directory / name
        if name.endswith("/"):
            path.mkdir(parents=True, exist_ok=True)
            (path / "pyproject.toml").write_text("")
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)


def ask(
    cwd: Path,
    *,
    environ: Mapping[str, str] | None = None,
    settings: Settings | None = None,
    **arguments: object,
) -> Request:
    """`read` with none of this machine's own pip configuration."""
    alone = {"PIP_CONFIG_FILE": os.devnull, "HOME": str(cwd / "home"), **(environ or {})}
    return read(
        Arguments(**arguments),  # type: ignore[arg-type]
        environ=alone,
        cwd=cwd,
        settings=settings or Settings(),
    )


def ask_file(
    cwd: Path, text: str | bytes, *, environ: Mapping[str, str] | None = None, **arguments: object
) -> Request:
    """`read` of one requirements file with that content."""
    write(cwd, {"requirements.txt": text})
    return ask(cwd, environ=environ, requirement_files=("requirements.txt",), **arguments)


def names(request: Request) -> list[str]:
    return [str(wanted.requirement) for wanted in request.wanted]
