"""Where a missing thing would be in the distribution's files, and how well each place fits.

A place that compilers, linkers and tools search by themselves fits best (rank 0); each directory
further away costs one. What the distribution's alternatives system or a version number hides
(``mpicc.openmpi`` for ``mpicc``) fits only where nothing has the exact name.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from attrs import frozen

from podwheel.syslibs.lack import Kind, Missing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from podwheel.syslibs.files import Entry, FileIndex

_FURTHEST: Final = 4
"""Ranks beyond this are coincidences of names."""
_PROGRAM_DIRECTORIES: Final = (
    "/usr/bin",
    "/bin",
    "/usr/sbin",
    "/sbin",
    "/usr/local/bin",
    "/usr/games",
)
_PROGRAMS_OF: Final = {
    "c": ("gcc",),
    "c++": ("g++",),
    "fortran": ("gfortran",),
    "rust": ("cargo", "rustc"),
    "go": ("go",),
    "cuda": ("nvcc",),
    "objective-c": ("gobjc",),
    "d": ("gdc",),
}
"""A language → the programs that a compiler of it comes as. The distribution's index says in which package."""


_PRIVATE: Final = re.compile(
    r"/usr/lib(?:64)?(?P<triplet>/[^/]+-linux-[^/]+)?/[^/]+/include(?=/|$)"
)
"""Where a package keeps headers for those that ask its tool: ``/usr/lib/x86_64-linux-gnu/openmpi/include``."""


_INTERPRETERS: Final = re.compile(r"/include/(?:[^/]+-linux-[^/]+/)?(?:python|pypy)[^/]*(?=/|$)")
"""Python's own headers: those of the target's are in its build image, and others' are of no use."""


@frozen(kw_only=True)
class Candidate:
    """One package that has what was missing."""

    missing: Missing
    path: str
    package: str
    rank: int
    """0: where it is looked for without being told; each step away costs one."""


def candidates(missing: Missing, files: FileIndex) -> tuple[Candidate, ...]:
    """The packages that have it at the best place, if any has; sorted by name.

    Several paths in one package count once. Where the exact name is nowhere, the next way of
    looking for that kind of thing is taken.
    """
    for search in _SEARCHES[missing.kind](missing.name, files):
        ranked = [(rank, entry) for rank, entry in search if rank <= _FURTHEST]
        if ranked:
            best = min(rank for rank, _ in ranked)
            found: dict[str, Candidate] = {}
            for rank, entry in ranked:
                if rank == best:
                    for package in entry.packages:
                        found.setdefault(
                            package,
                            Candidate(missing=missing, path=entry.path, package=package, rank=rank),
                        )
            return tuple(found[name] for name in sorted(found))
    return ()


_Ranked = list[tuple[int, "Entry"]]


def _header(name: str, files: FileIndex) -> Iterator[_Ranked]:
    entries = [e for e in files.named(_base(name)) if e.path.endswith(f"/{name}")]
    yield [(_include_rank(e.path.removesuffix(f"/{name}"), files), e) for e in entries]


def _library(name: str, files: FileIndex) -> Iterator[_Ranked]:
    if ".so" in name or name.endswith(".a"):
        yield _in_libraries(files.named(name), files)
        return
    plain = name.removeprefix("lib") if files.named(f"{name}.so") else name
    yield _in_libraries(files.named(f"lib{plain}.so"), files)
    static = _in_libraries(files.named(f"lib{plain}.a"), files)
    yield [(rank, entry) for rank, entry in static if rank == 0]  # further down: another language's


def _pkg_config(name: str, files: FileIndex) -> Iterator[_Ranked]:
    roots = [f"{root}/pkgconfig" for root in (*_library_roots(files), "/usr/share")]
    yield [(_below(_directory(e.path), roots), e) for e in files.named(f"{name}.pc")]


def _program(name: str, files: FileIndex) -> Iterator[_Ranked]:
    yield _in_programs(files.named(name))
    # The alternatives system makes the plain name when a package is installed: no package has it.
    flavour = re.compile(rf"{re.escape(name)}(\.[a-z][a-z0-9-]*|-?[0-9][0-9.]*)")
    yield _in_programs(e for e in files.starting(name) if flavour.fullmatch(_base(e.path)))


