"""The one door to processes."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from podwheel import process
from podwheel.errors import ToolMissing

PLAIN = {"PATH": os.defpath}


def test_output_and_exit_code_are_values() -> None:
    done = process.run(["sh", "-c", "echo out; echo err >&2; exit 125"], environment=PLAIN)
    assert (done.code, done.out, done.err) == (125, b"out\n", b"err\n")


def test_a_signal_is_a_negative_code() -> None:
    assert process.run(["sh", "-c", "kill -9 $$"], environment=PLAIN).code == -9


def test_arguments_arrive_as_they_are() -> None:
    given = ["--network=none", "", "a b", "*", "--", "$HOME", "ü", "-x"]
    done = process.run(["printf", "%s\\n", *given], environment=PLAIN)
    assert done.text.splitlines() == given


def test_the_environment_is_what_was_given_and_nothing_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SECRET", "canary")
    done = process.run(["env"], environment={**PLAIN, "ONLY": "this"})
    names = {line.partition("=")[0] for line in done.text.splitlines()}
    assert names - {"PWD", "SHLVL", "_"} == {"PATH", "ONLY"}


def test_the_hosts_environment_is_a_list_of_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET", "canary")
    monkeypatch.setenv("XDG_RUNTIME_DIR", "/run/user/7")
    kept = process.host_environment(EXTRA="1")
    assert "SECRET" not in kept
    assert kept["XDG_RUNTIME_DIR"] == "/run/user/7"
    assert kept["EXTRA"] == "1"


def test_output_that_is_no_text_is_kept() -> None:
    done = process.run(["printf", r"\377\376"], environment=PLAIN)
    assert done.out == b"\xff\xfe"
    assert done.text == "��"


def test_there_is_nothing_to_read_by_default() -> None:
    assert process.run(["cat"], environment=PLAIN).out == b""


def test_descriptors_carry_bulk_data(tmp_path: Path) -> None:
    with (tmp_path / "out").open("wb") as out:
        done = process.run(["head", "-c", "5000000", "/dev/zero"], environment=PLAIN, stdout=out)
    assert done.out == b""
    assert (tmp_path / "out").stat().st_size == 5_000_000


def test_a_dialogue_over_pipes() -> None:
    requests, to_child = os.pipe()
    from_child, replies = os.pipe()
    with Path(os.devnull).open("wb") as nowhere:
        child = process.start(
            ["cat"], environment=PLAIN, stdin=requests, stdout=replies, stderr=nowhere
        )
    os.close(requests)
    os.close(replies)
    os.write(to_child, b"hello")
    assert os.read(from_child, 10) == b"hello"
    assert child.alive
    os.close(to_child)
    assert child.wait(10) == 0
    assert os.read(from_child, 10) == b""
    os.close(from_child)


def test_time_runs_out_and_the_child_is_dead() -> None:
    with pytest.raises(TimeoutError):
        process.run(["sh", "-c", "sleep 60 & wait"], environment=PLAIN, timeout=0.2)


def test_a_signal_reaches_the_whole_group() -> None:
    reading, writing = os.pipe()
    with Path(os.devnull).open("wb") as nowhere:
        child = process.start(
            ["sh", "-c", "sleep 60 & echo; wait"], environment=PLAIN, stdout=writing, stderr=nowhere
        )
    os.close(writing)
    os.read(reading, 1)
    child.signal(signal.SIGKILL)
    assert child.wait(10) == -9
    assert os.read(reading, 1) == b"", "the grandchild held the pipe"
    os.close(reading)
    child.signal(signal.SIGKILL)  # gone: no error


def test_children_can_be_ended_all_at_once() -> None:
    with Path(os.devnull).open("wb") as nowhere:
        children = [
            process.start(["sleep", "60"], environment=PLAIN, stdout=nowhere, stderr=nowhere)
            for _ in range(3)
        ]
    process.end_children()
    assert [child.wait(10) for child in children] == [-9, -9, -9]


def test_a_program_that_is_missing() -> None:
    with pytest.raises(ToolMissing, match="no-such-program"):
        process.run(["no-such-program"], environment=PLAIN)


def test_waiting_with_a_limit_is_bounded() -> None:
    with Path(os.devnull).open("wb") as nowhere:
        child = process.start(["sleep", "60"], environment=PLAIN, stdout=nowhere, stderr=nowhere)
    before = time.monotonic()
    with pytest.raises(TimeoutError):
        child.wait(0.1)
    assert time.monotonic() - before < 30
    child.signal(signal.SIGKILL)
    child.wait()
