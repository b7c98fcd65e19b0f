"""``--require-hashes``: every package pinned with ``==``, every file with a hash the user gave.

As in pip, one ``--hash`` anywhere switches it on for all: a half-checked tree is worse than
one that is known to be unchecked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from podwheel.errors import HashesMissing
from podwheel.model import ArchiveUrl, Hash, LocalDirectory, VcsUrl
from podwheel.resolve.asked import UNCONSTRAINED
from podwheel.resolve.candidates import is_pinned
from podwheel.resolve.provider import all_specifiers

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from packaging.utils import NormalizedName

    from podwheel.model import Direct, Pin, Wanted
    from podwheel.resolve.asked import Asked
    from podwheel.resolve.inputs import Preferred

_HOW = "`pip-compile --generate-hashes` or `uv export` write such a file"


def implied(wanted: Iterable[Wanted]) -> bool:
    """Whether the lines themselves switch the mode on."""
    return any(line.hashes for line in wanted)


def check_lines(wanted: Sequence[Wanted], constraints: Sequence[Wanted]) -> None:
    """See that every line can be checked, before a byte of anything is read.

    Raises:
        HashesMissing: Lines that are not pinned or have no hash; all of them are told.
    """
    limits: dict[NormalizedName, list[Wanted]] = {}
    for line in constraints:
        if line.name is not None:
            limits.setdefault(line.name, []).append(line)
    faults = []
    for line in wanted:
        fault = _fault(line, limits.get(line.name, []) if line.name else [])
        if fault is not None:
            faults.append(f"{line.origin}: {line.text}: {fault}")
    if faults:
        raise HashesMissing(
            "hashes are required, and these lines cannot be checked",
            said="\n".join(faults),
            hint=(f"add NAME==VERSION and --hash=sha256:… to each; {_HOW}",),
        )


def _fault(line: Wanted, constraints: Sequence[Wanted]) -> str | None:
    if line.files:
        unhashed = [f.filename for f in line.files if not f.hashes]
        return f"the lock has no hash of {', '.join(unhashed)}" if unhashed else None
    together = [line, *constraints]
    hashes = [h for part in together for h in part.hashes]
    if line.direct is not None:
        return None if hashes else _direct_fault(line.direct)
    pinned = any(p.requirement and is_pinned(p.requirement.specifier) for p in together)
    if pinned and hashes:
        return None
    if pinned:
        return "no --hash"
    return "not pinned with ==" if hashes else "not pinned with ==, and no --hash"


def _direct_fault(direct: Direct) -> str | None:
    match direct:
        case ArchiveUrl():
            return None if direct.hashes else "no --hash, and no #sha256=… in its URL"
        case VcsUrl():
            return "a repository has no hash that could be checked"
        case LocalDirectory():
            return "a directory has no hash that could be checked"


def check_pins(pins: Iterable[Pin], asked: Asked, exempt: Preferred) -> None:
    """See that every package of the resolution, dependencies too, was pinned and hashed by the user.

    Args:
        exempt: What has wheels of our own.

    Raises:
        HashesMissing: Some are not; the lines to add are told.
    """
    missing = [p for p in pins if not (exempt.get(p.name) or _is_checked(p, asked))]
    if missing:
        raise HashesMissing(
            "hashes are required, and these dependencies are not listed with == and a hash",
            said="\n".join(f"{_line(p)}\n  wanted by {p.wanted_by[0]}" for p in missing),
            hint=f"add these lines, after a look at them; {_HOW}",
        )


def _is_checked(pin: Pin, asked: Asked) -> bool:
    if pin.name in asked.files:
        return True
    if pin.direct is not None:
        return bool(pin.hashes) or (isinstance(pin.direct, ArchiveUrl) and bool(pin.direct.hashes))
    needs = [n for n in asked.needs if n.name == pin.name]
    constraint = asked.constraints.get(pin.name, UNCONSTRAINED)
    return bool(pin.hashes) and is_pinned(all_specifiers(needs, constraint))


def _line(pin: Pin) -> str:
    """The line of a requirements file that would pin and check *pin*."""
    if pin.direct is not None:
        return f"{pin.name}: a direct reference without a hash"
    digest = pin.file.sha256 if pin.file else None
    found = Hash(algorithm="sha256", digest=digest or "…")
    return f"{pin.name}=={pin.version} --hash={found}"
