"""The record of a run, ``podwheel.json``: what was built from what, how long it took, what held.

Plain data for machines. It holds no path of the host and no credentials; `RunRecord.to_json`
gives what is written, `RunRecord.from_json` reads it back.
"""

from __future__ import annotations

import datetime
import json
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from attrs import asdict, fields, frozen

from podwheel.errors import WheelhouseUnusable
from podwheel.seal.entry import redacted

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

RECORD = "podwheel.json"
SCHEMA = 4
"""Raised when a reader of the old form would misread, or refuse, the new one."""
_READ = (1, 2, 3, SCHEMA)

_Facts = tuple[tuple[str, str], ...]


@frozen(kw_only=True)
class TargetRecord:
    """The system that the wheels are for."""

    name: str
    fingerprint: str
    runtime_image: str
    """The image's digest."""
    build_image: str
    python: str
    libc: str
    """``glibc 2.41``."""
    machine: str


@frozen(kw_only=True)
class SystemPackageRecord:
    """One package of the distribution that a build image had beside the target's own."""

    name: str
    version: str | None
    """As it was installed."""
    reason: str
    """``header libpq-fe.h``, or who wrote it down."""
    path: str | None = None
    """The file of it that was missing."""
    rivals: tuple[str, ...] = ()
    """Other packages that have such a file."""


@frozen(kw_only=True)
class RuntimePackageRecord:
    """One package of the distribution that wheels need where they run."""

    name: str
    why: Literal["linked", "loaded", "configured", "declared"]
    """``NEEDED`` of their libraries, an import that failed without it, or podwheel.toml."""
    minimum: str | None
    libraries: tuple[str, ...]
    needed_by: tuple[str, ...]
    present: bool
    """It is in the pristine target already."""


@frozen(kw_only=True)
class ServerRecord:
    """What a server needs beside the wheels."""

    line: str
    """To be pasted; empty: nothing is needed."""
    packages: tuple[RuntimePackageRecord, ...]
    unprovided: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """Libraries that no package is known to have, each with who needs it."""


@frozen(kw_only=True)
class InputRecord:
    """What a step read beside its source and its build environment."""

    kind: Literal["crates", "toolchain", "fetch", "lock"]
    name: str
    """``rust 1.95.0``, ``46 crates``, a URL, or a path in the source."""
    digest: str
    """sha256 (hex) of its content, or ``git:<commit>``."""
    reason: str = ""
    """Who asked for it."""


@frozen(kw_only=True)
class CompilationsRecord:
    """What a step's compiler cache was asked for, by the container's word."""

    found: int
    compiled: int
    """Those that were not found."""


@frozen(kw_only=True)
class StepRecord:
    """One build step, whenever it ran."""

    id: str
    package: str
    version: str
    outcome: Literal["built", "reused", "failed", "skipped"]
    started: datetime.datetime | None = None
    """Aware, UTC; None where it never started."""
    ended: datetime.datetime | None = None
    cpu_seconds: float | None = None
    hooks_cpu_seconds: float | None = None
    """The part of it that the package's own hooks used."""
    peak_memory: int | None = None
    """Bytes."""
    ccache: CompilationsRecord | None = None
    """None: it was built without a compiler cache."""
    environment: str | None = None
    """The id of an `EnvironmentRecord`."""
    backend: str | None = None
    variables: _Facts = ()
    """Environment variables that the build was given, compiler flags among them."""
    enforced: _Facts = ()
    """What the sandbox did enforce, not what was asked of it: ``("memory", "4 GiB")``."""
    log: str | None = None
    """In the wheelhouse, ``logs/numpy-2.0.log``."""
    system_packages: tuple[SystemPackageRecord, ...] = ()
    inputs: tuple[InputRecord, ...] = ()
    """Crates, toolchains of the host, declared downloads."""
    remedies: _Facts = ()
    """What it was mended with, each with the line of a log that asked for it (docs/remedies.md)."""
    requirement: bool = False
    """It made a build requirement; False: a wheel of the wheelhouse."""
    wheel: str | None = None
    """sha256 of the wheel that it made, as environments name it."""
    source_url: str | None = None
    source_sha256: str | None = None
    commit: str | None = None

    @property
    def duration(self) -> float | None:
        """Seconds."""
        if self.started is None or self.ended is None:
            return None
        return (self.ended - self.started).total_seconds()


