"""What ``podwheel target capture`` found on a server (docs/capture.md): its JSON, read as hostile data.

The description comes from another machine, and may have been edited: every value has a type and a
shape that are checked, and a complaint names the file and the key.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from attrs import field, frozen

from podwheel.errors import TargetFileError
from podwheel.targets.installed import Installed
from podwheel.targets.tags import cpython_abi_flags, wheel_tags

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from packaging.tags import Tag

FORMAT: Final = "podwheel-capture"
"""The key whose value is the version of the form."""
_VERSION: Final = 1
_MOST_BYTES: Final = 32 << 20
"""A server with everything has some thousand packages and libraries: half a megabyte."""
_MOST_ITEMS: Final = 100_000
_LONGEST: Final = 1000

_WORD: Final = re.compile(r"[A-Za-z0-9_.+-]{0,100}")
_PYTHON: Final = re.compile(r"\d{1,3}\.\d{1,3}\.\d{1,4}[A-Za-z0-9.+]{0,40}")
_LIBC: Final = re.compile(r"(?:([a-z]{1,20}) (\d{1,3}(?:\.\d{1,4}){1,3}))?")
_PACKAGE: Final = re.compile(r"[A-Za-z0-9][\w.+-]*", re.ASCII)
_NUMBER: Final = re.compile(r"[0-9]{1,2}")
_ABSOLUTE: Final = re.compile(r"/[^\s:]*")

AGAIN: Final = "podwheel target capture | ssh SERVER sh > {}"
"""How a description is made; with the file's name."""


def script() -> str:
    """The POSIX shell script that describes the server that it runs on."""
    return Path(__file__).with_name("capture.sh").read_text("ascii")


@frozen(kw_only=True)
class CapturedPython:
    """One Python of the server."""

    path: str
    """Where it is, links followed."""
    names: tuple[str, ...]
    """Absolute paths that lead to it, `path` maybe among them."""
    version: str
    implementation: str
    tags: tuple[Tag, ...] = field(repr=False)
    """Wheel tags that it accepts, most specific first."""

    @property
    def series(self) -> str:
        """``3.13``."""
        return ".".join(self.version.split(".")[:2])

    def __str__(self) -> str:
        return (
            f"{self.names[0] if self.names else self.path} ({self.implementation} {self.version})"
        )


@frozen(kw_only=True)
class Capture:
    """A server, as it described itself."""

    source: str
    """The file, as the user named it."""
    made: str
    """When, as the server's clock said: ``2026-01-31T12:00:00Z``."""
    id: str
    """os-release's: ``debian``; empty: not known."""
    id_like: tuple[str, ...]
    version_id: str
    codename: str
    name: str
    """For people: ``Debian GNU/Linux 13 (trixie)``."""
    machine: str
    cpu: str
    """``x86-64-v3``; empty where it is not known, or there is no such word."""
    libc: tuple[str, str]
    """``("glibc", "2.41")``; empty strings: not known."""
    family: str
    """``debian``, ``rpm``, or empty: its packages are not known."""
    pythons: tuple[CapturedPython, ...]
    python3: str
    """What ``python3`` means in a shell there; empty: nothing."""
    sources: tuple[str, ...]
    """Where its packages come from: lines of sources.list, ``[id] URL``."""
    packages: Mapping[str, Installed] = field(repr=False)
    """By name; those of its own architecture."""
    libraries: frozenset[str] = field(repr=False)
    """The names that its loader finds."""

    def python(self, named: str) -> CapturedPython | None:
        """The Python that this absolute path leads to."""
        return next((p for p in self.pythons if named in (p.path, *p.names)), None)

    @property
    def default_python(self) -> str:
        """The path of the Python that is meant where nobody says one.

        Raises:
            TargetFileError: It has none, or several and no ``python3``.
        """
        for name in (self.python3, "/usr/bin/python3"):
            if self.python(name):
                return name
        if len(self.pythons) == 1:
            (only,) = self.pythons
            return only.names[0] if only.names else only.path
        raise self.no_python("python3")

    def no_python(self, named: str) -> TargetFileError:
        """The error for a Python that is not there, for the caller to raise."""
        if not self.pythons:
            return TargetFileError(
                f"{self.source}: there was no Python on the server",
                hint=("install one there, and capture again:", AGAIN.format(self.source)),
            )
        return TargetFileError(
            f"{self.source}: the server has no {named}; it has {', '.join(map(str, self.pythons))}",
            hint="a target file says which is meant: `capture` and `python` (docs/capture.md)",
        )


def read(path: Path, *, shown: str) -> Capture:
    """Read a description.

    Args:
        shown: The file as the user named it.

    Raises:
        TargetFileError: It is not there, no such description, or one value of it cannot be.
    """
    document = _document(path, shown)
    values = _Values(document, source=shown)
    version = document.get(FORMAT)
    if version != _VERSION or isinstance(version, bool):
        raise _no_capture(shown, path, f"{FORMAT} is {version!r:.40}, not {_VERSION}")
    machine = values.word("machine")
    architecture = values.word("architecture", default="")
    return Capture(
        source=shown,
        made=values.text("made"),
        id=values.word("id"),
        id_like=tuple(values.text("id_like").split()),
        version_id=values.word("version_id"),
        codename=values.word("codename"),
        name=values.text("name") or "an unknown system",
        machine=machine,
        cpu=values.word("cpu"),
        libc=_system_libc(values),
        family=values.word("family"),
        pythons=tuple(_pythons(values)),
        python3=values.text("python3"),
        sources=values.texts("sources"),
        packages=_packages(values, architecture),
        libraries=frozenset(_libraries(values, machine, architecture)),
    )


