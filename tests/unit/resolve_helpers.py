"""A package index and its metadata in memory, for the tests of the resolve room."""

from __future__ import annotations

import contextlib
import datetime
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import evolve
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.tags import Tag
from packaging.utils import NormalizedName, canonicalize_name
from packaging.version import Version

from podwheel.errors import MetadataUnusable, PodwheelError, ProjectNotFound
from podwheel.model import (
    ArchiveUrl,
    Direct,
    File,
    Format,
    Formats,
    Hash,
    Interpreter,
    LocalDirectory,
    Metadata,
    Origin,
    Pin,
    Resolution,
    VcsUrl,
    Wanted,
)
from podwheel.resolve import Candidate, Policy, resolve
from podwheel.resolve.inputs import Preferred
from podwheel.resolve.needs import direct_key

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

LINUX = "manylinux_2_17_x86_64"
HERE = f"cp313-cp313-{LINUX}"
ANY = Policy(formats=Formats(default=Format.ANY))


def python(version: str = "3.13.5") -> Interpreter:
    """The target's Python: CPython on x86-64 Linux."""
    series = ".".join(version.split(".")[:2])
    short = "cp" + series.replace(".", "")
    return Interpreter(
        executable="/usr/bin/python3",
        version=version,
        implementation="cpython",
        markers=tuple(
            sorted(
                {
                    "implementation_name": "cpython",
                    "implementation_version": version,
                    "os_name": "posix",
                    "platform_machine": "x86_64",
                    "platform_python_implementation": "CPython",
                    "platform_release": "6.1.0",
                    "platform_system": "Linux",
                    "platform_version": "#1 SMP",
                    "python_full_version": version,
                    "python_version": series,
                    "sys_platform": "linux",
                }.items()
            )
        ),
        tags=(
            Tag(short, short, LINUX),
            Tag(short, "abi3", LINUX),
            Tag(short, "none", LINUX),
            Tag("py3", "none", LINUX),
            Tag("py3", "none", "any"),
        ),
        purelib=f"lib/python{series}/site-packages",
        platlib=f"lib/python{series}/site-packages",
        include=f"include/python{series}",
        libc=("glibc", "2.41"),
        machine="x86_64",
        ext_suffix=f".cpython-{series.replace('.', '')}-x86_64-linux-gnu.so",
    )


def digest(text: str) -> str:
    """A made-up sha256 that shows what it is of."""
    return text.encode().hex().ljust(64, "0")[:64]


def sha(text: str) -> Hash:
    return Hash(algorithm="sha256", digest=digest(text))


def file(filename: str, **fields: Any) -> File:
    """A file of the made-up index; its hash is made from its name."""
    fields.setdefault("hashes", (sha(filename),))
    return File(
        filename=filename,
        url=f"https://files.example.org/{filename}",
        index="https://index.example.org/simple",
        **fields,
    )


def line(
    text: str,
    number: int = 1,
    *,
    source: str = "requirements.txt",
    direct: Direct | None = None,
    **fields: Any,
) -> Wanted:
    """One line of a requirements file; a text that is no requirement needs *direct*."""
    nameless = direct is not None and text.startswith(".")
    return Wanted(
        origin=Origin(source=source, line=number),
        text=text,
        requirement=None if nameless else Requirement(text),
        direct=direct,
        **fields,
    )


def lines(*texts: str, source: str = "requirements.txt") -> tuple[Wanted, ...]:
    return tuple(line(text, n, source=source) for n, text in enumerate(texts, 1))


