"""What a step wanted from the network."""

from __future__ import annotations

import enum
import re
from typing import Final

from attrs import frozen

ARCHIVE: Final = re.compile(
    r"\.(?:tar(?:\.\w{1,4})?|tgz|tbz2?|txz|zip|7z|crate|whl|jar)(?:[?#]|$)"
    r"|/(?:archive|tarball|zipball)/[^?#]{1,200}$",
    re.IGNORECASE,
)
"""A URL of something to unpack."""


class Kind(enum.Enum):
    """What is behind the URL."""

    GIT = "git"
    """A repository."""
    ARCHIVE = "archive"
    """A file that is unpacked."""
    FILE = "file"
    """A file that is used as it is, or nobody knows."""
    PACKAGES = "packages"
    """Packages of some ecosystem's, from its registry."""


@frozen(kw_only=True)
class Download:
    """One download that failed for lack of a network. Names and URLs are checked, and harmless."""

    kind: Kind
    url: str | None
    """http, https or git, without credentials; None: the log does not say."""
    said: str
    """The line that says so."""
    directory: str | None = None
    """Where git was to put it, relative to where it ran."""
    file: str | None = None
    """Where the build looks for the file first, in its source."""
    fetchcontent: str | None = None
    """The name that CMake's FetchContent has for it (``FETCHCONTENT_SOURCE_DIR_<NAME>``)."""
    ecosystem: str | None = None
    """``python``, ``npm``, ``go``, ``cargo``, ``conan``… for packages."""
    packages: tuple[str, ...] = ()
    """As the ecosystem names them; of Python's, requirements."""

    def __str__(self) -> str:
        if self.kind is Kind.PACKAGES:
            named = f" {', '.join(self.packages)}" if self.packages else ""
            return f"packages of {self.ecosystem}{named}"
        return f"{self.kind.value} {self.url or 'of an unknown URL'}"
