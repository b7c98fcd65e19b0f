"""What the tests of system packages share: readers of what was recorded."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from podwheel_cli import Podwheel, Result

    from podwheel.store import Store

_LARGE = Path(__file__).with_name("backends-large.txt")


def large_backends(store: Store) -> dict[str, bytes]:
    """The wheels that backends-large.txt names; no socket where they were downloaded before."""
    from backends import downloaded

    return {name: path.read_bytes() for name, path in downloaded(store, _LARGE).items()}


def lacked(done: Result) -> dict[str, list[str]]:
    """Of a run with ``--log-format json``: what each project's attempts lacked, in order."""
    found: dict[str, list[str]] = {}
    for event in done.events:
        if event["event"] in ("step.lacks", "supplies.degraded"):
            found.setdefault(event["title"].split()[1], []).append(event["lacks"])
    return found


def record_of(podwheel: Podwheel) -> dict[str, Any]:
    """The wheelhouse's podwheel.json."""
    found: dict[str, Any] = json.loads((podwheel.wheelhouse / "podwheel.json").read_text())
    return found


def locked(podwheel: Podwheel) -> dict[str, Any]:
    """``[tool.podwheel.system-packages]`` of the wheelhouse's lock."""
    lock = tomllib.loads((podwheel.wheelhouse / "pylock.toml").read_text())
    found: dict[str, Any] = lock["tool"]["podwheel"].get("system-packages", {})
    return found


def server_line(podwheel: Podwheel) -> str | None:
    """The line that is to be pasted on the server; None: there is none."""
    path = podwheel.wheelhouse / "system-packages.txt"
    return path.read_text() if path.exists() else None
