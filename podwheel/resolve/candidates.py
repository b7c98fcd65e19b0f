"""Files of a project → candidates, in the order in which they are tried.

A file's name says its version and its tags (PEP 427, PEP 491, PEP 625; older source archives
in older ways). A file that cannot serve keeps the reason: it is what a user is shown when
nothing fits.
"""

from __future__ import annotations

import enum
import functools
from collections import defaultdict
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from attrs import field, frozen
from packaging.specifiers import InvalidSpecifier
from packaging.utils import (
    InvalidSdistFilename,
    InvalidWheelFilename,
    NormalizedName,
    canonicalize_name,
    parse_sdist_filename,
    parse_wheel_filename,
)
from packaging.version import InvalidVersion, Version

from podwheel import strangers
from podwheel.errors import ResolutionError
from podwheel.model import Format

if TYPE_CHECKING:
    import datetime
    from collections.abc import Iterable, Mapping, Sequence

    from packaging.specifiers import SpecifierSet
    from packaging.tags import Tag

    from podwheel.model import Direct, File, Hash, Interpreter

SDIST_SUFFIXES = (
    ".tar.gz", ".zip", ".tgz", ".tar.bz2", ".tbz", ".tar.xz", ".txz", ".tar",
)  # fmt: skip
"""What a source may be packed in, the most preferred first: PEP 625 knows only the first."""


@frozen(kw_only=True, cache_hash=True)
class Candidate:
    """One version of a project, with the one file (or direct reference) that would be used."""

    name: NormalizedName
    version: Version
    file: File | None
    direct: Direct | None = None
    siblings: tuple[File, ...] = ()
    """The version's other files that may be read: a fitting wheel tells a source's metadata."""
    hashes: tuple[Hash, ...] = ()
    """Demanded by the user: the file must have one of them. Empty: none was demanded."""

    def __str__(self) -> str:
        return f"{self.name} {self.version}"


class Why(enum.IntEnum):
    """Why a file cannot serve; the lower the value, the nearer it came."""

    HASH = 1
    PYTHON = 2
    FORMAT = 3
    PLATFORM = 4
    DATE = 5


@frozen(kw_only=True)
class Refusal:
    """A file that is no candidate, whatever the specifiers say."""

    version: Version
    file: File
    why: Why
    text: str


@frozen(kw_only=True, eq=False)
class Choice:
    """A file that is a candidate wherever its version is wanted."""

    version: Version
    file: File
    order: tuple[Any, ...]
    """Greater is tried earlier."""


@frozen(kw_only=True)
class Rules:
    """What the target and the policy say of files."""

    ranks: Mapping[Tag, int]
    """The target's wheel tags; 0 is the best."""
    python: Version
    """``major.minor.micro``: a release candidate of 3.14 counts as 3.14.0, as in pip."""
    exclude_newer: datetime.datetime | None

    @classmethod
    def of(cls, python: Interpreter, exclude_newer: datetime.datetime | None) -> Rules:
        return cls(
            ranks=python.ranks, python=python_version(python.version), exclude_newer=exclude_newer
        )


def python_version(full: str) -> Version:
    """The version that ``Requires-Python`` is compared with: the release alone.

    Distributions add to it (``3.13.5+``), and ``>=3.14`` would exclude ``3.14.0rc1``.
    """
    return Version(".".join(str(part) for part in Version(full.rstrip("+")).release))


def parse_filename(
    filename: str, name: NormalizedName
) -> tuple[Version, frozenset[Tag] | None, tuple[Any, ...]] | None:
    """Version, wheel tags (None: a source) and build tag of a file of the project *name*.

    None for what is neither a wheel nor a source of that project: eggs, installers, dumb
    binaries, signatures, files of another name, and versions that are not PEP 440's.
    """
    if filename.endswith(".whl"):
        try:
            found, version, build, tags = parse_wheel_filename(filename)
        except InvalidWheelFilename:
            return None
        return (version, tags, build) if found == name else None
    source = _sdist_version(filename, name)
    return None if source is None else (source, None, ())


def sdist_rank(filename: str) -> int | None:
    """The place of its suffix in `SDIST_SUFFIXES`; None if it is no source archive."""
    lowered = filename.lower()
    return next((n for n, s in enumerate(SDIST_SUFFIXES) if lowered.endswith(s)), None)


