"""What a candidate depends on, by the cheapest way that can be believed.

Of a source, in this order: what its built wheel really said, last time; a wheel of the same
version that fits the target (its METADATA alone: PEP 658, PEP 714, or a range request); what
the source itself promises (PEP 643, PEP 621); and only then the backend, in a sandbox.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from attrs import evolve
from packaging.utils import InvalidWheelFilename, parse_wheel_filename

from podwheel import log
from podwheel.archives import parse_metadata, read_sdist, read_wheel, static_metadata
from podwheel.errors import MetadataUnusable, PodwheelError, WheelRejected
from podwheel.resolve.catalogue import check_agrees
from podwheel.resolve.documents import metadata_from_json, metadata_to_json
from podwheel.resolve.unpublished import repository_in
from podwheel.store import digest_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from podwheel.model import File, Hash, Interpreter, Metadata
    from podwheel.resolve.candidates import Candidate
    from podwheel.store import Store

KIND = "metadata"
"""The kind of the store's documents that hold what built wheels said."""

_SMALL = 8 << 20
"""Bytes of a source that is brought on a guess."""


class Files(Protocol):
    """The part of an index that gives bytes (`podwheel.index.Index`)."""

    def download(
        self, file: File, *, hashes: tuple[Hash, ...] = (), wanted_by: Sequence[str] = ()
    ) -> tuple[Path, str]:
        """The file's path on the host and its sha256 (hex), checked."""

    def wheel_metadata(self, file: File, *, wanted_by: Sequence[str] = ()) -> bytes:
        """A wheel's METADATA, without the rest of it where that is possible."""


