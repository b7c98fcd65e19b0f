"""pip's configuration: its ``PIP_*`` variables and its files, with pip's precedence.

https://pip.pypa.io/en/stable/topics/configuration/. podwheel does what ``pip wheel`` does, so
it reads the sections ``[global]`` and ``[wheel]``. From weakest to strongest:

1. ``[global]`` of: each ``pip/pip.conf`` of XDG_CONFIG_DIRS, ``/etc/pip.conf``,
   ``~/.pip/pip.conf``, ``$XDG_CONFIG_HOME/pip/pip.conf``, ``pip.conf`` beside podwheel's own
   Python (``sys.prefix``), the file that PIP_CONFIG_FILE names;
2. ``[wheel]`` of the same files: a command's section wins over ``[global]`` of *any* file;
3. ``PIP_*`` variables;
4. the command line (`read` does that).

A stronger place replaces the value of a key; only the command line adds to lists. An empty
value says nothing. ``PIP_CONFIG_FILE=/dev/null`` turns all files off; one that exists turns
the user's own files off. Keys that podwheel has no use for are left to pip.
"""

from __future__ import annotations

import configparser
import datetime
import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import frozen

from podwheel import log
from podwheel.errors import SettingsError
from podwheel.requirements.arguments import Arguments
from podwheel.requirements.lines import MAX_BYTES
from podwheel.requirements.problems import mask

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_SECTIONS = ("global", "wheel")

_TEXTS = {
    "index-url": "index_url", "pypi-url": "index_url", "proxy": "proxy", "cert": "cert",
    "client-cert": "client_cert", "keyring-provider": "keyring_provider",
}  # fmt: skip
_LISTS = {
    "extra-index-url": "extra_index_urls", "find-links": "find_links",
    "trusted-host": "trusted_hosts", "constraint": "constraint_files",
    "build-constraint": "build_constraint_files",
}  # fmt: skip
_FLAGS = {
    "no-index": "no_index", "prefer-binary": "prefer_binary", "pre": "pre",
    "no-deps": "no_deps", "no-dependencies": "no_deps", "require-hashes": "require_hashes",
    "no-require-hashes": "no_require_hashes",
}  # fmt: skip
_TRUE = ("y", "yes", "t", "true", "on", "1")
_FALSE = ("n", "no", "f", "false", "off", "0")
KEYRING_PROVIDERS = ("auto", "disabled", "import", "subprocess")


@frozen(kw_only=True)
class Entry:
    """One key that somebody set."""

    key: str
    """As an option is spelled, without dashes in front."""
    value: str
    source: str
    """``PIP_INDEX_URL``, or ``/etc/pip.conf [global] index-url``."""


@frozen(kw_only=True)
class PipConfig:
    """The configuration as if it had been typed, and who said what."""

    arguments: Arguments
    sources: tuple[tuple[str, str], ...]
    """A field of `Arguments` and where its value comes from."""

    def source(self, name: str) -> str:
        return dict(self.sources).get(name, "pip's configuration")


def load(
    environ: Mapping[str, str], *, system: Path = Path("/etc"), prefix: Path | None = None
) -> PipConfig:
    """Read pip's configuration.

    Args:
        environ: The user's environment.
        system: Where the system's ``pip.conf`` is.
        prefix: Where the Python installation's is; None: `sys.prefix`.

    Raises:
        SettingsError: A file is malformed, or a value has the wrong type.
    """
    values: dict[str, Any] = {}
    sources: dict[str, str] = {}
    formats: list[tuple[str, str]] = []
    for entry in _in_order(environ, system, prefix or Path(sys.prefix)):
        if entry.key in ("no-binary", "only-binary"):
            # Callbacks in pip: they add up over all places instead of replacing each other.
            formats.append((entry.key, entry.value))
            sources["formats"] = entry.source
            continue
        interpreted = _interpret(entry)
        if interpreted is not None:
            name, value = interpreted
            values[name] = value
            sources[name] = entry.source
            log.get().debug("requirements.pip_configuration", key=entry.key, source=entry.source)
    arguments = Arguments(formats=tuple(formats), **values)
    return PipConfig(arguments=arguments, sources=tuple(sorted(sources.items())))


def home_of(environ: Mapping[str, str]) -> Path:
    """The user's home directory, as ``~`` means it."""
    return Path(environ["HOME"]) if environ.get("HOME") else Path.home()


def _in_order(environ: Mapping[str, str], system: Path, prefix: Path) -> Iterator[Entry]:
    """All entries that say something, the weakest first."""
    found: dict[str, dict[str, Entry]] = {section: {} for section in _SECTIONS}
    for path in _files(environ, system, prefix):
        for section, entry in _entries(path):
            found[section][entry.key] = entry
    for section in _SECTIONS:
        yield from (entry for entry in found[section].values() if entry.value)
    for name, value in environ.items():
        if name.startswith("PIP_") and value:
            yield Entry(key=_key(name[4:]), value=value, source=name)


