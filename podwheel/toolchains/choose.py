"""Which toolchain a build gets: the best of what was named, what the distribution has, what the host has.

Pure: nothing is read, nothing started.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from attrs import frozen
from packaging.version import Version

from podwheel.archives import elf
from podwheel.errors import ToolchainTooOld
from podwheel.text import plain
from podwheel.toolchains.distribution import Candidate, upstream_version
from podwheel.toolchains.host import Toolchain, Unusable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from podwheel.model import Target
    from podwheel.toolchains.want import Want

_NUMBER: Final = re.compile(r"\d+\.\d+(\.\d+)?")


@frozen(kw_only=True)
class Choice:
    """The toolchain that a build gets."""

    tool: str
    taken: Candidate | Toolchain
    wants: tuple[Want, ...]
    """All that were had of this tool."""
    unmet: tuple[Want, ...] = ()
    """Those that it does not fulfil: none that is firm, but where somebody named the toolchain."""


def choose(
    tool: str,
    wants: Sequence[Want],
    *,
    project: str,
    target: Target,
    distribution: Sequence[Candidate] = (),
    host: Sequence[Toolchain | Unusable] = (),
    configured: Toolchain | Unusable | None = None,
) -> Choice:
    """The best toolchain for one project's build.

    One that somebody named is taken, whatever else there is. Else the first of these that fulfils all
    wants, firm or not: the distribution's default, its others from the newest on, the host's from the
    oldest on. Else, of those that fulfil the firm ones, that which comes closest to the rest.

    Args:
        wants: Those of other tools are passed over.
        project: Who is built, for messages.
        distribution: From `of_distribution`: its default first.
        host: From `host.installed`.
        configured: From `host.named`.

    Raises:
        ToolchainTooOld: None fulfils the firm wants; the message tells what there is, and why each does not serve.
    """
    wants = tuple(want for want in wants if want.tool == tool)
    if configured is not None:
        return _configured(tool, wants, configured, project=project, target=target)
    firm = [want for want in wants if want.firm]
    options = _in_order(distribution, host)
    serving = [one for one in options if _against(one, firm, target) is None]
    if not serving:
        unusable = [one for one in host if isinstance(one, Unusable)]
        raise _too_old(tool, wants, [*options, *unusable], project=project, target=target)
    best = max(serving, key=lambda one: _closeness(one, wants))  # the first of equals
    return _choice(tool, best, wants)


def _configured(
    tool: str, wants: tuple[Want, ...], one: Toolchain | Unusable, *, project: str, target: Target
) -> Choice:
    """Whoever names a toolchain has looked: a stable one may well do where a nightly is wished for.
    What is too old by its number, or cannot run, is only told earlier here than by cargo."""
    minima = [want for want in wants if want.firm and _floor(want)]
    why = _against(one, minima, target)
    if why is None and isinstance(one, Toolchain):
        return _choice(tool, one, wants)
    hint = [f"name another, or none: then podwheel looks for one ([toolchain] {tool}, --{tool})"]
    if isinstance(one, Unusable) and one.hint:
        hint.insert(0, one.hint)
    raise ToolchainTooOld(
        f"{project} cannot be built with the {tool} that was named, {one}: {why}",
        wanted_by=_told(minima),
        hint=hint,
    )


def _choice(tool: str, one: Candidate | Toolchain, wants: tuple[Want, ...]) -> Choice:
    unmet = tuple(want for want in wants if not _meets(one, want))
    return Choice(tool=tool, taken=one, wants=wants, unmet=unmet)


def _in_order(
    distribution: Sequence[Candidate], host: Sequence[Toolchain | Unusable]
) -> list[Candidate | Toolchain]:
    """The first that serves is the best: what most people's builds are made with comes first."""
    newest = sorted(distribution[1:], key=lambda one: one.version, reverse=True)
    usable = [one for one in host if isinstance(one, Toolchain)]
    oldest = sorted(usable, key=lambda one: (not one.stable, one.version))
    return [*distribution[:1], *newest, *oldest]


def _closeness(one: Candidate | Toolchain, wants: Sequence[Want]) -> tuple[int, Version]:
    """How many wants it fulfils; where one for a newer version is left, how new it is."""
    unmet = [want for want in wants if not _meets(one, want)]
    older = any(_floor(want) for want in unmet)
    return len(wants) - len(unmet), one.version if older else Version("0")


