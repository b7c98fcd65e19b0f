"""``Cargo.lock`` as data: which crates a build means, where each comes from, and its sha256.

The formats are those that cargo reads (the Cargo book, "Cargo.toml vs Cargo.lock"; cargo's
resolver/encode.rs): 1 has the checksums in ``[metadata]``, 2 at each crate, 3 and 4 say their
number. A lock is a stranger's file: names and versions become directories' names.
"""

from __future__ import annotations

import re
import tomllib
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl, urlsplit

from attrs import evolve, frozen

from podwheel.errors import CargoLockUnusable
from podwheel.index.urls import masked

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

CRATES_IO: Final = "https://github.com/rust-lang/crates.io-index"
"""How every lock names crates.io, by whatever protocol it was asked."""
CRATES_IO_SPARSE: Final = "sparse+https://index.crates.io/"
"""The index that cargo asks by default since 1.70."""

_TEXT_LIMIT: Final = 16 << 20
_CRATES: Final = 20_000
_NAME: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,127}")
_VERSION: Final = re.compile(
    r"[0-9]+\.[0-9]+\.[0-9]+(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?", re.ASCII
)
_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_COMMIT: Final = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_URL_LIMIT: Final = 2048
_GIT_SCHEMES: Final = ("https", "http", "ssh", "git")
_REFERENCES: Final = ("branch", "tag", "rev")
_KNOWN: Final = (3, 4)
"""Formats that say their number."""


@frozen(kw_only=True)
class Registry:
    """A registry, as ``[source] registry = …`` of cargo's configuration names it."""

    url: str
    """Of a git index (``https://…``), or ``sparse+https://…/``; crates.io is always `CRATES_IO`."""

    @property
    def is_crates_io(self) -> bool:
        return self.url == CRATES_IO

    def __str__(self) -> str:
        return "crates.io" if self.is_crates_io else masked(self.url)


@frozen(kw_only=True)
class Git:
    """A repository at a commit."""

    url: str
    reference: tuple[str, str] | None
    """``("branch", "main")``, ``("tag", …)`` or ``("rev", …)`` as the manifest asks; None: HEAD."""
    commit: str

    def __str__(self) -> str:
        return f"git+{masked(self.url)}@{self.commit[:12]}"


Source = Registry | Git


@frozen(kw_only=True)
class Crate:
    """One crate that is not in the source itself."""

    name: str
    version: str
    source: Source
    checksum: str | None
    """sha256 (hex) of its ``.crate`` file; None for git, whose commit is a hash already."""

    def __str__(self) -> str:
        return f"{self.name} {self.version}"

    @property
    def directory(self) -> str:
        """``name-version``, as cargo names it."""
        return f"{self.name}-{self.version}"


@frozen(kw_only=True)
class Lock:
    """What a Cargo.lock says."""

    where: str
    """The file, for messages."""
    format: int
    crates: tuple[Crate, ...]

    def without(self, sources: Collection[Source]) -> Lock:
        """The same lock, less the crates of *sources*."""
        return evolve(self, crates=tuple(c for c in self.crates if c.source not in sources))


def registry(url: str) -> Registry:
    """The registry of *url*, as a lock (``registry+https://…``) or a person writes it.

    Both spellings of crates.io's index mean the one registry, with or without a slash at the end.
    """
    bare = url.removeprefix("registry+")
    if bare.rstrip("/") in (CRATES_IO, CRATES_IO_SPARSE.rstrip("/")):
        return Registry(url=CRATES_IO)
    return Registry(url=bare)


def read_lock(text: str, *, where: str) -> Lock:
    """Read a Cargo.lock.

    Args:
        text: The file's content.
        where: The file, for messages: ``demo-1.0.tar.gz: rust/Cargo.lock``.

    Returns:
        The crates of registries and repositories, each once; those of the source itself (``path``
        dependencies, workspace members) are left out.

    Raises:
        CargoLockUnusable: It is no TOML, of a format that is not known, has a crate that cannot
            be named or fetched by hash, or is absurdly large.
    """
    return _Reader(where).lock(text)