def _document(path: Path, shown: str) -> Mapping[str, Any]:
    try:
        with path.open("rb") as file:
            data = file.read(_MOST_BYTES + 1)
    except FileNotFoundError:
        raise TargetFileError(
            f"there is no file {shown}", hint=("make it with", AGAIN.format(shown))
        ) from None
    except OSError as error:
        raise TargetFileError(f"{shown} cannot be read: {error.strerror}") from error
    if len(data) > _MOST_BYTES:
        raise _no_capture(shown, path, f"it is larger than {_MOST_BYTES >> 20} MB")
    if not data.strip():
        raise TargetFileError(
            f"{shown} is empty: the capture did not run to its end", hint=AGAIN.format(shown)
        )
    try:
        document = json.loads(data)
    except (ValueError, RecursionError) as error:  # also: not UTF-8, a number of 5,000 digits
        raise _no_capture(shown, path, f"{error!s:.200}") from error
    if not isinstance(document, dict):
        raise _no_capture(shown, path, "it is no object")
    return document


def _no_capture(shown: str, path: Path, why: str) -> TargetFileError:
    return TargetFileError(
        f"{shown} is no description that this podwheel can read: {why}",
        hint=(
            AGAIN.format(path.name),
            "what the server's login shell prints by itself does not belong into it",
        ),
    )


# ------------------------------------------------------------ its parts


def _pythons(values: _Values) -> Iterator[CapturedPython]:
    for facts in values.objects("pythons"):
        version = facts.word("version", _PYTHON)
        major, minor = (int(part) for part in version.split(".")[:2])
        implementation = facts.word("implementation")
        own = _libc(facts)
        flags = cpython_abi_flags(
            (major, minor),
            gil_disabled=facts.number("gil_disabled") == 1,
            debug=facts.number("debug") == 1,
            pymalloc=facts.number("pymalloc") == 1,
            unicode_size=facts.number("unicode_size"),
        )
        yield CapturedPython(
            path=facts.word("path", _ABSOLUTE),
            names=facts.texts("names"),
            version=version,
            implementation=implementation,
            tags=wheel_tags(
                implementation=implementation,
                series=(major, minor),
                soabi=facts.word("soabi"),
                abi_flags=flags,
                libc=own if own[0] else _system_libc(values),  # older ones cannot tell
                machine=facts.word("machine"),
                pointer_size=facts.number("pointer_size"),
            ),
        )


def _system_libc(values: _Values) -> tuple[str, str]:
    """As the system's own tools say it, else one of its Pythons."""
    told = (_libc(one) for one in (values, *values.objects("pythons")))
    return next((libc for libc in told if libc[0]), ("", ""))


def _libc(values: _Values) -> tuple[str, str]:
    name, _, version = values.word("libc", _LIBC).partition(" ")
    return name, version


def _packages(values: _Values, architecture: str) -> dict[str, Installed]:
    """Of the server's own architecture, as far as they say theirs; a name that can be none is passed over."""
    own = (architecture, "all", "noarch", "(none)", "")
    found = {}
    for name, version, kind in values.rows("packages"):
        if _PACKAGE.fullmatch(name) and kind in own:
            found[name] = Installed(name=name, version=version, architecture=kind)
    return found


def _libraries(values: _Values, machine: str, architecture: str) -> Iterator[str]:
    """Names; of x86-64's two kinds (``libc6,x86-64`` and ``libc6``) that of the system itself."""
    wide = architecture not in ("i386", "i686")
    for name, _path, kind in values.rows("libraries"):
        if not kind or machine != "x86_64" or ("x86-64" in kind) == wide:
            yield name


class _Values:
    """An object, read key by key; what does not fit is a `TargetFileError` that names the key."""

    def __init__(self, values: Mapping[str, Any], *, source: str, prefix: str = "") -> None:
        self._values = values
        self._source = source
        self._prefix = prefix

    def text(self, key: str) -> str:
        return self._text(key, self._values.get(key))

    def word(
        self, key: str, pattern: re.Pattern[str] = _WORD, *, default: str | None = None
    ) -> str:
        value = self._text(key, self._values.get(key, default))
        if not pattern.fullmatch(value):
            raise self._wrong(key, value)
        return value

    def number(self, key: str) -> int:
        return int(self.word(key, _NUMBER))

    def texts(self, key: str) -> tuple[str, ...]:
        return tuple(self._text(key, item) for item in self._items(key))

    def objects(self, key: str) -> Iterator[_Values]:
        for number, item in enumerate(self._items(key)):
            if not isinstance(item, dict):
                raise self._wrong(f"{key}[{number}]", item)
            yield _Values(item, source=self._source, prefix=f"{self._prefix}{key}[{number}].")

    def rows(self, key: str) -> Iterator[tuple[str, str, str]]:
        for number, item in enumerate(self._items(key)):
            if not isinstance(item, list) or len(item) != 3:
                raise self._wrong(f"{key}[{number}]", item)
            first, second, third = (self._text(f"{key}[{number}]", part) for part in item)
            yield first, second, third

    def _items(self, key: str) -> list[Any]:
        value = self._values.get(key)
        if not isinstance(value, list) or len(value) > _MOST_ITEMS:
            raise self._wrong(key, value)
        return value

    def _text(self, key: str, value: object) -> str:
        if not isinstance(value, str) or len(value) > _LONGEST or not value.isprintable():
            raise self._wrong(key, value)
        return value

    def _wrong(self, key: str, value: object) -> TargetFileError:
        if value is None:
            what = "is missing"
        elif isinstance(value, list | dict):
            what = f"cannot be that, with {len(value)} in it"
        else:
            what = f"cannot be {value!r:.100}"
        return TargetFileError(
            f"{self._source}: {self._prefix}{key} {what}",
            hint=("capture the server again:", AGAIN.format(self._source)),
        )
