"""What was missing, as the messages of compilers, linkers and build systems name it."""

from __future__ import annotations

import enum

from attrs import frozen


class Kind(enum.Enum):
    """Which kind of thing; each is looked for in the distribution's files in its own way."""

    HEADER = "header"
    """As it was included: ``libpq-fe.h``, ``openssl/ssl.h``."""
    LIBRARY = "library"
    """As the linker was asked, without ``-l``: ``pq``; or as the loader was: ``libpq.so.5``."""
    PKG_CONFIG = "pkg-config"
    """A module of pkg-config's: ``libxml-2.0``."""
    PROGRAM = "program"
    """A command: ``pg_config``, ``swig``."""
    CMAKE = "CMake package"
    """As ``find_package`` was asked: ``ZeroMQ`` (``ZeroMQConfig.cmake``, ``FindZeroMQ.cmake``)."""
    COMPILER = "compiler"
    """A language, in lower case: ``c``, ``c++``, ``fortran``, ``rust``, ``cuda``…"""
    FILE = "file"
    """Some other file of the system, by its absolute path or its last parts."""
    NAME = "name"
    """What people, Meson and PEP 725 call a thing: ``libxml2``, ``zlib``, ``OpenSSL``; tried as all of the above."""


@frozen(kw_only=True)
class Missing:
    """One thing that was looked for and not found."""

    kind: Kind
    name: str
    minimum: str | None = None
    """The least version that was asked for; None: any."""

    def __str__(self) -> str:
        wanted = f" >= {self.minimum}" if self.minimum else ""
        kind = "" if self.kind is Kind.NAME else f"{self.kind.value} "
        return f"{kind}{self.name}{wanted}"


@frozen(kw_only=True)
class Lack:
    """Something that one line, or one attempt after another, found missing: any of these would do."""

    any_of: tuple[Missing, ...]
    """At least one; in the order in which the build asked."""
    sure: bool
    """A tool stopped there. False: a check that the build may have gone on without, or its own words."""
    said: str
    """The line, harmless to show."""
    too_old: str | None = None
    """It is installed, in this version, which is older than `Missing.minimum`."""

    def __str__(self) -> str:
        return " or ".join(map(str, self.any_of))
