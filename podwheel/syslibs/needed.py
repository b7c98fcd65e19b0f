"""What the shared libraries in wheels need of the system they run on; read as ELF, nothing executed.

A wheel's ELF files name other libraries (``DT_NEEDED``). Those that neither the wheel itself
brings, nor a wheel that it requires, must come from the system: runtime.py finds the packages.
"""

from __future__ import annotations

import re
import tempfile
from typing import TYPE_CHECKING, Any, Final

from attrs import field, frozen
from packaging.utils import canonicalize_name

from podwheel import log
from podwheel.archives.contents import open_wheel
from podwheel.archives.elf import glibc_version, inspect, is_for
from podwheel.archives.streams import Unreadable
from podwheel.errors import WheelRejected

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from packaging.utils import NormalizedName

    from podwheel.archives.elf import Elf
    from podwheel.model import Wheel

FORMAT: Final = 1
"""Of `to_json`; raised when `objects_of` looks at more than before."""

_OBJECTS_LIMIT: Final = 20_000  # ELF files of one wheel; large ones have some 500
_SYMBOLS_LIMIT: Final = 64 << 20  # characters of the symbols' names of one wheel
_IN_MEMORY: Final = 64 << 20  # bytes of an unpacked file; larger ones go to disk
_NAME: Final = re.compile(r"[\w.+@~:/,=-]{1,255}", re.ASCII)


@frozen(kw_only=True)
class Object:
    """One ELF file of a wheel: what it is called, and what it wants from elsewhere."""

    path: str
    """In the wheel."""
    machine: int
    """``e_machine``."""
    soname: str | None
    needed: tuple[str, ...]
    """``DT_NEEDED``, in the file's order."""
    bound: tuple[tuple[str, tuple[str, ...]], ...] = field(default=(), repr=False)
    """Library → the symbols with a version (``name@VERSION``) that it takes from it; of the C
    library only the version nodes (``GLIBC_2.34@GLIBC_2.34``): the newest decides."""
    loose: tuple[str, ...] = field(default=(), repr=False)
    """``name@Base``: symbols without a version, of whichever library has them. None where all
    that it needs comes from the wheel itself or the C library."""


@frozen(kw_only=True)
class User:
    """Who needs something: a file of a wheel."""

    wheel: NormalizedName
    path: str

    def __str__(self) -> str:
        return f"{self.wheel}: {self.path}"


@frozen(kw_only=True)
class Need:
    """A library that wheels need and do not bring."""

    soname: str
    """As in ``DT_NEEDED``: a name, or (badly linked) a path."""
    by: tuple[User, ...]
    """Sorted; at least one."""
    symbols: frozenset[str] = field(default=frozenset(), repr=False)
    """What may be taken from it, as `Symbols.minimum` wants it."""
    brought_by: tuple[NormalizedName, ...] = ()
    """Other wheels of the set that have a file of that name; those in `by` do not require them,
    so only the system's own can be relied upon."""


def objects_of(wheel: Wheel) -> tuple[Object, ...]:
    """The ELF files of *wheel* that the system could load: extension modules, libraries, programs.

    One that is damaged is passed over, as the loader would refuse it. The result depends on the
    wheel's bytes alone and can be kept by their hash (`to_json`).

    Raises:
        WheelRejected: The archive changed since the wheel was read.
    """
    own = {path.rsplit("/", 1)[-1] for path in wheel.extensions}
    objects: list[Object] = []
    room = _SYMBOLS_LIMIT
    with open_wheel(wheel.path, filename=wheel.filename, linked=True) as contents:
        for path in wheel.extensions[:_OBJECTS_LIMIT]:
            with tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY) as file:
                member = contents.files.get(path)
                if member is None:
                    raise Unreadable(f"{path} is not there")
                for chunk in contents.archive.chunks(member):
                    file.write(chunk)
                try:
                    elf = inspect(file, where=f"{wheel.filename}: {path}")
                except WheelRejected as error:
                    log.get().debug("elf.damaged", reason=error.what)
                    continue
            bound, loose = _wanted(elf, own)
            room -= sum(map(len, loose)) + sum(len(s) for _, symbols in bound for s in symbols)
            objects.append(
                Object(
                    path=path,
                    machine=elf.machine,
                    soname=elf.soname and _safe(elf.soname),
                    needed=tuple(map(_safe, elf.needed)),
                    bound=bound if room > 0 else (),
                    loose=loose if room > 0 else (),
                )
            )
    return tuple(objects)


def _safe(name: str) -> str:
    """A library's name as it may stand in messages and documents; a strange one is in no index."""
    return name if _NAME.fullmatch(name) else ascii(name[:255])


