"""From a captured server to the definition of a target like it, and whether the images came out so."""

from __future__ import annotations

import re
import tomllib
from typing import TYPE_CHECKING, Any, Final

from podwheel.errors import TargetFileError
from podwheel.targets.resources import recipes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from podwheel.model import Target
    from podwheel.targets.capture import Capture
    from podwheel.targets.definition import TargetDefinition

_PYTHON3: Final = "/usr/bin/python3"

# What the RPM families call themselves, in ID or ID_LIKE of os-release(5).
_RPM_FAMILIES: Final = (
    ("redhat", frozenset({"fedora", "rhel", "centos", "redhat"})),
    ("suse", frozenset({"suse", "opensuse", "sles", "sle-micro", "SuSE"})),
)


def fill(
    values: Mapping[str, Any], capture: Capture, *, python: str | None = None
) -> dict[str, Any]:
    """A target file's values, and for those that it leaves out, the server's own.

    Args:
        python: As `_document_of`.

    Raises:
        TargetFileError: The server has no such Python.
    """
    found = _document_of(capture, python=python)
    if "containerfile" in values:  # the others are the recipe's
        found = {key: found[key] for key in found if key not in ("context", "arguments")}
    if {"containerfile", "context", "arguments", "base"} & values.keys():
        found.pop("name", None)  # another system's than the built-in target's
    return {**found, **values}


def _document_of(capture: Capture, *, python: str | None) -> dict[str, Any]:
    """What a target file for that server would say (docs/targets.md).

    A built-in target of its distribution, release and Python is taken as it is, name and all: so
    its images and finished wheels are shared.

    Args:
        python: The absolute path of the Python that is meant; None: what ``python3`` is there.

    Returns:
        Without ``base`` or ``containerfile`` where they cannot be known: `no_base` tells.

    Raises:
        TargetFileError: The server has no such Python.
    """
    named = python or capture.default_python
    meant = capture.python(named)
    if meant is None:
        raise capture.no_python(named)
    of_it = (named, meant.path, *meant.names)
    for name, document in _builtin_of(capture):
        if document.get("python", _PYTHON3) in of_it:
            return {**document, "name": name}
    common = {"name": _name(capture), "description": capture.name, "python": named}
    if capture.id == "debian" and capture.codename and _PYTHON3 in of_it:
        base = {"suite": capture.codename}
        return {**common, **_recipe("debian"), "python": _PYTHON3, "base": base}
    family = "debian" if capture.family == "debian" else _rpm_family(capture)
    return {**common, **_recipe(family)} if family else common


def has_base(capture: Capture) -> bool:
    """Whether podwheel makes images like that server by itself.

    Raises:
        TargetFileError: It is not known which of its Pythons is meant.
    """
    return "base" in _document_of(capture, python=None)


def no_base(capture: Capture) -> TargetFileError:
    """The error for a server whose base system is nobody's to guess, for the caller to raise."""
    return TargetFileError(
        f"{capture.source}: {capture.name} with this Python is no system that podwheel makes images of by itself",
        hint=(
            "give the base in a target file, and that file as --target:",
            f'    capture = "{capture.source}"',
            "    [base]",
            '    image = "NAME@sha256:…"',
            "docs/capture.md, other distributions, shows a whole one",
        ),
    )


def refuse_unlike(definition: TargetDefinition, target: Target) -> None:
    """See that what is built in the images can run on the server that they replicate.

    Raises:
        TargetFileError: Another machine, another Python, another C library or a newer one.
    """
    capture = definition.capture
    meant = capture.python(definition.python) if capture else None
    if capture is None or meant is None:
        return
    python = target.python
    # ABI and interpreter: cp313-cp313. Of the rest of a tag the platform is told better below.
    ours, theirs = (f"{p.tags[0].interpreter}-{p.tags[0].abi}" for p in (python, meant))
    compared = (
        ("machine", python.machine, capture.machine, python.machine == capture.machine),
        (
            "Python",
            f"{python.version} ({ours})",
            f"{meant.version} ({theirs})",
            ours == theirs,
        ),
        (
            "C library",
            " ".join(python.libc),
            " ".join(capture.libc),
            _runs_on(python.libc, capture.libc),
        ),
    )
    differing = [
        f"{what}: {our} in the images, {their} on the server"
        for what, our, their, fits in compared
        if not fits
    ]
    if differing:
        raise TargetFileError(
            f"the images of {definition.name} are not like the server of {capture.source}",
            said="\n".join(differing),
            hint="docs/capture.md, other distributions: a target file gives the base that is like it",
        )


def _runs_on(ours: tuple[str, str], theirs: tuple[str, str]) -> bool:
    """Whether what was linked with one C library can be loaded with another; one not known counts as fit."""
    if not theirs[0]:
        return True
    return ours[0] == theirs[0] and numbers(ours[1]) <= numbers(theirs[1])


def numbers(version: str) -> tuple[int, ...]:
    """``2.41`` → ``(2, 41)``."""
    return tuple(map(int, re.findall(r"\d+", version)[:3]))


def _builtin_of(capture: Capture) -> list[tuple[str, dict[str, Any]]]:
    """Names and documents of the built-in targets of a distribution's release."""
    found = []
    for path in sorted((recipes() / "targets").glob(f"{capture.id or '-'}-*.toml")):
        document = tomllib.loads(path.read_text("utf-8"))
        if capture.codename and document["base"].get("suite") == capture.codename:
            found.append((path.stem, document))
    return found


def _recipe(family: str) -> dict[str, str]:
    return {"containerfile": f"podwheel:{family}/Containerfile", "context": f"podwheel:{family}"}


def _rpm_family(capture: Capture) -> str | None:
    words = {capture.id, capture.id.partition("-")[0], *capture.id_like}
    return next((family for family, names in _RPM_FAMILIES if words & names), None)


def _name(capture: Capture) -> str:
    """Part of the images' names: ``rocky-9-4``."""
    text = f"{capture.id}-{capture.version_id or capture.codename}".lower()
    return re.sub(r"[^a-z0-9]+", "-", text).strip("-") or "server"
