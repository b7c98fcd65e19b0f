"""URLs without their secrets, and what may be done with them."""

from __future__ import annotations

import ipaddress
import re
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, quote, unquote, urlsplit, urlunsplit
from urllib.request import url2pathname

if TYPE_CHECKING:
    from collections.abc import Iterable

Login = tuple[str, str | None]
"""A user name and, where it is known, a password."""

WEB = ("http", "https")

SOURCE_SUFFIXES = (".tar.gz", ".tgz", ".zip", ".tar.bz2", ".tbz", ".tar.xz", ".txz", ".tar")
"""What pip takes as a source archive, less the formats that need a module outside the standard library."""

_USERINFO = re.compile(r"(?<=://)[^/@\s'\"]*@")


def is_archive(filename: str) -> bool:
    """Whether the name is that of a wheel or of a source archive."""
    return filename.lower().endswith((".whl", *SOURCE_SUFFIXES))


def split_login(url: str) -> tuple[str, Login | None]:
    """*url* without its ``user:password@``, and that login.

    Raises:
        ValueError: It is no URL (a bracket that does not close, a port that is no number).
    """
    parts = urlsplit(url)
    _ = parts.port  # urlsplit() looks at the port only when it is asked for
    userinfo, at, host = parts.netloc.rpartition("@")
    if not at:
        return url, None
    user, colon, password = userinfo.partition(":")
    bare = urlunsplit(parts._replace(netloc=host))
    return bare, (unquote(user), unquote(password) if colon else None)


def masked(url: str) -> str:
    """*url* as it may be shown: no credentials, no query (which often holds a token), no fragment."""
    try:
        bare, login = split_login(url)
    except ValueError:
        return scrubbed(url)
    if login is not None and login[1] is None and url.startswith("ssh:"):
        bare = url  # ssh://git@…: whom to log in as, no secret; the key is elsewhere
    return urlunsplit(urlsplit(bare)._replace(query="", fragment=""))


def scrubbed(text: str) -> str:
    """*text* of a tool's, with the credentials taken out of every URL in it."""
    return _USERINFO.sub("", text)


def origin(url: str) -> tuple[str, str, int | None]:
    """Scheme, host and port: what credentials are bound to (RFC 6454)."""
    parts = urlsplit(url)
    default = {"http": 80, "https": 443}.get(parts.scheme)
    return parts.scheme, (parts.hostname or "").lower(), parts.port or default


def trusts(url: str, trusted_hosts: Iterable[str]) -> bool:
    """Whether ``--trusted-host`` names the host (any port) or the host and port of *url*."""
    parts = urlsplit(url)
    host = (parts.hostname or "").lower()
    for trusted in trusted_hosts:
        named = urlsplit(f"//{trusted}")
        if (named.hostname or "").lower() == host and named.port in (None, origin(url)[2]):
            return True
    return False


def is_secure(url: str, trusted_hosts: Iterable[str] = ()) -> bool:
    """Whether what comes from *url* is what its server sent: TLS, this machine, or a trusted host."""
    parts = urlsplit(url)
    return parts.scheme in ("https", "file") or _is_loopback(parts) or trusts(url, trusted_hosts)


def _is_loopback(parts: SplitResult) -> bool:
    host = parts.hostname or ""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def filename_of(url: str) -> str:
    """The last part of the URL's path, decoded; empty where the path ends with a slash."""
    return unquote(urlsplit(url).path.rpartition("/")[2])


def is_plain_filename(name: str) -> bool:
    """Whether *name* can be a file in a directory of ours, and nowhere else."""
    return (
        name not in ("", ".", "..")
        and "/" not in name
        and "\\" not in name
        and name.isprintable()
        and len(name.encode()) <= 255  # NAME_MAX
    )


def path_of(url: str) -> Path:
    """The path of a ``file:`` URL.

    Raises:
        ValueError: It names another host.
    """
    parts = urlsplit(url)
    if parts.netloc not in ("", "localhost"):
        raise ValueError(f"{url} is on another host")
    return Path(url2pathname(parts.path))


def file_url(path: Path) -> str:
    """The ``file:`` URL of *path*."""
    return path.absolute().as_uri()


def join_name(index: str, name: str) -> str:
    """A project's page on an index (PEP 503): the index's URL, the name, a slash."""
    return f"{index.rstrip('/')}/{quote(name)}/"


def with_suffix(url: str, suffix: str) -> str:
    """*url* with *suffix* after its path, as PEP 658 forms a metadata file's URL."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(path=parts.path + suffix, fragment=""))


def without_fragment(url: str) -> str:
    return url.partition("#")[0]


def stem(filename: str) -> str:
    """The file's name without its archive suffix (``x-1.0`` of ``x-1.0.tar.gz``)."""
    lowered = filename.lower()
    for suffix in (".whl", *SOURCE_SUFFIXES):
        if lowered.endswith(suffix):
            return filename[: -len(suffix)]
    return PurePosixPath(filename).stem
