"""Wheels that lost compiled parts: upstream's for this platform has modules that ours has not.

Many packages "succeed" without some or all of their extension modules when a header or a
compiler is missing; a tag is no proof. Only names inside upstream's wheel are looked at (by range
requests; the index keeps them, so that asking again costs nothing).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from attrs import frozen
from packaging.utils import InvalidWheelFilename, parse_wheel_filename
from packaging.version import InvalidVersion, Version

from podwheel import log
from podwheel.archives.modules import extension_module
from podwheel.errors import DownloadError, ResolutionError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from packaging.tags import Tag

    from podwheel.build.step import Built
    from podwheel.index import Index
    from podwheel.model import File, Interpreter


_SHOWN: Final = 5
_SHARED_OBJECT: Final = re.compile(r"\.so(\.\d+)*$")
_BUNDLED: Final = re.compile(r"(?:^|/)[^/]+\.libs/")  # where auditwheel puts libraries
_TAGGED: Final = re.compile(r"\.(?:cpython-|pypy|graalpy|abi)[^/]*\.so$")  # PEP 3149, PEP 384
# mypyc's one library for all modules of a build is named by a hash of the build.
_MYPYC: Final = re.compile(r"[0-9a-f]+__mypyc$")


@frozen(kw_only=True)
class Lost:
    """What our wheel lacks of upstream's."""

    theirs: str
    """The file name of upstream's wheel of the same version, for this platform."""
    modules: tuple[str, ...]
    """Extension modules that only theirs has, sorted: ``pkg._speedups``. None where what was lost
    is no module (a library for ctypes, say)."""
    all: bool
    """Ours has nothing compiled at all."""

    @property
    def what(self) -> str:
        """``the compiled part``, or the modules' names."""
        if self.all or not self.modules:
            return "the compiled part"
        more = len(self.modules) - _SHOWN
        return ", ".join(self.modules[:_SHOWN]) + (f" and {more} more" if more > 0 else "")

    def __str__(self) -> str:
        return self.theirs if self.all else f"{self.theirs} (has {self.what})"


def find_lost(built: Iterable[Built], *, index: Index, python: Interpreter) -> dict[str, Lost]:
    """Names of distributions that lost compiled parts → what they lost (`lost_of` each)."""
    found = {str(one.wheel.name): lost_of(one, index=index, python=python) for one in built}
    return {name: lost for name, lost in found.items() if lost}


def lost_of(built: Built, *, index: Index, python: Interpreter) -> Lost | None:
    """What one wheel of ours lost, compared with upstream's.

    None also where there is nothing to compare with: upstream's own wheel, no wheel of that
    version for this platform, no index that has it, or no network.
    """
    if built.step is None:
        return None
    try:
        theirs = _native_upstream(built, index, python)
        names = index.wheel_names(theirs) if theirs else ()
    except (DownloadError, ResolutionError) as error:
        log.get().debug("lost.no_comparison", name=built.wheel.name, reason=str(error))
        return None
    if theirs is None:
        return None
    modules = tuple(sorted(_modules(names) - _modules(built.wheel.extensions)))
    everything = not built.wheel.extensions and any(map(_SHARED_OBJECT.search, names))
    if not modules and not everything:
        return None
    return Lost(theirs=theirs.filename, modules=modules, all=everything)


def _modules(paths: Iterable[str]) -> set[str]:
    """The extension modules among a wheel's files, by dotted name, whatever ABI they are for."""
    return {module for path in paths if (module := _module(path))}


def _module(path: str) -> str | None:
    """``pkg/_speedups.abi3.so`` → ``pkg._speedups``; None for libraries and all else."""
    parts = path.split("/")
    if parts[0].endswith(".data"):
        parts = parts[2:]
    name = extension_module(parts[-1]) if parts else None
    if name is None or _BUNDLED.search(path):
        return None
    if name.startswith("lib") and not _TAGGED.search(path):
        return None
    return ".".join((*parts[:-1], _MYPYC.sub("__mypyc", name)))


def _native_upstream(built: Built, index: Index, python: Interpreter) -> File | None:
    """Upstream's wheel of the same version that this platform would get, if it is not for any."""
    files = dict(_native_of_its_version(built, index))
    if not files:
        return None
    rank = {tag: at for at, tag in enumerate(python.tags)}  # there are a thousand of them
    ranks = {file: [rank[tag] for tag in tags & rank.keys()] for file, tags in files.items()}
    return min((file for file in files if ranks[file]), key=lambda f: min(ranks[f]), default=None)


def _native_of_its_version(built: Built, index: Index) -> Iterator[tuple[File, frozenset[Tag]]]:
    for file in index.files(built.wheel.name):
        if not file.filename.endswith(".whl") or file.filename.endswith("-any.whl"):
            continue
        try:
            version = Version(file.filename.split("-")[1])
            if version.public != built.wheel.version.public:
                continue  # most are: their tags need not be read
            yield file, parse_wheel_filename(file.filename)[3]
        except (InvalidVersion, InvalidWheelFilename, IndexError):
            continue
