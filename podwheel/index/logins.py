"""The logins of this run, each bound to an origin.

Those of an ``https`` index are never sent over ``http``, nor to another host or port, whatever
an index page or a redirect says. They are kept in memory, never on disk.
"""

from __future__ import annotations

import itertools
import threading
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from podwheel.index.urls import origin, split_login

if TYPE_CHECKING:
    from collections.abc import Iterable

    from podwheel.index.urls import Login


class Logins:
    """What URLs and keyring told; safe to share between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._indexes: list[str] = []
        self._logins: dict[tuple[str, str, int | None], dict[str, Login]] = {}

    def __repr__(self) -> str:
        return f"Logins(<{len(self._logins)} origins>)"

    def learn(self, url: str, *, index: bool = False) -> str:
        """*url* without its login, which is kept for later requests to the same origin.

        Args:
            index: It is an index's: keyring is asked about it, as pip does.

        Raises:
            ValueError: It is no URL.
        """
        bare, login = split_login(url)
        if login is not None:
            self.keep(bare, login)
        if index:
            with self._lock:
                self._indexes.append(bare)
        return bare

    def keep(self, url: str, login: Login) -> None:
        """Use *login* for the origin of *url* from now on."""
        with self._lock:
            self._logins.setdefault(origin(url), {})[urlsplit(url).path] = login

    def known(self, url: str) -> Login | None:
        """Of the origin's logins the one for the nearest path: two indexes may share a host."""
        with self._lock:
            known = dict(self._logins.get(origin(url), {}))
        return known[_nearest(urlsplit(url).path, known)] if known else None

    def index_of(self, url: str) -> str | None:
        """The index of the same origin that is nearest to *url*."""
        with self._lock:
            indexes = [index for index in self._indexes if origin(index) == origin(url)]
        return _nearest(url, indexes) if indexes else None


def _nearest(path: str, candidates: Iterable[str]) -> str:
    """The candidate that shares the longest start with *path*."""

    def shared(candidate: str) -> int:
        pairs = zip(candidate, path, strict=False)
        return sum(1 for _ in itertools.takewhile(lambda pair: pair[0] == pair[1], pairs))

    return max(candidates, key=shared)
