"""Wheels that lost their compiled part: upstream's for this platform has one, ours has none.

Many packages "succeed" without their extension modules when a header or a compiler is missing;
a tag is no proof. Only names inside upstream's wheel are looked at (by range requests).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from packaging.utils import InvalidWheelFilename, parse_wheel_filename
from packaging.version import InvalidVersion, Version

from podwheel import log
from podwheel.errors import DownloadError, ResolutionError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from podwheel.build.step import Built
    from podwheel.index import Index
    from podwheel.model import File, Interpreter


_SHARED_OBJECT: Final = re.compile(r"\.so(\.\d+)*$")


def find_lost(built: Iterable[Built], *, index: Index, python: Interpreter) -> dict[str, str]:
    """Names of distributions that lost their compiled part → upstream's wheel that has it."""
    lost = {}
    for one in built:
        if one.step is None or one.wheel.extensions:
            continue
        try:
            theirs = _native_upstream(one, index, python)
            if theirs and any(_SHARED_OBJECT.search(n) for n in index.wheel_names(theirs)):
                lost[str(one.wheel.name)] = theirs.filename
        except (DownloadError, ResolutionError) as error:
            # Not on an index, or offline: there is nothing to compare with.
            log.get().debug("verify.no_comparison", name=one.wheel.name, reason=str(error))
    return lost


def _native_upstream(built: Built, index: Index, python: Interpreter) -> File | None:
    """Upstream's wheel of the same version that this platform would get, if it is not for any."""
    fitting = set(python.tags)
    for file in index.files(built.wheel.name):
        if not file.filename.endswith(".whl") or file.filename.endswith("-any.whl"):
            continue
        try:
            version = Version(file.filename.split("-")[1])
            if version.public != built.wheel.version.public:
                continue  # most are: their tags need not be read
            tags = parse_wheel_filename(file.filename)[3]
        except (InvalidVersion, InvalidWheelFilename, IndexError):
            continue
        if fitting & tags:
            return file
    return None
