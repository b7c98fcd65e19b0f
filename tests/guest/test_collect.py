"""guest/collect.py: a program comes out with all that it needs to run elsewhere."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

from guest_helpers import every_python, guest

if TYPE_CHECKING:
    from pathlib import Path


@every_python
def test_a_program_runs_with_what_came_with_it(tmp_path: Path, python: str) -> None:
    into = tmp_path / "into"
    into.mkdir()
    with guest("collect.py", tmp_path, python) as running:
        assert running.receive("send", into, program="ls")["ok"] is True
    for name in ("loader", "ls"):
        (into / name).chmod(0o755)
    command = [into / "loader", "--library-path", into / "lib", into / "ls", into]
    listed = subprocess.run(command, env={}, capture_output=True, text=True, check=True).stdout
    assert listed.split() == ["lib", "loader", "ls"]
    assert any(path.name.startswith("libc.so") for path in (into / "lib").iterdir())


@every_python
def test_what_is_not_there_and_what_is_no_such_program(tmp_path: Path, python: str) -> None:
    with guest("collect.py", tmp_path, python) as running:
        assert running.ask("send", program="no-such-program")["reason"] == "no-program"
        assert running.ask("send", program="ldd")["reason"] == "not-dynamic"
