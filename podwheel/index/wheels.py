"""Metadata and member names of wheels that nobody has downloaded (yet)."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from attrs import evolve

from podwheel import log
from podwheel.errors import MetadataUnusable
from podwheel.index import problems
from podwheel.index.client import read_bounded
from podwheel.index.digests import Expected, Sums
from podwheel.index.freshness import Answers
from podwheel.index.once import Once
from podwheel.index.ranges import METADATA_LIMIT, Glimpse, RangesRefused, RemoteFile, read_wheel
from podwheel.index.urls import WEB, masked, origin, with_suffix

if TYPE_CHECKING:
    from collections.abc import Sequence

    from podwheel.index.client import Client
    from podwheel.index.download import Downloader
    from podwheel.index.freshness import Clock
    from podwheel.model import File
    from podwheel.store import Store


class Wheels:
    """Looks into wheels, each once a run; what was seen is kept by the wheel's hashes and URL."""

    def __init__(
        self, *, client: Client, clock: Clock, store: Store, downloads: Downloader
    ) -> None:
        self._client = client
        self._clock = clock
        self._downloads = downloads
        self._metadata = Answers(store, "metadata")
        self._names = Answers(store, "names")
        self._lock = threading.Lock()
        self._once: dict[str, Once[bytes]] = {}
        self._rangeless: set[tuple[str, str, int | None]] = set()

    def metadata(self, file: File, *, wanted_by: Sequence[str]) -> bytes:
        """As `Index.wheel_metadata`."""
        key = str(Expected(file=file).key())
        with self._lock:
            once = self._once.setdefault(key, Once(lambda: self._find_metadata(file, wanted_by)))
        return once.get()

    def names(self, file: File, *, wanted_by: Sequence[str]) -> tuple[str, ...]:
        """As `Index.wheel_names`."""
        kept = self._kept(self._names, file)
        if kept is not None:
            return tuple(kept["names"])
        return self._look(file, wanted_by).names

    def _find_metadata(self, file: File, wanted_by: Sequence[str]) -> bytes:
        kept = self._kept(self._metadata, file)
        if kept is not None:
            return str(kept["text"]).encode("latin-1")
        data = self._separate(file, wanted_by)
        if data is None:
            return self._look(file, wanted_by).metadata
        self._keep_metadata(file, data)
        return data

    def _kept(self, answers: Answers, file: File) -> dict[str, Any] | None:
        expected = Expected(file=file)
        kept = answers.read(expected.key())
        if kept is None or file.url.startswith("file:"):
            return None
        return kept if expected.hashed or self._clock.is_fresh(kept["got"]) else None

    def _keep_metadata(self, file: File, data: bytes) -> None:
        # METADATA may be of any encoding: latin-1 takes every byte to a character and back.
        document = {"text": data.decode("latin-1")}
        self._metadata.write(Expected(file=file).key(), document, got=self._clock.now())

    # ------------------------------------------------------------ PEP 658

    def _separate(self, file: File, wanted_by: Sequence[str]) -> bytes | None:
        """The file beside the wheel; None where there is none, or none that can be believed."""
        if file.metadata is None or self._client.offline or not file.url.startswith(WEB):
            return None
        beside = evolve(
            file,
            filename=f"{file.filename}.metadata",
            url=with_suffix(file.url, ".metadata"),
            hashes=file.metadata,
            size=None,
        )
        expected = Expected(file=beside, wanted_by=tuple(wanted_by))
        if not (expected.hashed or self._client.is_secure(beside.url)):
            return None
        what = "the metadata file"
        with self._client.get(
            beside.url, what=what, headers={}, vouched=expected.hashed, wanted_by=wanted_by
        ) as answer:
            if answer.status_code in (404, 410):  # promised, but not there: the wheel has it too
                log.get().debug("index.metadata.missing", url=masked(beside.url))
                return None
            if answer.status_code != 200:
                raise problems.refused(what, beside.url, answer.status_code, wanted_by=wanted_by)
            data = read_bounded(answer, METADATA_LIMIT, what=what, url=beside.url)
        sums = Sums(expected.algorithms)
        sums.update(data)
        expected.check(sums.digests(), length=len(data))
        return data

    # ------------------------------------------------------------ into the wheel

    def _look(self, file: File, wanted_by: Sequence[str]) -> Glimpse:
        glimpse = self._by_ranges(file, wanted_by) or self._whole(file, wanted_by)
        if not file.url.startswith("file:"):
            self._keep_metadata(file, glimpse.metadata)
            self._names.write(
                Expected(file=file).key(), {"names": list(glimpse.names)}, got=self._clock.now()
            )
        return glimpse

    def _by_ranges(self, file: File, wanted_by: Sequence[str]) -> Glimpse | None:
        """None where the whole wheel is the better way: it is here, or ranges cannot be believed."""
        if (
            self._client.offline
            or not self._client.is_secure(file.url)
            or not file.url.startswith(WEB)
            or origin(file.url) in self._rangeless
            or self._downloads.kept(file) is not None
        ):
            return None
        try:
            return read_wheel(RemoteFile(self._client, file, wanted_by=wanted_by), file)
        except RangesRefused as error:
            if error.always:
                self._rangeless.add(origin(file.url))
            log.get().debug("index.ranges.refused", url=masked(file.url), reason=str(error))
        except MetadataUnusable as error:
            # Perhaps only the ranges were wrong: the whole has a hash to be judged by.
            log.get().debug("index.ranges.unusable", url=masked(file.url), reason=error.what)
        return None

    def _whole(self, file: File, wanted_by: Sequence[str]) -> Glimpse:
        path, _ = self._downloads.get(file, wanted_by=wanted_by)
        with path.open("rb") as stream:
            return read_wheel(stream, file, wanted_by=wanted_by)
