"""In what two wheels of one file name differ."""

from __future__ import annotations

from typing import TYPE_CHECKING

from podwheel.archives.contents import open_wheel
from podwheel.archives.records import read_record
from podwheel.archives.zips import Limits

if TYPE_CHECKING:
    from podwheel.archives.records import Row
    from podwheel.model import Wheel


def differing(one: Wheel, other: Wheel) -> tuple[str, ...]:
    """The members that only one of them has, or that differ; sorted.

    Both were read before (`read_wheel`), so that what RECORD says of their members is true. Empty:
    only the archives differ (order, times, compression).

    Raises:
        WheelRejected: A file is no longer what was read.
    """
    mine, theirs = _rows(one), _rows(other)
    return tuple(sorted(n for n in {*mine, *theirs} if mine.get(n) != theirs.get(n)))


def _rows(wheel: Wheel) -> dict[str, Row]:
    limits = Limits()
    with open_wheel(wheel.path, filename=wheel.filename, limits=limits, linked=True) as contents:
        own = f"{contents.dist_info}/RECORD"
        data = contents.archive.read(contents.files[own], limit=limits.text)
    return read_record(data, own_name=own)