def _sdist_version(filename: str, name: NormalizedName) -> Version | None:
    rank = sdist_rank(filename)
    if rank is None:
        return None
    try:
        found, version = parse_sdist_filename(filename)
    except InvalidSdistFilename:
        pass
    else:
        if found == name:
            return version
    # Before PEP 625 both the name and the version could hold dashes (`zope-2-1.0-1.zip`):
    # the name is known, so the version is what follows it.
    stem = filename[: -len(SDIST_SUFFIXES[rank])]
    for at, character in enumerate(stem):
        if character == "-" and canonicalize_name(stem[:at]) == name:
            try:
                return Version(stem[at + 1 :])
            except InvalidVersion:
                continue
    return None


@frozen(kw_only=True)
class Shelf:
    """All files of one project, sorted out once for the target; specifiers come later."""

    name: NormalizedName
    format: Format
    choices: tuple[Choice, ...]
    """The one to try first comes first."""
    refusals: tuple[Refusal, ...]
    readable: Mapping[Version, tuple[File, ...]] = field(repr=False)
    """Files of a version whose bytes may be read: they exist and have a demanded hash."""
    _selected: dict[tuple[SpecifierSet, bool], tuple[Choice, ...]] = field(
        factory=dict, init=False, repr=False, eq=False
    )

    def select(self, specifiers: SpecifierSet, *, prereleases: bool) -> tuple[Choice, ...]:
        """The choices that the specifiers take, in order (PEP 440 pre-releases, PEP 592 yanks).

        A pre-release counts if it is asked for (*prereleases*, or a specifier that names
        one) or if nothing else fits; a yanked file only if a ``==`` or ``===`` pins it and
        nothing else fits. Remembered: some projects have thousands of versions.
        """
        key = (specifiers, prereleases)
        if key not in self._selected:
            self._selected[key] = self._fitting(specifiers, prereleases=prereleases)
        return self._selected[key]

    def _fitting(self, specifiers: SpecifierSet, *, prereleases: bool) -> tuple[Choice, ...]:
        fitting = list(
            specifiers.filter(
                self.choices, prereleases=True if prereleases else None, key=lambda c: c.version
            )
        )
        standing = tuple(c for c in fitting if c.file.yanked is None)
        if standing or not is_pinned(specifiers):
            return standing
        return tuple(fitting)

    def versions(self) -> tuple[Version, ...]:
        """Every version that the index has, usable or not, newest first."""
        found = {c.version for c in self.choices} | {r.version for r in self.refusals}
        return tuple(sorted(found, reverse=True))

    def refused(self, version: Version) -> str | None:
        """Why no file of *version* is a candidate; None if one is."""
        if any(c.version == version for c in self.choices):
            return None
        near = min((r for r in self.refusals if r.version == version), key=lambda r: r.why)
        return near.text

    @property
    def only_wheels(self) -> bool:
        """There is nothing to build it from, though upstream's wheel would fit."""
        return (
            self.format is Format.SOURCE
            and not self.choices
            and any(r.why is Why.FORMAT for r in self.refusals)
        )


def is_pinned(specifiers: SpecifierSet) -> bool:
    """Whether one ``===``, or ``==`` without a wildcard, is among them."""
    return any(
        s.operator == "===" or (s.operator == "==" and not s.version.endswith(".*"))
        for s in specifiers
    )


def stock(
    name: NormalizedName,
    files: Iterable[File],
    *,
    form: Format,
    rules: Rules,
    hashes: frozenset[Hash] | None = None,
    locked: bool = False,
) -> Shelf:
    """Sort out the files of a project.

    Args:
        form: What may serve for it.
        hashes: The user's ``--hash`` values for it; None: none was demanded.
        locked: The files are a lock's: ``exclude_newer`` was settled when it was written.

    Raises:
        ResolutionError: ``exclude_newer`` is set and the index tells no upload times.
    """
    files = sorted(files, key=lambda f: (f.filename, f.url))  # independent of the index's order
    if rules.exclude_newer is not None and not locked:
        _check_upload_times(name, files)
    choices: list[Choice] = []
    refusals: list[Refusal] = []
    readable: defaultdict[Version, list[File]] = defaultdict(list)
    for file in files:
        parsed = parse_filename(file.filename, name)
        if parsed is None:
            continue
        version, tags, build = parsed
        hidden = _hidden(file, rules, hashes=hashes, locked=locked)
        if hidden is None:
            readable[version].append(file)
        rank = None if tags is None else _tag_rank(tags, rules)
        refusal = hidden or _unfit(file, tags is not None, rank, form=form, rules=rules)
        if refusal is None:
            order = _order(file, version, rank, build, form)
            choices.append(Choice(version=version, file=file, order=order))
        else:
            why, text = refusal
            refusals.append(Refusal(version=version, file=file, why=why, text=text))
    return Shelf(
        name=name,
        format=form,
        choices=tuple(sorted(choices, key=lambda c: c.order, reverse=True)),
        refusals=tuple(refusals),
        readable={version: tuple(found) for version, found in readable.items()},
    )


