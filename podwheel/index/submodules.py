"""Submodules, read out of a commit as data: every URL is looked at before git sees it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import frozen

from podwheel import log
from podwheel.index.git import Submodule, is_allowed_url
from podwheel.index.urls import masked

if TYPE_CHECKING:
    from collections.abc import Iterator

    from podwheel.index.git import GitHost, Repository

_DEPTH = 8
_NUMBER = 256
_FILE_LIMIT = 1 << 20
_GITLINK = "160000"
_REGULAR = ("100644", "100755")


@frozen(kw_only=True)
class _Declared:
    path: str
    url: str
    update: str


def fetch_submodules(host: GitHost, repository: Repository, commit: str) -> tuple[Submodule, ...]:
    """Fetch the submodules of *commit* and theirs, outer ones first.

    Raises:
        GitFetchFailed: A URL or path that is not allowed, nested too deep, or too many.
    """
    found: list[Submodule] = []
    for submodule in _walk(host, repository, commit, inside="", depth=0):
        found.append(submodule)
        if len(found) > _NUMBER:
            raise host.failed(f"{repository.shown} has more than {_NUMBER} submodules")
    return tuple(found)


def _walk(
    host: GitHost, repository: Repository, commit: str, *, inside: str, depth: int
) -> Iterator[Submodule]:
    links, declared = _read(host, repository, commit)
    if links and depth >= _DEPTH:
        raise host.failed(f"submodules of {repository.shown} are nested deeper than {_DEPTH}")
    for path, pinned in links.items():
        where = f"{inside}{path}"
        entry = declared.get(path)
        if entry is None:
            # A gitlink that .gitmodules does not know: left over in many repositories.
            log.get().warning("git.submodule.undeclared", url=repository.shown, path=where)
            continue
        if entry.update == "none":
            continue
        url = _resolved(host, repository.url, entry.url, where)
        inner = host.repository(url)
        inner.have(pinned)
        yield Submodule(path=where, url=masked(url), commit=pinned, repository=inner.path)
        yield from _walk(host, inner, pinned, inside=f"{where}/", depth=depth + 1)


def _read(
    host: GitHost, repository: Repository, commit: str
) -> tuple[dict[str, str], dict[str, _Declared]]:
    """The gitlinks of a commit (path to commit), and what .gitmodules says, by path."""
    links: dict[str, str] = {}
    modules = None
    listing = repository.git("ls-tree", "-r", "-z", "--full-tree", commit).out
    for line in listing.split(b"\0"):
        head, _, raw = line.partition(b"\t")
        mode = head[:6].decode("ascii", "replace")
        if mode == _GITLINK:
            path = raw.decode("utf-8", "replace")
            if not _is_inside(path):
                raise host.failed(f"{repository.shown} has a submodule at {path!r}")
            links[path] = head.split()[2].decode("ascii")
        elif raw == b".gitmodules":
            modules = mode
    if not links or modules is None:
        return links, {}
    if modules not in _REGULAR:
        raise host.failed(f".gitmodules of {repository.shown} is not a regular file")
    return links, _declared(host, repository, commit)


def _declared(host: GitHost, repository: Repository, commit: str) -> dict[str, _Declared]:
    blob = f"{commit}:.gitmodules"
    if int(repository.git("cat-file", "-s", blob).text) > _FILE_LIMIT:
        raise host.failed(f".gitmodules of {repository.shown} is larger than 1 MiB")
    listed = repository.git("config", "--blob", blob, "--no-includes", "--null", "--list").text
    by_name: dict[str, dict[str, str]] = {}
    for entry in listed.split("\0"):
        key, _, value = entry.partition("\n")
        section, _, rest = key.partition(".")
        name, _, variable = rest.rpartition(".")
        if section == "submodule" and name:
            by_name.setdefault(name, {})[variable.lower()] = value
    return {
        values["path"].rstrip("/"): _Declared(
            path=values["path"], url=values["url"], update=values.get("update", "")
        )
        for values in by_name.values()
        if "path" in values and "url" in values
    }


def _is_inside(path: str) -> bool:
    """Whether a path stays in its tree, and out of every ``.git``."""
    parts = path.split("/")
    return path.isprintable() and not any(
        part in ("", ".", "..") or part.lower() == ".git" or part.startswith("-") for part in parts
    )


def _resolved(host: GitHost, parent: str, url: str, where: str) -> str:
    """A submodule's URL made absolute (gitsubmodules(7)) and allowed."""
    absolute = url
    if url.startswith(("./", "../")):
        absolute = _joined(parent, url) or url
    if not is_allowed_url(absolute):
        raise host.failed(
            f"the submodule {where} of {masked(parent)} is not fetched: {masked(url)!r}",
            hint="submodules are fetched over https, http, ssh and git only",
        )
    return absolute


def _joined(parent: str, url: str) -> str | None:
    """``../other.git`` beside *parent*; None if it climbs out of the host."""
    scheme, separator, rest = parent.rstrip("/").partition("://")
    if separator:
        host, _, path = rest.partition("/")
        top = f"{scheme}://{host}/"
    else:  # git@host:path
        host, _, path = parent.rstrip("/").partition(":")
        top = f"{host}:"
    parts = path.split("/") if path else []
    while url.startswith(("./", "../")):
        step, _, url = url.partition("/")
        if step == ".." and not parts:
            return None
        if step == "..":
            parts.pop()
    return top + "/".join([*parts, url])
