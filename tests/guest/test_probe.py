"""guest/probe.py, held against the Python that it describes."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from guest_helpers import every_python, guest
from packaging.markers import default_environment

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = every_python


def test_it_describes_its_own_python(tmp_path: Path, python: str) -> None:
    with guest("probe.py", tmp_path, python) as running:
        told = running.ask("probe")
        assert running.ask("exit") == {"ok": True}
    asked = "import json, sys; print(json.dumps([list(sys.version_info[:3]), sys.maxsize > 2**32]))"
    version, is_64 = json.loads(subprocess.check_output([python, "-c", asked]))
    assert told["ok"] is True
    assert told["version_info"] == version
    assert told["pointer_size"] == (8 if is_64 else 4)
    series = f"{version[0]}.{version[1]}"
    assert told["markers"]["python_version"] == series
    assert told["paths"]["purelib"].endswith(f"/python{series}/site-packages")
    assert told["ext_suffix"].endswith(".so")
    assert len(told["libc"]) == 2


def test_its_markers_are_what_packaging_finds(tmp_path: Path, python: str) -> None:
    if python != sys.executable:
        pytest.skip("packaging is the running Python's")
    with guest("probe.py", tmp_path, python) as running:
        assert running.ask("probe")["markers"] == default_environment()


def test_its_paths_are_those_of_a_virtual_environment(tmp_path: Path, python: str) -> None:
    if subprocess.run([python, "-c", "import venv"], check=False, capture_output=True).returncode:
        pytest.skip("no venv module")
    root = tmp_path / "venv"
    subprocess.run([python, "-m", "venv", "--without-pip", str(root)], check=True)
    script = "import json, sysconfig; print(json.dumps([sysconfig.get_path(n) for n in ('purelib', 'platlib')]))"
    expected = json.loads(subprocess.check_output([root / "bin/python", "-c", script]))
    with guest("probe.py", tmp_path, python) as running:
        paths = running.ask("probe")["paths"]
    assert [str(root / paths["purelib"]), str(root / paths["platlib"])] == expected