@frozen(kw_only=True)
class EnvironmentRecord:
    """A build environment."""

    id: str
    wheels: tuple[tuple[str, str, str], ...]
    """Name, version and sha256 of each."""


@frozen(kw_only=True)
class BundledRecord:
    """One shared library that ``--portable`` put into a wheel."""

    path: str
    """In the wheel."""
    original: str
    package: str | None
    """The distribution's package that it came from."""
    version: str | None
    licences: tuple[str, ...]
    """Paths in the wheel."""


@frozen(kw_only=True)
class PackageRecord:
    """One wheel of the wheelhouse."""

    name: str
    version: str
    filename: str
    sha256: str
    size: int
    origin: Literal["built", "upstream"]
    source_url: str | None = None
    source_sha256: str | None = None
    commit: str | None = None
    step: str | None = None
    wanted_by: tuple[str, ...] = ()
    modules: tuple[str, ...] = ()
    extensions: tuple[str, ...] = ()
    installed: bool | None = None
    """What verification found; None: it did not run."""
    imported: bool | None = None
    lost: str | None = None
    """Upstream's wheel that has extension modules, where this one, built here, has none."""
    policy: str | None = None
    """``--portable``: the oldest system that it claims, ``manylinux_2_31``."""
    bundled: tuple[BundledRecord, ...] = ()
    notes: tuple[str, ...] = ()
    """For example: which upstream wheel broke a circle of build requirements."""


@frozen(kw_only=True)
class TrustRecord:
    """Bytes that nobody here built, and that a wheel, or its proof, came to be with."""

    kind: str
    """``image`` (a base system with the distribution's packages), ``seed``, ``wheel`` (upstream's, in
    the wheelhouse), ``build-wheel`` (upstream's, in build environments), ``toolchain`` (this host's),
    ``fetch`` (a declared download), ``shared`` (built by others, taken from a shared store), ``tool``
    (podwheel's own); later ones may know more kinds."""
    name: str
    version: str | None = None
    """Of an image: the hash of its recipe."""
    sha256: str | None = None
    """Of an image: its id."""
    used_by: tuple[str, ...] = ()
    """The steps, ``flask 3.1.3``; sorted."""
    note: str = ""


@frozen(kw_only=True)
class RunRecord:
    """A run that published a wheelhouse."""

    created: datetime.datetime
    """Aware, UTC."""
    podwheel: str
    """Our version."""
    request: tuple[str, ...]
    """The requirements as they were written, one line each, without credentials."""
    target: TargetRecord
    packages: tuple[PackageRecord, ...]
    steps: tuple[StepRecord, ...] = ()
    environments: tuple[EnvironmentRecord, ...] = ()
    enforced: _Facts = ()
    """What held for every container of the run."""
    server: ServerRecord | None = None
    verdict: Literal["passed", "failed", "not run"] = "not run"
    build_deps: Literal["wheel", "source"] = "wheel"
    """What build requirements were: upstream's wheels where one fits, or built here."""
    trust: tuple[TrustRecord, ...] = ()
    """The trust root; everything else in the wheelhouse was made by `steps`, of sources."""

    def to_json(self) -> dict[str, Any]:
        """Plain data; times are ISO 8601 in UTC, URLs are without credentials."""
        plain = asdict(self, value_serializer=lambda _, __, value: _plain(value))
        return {"schema": SCHEMA, **plain}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> RunRecord:
        """Read what `to_json` gave.

        Raises:
            WheelhouseUnusable: It is no such record, or of a later podwheel.
        """
        schema = document.get("schema")
        if schema not in _READ:
            raise WheelhouseUnusable(
                f"{RECORD} has the form {schema!r}; this podwheel reads form {SCHEMA}",
                hint="use the podwheel that wrote it, or a newer one",
            )
        try:
            return _read(cls, {key: v for key, v in document.items() if key != "schema"})
        except (TypeError, ValueError, KeyError, AttributeError) as error:
            raise WheelhouseUnusable(f"{RECORD} is damaged ({error})") from error


