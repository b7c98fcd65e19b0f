"""Where a crate's file is: the registry that the lock names, or what stands for it here.

In this order: ``[cargo.mirrors]`` of podwheel.toml, the user's own cargo configuration, the
registry itself. Whatever place it is, the crate must have the lock's sha256.
"""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, urlsplit

from attrs import frozen

from podwheel.errors import PodwheelError, RegistryUnusable, SettingsError
from podwheel.index import Index
from podwheel.index.once import Once
from podwheel.index.urls import WEB, file_url, masked, path_of
from podwheel.model import File, Freshness, Hash, Indexes
from podwheel.rust.configuration import Configuration
from podwheel.rust.lock import CRATES_IO_SPARSE, Git, Registry, registry
from podwheel.rust.replacement import Directory, LocalRegistry, Unresolvable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from podwheel.model import Network
    from podwheel.rust.lock import Crate
    from podwheel.store import Store

_CONFIG_LIMIT: Final = 1 << 20
_MARKERS: Final = ("{crate}", "{version}", "{prefix}", "{lowerprefix}", "{sha256-checksum}")


@frozen(kw_only=True)
class Unpacked:
    """A directory of crates on this host that somebody vendored."""

    path: Path


@frozen(kw_only=True)
class _Asked:
    """A registry that is asked over http: its ``config.json``, and what it is asked with."""

    download: str
    """Template of a crate's URL."""
    index: Index


class Registries:
    """All registries of a run; safe to share between threads. Close it: it may hold connections.

    Args:
        index: Moves the bytes; with ``--offline`` nothing is asked.
        network: How a registry that wants a token is reached.
        configuration: The user's own.
        mirrors: ``[cargo.mirrors]``: a registry's URL, or ``crates-io``, and what is asked instead:
            ``sparse+https://…/``, or the ``file:`` URL of a local registry or of a directory of
            unpacked crates.
    """

    def __init__(
        self,
        *,
        index: Index,
        network: Network,
        store: Store,
        freshness: Freshness = Freshness.NORMAL,
        configuration: Configuration | None = None,
        mirrors: Sequence[tuple[str, str]] = (),
    ) -> None:
        self._index = index
        self._network = network
        self._store = store
        self._freshness = freshness
        self._configuration = configuration or Configuration()
        self._mirrors = {_mirrored(name): url for name, url in mirrors}
        self._lock = threading.Lock()
        self._asked: dict[str, Once[_Asked]] = {}
        self._own: list[Index] = []

    def close(self) -> None:
        """Close the connections that are its own."""
        for index in self._own:
            index.close()

    def names(self, one: Registry) -> tuple[str, ...]:
        """What the user's configuration calls that registry."""
        return self._configuration.replaced.names(one)

    def place(self, one: Registry) -> Registry | LocalRegistry | Unpacked:
        """What stands for a registry on this host; nothing is asked.

        Raises:
            SettingsError: The user's configuration goes in a circle, or names what it does not define.
        """
        if (mirror := self._mirrors.get(one.url.rstrip("/"))) is not None:
            return _mirror(mirror)
        settings = self._configuration
        try:
            end = settings.replaced.end(one)
        except Unresolvable as reason:
            raise SettingsError(f"cargo's {settings.where} {reason}") from None
        if isinstance(end, Directory):
            return Unpacked(path=settings.base / end.path)
        if isinstance(end, LocalRegistry):
            return LocalRegistry(path=str(settings.base / end.path))
        if isinstance(end, Git):
            raise SettingsError(f"cargo's {settings.where} replaces the registry {one} by git")
        return end

    def bring(self, crate: Crate, *, wanted_by: Sequence[str]) -> Path:
        """The crate's ``.crate`` file, in the store.

        Raises:
            RegistryUnusable: Its registry has only a git index, or no ``config.json`` of use.
            HashMismatch: What is there is another file than the lock means.
            DownloadError: It cannot be had.
        """
        assert isinstance(crate.source, Registry)
        assert crate.checksum is not None
        known = self._store.blob(crate.checksum)
        if known is not None:
            return known
        place = self.place(crate.source)
        if isinstance(place, LocalRegistry):
            url, index = file_url(Path(place.path, f"{crate.directory}.crate")), self._index
        else:
            assert isinstance(place, Registry)
            asked = self._ask(place, wanted_by)
            url, index = crate_url(asked.download, crate), asked.index
        file = File(
            filename=f"{crate.directory}.crate",
            url=url,
            hashes=(Hash(algorithm="sha256", digest=crate.checksum),),
        )
        path, _ = index.download(file, wanted_by=wanted_by)
        return path

    def _ask(self, place: Registry, wanted_by: Sequence[str]) -> _Asked:
        with self._lock:
            once = self._asked.setdefault(place.url, Once(lambda: self._read(place, wanted_by)))
        return once.get()

    def _read(self, place: Registry, wanted_by: Sequence[str]) -> _Asked:
        """Fetch ``config.json`` of a sparse index (the Cargo book, "Index Configuration")."""
        url = CRATES_IO_SPARSE if place.is_crates_io else place.url
        if not url.startswith("sparse+"):
            raise RegistryUnusable(
                f"the registry {place} has a git index only, which podwheel does not read",
                wanted_by=wanted_by,
                hint=(
                    "name its sparse index, or a mirror of it that has one, in podwheel.toml:",
                    "  [cargo.mirrors]",
                    f'  "{masked(place.url)}" = "sparse+https://…/"',
                ),
            )
        base = url.removeprefix("sparse+").rstrip("/") + "/"
        token = self._token(place)
        index, with_token = self._index, None
        if token is not None:
            from podwheel.rust.tokens import token_session

            session, with_token = token_session(self._network, token=token, index_url=base)
            index = Index(
                indexes=Indexes(urls=()),
                network=self._network,
                store=self._store,
                freshness=self._freshness,
                session=session,
            )
            self._own.append(index)
        file = File(filename="config.json", url=f"{base}config.json")
        path, _ = index.download(file, wanted_by=wanted_by)
        download, wants_token = _index_configuration(path, place, wanted_by)
        if wants_token and with_token is None:
            raise RegistryUnusable(
                f"the registry {place} wants a token, and cargo's configuration has none for it",
                wanted_by=wanted_by,
                hint="cargo login --registry NAME, or CARGO_REGISTRIES_<NAME>_TOKEN",
            )
        if wants_token and with_token is not None:
            with_token.send_to(base)
            with_token.send_to(download)
        return _Asked(download=download, index=index)

    def _token(self, place: Registry) -> str | None:
        tokens = dict(self._configuration.tokens)
        return next((tokens[name] for name in self.names(place) if name in tokens), None)


