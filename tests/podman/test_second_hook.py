"""In a real container the second hook's process has the backend loaded, and nobody of the first's is left."""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING, Any

import pytest
from local_index import PROJECTS, packed, wheel

if TYPE_CHECKING:
    from local_index import LocalIndex
    from podwheel_cli import Podwheel

pytestmark = pytest.mark.podman

BACKEND = b"""
import os, pathlib, subprocess
import loads_once_tiny

LOADS = pathlib.Path.home() / "loads"
with LOADS.open("a") as file:
    file.write("x")
CALLED = []

def get_requires_for_build_wheel(settings=None):
    CALLED.append(os.getpid())
    if pathlib.Path("leaves_a_daemon.py").exists():
        subprocess.Popen(["sleep", "1000"], start_new_session=True)
    return []

def build_wheel(directory, settings=None, metadata=None):
    others = [n for n in os.listdir("/proc") if n.isdigit() and n not in ("1", str(os.getpid()))]
    loads = len(LOADS.read_text())
    pathlib.Path("said.py").write_text(f"LOADS, CALLED, OTHERS = {loads}, {CALLED}, {others}")
    return loads_once_tiny.build_wheel(directory)
"""
PYPROJECT = b"""
[build-system]
requires = ["loads-once"]
build-backend = "loads_once"
[project]
name = "counted"
version = "1.0"
"""


def said(podwheel: Podwheel, index: LocalIndex, **more: bytes) -> dict[str, Any]:
    """What the build of a project with these modules saw."""
    tiny = (PROJECTS / "_shared/tiny.py").read_bytes()
    tools = wheel(
        "loads_once-1.0-py3-none-any.whl",
        {"loads_once.py": BACKEND, "loads_once_tiny.py": tiny},
    )
    index.add("loads_once-1.0-py3-none-any.whl", tools)
    files = {f"{name}.py": data for name, data in more.items()}
    files["pyproject.toml"] = PYPROJECT
    index.add("counted-1.0.tar.gz", packed(files, top="counted-1.0"))
    podwheel("build", "--no-verify", "counted")
    found: dict[str, Any] = {}
    with zipfile.ZipFile(podwheel.wheelhouse / "counted-1.0-py3-none-any.whl") as archive:
        exec(archive.read("said.py"), found)
    return {name: found[name] for name in ("LOADS", "CALLED", "OTHERS")}


def test_the_backend_is_loaded_once(podwheel: Podwheel, index: LocalIndex) -> None:
    assert said(podwheel, index) == {"LOADS": 1, "CALLED": [], "OTHERS": []}


def test_where_the_first_hook_leaves_a_daemon_both_are_ended(
    podwheel: Podwheel, index: LocalIndex
) -> None:
    found = said(podwheel, index, leaves_a_daemon=b"")
    assert found == {"LOADS": 2, "CALLED": [], "OTHERS": []}