def _cmake(name: str, files: FileIndex) -> Iterator[_Ranked]:
    names = (f"{name}Config.cmake", f"{name.lower()}-config.cmake", f"{name}-config.cmake")
    yield [(0, e) for n in dict.fromkeys(names) for e in files.named(n)]
    # A find module of CMake's own, or of the package, looked for the thing itself.
    yield from _name(name.lower(), files)


def _compiler(language: str, files: FileIndex) -> Iterator[_Ranked]:
    for program in _PROGRAMS_OF.get(language, ()):
        yield _in_programs(files.named(program))


def _file(name: str, files: FileIndex) -> Iterator[_Ranked]:
    tail = name if name.startswith("/") else f"/{name}"
    yield [
        (0 if e.path == name else 1, e) for e in files.named(_base(name)) if e.path.endswith(tail)
    ]


def _name(name: str, files: FileIndex) -> Iterator[_Ranked]:
    """What people call a library: ``libxml2``, ``OpenSSL``, ``zlib``, ``xslt``."""
    for spelling in dict.fromkeys((name, name.lower())):
        plain = spelling.removeprefix("lib")
        yield from _pkg_config(spelling, files)
        yield from _library(plain, files)
        yield from _pkg_config(f"lib{plain}", files)
        yield from _pkg_config(plain, files)
        yield _in_programs(files.named(f"{spelling}-config"))
        for cased in dict.fromkeys((spelling, spelling.capitalize(), spelling.upper())):
            yield [(0, e) for e in files.named(f"{cased}Config.cmake")]
        yield _in_programs(files.named(spelling))
        for found in _header(f"{spelling}.h", files):  # further down it is somebody else's part
            yield [(rank, entry) for rank, entry in found if rank == 0]


_SEARCHES: Final[dict[Kind, Callable[[str, FileIndex], Iterator[_Ranked]]]] = {
    Kind.HEADER: _header,
    Kind.LIBRARY: _library,
    Kind.PKG_CONFIG: _pkg_config,
    Kind.PROGRAM: _program,
    Kind.CMAKE: _cmake,
    Kind.COMPILER: _compiler,
    Kind.FILE: _file,
    Kind.NAME: _name,
}


# ------------------------------------------------------------ places


def _in_libraries(entries: Iterable[Entry], files: FileIndex) -> _Ranked:
    return [(_below(_directory(e.path), _library_roots(files)), e) for e in entries]


def _in_programs(entries: Iterable[Entry]) -> _Ranked:
    return [
        (0 if _directory(e.path) in _PROGRAM_DIRECTORIES[:4] else 1, e)
        for e in entries
        if _directory(e.path) in _PROGRAM_DIRECTORIES
    ]


def _include_rank(directory: str, files: FileIndex) -> int:
    """How far a directory of headers is from where a compiler looks by itself."""
    if _INTERPRETERS.search(directory):
        return _FURTHEST + 1
    own = f"/usr/include/{files.triplet}" if files.triplet else "/usr/include"
    private = _PRIVATE.match(directory)
    if private is not None and private["triplet"] in (None, f"/{files.triplet}"):
        return 1 + directory[private.end() :].count("/")
    return _below(directory, (own, "/usr/include"))


def _library_roots(files: FileIndex) -> tuple[str, ...]:
    own = (f"/usr/lib/{files.triplet}", f"/lib/{files.triplet}") if files.triplet else ()
    return (*own, "/usr/lib64", "/lib64", "/usr/lib", "/lib")


def _below(directory: str, roots: Iterable[str]) -> int:
    """How many directories *directory* is below the nearest of *roots*; far away if it is not."""
    depths = [
        directory[len(root) :].count("/")
        for root in roots
        if directory == root or directory.startswith(f"{root}/")
    ]
    return min(depths, default=_FURTHEST + 1)


def _base(path: str) -> str:
    return path.rpartition("/")[2]


def _directory(path: str) -> str:
    return path.rpartition("/")[0]