def crate_url(template: str, crate: Crate) -> str:
    """The URL of a crate's file by ``dl`` of its registry's ``config.json``."""
    if not any(marker in template for marker in _MARKERS):
        template = f"{template}/{{crate}}/{{version}}/download"
    prefix = _prefix(crate.name)
    values = (crate.name, crate.version, prefix, prefix.lower(), crate.checksum or "")
    for marker, value in zip(_MARKERS, values, strict=True):
        template = template.replace(marker, quote(value, safe="/"))
    return template


def _prefix(name: str) -> str:
    """The directories in which an index keeps a crate of that name."""
    match len(name):
        case 1 | 2 as length:
            return str(length)
        case 3:
            return f"3/{name[0]}"
        case _:
            return f"{name[:2]}/{name[2:4]}"


def _index_configuration(path: Path, place: Registry, wanted_by: Sequence[str]) -> tuple[str, bool]:
    """``dl`` and ``auth-required`` of a ``config.json``."""

    def unusable(problem: str) -> PodwheelError:
        return RegistryUnusable(
            f"config.json of the registry {place} {problem}",
            wanted_by=wanted_by,
            hint="check the URL: it is that of a sparse index, sparse+https://…/",
        )

    data = path.read_bytes() if path.stat().st_size <= _CONFIG_LIMIT else b""
    try:
        document: Any = json.loads(data)
    except (ValueError, RecursionError):
        raise unusable("is not JSON") from None
    download = document.get("dl") if isinstance(document, dict) else None
    try:
        scheme = urlsplit(download).scheme if isinstance(download, str) else ""
    except ValueError:
        scheme = ""
    if scheme not in WEB:
        raise unusable("names no URL from which crates are downloaded (dl)")
    return str(download), document.get("auth-required") is True


def _mirrored(name: str) -> str:
    """A key of ``[cargo.mirrors]`` as a registry's URL."""
    return registry(CRATES_IO_SPARSE if name == "crates-io" else name).url.rstrip("/")


def _mirror(url: str) -> Registry | LocalRegistry | Unpacked:
    """A value of ``[cargo.mirrors]``; a plain ``https:`` URL is a sparse index's."""
    if url.startswith("file:"):
        path = path_of(url)
        if (path / "index").is_dir():
            return LocalRegistry(path=str(path))
        return Unpacked(path=path)
    if url.startswith(("sparse+", "registry+")):
        return registry(url)
    return registry(f"sparse+{url}")
