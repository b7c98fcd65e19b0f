"""Rust toolchains on the host: rustup's, and any directory that was installed as one.

A toolchain that a container can use is a directory with ``bin/rustc``, ``bin/cargo`` and
``lib/rustlib/TRIPLE/lib``: it finds its own parts relative to itself, so it may be mounted anywhere.
Nothing of rustup's own is used, nor needed in a container.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from attrs import field, frozen
from packaging.version import Version

from podwheel import process
from podwheel.archives import elf
from podwheel.errors import UsageError, WheelRejected
from podwheel.store import digest_of
from podwheel.toolchains.tree import Tree, scan

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from podwheel.store import Store

_KIND: Final = "toolchain"
_FORMAT: Final = 1
_MANIFEST: Final = "lib/rustlib/multirust-channel-manifest.toml"
_ASKING: Final = 30.0
"""Seconds for ``rustc -vV``."""
_FAULTS_TOLD: Final = 3

_RELEASE: Final = re.compile(r"(?P<version>\d+\.\d+(?:\.\d+)?)(?:-(?P<channel>[a-z]+)\S*)?")
_TRIPLE: Final = re.compile(r"-[a-z0-9_]+-[a-z0-9_]+-linux-[a-z0-9_]+$")
_SAID: Final = re.compile(r"^(release|host): (\S+)$", re.MULTILINE)
# rustup's note of the compiler itself, whose triple is the host's: `rustup target add` brings more
# triples to lib/rustlib, but only their rust-std.
_COMPONENT: Final = re.compile(
    r"lib/rustlib/manifest-rustc-(?P<triple>[a-z0-9_.]+(?:-[a-z0-9_.]+)+)"
)


@frozen(kw_only=True)
class Toolchain:
    """A toolchain that a container can use, if its machine and C library fit."""

    path: Path
    """Resolved."""
    release: str
    """As rustc says it: ``1.95.0``, ``1.97.0-nightly``."""
    triple: str
    """Of the machine that it runs on: ``x86_64-unknown-linux-gnu``."""
    names: tuple[str, ...]
    """What it is called: by rustup, with and without the triple; a nightly or a beta also
    ``nightly`` and ``nightly-2026-05-20``."""
    machine: int
    """``e_machine`` of bin/rustc."""
    glibc: tuple[int, int]
    """The least version that its programs and libraries need; (0, 0): they need none."""
    tree: Tree = field(repr=False)

    @property
    def version(self) -> Version:
        """Without what comes after it, as cargo compares: 1.97.0-nightly does what 1.97 does."""
        match = _RELEASE.fullmatch(self.release)
        assert match is not None, "only `read` makes them"
        return Version(match["version"])

    @property
    def stable(self) -> bool:
        return "-" not in self.release

    @property
    def libc(self) -> str:
        """``glibc`` or ``musl``."""
        return "musl" if "musl" in self.triple.rpartition("-")[2] else "glibc"

    def answers_to(self, name: str) -> bool:
        """Whether it is the toolchain of that name, with or without its own triple."""
        return name in self.names or name.removesuffix(f"-{self.triple}") in self.names

    def __str__(self) -> str:
        return f"{self.release} in {self.path}"


@frozen(kw_only=True)
class Unusable:
    """A directory that is no toolchain, or one that a container cannot use."""

    path: Path
    why: str
    hint: str = ""
    names: tuple[str, ...] = ()
    """As rustup calls it."""

    def answers_to(self, name: str) -> bool:
        """Whether rustup calls it so."""
        return name in self.names

    def __str__(self) -> str:
        return str(self.path)


@frozen(kw_only=True)
class _Known:
    """What is worth keeping of a toolchain: reading it takes a third of a second."""

    release: str
    triple: str
    date: str
    """Of the channel, ``2026-05-20``; empty where no manifest says it."""
    machine: int
    glibc: tuple[int, int]

    def to_json(self) -> list[Any]:
        return [self.release, self.triple, self.date, self.machine, list(self.glibc)]

    @classmethod
    def from_json(cls, document: list[Any]) -> _Known:
        release, triple, date, machine, glibc = document
        return cls(release=release, triple=triple, date=date, machine=machine, glibc=tuple(glibc))


class _Reason(Exception):
    """Why a directory is unusable; becomes an `Unusable`."""

    def __init__(self, why: str, hint: str = "") -> None:
        super().__init__(why)
        self.why, self.hint = why, hint


def directories(environment: Mapping[str, str]) -> tuple[Path, ...]:
    """Where rustup keeps its toolchains: ``$RUSTUP_HOME/toolchains``, then ``~/.rustup/toolchains``."""
    homes = [environment.get("RUSTUP_HOME", "")]
    if home := environment.get("HOME"):
        homes.append(f"{home}/.rustup")
    return tuple(dict.fromkeys(Path(home) / "toolchains" for home in homes if home))


def installed(places: Iterable[Path], *, store: Store) -> tuple[Toolchain | Unusable, ...]:
    """The toolchains in rustup's directories, each once, sorted by path.

    Several names may lead to one: rustup makes a link for ``rustup toolchain link``. A place that
    is not there or cannot be listed has none.
    """
    found: dict[Path, list[str]] = {}
    for place in places:
        for directory in _listed(place):
            found.setdefault(directory.resolve(), []).append(directory.name)
    return tuple(read(path, names=names, store=store) for path, names in sorted(found.items()))


def named(
    text: str, *, source: str, places: Sequence[Path], cwd: Path, store: Store
) -> Toolchain | Unusable:
    """The toolchain that somebody named: a path, or a name of rustup's.

    Args:
        text: A path holds a slash or is ``.`` or ``~``; all else is a name: ``stable``, ``1.95.0``,
            ``nightly-2026-05-20``, each with or without the triple.
        source: Who named it, for the message: ``--rust``.
        places: From `directories`.
        cwd: What a path is relative to.

    Raises:
        UsageError: rustup has none of that name.
    """
    if "/" in text or text in (".", "..", "~"):
        return read(cwd / Path(text).expanduser(), store=store)
    have = installed(places, store=store)
    # A directory of that name before one that only holds the nightly of the day.
    found = min((one for one in have if one.answers_to(text)), key=_place_of(text), default=None)
    if found is not None:
        return found
    known = sorted({name for one in have for name in one.names if not _TRIPLE.search(name)})
    raise UsageError(
        f"{source} names the toolchain {text!r}, which rustup does not have"
        + (f"; it has {', '.join(known)}" if known else ""),
        hint=(
            f"rustup toolchain install --profile minimal {text}",
            "or name a directory by its path",
        ),
    )


def read(path: Path, *, store: Store, names: Iterable[str] = ()) -> Toolchain | Unusable:
    """What the toolchain in a directory is; from the store where nothing in it has changed.

    Args:
        names: rustup's names for it.
    """
    path = path.resolve()
    names = _with_short(names)
    try:
        tree = _tree(path)
        key = digest_of([_FORMAT, tree.fingerprint])
        kept = store.read(_KIND, key)
        known = _Known.from_json(kept) if kept else _examined(tree)
    except _Reason as reason:
        return Unusable(path=path, why=reason.why, hint=reason.hint, names=names)
    if not kept:
        store.write(_KIND, key, known.to_json())
    return Toolchain(
        path=path,
        release=known.release,
        triple=known.triple,
        names=tuple(dict.fromkeys((*names, *_channels(known)))),
        machine=known.machine,
        glibc=known.glibc,
        tree=tree,
    )


# ------------------------------------------------------------ names


def _place_of(text: str) -> Callable[[Toolchain | Unusable], int]:
    def place(one: Toolchain | Unusable) -> int:
        return one.names.index(text) if text in one.names else len(one.names)

    return place


def _with_short(names: Iterable[str]) -> tuple[str, ...]:
    """rustup's names, each with and without the triple."""
    return tuple(dict.fromkeys(one for n in names for one in (n, _TRIPLE.sub("", n))))


