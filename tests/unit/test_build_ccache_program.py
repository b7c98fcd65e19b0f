"""ccache itself: brought out of an image once, and out of what is left of a failure never."""

from __future__ import annotations

import contextlib
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from podwheel.build.ccache_program import ccache_program
from podwheel.errors import ToolFailed
from podwheel.sandbox.session import Ended
from podwheel.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Container:
    """Sends a program, and ends as it is told."""

    def __init__(self, reply: dict[str, Any], ended: Ended = Ended.OK) -> None:
        self.reply = reply
        self.outcome = SimpleNamespace(ended=ended)
        self.starts = 0

    @contextlib.contextmanager
    def session(self, job: Any, *, log: Path) -> Iterator[Container]:
        self.starts += 1
        yield self

    def receive(self, request: dict[str, Any], into: Path, *, limit: int) -> dict[str, Any]:
        (into / "lib").mkdir(mode=0o700)
        for name in ("ccache", "loader", "lib/libz.so.1"):
            (into / name).write_bytes(b"x")
        return self.reply


def workshop(place: Path, container: Container) -> Any:
    return SimpleNamespace(
        store=Store(place / "store"),
        sandbox=container,
        images=SimpleNamespace(for_build=lambda names: names),
        target=SimpleNamespace(name="debian-13", build=SimpleNamespace(digest="sha256:0123")),
        log_file=lambda name: place / name,
        job=lambda *_, **__: None,
    )


def test_it_is_brought_once_and_can_be_run_by_others(tmp_path: Path) -> None:
    container = Container({"ok": True})
    shop = workshop(tmp_path, container)
    place = ccache_program(shop)
    assert place == ccache_program(workshop(tmp_path, container))
    assert container.starts == 1
    assert {path.stat().st_mode & 0o7777 for path in (place, *place.rglob("*"))} == {0o755}


@pytest.mark.parametrize(
    "container",
    [
        Container({"ok": False, "reason": "not-dynamic"}),
        Container({"ok": True}, Ended.KILLED),
        Container({}, Ended.ENGINE),
    ],
)
def test_what_did_not_come_as_a_whole_is_not_kept(tmp_path: Path, container: Container) -> None:
    with pytest.raises(ToolFailed, match="ccache of debian-13"):
        ccache_program(workshop(tmp_path, container))
    assert not list((tmp_path / "store").glob("ccache-program/*"))
