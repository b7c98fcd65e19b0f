"""What a target is: a small TOML document, built in or a user's own (docs/targets.md), or what a
server said of itself (docs/capture.md)."""

from __future__ import annotations

import re
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from attrs import frozen

from podwheel import strangers
from podwheel.errors import TargetFileError
from podwheel.targets import capture, replica
from podwheel.targets.resources import PREFIX, recipes

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from podwheel.targets.capture import Capture, CapturedPython

DEFAULT = "debian-13"
"""The target of somebody who names none."""

_NAME = re.compile(r"[a-z0-9]+(?:[._-][a-z0-9]+)*")  # a component of an image's name (OCI)
_SUITE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_PACKAGE = re.compile(r"[a-z0-9][a-z0-9+.-]*[a-z0-9+]")
_ARGUMENT = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_PINNED = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/-]*@sha256:[0-9a-f]{64}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_RESERVED_ARGUMENTS = frozenset({"BASE", "PACKAGES", "SOURCE_DATE_EPOCH"})


@frozen(kw_only=True)
class MirrorBase:
    """A base system made from a distribution's package mirror, without any registry (mmdebstrap)."""

    suite: str
    """``trixie``."""
    mirrors: tuple[str, ...] = ()
    """URLs or whole ``deb …`` lines; empty: mmdebstrap's default, with updates and security."""
    components: tuple[str, ...] = ("main",)
    include: tuple[str, ...] = ()
    """Packages beside the smallest system."""
    keyring: Path | None = None
    """OpenPGP keys that sign the mirror; None: those that the host has for the suite."""


@frozen(kw_only=True)
class RegistryBase:
    """An image of a registry, pinned: a tag can mean another system tomorrow."""

    reference: str
    """``registry.example.org/debian@sha256:…``"""


@frozen(kw_only=True)
class ArchiveBase:
    """A root file system in a tar archive (any compression that ``podman import`` reads)."""

    path: Path
    """Absolute."""
    sha256: str


Base = MirrorBase | RegistryBase | ArchiveBase


@frozen(kw_only=True)
class TargetDefinition:
    """How a target's images are made, as its document says; nothing looked at yet."""

    name: str
    description: str
    base: Base
    containerfile: Path
    """Absolute. Has the stages ``runtime`` and ``build``, and ``extra`` for system packages."""
    context: Path | None
    """Absolute directory whose files the Containerfile may use; None: it uses none."""
    arguments: tuple[tuple[str, str], ...]
    """Build arguments, sorted by name."""
    python: str
    """Absolute path of the interpreter in the image."""
    source: Path
    """The document."""
    builtin: bool
    capture: Capture | None = None
    """The server that it replicates."""


def load(name_or_path: str, *, cwd: Path) -> TargetDefinition:
    """The definition of that name, or of that file.

    Args:
        name_or_path: A built-in name, or a file: anything with a slash or ending in ``.toml``, and
            what ends in ``.json``, which is what ``podwheel target capture`` found.
        cwd: What a relative path is relative to.

    Raises:
        TargetFileError: No such target or file, or the document is wrong (the key is named).
    """
    if "/" in name_or_path or name_or_path.endswith((".toml", ".json")):
        path = (cwd / Path(name_or_path).expanduser()).absolute()
        if path.suffix == ".json":
            server = capture.read(path, shown=name_or_path)
            return _define(_Table({}, source=path, shown=name_or_path), server)
        return _read(path, shown=name_or_path)
    known = _builtin_documents()
    if name_or_path in known:
        return _read(known[name_or_path], shown=name_or_path)
    hints = [f"built-in targets: {', '.join(known)}"]
    if near := get_close_matches(name_or_path, known, n=2):
        hints.insert(0, f"did you mean {' or '.join(near)}?")
    if (cwd / f"{name_or_path}.toml").is_file():
        hints.insert(0, f"for the file here, say ./{name_or_path}.toml")
    raise TargetFileError(f"there is no target named {name_or_path!r}", hint=hints)


def captured(name_or_path: str, *, cwd: Path) -> tuple[Capture, CapturedPython] | None:
    """The server that a description, or a target file with ``capture``, is of, and which of its Pythons is meant.

    Its images need not be known. None: nothing of a captured server.

    Raises:
        TargetFileError: As `load`.
    """
    if name_or_path.endswith(".json"):
        path = (cwd / Path(name_or_path).expanduser()).absolute()
        server = capture.read(path, shown=name_or_path)
        named = server.default_python
    else:
        found = load(name_or_path, cwd=cwd)
        if found.capture is None:
            return None
        server, named = found.capture, found.python
    python = server.python(named)
    if python is None:
        raise server.no_python(named)
    return server, python


