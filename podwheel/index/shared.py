"""A store that others fill, read only: a directory, or the same files on any web server.

Its documents are claims, which nothing here can prove; its bytes are checked by their hash.
"""

from __future__ import annotations

import hashlib
import json
import threading
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from podwheel import log
from podwheel.archives.streams import Unreadable, open_regular
from podwheel.errors import DownloadError, HashMismatch, IndexUnreachable
from podwheel.index.client import ANEW, read_bounded
from podwheel.index.urls import WEB, masked
from podwheel.model import File, Hash
from podwheel.store.sound import checked

if TYPE_CHECKING:
    from collections.abc import Iterator

    from podwheel.index.client import Client
    from podwheel.index.download import Downloader
    from podwheel.store import Store

_DOCUMENT_LIMIT = 1 << 20
_BLOB_LIMIT = 4 << 30
_ABSENT = (404, 410)
_CHUNK = 1 << 20


class SharedStore:
    """Looks documents and bytes up. A server that fails once is not asked again in this run.

    Args:
        location: A directory (absolute), or a URL that was learned (without its login).
        store: The own one: bytes are brought there.
    """

    def __init__(
        self, location: str, *, client: Client, downloads: Downloader, store: Store
    ) -> None:
        self._location = location.rstrip("/")
        self._client, self._downloads, self._store = client, downloads, store
        self._failed = threading.Event()
        self._web = location.startswith(tuple(f"{scheme}://" for scheme in WEB))
        if self._web and client.offline:
            self._failed.set()

    @property
    def shown(self) -> str:
        """For people and records: a URL without its login; of a directory only that it is one."""
        return masked(self._location) if self._web else "a directory"

    def document(self, kind: str, key: str) -> Any | None:
        """What it says under that kind and key (JSON); None: nothing, or nothing that can be read."""
        path = f"documents/{kind}/{key[:2]}/{key}.json"
        data = self._asked(path) if self._web else self._read(path)
        try:
            return None if data is None else json.loads(checked(data))
        except (ValueError, RecursionError):
            return None

    def blob(self, sha256: str) -> Path | None:
        """The file with those bytes, in the own store; None: it has no such file.

        Raises:
            DownloadError: Other bytes are there than their name says, or they broke off.
        """
        if (known := self._store.blob(sha256)) is not None:
            return known
        name = f"blobs/{sha256[:2]}/{sha256}"
        if not self._web:
            return self._copied(name, sha256)
        if self._failed.is_set():
            return None
        file = File(
            filename=sha256,
            url=f"{self._location}/{name}",
            hashes=(Hash(algorithm="sha256", digest=sha256),),
        )
        return self._downloads.get(file)[0]

    # ------------------------------------------------------------ a server

    def _asked(self, path: str) -> bytes | None:
        if self._failed.is_set():
            return None
        url = f"{self._location}/{path}"
        try:
            with self._client.get(url, what="the shared store", headers=ANEW, vouched=False) as got:
                if got.status_code == 200:
                    return read_bounded(got, _DOCUMENT_LIMIT, what="the shared store", url=url)
                if got.status_code in _ABSENT:
                    return None
                raise IndexUnreachable(f"it answered {got.status_code}")
        except DownloadError as error:
            if not self._failed.is_set():
                self._failed.set()
                log.get().warning("shared.failed", store=self.shown, reason=str(error))
            return None

    # ------------------------------------------------------------ a directory

    def _read(self, path: str) -> bytes | None:
        try:
            with open_regular(Path(self._location) / path, limit=_DOCUMENT_LIMIT, linked=True) as f:
                return f.read(_DOCUMENT_LIMIT)
        except Unreadable:
            return None

    def _copied(self, path: str, sha256: str) -> Path | None:
        def chunks(file: IO[bytes]) -> Iterator[bytes]:
            digest = hashlib.sha256()
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
                yield chunk
            if digest.hexdigest() != sha256:
                raise HashMismatch(
                    f"{path} of the shared store has other bytes than it is named by"
                )

        try:
            with open_regular(Path(self._location) / path, limit=_BLOB_LIMIT, linked=True) as file:
                return self._store.put(chunks(file))[1]
        except Unreadable:
            return None
