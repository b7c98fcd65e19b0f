"""The face of this room: what an index lists, and its files' bytes and metadata."""

from __future__ import annotations

import collections
import contextlib
import difflib
import threading
from typing import TYPE_CHECKING, Self

from attrs import evolve

from podwheel import __version__
from podwheel.errors import ProjectNotFound
from podwheel.index import pages, problems
from podwheel.index.client import Client
from podwheel.index.download import LIMIT, Downloader
from podwheel.index.freshness import Clock
from podwheel.index.logins import Logins
from podwheel.index.once import Once
from podwheel.index.projects import FindLinks, Listing, Pages
from podwheel.index.shared import SharedStore
from podwheel.index.urls import filename_of, is_plain_filename, masked, without_fragment
from podwheel.index.wheels import Wheels
from podwheel.model import File, Freshness
from podwheel.store import digest_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    import requests
    from packaging.utils import NormalizedName

    from podwheel.model import ArchiveUrl, Hash, Indexes, Network
    from podwheel.store import Store

    Then = Callable[[NormalizedName, tuple[File, ...]], None]

_THREADS = 16
_MOMENT = 1.0
"""Seconds that a look ahead has to end by itself."""


class Index:
    """All indexes and find-links of a run, as one; safe to share between threads.

    Use it as a context manager, or call `close`: it holds connections and threads.

    Args:
        indexes: In order; the first that has a name wins. May hold credentials.
        fresh_for: Seconds for which an answer is used again without asking.
        session: Another one than `make_session` makes; it has its own credentials.
        known: Names to propose when one is not found; called only then.
        limit: Bytes; a larger file is not downloaded.
    """

    def __init__(
        self,
        *,
        indexes: Indexes,
        network: Network,
        store: Store,
        freshness: Freshness = Freshness.NORMAL,
        fresh_for: float = 600.0,
        session: requests.Session | None = None,
        known: Callable[[], Iterable[str]] | None = None,
        limit: int = LIMIT,
    ) -> None:
        self.fresh_for = fresh_for
        self._store = store
        logins = Logins()
        self._session = Once(lambda: session or _session(network, logins))
        clock = Clock(freshness=freshness, fresh_for=fresh_for)
        self._client = Client(
            session=self._session,
            logins=logins,
            trusted_hosts=network.trusted_hosts,
            offline=clock.offline,
        )
        self._urls = tuple(self._client.learn(url, index=True) for url in indexes.urls)
        self._pages = Pages(client=self._client, clock=clock, store=store)
        self._places = indexes.find_links
        self._links = FindLinks(indexes.find_links, pages=self._pages, client=self._client)
        self._downloads = Downloader(
            client=self._client, clock=clock, store=store, attempts=network.retries, limit=limit
        )
        self._wheels = Wheels(
            client=self._client, clock=clock, store=store, downloads=self._downloads
        )
        self._known = known
        self._lock = threading.Condition()
        self._links_lock = threading.Lock()
        self._projects: dict[NormalizedName, Once[Listing]] = {}
        self._ahead: collections.deque[tuple[NormalizedName, Then | None]] = collections.deque()
        self._workers = 0
        self._closed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop looking ahead and close the connections.

        What is being looked up has a moment to end, so that it leaves no half-made file.
        """
        with self._lock:
            self._closed = True
            self._ahead.clear()
            self._lock.wait_for(lambda: self._workers == 0, timeout=_MOMENT)
        if self._session.made:
            self._session.get().close()

    # ------------------------------------------------------------ what there is

    def files(self, name: NormalizedName) -> tuple[File, ...]:
        """The project's files: those of find-links, then those of the first index that has the name.

        Asked once a run. The order is that of the pages; the names of the files are as hostile as
        the page that listed them, but plain file names of archives.

        Raises:
            ProjectNotFound: Neither an index nor find-links has it.
            IndexUnreachable: An index that comes first gave no clear answer: the next one is not
                asked, or who owns the name there could slip in (dependency confusion).
            OfflineMiss: ``--offline``, and it was never asked.
        """
        return self._listing(name).files

    def state(self, name: NormalizedName) -> str | None:
        """Names what `files` gives: where it is the same in another run, so are they.

        Costs less than those. None: nothing can name it. Raises as `files` does.
        """
        return self._listing(name).state

    def _listing(self, name: NormalizedName) -> Listing:
        with self._lock:
            once = self._projects.setdefault(name, Once(lambda: self._look_up(name)))
        return once.get()

    def prefetch(self, names: Iterable[NormalizedName], then: Then | None = None) -> None:
        """Look names up in background threads; what fails is told by `files`.

        Args:
            then: Called in that thread with a name and its files; what it raises is lost.
        """
        with self._lock:
            if self._closed:
                return
            self._ahead.extend((name, then) for name in names)
            more = min(len(self._ahead), _THREADS - self._workers)
            self._workers += more
        for _ in range(more):
            # Daemons, not a pool: the interpreter would wait for a pool's, Ctrl-C or not.
            threading.Thread(target=self._look_ahead, name="podwheel-index", daemon=True).start()

    def _look_ahead(self) -> None:
        while True:
            with self._lock:
                if not self._ahead:
                    self._workers -= 1
                    self._lock.notify_all()
                    return
                name, then = self._ahead.popleft()
            with contextlib.suppress(Exception):  # who needs the name meets it again
                listing = self._listing(name)
                if then is not None:
                    then(name, listing.files)

    def _look_up(self, name: NormalizedName) -> Listing:
        with self._links_lock:
            links = self._links.files(name)
        for url in self._urls:
            found = self._pages.project(url, name)
            if found is not None:
                return _behind(links, found) if links else found
        if links:
            return _behind(links, Listing("", tuple))
        raise self._not_found(name)

    def _not_found(self, name: NormalizedName) -> ProjectNotFound:
        asked = ", ".join(map(masked, self._urls))
        if not asked:
            asked = f"{', '.join(map(masked, self._places)) or 'nothing'} (--no-index)"
        near = (
            difflib.get_close_matches(name, self._known(), n=3, cutoff=0.75) if self._known else []
        )
        hints = [f"did you mean {' or '.join(near)}?"] if near else ["check the spelling"]
        if self._urls:
            hints.append("--refresh asks again, if it was published just now")
            hints.append("--extra-index-url URL or --find-links PLACE, if it is elsewhere")
        else:
            hints.append("put its source there; build requirements may be wheels")
            hints.append("or name another place: --find-links PLACE")
        return ProjectNotFound(f"there is no project {name}: asked {asked}", hint=hints)

    # ------------------------------------------------------------ bytes

    def download(
        self, file: File, *, hashes: tuple[Hash, ...] = (), wanted_by: Sequence[str] = ()
    ) -> tuple[Path, str]:
        """The file's bytes, from the store or the network: their path in the store, their sha256.

        Args:
            file: Each algorithm of its hashes must agree.
            hashes: The user's ``--hash``: if there are any, one of them must agree too.

        Raises:
            HashMismatch: They do not; nothing was kept.
            DownloadTruncated: It broke off too often.
            IndexUnreachable, DownloadError: It cannot be had, or is too large.
            OfflineMiss: ``--offline``, and the store does not have it.
        """
        return self._downloads.get(self._bare(file), hashes=hashes, wanted_by=wanted_by)

    def shared(self, location: str) -> SharedStore:
        """The store of others at *location*: a directory (absolute), or a URL, which may hold a login."""
        if "://" in location:
            location = self._client.learn(location)
        return SharedStore(
            location, client=self._client, downloads=self._downloads, store=self._store
        )

    def _bare(self, file: File) -> File:
        """A direct URL or a lock's may hold a login; the session keeps it."""
        url = self._client.learn(file.url)
        return file if url == file.url else evolve(file, url=url)

    # ------------------------------------------------------------ a look into wheels

    def wheel_metadata(self, file: File, *, wanted_by: Sequence[str] = ()) -> bytes:
        """The METADATA of a wheel: PEP 658's file, else by range requests, else out of the whole.

        What range requests bring has no hash of its own: it came over TLS or from a trusted host.
        Over plain http the whole wheel is brought and checked.

        Raises:
            MetadataUnusable: The wheel has not exactly one METADATA of its project, at most 16 MiB.
            HashMismatch, DownloadTruncated, IndexUnreachable, OfflineMiss: As for `download`.
        """
        return self._wheels.metadata(self._bare(file), wanted_by=wanted_by)

    def wheel_names(self, file: File, *, wanted_by: Sequence[str] = ()) -> tuple[str, ...]:
        """The names of all members of a wheel, without its payload. Raises as `wheel_metadata` does."""
        return self._wheels.names(self._bare(file), wanted_by=wanted_by)


def _session(network: Network, logins: Logins) -> requests.Session:
    from podwheel.index.session import make_session

    return make_session(network, user_agent=f"podwheel/{__version__}", logins=logins)


def _behind(links: tuple[File, ...], page: Listing) -> Listing:
    """What a page lists, behind the files of find-links."""
    state = None if page.state is None else digest_of([pages.pack(links), page.state])
    return Listing(state, lambda: links + page.files)


def file_of(direct: ArchiveUrl) -> File:
    """A direct URL as a file that `Index.download` takes; its hashes are those of the URL.

    Raises:
        IndexUnreachable: It is no URL, or its path ends with no name.
    """
    filename = filename_of(direct.url)
    if not is_plain_filename(filename):
        raise problems.unusable_url("the archive", direct.url)
    return File(filename=filename, url=without_fragment(direct.url), hashes=direct.hashes)
