"""Messages of programs that wanted the network, and had none."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from attrs import frozen
from packaging.requirements import InvalidRequirement, Requirement

from podwheel.remedies.download import Kind

if TYPE_CHECKING:
    from collections.abc import Callable

    from podwheel.syslibs.logtext import Statement

    Found = Callable[[re.Match[str], Statement], "Wish | None"]

_OFFLINE: Final = (
    r"(?:Could(?: not|n't) resolve host|Temporary failure in name resolution|Name or service not known|nodename nor servname"
    r"|Failed to resolve|getaddrinfo (?:EAI_AGAIN|ENOTFOUND)|dial tcp|Network is unreachable|network is unreachable|No route to host"
    r"|Unknown host|UnknownHostException|No address associated with hostname|Connection refused)"
)
"""How programs say that there is no network. ``[Errno -3]``, ``[Errno -2]`` and ``[Errno -5]`` of Python come with these words."""
_QUOTED_URL: Final = r"(?P<url>(?:https?|git)://[^\s'\"<>]{1,700})"
"""A URL as a program printed it, login and all; `url_in` makes one of it that may be repeated."""
_URL: Final = re.compile(
    r"(?:https?|git)://[A-Za-z0-9][A-Za-z0-9.\-]{0,199}(?::\d{1,5})?(?:/[A-Za-z0-9._~:/?#@!$&()*+,;=%\-]{0,500})?"
)
_LOGIN: Final = re.compile(r"://[^/@\s]{0,200}@")
_PUNCTUATION: Final = ".,;:!*"
_NAME: Final = r"[@A-Za-z0-9][\w.+\-/@]{0,120}"


@frozen(kw_only=True)
class Wish:
    """What one message says was wanted."""

    kind: Kind
    url: str | None = None
    host: str | None = None
    """All that the message names, where it has no URL."""
    directory: str | None = None
    file: str | None = None
    fetchcontent: str | None = None
    ecosystem: str | None = None
    packages: tuple[str, ...] = ()


@frozen(kw_only=True)
class Rule:
    """A kind of message. Its pattern starts with a literal, and repeats within bounds: linear time."""

    needle: str
    pattern: re.Pattern[str]
    wish: Found


def url_in(text: str) -> str | None:
    """The first URL in *text* that is one, without the punctuation behind it and without a login."""
    found = _URL.search(_LOGIN.sub("://", text))
    if found is None:
        return None
    url = found[0].rstrip(_PUNCTUATION)
    while url.endswith(")") and url.count(")") > url.count("("):
        url = url[:-1].rstrip(_PUNCTUATION)
    return url


def inside(path: str) -> str | None:
    """*path* if it is one inside the source."""
    parts = path.split("/")
    return path if path and not {"", ".", ".."} & set(parts) else None


def _at(kind: Kind) -> Found:
    """The URL that the pattern's group holds; of a repository without the slash that git adds."""

    def found(match: re.Match[str], _: Statement) -> Wish | None:
        url = url_in(match["url"])
        if url and kind is Kind.GIT:
            url = url.rstrip("/")
        return Wish(kind=kind, url=url) if url else None

    return found


def _on(kind: Kind) -> Found:
    """The host that the pattern's group holds."""

    def found(match: re.Match[str], _: Statement) -> Wish:
        return Wish(kind=kind, host=match["host"])

    return found


def _somewhere(_: re.Match[str], statement: Statement) -> Wish:
    """A failure without a URL; the statement may have one all the same."""
    return Wish(kind=Kind.FILE, url=url_in(statement.text))


def _submodule(match: re.Match[str], _: Statement) -> Wish | None:
    url = url_in(match["url"])
    return Wish(kind=Kind.GIT, url=url, directory=inside(match["path"])) if url else None


def _wrap(match: re.Match[str], _: Statement) -> Wish | None:
    """Meson looks for a wrap's archive in this directory of the source before it downloads it."""
    url = url_in(match["url"])
    if url is None:
        return None
    name = url.partition("?")[0].rpartition("/")[2]
    file = f"subprojects/packagecache/{name}" if re.fullmatch(r"[\w.+\-]{1,100}", name) else None
    return Wish(kind=Kind.ARCHIVE, url=url, file=file)


def _pooled(match: re.Match[str], _: Statement) -> Wish | None:
    """urllib3: the host, its port and the path, each by itself."""
    scheme, port = ("https", "443") if match["s"] else ("http", "80")
    host = match["host"] if match["port"] == port else f"{match['host']}:{match['port']}"
    url = url_in(f"{scheme}://{host}{match['path']}")
    return Wish(kind=Kind.FILE, url=url) if url else None


def _packages(ecosystem: str) -> Found:
    def found(match: re.Match[str], _: Statement) -> Wish:
        named = (match.groupdict().get("name") or "").replace("%2f", "/").replace("%2F", "/")
        packages = (named,) if named and re.fullmatch(_NAME, named) else ()
        return Wish(kind=Kind.PACKAGES, ecosystem=ecosystem, packages=packages)

    return found


def _requirement(match: re.Match[str], _: Statement) -> Wish | None:
    try:
        requirement = Requirement(match["name"])
    except InvalidRequirement:
        return None
    if requirement.url is not None or requirement.marker is not None:
        return None
    return Wish(kind=Kind.PACKAGES, ecosystem="python", packages=(str(requirement),))


def _ignored(_: re.Match[str], __: Statement) -> None:
    """A try of many: another message of the same program says what it was for."""


