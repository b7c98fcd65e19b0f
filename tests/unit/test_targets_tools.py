"""Running an image tool: its log, its end, and what is put away. Real processes, no real tools."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from podwheel.errors import ImageBuildFailed, ToolFailed, ToolMissing
from podwheel.process import host_environment
from podwheel.targets import base, tools

if TYPE_CHECKING:
    from pathlib import Path


def run(script: str, log: Path) -> None:
    tools.run_logged(["sh", "-c", script], log=log, environment=host_environment(), what="a thing")


def test_everything_that_a_tool_prints_is_in_the_log(tmp_path: Path) -> None:
    log = tmp_path / "log"
    run("echo out; echo err >&2", log)
    run("printf '\\377'", log)
    assert set(log.read_bytes().split()) == {b"out", b"err", b"\377"}


def test_a_failure_shows_the_end_of_it(tmp_path: Path) -> None:
    with pytest.raises(ImageBuildFailed) as caught:
        run("seq 100; exit 3", tmp_path / "log")
    assert "a thing" in caught.value.what
    assert "exit code 3" in caught.value.what
    assert caught.value.said.splitlines()[0] == "86"
    assert caught.value.said.splitlines()[-1] == "100"


@pytest.mark.parametrize(
    ("said", "hint"),
    [
        ("E: Unable to locate package libfo-dev", "system-packages in podwheel.toml"),
        ("Error: Unable to find a match: No match for argument: libfo-devel", "system-packages"),
        ("E: Failed to fetch http://mirror.example.org/x", "cannot be reached"),
        (
            "The following signatures could not be verified because the public key is not available: NO_PUBKEY 8719",
            "ubuntu-keyring",
        ),
    ],
)
def test_what_can_be_done_is_said(tmp_path: Path, said: str, hint: str) -> None:
    with pytest.raises(ImageBuildFailed) as told:
        run(f"echo '{said}'; exit 100", tmp_path / "log")
    assert [hint in line for line in told.value.hint] == [True]


def test_a_tool_that_takes_too_long_may_put_its_things_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tools, "_LONGEST", 0.5)
    put_away = tmp_path / "put-away"
    with pytest.raises(ImageBuildFailed, match="longer than"):
        run(
            f"trap 'echo x >{put_away}; exit 0' TERM; while :; do sleep 0.05; done",
            tmp_path / "log",
        )
    assert put_away.exists()


def test_one_that_does_not_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tools, "_LONGEST", 0.3)
    monkeypatch.setattr(tools, "_GRACE", 0.2)
    with pytest.raises(ImageBuildFailed):
        run("trap '' TERM; echo $$; while :; do sleep 0.05; done", tmp_path / "log")
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "log").read_text()), 0)


def test_a_query_that_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    assert tools.query(["sh", "-c", "echo yes"], what="a question") == "yes\n"
    with pytest.raises(ToolFailed) as caught:
        tools.query(["sh", "-c", "echo no >&2; exit 4"], what="a question")
    assert caught.value.said == "no"
    assert (
        tools.query(["sh", "-c", "echo half; exit 4"], what="a question", allowed=(0, 4))
        == "half\n"
    )
    with pytest.raises(ToolMissing):
        tools.query(["podwheel-has-no-such-tool"], what="a question")


def test_scratch_space_is_where_a_subordinate_id_can_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "attempt"
    place.mkdir()
    tmp_path.chmod(0o700)
    with base._scratch(place) as scratch:
        assert not scratch.is_relative_to(tmp_path)
        assert scratch.stat().st_mode & 0o777 == 0o711
        (scratch / "left").write_text("x")
    assert not scratch.exists()
    monkeypatch.setattr(base.stat, "S_IXOTH", 0o100)  # as if all the way were open
    with base._scratch(place) as scratch:
        assert scratch.parent == place
