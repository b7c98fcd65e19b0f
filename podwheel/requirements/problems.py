"""Errors of this room: all say where, show the text without its secrets, and what would be right."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from podwheel.errors import RequirementsFileError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from podwheel.model import Origin

COMMAND_LINE = "command line"
"""The `Origin.source` of what was typed."""

# Greedy up to the last "@" of the authority, as urlsplit reads it: a password may hold one.
_USERINFO = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*://)(?P<userinfo>[^/\s?#]*)@")
_SHOWN_CHARACTERS = 300


def mask(text: str) -> str:
    """*text* with the credentials of every URL in it hidden, in pip's way.

    ``user:secret@host`` becomes ``user:****@host``, and ``token@host`` becomes ``****@host``
    (but not over SSH: the user's name there is no token, and hints must be typed as they stand).
    """

    def hidden(found: re.Match[str]) -> str:
        user, colon, _ = found["userinfo"].partition(":")
        if colon:
            user = f"{user}:****"
        elif not found["scheme"].endswith("ssh://"):
            user = "****"
        return f"{found['scheme']}{user}@"

    return _USERINFO.sub(hidden, text)


def where(origin: Origin) -> str:
    """``file:line``, without what included it."""
    return origin.source if origin.line is None else f"{origin.source}:{origin.line}"


def includers(origin: Origin) -> tuple[str, ...]:
    """The lines that led to *origin*, innermost first."""
    chain = []
    parent = origin.parent
    while parent is not None:
        chain.append(where(parent))
        parent = parent.parent
    return tuple(chain)


def problem(
    origin: Origin, why: str, *, text: str = "", hint: str | Sequence[str] = ()
) -> UsageError:
    """The error for something written at *origin*; *text* is the offending part."""
    kind = UsageError if origin.source == COMMAND_LINE else RequirementsFileError
    shown = mask(text)
    if len(shown) > _SHOWN_CHARACTERS:
        shown = f"{shown[:_SHOWN_CHARACTERS]}…"
    quoted = f" {shown!r}:" if shown else ""
    hints = (hint,) if isinstance(hint, str) else tuple(hint)
    return kind(
        f"{where(origin)}:{quoted} {mask(why)}",
        wanted_by=includers(origin),
        hint=tuple(mask(h) for h in hints),
    )