def _wanted(
    elf: Elf, own: AbstractSet[str]
) -> tuple[tuple[tuple[str, tuple[str, ...]], ...], tuple[str, ...]]:
    """The undefined symbols that can tell a least version: `Object.bound` and `Object.loose`."""
    bound: dict[str, set[str]] = {}
    loose = []
    for symbol in elf.undefined:
        if symbol.version is None:
            loose.append(f"{symbol.name}@Base")
        elif symbol.file and symbol.file not in own:
            name = symbol.version if glibc_version(symbol.version) else symbol.name
            bound.setdefault(symbol.file, set()).add(f"{name}@{symbol.version}")
    libc = {file for file, names in bound.items() if all("@GLIBC_" in n for n in names)}
    elsewhere = set(elf.needed) - own - libc
    if not elsewhere:
        loose = []
    elif not any(name.startswith("libpython") for name in elsewhere):
        # Those of the C API are the interpreter's own; an extension has a hundred of them.
        loose = [name for name in loose if not name.startswith(("Py", "_Py"))]
    by_library = tuple((library, tuple(sorted(bound[library]))) for library in sorted(bound))
    return by_library, tuple(loose)


def to_json(objects: Sequence[Object]) -> dict[str, Any]:
    """A document for the store, of kind ``needed`` and the wheel's sha256; each symbol is in it once."""
    names = sorted({n for o in objects for n in (*o.loose, *(s for _, b in o.bound for s in b))})
    number = {name: at for at, name in enumerate(names)}
    return {
        "format": FORMAT,
        "symbols": names,
        "objects": [
            {
                "path": o.path,
                "machine": o.machine,
                "soname": o.soname,
                "needed": list(o.needed),
                "bound": {library: [number[s] for s in symbols] for library, symbols in o.bound},
                "loose": [number[s] for s in o.loose],
            }
            for o in objects
        ],
    }


def from_json(document: Mapping[str, Any]) -> tuple[Object, ...] | None:
    """The inverse of `to_json`; None for a document of another format."""
    if document.get("format") != FORMAT:
        return None
    names = document["symbols"]
    return tuple(
        Object(
            path=o["path"],
            machine=o["machine"],
            soname=o["soname"],
            needed=tuple(o["needed"]),
            bound=tuple(
                (library, tuple(names[n] for n in numbers))
                for library, numbers in sorted(o["bound"].items())
            ),
            loose=tuple(names[n] for n in o["loose"]),
        )
        for o in document["objects"]
    )


def needed_by(
    wheels: Sequence[Wheel],
    *,
    machine: str,
    objects: Callable[[Wheel], Sequence[Object]] = objects_of,
) -> tuple[Need, ...]:
    """What the wheels of a set need of the system, sorted by soname.

    A name counts as brought if the same wheel, or one that it requires (through others, too), has
    an ELF file or a soname so called. Where the loader would look (``$ORIGIN``) is not followed:
    a library that is loaded already serves everybody who needs its name.

    Args:
        machine: The target's (``x86_64``); files for others are a package's data.
        objects: `objects_of`, or what was kept of it.

    Raises:
        WheelRejected: As `objects_of`.
    """
    held = {w.name: [o for o in objects(w) if is_for(o.machine, machine)] for w in wheels}
    brought = {name: _names(objects) for name, objects in held.items()}
    needs: dict[str, list[Need]] = {}
    for wheel in wheels:
        near = frozenset().union(*(brought[name] for name in _required(wheel, wheels)))
        for one in held[wheel.name]:
            for soname in one.needed:
                base = soname.rsplit("/", 1)[-1]
                if base in near:
                    continue
                others = sorted(name for name, names in brought.items() if base in names)
                needs.setdefault(soname, []).append(_need(one, soname, wheel.name, others))
    return tuple(_together(needs[soname]) for soname in sorted(needs))


def _names(objects: Iterable[Object]) -> frozenset[str]:
    return frozenset(
        name for o in objects for name in (o.path.rsplit("/", 1)[-1], o.soname) if name
    )


def _required(wheel: Wheel, wheels: Sequence[Wheel]) -> set[NormalizedName]:
    """*wheel* and all that it requires, among *wheels*; markers and extras count as met."""
    by_name = {w.name: w for w in wheels}
    seen, stack = {wheel.name}, [wheel]
    while stack:
        for requirement in stack.pop().metadata.requires:
            name = canonicalize_name(requirement.name)
            if name in by_name and name not in seen:
                seen.add(name)
                stack.append(by_name[name])
    return seen


def _need(one: Object, soname: str, wheel: NormalizedName, others: list[NormalizedName]) -> Need:
    bound = dict(one.bound).get(soname, ())
    return Need(
        soname=soname,
        by=(User(wheel=wheel, path=one.path),),
        symbols=frozenset((*bound, *one.loose)),
        brought_by=tuple(others),
    )


def _together(needs: Sequence[Need]) -> Need:
    """The needs of one library as one."""
    users = {user for need in needs for user in need.by}
    return Need(
        soname=needs[0].soname,
        by=tuple(sorted(users, key=lambda user: (user.wheel, user.path))),
        symbols=frozenset().union(*(need.symbols for need in needs)),
        brought_by=tuple(sorted({name for need in needs for name in need.brought_by})),
    )