def _channels(known: _Known) -> tuple[str, ...]:
    """What a nightly or a beta is called, also by its date."""
    match = _RELEASE.fullmatch(known.release)
    if match is None or match["channel"] not in ("nightly", "beta"):
        return ()
    dated = (f"{match['channel']}-{known.date}",) if known.date else ()
    return (match["channel"], *dated)


def _listed(place: Path) -> list[Path]:
    try:
        return sorted(path for path in place.iterdir() if path.is_dir())
    except OSError:
        return []


# ------------------------------------------------------------ what a directory is


def _tree(path: Path) -> Tree:
    """Its files, if it has the form of a toolchain and a container can read it.

    Raises:
        _Reason: Not so.
    """
    if path in (Path("/"), Path("/usr")):
        raise _Reason("it is the host's own system, not a toolchain by itself")
    try:
        for part in ("bin/rustc", "bin/cargo", "lib/rustlib"):
            if not (path / part).exists():
                hint = "run ./install.sh --prefix=DIR --disable-ldconfig in it, and name DIR"
                raise _Reason(
                    f"it is no toolchain: {part} is not there",
                    hint if (path / "install.sh").is_file() else "",
                )
        tree = scan(path)
    except OSError as error:
        raise _Reason(f"it cannot be read ({error.strerror})") from error
    if tree.faults:
        more = len(tree.faults) - _FAULTS_TOLD
        faults = [*tree.faults[:_FAULTS_TOLD], *([f"{more} more"] if more > 0 else [])]
        closed = any("others" in fault for fault in tree.faults)
        raise _Reason("; ".join(faults), f"chmod -R o+rX {path}" if closed else "")
    return tree