# ------------------------------------------------------------ one option, one want


def _floor(want: Want) -> Version | None:
    """The least version that fulfils it. A channel that is a number is one as well: rustup would fetch
    exactly that, but a newer stable compiler compiles what an older one did."""
    numbers = [want.minimum, want.channel if _is_number(want.channel) else None]
    versions = (upstream_version(number) for number in numbers if number)  # a stranger's text
    return max((version for version in versions if version), default=None)


def _is_number(channel: str | None) -> bool:
    return channel is not None and _NUMBER.fullmatch(channel) is not None


def _meets(one: Candidate | Toolchain, want: Want) -> bool:
    floor = _floor(want)
    if floor is not None and one.version < floor:
        return False
    if want.channel is None or _is_number(want.channel):
        return True
    if isinstance(one, Candidate):
        return want.channel == "stable"
    return one.answers_to(want.channel) or (want.channel == "stable" and one.stable)


def _against(
    one: Candidate | Toolchain | Unusable, wants: Sequence[Want], target: Target
) -> str | None:
    """Why it does not serve; None where it does."""
    if isinstance(one, Unusable):
        return one.why
    if isinstance(one, Toolchain) and (why := _foreign(one, target)):
        return why
    unmet = [want for want in wants if not _meets(one, want)]
    if not unmet:
        return None
    older = any((floor := _floor(want)) is not None and one.version < floor for want in unmet)
    return "too old" if older else f"not {plain(unmet[0].channel or '')}"


def _foreign(one: Toolchain, target: Target) -> str | None:
    """Why it cannot run on the target; None where it can."""
    python = target.python
    if not elf.is_for(one.machine, python.machine):
        return f"for another machine ({one.triple}; the target is {python.machine})"
    name, version = python.libc
    if one.libc != name:
        return f"for another C library ({one.libc}; the target has {name})"
    if Version(f"{one.glibc[0]}.{one.glibc[1]}") > Version(version):
        return f"needs glibc {one.glibc[0]}.{one.glibc[1]}, the target has {version}"
    return None


# ------------------------------------------------------------ the error


def _too_old(
    tool: str,
    wants: Sequence[Want],
    options: Sequence[Candidate | Toolchain | Unusable],
    *,
    project: str,
    target: Target,
) -> ToolchainTooOld:
    firm = [want for want in wants if want.firm]
    floor = max((f for want in firm if (f := _floor(want))), default=None)
    channels = [plain(w.channel) for w in firm if w.channel and not _is_number(w.channel)]
    wished = channels[0] if channels else f"{floor or ''}"
    what = " ".join(filter(None, (tool, wished, "or newer" if floor and not channels else "")))
    there = "none of these serves" if options else "there is none"
    mend = [
        one.hint
        for one in options
        if isinstance(one, Unusable) and one.hint and (not channels or one.answers_to(wished))
    ]
    return ToolchainTooOld(
        f"{project} wants {what}, and for {target.name} {there}",
        wanted_by=_told(firm),
        said="\n".join(f"{one}: {_against(one, firm, target)}" for one in options),
        hint=[
            *mend,
            *(_rust_hints(wished, channel=bool(channels)) if tool == "rust" else ()),
            f"or build for a newer system than {target.name}: --target NAME",
            f"or take upstream's wheel: --only-binary {project}",
        ],
    )


def _rust_hints(wished: str, *, channel: bool) -> list[str]:
    hints = [
        # podwheel installs none by itself, but finds rustup's.
        f"rustup toolchain install --profile minimal {wished or 'stable'}",
        'or name one that is on this host: --rust PATH, or [toolchain] rust = "PATH" in podwheel.toml',
    ]
    if channel:
        hints.append(f"or try one that is not {wished}: --rust NAME")
    return hints


def _told(wants: Sequence[Want]) -> list[str]:
    """``1.88: rust-version of Cargo.toml``."""
    return [
        f"{plain(' '.join(part for part in (want.channel, want.minimum) if part) or 'any')}: {plain(want.by)}"
        for want in wants
    ]
