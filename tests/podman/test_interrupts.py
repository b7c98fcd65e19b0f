"""Ctrl-C and worse: no container and no half-made file stays, and the same command goes on."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from local_index import LocalIndex
    from podwheel_cli import Podwheel, Running

pytestmark = pytest.mark.podman


def until(condition: Callable[[], bool], what: str, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"{what} did not come about"
        time.sleep(0.05)


def has_said(podwheel: Podwheel, text: str) -> bool:
    """Whether the running build's log has *text*: the build is in its middle."""
    return any(text in path.read_text() for run in podwheel.logs() for path in run.glob("*.log"))


@contextlib.contextmanager
def building(podwheel: Podwheel) -> Iterator[Running]:
    """``podwheel build slow``, in the middle of its build."""
    with podwheel.start("build", "slow", "in-tree", "--no-verify") as running:
        until(lambda: has_said(podwheel, "still at it"), "the build")
        assert podwheel.containers()
        yield running


@pytest.mark.parametrize(
    ("number", "code", "said"),
    [
        (signal.SIGINT, 130, "podwheel: interrupted; containers and half-made files are gone"),
        (
            signal.SIGTERM,
            143,
            "podwheel: ended by SIGTERM; containers and half-made files are gone",
        ),
    ],
)
def test_a_signal_in_the_middle_of_a_build(
    podwheel: Podwheel, number: signal.Signals, code: int, said: str
) -> None:
    with building(podwheel) as running:
        running.signal(number)
        done = running.end()
    assert done.code == code, done.err
    assert said in done.err
    assert "Traceback" not in done.err
    assert podwheel.containers() == []
    assert podwheel.leftovers() == []
    assert not podwheel.wheelhouse.exists()

    again = podwheel("build", "slow", "in-tree", "--no-verify")
    assert "✓ build slow" in again.err
    assert "2 wheels (2 built from source" in again.out


def test_a_signal_in_the_middle_of_verification(podwheel: Podwheel) -> None:
    with podwheel.start("build", "slow-import") as running:
        until(lambda: has_said(podwheel, "importing slow-import"), "the import")
        running.signal(signal.SIGINT)
        done = running.end()
    assert done.code == 130, done.err
    assert podwheel.containers() == []
    assert podwheel.leftovers() == []


def test_a_signal_while_an_index_does_not_answer(podwheel: Podwheel, index: LocalIndex) -> None:
    index.answering.clear()
    with podwheel.start("build", "in-tree", "--timeout", "600") as running:
        until(lambda: bool(index.asked), "a request")
        running.signal(signal.SIGINT)
        done = running.end()
    assert done.code == 130, done.err
    assert podwheel.leftovers() == []


def test_a_podwheel_that_was_killed_leaves_nothing_for_long(podwheel: Podwheel) -> None:
    """Its guest sees that nobody listens any more; what it had half made goes with the next run."""
    with building(podwheel) as running:
        os.kill(running.process.pid, signal.SIGKILL)
        assert running.end().code == -signal.SIGKILL
    until(lambda: podwheel.containers() == [], "the end of its containers")
    assert podwheel.leftovers() != []
    podwheel("plan", "in-tree")
    assert podwheel.leftovers() == []


def test_two_at_once_share_a_store(podwheel: Podwheel) -> None:
    asked = ("build", "c-extension", "needs-tool", "--no-verify", "-o")
    with podwheel.start(*asked, "one") as first, podwheel.start(*asked, "two") as second:
        for done in (first.end(120), second.end(120)):
            assert done.code == 0, done.err
    one, two = podwheel.cwd / "one", podwheel.cwd / "two"
    assert podwheel.wheels(one) == podwheel.wheels(two)
    for name in podwheel.wheels(one):
        assert (one / name).read_bytes() == (two / name).read_bytes()
    assert podwheel.leftovers() == []