def _examined(tree: Tree) -> _Known:
    """Raises _Reason."""
    machine = _machine(tree.root / "bin/rustc")
    release, date = _manifest(tree.root / _MANIFEST)
    triple = next((m["triple"] for i in tree.items if (m := _COMPONENT.fullmatch(i.path))), "")
    if not release or not triple:
        release, triple = _asked(tree.root / "bin/rustc")
    library = f"lib/rustlib/{triple}/lib/libstd-"
    if not any(item.path.startswith(library) for item in tree.items):
        raise _Reason(
            f"it has no standard library for {triple}", f"rustup component add rust-std-{triple}"
        )
    return _Known(
        release=release, triple=triple, date=date, machine=machine, glibc=_glibc(tree, triple)
    )


def _machine(rustc: Path) -> int:
    with rustc.open("rb") as file:
        if not elf.is_native(file.read(elf.HEAD)):
            raise _Reason("bin/rustc is no program but a script: name what it starts")
        return _inspected(rustc).machine


def _manifest(path: Path) -> tuple[str, str]:
    """rustc's version and the channel's date, as rustup noted them; empty where it did not."""
    try:
        document = tomllib.loads(path.read_text("utf-8"))
        release = document["pkg"]["rustc"]["version"].split()[0]
    except (OSError, ValueError, KeyError, TypeError, AttributeError, IndexError):
        return "", ""
    return (release, str(document.get("date", ""))) if _RELEASE.fullmatch(release) else ("", "")


def _asked(rustc: Path) -> tuple[str, str]:
    """Its release and host triple, by its own word: it is the user's tool, and runs on the host anyway."""
    try:
        done = process.run([rustc, "-vV"], timeout=_ASKING)
    except TimeoutError:
        raise _Reason("bin/rustc -vV did not end") from None
    said = dict(_SAID.findall(done.text))
    if done.code != 0 or not _RELEASE.fullmatch(said.get("release", "")) or "host" not in said:
        last = (done.error_text.strip().splitlines() or ["no version"])[-1]
        raise _Reason(f"bin/rustc -vV says: {last}")
    return said["release"], said["host"]


def _glibc(tree: Tree, triple: str) -> tuple[int, int]:
    """The newest symbol version of glibc's that anything which compiles with it wants."""
    parts = re.compile(
        rf"bin/(rustc|cargo)|lib/[^/]+|lib/rustlib/{re.escape(triple)}/(bin/.+|lib/[^/]+\.so)"
    )
    versions = (
        elf.glibc_version(symbol.version)
        for item in tree.items
        if parts.fullmatch(item.path) and (path := tree.root / item.path).is_file()
        for symbol in _symbols(path)
        if symbol.version
    )
    return max((version for version in versions if version), default=(0, 0))


def _symbols(path: Path) -> Iterator[elf.Undefined]:
    with path.open("rb") as file:  # libLLVM-22-rust-1.95.0-stable.so is a linker script
        native = elf.is_native(file.read(elf.HEAD))
    if native:
        yield from _inspected(path).undefined


def _inspected(path: Path) -> elf.Elf:
    try:
        with path.open("rb") as file:
            return elf.inspect(file, where=path.name)
    except WheelRejected as error:
        raise _Reason(error.what) from error