class StaticMetadata:
    """The lower half of a `MetadataSource`: all that can be told without running anything.

    Args:
        files: Where bytes come from.
        store: Keeps what built wheels said.
        python: The target's Python: which wheels fit it.
        target: The target's fingerprint: a ``setup.py`` may compute other requirements elsewhere.
        hook: Asks the backend (``prepare_metadata_for_build_wheel``, in a sandbox), when
            nothing else tells.
    """

    def __init__(
        self,
        *,
        files: Files,
        store: Store,
        python: Interpreter,
        target: str,
        hook: Callable[[Candidate, Sequence[str]], Metadata],
    ) -> None:
        self._files = files
        self._store = store
        self._target = target
        self._hook = hook
        self._ranks = python.ranks
        self._parsed: dict[tuple[str, tuple[Hash, ...]], Metadata] = {}
        """What wheels say, by URL and hashes: a backend's is wanted by build after build."""
        self._static: dict[tuple[str, str | None], Metadata | None] = {}
        """What sources promise, by hash and subdirectory."""

    def of(self, candidate: Candidate, wanted_by: Sequence[str]) -> Metadata:
        """The metadata of a candidate from an index.

        Raises:
            MetadataUnusable: It cannot be read, or is another package's.
            PodwheelError: What the downloads and the hook raise.
        """
        found = self._told(candidate, wanted_by)
        if found is None:
            log.get().debug("resolve.metadata.hook", candidate=str(candidate))
            found = self._hook(candidate, wanted_by)
        return found

    def ahead(self, candidate: Candidate) -> Metadata | None:
        """What can be told without running anything, before it is asked for. Raises as `of` does.

        A source is brought for it only if it is small: perhaps it is not taken after all.
        """
        assert candidate.file is not None
        size = candidate.file.size
        return self._told(candidate, (), bring=size is not None and size <= _SMALL)

    def _told(
        self, candidate: Candidate, wanted_by: Sequence[str], *, bring: bool = True
    ) -> Metadata | None:
        file = candidate.file
        assert file is not None, "a direct reference is not looked up by its file"
        if file.is_wheel:
            return self.of_wheel(file, hashes=candidate.hashes, wanted_by=wanted_by)
        if file.sha256 is not None and (learned := self.learned(file.sha256)) is not None:
            return learned
        found = self._of_sibling(candidate, wanted_by)
        if found is None and bring:
            found = self.of_source(file, hashes=candidate.hashes, wanted_by=wanted_by)
        return found

    def of_wheel(
        self, file: File, *, hashes: tuple[Hash, ...] = (), wanted_by: Sequence[str] = ()
    ) -> Metadata:
        """The metadata of a wheel that will itself be used. Raises as `of` does."""
        if not hashes:
            key = (file.url, file.hashes)
            if key not in self._parsed:
                data = self._files.wheel_metadata(file, wanted_by=wanted_by)
                self._parsed[key] = parse_metadata(data, where=f"{file.filename}: METADATA")
            return self._parsed[key]
        # The user's hash is of the whole file: a part of it cannot be checked (nor does pip
        # take parts in this case).
        path, _ = self._files.download(file, hashes=hashes, wanted_by=wanted_by)
        try:
            return read_wheel(path, filename=file.filename, linked=True).metadata
        except WheelRejected as error:
            raise MetadataUnusable(
                error.what, said=error.said, wanted_by=wanted_by, hint=error.hint
            ) from error

    def of_source(
        self,
        file: File,
        *,
        subdirectory: str | None = None,
        hashes: tuple[Hash, ...] = (),
        wanted_by: Sequence[str] = (),
    ) -> Metadata | None:
        """What a source archive's built wheel said, or the archive itself promises; else None.

        Raises:
            MetadataUnusable: What it promises cannot be read.
            SourceUnusable: It is no source archive, or a hostile one.
        """
        path, sha256 = self._files.download(file, hashes=hashes, wanted_by=wanted_by)
        learned = self.learned(sha256, subdirectory=subdirectory)
        if learned is not None:
            return learned
        key = (sha256, subdirectory)
        if key not in self._static:
            sdist = read_sdist(path, filename=file.filename, subdirectory=subdirectory)
            self._static[key] = static_metadata(sdist)
        return self._static[key]

    def _of_sibling(self, candidate: Candidate, wanted_by: Sequence[str]) -> Metadata | None:
        """What the best fitting wheel of the same version says, if it says anything usable."""
        if candidate.hashes:
            return None  # only files that the user vouched for are read, and those as a whole
        wheels = [(rank, f) for f in candidate.siblings if (rank := self._rank(f)) is not None]
        if not wheels:
            return None
        _, wheel = min(wheels, key=lambda pair: (pair[0], pair[1].filename))
        try:
            found = self.of_wheel(wheel, wanted_by=wanted_by)
            check_agrees(evolve(candidate, file=wheel), found)
        except MetadataUnusable as error:
            log.get().debug("resolve.metadata.sibling", file=wheel.filename, reason=error.what)
            return None
        return found

    def _rank(self, file: File) -> int | None:
        """The best place of a wheel among the target's tags; None if it does not fit."""
        try:
            tags = parse_wheel_filename(file.filename)[3]
        except InvalidWheelFilename:
            return None
        return min((self._ranks[tag] for tag in tags if tag in self._ranks), default=None)

    def repository(self, wheel: File) -> str | None:
        """The repository that a wheel's metadata names; None also where that cannot be had."""
        try:
            return repository_in(self._files.wheel_metadata(wheel))
        except PodwheelError as error:  # it was for a hint: the error to show is another
            log.get().debug("resolve.repository", file=wheel.filename, reason=error.what)
            return None

    # ------------------------------------------------------------ what built wheels said

    def learned(self, sha256: str, *, subdirectory: str | None = None) -> Metadata | None:
        """The metadata of the wheel that was built from a source archive for this target."""
        return metadata_from_json(self._store.read(KIND, self._key(sha256, subdirectory)))

    def word(self, sha256: str | None) -> str:
        """Names what `learned` gives for a source from an index; empty: nothing."""
        known = None if sha256 is None else self._store.read(KIND, self._key(sha256, None))
        return "" if known is None else digest_of(known)

    def learn(self, sha256: str, metadata: Metadata, *, subdirectory: str | None = None) -> None:
        """Remember what a wheel said that was built from the source with that hash (hex)."""
        self._store.write(KIND, self._key(sha256, subdirectory), metadata_to_json(metadata))

    def _key(self, sha256: str, subdirectory: str | None) -> str:
        return digest_of([self._target, sha256, subdirectory])
