"""``[[package.NAME.fetch]]``: what a build would fetch by itself, declared by its hash."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from podwheel.requirements import urls
from podwheel.requirements.tables import VARIABLE
from podwheel.settings import Fetch

if TYPE_CHECKING:
    from podwheel.model import VcsUrl
    from podwheel.requirements.tables import Table

KEYS = ("url", "sha256", "file", "directory", "variable", "unpack", "fetchcontent")
_PLACES = ("file", "directory", "variable", "fetchcontent")
_SCHEMES = ("http", "https", "file")
_COMMIT = re.compile(r"[0-9a-f]{40}")
_CMAKE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.+-]*")


def read_fetch(table: Table) -> Fetch:
    """One table, checked.

    Raises:
        SettingsError: It says no URL, nothing that the bytes could be checked by, or no place
            where the build expects them.
    """
    table.check_keys(KEYS)
    url, git = _source(table)
    fetch = Fetch(
        url=url,
        git=git,
        sha256=None if git else table.sha256(),
        file=_inside(table, "file"),
        directory=_inside(table, "directory"),
        variable=table.string("variable"),
        unpack=table.boolean("unpack") or git is not None,
        fetchcontent=table.string("fetchcontent"),
    )
    if fetch.variable is not None and not VARIABLE.fullmatch(fetch.variable):
        raise table.wrong("variable", f"{fetch.variable!r} is no variable's name")
    if fetch.fetchcontent is not None and not _CMAKE_NAME.fullmatch(fetch.fetchcontent):
        raise table.wrong("fetchcontent", f"{fetch.fetchcontent!r} is no CMake name")
    if git is not None and fetch.file is not None:
        raise table.wrong("file", "a repository is no file", 'directory = "…"')
    if not any(table.values.get(place) for place in _PLACES):
        hint = f'one of {", ".join(_PLACES)} = "…"'
        raise table.wrong("", "does not say where it is expected", hint)
    return fetch


def _source(table: Table) -> tuple[str, VcsUrl | None]:
    """The URL, absolute; and the repository at a commit, if it is one."""
    url = table.needed("url")
    try:
        if url.startswith("git+"):
            return _repository(table, url)
        scheme = urls.scheme_of(url)
        if scheme not in _SCHEMES:
            hint = f'url = "file:{url}"' if scheme is None else ""
            raise table.wrong("url", "only http, https, file and git+… are fetched", hint)
        if scheme == "file":
            url = urls.file_path(url, table.file.parent).as_uri()
    except urls.BadUrl as error:
        raise table.wrong("url", error.why, error.hint) from None
    return url, None


def _repository(table: Table, url: str) -> tuple[str, VcsUrl]:
    git, _ = urls.parse_git(url)
    if not _COMMIT.fullmatch(git.ref or ""):
        hint = 'url = "git+https://…@<commit>": a tag can be moved'
        raise table.wrong("url", "ends with no commit of 40 hex digits", hint)
    if "sha256" in table.values:
        raise table.wrong("sha256", "a commit is a hash already")
    return git.url, git


def _inside(table: Table, key: str) -> str | None:
    """A path below the root of the source."""
    path = table.string(key)
    if path is not None and (path.startswith("/") or ".." in path.split("/")):
        raise table.wrong(key, f"{path!r} is not in the source", "a relative path")
    return path
