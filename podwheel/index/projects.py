"""The files of a project on one index, and those that ``--find-links`` adds.

What an index said is kept parsed, with the moment when it said so; "no such project" too.
"""

from __future__ import annotations

import hashlib
import time
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from podwheel import log
from podwheel.errors import IndexUnreachable
from podwheel.index import pages, problems
from podwheel.index.client import ANEW, final_url, read_bounded
from podwheel.index.freshness import Answers, conditions, validators
from podwheel.index.once import Once
from podwheel.index.urls import (
    file_url,
    filename_of,
    is_archive,
    join_name,
    masked,
    path_of,
    stem,
    without_fragment,
)
from podwheel.model import File

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from packaging.utils import NormalizedName

    from podwheel.index.client import Client
    from podwheel.index.freshness import Clock
    from podwheel.store import Store

_PAGE_LIMIT = 64 << 20
_ABSENT = (404, 410)
_FORBIDDEN_HINT = (
    "podwheel does not go on to the next index: a stranger may have put the name there",
    "an index that answers 403 for names that it lacks (some buckets do) can be given last",
)


class Listing:
    """What a page lists; read when that is wanted: often it is enough that the page is as it was.

    Args:
        state: Names the page and its bytes; None: what it lists is more than that (logins).
    """

    def __init__(self, state: str | None, files: Callable[[], tuple[File, ...]]) -> None:
        self.state = state
        self._files = Once(files)

    @classmethod
    def kept(cls, document: dict[str, Any]) -> Listing:
        state = None if document["logins"] else document.get("read_as")
        return cls(state, lambda: pages.unpack(document))

    @property
    def files(self) -> tuple[File, ...]:
        """The archives, in the page's order."""
        return self._files.get()


class Pages:
    """Project pages and find-links pages, from disk while fresh, else from their servers."""

    def __init__(self, *, client: Client, clock: Clock, store: Store) -> None:
        self._client = client
        self._clock = clock
        self._answers = Answers(store, "pages")

    def project(self, index: str, name: NormalizedName) -> Listing | None:
        """What *index* (no credentials in it) lists for *name*; None if it has no such project.

        Raises:
            IndexUnreachable: Neither "here it is" nor "not here".
            OfflineMiss: It was never asked.
        """
        return self._page(
            join_name(index, name), what=f"the page of {name} on the index", index=index
        )

    def links(self, page: str) -> tuple[File, ...]:
        """All archives that a find-links page lists. Raises as `project` does."""
        found = self._page(page, what="the find-links page", index=page)
        if found is None:
            raise problems.refused("the find-links page", page, 404)
        return found.files

    def _page(self, url: str, *, what: str, index: str) -> Listing | None:
        if url.startswith("file:"):
            return self._local(url, what=what, index=index)
        kept = self._answers.read(url)
        if kept is not None and self._clock.is_fresh(kept["got"]) and not self._needs_login(kept):
            return None if kept["missing"] else Listing.kept(kept)
        return self._ask(url, kept, what=what, index=index)

    def _needs_login(self, kept: dict[str, Any]) -> bool:
        """The page's links held logins, which are never kept: the page must be read again for them."""
        return bool(kept["logins"]) and not self._clock.offline

    def _ask(
        self, url: str, kept: dict[str, Any] | None, *, what: str, index: str
    ) -> Listing | None:
        if kept is not None and (kept["missing"] or kept["logins"]):
            kept = None
        headers = {"Accept": pages.ACCEPT, **ANEW, **conditions(kept)}
        started = time.monotonic()
        got = self._clock.now()
        with self._client.get(url, what=what, headers=headers, vouched=False) as answer:
            status = answer.status_code
            content = (
                read_bounded(answer, _PAGE_LIMIT, what=what, url=url) if status == 200 else b""
            )
            kind = answer.headers.get("Content-Type", "")
            final = final_url(answer)
            known_by = validators(answer.headers)
        log.get().debug(
            "index.page",
            url=masked(url),
            status=status,
            bytes=len(content),
            seconds=round(time.monotonic() - started, 3),
        )
        if status == 304 and kept is not None:
            self._answers.write(url, kept, got=got)
            return Listing.kept(kept)
        if status in _ABSENT:
            self._answers.write(url, {"missing": True, "logins": False}, got=got)
            return None
        if status != 200:
            hint = _FORBIDDEN_HINT if status == 403 else ()
            raise problems.refused(what, url, status, hint=hint)
        read_as = _digest(content, kind, final)
        if kept is not None and kept.get("read_as") == read_as:
            self._answers.write(url, {**kept, **known_by}, got=got)
            return Listing.kept(kept)
        logins = []

        def learn(link: str) -> str:
            bare = self._client.learn(link)
            if bare != link:
                logins.append(link)
            return bare

        files = _parsed(content, kind=kind, url=final, index=index, learn=learn, what=what)
        document = {"missing": False, "logins": bool(logins), "read_as": read_as, **known_by}
        self._answers.write(url, {**document, **pages.pack(files)}, got=got)
        return Listing(None if logins else read_as, lambda: files)

    def _local(self, url: str, *, what: str, index: str) -> Listing | None:
        """A page of a ``file:`` index: ``NAME/index.html``."""
        try:
            path = path_of(url)
            path = path / "index.html" if path.is_dir() else path
            content = path.read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (OSError, ValueError):
            raise problems.unusable_url(what, url) from None
        at = file_url(path)
        files = _parsed(content, kind="text/html", url=at, index=index, learn=str, what=what)
        return Listing(_digest(content, "text/html", at), lambda: files)