class _Reader:
    """Reads one lock; every error names the file."""

    def __init__(self, where: str) -> None:
        self._where = where

    def lock(self, text: str) -> Lock:
        if len(text) > _TEXT_LIMIT:
            raise self._unusable(f"has more than {_TEXT_LIMIT >> 20} MiB")
        try:
            document = tomllib.loads(text)
        except (tomllib.TOMLDecodeError, RecursionError, ValueError) as error:
            raise self._unusable("is not TOML", said=str(error)) from None
        number = document.get("version")
        if number is not None and (isinstance(number, bool) or number not in _KNOWN):
            raise self._unusable(
                f"is of format {number!r}, which podwheel does not know",
                hint="formats 1 to 4 are known: a newer podwheel, or a lock of an older format",
            )
        # Beside those that are used a lock may list patches that are not. cargo asks their
        # repository all the same; one of a registry is fetched only where its hash is known.
        old = self._checksums(document)
        listed = [
            *self._entries(document, "package"),
            *self._entries(document, "root", single=True),
        ]
        unused = self._entries(self._table(document, "patch"), "unused")
        crates: dict[tuple[str, str, Source], Crate] = {}
        for crate in (*self._crates(listed, old), *self._crates(unused, old, spare=True)):
            key = (crate.name, crate.version, crate.source)
            if crates.setdefault(key, crate) != crate:
                raise self._unusable(f"has {crate} twice, with different checksums")
        inline = any("checksum" in entry for entry in listed)
        found = tuple(sorted(crates.values(), key=lambda c: (c.name, c.version, str(c.source))))
        return Lock(
            where=self._where,
            format=number if isinstance(number, int) else 2 if inline or not old else 1,
            crates=found,
        )

    def _entries(
        self, document: dict[str, Any], key: str, *, single: bool = False
    ) -> list[dict[str, Any]]:
        value = document.get(key, [])
        entries = [value] if single and isinstance(value, dict) else value
        if not (isinstance(entries, list) and all(isinstance(e, dict) for e in entries)):
            raise self._unusable(f"has a {key!r} that is no list of tables")
        if len(entries) > _CRATES:
            raise self._unusable(f"lists {len(entries)} crates; the limit is {_CRATES}")
        return entries

    def _table(self, document: dict[str, Any], key: str) -> dict[str, Any]:
        value = document.get(key, {})
        if not isinstance(value, dict):
            raise self._unusable(f"has a {key!r} that is no table")
        return value

    def _checksums(self, document: dict[str, Any]) -> dict[tuple[str, str, str], str]:
        """Format 1: ``"checksum name version (source)" = "…"`` in ``[metadata]``."""
        found = {}
        for key, value in self._table(document, "metadata").items():
            words = key.split(" ", 3)
            if words[0] == "checksum" and len(words) == 4 and value != "<none>":
                found[(words[1], words[2], words[3].strip("()"))] = value
        return found

    def _crates(
        self,
        entries: list[dict[str, Any]],
        old: dict[tuple[str, str, str], str],
        *,
        spare: bool = False,
    ) -> Iterator[Crate]:
        for entry in entries:
            # Without a source: of this tree. Replaced ([replace]): another entry stands for it.
            if "source" not in entry or "replace" in entry:
                continue
            name, version, source = (
                self._text(entry, key) for key in ("name", "version", "source")
            )
            if not _NAME.fullmatch(name):
                raise self._unusable(f"has a crate whose name is none: {name[:80]!r}")
            if not _VERSION.fullmatch(version) or len(version) > 128:
                raise self._unusable(f"has a version of {name} that is none: {version[:80]!r}")
            place = self._source(source, name)
            checksum = entry.get("checksum", old.get((name, version, source)))
            if isinstance(place, Git):
                checksum = None
            elif checksum is None and spare:
                continue
            elif checksum is None:
                raise self._unusable(
                    f"has no checksum of {name} {version}: without one it cannot be fetched",
                    hint="cargo generate-lockfile writes them; [package.NAME] cargo-lock = "
                    '"FILE" of podwheel.toml says which lock to take',
                )
            elif not isinstance(checksum, str) or not _SHA256.fullmatch(checksum):
                raise self._unusable(f"has a checksum of {name} {version} that is no sha256")
            yield Crate(name=name, version=version, source=place, checksum=checksum)

    def _text(self, entry: dict[str, Any], key: str) -> str:
        value = entry.get(key)
        if not isinstance(value, str):
            raise self._unusable(f"has a crate whose {key!r} is no string")
        return value

    def _source(self, text: str, name: str) -> Source:
        kind, plus, url = text.partition("+")
        # No quoting or escape of a configuration file has to be trusted with what is not printable.
        if not plus or not url.isprintable() or " " in url or len(url) > _URL_LIMIT:
            raise self._unusable(f"has a source of {name} that is none: {text[:80]!r}")
        try:
            scheme = urlsplit(url).scheme
        except ValueError:
            scheme = ""
        if kind == "git" and scheme in _GIT_SCHEMES:
            return self._git(url, name)
        if kind in ("registry", "sparse") and scheme in ("https", "http", "ssh", "git", "file"):
            return registry(text if kind == "sparse" else url)
        raise self._unusable(f"has a source of {name} that is not fetched: {text[:80]!r}")

    def _git(self, url: str, name: str) -> Git:
        bare, _, commit = url.partition("#")
        if not _COMMIT.fullmatch(commit):
            raise self._unusable(f"names no commit of {name}'s repository: {url[:80]!r}")
        bare, _, query = bare.partition("?")
        asked = dict(parse_qsl(query, keep_blank_values=True))
        reference = next(((key, asked[key]) for key in _REFERENCES if key in asked), None)
        return Git(url=bare, reference=reference, commit=commit)

    def _unusable(
        self, problem: str, *, said: str = "", hint: str | tuple[str, ...] = ()
    ) -> CargoLockUnusable:
        return CargoLockUnusable(f"{self._where} {problem}", said=said, hint=hint)
