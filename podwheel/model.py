"""Types that more than one room speaks.

All are frozen and keyword-only; collections inside are tuples. A new phase of the work
is a new type, never an Optional that is filled in later: what was *asked* (`Request`),
the system it is *for* (`Target`), what was *chosen* (`Resolution`), what is *built*
(`Wheel`).
"""

from __future__ import annotations

import enum
import hashlib
from collections import defaultdict
from functools import cached_property
from typing import TYPE_CHECKING, Final

from attrs import field, frozen
from packaging.utils import NormalizedName, canonicalize_name

if TYPE_CHECKING:
    import datetime
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from packaging.markers import Marker
    from packaging.requirements import Requirement
    from packaging.specifiers import SpecifierSet
    from packaging.tags import Tag
    from packaging.version import Version

# --------------------------------------------------------------------------- what was asked


@frozen(kw_only=True)
class Origin:
    """Where a requirement was written: a file and its line, or the command line."""

    source: str
    """The file as the user named it, or a phrase such as ``command line``."""
    line: int | None = None
    """1-based line; None where there are no lines."""
    parent: Origin | None = None
    """The line that included this file (``-r other.txt``)."""

    def __str__(self) -> str:
        where = self.source if self.line is None else f"{self.source}:{self.line}"
        return f"{where} (from {self.parent})" if self.parent else where


@frozen(kw_only=True)
class Hash:
    """A digest as pip and the simple API write it: ``sha256:…`` (lower-case hex)."""

    algorithm: str
    digest: str

    def __str__(self) -> str:
        return f"{self.algorithm}:{self.digest}"


@frozen(kw_only=True)
class File:
    """One file of a project as an index, a find-links page or a lock lists it (PEP 503, 691, 700)."""

    filename: str
    url: str
    """Absolute; ``file:`` URLs for local directories of files."""
    hashes: tuple[Hash, ...] = ()
    requires_python: str | None = None
    yanked: str | None = None
    """The reason (may be empty) if yanked, else None (PEP 592)."""
    size: int | None = None
    uploaded: datetime.datetime | None = None
    metadata: tuple[Hash, ...] | None = None
    """PEP 658/714: None where the index has no metadata file, else its hashes (maybe none)."""
    index: str | None = None
    """The index or page that listed it, without credentials; None for a lock or a direct URL."""

    @property
    def is_wheel(self) -> bool:
        return self.filename.endswith(".whl")

    @property
    def sha256(self) -> str | None:
        return next((h.digest for h in self.hashes if h.algorithm == "sha256"), None)


@frozen(kw_only=True)
class ArchiveUrl:
    """``name @ https://…/x-1.0.tar.gz`` (an sdist, any archive, or a wheel; ``file:`` too)."""

    url: str
    subdirectory: str | None = None
    hashes: tuple[Hash, ...] = ()


@frozen(kw_only=True)
class VcsUrl:
    """``git+https://…@ref#subdirectory=…``; only git is spoken."""

    url: str
    """The repository's URL without the ``git+`` and the ref."""
    ref: str | None = None
    subdirectory: str | None = None


@frozen(kw_only=True)
class LocalDirectory:
    """A source tree on the host (``./pkg``, ``-e ./pkg``)."""

    path: Path
    """Absolute."""
    subdirectory: str | None = None


Direct = ArchiveUrl | VcsUrl | LocalDirectory


@frozen(kw_only=True)
class Wanted:
    """One requirement as somebody wrote it."""

    origin: Origin
    text: str
    """The requirement as written, for messages."""
    requirement: Requirement | None
    """Parsed (PEP 508; extras and marker inside). None for a direct reference without a name."""
    direct: Direct | None = None
    extras: frozenset[str] = frozenset()
    """Extras of a nameless direct reference (``./pkg[extra]``); else see the requirement."""
    marker: Marker | None = None
    """Marker of a nameless direct reference (``./pkg ; os_name == "posix"``); else see the requirement."""
    hashes: tuple[Hash, ...] = ()
    """``--hash``: any of them is accepted; empty: none was demanded."""
    files: tuple[File, ...] = ()
    """From a lock: the only files that may be used."""
    config_settings: tuple[tuple[str, str], ...] = ()

    @property
    def name(self) -> NormalizedName | None:
        return canonicalize_name(self.requirement.name) if self.requirement else None


class Format(enum.Enum):
    """Which kinds of file may serve for a package."""

    SOURCE = "source"
    """Only a source: podwheel builds the wheel (the default for the runtime tree)."""
    PREFER_WHEEL = "prefer-wheel"
    """Upstream's wheel wherever one fits; else the source."""
    WHEEL = "wheel"
    """Only upstream's wheel."""
    ANY = "any"
    """The newest version; its wheel if one fits, else its source (build requirements)."""


