"""What killed podwheels left behind: found when the next one starts, and put away.

Everything in progress is an attempt: a directory of the store that its owner holds locked
(`Store.attempt`). What an attempt has outside of it is found by the attempt's name: containers,
control groups, working containers of buildah, processes that nobody waits for any more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from podwheel import log, process
from podwheel.errors import PodwheelError
from podwheel.sandbox import leftovers
from podwheel.store.prune import in_use_since
from podwheel.store.store import remove_tree
from podwheel.targets import base, copying, working

if TYPE_CHECKING:
    from pathlib import Path

    from podwheel.store import Store

_RUN = "run"


def attempt_of(run_id: str) -> str:
    """The label of the attempt that stands for a whole run."""
    return f"{_RUN}-{run_id}"


def sweep(store: Store) -> int:
    """Put away what killed podwheels left of this store; returns of how many attempts.

    What cannot be put away now stays for the next run, and is told.
    """
    swept = 0
    in_use_since(store)  # takes the marks of dead podwheels away
    with store.abandoned() as places:
        # A run's containers first: they hold what its other attempts have.
        for place in sorted(places, key=lambda p: _kind(p) != _RUN):
            try:
                _outside(place)
                _remove(place)
            except (OSError, PodwheelError, TimeoutError) as error:
                log.get().warning("sweep.failed", place=str(place), error=str(error))
            else:
                swept += 1
    if swept:
        log.get().info("sweep.done", attempts=swept)
    return swept


def _kind(place: Path) -> str:
    return place.name.partition("-")[0]


def _outside(place: Path) -> None:
    """Put away what an attempt has outside its directory."""
    kind, _, rest = place.name.partition("-")
    if kind == _RUN and (place / "guest").exists():  # else it had not come to any container
        leftovers.put_away(rest.rpartition("-")[0])
    elif kind == copying.ATTEMPT:
        leftovers.put_away(place.name)
    elif kind == working.ATTEMPT:
        working.put_away(place)
    elif kind == base.ATTEMPT:
        base.put_away(place)


def _remove(place: Path) -> None:
    try:
        remove_tree(place)
    except PermissionError:  # files of subordinate ids, which only podman's namespace can remove
        process.run(["podman", "unshare", "rm", "-rf", "--", place], timeout=600)
        if place.exists():
            raise
