"""The system packages that somebody wrote down: a lock of podwheel's, or a reviewed file.

Two forms are read, and both give the same: ``[tool.podwheel.system-packages]`` of a wheelhouse's
``pylock.toml``, which says what the builds were found to need, and ``[package.NAME]
system-packages`` of a podwheel.toml.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any

from attrs import evolve
from packaging.utils import canonicalize_name

from podwheel.errors import RequirementsFileError, SettingsError
from podwheel.model import Origin, SystemPackages
from podwheel.requirements.groups import parse_toml
from podwheel.requirements.lines import decode, load
from podwheel.requirements.settings import SYSTEM_PACKAGE, load_settings
from podwheel.requirements.urls import absolute

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from packaging.utils import NormalizedName


def system_packages_of(lock: Mapping[str, Any], *, source: str) -> tuple[SystemPackages, ...]:
    """What a lock's ``[tool.podwheel.system-packages]`` says of builds; nothing, if there is none.

    A lock for several targets has one such table in each of ``[[tool.podwheel.targets]]``.

    Args:
        lock: The lock's document.
        source: Its name, for messages.

    Raises:
        RequirementsFileError: The table is not what podwheel writes.
    """
    ours = lock.get("tool", {}).get("podwheel", {})
    if not isinstance(ours, dict):
        return ()
    try:
        if "targets" in ours:
            return tuple(
                _of_table(one.get("system-packages", {}), one.get("name"), source)
                for one in ours["targets"]
            )
        if "system-packages" not in ours:
            return ()
        target = ours.get("target", {}).get("name")
        return (_of_table(ours["system-packages"], target, source),)
    except (AttributeError, KeyError, TypeError) as error:
        raise RequirementsFileError(
            f"{source}: [tool.podwheel.system-packages] is not what podwheel writes ({error})",
            hint="docs/system-packages.md shows the table",
        ) from None


def _of_table(table: Mapping[str, Any], target: Any, source: str) -> SystemPackages:
    found: dict[NormalizedName, tuple[tuple[str, str], ...]] = {}
    for entry in table.get("build", []):
        found[canonicalize_name(entry["project"])] = tuple(
            (package["name"], str(package.get("for", ""))) for package in entry["packages"]
        )
    loads: dict[NormalizedName, tuple[tuple[str, tuple[str, ...]], ...]] = {}
    for entry in table.get("run", []):
        # What is linked is in the wheels themselves.
        if entry.get("why", "linked") != "linked":
            for user in map(canonicalize_name, entry["needed-by"]):
                load = (entry["name"], tuple(map(str, entry.get("libraries", ()))))
                loads[user] = (*loads.get(user, ()), load)
    for name, _ in chain.from_iterable((*found.values(), *loads.values())):
        if not SYSTEM_PACKAGE.fullmatch(name):
            raise RequirementsFileError(f"{source}: {name!r} cannot be a system package's name")
    return SystemPackages(
        source=source,
        target=target if isinstance(target, str) else None,
        projects=tuple(sorted(found.items())),
        loads=tuple(sorted(loads.items())),
    )


def read_system_packages(name: str, *, cwd: Path) -> tuple[SystemPackages, ...]:
    """``--system-packages-from FILE``: a wheelhouse's lock, or a file like podwheel.toml.

    Returns:
        One for each target that the file is for; at least one.

    Raises:
        UsageError: It cannot be read, or is neither.
    """
    path = absolute(name, cwd)
    origin = Origin(source=name)
    document = parse_toml(decode(load(path, origin), origin), origin)
    if "lock-version" in document:
        found = system_packages_of(document, source=name)
        return found or (SystemPackages(source=name, target=None, projects=()),)
    settings = load_settings(path, cwd=cwd)
    if not any(p.system_packages or p.runtime_packages for _, p in settings.packages):
        raise SettingsError(
            f"{name} names no system packages",
            hint=("a line of it:", "[package.NAME]", 'system-packages = ["libfoo-dev"]'),
        )
    written = SystemPackages(
        source=name,
        target=None,
        projects=tuple(
            (name, tuple((package, "") for package in of.system_packages))
            for name, of in settings.packages
            if of.system_packages
        ),
        loads=tuple(
            (name, tuple((package, ()) for package in of.runtime_packages))
            for name, of in settings.packages
            if of.runtime_packages
        ),
    )
    return tuple(evolve(written, target=target) for target in settings.targets or (None,))