@frozen(kw_only=True)
class Formats:
    """pip's format control, with podwheel's default: no wheel of the runtime tree (``--no-binary :all:``)."""

    prefer_binary: bool = False
    no_binary: frozenset[str] = frozenset()
    """Normalised names, or ``:all:``. The parser has applied pip's order and ``:none:``."""
    only_binary: frozenset[str] = frozenset()
    default: Format = Format.SOURCE

    def of(self, name: NormalizedName) -> Format:
        """The format for *name*: a name on a list wins over ``:all:``, both win over the rest."""
        if name in self.no_binary:
            return Format.SOURCE
        if name in self.only_binary:
            return Format.WHEEL
        if ":all:" in self.no_binary:
            return Format.SOURCE
        if ":all:" in self.only_binary:
            return Format.WHEEL
        return Format.PREFER_WHEEL if self.prefer_binary else self.default


@frozen(kw_only=True)
class Indexes:
    """Where files come from, in order; the first index that has a name wins."""

    urls: tuple[str, ...]
    """``--index-url`` then each ``--extra-index-url``; empty with ``--no-index``. May hold credentials."""
    find_links: tuple[str, ...] = ()
    """Directories, files or URLs of pages."""


@frozen(kw_only=True)
class Network:
    """How to reach them: pip's options, environment and configuration, merged."""

    proxy: str | None = field(default=None, repr=False)
    certificate: Path | None = None
    """``--cert``: a CA bundle; None means the system's trust store."""
    client_certificate: Path | None = None
    trusted_hosts: tuple[str, ...] = ()
    timeout: float = 15.0
    """Seconds for a connection and between two reads."""
    retries: int = 5
    keyring: str = "auto"
    """``auto``, ``disabled``, ``import`` or ``subprocess``, as pip's ``--keyring-provider``."""


class Freshness(enum.Enum):
    """How index answers on disk are used."""

    NORMAL = "normal"
    REFRESH = "refresh"
    """Ask again, whatever is on disk."""
    OFFLINE = "offline"
    """Never open a socket."""


@frozen(kw_only=True)
class SystemPackages:
    """Which packages of a distribution the builds of some projects need, as somebody wrote it down."""

    source: str
    """The file, as the user named it."""
    target: str | None
    """The target's name that it was written for; None: it does not say."""
    projects: tuple[tuple[NormalizedName, tuple[tuple[str, str], ...]], ...]
    """Each project's packages, as the distribution spells them, with what each is for (may be empty)."""
    loads: tuple[tuple[NormalizedName, tuple[tuple[str, tuple[str, ...]], ...]], ...] = ()
    """The packages that each project's wheel needs where it runs, beside those that its libraries
    name, with the libraries that it loads from each (may be none)."""

    def of(self, name: str) -> tuple[tuple[str, str], ...]:
        """The packages for one project, and what each is for; empty where nothing is written."""
        wanted = canonicalize_name(name)
        return next((packages for n, packages in self.projects if n == wanted), ())


@frozen(kw_only=True)
class Request:
    """Everything that was asked, read from files, options and the environment; nothing looked up yet."""

    wanted: tuple[Wanted, ...]
    constraints: tuple[Wanted, ...] = ()
    build_constraints: tuple[Wanted, ...] = ()
    indexes: Indexes
    network: Network = field(factory=Network)
    formats: Formats = field(factory=Formats)
    prereleases: bool = False
    no_deps: bool = False
    require_hashes: bool = False
    exclude_newer: datetime.datetime | None = None
    """Files uploaded at or after this moment (aware, UTC) do not exist."""
    requires_python: SpecifierSet | None = None
    """From a lock (PEP 751): a target whose Python is outside is an error."""
    environments: tuple[Marker, ...] = ()
    """From a lock (PEP 751): unless empty, a target that satisfies none of them is an error."""
    system_packages: tuple[SystemPackages, ...] = ()
    """From locks of podwheel's: what the builds were found to need."""


# --------------------------------------------------------------------------- what it is for


@frozen(kw_only=True)
class Interpreter:
    """The target's Python, as the image itself described it."""

    executable: str
    version: str
    """Full, e.g. ``3.13.5``."""
    implementation: str
    """``cpython``, ``pypy``…"""
    markers: tuple[tuple[str, str], ...]
    """PEP 508 environment markers without ``extra``, sorted by name."""
    tags: tuple[Tag, ...]
    """Wheel tags that it accepts, most specific first."""
    purelib: str
    """Of a virtual environment, relative to its root: ``lib/python3.13/site-packages``."""
    platlib: str
    include: str
    libc: tuple[str, str]
    """``("glibc", "2.41")``."""
    machine: str
    """``x86_64``."""
    ext_suffix: str
    """``.cpython-313-x86_64-linux-gnu.so``."""
    stdlib: tuple[str, ...] = ()
    """The directories of its standard library, ``os.py``'s first. Asked of Python 2 alone: without
    ``pyvenv.cfg``, an environment must say where that is."""

    @property
    def marker_environment(self) -> dict[str, str]:
        return dict(self.markers)

    @cached_property
    def ranks(self) -> Mapping[Tag, int]:
        """The place of each of `tags`; 0 is the best."""
        ranks: dict[Tag, int] = {}
        for rank, tag in enumerate(self.tags):
            ranks.setdefault(tag, rank)
        return ranks

    @property
    def series(self) -> tuple[int, int]:
        """``(3, 13)``."""
        major, minor = self.version.split(".")[:2]
        return int(major), int(minor)


