"""From what a step's log says was missing to what is installed next, or to what a person is told.

A build's output is hostile text. What comes of it is bounded: packages of the distribution's
own index, for a file that no installed package has; a few at a time, a limited number in all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from attrs import frozen

from podwheel.syslibs.choose import Choice, choose

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from podwheel.syslibs.files import FileIndex
    from podwheel.syslibs.lack import Lack

ROUNDS: Final = 12
"""How many times one project is tried again with more packages."""
MOST_PACKAGES: Final = 40
"""How many packages are found for one project, in all rounds."""
_UNSURE_AT_ONCE: Final = 3
"""Of what a failed build may have gone on without, the last that it looked for: nearest to where it stopped."""
_LEFT_OUT_AT_ONCE: Final = 8
"""Of what a build that succeeded has left out: there is no last one, and each attempt is a whole build."""
_HINTS: Final = 4


@frozen(kw_only=True)
class Plan:
    """What one failed, or degraded, attempt came to."""

    add: tuple[Choice, ...]
    """To be installed, each with a candidate; empty: trying again would be no different."""
    hints: tuple[str, ...]
    """For the error, where nothing is added: what was looked for, what was found, what to write where."""


def plan(
    lacks: Sequence[Lack],
    files: FileIndex,
    *,
    project: str,
    installed: Collection[str],
    added: Collection[str],
    stopped: bool = True,
) -> Plan:
    """What to install next.

    Args:
        lacks: What the log says, in its order.
        project: Its name, for the hints.
        installed: Packages that are in the image, *added* ones among them.
        added: Packages that were installed for this project before.
        stopped: The attempt failed; False: it went on, and left something out.
    """
    sure = [lack for lack in lacks if lack.sure]
    choices = choose(sure, files, installed=installed)
    add = _new(choices, installed)
    if not add:
        unsure = choose([lack for lack in lacks if not lack.sure], files, installed=installed)
        add = _new(unsure, installed)[-(_UNSURE_AT_ONCE if stopped else _LEFT_OUT_AT_ONCE) :]
        choices = (*choices, *unsure)
    if len(added) + len(add) > MOST_PACKAGES:
        return Plan(add=(), hints=(_too_many(len(added) + len(add), project),))
    return Plan(add=add, hints=() if add else _hints(lacks, choices, files, project, added))


def _new(choices: Sequence[Choice], installed: Collection[str]) -> tuple[Choice, ...]:
    """Those that bring a package which is not there; each package once."""
    found: dict[str, Choice] = {}
    for choice in choices:
        if choice.candidate is not None and choice.candidate.package not in installed:
            found.setdefault(choice.candidate.package, choice)
    return tuple(found.values())


def _hints(
    lacks: Sequence[Lack],
    choices: Sequence[Choice],
    files: FileIndex,
    project: str,
    added: Collection[str],
) -> tuple[str, ...]:
    hints = [_too_old(lack, lack.too_old) for lack in lacks if lack.too_old is not None]
    for choice in choices:
        candidate = choice.candidate
        if choice.lack.too_old is not None:
            continue
        if choice.ambiguous:
            hints.append(
                f"{choice.lack} is in {' and in '.join(choice.rivals)}: say which, under "
                f'[package.{project}] of podwheel.toml: system-packages = ["{choice.rivals[0]}"]'
            )
        elif candidate is not None and candidate.package in added:
            directory = candidate.path.rpartition("/")[0]
            hints.append(
                f"{choice.lack}: {candidate.package} was installed for it, and the build did not find "
                f'it in {directory}: perhaps environment = {{ CPATH = "{directory}" }} under '
                f"[package.{project}] of podwheel.toml"
            )
        elif choice.unknown and choice.lack.sure:
            hints.append(
                f"{choice.lack}: no package of the target's distribution has it "
                f"({'as its index of files says' if files.verified else 'its index of files may be out of date'})"
            )
    return tuple(dict.fromkeys(hints))[:_HINTS]


def _too_many(number: int, project: str) -> str:
    return (
        f"its log names files of {number} packages, and at most {MOST_PACKAGES} are found for one project: "
        f"say which under [package.{project}] of podwheel.toml: system-packages = […]"
    )


def _too_old(lack: Lack, version: str) -> str:
    return f"{lack}: the target's distribution has {version}, which is older; a newer target may have it"
