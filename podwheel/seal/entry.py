"""One wheel of a wheelhouse, and where it came from."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit, urlunsplit

from attrs import frozen

if TYPE_CHECKING:
    from podwheel.model import Pin, Wheel

_WEB_USER = re.compile(r"(https?://)[^/@\s]+@")
_PASSWORD = re.compile(r"(://[^/:@\s]+):[^/@\s]*@")


@frozen(kw_only=True)
class BuildRequirement:
    """One wheel of a build environment."""

    name: str
    version: str
    sha256: str


@frozen(kw_only=True)
class Entry:
    """A checked wheel with its provenance."""

    wheel: Wheel
    """Its bytes are where `Wheel.path` says until they are published."""
    source: Literal["built", "upstream"]
    pin: Pin
    """What was chosen: the index's file or the direct reference, and the dependencies."""
    url: str | None
    """Of the source it was built from, or of upstream's wheel."""
    sha256: str | None
    """Of that file."""
    commit: str | None = None
    """Of a source from git."""
    step: str | None = None
    """The build step's identity; None for upstream's wheel."""
    build_tag: str | None = None
    portable_step: str | None = None
    """The identity of what put libraries into the wheel; None: nothing did."""
    bundled: tuple[str, ...] = ()
    """Paths in the wheel of those libraries."""
    build_requires: tuple[BuildRequirement, ...] = ()


def public_url(url: str | None) -> str | None:
    """A URL as it may be published: no password, no query (signed URLs carry secrets), no fragment.

    Returns:
        None for what is of this host only (``file:``, ``directory:``, a path).
    """
    if url is None:
        return None
    parts = urlsplit(url)
    if (
        parts.scheme.removeprefix("git+") not in ("http", "https", "ssh", "git")
        or not parts.hostname
    ):
        return None
    host = parts.netloc.rpartition("@")[2]
    if parts.scheme.endswith("ssh") and parts.username:
        host = f"{parts.username}@{host}"  # git@: the account, no secret
    return urlunsplit((parts.scheme, host, parts.path, "", ""))


def redacted(text: str) -> str:
    """*text* without the credentials of URLs in it: requirements as they were written have them."""
    return _PASSWORD.sub(r"\1@", _WEB_USER.sub(r"\1", text))