@frozen(kw_only=True)
class Image:
    """An image in the account's own storage."""

    reference: str
    """``localhost/podwheel/debian-13-build:<hash of what went in>``."""
    digest: str
    """Its id, ``sha256:…``: recorded, and never part of a name."""
    content: str = ""
    """Hash of what is installed in it (hex): with the reference, its part in a step's identity."""


@frozen(kw_only=True)
class Target:
    """The system that wheels are for, with its images at hand."""

    name: str
    fingerprint: str
    """Hash of what went into both images and of the probe's answers (hex)."""
    runtime: Image
    """The pristine server: Python, no compiler, no headers."""
    build: Image
    python: Interpreter


# --------------------------------------------------------------------------- what was chosen


@frozen(kw_only=True)
class Metadata:
    """The core metadata that a resolver needs of one candidate."""

    name: str
    version: Version
    requires: tuple[Requirement, ...]
    """``Requires-Dist``, markers not yet evaluated."""
    requires_python: SpecifierSet | None = None
    extras: frozenset[NormalizedName] = frozenset()


@frozen(kw_only=True)
class Source:
    """A source whose bytes are on the host: an archive, checked by hash, to be unpacked only in a sandbox."""

    identity: str
    """``sha256:…`` of the archive, or ``git:<commit>`` (with ``#subdirectory``): what step ids are made of."""
    archive: Path
    """In the store; ``.tar.gz``-like or ``.zip`` is recognised by content."""
    sha256: str
    """Of the archive's bytes."""
    filename: str
    """As published, ``pkg-1.0.tar.gz``."""
    url: str
    """Where it came from, without credentials (for the record)."""
    subdirectory: str | None = None
    commit: str | None = None
    """For a VCS source."""
    tags: tuple[str, ...] = ()
    """Those at the commit."""


@frozen(kw_only=True)
class Pin:
    """One package of a resolution: a name, one version, and the one file or source it comes from."""

    name: NormalizedName
    version: Version
    extras: frozenset[NormalizedName] = frozenset()
    file: File | None
    """From an index, a find-links or a lock; None for a direct reference."""
    direct: Direct | None = None
    dependencies: tuple[NormalizedName, ...] = ()
    """The names it depends on in this environment, within the resolution; sorted."""
    wanted_by: tuple[str, ...] = ()
    """One line each: ``requirements.txt:3`` or ``flask 3.1 (werkzeug>=3)``."""
    hashes: tuple[Hash, ...] = ()
    """Demanded by the user for it (``--hash``); else what the index said is in the file."""

    @property
    def is_wheel(self) -> bool:
        """Taken as upstream's wheel; otherwise podwheel builds it."""
        if self.file is not None:
            return self.file.is_wheel
        return isinstance(self.direct, ArchiveUrl) and self.direct.url.split("#")[0].endswith(
            ".whl"
        )

    def __str__(self) -> str:
        return f"{self.name} {self.version}"


@frozen(kw_only=True)
class Resolution:
    """The runtime tree, or the environment of one build."""

    pins: tuple[Pin, ...]
    """Sorted by name."""

    def get(self, name: str) -> Pin | None:
        return self.by_name.get(canonicalize_name(name))

    # Each step of a run asks for these: once a tree, not once a step.

    @cached_property
    def by_name(self) -> Mapping[NormalizedName, Pin]:
        return {pin.name: pin for pin in self.pins}

    @cached_property
    def dependents(self) -> Mapping[NormalizedName, Sequence[Pin]]:
        """Of each name the pins that depend on it; of one that nothing depends on, nothing."""
        found: defaultdict[NormalizedName, list[Pin]] = defaultdict(list)
        for pin in self.pins:
            for dependency in pin.dependencies:
                found[dependency].append(pin)
        return dict(found)

    @cached_property
    def digest(self) -> str:
        """The sha256 (hex) of which versions it has, and of what bytes."""
        lines = (f"{pin} {pin.file.sha256 if pin.file else pin.direct}" for pin in self.pins)
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()


NO_TREE: Final = Resolution(pins=())
"""Of what is built for itself alone."""


# --------------------------------------------------------------------------- what came out


@frozen(kw_only=True)
class Wheel:
    """A wheel on the host whose bytes were read and checked; nothing of it was ever executed."""

    path: Path
    filename: str
    sha256: str
    size: int
    """Bytes."""
    name: NormalizedName
    version: Version
    tags: frozenset[Tag]
    metadata: Metadata
    modules: tuple[str, ...]
    """Top-level importable names, namespace packages descended (``google.protobuf``); sorted."""
    extensions: tuple[str, ...]
    """Paths in the wheel of ELF shared objects; sorted."""
    root_is_purelib: bool