def _tag_rank(tags: frozenset[Tag], rules: Rules) -> int | None:
    """The best place of a wheel among the target's tags, or None if it does not fit."""
    return min((rules.ranks[t] for t in tags if t in rules.ranks), default=None)


def _hidden(
    file: File, rules: Rules, *, hashes: frozenset[Hash] | None, locked: bool
) -> tuple[Why, str] | None:
    """Why *file* is not even read for its metadata."""
    if rules.exclude_newer is not None and not locked and not _is_local(file):
        if file.uploaded is None:
            return Why.DATE, "no upload time, and --exclude-newer is set"
        if file.uploaded >= rules.exclude_newer:
            return Why.DATE, f"uploaded {file.uploaded:%Y-%m-%d}, excluded by --exclude-newer"
    if hashes is not None and not hash_allowed(file.hashes, hashes):
        return Why.HASH, "its hash is not among those demanded with --hash"
    return None


def _unfit(
    file: File, is_wheel: bool, rank: int | None, *, form: Format, rules: Rules
) -> tuple[Why, str] | None:
    """Why *file* cannot be what is used for the target."""
    if not python_allowed(file.requires_python, rules.python):
        return Why.PYTHON, f"requires Python {file.requires_python}"
    if is_wheel:
        if rank is None:
            return Why.PLATFORM, "only wheels, and for other platforms"
        if form is Format.SOURCE:
            return Why.FORMAT, "only wheels, no source"
    elif form is Format.WHEEL:
        return Why.FORMAT, "no wheel that fits, only a source"
    return None


def _order(
    file: File, version: Version, rank: int | None, build: tuple[Any, ...], form: Format
) -> tuple[Any, ...]:
    """As pip sorts: with ``--prefer-binary`` an old wheel goes before a new source."""
    is_wheel = rank is not None
    suffix = sdist_rank(file.filename)
    return (
        is_wheel and form is Format.PREFER_WHEEL,
        version,
        is_wheel,
        -(rank or 0),
        build,
        -(suffix or 0),
        file.filename,
    )


@functools.lru_cache(maxsize=4096)  # a page says the same few of thousands of files
def python_allowed(requires: str | None, python: Version) -> bool:
    """Whether a ``Requires-Python`` takes *python*; one that cannot be parsed says nothing."""
    if not requires:
        return True
    try:
        specifiers = strangers.specifiers(requires)
    except InvalidSpecifier:
        return True
    return specifiers.contains(python, prereleases=True)


def hash_allowed(has: Sequence[Hash], demanded: frozenset[Hash]) -> bool:
    """Whether bytes with the hashes *has* may be among *demanded*.

    A file whose index tells no hash of a demanded algorithm may: its bytes are checked when
    they are downloaded.
    """
    algorithms = {h.algorithm for h in demanded}
    comparable = [h for h in has if h.algorithm in algorithms]
    return not comparable or any(h in demanded for h in comparable)


def _is_local(file: File) -> bool:
    """A file that the user laid out (``--find-links DIR``); such have no upload time."""
    return urlsplit(file.url).scheme == "file"


def _check_upload_times(name: NormalizedName, files: Sequence[File]) -> None:
    remote = [f for f in files if not _is_local(f)]
    if remote and all(f.uploaded is None for f in remote):
        where = remote[0].index or "the index"
        raise ResolutionError(
            f"--exclude-newer cannot be kept: {where} tells no upload times ({name})",
            hint="use an index with the JSON API (PEP 700), or drop --exclude-newer",
        )
