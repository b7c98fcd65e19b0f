"""What is known of projects and candidates, looked up at most once in a resolution."""

from __future__ import annotations

from typing import TYPE_CHECKING

from packaging.utils import (
    InvalidWheelFilename,
    NormalizedName,
    canonicalize_name,
    parse_wheel_filename,
)

from podwheel import log
from podwheel.errors import MetadataUnusable, NoMatchingVersion, ProjectNotFound
from podwheel.model import ArchiveUrl, Direct, Hash, Metadata
from podwheel.resolve.candidates import Candidate, Choice, Rules, Shelf
from podwheel.resolve.needs import direct_key, shown_direct

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from podwheel.model import File, Interpreter, Pin
    from podwheel.resolve.asked import Asked
    from podwheel.resolve.inputs import MetadataSource, Packages, Policy
    from podwheel.resolve.stockroom import Stockroom


class Catalogue:
    """Shelves, direct references and metadata, remembered: also that something is *not* usable."""

    def __init__(
        self,
        *,
        python: Interpreter,
        packages: Packages,
        metadata: MetadataSource,
        policy: Policy,
        stockroom: Stockroom,
    ) -> None:
        self.rules = Rules.of(python, policy.exclude_newer)
        self.policy = policy
        self.missing: dict[NormalizedName, ProjectNotFound] = {}
        """Names that no index has."""
        self.unusable: dict[Candidate, MetadataUnusable] = {}
        """Candidates that were passed over."""
        self._packages = packages
        self._source = metadata
        self._stockroom = stockroom
        self._shelves: dict[NormalizedName, Shelf] = {}
        self._candidates: dict[Choice, Candidate] = {}
        self._metadata: dict[Candidate, Metadata] = {}
        self._direct: dict[tuple[str | None, ...], Metadata | MetadataUnusable] = {}

    # ------------------------------------------------------------ files

    def shelf(self, name: NormalizedName, asked: Asked) -> Shelf:
        """The files of a project; an empty shelf if no index has it (see `missing`)."""
        if name not in self._shelves:
            locked = name in asked.files
            try:
                files = asked.files[name] if locked else self._packages.files(name)
            except ProjectNotFound as error:
                self.missing[name] = error
                files = ()
            self._shelves[name] = self.sorted_out(name, files, asked)
        return self._shelves[name]

    def sorted_out(self, name: NormalizedName, files: tuple[File, ...], asked: Asked) -> Shelf:
        """The shelf that these files make; from any thread."""
        return self._stockroom.shelf(
            name,
            files,
            form=self.policy.formats.of(name),
            rules=self.rules,
            hashes=asked.hashes.get(name),
            locked=name in asked.files,
        )

    def known(self, name: NormalizedName) -> Shelf | None:
        """The shelf of a project that was already asked for."""
        return self._shelves.get(name)

    def candidate(self, shelf: Shelf, choice: Choice, asked: Asked) -> Candidate:
        """The candidate that a choice stands for; one object, however often it is asked for."""
        if choice not in self._candidates:
            demanded = asked.hashes.get(shelf.name, frozenset())
            self._candidates[choice] = Candidate(
                name=shelf.name,
                version=choice.version,
                file=choice.file,
                siblings=tuple(f for f in shelf.readable[choice.version] if f != choice.file),
                hashes=tuple(sorted(demanded, key=str)),
            )
        return self._candidates[choice]

    # ------------------------------------------------------------ metadata

    def repository(self, wheel: File) -> str | None:
        """Where the project of a wheel is kept, if its metadata says so in plain words."""
        return self._source.repository(wheel)

    def known_direct(self, direct: Direct) -> Metadata | None:
        """What a direct reference was found to be; None if it was not asked, or is unusable."""
        known = self._direct.get(direct_key(direct))
        return known if isinstance(known, Metadata) else None

    def direct(self, direct: Direct, hashes: tuple[Hash, ...], chain: Sequence[str]) -> Metadata:
        """What a direct reference is.

        Raises:
            MetadataUnusable: It cannot be told; told again, at no cost, when asked again.
            NoMatchingVersion: It is a wheel for another platform.
        """
        key = direct_key(direct)
        if key not in self._direct:
            self._check_wheel(direct, chain)
            demanded = hashes or (direct.hashes if isinstance(direct, ArchiveUrl) else ())
            try:
                self._direct[key] = self._source.of_direct(direct, demanded, chain)
            except MetadataUnusable as error:
                self._direct[key] = error
        known = self._direct[key]
        if isinstance(known, MetadataUnusable):
            raise known
        return known

    def metadata(self, candidate: Candidate, chain: Callable[[], Sequence[str]]) -> Metadata:
        """The metadata of a candidate, which agrees with its file's name.

        Raises:
            MetadataUnusable: It cannot be told, or it is another package or version's.
        """
        if candidate.direct is not None:
            return self.direct(candidate.direct, candidate.hashes, chain())
        if candidate in self.unusable:
            raise self.unusable[candidate]
        if candidate not in self._metadata:
            try:
                found = self._source.of(candidate, chain())
                check_agrees(candidate, found)
            except MetadataUnusable as error:
                self.unusable[candidate] = error
                log.get().warning(
                    "resolve.candidate.unusable",
                    name=candidate.name,
                    version=str(candidate.version),
                    reason=error.what,
                )
                raise
            self._metadata[candidate] = found
        return self._metadata[candidate]

    def _check_wheel(self, direct: Direct, chain: Sequence[str]) -> None:
        filename = direct_wheel(direct)
        if filename is None:
            return
        try:
            tags = parse_wheel_filename(filename)[3]
        except InvalidWheelFilename as error:
            raise MetadataUnusable(f"{filename} is no wheel's name", wanted_by=chain) from error
        if not any(tag in self.rules.ranks for tag in tags):
            raise NoMatchingVersion(
                f"{filename} is a wheel for another system than the target",
                wanted_by=chain,
                hint="give its source instead, and podwheel builds the wheel",
            )


def direct_wheel(direct: Direct) -> str | None:
    """The file name of a direct reference that is a wheel; None for a source."""
    if not isinstance(direct, ArchiveUrl):
        return None
    filename = shown_direct(direct).partition("#")[0].rpartition("/")[2].partition("?")[0]
    return filename if filename.endswith(".whl") else None


def check_agrees(candidate: Candidate, metadata: Metadata) -> None:
    """See that metadata is the candidate's own.

    Raises:
        MetadataUnusable: The name or the version differs from the file's name; pip passes
            over such files too: the index's word and the package's must be one.
    """
    if canonicalize_name(metadata.name) != candidate.name:
        says = f"its metadata says {metadata.name}"
    elif metadata.version != candidate.version:
        says = f"its metadata says version {metadata.version}"
    else:
        return
    where = candidate.file.filename if candidate.file else str(candidate)
    raise MetadataUnusable(f"{where}: {says}")


def preferred_candidate(pin: Pin) -> Candidate:
    """Our own wheel of the runtime tree, as a candidate for a build environment."""
    return Candidate(
        name=pin.name, version=pin.version, file=pin.file, direct=pin.direct, hashes=pin.hashes
    )