def _digest(content: bytes, kind: str, url: str) -> str:
    """What a page is read from: many servers send the same bytes again instead of confirming them."""
    return hashlib.sha256(b"\n".join((kind.encode(), url.encode(), content))).hexdigest()


def _parsed(
    content: bytes, *, kind: str, url: str, index: str, learn: Any, what: str
) -> tuple[File, ...]:
    try:
        return pages.parse(content, content_type=kind, url=url, index=masked(index), learn=learn)
    except pages.NotAPage as error:
        raise IndexUnreachable(
            f"{what} {masked(url)} cannot be read: {error}",
            hint="check --index-url: an index's URL usually ends in /simple/",
        ) from None


class FindLinks:
    """``--find-links``: directories, archives, and pages that list archives; looked at once a run."""

    def __init__(self, locations: Iterable[str], *, pages: Pages, client: Client) -> None:
        self._locations = tuple(locations)
        self._pages = pages
        self._client = client
        self._files: dict[NormalizedName, list[File]] | None = None

    def files(self, name: NormalizedName) -> tuple[File, ...]:
        """Those of the project, in the order of the locations. The caller holds a lock."""
        if self._files is None:
            self._files = defaultdict(list)
            for file in (f for where in self._locations for f in self._at(where)):
                for whose in names_of(file.filename):
                    self._files[whose].append(file)
        return tuple(self._files.get(name, ()))

    def _at(self, location: str) -> tuple[File, ...]:
        if not location.startswith(("http:", "https:")):
            return self._on_disk(location)
        url = self._client.learn(location)
        if is_archive(filename_of(url)):
            return (
                File(
                    filename=filename_of(url),
                    url=without_fragment(url),
                    hashes=pages.fragment_hashes(url),
                    index=masked(url),
                ),
            )
        return self._pages.links(without_fragment(url))

    def _on_disk(self, location: str) -> tuple[File, ...]:
        from pathlib import Path

        try:
            path = (
                path_of(location) if location.startswith("file:") else Path(location).expanduser()
            )
        except ValueError:
            raise problems.unusable_url("the find-links location", location) from None
        if path.is_dir():
            # pip reads pages in such a directory too.
            try:
                listed = sorted(path.iterdir())
            except OSError as error:
                raise IndexUnreachable(
                    f"--find-links {path} cannot be read: {error.strerror}"
                ) from error
        elif path.is_file():
            listed = [path]
        else:
            # As in pip: PIP_FIND_LINKS may name a place that only some machines have. Who read the
            # option has warned of a path already, with the line that names it.
            if location.startswith("file:"):
                log.get().warning("index.find_links.missing", location=str(path))
            return ()
        return tuple(f for entry in listed for f in self._of_entry(entry, str(path)))

    def _of_entry(self, path: Path, location: str) -> tuple[File, ...]:
        if is_archive(path.name) and path.is_file():
            return (File(filename=path.name, url=file_url(path), index=location),)
        if path.suffix in (".html", ".htm") and path.is_file():
            return self._pages.links(file_url(path))
        return ()


def names_of(filename: str) -> frozenset[NormalizedName]:
    """The projects that an archive may be of, as its name says.

    A source's name alone does not say where the project's name ends (``a-b-1.0``): each hyphen
    is tried, and what follows must be a version.
    """
    if filename.endswith(".whl"):
        return frozenset({canonicalize_name(filename.partition("-")[0])})
    base = stem(filename)
    ends = [at for at, char in enumerate(base) if char == "-" and _is_version(base[at + 1 :])]
    return frozenset(canonicalize_name(base[:at]) for at in ends)


def _is_version(text: str) -> bool:
    try:
        Version(text)
    except InvalidVersion:
        return False
    return True
