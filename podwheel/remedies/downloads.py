"""Builds that fetch by themselves: what a step wanted from the network, and how to declare it.

A step has no network, so such a build fails at its first lookup of a name. The messages are of the
programs that were called (git, curl, wget, CMake, Meson, pip, npm, Go, Bazel…, see
`messages_downloads`); the URL stands in the message, or near it. All of it is hostile text.
"""

from __future__ import annotations

import re
from collections import deque
from typing import TYPE_CHECKING, Final

from attrs import define, evolve, field
from packaging.utils import canonicalize_name

from podwheel.remedies.download import ARCHIVE, Download, Kind
from podwheel.remedies.messages_downloads import RULES, Wish, inside, url_in
from podwheel.remedies.rung import shown
from podwheel.syslibs.logtext import statements

if TYPE_CHECKING:
    from collections.abc import Iterator

    from podwheel.syslibs.logtext import Statement

_MOST: Final = 12
_MOST_WISHES: Final = 400
_NEAR: Final = 400
"""Statements between a failure and the line that names the URL: a traceback stands between, and a
program's standard output comes late."""
_MOST_URLS: Final = 200

_TELLS: Final = re.compile(
    r"download|fetch|retriev|getting|obtain|clon|\bcurl\b|\bwget\b|^--\d{4}-\d\d-\d\d|\bfrom https?:",
    re.IGNORECASE,
)
"""A line that tells of a download, not one whose URL is for reading."""
_STEP: Final = re.compile(
    r"Performing download step \([^)\n]{1,60}\) for '([\w.+\-]{1,100}?)-populate'"
)
_OTHER_STEP: Final = re.compile(r"(Performing \w{1,20} step)|Build step for [\w.+\-]{1,100} failed")
_CLONING: Final = re.compile(
    r"^Cloning into '(?:/build/src/[^/']{1,200}/)?([\w.+\-/]{1,200})'\.\.\.$"
)
_HOST: Final = re.compile(r"https?://([^/:]{1,200})")


@define
class _Context:
    """What was said around a failure."""

    fetchcontent: str | None = None
    directory: str | None = None
    external: bool = False
    """An ExternalProject's step: it clones into its own directory, which nothing can name."""
    meson: bool = False
    urls: deque[tuple[int, str]] = field(factory=lambda: deque(maxlen=_MOST_URLS))

    def add(self, at: int, statement: Statement) -> None:
        text = statement.text
        if text.startswith("The Meson build system"):
            self.meson = True
        elif found := _STEP.search(text):
            self.fetchcontent, self.directory, self.external = found[1], None, False
        elif found := _OTHER_STEP.search(text):
            self.fetchcontent, self.directory, self.external = None, None, bool(found[1])
        elif (found := _CLONING.match(text)) and not self.external:
            self.directory = inside(found[1])
        if "://" in text and _TELLS.search(text) and (url := url_in(text)):
            self.urls.append((at, url))


def downloads_in(text: str) -> tuple[Download, ...]:
    """What the step wanted to download, as its log says.

    Args:
        text: The log, or a part of it; hostile, of any length.

    Returns:
        Each wish once, in the order of the text; empty where nothing failed for lack of a network.
        A download whose URL the log does not name has None for it.
    """
    context = _Context()
    wishes: list[tuple[int, Wish, Statement]] = []
    for at, statement in enumerate(statements(text)):
        context.add(at, statement)
        wishes += [(at, _placed(w, context), statement) for w in _wishes(statement)]
        if len(wishes) >= _MOST_WISHES:
            break
    found: dict[tuple[Kind, str | None], Download] = {}
    for at, wish, statement in wishes:
        download = _download(at, wish, statement, context)
        # A file that is looked for in one place has mirrors: one will do.
        what = download.file or download.url or " ".join(download.packages) or download.ecosystem
        found.setdefault((download.kind, what), download)
    return _distinct(tuple(found.values()))


def _wishes(statement: Statement) -> Iterator[Wish]:
    for rule in RULES:
        if rule.needle in statement.text and (match := rule.pattern.search(statement.text)):
            if wish := rule.wish(match, statement):
                yield wish
            return


