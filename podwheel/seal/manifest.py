"""``bundle.json``: what a bundle's own program must know to tell whether the wheels fit a system.

The program is ``installer/program``; it runs on the server's Python and reads nothing else of ours.
"""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, Any, Final

from attrs import frozen

from podwheel.archives.elf import glibc_version
from podwheel.prove.baseline import asked_of
from podwheel.seal.lock import LOCK
from podwheel.syslibs.needed import needed_by

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from podwheel.model import Wheel
    from podwheel.seal.record import RunRecord, RuntimePackageRecord
    from podwheel.seal.wheelhouse import Wheelhouse
    from podwheel.syslibs.needed import Need

SCHEMA: Final = 1
_WITNESSES: Final = 3
"""Symbols that speak for one symbol version of a library: a weak one may be absent by itself."""


@frozen(kw_only=True)
class Share:
    """What a bundle has for one target."""

    record: RunRecord
    wheels: tuple[Wheel, ...]
    pip: Wheel
    """One that runs on the target's Python."""

    @property
    def series(self) -> str:
        """``3.13``."""
        return ".".join(self.record.target.python.split(".")[:2])

    @property
    def requirements(self) -> str:
        """Where in the bundle its wheels' names and hashes are."""
        return f"requirements/{self.record.target.name}.txt"


def manifest(house: Wheelhouse, shares: Sequence[Share]) -> dict[str, Any]:
    """The document, ready for JSON.

    Args:
        shares: One a target of the wheelhouse.

    Raises:
        WheelRejected: A wheel changed since it was read.
    """
    return {
        "schema": SCHEMA,
        "podwheel": shares[0].record.podwheel,
        "targets": [_target(house, share) for share in shares],
    }


def _target(house: Wheelhouse, share: Share) -> dict[str, Any]:
    record, target = share.record, share.record.target
    needs = needed_by(share.wheels, machine=target.machine)
    return {
        "name": target.name,
        "python": {"implementation": _implementation(house, target.name), "series": share.series},
        "machine": target.machine,
        "cpu": _cpu(house, share.wheels),
        "libc": _libc(target.libc, needs),
        "install": _install_command(record),
        "libraries": _libraries(needs, record),
        "packages": _packages(record),
        "wheels": [
            {"file": wheel.filename, "tags": sorted(map(str, wheel.tags))} for wheel in share.wheels
        ],
        "requirements": share.requirements,
        "pip": f"pip/{share.pip.filename}",
    }


def requirements_of(wheels: Iterable[Wheel]) -> str:
    """A requirements file that has one file for every name, by its hash."""
    return "".join(f"{w.name}=={w.version} --hash=sha256:{w.sha256}\n" for w in wheels)


def _implementation(house: Wheelhouse, target: str) -> str:
    """``cpython``; the record does not say it, the lock does."""
    lock = tomllib.loads((house.directory / LOCK).read_text("utf-8"))
    ours = lock["tool"]["podwheel"]
    tables = ours["targets"] if "targets" in ours else [ours["target"]]
    return str(next(table["implementation"] for table in tables if table["name"] == target))


def _cpu(house: Wheelhouse, wheels: Sequence[Wheel]) -> list[dict[str, Any]]:
    """The CPUs beyond the distribution's baseline that wheels were compiled for, and which wheels."""
    variables = house.variables
    found: dict[str, list[str]] = {}
    for wheel in wheels:
        for cpu in asked_of(variables.get(wheel.filename, ())):
            found.setdefault(cpu, []).append(wheel.name)
    return [{"name": cpu, "by": names} for cpu, names in sorted(found.items())]


def _libc(libc: str, needs: Sequence[Need]) -> dict[str, Any] | None:
    """The least glibc whose symbols the wheels take, and who takes them; None: they take none.

    Other C libraries have no versioned symbols: there the tags decide alone.
    """
    if not libc.startswith("glibc "):
        return None
    users: dict[tuple[int, int], set[str]] = {}
    for need in needs:
        for _, version in _symbols(need):
            if (node := glibc_version(version)) is not None:
                users.setdefault(node, set()).update(user.wheel for user in need.by)
    if not users:
        return None
    newest = max(users)
    return {"name": "glibc", "version": "{}.{}".format(*newest), "by": sorted(users[newest])}


def _symbols(need: Need) -> Iterator[tuple[str, str]]:
    """Name and version of each symbol that has a version."""
    for symbol in need.symbols:
        name, _, version = symbol.partition("@")
        if version != "Base":
            yield name, version


def _libraries(needs: Sequence[Need], record: RunRecord) -> list[dict[str, Any]]:
    """Every library of the system that the wheels name, or were seen to load by themselves.

    Left out are those that another wheel of the set brings, and those that no package of the
    target's has: the wheels were proven without.
    """
    server = record.server
    packages = server.packages if server else ()
    brings = {soname: package for package in packages for soname in package.libraries}
    nobody = {soname for soname, _ in server.unprovided} if server else set()
    found = {
        need.soname: {
            "name": need.soname,
            "package": brings[need.soname].name if need.soname in brings else "",
            "by": sorted({user.wheel for user in need.by}),
            "versions": _versions(need),
        }
        for need in needs
        if need.soname not in nobody and (need.soname in brings or not need.brought_by)
    }
    for soname, package in brings.items():
        loaded = {
            "name": soname,
            "package": package.name,
            "by": list(package.needed_by),
            "versions": {},
        }
        found.setdefault(soname, loaded)
    return [found[soname] for soname in sorted(found)]


def _versions(need: Need) -> dict[str, list[str]]:
    """The symbol versions that are taken from a library, each with a few of its symbols; not glibc's."""
    found: dict[str, list[str]] = {}
    for name, version in sorted(_symbols(need)):
        if glibc_version(version) is None and not version.startswith("GLIBC_"):
            names = found.setdefault(version, [])
            if len(names) < _WITNESSES:
                names.append(name)
    return found


def _packages(record: RunRecord) -> list[dict[str, Any]]:
    """Packages that only the package manager knows: those without a library, and least versions."""
    packages = record.server.packages if record.server else ()
    return [
        {
            "name": _plain(package),
            "minimum": package.minimum,
            "by_name": not package.libraries,
            "by": list(package.needed_by),
        }
        for package in packages
        if package.minimum or not package.libraries
    ]


def _plain(package: RuntimePackageRecord) -> str:
    """Without a version: ``libfoo1=1.2-3`` may have been asked for."""
    return package.name.partition("=")[0]


def _install_command(record: RunRecord) -> str:
    """``apt-get install``, out of the line to paste; empty where there was none to paste."""
    server = record.server
    if server is None or not server.line:
        return ""
    lacking = sum(not package.present for package in server.packages)
    return " ".join(server.line.split()[:-lacking])