def builtin() -> tuple[TargetDefinition, ...]:
    """The built-in targets, sorted by name."""
    return tuple(_read(path, shown=name) for name, path in _builtin_documents().items())


def _builtin_documents() -> dict[str, Path]:
    found = {path.stem: path for path in (recipes() / "targets").glob("*.toml")}
    return dict(sorted(found.items()))


def _read(path: Path, *, shown: str) -> TargetDefinition:
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError:
        raise TargetFileError(f"there is no target file {shown}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise TargetFileError(f"{shown} cannot be read: {error}") from error
    try:
        document = strangers.toml(text)
    except ValueError as error:
        raise TargetFileError(f"{shown} is not TOML: {error}") from error
    table = _Table(document, source=path, shown=shown)
    if "capture" not in document:
        return _define(table)
    return _define(table, capture.read(table.path("capture"), shown=table.text("capture")))


def _define(document: _Table, server: Capture | None = None) -> TargetDefinition:
    """The definition that a document gives; with a *server*, it may leave out what that tells."""
    if server is not None:
        python = document.text("python", default="")
        document = document.filled(replica.fill(document.values, server, python=python or None))
        if "base" not in document.values:
            raise replica.no_base(server)
    name = document.text("name", default=document.source.stem)
    if not _NAME.fullmatch(name):
        raise document.wrong(
            "name", f"{name!r} cannot be part of an image's name: lower-case letters, digits, . _ -"
        )
    python = document.text("python", default="/usr/bin/python3")
    if not python.startswith("/"):
        raise document.wrong("python", "must be the absolute path of a Python in the image")
    arguments = document.table("arguments", default={})
    definition = TargetDefinition(
        name=name,
        description=document.text("description", default=""),
        base=_base(document.table("base")),
        containerfile=document.path("containerfile"),
        context=document.optional_path("context"),
        arguments=tuple(sorted((key, arguments.text(key)) for key in arguments.values)),
        python=python,
        source=document.source,
        builtin=document.source.is_relative_to(recipes()),
        capture=server,
    )
    document.finish()
    for key, _ in definition.arguments:
        if not _ARGUMENT.fullmatch(key):
            raise arguments.wrong(key, "is not a name that a build argument can have")
        if key in _RESERVED_ARGUMENTS:
            raise arguments.wrong(key, "is set by podwheel itself")
    if not definition.containerfile.is_file():
        raise document.wrong("containerfile", f"there is no file {definition.containerfile}")
    if definition.context is not None and not definition.context.is_dir():
        raise document.wrong("context", f"there is no directory {definition.context}")
    return definition


def _base(table: _Table) -> Base:
    kinds = [key for key in ("suite", "image", "archive") if key in table.values]
    if len(kinds) != 1:
        raise table.wrong(
            "",
            "needs exactly one of `suite` (made from a package mirror), `image` (from a registry) "
            "and `archive` (a root file system)",
        )
    base: Base
    if kinds == ["suite"]:
        base = _mirror_base(table)
    elif kinds == ["image"]:
        base = RegistryBase(reference=_pinned(table))
    else:
        base = ArchiveBase(path=table.path("archive"), sha256=_sha256(table))
    table.finish()
    return base


def _mirror_base(table: _Table) -> MirrorBase:
    base = MirrorBase(
        suite=table.text("suite"),
        mirrors=table.texts("mirrors", default=()),
        components=table.texts("components", default=("main",)),
        include=table.texts("include", default=()),
        keyring=table.optional_path("keyring"),
    )
    if not _SUITE.fullmatch(base.suite):
        raise table.wrong("suite", f"{base.suite!r} is not a suite's name")
    for mirror in base.mirrors:
        urls = [word for word in mirror.split() if "://" in word]
        if len(urls) != 1 or not (mirror == urls[0] or mirror.startswith("deb ")):
            raise table.wrong("mirrors", f"{mirror!r} is neither a URL nor a line `deb URL SUITE…`")
        if "@" in urlsplit(urls[0]).netloc:
            raise table.wrong(
                "mirrors", "a URL with a password would be kept in every image made from it"
            )
    for key, words, pattern in (
        ("components", base.components, _SUITE),
        ("include", base.include, _PACKAGE),
    ):
        for word in words:
            if not pattern.fullmatch(word):
                raise table.wrong(key, f"{word!r} cannot be one")
    if base.keyring is not None and not base.keyring.is_file():
        raise table.wrong("keyring", f"there is no file {base.keyring}")
    return base


def _pinned(table: _Table) -> str:
    reference = table.text("image")
    if _PINNED.fullmatch(reference):
        return reference
    plain = reference.partition("@")[0]
    raise TargetFileError(
        f"{table.shown}: base.image: {reference!r} is not pinned by its digest: a tag can mean "
        "another system tomorrow",
        hint=(
            f"podman pull {plain}",
            f"podman image inspect --format '{{{{index .RepoDigests 0}}}}' {plain}",
            "and write what the second prints (NAME@sha256:…) as base.image",
        ),
    )


def _sha256(table: _Table) -> str:
    digest = table.text("sha256", default="")
    if _SHA256.fullmatch(digest):
        return digest
    path = table.path("archive")
    raise TargetFileError(
        f"{table.shown}: base.sha256: the archive's sha256 (64 hex digits) is "
        + ("needed" if not digest else f"wanted, not {digest!r}"),
        hint=f"sha256sum {path}",
    )


class _Table:
    """A TOML table that is read key by key; every complaint names the file and the key."""

    def __init__(
        self, values: Mapping[str, Any], *, source: Path, shown: str, prefix: str = ""
    ) -> None:
        self.values = values
        self.source = source
        self.shown = shown
        self._prefix = prefix
        self._asked: set[str] = set()

    def filled(self, values: Mapping[str, Any]) -> _Table:
        """The same, with *values*."""
        table = _Table(values, source=self.source, shown=self.shown, prefix=self._prefix)
        table._asked = self._asked
        return table

    def wrong(self, key: str, what: str, *, hint: Iterable[str] = ()) -> TargetFileError:
        """An error about *key* (empty: about the table), for the caller to raise."""
        return TargetFileError(
            f"{self.shown}: {(self._prefix + key).rstrip('.')}: {what}", hint=tuple(hint)
        )

    def text(self, key: str, *, default: str | None = None) -> str:
        value = self._value(key, str, "a string", default)
        assert isinstance(value, str)
        if "\0" in value or "\n" in value:
            raise self.wrong(key, "must be one line")
        return value

    def texts(self, key: str, *, default: tuple[str, ...]) -> tuple[str, ...]:
        value = self._value(key, list, "an array of strings", default)
        if not all(isinstance(item, str) and "\n" not in item for item in value):
            raise self.wrong(key, "must be an array of strings, one line each")
        return tuple(value)

    def table(self, key: str, *, default: Mapping[str, Any] | None = None) -> _Table:
        value = self._value(key, dict, "a table", default)
        return _Table(value, source=self.source, shown=self.shown, prefix=f"{self._prefix}{key}.")

    def optional_path(self, key: str) -> Path | None:
        self._asked.add(key)
        return self.path(key) if key in self.values else None

    def path(self, key: str) -> Path:
        """An absolute path: of podwheel's own (``podwheel:…``), or relative to the document."""
        text = self.text(key)
        if text.startswith(PREFIX):
            root = recipes()
            path = (root / text.removeprefix(PREFIX)).resolve()
            if not path.is_relative_to(root.resolve()):
                raise self.wrong(key, f"{text!r} is not one of podwheel's own files")
            return path
        return (self.source.parent / Path(text).expanduser()).absolute()

    def finish(self) -> None:
        """Complain about the first key that nobody asked for."""
        for key in self.values:
            if key not in self._asked:
                near = get_close_matches(key, self._asked, n=1)
                hint = (
                    f"did you mean `{near[0]}`?"
                    if near
                    else f"known: {', '.join(sorted(self._asked))}"
                )
                raise self.wrong(key, "is not a key of a target", hint=[hint])

    def _value(self, key: str, kind: type, called: str, default: Any) -> Any:
        self._asked.add(key)
        if key not in self.values:
            if default is None:
                self._complain_of_typo(key)
                raise self.wrong(key, f"is missing ({called})")
            return default
        value = self.values[key]
        if not isinstance(value, kind):
            raise self.wrong(key, f"must be {called}, not {value!r}")
        return value

    def _complain_of_typo(self, missing: str) -> None:
        """A mistyped key is better told as such than as the absence of the right one."""
        for key in get_close_matches(missing, set(self.values) - self._asked, n=1, cutoff=0.75):
            raise self.wrong(key, "is not a key of a target", hint=[f"did you mean `{missing}`?"])