def _placed(wish: Wish, context: _Context) -> Wish:
    """Where the download goes, as far as what stood before it says."""
    if wish.kind is Kind.PACKAGES:
        return wish
    if wish.kind is Kind.GIT and wish.directory is None and context.directory:
        below = "subprojects/" if context.meson and "/" not in context.directory else ""
        wish = evolve(wish, directory=f"{below}{context.directory}")
    return evolve(wish, fetchcontent=context.fetchcontent) if context.fetchcontent else wish


def _download(at: int, wish: Wish, statement: Statement, context: _Context) -> Download:
    url = wish.url
    if url is None and wish.kind is not Kind.PACKAGES:
        url = _nearest(at, wish.host, context)
    kind = wish.kind
    if kind is Kind.FILE and url and ARCHIVE.search(url):
        kind = Kind.ARCHIVE
    return Download(
        kind=kind,
        url=url,
        said=shown(statement),
        directory=None if wish.fetchcontent else wish.directory,
        file=wish.file,
        fetchcontent=wish.fetchcontent,
        ecosystem=wish.ecosystem,
        packages=wish.packages,
    )


def _nearest(at: int, host: str | None, context: _Context) -> str | None:
    """The URL that was told of closest to the failure, of the host that it names."""
    near = [(abs(at - where), url) for where, url in context.urls if abs(at - where) <= _NEAR]
    for _, url in sorted(near):
        found = _HOST.match(url)
        if host is None or (found and found[1] == host):
            return url
    return None


def _distinct(downloads: tuple[Download, ...]) -> tuple[Download, ...]:
    """One that was told of without its URL is one of those with theirs; at most `_MOST`."""
    named = any(d.url for d in downloads)
    kept = [d for d in downloads if d.url or d.kind is Kind.PACKAGES or not named]
    return tuple(kept[:_MOST])


def declaration(download: Download, *, project: str) -> str:
    """What to paste into podwheel.toml for *download*: TOML, with what is to be filled in as ``…``.

    Args:
        download: Of `downloads_in`.
        project: The project that wanted it, by any spelling of its name.
    """
    name = canonicalize_name(project)
    if download.kind is Kind.PACKAGES:
        return _packages(download, name)
    url = download.url or "https://…"
    if download.kind is Kind.GIT:
        lines = [
            f'url = "git+{url}@…"  # its commit, 40 hex digits{_command("git ls-remote", url)}'
        ]
    else:
        asked = _command("curl -L", url, " | sha256sum")
        lines = [f'url = "{url}"', f'sha256 = "…"  # of the file that you reviewed{asked}']
    return "\n".join((f"[[package.{name}.fetch]]", *lines, _place(download), ""))


def _command(command: str, url: str, then: str = "") -> str:
    """A command to paste: a URL may hold what means something to a shell, but no quote."""
    return "" if "…" in url else f": {command} '{url}'{then}"


def _place(download: Download) -> str:
    if download.fetchcontent:
        return f'fetchcontent = "{download.fetchcontent}"'
    if download.file:
        return f'file = "{download.file}"'
    if download.directory:
        return f'directory = "{download.directory}"  # in its source, where the build expects it'
    if download.kind is Kind.FILE:
        return 'file = "…"  # in its source, where the build expects it; or variable = "…"'
    return 'directory = "…"  # in its source, where the build expects it; or file = "…", variable = "…"'


def _packages(download: Download, name: str) -> str:
    if download.ecosystem == "python" and download.packages:
        wanted = ", ".join(f'"{package}"' for package in download.packages)
        return f"[package.{name}]\nbuild-requires = [{wanted}]\n"
    if download.ecosystem == "cargo":
        return f'[package.{name}]\ncargo-lock = "…"  # a Cargo.lock that lists every crate\n'
    what = f"packages of {download.ecosystem}" if download.ecosystem else "packages"
    named = f": {', '.join(download.packages)}" if download.packages else ""
    return (
        f"# {name} wants {what}{named}. Vendor them into an archive of your own, and name it:\n"
        f"[[package.{name}.fetch]]\n"
        'url = "https://…"\n'
        'sha256 = "…"  # of the archive that you made\n'
        'directory = "…"  # in its source, where the build expects it\n'
    )
