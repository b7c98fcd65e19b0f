"""Commands that mend, as they are typed on this host."""

from __future__ import annotations

import os
import shlex
from typing import TYPE_CHECKING

from attrs import frozen

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_INSTALL = {
    "apt": "apt-get install --no-install-recommends",
    "dnf": "dnf install",
    "zypper": "zypper install",
    "pacman": "pacman -S",
    "apk": "apk add",
}
_FAMILIES = {
    "debian": "apt", "ubuntu": "apt",
    "fedora": "dnf", "rhel": "dnf", "centos": "dnf",
    "suse": "zypper", "opensuse": "zypper",
    "arch": "pacman", "alpine": "apk",
}  # fmt: skip
# What is not here is named like the tool.
_PACKAGES = {
    "newuidmap": {"apt": "uidmap", "dnf": "shadow-utils", "zypper": "shadow", "pacman": "shadow", "apk": "shadow-uidmap"},
    "pasta": dict.fromkeys(_INSTALL, "passt"),
    "debian-archive-keyring": {"dnf": "debian-keyring"},
}  # fmt: skip


@frozen(kw_only=True)
class Mender:
    """Who types, and which package manager and scripts there are."""

    family: str
    """``apt``, ``dnf``, ``zypper``, ``pacman``, ``apk``; empty: another."""
    is_root: bool
    has_sudo: bool
    scripts: Path | None = None
    """podwheel's ``scripts/``, in a checkout; a plain installation has none."""
    cwd: Path

    def as_root(self, command: str) -> str:
        """*command* (a shell line) as this user has it run by root."""
        if self.is_root:
            return command
        simple = not set(command) & set("|&;<>")
        if self.has_sudo:
            return f"sudo {command}" if simple else f"sudo sh -c {shlex.quote(command)}"
        return f"su -c {shlex.quote(command)}"

    def install(self, *tools: str) -> tuple[str, ...]:
        """The command that installs *tools*."""
        names = " ".join(dict.fromkeys(_PACKAGES.get(t, {}).get(self.family, t) for t in tools))
        if self.family not in _INSTALL:
            return (f"install {names} with this system's package manager",)
        return (self.as_root(f"{_INSTALL[self.family]} {names}"),)

    def script(self, name: str) -> str | None:
        """The path of one of podwheel's scripts as it is typed from here; None without a checkout."""
        if self.scripts is None:
            return None
        path = self.scripts / name
        inside = path.is_relative_to(self.cwd)
        return shlex.quote(os.path.relpath(path, self.cwd) if inside else str(path))


def family_of(release: Mapping[str, str]) -> str:
    """The package manager of a distribution, by the ID and ID_LIKE of os-release(5); empty: unknown."""
    for word in [release.get("ID", ""), *release.get("ID_LIKE", "").split()]:
        name = word.partition("-")[0]  # opensuse-leap
        if name in _FAMILIES:
            return _FAMILIES[name]
    return ""
