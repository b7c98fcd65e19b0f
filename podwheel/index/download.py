"""Files by hash: no byte is published before every hash that was asked for agrees."""

from __future__ import annotations

import hashlib
import threading
import time
from typing import TYPE_CHECKING, Any

from podwheel import log
from podwheel.errors import DownloadError, DownloadTruncated
from podwheel.index import problems
from podwheel.index.client import ANEW, AS_IT_IS, CHUNK
from podwheel.index.digests import Expected, Sums, sha256_of
from podwheel.index.freshness import Answers, conditions, validators
from podwheel.index.ranges import content_range
from podwheel.index.urls import masked, path_of

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    import requests

    from podwheel.index.client import Client
    from podwheel.index.freshness import Clock
    from podwheel.model import File, Hash
    from podwheel.store import Store

LIMIT = 16 << 30
"""Bytes. No wheel or source is larger; an endless answer ends here."""

_BACKOFF = 0.25
"""Seconds before the first resumption, doubled for each further one."""
_LONGEST_PAUSE = 8.0
_PROGRESS = 1 << 20
"""Bytes between two breaks after which the breaks are counted anew."""
_REPORT_SECONDS = 1.0


class Downloader:
    """Brings files into the store; each at most once, however many threads ask for it."""

    def __init__(
        self, *, client: Client, clock: Clock, store: Store, attempts: int, limit: int = LIMIT
    ) -> None:
        self._client = client
        self._clock = clock
        self._store = store
        self._attempts = attempts
        self._limit = limit
        self._answers = Answers(store, "files")
        self._guard = threading.Lock()
        self._locks: dict[str, threading.Lock] = {}
        self._warned: set[str | None] = {None}

    def get(
        self, file: File, *, hashes: tuple[Hash, ...] = (), wanted_by: Sequence[str] = ()
    ) -> tuple[Path, str]:
        """As `Index.download`; the file's URL holds no login any more."""
        expected = Expected(file=file, demanded=hashes, wanted_by=tuple(wanted_by))
        expected.check_claims()
        sha256 = sha256_of(file.hashes)
        with self._guard:
            lock = self._locks.setdefault(sha256 or str(expected.key()), threading.Lock())
        with lock:
            kept = self.kept(file)
            if kept is not None:
                return self._checked_again(kept, expected)
            if file.url.startswith("file:"):
                return self._put(_read_file(file, wanted_by), expected)
            if not expected.hashed:
                self._warn(file)
            return self._download(expected)

    def kept(self, file: File) -> tuple[Path, str] | None:
        """The file's bytes and sha256 if the store has them and they need not be asked for again."""
        sha256 = sha256_of(file.hashes)
        if sha256 is None and not file.url.startswith("file:"):
            expected = Expected(file=file)
            known = self._answers.read(expected.key())
            # With a hash of another kind the bytes cannot become others; with none they can.
            if known is not None and (expected.hashed or self._clock.is_fresh(known["got"])):
                sha256 = known["sha256"]
        path = None if sha256 is None else self._store.blob(sha256)
        return None if path is None or sha256 is None else (path, sha256)

    def _checked_again(self, kept: tuple[Path, str], expected: Expected) -> tuple[Path, str]:
        """What the store has by its sha256 must have the other hashes too."""
        path, sha256 = kept
        digests, length = {"sha256": sha256}, path.stat().st_size
        if expected.algorithms - {"sha256"}:
            sums = Sums(expected.algorithms)
            for chunk in _chunks(path):
                sums.update(chunk)
            digests = sums.digests()
        expected.check(digests, length=length)
        return path, sha256

    def _download(self, expected: Expected) -> tuple[Path, str]:
        file = expected.file
        logger = log.get().bind(file=file.filename)
        logger.debug("index.download", url=masked(file.url), size=file.size)
        started, got = time.monotonic(), self._clock.now()
        stale = None if expected.hashed else self._stale(expected)
        transfer = Transfer(
            self._client,
            expected,
            attempts=self._attempts,
            limit=self._limit,
            conditions=conditions(stale),
        )
        try:
            path, sha256 = self._put(transfer.chunks(), expected)
        except NotModified:
            assert stale is not None
            self._answers.write(expected.key(), stale, got=got)
            return self._store.blob_path(stale["sha256"]), stale["sha256"]
        logger.debug(
            "index.downloaded", bytes=transfer.done, seconds=round(time.monotonic() - started, 3)
        )
        if sha256_of(file.hashes) is None:
            document = {"sha256": sha256, "filename": file.filename, **transfer.known_by}
            self._answers.write(expected.key(), document, got=got)
        return path, sha256

    def _stale(self, expected: Expected) -> dict[str, Any] | None:
        known = self._answers.read(expected.key())
        return known if known and self._store.blob(known["sha256"]) else None

    def _put(self, chunks: Iterable[bytes], expected: Expected) -> tuple[Path, str]:
        sums = Sums(expected.algorithms)

        def checking() -> Iterator[bytes]:
            for chunk in chunks:
                sums.update(chunk)
                yield chunk
            expected.check(sums.digests(), length=sums.length)

        sha256, path = self._store.put(checking())
        return path, sha256

    def _warn(self, file: File) -> None:
        with self._guard:
            if file.index in self._warned:
                return
            self._warned.add(file.index)
        log.get().warning("index.no_hashes", index=file.index, file=file.filename)


