"""``podwheel verify --against``: what nothing on the server can mend is told before any image is made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import capture_helpers
import pytest
from archives_helpers import WHEEL, make_wheel
from attrs import evolve
from seal_helpers import built, run_record, target

from podwheel import __main__, process
from podwheel.seal import make_lock, publish

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory to stand in, where no process can be started."""

    def never(*_arguments: Any, **_options: Any) -> None:
        raise AssertionError("a process was started")

    monkeypatch.setattr(process, "start", never)
    monkeypatch.chdir(tmp_path)
    capture_helpers.write(tmp_path)
    return tmp_path


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    with pytest.raises(SystemExit) as ended:
        __main__.main(["verify", *arguments, "wheels"])
    assert isinstance(ended.value.code, int)
    return ended.value.code, capsys.readouterr().err


def test_wheels_of_another_python(directory: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (directory / "wheels").mkdir()
    tag = "cp311-cp311-linux_x86_64"
    marked = WHEEL.replace(b"py3-none-any", tag.encode())
    make_wheel(directory / "wheels", filename=f"demo-1.0-{tag}.whl", wheel=marked)
    for option in ("--against", "--target"):
        code, said = refused(capsys, option, "server.json")
        assert code == 7
        assert "not for the server of server.json: 1 of the wheels do not fit it" in said
        assert "linux_x86_64.whl is not for /usr/bin/python3 (cpython 3.13.5)" in said


def test_a_target_is_no_server(directory: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (directory / "wheels").mkdir()
    make_wheel(directory / "wheels")
    code, said = refused(capsys, "--against", "debian-13")
    assert (code, "--target debian-13" in said) == (2, True)


def test_wheels_for_a_newer_cpu(directory: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As the record says: nothing in a wheel itself does."""
    (directory / "store").mkdir()
    entries, record = [built(directory / "store")], run_record()
    flags = (("CFLAGS", "-O2 -march=x86-64-v4"),)
    steps = tuple(evolve(step, variables=flags) for step in record.steps)
    publish(
        directory / "wheels",
        entries=entries,
        lock=make_lock(entries, target=target(), podwheel="0.1.0"),
        record=evolve(record, steps=steps).to_json(),
        logs=(),
    )
    code, said = refused(capsys, "--against", "server.json")
    assert code == 7
    assert (
        "demo-1.0-py3-none-any.whl was compiled for x86-64-v4; the server's CPU is x86-64-v3"
        in said
    )
