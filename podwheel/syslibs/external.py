"""What a project says itself that it needs of the system: ``[external]`` of pyproject.toml (PEP 725).

The PEP is a draft, and its spelling has changed: ``pkg:generic/openssl`` and
``virtual:compiler/c`` became ``dep:generic/openssl`` and ``dep:virtual/compiler/c``; a version
range may follow an ``@`` or, as it was, an environment marker's place. All are read. The PEP asks
tools to raise an error at what is malformed; a declaration of a draft that cannot be read must
not end a build that needs nothing of it, so it is told instead (`External.unread`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote

from attrs import frozen
from packaging.markers import InvalidMarker, Marker, UndefinedComparison, UndefinedEnvironmentName

from podwheel.syslibs.found import compiler, missing, program
from podwheel.syslibs.lack import Kind, Lack, Missing
from podwheel.text import plain

if TYPE_CHECKING:
    from podwheel.syslibs.files import FileIndex

_MOST: Final = 100
"""Entries of one list that are read; a project that needs more of a system is none."""
_LONGEST: Final = 300

_ENTRY: Final = re.compile(
    r"""
    (?P<scheme>dep|pkg|virtual):(?://)?
    (?P<path>[^@?\#;\s]{1,200})
    (?:@(?P<version>[^?\#;]{1,100}))?
    (?:\?[^\#;]{0,100})?(?:\#[^;]{0,100})?
    (?P<range>\s+[<>=!~][^;]{1,100})?
    \s*(?:;\s*(?P<marker>.{1,200}))?
    """,
    re.VERBOSE,
)
_LEAST: Final = re.compile(r"(?:^|,)\s*(?:>=|>|==|~=)\s*([^\s,]{1,40})")

_FAMILIES: Final = frozenset({"apk", "alpm", "deb", "rpm"})
"""PURL types whose names are packages of a distribution's."""
_PURL_TYPES: Final = {"debian": "deb", "rpm": "rpm"}
"""The family of an index of files → the PURL type of its packages."""
_TOOL_LANGUAGES: Final = {"cargo": "rust", "golang": "go"}


@frozen(kw_only=True)
class Package:
    """A package of a distribution's, named exactly."""

    family: str
    """PURL's type: ``deb``, ``rpm``, ``apk``, ``alpm``."""
    distribution: str | None
    """PURL's namespace, in lower case: ``debian``, ``fedora``; None: any of that family."""
    name: str


@frozen(kw_only=True)
class External:
    """What a project declares; each tuple in the project's order, without the optional groups.

    The lacks are not sure: they are the project's words, and what they name may be there already.
    """

    build: tuple[Lack, ...] = ()
    """``build-requires``: tools of the machine that builds."""
    host: tuple[Lack, ...] = ()
    """``host-requires``: what is built against."""
    run: tuple[Lack, ...] = ()
    """``dependencies``: what is needed at run time only."""
    packages: tuple[Package, ...] = ()
    """Packages of distributions, of ``build-requires`` and ``host-requires``."""
    run_packages: tuple[Package, ...] = ()
    """Packages of distributions, of ``dependencies``."""
    unread: tuple[str, ...] = ()
    """What could not be read or looked for, harmless to show: ``host-requires: dep:cran/nat``."""


def known_packages(packages: Iterable[Package], files: FileIndex) -> tuple[str, ...]:
    """The names of those that are of the distribution's family, and that it has."""
    return tuple(
        package.name
        for package in packages
        if package.family == _PURL_TYPES.get(files.family)
        and files.package(package.name) is not None
    )


def declared(
    pyproject: Mapping[str, Any], environment: Mapping[str, str] | None = None
) -> External:
    """What the ``[external]`` table of a pyproject.toml declares (PEP 725).

    Args:
        pyproject: The parsed document; hostile.
        environment: The target's markers; an entry whose marker does not hold there is left out.
            None: entries count whatever their marker.

    Returns:
        What is declared; nothing if there is no such table. Never raises: what cannot be read
        is listed.
    """
    table = pyproject.get("external")
    if table is None:
        return External()
    if not isinstance(table, Mapping):
        return External(unread=("external: not a table",))
    lists = {
        key: _List(key=key, entries=table.get(key, ()), environment=environment)
        for key in ("build-requires", "host-requires", "dependencies")
    }
    build, host, run = (each.read() for each in lists.values())
    return External(
        build=build.lacks,
        host=host.lacks,
        run=run.lacks,
        packages=tuple(dict.fromkeys((*build.packages, *host.packages))),
        run_packages=run.packages,
        unread=(*build.unread, *host.unread, *run.unread),
    )


@frozen(kw_only=True)
class _Read:
    lacks: tuple[Lack, ...]
    packages: tuple[Package, ...]
    unread: tuple[str, ...]


@frozen(kw_only=True)
class _List:
    """One of the three lists."""

    key: str
    entries: object
    environment: Mapping[str, str] | None

    def read(self) -> _Read:
        lacks: dict[tuple[Missing, ...], Lack] = {}
        packages: dict[Package, None] = {}
        unread: list[str] = []
        for said, match in self._matched(unread):
            one = self._one(match)
            if isinstance(one, Package):
                packages[one] = None
            elif one:
                lacks.setdefault(one, Lack(any_of=one, sure=False, said=said))
            else:
                unread.append(said)
        return _Read(lacks=tuple(lacks.values()), packages=tuple(packages), unread=tuple(unread))

    def _matched(self, unread: list[str]) -> Iterator[tuple[str, re.Match[str]]]:
        """The entries that are specifiers and hold for the target, with how to show them."""
        if not isinstance(self.entries, list | tuple):
            unread.append(f"{self.key}: not an array")
            return
        for entry in self.entries[:_MOST]:
            said = f"{self.key}: {plain(str(entry)[:_LONGEST])}"
            match = _ENTRY.fullmatch(entry.strip()) if _is_short_text(entry) else None
            try:
                if match is None:
                    unread.append(said)
                elif self._holds(match["marker"]):
                    yield said, match
            except (InvalidMarker, UndefinedComparison, UndefinedEnvironmentName):
                unread.append(said)
        if len(self.entries) > _MOST:
            unread.append(f"{self.key}: {len(self.entries) - _MOST} more")

    def _holds(self, marker: str | None) -> bool:
        if marker is None:
            return True
        parsed = Marker(marker)
        return self.environment is None or parsed.evaluate(dict(self.environment))

    def _one(self, match: re.Match[str]) -> Package | tuple[Missing, ...]:
        """A distribution's package, or what to look for; an empty tuple: it says nothing to us."""
        parts = [unquote(part) for part in match["path"].strip("/").split("/")]
        if match["scheme"] == "virtual":
            parts.insert(0, "virtual")
        minimum = _least(match["version"], match["range"])
        kind, *namespace, name = parts[0].lower(), *parts[1:-1], parts[-1]
        if len(parts) < 2:
            return ()
        if kind in _FAMILIES:
            return _package(kind, namespace, name)
        if kind == "virtual":
            return _virtual(namespace, name, minimum)
        if kind in ("generic", "github", "gitlab", "bitbucket"):
            return self._thing(name, minimum)
        if kind in _TOOL_LANGUAGES and self.key != "host-requires":
            return missing(Kind.NAME, name, minimum)
        return ()

    def _thing(self, name: str, minimum: str | None) -> tuple[Missing, ...]:
        """A canonical name: of a tool to run, or of a library (with its development files)."""
        named = missing(Kind.NAME, name, minimum)
        if self.key == "build-requires":
            return (*_versioned(program(name), minimum), *named)
        if self.key == "host-requires":
            stem = name.removeprefix("lib")
            library = missing(Kind.LIBRARY, stem, minimum) if stem else ()
            return (*missing(Kind.PKG_CONFIG, name, minimum), *library, *named)
        return named


def _is_short_text(entry: object) -> bool:
    return isinstance(entry, str) and len(entry) <= _LONGEST


def _least(version: str | None, constraint: str | None) -> str | None:
    """The least version of ``1.1``, ``>=1.1,<4`` or percent-encoded ``%3E%3D1.1``."""
    text = unquote(version or constraint or "").strip()
    found = _LEAST.search(text)
    return found[1] if found else text or None


def _package(family: str, namespace: list[str], name: str) -> Package | tuple[Missing, ...]:
    """A name of the distribution's; one that could be an option or a path is none."""
    checked = missing(Kind.NAME, name)
    if not checked or len(namespace) > 1 or not all(missing(Kind.NAME, n) for n in namespace):
        return ()
    return Package(
        family=family, distribution=namespace[0].lower() if namespace else None, name=name
    )


def _virtual(namespace: list[str], name: str, minimum: str | None) -> tuple[Missing, ...]:
    if namespace == ["compiler"]:
        return _versioned(compiler(name), minimum)
    if namespace == ["interface"]:  # blas, lapack, mpi: the names of modules and packages too
        kinds = (Kind.PKG_CONFIG, Kind.LIBRARY, Kind.NAME)
        return tuple(m for kind in kinds for m in missing(kind, name, minimum))
    return ()


def _versioned(found: tuple[Missing, ...], minimum: str | None) -> tuple[Missing, ...]:
    return tuple(v for m in found for v in missing(m.kind, m.name, minimum)) if minimum else found
