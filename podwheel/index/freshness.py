"""How old an answer is, and whether it may still be used.

A server's own Cache-Control is not followed: mirrors that send none are common, and "ten
minutes, or when I say --refresh" is a rule that a person can keep in mind.
"""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

from attrs import field, frozen

from podwheel.model import Freshness
from podwheel.store import digest_of
from podwheel.store.sound import with_check
from podwheel.store.store import telling_full_disk, write_whole

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from podwheel.store import Store

FORMAT = 1
"""Of the documents kept; older ones count as absent."""


@frozen(kw_only=True)
class Clock:
    """Decides over answers that were kept."""

    freshness: Freshness = Freshness.NORMAL
    fresh_for: float = 600.0
    """Seconds."""
    now: Callable[[], float] = field(default=time.time)

    @property
    def offline(self) -> bool:
        return self.freshness is Freshness.OFFLINE

    def is_fresh(self, got: float) -> bool:
        """Whether an answer of that moment (seconds since the epoch) may be used without asking."""
        if self.freshness is not Freshness.NORMAL:
            return self.offline
        return 0 <= self.now() - got < self.fresh_for  # one from the future: the clock was wrong


def validators(headers: Mapping[str, str]) -> dict[str, str | None]:
    """What of an answer's head lets its server confirm it later; kept in its document."""
    return {"etag": headers.get("ETag"), "modified": headers.get("Last-Modified")}


def conditions(kept: Mapping[str, Any] | None) -> dict[str, str]:
    """The headers that ask whether a kept answer still holds (RFC 9110, 13.1)."""
    asked = {"If-None-Match": "etag", "If-Modified-Since": "modified"}
    return {name: kept[key] for name, key in asked.items() if kept and kept.get(key)}


class Answers:
    """What servers answered: small JSON documents below ``index/`` of the store.

    Not `Store.write`, whose documents are indented for people: a hundred project pages are read
    at the start of a run.
    """

    def __init__(self, store: Store, kind: str) -> None:
        self._store = store
        self._root = store.root / "index" / kind

    def _path(self, key: Any) -> Path:
        name = digest_of([FORMAT, key])
        return self._root / name[:2] / f"{name}.json"

    def read(self, key: Any) -> dict[str, Any] | None:
        """The document kept under *key* (JSON), with its ``got``; a damaged one counts as absent."""
        found = self._store.read_checked(self._path(key))
        return found if isinstance(found, dict) and "got" in found else None

    def write(self, key: Any, document: dict[str, Any], *, got: float) -> None:
        """Keep *document*, which was got at that moment; a crash may take it: it is asked for again."""
        path = self._path(key)
        text = json.dumps({**document, "got": got}, separators=(",", ":"), ensure_ascii=True)
        with telling_full_disk(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(path, with_check(text.encode()), lasting=False)
