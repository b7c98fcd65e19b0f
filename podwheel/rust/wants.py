"""Which rustc a build asks for, by its manifests, its locks and its toolchain file."""

from __future__ import annotations

import re
import tomllib
from typing import TYPE_CHECKING, Any, Final

from podwheel.toolchains.want import Want

if TYPE_CHECKING:
    from collections.abc import Iterable

_TOOL: Final = "rust"
_NUMBER: Final = re.compile(r"\d{1,4}\.\d{1,4}(\.\d{1,4})?", re.ASCII)
_NUMBERED: Final = re.compile(rf"({_NUMBER.pattern})(-[\w.-]+)?", re.ASCII)
_CHANNEL: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}", re.ASCII)

EDITIONS: Final = {"2018": "1.31", "2021": "1.56", "2024": "1.85"}
"""The first rustc whose cargo can read a manifest of the edition: no older one loads the workspace."""
LOCK_FORMATS: Final = {3: "1.53", 4: "1.78"}
"""The same for the formats of Cargo.lock."""


def of_version(text: str | None, *, by: str, firm: bool) -> Want | None:
    """``rust-version``: cargo refuses to compile the package with an older rustc."""
    if text is None or not _NUMBER.fullmatch(text):
        return None
    return Want(tool=_TOOL, minimum=text, by=by, firm=firm)


def of_edition(edition: str | None, *, by: str, firm: bool) -> Want | None:
    """The edition of a manifest that cargo must be able to read."""
    minimum = EDITIONS.get(edition or "")
    return None if minimum is None else Want(tool=_TOOL, minimum=minimum, by=by, firm=firm)


def of_lock(number: int, *, by: str, firm: bool) -> Want | None:
    """The format of a Cargo.lock."""
    minimum = LOCK_FORMATS.get(number)
    return None if minimum is None else Want(tool=_TOOL, minimum=minimum, by=by, firm=firm)


def of_toolchain(text: str, *, by: str) -> Want | None:
    """``rust-toolchain`` or ``rust-toolchain.toml`` (the rustup book, "Overrides").

    Only rustup reads it: with a distribution's cargo the same source builds without a look at it.
    So it is never firm. A number is a least version, for a newer stable compiles it as well.
    """
    try:
        channel: Any = tomllib.loads(text).get("toolchain", {}).get("channel")
    except (tomllib.TOMLDecodeError, AttributeError, RecursionError, ValueError):
        lines = text.split()  # the old form: one word
        channel = lines[0] if len(lines) == 1 else None
    if not isinstance(channel, str) or not _CHANNEL.fullmatch(channel):
        return None
    if (numbered := _NUMBERED.fullmatch(channel)) is not None:
        return Want(tool=_TOOL, minimum=numbered[1], by=by, firm=False)
    if channel == "stable" or channel.startswith("stable-"):
        return None
    return Want(tool=_TOOL, channel=channel, by=by, firm=False)


def strongest(wants: Iterable[Want | None]) -> tuple[Want, ...]:
    """Of the least versions the largest firm one, and a larger one that is not; and all channels."""
    kept: dict[object, Want] = {}
    for want in wants:
        if want is None:
            continue
        key = want.channel if want.minimum is None else want.firm
        if key not in kept or _version(want) > _version(kept[key]):
            kept[key] = want
    firm, loose = kept.get(True), kept.get(False)
    if firm is not None and loose is not None and _version(loose) <= _version(firm):
        del kept[False]
    return tuple(kept.values())


def _version(want: Want) -> tuple[int, ...]:
    numbers = [int(n) for n in (want.minimum or "0").split(".")]
    return (*numbers, 0, 0)[:3]