class World:
    """Projects with their versions, as `Packages` and `MetadataSource` at once.

    Args:
        projects: name → version → requirements; every version has a source and, unless
            *wheels* is empty, a wheel of each of these tags.
    """

    def __init__(
        self,
        projects: dict[str, dict[str, Sequence[str]]] | None = None,
        *,
        wheels: Sequence[str] = (),
    ) -> None:
        self.listed: dict[NormalizedName, list[File]] = {}
        self.metadata: dict[tuple[str, Version], Metadata] = {}
        self.broken: dict[str, PodwheelError] = {}
        self.directs: dict[tuple[str | None, ...], Metadata | PodwheelError] = {}
        self.asked_files: Counter[str] = Counter()
        self.asked_metadata: Counter[str] = Counter()
        self.prefetched: list[tuple[str, ...]] = []
        self.looks_ahead = False
        """Prefetched names are followed at once, in the same thread."""
        self.ahead_of: list[str] = []
        self.chains: dict[str, tuple[str, ...]] = {}
        self.seen_candidates: list[Candidate] = []
        self.repositories: dict[str, str] = {}
        self.asked_repository: list[str] = []
        for name, versions in (projects or {}).items():
            for version, requires in versions.items():
                self.add(name, version, requires, wheels=wheels)

    def add(
        self,
        name: str,
        version: str,
        requires: Sequence[str] = (),
        *,
        wheels: Sequence[str] = (),
        sdist: bool = True,
        requires_python: str | None = None,
        extras: Iterable[str] = (),
        **fields: Any,
    ) -> None:
        """One version; *fields* go to its files, *requires_python* only to its metadata."""
        base = f"{name.replace('-', '_')}-{version}"
        names = [f"{base}.tar.gz"] if sdist else []
        names += [f"{base}-{tag}.whl" for tag in wheels]
        found = self.listed.setdefault(canonicalize_name(name), [])
        found.extend(file(filename, **fields) for filename in names)
        self.metadata[name, Version(version)] = metadata(
            name, version, requires, requires_python=requires_python, extras=extras
        )

    def put(self, name: str, *files: File) -> None:
        """Files of a project; their metadata is empty unless it was told."""
        self.listed.setdefault(canonicalize_name(name), []).extend(files)

    def refer(self, direct: Direct, found: Metadata | PodwheelError) -> None:
        self.directs[direct_key(direct)] = found

    # Packages

    def files(self, name: NormalizedName) -> tuple[File, ...]:
        self.asked_files[name] += 1
        if name not in self.listed:
            raise ProjectNotFound(f"there is no project {name}", hint="check the spelling")
        return tuple(self.listed[name])

    def prefetch(self, names: Sequence[NormalizedName], then: Any) -> None:
        self.prefetched.append(tuple(names))
        if self.looks_ahead:
            for name in names:
                with contextlib.suppress(PodwheelError):
                    then(name, tuple(self.listed.get(name, ())))

    # MetadataSource

    def of(self, candidate: Candidate, wanted_by: Sequence[str]) -> Metadata:
        self.asked_metadata[str(candidate)] += 1
        self.chains[str(candidate)] = tuple(wanted_by)
        self.seen_candidates.append(candidate)
        assert candidate.file is not None
        if candidate.file.filename in self.broken:
            raise self.broken[candidate.file.filename]
        key = (candidate.name, candidate.version)
        return self.metadata.get(key) or metadata(candidate.name, str(candidate.version))

    def ahead(self, candidate: Candidate) -> Metadata | None:
        self.ahead_of.append(str(candidate))
        return self.metadata.get((candidate.name, candidate.version))

    def of_direct(
        self, direct: Direct, hashes: tuple[Hash, ...], wanted_by: Sequence[str]
    ) -> Metadata:
        key = direct_key(direct)
        self.asked_metadata[str(key)] += 1
        self.chains[str(key)] = tuple(wanted_by)
        found = self.directs[key]
        if isinstance(found, PodwheelError):
            raise found
        return found

    def repository(self, wheel: File) -> str | None:
        self.asked_repository.append(wheel.filename)
        return self.repositories.get(wheel.filename)

    # the room itself

    def resolve(
        self,
        *wanted: str | Wanted,
        constraints: Sequence[Wanted] = (),
        policy: Policy = ANY,
        preferred: Sequence[Pin] = (),
        version: str = "3.13.5",
        max_rounds: int = 10_000,
    ) -> Resolution:
        numbered = tuple(line(w, n) if isinstance(w, str) else w for n, w in enumerate(wanted, 1))
        return resolve(
            numbered,
            constraints=constraints,
            python=python(version),
            packages=self,
            metadata=self,
            policy=policy,
            preferred=Preferred(tree=Resolution(pins=tuple(preferred))),
            where="debian-13",
            max_rounds=max_rounds,
        )


def metadata(
    name: str,
    version: str,
    requires: Sequence[str] = (),
    *,
    requires_python: str | None = None,
    extras: Iterable[str] = (),
) -> Metadata:
    return Metadata(
        name=name,
        version=Version(version),
        requires=tuple(Requirement(r) for r in requires),
        requires_python=None if requires_python is None else SpecifierSet(requires_python),
        extras=frozenset(canonicalize_name(e) for e in extras),
    )


def chosen(resolution: Resolution) -> dict[str, str]:
    """name → version."""
    return {pin.name: str(pin.version) for pin in resolution.pins}


def filenames(resolution: Resolution) -> dict[str, str]:
    return {pin.name: pin.file.filename for pin in resolution.pins if pin.file}


def policy(**fields: Any) -> Policy:
    """`ANY` with some fields changed."""
    return evolve(ANY, **fields)


def formats(**fields: Any) -> Policy:
    return evolve(ANY, formats=Formats(**fields))


def unusable(what: str) -> MetadataUnusable:
    return MetadataUnusable(what)


def day(number: int) -> datetime.datetime:
    """A day of January 2026, at midnight UTC."""
    return datetime.datetime(2026, 1, number, tzinfo=datetime.UTC)


def archive(url: str, **fields: Any) -> ArchiveUrl:
    return ArchiveUrl(url=url, **fields)


def git(url: str, ref: str | None = None) -> VcsUrl:
    return VcsUrl(url=url, ref=ref)


def directory(path: str) -> LocalDirectory:
    return LocalDirectory(path=Path(path))


def story(error: PodwheelError) -> str:
    """All that a user is shown of an error, as one text."""
    parts = [error.what]
    parts += [f"  {said}" for said in error.said.splitlines()]
    parts += [f"  wanted by {who}" for who in error.wanted_by]
    parts += [f"  hint: {hint}" for hint in error.hint]
    return "\n".join(parts)
