"""Reading a wheelhouse back: ours, checked against its own sums, or anybody's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attrs import frozen

from podwheel.archives import read_wheel
from podwheel.errors import WheelhouseUnusable, WheelRejected
from podwheel.seal.record import RECORD, SCHEMA, RunRecord, read_record
from podwheel.seal.sums import SUMS, differences

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from podwheel.model import Wheel


@frozen(kw_only=True)
class Wheelhouse:
    """A directory of wheels that were all read and checked."""

    directory: Path
    """Absolute."""
    wheels: tuple[Wheel, ...]
    """Sorted by file name."""
    record: Mapping[str, Any] | None
    """``podwheel.json`` (`RunRecord.from_json` reads it); None for a plain directory of wheels."""

    @property
    def variables(self) -> dict[str, tuple[tuple[str, str], ...]]:
        """By file name: the environment variables that a wheel's build was given, as the record says."""
        if self.record is None:
            return {}
        record = RunRecord.from_json(self.record)
        steps = {step.id: step.variables for step in record.steps}
        return {p.filename: steps[p.step] for p in record.packages if p.step in steps}


def read_run(directory: Path) -> RunRecord:
    """The record of the run that published a wheelhouse; nothing else of it is read.

    Raises:
        WheelhouseUnusable: There is none, or another podwheel wrote it: an older one did not note
            all that is asked for now.
    """
    if not (directory / RECORD).exists():
        raise WheelhouseUnusable(f"{directory} is no wheelhouse of podwheel's: it has no {RECORD}")
    document = read_record(directory / RECORD)
    record = RunRecord.from_json(document)
    if document["schema"] != SCHEMA:
        raise WheelhouseUnusable(
            f"{directory / RECORD} was written by podwheel {record.podwheel}, which did not note the trust root",
            hint="build it again; finished wheels come from the store",
        )
    return record


def open_wheelhouse(directory: Path) -> Wheelhouse:
    """Read a wheelhouse.

    One of podwheel's must be as it was published; any other directory needs nothing but sound
    wheels.

    Raises:
        WheelhouseUnusable: It is no directory, has no wheels, differs from its ``SHA256SUMS``
            (each difference is named), or holds something that only looks like a wheel.
    """
    place = directory.resolve()
    if not place.is_dir():
        raise WheelhouseUnusable(f"{directory} is not a directory")
    record = None
    if (place / RECORD).exists() or (place / SUMS).exists():
        record = read_record(place / RECORD)
        if differing := differences(place):
            raise WheelhouseUnusable(
                f"{directory} is not as podwheel published it",
                said="\n".join(differing),
                hint="build it again, or copy it again from where it was built",
            )
    paths = sorted(p for p in place.iterdir() if p.name.endswith(".whl"))
    if not paths:
        raise WheelhouseUnusable(f"{directory} has no wheels in it")
    try:
        # A user's tools may keep one file under several names (caches, deduplication).
        wheels = tuple(read_wheel(path, filename=path.name, linked=True) for path in paths)
    except WheelRejected as error:
        raise WheelhouseUnusable(error.what, said=error.said, hint=error.hint) from error
    return Wheelhouse(directory=place, wheels=wheels, record=record)
