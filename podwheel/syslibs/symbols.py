"""The least version of a package that has the symbols which a wheel uses (deb-symbols(5), deb-shlibs(5)).

As dpkg-shlibdeps(1) finds it for Debian's own packages: the *symbols* file of the library tells
in which version each symbol came; where there is none, the *shlibs* file tells one version for
all. Both lie in ``/var/lib/dpkg/info`` of the image in which a wheel was linked. The RPM families
keep nothing of the kind: their packages depend on sonames alone.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from attrs import field, frozen

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_TEMPLATE: Final = "#MINVER#"

# ` name@VERSION minimal-version [id-of-template]`. Tags are in the files of source packages only
# (deb-src-symbols(5)); a few tools leave them in, and dpkg-shlibdeps reads past them.
_SYMBOL: Final = re.compile(r" (?:\([^()]*\))?(\S+) (\S+)(?: (\d{1,4}))?$")
_SHLIB: Final = re.compile(r"\s*(?:(\S+):\s+)?(\S+)\s+(\S+)(?:\s+(\S.*?))?\s*")
_SONAME: Final = re.compile(r"(?P<a>.+)\.so\.(?P<b>.+)|(?P<c>.+)-(?P<d>\d.*)\.so")
_CLAUSE: Final = re.compile(r"([a-z0-9][a-z0-9+.-]*)(?:\s*\(\s*>=\s*(\S+?)\s*\))?")


@frozen(kw_only=True)
class Minimum:
    """What a package of the distribution would depend on for using a library so."""

    package: str
    version: str | None
    """The least version that will do; None: any."""
    dependency: str
    """All of it, as a Depends field says it: ``libpq5 (>= 12~)``, ``libblas3 | libblas.so.3``."""


@frozen(kw_only=True)
class Symbols:
    """The symbols and shlibs files of an image, not yet parsed but for what is where."""

    libraries: Mapping[str, tuple[tuple[str, ...], ...]] = field(repr=False)
    """soname → the lines of each entry that it has in symbols files."""
    shlibs: Mapping[tuple[str, str], tuple[str, ...]] = field(repr=False)
    """Library and version → dependencies, as shlibs files say them."""

    @classmethod
    def read(cls, symbols: str, shlibs: str) -> Symbols:
        """Find the entries in the concatenated texts of all files of each kind; lines that are no entry are passed over."""
        return cls(libraries=_entries(symbols), shlibs=_shlibs(shlibs))

    def minimum(self, soname: str, used: Iterable[str], *, package: str = "") -> Minimum | None:
        """What using these symbols of *soname* needs; None where the distribution says nothing.

        Args:
            used: ``name@VERSION``, or ``name@Base`` for a symbol without a version. Those that the
                library does not have are somebody else's.
            package: Where several packages have a library of that name: the one that is meant.
        """
        found = [
            minimum
            for lines in self.libraries.get(soname, ())
            if (minimum := _by_symbols(lines, frozenset(used)))
        ]
        match = _SONAME.fullmatch(soname)
        if not found and match:
            key = (match["a"] or match["c"], match["b"] or match["d"])
            found = [m for text in self.shlibs.get(key, ()) if (m := _of_dependency(text))]
        return next((m for m in found if m.package == package), found[0] if found else None)


def _entries(text: str) -> dict[str, tuple[tuple[str, ...], ...]]:
    """Each library's entries, each once: images of one distribution have most in common."""
    entries: dict[str, dict[tuple[str, ...], None]] = {}
    lines: list[str] = []
    soname = ""
    for line in [*text.splitlines(), ""]:
        if line[:1] in (" ", "|", "*", "#"):
            lines.append(line)
            continue
        if soname:
            entries.setdefault(soname, {})[tuple(lines)] = None
        soname, _, template = line.partition(" ")
        lines = [template]
    return {soname: tuple(found) for soname, found in entries.items()}


def _shlibs(text: str) -> dict[tuple[str, str], tuple[str, ...]]:
    shlibs: dict[tuple[str, str], dict[str, None]] = {}
    for line in text.splitlines():
        match = None if line.startswith("#") else _SHLIB.fullmatch(line)
        if match and match[1] in (None, "deb") and match[4]:  # udeb: the installer's packages
            shlibs.setdefault((match[2], match[3]), {})[match[4]] = None
    return {library: tuple(found) for library, found in shlibs.items()}


def _by_symbols(lines: tuple[str, ...], used: frozenset[str]) -> Minimum | None:
    """A library's entry: its first line holds the main template, a ``|`` line one more each."""
    templates = [lines[0].strip(), *(line[1:].strip() for line in lines if line.startswith("|"))]
    known = [match for line in lines if (match := _SYMBOL.fullmatch(line))]
    # dpkg-shlibdeps begins with the oldest version that any symbol of the main template came in:
    # a package may not always have had the library.
    oldest = min((m[2] for m in known if int(m[3] or 0) == 0), key=version_key, default=None)
    versions: dict[int, str | None] = {0: oldest}
    for match in known:
        number, since = int(match[3] or 0), match[2]
        if match[1] in used and number < len(templates):
            so_far = versions.get(number)
            if so_far is None or version_key(since) > version_key(so_far):
                versions[number] = since
    return _of_dependency(", ".join(_filled(versions, templates)))


def _filled(versions: Mapping[int, str | None], templates: list[str]) -> Iterator[str]:
    """Each clause once, with the newest version that any template asks for it."""
    clauses: dict[str, str | None] = {}
    for number, version in sorted(versions.items()):
        for clause in re.split(r"\s*,\s*", templates[number]):
            so_far = clauses.get(clause)
            if so_far is None or (version and version_key(version) > version_key(so_far)):
                clauses[clause] = version
    for clause, version in clauses.items():
        # Version 0 says: any that has the library.
        asked = f"(>= {version})" if version not in (None, "0") else ""
        yield " ".join(clause.replace(_TEMPLATE, asked).split())


def _of_dependency(text: str) -> Minimum | None:
    """The first package of a Depends field's text, and the least version that is asked of it."""
    match = _CLAUSE.match(text)
    return Minimum(package=match[1], version=match[2], dependency=text) if match else None


_Order = tuple[tuple[tuple[int, ...], tuple[int, str]], ...]


def version_key(version: str) -> tuple[tuple[int, str], _Order, _Order]:
    """Sorts versions as dpkg does (deb-version(7)): epoch, upstream version, Debian's revision.

    Our own, since the library for it (python-debian) would bring two more packages for these
    lines, and the order has not changed since 2003.
    """
    epoch, colon, rest = version.partition(":")
    if not colon:
        epoch, rest = "", version
    upstream, _, revision = rest.rpartition("-") if "-" in rest else (rest, "", "")
    return _number(epoch), _order(upstream), _order(revision)


_END: Final = ((0,), (0, ""))


def _order(part: str) -> _Order:
    pairs = [
        ((*map(_rank, words), 0), _number(digits))
        for words, digits in re.findall(r"([^0-9]*)([0-9]*)", part)
    ]
    while pairs and pairs[-1] == _END:  # a missing number is a zero: 1.0 is 1.0-0
        pairs.pop()
    return (*pairs, _END)


def _rank(character: str) -> int:
    """A tilde sorts before the end of a part (0), letters before all else."""
    if character == "~":
        return -1
    return ord(character) if character.isascii() and character.isalpha() else ord(character) + 256


def _number(digits: str) -> tuple[int, str]:
    """Compares as the number does, of any length: int() refuses more than 4,300 digits."""
    digits = digits.lstrip("0")
    return len(digits), digits