def joint_record(records: Sequence[RunRecord]) -> dict[str, Any]:
    """What is written for a wheelhouse of several targets: ``runs``, one record a target."""
    return {"schema": SCHEMA, "runs": [record.to_json() for record in records]}


def records_of(document: Mapping[str, Any]) -> tuple[RunRecord, ...]:
    """What a record's file says of each run: one for each target of the wheelhouse.

    Raises:
        WheelhouseUnusable: It is no such record, or of a later podwheel.
    """
    return tuple(RunRecord.from_json(one) for one in run_documents(document))


def run_documents(document: Mapping[str, Any]) -> tuple[Mapping[str, Any], ...]:
    """The same, whichever podwheel wrote it."""
    runs = document.get("runs")
    if runs is None:
        return (document,)
    if not isinstance(runs, list) or not runs or not all(isinstance(one, dict) for one in runs):
        raise WheelhouseUnusable(f"{RECORD} is damaged (its runs)")
    return tuple(runs)


def read_record(path: Path) -> dict[str, Any]:
    """The JSON object in a record's file, whichever podwheel wrote it.

    Raises:
        WheelhouseUnusable: It is no record.
    """
    try:
        document = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise WheelhouseUnusable(f"{path} cannot be read ({error})") from error
    if not isinstance(document, dict) or "schema" not in document:
        raise WheelhouseUnusable(f"{path} is not a record of podwheel's")
    return document


def _plain(value: Any) -> Any:
    if isinstance(value, datetime.datetime):
        return value.astimezone(datetime.UTC).isoformat()
    if isinstance(value, str):
        return redacted(value)
    return value


_T = TypeVar("_T")

_PARTS: dict[tuple[type[Any], str], type[Any]] = {
    (RunRecord, "target"): TargetRecord,
    (RunRecord, "packages"): PackageRecord,
    (RunRecord, "steps"): StepRecord,
    (RunRecord, "environments"): EnvironmentRecord,
    (RunRecord, "server"): ServerRecord,
    (RunRecord, "trust"): TrustRecord,
    (PackageRecord, "bundled"): BundledRecord,
    (StepRecord, "system_packages"): SystemPackageRecord,
    (StepRecord, "inputs"): InputRecord,
    (StepRecord, "ccache"): CompilationsRecord,
    (ServerRecord, "packages"): RuntimePackageRecord,
}


def _read(kind: type[_T], document: Mapping[str, Any]) -> _T:
    """Make a record of plain data; unknown keys are refused."""
    known = {attribute.name for attribute in fields(kind)}  # type: ignore[arg-type]  # all are attrs classes
    if unknown := document.keys() - known:
        raise ValueError(f"unknown key {min(unknown)}")
    return kind(**{key: _value(kind, key, value) for key, value in document.items()})


def _value(kind: type[Any], key: str, value: Any) -> Any:
    part = _PARTS.get((kind, key))
    if part is not None and value is not None:
        if isinstance(value, list):
            return tuple(_read(part, v) for v in value)
        return _read(part, value)
    if value is not None and key in ("created", "started", "ended"):
        return datetime.datetime.fromisoformat(value)
    return _tuples(value)


def _tuples(value: Any) -> Any:
    return tuple(map(_tuples, value)) if isinstance(value, list) else value