def _rule(needle: str, pattern: str, wish: Found) -> Rule:
    full = pattern.replace("OFFLINE", _OFFLINE).replace("URL", _QUOTED_URL)
    return Rule(needle=needle, pattern=re.compile(full, re.MULTILINE), wish=wish)


_ECOSYSTEMS: Final = (
    # pip, called by a setup script or a CMake file
    _rule("connection broken by", r"after connection broken by '", _ignored),
    _rule("satisfies the requirement", r"^ERROR: Could not find a version that satisfies the requirement (?P<name>\S[^\n(]{0,100}?) \(from versions: none\)", _requirement),
    _rule("failed, reason: ", r"^npm (?:err(?:or|!)|ERR!) request to \S{1,300}/(?P<name>(?:@[\w.\-]{1,80}(?:/|%2[fF]))?[\w.\-]{1,100}) failed, reason: ", _packages("npm")),
    _rule("with your network connection", r"^info There appears to be trouble with your network connection", _packages("npm")),  # yarn
    _rule(": dial tcp", r"(?:^|\s)(?P<name>[\w.\-]{1,60}/[\w.\-/]{1,120})@v[\w.+\-]{1,60}: Get \"", _packages("go")),
    _rule(": dial tcp", r": Get \"[^\"\n]{1,300}/(?P<name>[\w.\-]{1,60}/[\w.\-/!]{1,120})/@v/", _packages("go")),
    _rule("failed to get '", r"^error: failed to get '(?P<name>[\w\-]{1,80})' as a dependency", _packages("cargo")),
    _rule("spurious network error", r"spurious network error", _ignored),
    _rule("failed to download from '", r"failed to download from 'https?://\S{1,200}/crates/(?P<name>[\w\-]{1,80})/", _packages("cargo")),
    _rule("failed to download from '", r"failed to download from '", _ignored),
    _rule("not resolved", r"^ERROR: Package '(?P<name>[^']{1,120})' not resolved: ", _packages("conan")),
    _rule("Could not GET '", r"Could not GET 'https?://[^'\n]{1,300}/(?P<name>[^/'\n]{1,100})'", _packages("maven")),
    _rule("could not download file from", r"could not download file from 'URL'", _packages("rustup")),
)  # fmt: skip

_GIT: Final = (
    _rule("unable to access '", r"^(?:remote: )?fatal: unable to access 'URL/?': .{0,200}OFFLINE", _at(Kind.GIT)),
    _rule("into submodule path", r"[Cc]lone of 'URL' into submodule path '(?P<path>[\w.+\-/]{1,300})' failed", _submodule),
    _rule("unable to look up", r"^fatal: unable to look up (?P<host>[\w.\-]{1,200}) \(port \d{1,5}\)", _on(Kind.GIT)),
    _rule("Could not resolve hostname", r"^ssh: Could not resolve hostname (?P<host>[\w.\-]{1,200}): ", _on(Kind.GIT)),
    _rule("Failed to clone repository", r"Failed to clone repository:\s{1,4}'URL'", _at(Kind.GIT)),
)  # fmt: skip

_FILES: Final = (
    # CMake: file(DOWNLOAD), ExternalProject and FetchContent
    _rule("downloading '", r"error: downloading 'URL' failed", _at(Kind.FILE)),
    _rule("failed download", r"from url: \"URL\"", _at(Kind.FILE)),
    # Meson's wraps; what it prints before is of the same download
    _rule("<urlopen error", r"^<urlopen error", _ignored),
    _rule("is the internet available?", r"could not get URL; is the internet available\?", _wrap),
    _rule("WrapDB connection failed", r"WrapDB connection failed to URL with error", _wrap),
    # Bazel
    _rule("Error downloading [", r"Error downloading \[URL", _at(Kind.ARCHIVE)),
    # curl, wget, Python, and what scripts make of them
    _rule("curl: (", r"curl: \((?:6|7)\) .{0,100}?(?:host:? |connect to )'?(?P<host>[\w.\-]{1,200})", _on(Kind.FILE)),
    _rule("unable to resolve host address", r"unable to resolve host address '(?P<host>[\w.\-]{1,200})'", _on(Kind.FILE)),
    _rule("Max retries exceeded with url", r"HTTP(?P<s>S?)ConnectionPool\(host='(?P<host>[\w.\-]{1,200})', port=(?P<port>\d{1,5})\): Max retries exceeded "
          r"with url: (?P<path>/\S{0,400})", _pooled),
    _rule("[Errno -", r"<urlopen error \[Errno -\d\]|^(?:socket\.)?gaierror: \[Errno -\d\]", _somewhere),
    _rule("URLError", r"URLError: .{0,200}OFFLINE", _somewhere),
    _rule("httpx.ConnectError", r"^(?:httpx|httpcore)\.ConnectError: .{0,200}OFFLINE", _somewhere),
    _rule("getaddrinfo", r"getaddrinfo (?:EAI_AGAIN|ENOTFOUND) (?P<host>[\w.\-]{1,200})", _on(Kind.FILE)),
    _rule("dial tcp: lookup", r"dial tcp: lookup (?P<host>[\w.\-]{1,200})", _on(Kind.FILE)),
)  # fmt: skip

RULES: Final[tuple[Rule, ...]] = (*_ECOSYSTEMS, *_GIT, *_FILES)
"""The first that matches a statement speaks for it."""
