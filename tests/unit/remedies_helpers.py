"""The logs that the tests of `remedies` share."""

from __future__ import annotations

from pathlib import Path

LOGS = Path(__file__).parent / "data" / "logs"
FAILED = LOGS / "remedies"
DOWNLOADS = LOGS / "downloads"


def names(directory: Path) -> set[str]:
    return {path.stem for path in directory.glob("*.log")}


def log(directory: Path, name: str) -> str:
    return (directory / f"{name}.log").read_text()