class NotModified(Exception):
    """The server says that what we have of an earlier run is still the file."""


class Transfer:
    """One download, resumed where the connection broke.

    Args:
        attempts: How often it may break without getting on in between.
        limit: Bytes; a larger file is not read on.
        conditions: Headers that ask only for what differs from an earlier answer.
    """

    def __init__(
        self,
        client: Client,
        expected: Expected,
        *,
        attempts: int,
        limit: int,
        conditions: Mapping[str, str],
    ) -> None:
        self._client = client
        self._file = expected.file
        self._vouched = expected.hashed
        self._wanted_by = expected.wanted_by
        self._attempts = attempts
        self._limit = limit
        self._conditions = conditions
        self.known_by: dict[str, str | None] = {}
        self.done = 0
        self._total: int | None = None
        self._validator: str | None = None
        self._seen = hashlib.sha256()
        self._reported = time.monotonic()

    def chunks(self) -> Iterator[bytes]:
        """The file's bytes, each once and in order.

        Raises:
            NotModified: The conditions do not hold: the earlier answer does.
            IndexUnreachable: No answer, or none that can be used.
            DownloadTruncated: It broke off more often than it may.
            DownloadError: Larger than the limit, or it changed between two attempts.
        """
        broken = mark = 0
        while not (yield from self._attempt()):
            broken = 1 if self.done - mark >= _PROGRESS else broken + 1
            mark = self.done
            if broken > self._attempts:
                raise self._truncated()
            log.get().debug("index.resume", file=self._file.filename, at=self.done)
            time.sleep(min(_BACKOFF * 2 ** (broken - 1), _LONGEST_PAUSE))

    def _attempt(self) -> Generator[bytes, None, bool]:
        """One request's bytes; returns whether the file is complete."""
        headers = AS_IT_IS if self._vouched else {**AS_IT_IS, **ANEW}
        if not self.done:
            headers = {**headers, **self._conditions}
        else:
            headers = {**headers, "Range": f"bytes={self.done}-"}
            if self._validator is not None:
                headers["If-Range"] = self._validator
        with self._client.get(
            self._file.url,
            what="the file",
            headers=headers,
            vouched=self._vouched,
            wanted_by=self._wanted_by,
        ) as answer:
            again = self._begin(answer)
            before = hashlib.sha256()
            try:
                for piece in answer.raw.stream(CHUNK, decode_content=False):
                    old, new = piece[:again], piece[again:]
                    again -= len(old)
                    before.update(old)
                    if old and not again and before.digest() != self._seen.digest():
                        raise self._changed()
                    if new:
                        yield self._count(new)
            except problems.failures():
                return False
        return not again and (self._total is None or self.done >= self._total)

    def _begin(self, answer: requests.Response) -> int:
        """Judge an answer's head; returns how many bytes of its body we already have."""
        if answer.status_code == 206 and self.done:
            span = content_range(answer)
            if span is None or span.start != self.done or self._total not in (None, span.total):
                raise self._changed()
            return 0
        if answer.status_code == 304 and self._conditions and not self.done:
            raise NotModified
        if answer.status_code != 200:
            raise problems.refused(
                "the file", self._file.url, answer.status_code, wanted_by=self._wanted_by
            )
        announced = answer.headers.get("Content-Length", "")
        total = int(announced) if announced.isascii() and announced.isdecimal() else None
        if self.done and self._total != total:
            raise self._changed()
        self._total = total
        self.known_by = validators(answer.headers)
        etag = self.known_by["etag"]
        strong = etag is not None and not etag.startswith(
            "W/"
        )  # RFC 9110: If-Range needs a strong one
        self._validator = etag if strong else self.known_by["modified"]
        self._check_size(total or 0)
        return self.done

    def _count(self, chunk: bytes) -> bytes:
        self.done += len(chunk)
        self._check_size(self.done)
        self._seen.update(chunk)
        now = time.monotonic()
        if now - self._reported > _REPORT_SECONDS:
            self._reported = now
            log.get().debug(
                "index.progress", file=self._file.filename, done=self.done, total=self._total
            )
        return chunk

    def _check_size(self, length: int) -> None:
        if length > self._limit:
            raise DownloadError(
                f"{self._file.filename} is larger than {self._limit} bytes; not read on",
                wanted_by=self._wanted_by,
            )

    def _changed(self) -> DownloadError:
        return DownloadError(
            f"{self._file.filename} became another file while it was downloaded",
            said=masked(self._file.url),
            wanted_by=self._wanted_by,
            hint="type the same command again",
        )

    def _truncated(self) -> DownloadTruncated:
        total = "more" if self._total is None else str(self._total)
        return DownloadTruncated(
            f"{self._file.filename} broke off after {self.done} of {total} bytes,"
            f" {self._attempts + 1} times",
            said=masked(self._file.url),
            wanted_by=self._wanted_by,
            hint=("type the same command again", "--retries N tries more often"),
        )


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as stream:
        while chunk := stream.read(CHUNK):
            yield chunk


def _read_file(file: File, wanted_by: Sequence[str]) -> Iterator[bytes]:
    try:
        yield from _chunks(path_of(file.url))
    except (OSError, ValueError) as error:
        said = getattr(error, "strerror", None) or str(error)
        raise DownloadError(f"{file.url} cannot be read: {said}", wanted_by=wanted_by) from None
