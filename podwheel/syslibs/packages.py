"""A distribution's packages: what each is, what it needs, and how much of the distribution needs it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from attrs import frozen

from podwheel.errors import FileIndexDamaged

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from podwheel.syslibs.lines import SortedLines

_FIELDS: Final = 8
_DEBIAN_NAME: Final = re.compile(r"(?:^|[,|])\s*([^\s,|:(\[<]+)")
_DEVELOPMENT: Final = re.compile(r".*-dev(el)?")


@frozen(kw_only=True)
class Package:
    """One package, in the newest version that the distribution offers."""

    name: str
    version: str
    architecture: str
    """As the distribution spells it; ``all`` or ``noarch`` for any."""
    section: str
    """Debian's section (``libdevel``), an RPM's group; maybe empty."""
    source: str
    """The source package's name."""
    size: int
    """Bytes, once it is installed."""
    depends: tuple[tuple[str, ...], ...]
    """What must be installed with it; of each, the packages that would do, the distribution's
    first choice first. Names alone, without versions and architectures."""
    provides: tuple[str, ...]
    """Other names that it answers to; of an RPM: its capabilities."""


def is_development(name: str, section: str) -> bool:
    """Whether a package is for building, by the distribution's own marks.

    Those are Debian's section ``libdevel``, and a name that ends in ``-dev`` (Debian) or ``-devel`` (RPM).
    """
    return section.rpartition("/")[2] == "libdevel" or _DEVELOPMENT.fullmatch(name) is not None


class Packages:
    """All packages of a distribution, one a line in the index's file ``packages`` (docs/targets.md).

    May be used by several threads at once: what is worked out late is worked out whole.
    """

    def __init__(self, lines: SortedLines, *, rpm: bool) -> None:
        self._lines = lines
        self._rpm = rpm
        self._providers: dict[str, tuple[str, ...]] | None = None
        self._dependents: dict[str, tuple[str, ...]] | None = None

    def get(self, name: str) -> Package | None:
        """The package of that name, or None.

        Raises:
            FileIndexDamaged: Its line is none.
        """
        for line in self._lines.starting(f"{name}\t".encode("utf-8", "surrogateescape")):
            fields = _fields(line)
            return Package(
                name=fields[0],
                version=fields[1],
                architecture=fields[2],
                section=fields[3],
                source=fields[4],
                size=_kibibytes(fields[5]) * 1024,
                depends=self._depends(fields[6]),
                provides=tuple(self._provides(fields[7])),
            )
        return None

    def section(self, name: str) -> str:
        """The section of the package of that name; empty where there is none."""
        for line in self._lines.starting(f"{name}\t".encode("utf-8", "surrogateescape")):
            return _fields(line)[3]
        return ""

    def dependents(self, name: str) -> tuple[str, ...]:
        """The packages that name it among what they need, as the first choice or as an alternative.

        An RPM needs capabilities: they count for every package that provides them. The first call
        reads all packages, which takes about half a second.
        """
        if self._dependents is None:
            found: dict[str, list[str]] = {}
            for line in self._lines.starting(b""):
                fields = _fields(line)
                needed = (
                    {one for some in self._depends(fields[6]) for one in some}
                    if self._rpm
                    else set(_DEBIAN_NAME.findall(fields[6]))
                )
                for one in needed:
                    found.setdefault(one, []).append(fields[0])
            self._dependents = {one: tuple(names) for one, names in found.items()}
        return self._dependents.get(name, ())

    def _depends(self, field: str) -> tuple[tuple[str, ...], ...]:
        if not self._rpm:
            return tuple(tuple(_DEBIAN_NAME.findall(one)) for one in field.split(",") if one)
        found = (
            tuple(
                dict.fromkeys(
                    name
                    for capability in _rpm_alternatives(one)
                    for name in self._providers_of(capability)
                )
            )
            for one in _rpm_list(field)
        )
        return tuple(dict.fromkeys(filter(None, found)))

    def _provides(self, field: str) -> Iterable[str]:
        if self._rpm:
            return (one.split(maxsplit=1)[0] for one in _rpm_list(field))
        names: list[str] = _DEBIAN_NAME.findall(field)
        return names

    def _providers_of(self, capability: str) -> tuple[str, ...]:
        """The packages that have a capability; nobody lists those of rpm itself, and few list files."""
        if self._providers is None:
            found: dict[str, dict[str, None]] = {}
            for line in self._lines.starting(b""):
                fields = _fields(line)
                for one in (fields[0], *self._provides(fields[7])):
                    found.setdefault(one, {})[fields[0]] = None
            self._providers = {one: tuple(names) for one, names in found.items()}
        return self._providers.get(capability, ())


def _fields(line: bytes) -> list[str]:
    fields = line.decode("utf-8", "replace").split("\t")
    if len(fields) != _FIELDS:
        raise damaged(f"a line of `packages` has {len(fields)} fields: {fields[0][:80]}")
    return fields


def _kibibytes(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise damaged(f"{text[:40]!r} is no size of a package")
    return int(text)


def _rpm_list(field: str) -> Iterator[str]:
    """Capabilities, each maybe with a version. A comma alone may be part of one's name."""
    return (one for one in field.split(", ") if one and not one.startswith("rpmlib("))


def _rpm_alternatives(requirement: str) -> Iterator[str]:
    """``libfoo.so.1()(64bit)``, ``foo >= 1``, ``(foo or bar)``, ``(foo >= 1 with foo < 2)`` → names.

    Of a rich dependency (rpm 4.13) what comes first counts: what is after ``if`` is a condition.
    """
    if not requirement.startswith("("):
        yield requirement.split(maxsplit=1)[0]
        return
    for one in requirement[1:].removesuffix(")").split(" or "):
        if words := one.lstrip("(").split():
            yield words[0]


def damaged(why: str) -> FileIndexDamaged:
    """The error for an index that was made wrongly, or changed since."""
    return FileIndexDamaged(
        f"the index of the distribution's files is damaged: {why}",
        hint="make it again: podwheel target build --refresh NAME",
    )
