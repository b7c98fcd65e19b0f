"""Several targets in one command: a run for each, one after the other, and what came of all.

What a target's run has fetched, or asked of an index, is there for the next. A target that fails
keeps no other from its end.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

from attrs import frozen

from podwheel import pipeline
from podwheel.errors import Interrupted, PodwheelError, WheelhouseUnusable
from podwheel.failures import of_targets
from podwheel.seal import is_ours, refuse_foreign
from podwheel.seal.sealing import seal

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from podwheel.run import Run, Session
    from podwheel.seal.made import Made

T = TypeVar("T")


@frozen(kw_only=True)
class Results(Generic[T]):
    """What came of every target, in the order of the command line."""

    done: tuple[tuple[str, T], ...]
    """Name and result of those that came to their end."""
    failed: tuple[tuple[str, PodwheelError], ...]

    @property
    def several(self) -> bool:
        """Whether there was more than one target."""
        return len(self.done) + len(self.failed) > 1

    def check(self, more: Sequence[tuple[str, PodwheelError]] = ()) -> None:
        """Raise what is to be told, after the results: of one target its error, else one for all.

        Args:
            more: Names of targets that came to their end, and what is wrong with that.

        Raises:
            PodwheelError: A target failed.
        """
        failed = (*self.failed, *more)
        if failed and not self.several:
            raise failed[0][1]
        if failed:
            raise of_targets(failed, of=len(self.done) + len(self.failed))


def each(session: Session, do: Callable[[Run], T]) -> Results[T]:
    """Call *do* with the run of each target."""
    done: list[tuple[str, T]] = []
    failed: list[tuple[str, PodwheelError]] = []
    for chosen in session.targets:
        try:
            done.append((chosen.name, do(session.run(chosen))))
        except Interrupted:
            raise
        except PodwheelError as error:
            failed.append((chosen.name, error))
    return Results(done=tuple(done), failed=tuple(failed))


def build(session: Session, *, output: Path, prove: bool, portable: bool) -> Results[Made]:
    """A wheelhouse for each target, below *output*; for a single target *output* itself.

    Raises:
        WheelhouseUnusable: One could not be published; nothing was done.
    """
    places = {t.name: house_of(session, output, t.name) for t in session.targets}
    if len(places) > 1 and is_ours(output):
        raise WheelhouseUnusable(
            f"{output} is the wheelhouse of one target, and several were named",
            hint=(
                "name another directory with --output DIR: each target gets a wheelhouse in it",
                "or make one for all of them: --one-wheelhouse",
            ),
        )
    for place in places.values():
        refuse_foreign(place)
    return each(
        session,
        lambda run: pipeline.build(
            run, output=places[run.workshop.target.name], prove=prove, portable=portable
        ),
    )


def house_of(session: Session, output: Path, target: str) -> Path:
    """Where the wheelhouse of one target is."""
    return output if len(session.targets) == 1 else output / target


def build_together(session: Session, *, output: Path, prove: bool, portable: bool) -> Results[Made]:
    """One wheelhouse for all targets; not published unless each has everything.

    Raises:
        WheelhouseUnusable: It could not be published; nothing was done.
        WheelsClash: Wheels of two targets cannot lie beside each other.
    """
    refuse_foreign(output)
    results = each(session, lambda run: pipeline.made(run, prove=prove, portable=portable))
    if not results.failed:
        seal(output, [made for _, made in results.done])
    return results
