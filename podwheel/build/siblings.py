"""Libraries that a wheel finds in another wheel of the set, by its own run path."""

from __future__ import annotations

import posixpath
import re
import tempfile
from typing import TYPE_CHECKING, Final

from podwheel import log
from podwheel.archives.contents import open_wheel
from podwheel.archives.elf import inspect
from podwheel.errors import WheelRejected

if TYPE_CHECKING:
    from collections.abc import Iterable

    from podwheel.archives.contents import Contents
    from podwheel.model import Wheel

_ORIGIN: Final = re.compile(r"\$(ORIGIN|\{ORIGIN\})(?=/|$)")
_SCHEME: Final = re.compile(r"[^/]+\.data/(?:purelib|platlib)/")
_IN_MEMORY: Final = 16 << 20


def found_in_siblings(wheel: Wheel, beside: Iterable[Wheel]) -> tuple[str, ...]:
    """The ``NEEDED`` names of *wheel*'s files that the loader finds in other wheels; sorted.

    As ld.so(8) does it, with all of them in one ``site-packages``: each run path entry that begins
    with ``$ORIGIN``, from where the file is installed. A library of the same name anywhere else is
    another library.

    Args:
        beside: The wheels of the set; *wheel* itself may be among them.
    """
    libraries = {
        _SCHEME.sub("", path, count=1)
        for other in beside
        if other.name != wheel.name
        for path in other.extensions
    }
    if not libraries:
        return ()
    found: set[str] = set()
    with open_wheel(wheel.path, filename=wheel.filename, linked=True) as contents:
        for member in wheel.extensions:
            place = contents.library_path(member)
            if place is not None:
                found |= _needed_of(contents, member, posixpath.dirname(place), libraries)
    return tuple(sorted(found))


def _needed_of(contents: Contents, member: str, origin: str, libraries: set[str]) -> set[str]:
    with tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY) as file:
        for chunk in contents.archive.chunks(contents.files[member]):
            file.write(chunk)
        try:
            elf = inspect(file, where=f"{contents.filename.text}: {member}")
        except WheelRejected as damaged:  # tests of ELF readers ship such files as data
            log.get().debug("portable.damaged", what=damaged.what)
            return set()
    directories = {
        posixpath.normpath(posixpath.join(origin, "." + _ORIGIN.sub("", entry, count=1)))
        for entry in elf.rpath
        if _ORIGIN.match(entry)
    }
    return {
        name
        for name in elf.needed
        for directory in directories
        if posixpath.normpath(posixpath.join(directory, name)) in libraries
    }
