"""guest/debuginfo.py: the -g of the target's Python is left out, and one that was asked for is not."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING

import pytest
from guest_helpers import GUEST, PYTHONS

if TYPE_CHECKING:
    from pathlib import Path

PROGRAM = """
import io, json, os, sys
exec(compile(io.open({module!r}, encoding="utf-8").read(), "debuginfo.py", "exec"))
{before}
leave_out()
from distutils.ccompiler import CCompiler
told = CCompiler()
told.set_executables(compiler_so={flags!r}, linker_so=["ld", "-g"])
print(json.dumps(told.executables, sort_keys=True))
"""
CCOMPILER = """
class CCompiler:
    def set_executables(self, **executables):
        self.executables = executables
"""
FLAGS = "-g gcc -DNDEBUG -g -O2 -fno-gnu -gz -Wa,-g -g"


@pytest.fixture(params=PYTHONS)
def python(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def told(tmp_path: Path, python: str, *, before: str = "import distutils", **variables: str) -> str:
    """What a compiler of distutils is told to run where Python's own flags are FLAGS."""
    place = tmp_path / "distutils"
    place.mkdir()
    (place / "__init__.py").touch()
    (place / "ccompiler.py").write_text(CCOMPILER)
    code = PROGRAM.format(module=str(GUEST / "debuginfo.py"), before=before, flags=FLAGS)
    done = subprocess.run(
        [python, "-S", "-B", "-c", code],
        env={"PYTHONPATH": str(tmp_path), **variables},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    executables = json.loads(done.stdout)
    assert executables["linker_so"] == ["ld", "-g"]  # a list is nobody's flags but the caller's
    return str(executables["compiler_so"])


def test_what_python_was_compiled_with_is_left_out(tmp_path: Path, python: str) -> None:
    flags = told(tmp_path, python, CFLAGS="-O3 -fno-g")
    assert flags.split() == ["gcc", "-DNDEBUG", "-O2", "-fno-gnu", "-gz", "-Wa,-g"]


@pytest.mark.parametrize("name", ["CFLAGS", "CXXFLAGS"])
def test_what_is_asked_for_stays(tmp_path: Path, python: str, name: str) -> None:
    assert told(tmp_path, python, **{name: "-O3 -g1"}) == FLAGS


def test_a_backend_without_distutils_is_left_alone(tmp_path: Path, python: str) -> None:
    assert told(tmp_path, python, before="") == FLAGS