def _files(environ: Mapping[str, str], system: Path, prefix: Path) -> Iterator[Path]:
    named = environ.get("PIP_CONFIG_FILE")
    if named == os.devnull:
        return
    directories = environ.get("XDG_CONFIG_DIRS") or str(system / "xdg")
    for directory in directories.split(os.pathsep):
        if directory:
            yield Path(directory, "pip", "pip.conf")
    yield system / "pip.conf"
    if not (named and Path(named).exists()):
        home = home_of(environ)
        yield home / ".pip" / "pip.conf"
        configuration = environ.get("XDG_CONFIG_HOME") or str(home / ".config")
        yield Path(configuration, "pip", "pip.conf")
    yield prefix / "pip.conf"
    if named:
        yield Path(named)


def _key(name: str) -> str:
    """pip's normalisation, the same for variables and files."""
    return name.lower().replace("_", "-").removeprefix("--")


class _Parser(configparser.RawConfigParser):
    """No interpolation: a ``%`` in a password is a ``%``."""

    def optionxform(self, optionstr: str) -> str:
        return _key(optionstr)


def _entries(path: Path) -> Iterator[tuple[str, Entry]]:
    try:
        with path.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except (FileNotFoundError, NotADirectoryError, PermissionError, IsADirectoryError):
        return  # as pip: what cannot be read says nothing
    if len(data) > MAX_BYTES:
        raise SettingsError(f"{path} is larger than {MAX_BYTES >> 20} MiB")
    parser = _Parser()
    try:
        parser.read_string(data.decode(), source=str(path))
    except UnicodeDecodeError as error:
        raise SettingsError(f"{path} is not UTF-8: {error.reason} at byte {error.start}") from None
    except configparser.Error as error:
        reason = " ".join(_without_values(error).split())
        hint = "pip config debug  # shows which files pip reads"
        raise SettingsError(f"pip's configuration cannot be read: {reason}", hint=hint) from None
    for section in _SECTIONS:
        if parser.has_section(section):
            for key, value in parser.items(section):
                yield section, Entry(key=key, value=value, source=f"{path} [{section}] {key}")


def _without_values(error: configparser.Error) -> str:
    """configparser's message; the offending line may hold a password, so a parse error shows none."""
    if isinstance(error, configparser.MissingSectionHeaderError):
        return f"{error.source}:{error.lineno}: a [section] must come first"
    if isinstance(error, configparser.ParsingError):
        lines = ", ".join(str(line) for line, _ in error.errors)
        return f"{error.source}: line {lines} is neither a [section] nor KEY = VALUE"
    return mask(error.message)


def _interpret(entry: Entry) -> tuple[str, object] | None:
    """The field of `Arguments` that an entry sets, and its value; None if it has none."""
    key, value = entry.key, entry.value
    if key in _TEXTS:
        if key == "keyring-provider" and value not in KEYRING_PROVIDERS:
            raise _wrong(entry, f"one of {', '.join(KEYRING_PROVIDERS)}")
        return _TEXTS[key], value
    if key in _LISTS:
        return _LISTS[key], tuple(value.split())
    if key in _FLAGS:
        return _FLAGS[key], _flag(entry)
    if key in ("timeout", "default-timeout"):
        return "timeout", _number(entry)
    if key == "retries":
        return "retries", int(_number(entry, whole=True))
    if key == "uploaded-prior-to":
        return "exclude_newer", _moment(entry)
    return None


def _wrong(entry: Entry, wanted: str) -> SettingsError:
    return SettingsError(f"{entry.source}: {mask(entry.value)!r} is not {wanted}")


def _flag(entry: Entry) -> bool:
    value = entry.value.lower()
    if value not in (*_TRUE, *_FALSE):
        raise _wrong(entry, "yes/no, true/false or 1/0")
    return value in _TRUE


def _number(entry: Entry, *, whole: bool = False) -> float:
    pattern = r"\d+" if whole else r"\d+(\.\d*)?"
    if not re.fullmatch(pattern, entry.value.strip()):
        raise _wrong(entry, "a whole number" if whole else "a number of seconds")
    return float(entry.value)


def _moment(entry: Entry) -> str:
    """pip means local time where no offset is given; podwheel's own option means UTC."""
    if re.fullmatch(r"P\d+D", entry.value):
        return entry.value
    try:
        return datetime.datetime.fromisoformat(entry.value).astimezone().isoformat()
    except ValueError:
        raise _wrong(entry, "a date, a moment (2026-01-31T00:00:00Z) or P<days>D") from None
