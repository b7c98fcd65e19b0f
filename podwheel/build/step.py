"""One step: what goes in, its identity, and what came out.

*What is built is named by what went in* (DESIGN.md). The identity is the cache key, the log's
name, the resume point and the provenance: everything that can change a byte of the wheel is
in it, and nothing else is (not the order of building, not the time, not the host).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from attrs import asdict, frozen

from podwheel.store import digest_of

if TYPE_CHECKING:
    from podwheel.build.grafted import Ported
    from podwheel.build.inputs import Input
    from podwheel.build.project import Supply
    from podwheel.model import Image, Wheel
    from podwheel.remedies.remedy import Remedy

WITH_CACHE: Final = ("ccache", "")
"""An input without a hash: what is in a compiler cache, earlier builds of the package have left."""

FORMAT: Final = 4
"""Raised when the guest, the layout or the normalisation change what comes out of the same inputs."""


@frozen(kw_only=True)
class Step:
    """The inputs of one build, all by hash; plain data."""

    name: str
    version: str | None
    """None for a source whose version only its backend knows."""
    source: str
    """`Source.identity`."""
    image: str
    """The build image: its reference, which its recipe names, and the hash of what is installed in it."""
    environment: tuple[tuple[str, str, str], ...]
    """Name, version, sha256 of every wheel in the build environment."""
    backend: str
    backend_path: tuple[str, ...]
    config_settings: tuple[tuple[str, str | tuple[str, ...]], ...]
    variables: tuple[tuple[str, str], ...]
    patches: tuple[str, ...]
    """sha256 of each, in order."""
    inputs: tuple[tuple[str, str], ...] = ()
    """Crates, toolchains and declared downloads: where each is found, and its hash. And that there was a
    compiler cache (`WITH_CACHE`)."""
    build_tag: str | None

    @property
    def id(self) -> str:
        """The step's identity (sha256, hex)."""
        return digest_of({"format": FORMAT, **asdict(self)})


@frozen(kw_only=True)
class Compilations:
    """What a compiler cache was asked for; a claim of the container's."""

    found: int
    compiled: int
    """Those that were not found."""

    def __add__(self, other: Compilations) -> Compilations:
        return Compilations(found=self.found + other.found, compiled=self.compiled + other.compiled)

    def __str__(self) -> str:
        return f"{self.found} of {self.found + self.compiled} compilations found"


@frozen(kw_only=True)
class Usage:
    """What a step cost."""

    started: str
    """ISO 8601, UTC."""
    seconds: float
    cpu_seconds: float | None
    peak_memory: int | None
    """Bytes."""
    enforced: tuple[tuple[str, str], ...]
    """Which limits held, and how."""
    hooks_cpu_seconds: float | None = None
    """The part of `cpu_seconds` that the package's hooks used; the rest is the guest's own."""
    compilations: Compilations | None = None
    """None: there was no compiler cache."""

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, document: dict[str, Any]) -> Usage:
        """The inverse of `to_json`."""
        counted = document.get("compilations")
        return cls(
            **{
                **document,
                "enforced": tuple((k, v) for k, v in document["enforced"]),
                "compilations": None if counted is None else Compilations(**counted),
            }
        )


@frozen(kw_only=True)
class Built:
    """A wheel and where it came from."""

    wheel: Wheel
    step: Step | None
    """None: upstream's wheel, taken from an index."""
    reused: bool
    """From the store: no container was started for it in this run."""
    usage: Usage | None
    """Of the build, whenever it was; None for upstream's wheel."""
    log: str | None
    """sha256 of the build's log in the store."""
    url: str
    """Of the wheel or of the source that it was built from, without credentials."""
    source_sha256: str | None
    """Of the source archive; None for upstream's wheel."""
    commit: str | None = None
    """Of a source from git."""
    image: Image | None = None
    """The build image of the step; None for upstream's wheel."""
    supplies: tuple[Supply, ...] = ()
    """The distribution's packages that the build image had beside the target's own."""
    inputs: tuple[Input, ...] = ()
    """What the step read beside its source and environment."""
    remedies: tuple[Remedy, ...] = ()
    """The rungs of the ladder that it was built with."""
    ported: Ported | None = None
    """``--portable``: what was put into the wheel; `wheel` is the result."""
    shared: str | None = None
    """The shared store that it was taken from; None: built here, or upstream's."""
    notes: tuple[str, ...] = ()
    """What a reader of the record should know: a bootstrap wheel, a yanked file, a retry."""
