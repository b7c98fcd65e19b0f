"""Reading a wheelhouse back: ours, checked against its own sums, or anybody's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attrs import frozen
from packaging.utils import canonicalize_name

from podwheel.archives import read_wheel
from podwheel.errors import WheelhouseUnusable, WheelRejected
from podwheel.seal.record import RECORD, SCHEMA, read_record, records_of, run_documents
from podwheel.seal.sums import SUMS, differences, is_ours

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from packaging.utils import NormalizedName

    from podwheel.model import Wheel
    from podwheel.seal.record import RunRecord


@frozen(kw_only=True)
class Wheelhouse:
    """A directory of wheels that were all read and checked."""

    directory: Path
    """Absolute."""
    wheels: tuple[Wheel, ...]
    """Sorted by file name."""
    record: Mapping[str, Any] | None
    """``podwheel.json`` (`records_of` reads it); None for a plain directory of wheels."""

    @property
    def targets(self) -> tuple[str, ...]:
        """Those that it was made for, as its record says; none for a plain directory."""
        return tuple(self._sets)

    def of(self, target: str) -> tuple[Wheel, ...]:
        """What it has for *target*. A wheelhouse for one target has the same for any.

        Raises:
            WheelhouseUnusable: It is for several, and this is none of them.
        """
        sets = self._sets
        if len(sets) < 2:
            return self.wheels
        if target not in sets:
            raise WheelhouseUnusable(
                f"{self.directory} has wheels for {' and '.join(sets)}, not for {target}",
                hint=" ".join(f"--target {name}" for name in sets),
            )
        return tuple(wheel for wheel in self.wheels if wheel.filename in sets[target])

    @property
    def _sets(self) -> dict[str, set[str]]:
        """By target: its wheels' file names."""
        if self.record is None:
            return {}
        try:
            return {
                one["target"]["name"]: {package["filename"] for package in one["packages"]}
                for one in run_documents(self.record)
            }
        except (KeyError, TypeError) as error:
            raise WheelhouseUnusable(f"{self.directory / RECORD} is damaged ({error})") from error

    @property
    def variables(self) -> dict[str, tuple[tuple[str, str], ...]]:
        """By file name: the environment variables that a wheel's build was given, as the record says."""
        if self.record is None:
            return {}
        records = records_of(self.record)
        steps = {step.id: step.variables for record in records for step in record.steps}
        packages = (package for record in records for package in record.packages)
        return {p.filename: steps[p.step] for p in packages if p.step in steps}

    @property
    def built_with(self) -> dict[NormalizedName, frozenset[NormalizedName]]:
        """By distribution: what was in its build environment, as the record says."""
        found: dict[NormalizedName, frozenset[NormalizedName]] = {}
        for record in () if self.record is None else records_of(self.record):
            wheels = {e.id: e.wheels for e in record.environments}
            environments = {step.id: step.environment for step in record.steps}
            for package in record.packages:
                own = wheels.get(environments.get(package.step or "") or "", ())
                name = canonicalize_name(package.name)
                names = frozenset(canonicalize_name(of) for of, _, _ in own)
                found[name] = found.get(name, frozenset()) | names
        return found


def read_runs(directory: Path) -> tuple[RunRecord, ...]:
    """The records of the runs that published a wheelhouse, one a target; nothing else of it is read.

    Raises:
        WheelhouseUnusable: There is none, or another podwheel wrote it: an older one did not note
            all that is asked for now.
    """
    if not (directory / RECORD).exists():
        raise WheelhouseUnusable(f"{directory} is no wheelhouse of podwheel's: it has no {RECORD}")
    document = read_record(directory / RECORD)
    records = records_of(document)
    if document["schema"] != SCHEMA:
        raise WheelhouseUnusable(
            f"{directory / RECORD} was written by podwheel {records[0].podwheel}, which did not note the trust root",
            hint="build it again; finished wheels come from the store",
        )
    return records


def wheelhouses(directory: Path) -> tuple[Path, ...]:
    """*directory*; or, where podwheel has put several targets' wheelhouses into it, those, sorted."""
    if not is_ours(directory):
        below = tuple(sorted(p for p in directory.iterdir() if p.is_dir() and is_ours(p)))
        if below and not any(directory.glob("*.whl")):
            return below
    return (directory,)


def open_wheelhouses(directory: Path) -> tuple[Wheelhouse, ...]:
    """Read a wheelhouse, or each of several targets' below *directory*. Raises as `open_wheelhouse` does."""
    if not directory.is_dir():
        raise WheelhouseUnusable(f"{directory} is not a directory")
    return tuple(open_wheelhouse(place) for place in wheelhouses(directory))


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
        below = [str(directory / p.name) for p in wheelhouses(place) if p != place]
        raise WheelhouseUnusable(
            f"{directory} has no wheels in it",
            hint=f"it holds wheelhouses: name one of {', '.join(below)}" if below else (),
        )
    try:
        # A user's tools may keep one file under several names (caches, deduplication).
        wheels = tuple(read_wheel(path, filename=path.name, linked=True) for path in paths)
    except WheelRejected as error:
        raise WheelhouseUnusable(error.what, said=error.said, hint=error.hint) from error
    return Wheelhouse(directory=place, wheels=wheels, record=record)
