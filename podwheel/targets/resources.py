"""podwheel's own Containerfiles and target documents."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from podwheel.errors import TargetFileError

PREFIX = "podwheel:"
"""``podwheel:debian/Containerfile`` in a target's document is podwheel's own file."""


@cache
def recipes() -> Path:
    """The directory ``containerfiles``: in the installed package, or beside it in a checkout."""
    package = Path(__file__).absolute().parents[1]
    places = (package / "containerfiles", package.parent / "containerfiles")
    for place in places:
        if (place / "targets").is_dir():
            return place
    raise TargetFileError(
        f"podwheel's own containerfiles are not at {places[0]}: the installation is damaged",
        hint="install podwheel again",
    )
