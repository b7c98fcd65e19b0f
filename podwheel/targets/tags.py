"""The wheel tags that a Python accepts, from what its image said: never the host's.

`packaging.tags` makes the lists; what it would ask the running interpreter is handed to it.
Platform tags follow PEP 600 (manylinux), PEP 656 (musllinux) and, for the old names, PEP 513,
571 and 599; ABI tags follow PEP 425, 384, 3149 and 703.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from packaging.tags import Tag, compatible_tags, cpython_tags, generic_tags

if TYPE_CHECKING:
    from collections.abc import Iterator

_OLD_NAMES = {(2, 17): "manylinux2014", (2, 12): "manylinux2010", (2, 5): "manylinux1"}

_OLDEST_GLIBC = {"x86_64": 5, "i686": 5}
"""Minor version of the oldest glibc 2 that a manylinux tag can name; 17 for all others."""

_MANYLINUX = frozenset(
    ("x86_64", "i686", "aarch64", "armv7l", "ppc64", "ppc64le", "s390x", "loongarch64", "riscv64")
)

_NARROW = {"x86_64": "i686", "aarch64": "armv8l"}
"""What a 32-bit system is called under a 64-bit kernel, whose name is what uname tells."""


def wheel_tags(
    *,
    implementation: str,
    series: tuple[int, int],
    soabi: str,
    abi_flags: str,
    libc: tuple[str, str],
    machine: str,
    pointer_size: int,
) -> tuple[Tag, ...]:
    """All tags, most specific first, as pip on the target would list them.

    Args:
        implementation: ``cpython``, ``pypy`` or another's name.
        soabi: ``cpython-313-x86_64-linux-gnu``; for others than CPython, the ABI is read from it.
        abi_flags: CPython's: from ``t``, ``d``, ``m``, ``u`` (see `cpython_abi_flags`).
        libc: Name and version; ``("", "")`` where unknown: then only plain ``linux`` tags.
        pointer_size: Bytes.
    """
    platforms = list(platform_tags(libc, machine, pointer_size))
    version = f"{series[0]}{series[1]}"
    found: list[Tag] = []
    compatible: str | None
    if implementation == "cpython":
        abis = [f"cp{version}{abi_flags}"]
        if "d" in abi_flags and series >= (3, 8):
            # Since 3.8 a debug build loads what was built without (bpo-36721).
            abis.append(f"cp{version}{abi_flags.replace('d', '')}")
        found += cpython_tags(series, abis, platforms)
        compatible = f"cp{version}"
    else:
        short = "pp" if implementation == "pypy" else implementation
        abi = _generic_abi(implementation, soabi)
        found += generic_tags(f"{short}{version}", [abi] if abi else [], platforms)
        compatible = "pp3" if short == "pp" else None
    found += compatible_tags(series, compatible, platforms)
    return tuple(dict.fromkeys(found))


def cpython_abi_flags(
    series: tuple[int, int],
    *,
    gil_disabled: bool,
    debug: bool,
    pymalloc: bool,
    unicode_size: int,
) -> str:
    """The letters behind ``cp313``: ``t`` without a GIL, ``d`` debug, ``m`` pymalloc, ``u`` wide unicode."""
    flags = ("t" if gil_disabled and series >= (3, 13) else "") + ("d" if debug else "")
    if series < (3, 8) and pymalloc:
        flags += "m"
    if series < (3, 3) and unicode_size == 4:
        flags += "u"
    return flags


def platform_tags(libc: tuple[str, str], machine: str, pointer_size: int) -> Iterator[str]:
    """Platform tags: ``linux`` (made on such a system), then the portable ones, newest first."""
    machine = _NARROW.get(machine, machine) if pointer_size == 4 else machine
    architectures = ["armv8l", "armv7l"] if machine == "armv8l" else [machine]
    for architecture in architectures:
        yield f"linux_{architecture}"
    name, version = libc
    major, minor = _numbers(version)
    for architecture in architectures:
        if name == "glibc" and major == 2 and architecture in _MANYLINUX:
            for old in range(minor, _OLDEST_GLIBC.get(architecture, 17) - 1, -1):
                yield f"manylinux_2_{old}_{architecture}"
                if (2, old) in _OLD_NAMES:
                    yield f"{_OLD_NAMES[2, old]}_{architecture}"
        elif name == "musl":
            for old in range(minor, -1, -1):
                yield f"musllinux_{major}_{old}_{architecture}"


def _numbers(version: str) -> tuple[int, int]:
    parts = [*version.split("."), "0", "0"]
    return (int(parts[0]), int(parts[1])) if parts[0].isdigit() and parts[1].isdigit() else (0, 0)


def _generic_abi(implementation: str, soabi: str) -> str:
    """``pypy311_pp73`` of ``pypy311-pp73-x86_64-linux-gnu``; GraalPy counts one part more."""
    parts = soabi.split("-")
    kept = 3 if implementation == "graalpy" else 2
    return "_".join(parts[:kept]).replace(".", "_") if len(parts) > 1 else ""
