"""Faults on purpose: a podwheel and what it started, killed at seeded moments; what must hold afterwards.

Only processes of the podwheel that is given are ever killed: its descendants, the conmons that
carry its run's name, and theirs.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import random
import signal
import subprocess
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from podwheel.store.sound import checked

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from podwheel_cli import Podwheel, Running

KINDS = {"podwheel": 7, "podman": 4, "conmon": 2, "build": 4, "everything": 3}
"""What is killed, and how often among the others."""

CGROUPS = Path("/sys/fs/cgroup")
_LOOK = 0.1
_PATIENCE = 120.0


# --------------------------------------------------------------------------- whom to kill


@dataclass(frozen=True)
class Process:
    pid: int
    parent: int
    arguments: tuple[str, ...]

    @property
    def program(self) -> str:
        return Path(self.arguments[0]).name if self.arguments else ""


def processes() -> dict[int, Process]:
    """Every process of the machine that can be read."""
    found = {}
    for place in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            parent = int((place / "stat").read_text().rpartition(")")[2].split()[1])
            arguments = (place / "cmdline").read_bytes().decode("utf-8", "replace").split("\0")
            pid = int(place.name)
            found[pid] = Process(pid, parent, tuple(arguments[:-1]))
    return found


def descendants(everyone: Mapping[int, Process], ancestors: Iterable[int]) -> list[Process]:
    children: dict[int, list[Process]] = {}
    for one in everyone.values():
        children.setdefault(one.parent, []).append(one)
    found, waiting = [], list(ancestors)
    while waiting:
        for child in children.get(waiting.pop(), ()):
            found.append(child)
            waiting.append(child.pid)
    return found


def family(podwheel: Podwheel, pid: int) -> dict[str, list[int]]:
    """The ids of a running podwheel's processes, by what they are."""
    run = max((path.name for path in podwheel.logs()), default="no run yet")
    everyone = processes()
    own = descendants(everyone, [pid])
    monitors = [
        one.pid
        for one in everyone.values()
        if one.program == "conmon" and any(run in argument for argument in one.arguments)
    ]
    found = {
        "podwheel": [pid],
        "podman": [one.pid for one in own if one.program.startswith(("podman", "buildah"))],
        "conmon": monitors,
        "build": [one.pid for one in descendants(everyone, monitors)],
    }
    return {**found, "everything": [pid, *found["podman"], *monitors, *found["build"]]}


def kill(pids: Sequence[int]) -> None:
    """SIGKILL; processes of a container have subordinate ids, and podman's namespace reaches them."""
    others = []
    for pid in pids:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        except PermissionError:
            others.append(str(pid))
    if others:
        subprocess.run(
            ["podman", "unshare", "kill", "-9", *others], stderr=subprocess.DEVNULL, check=False
        )


# --------------------------------------------------------------------------- kills


@dataclass
class Tally:
    """What came of the kills so far."""

    killed: Counter[str] = field(default_factory=Counter)
    rows: int = 0
    """Kills in one store, one after the other, and then a run to the end."""
    missed: int = 0
    """Runs that had ended before."""
    codes: Counter[str] = field(default_factory=Counter)
    kept: int = 0
    """Builds that a killed run had finished, and that were not made again."""

    def __str__(self) -> str:
        kinds = ", ".join(f"{kind} {n}" for kind, n in sorted(self.killed.items()))
        codes = ", ".join(f"{code}: {n}" for code, n in sorted(self.codes.items()))
        return (
            f"{self.killed.total()} kills ({kinds}) in {self.rows} stores; {self.missed} came too late. "
            f"How the runs that were hit ended, by kind and exit code: {codes}. "
            f"{self.kept} builds were finished, and none was made again."
        )


@dataclass
class Command:
    """What is run, undisturbed once, and what it made."""

    arguments: tuple[str, ...]
    wheels: dict[str, str]
    """Names and sha256."""
    seconds: float
    """With a new store, the fastest that it was: kills come before that."""

    @classmethod
    def undisturbed(cls, podwheel: Podwheel, arguments: Sequence[str]) -> Command:
        started = time.monotonic()
        podwheel(*arguments, timeout=600)
        return cls(tuple(arguments), wheels_of(podwheel), time.monotonic() - started)


def kills_in_a_row(podwheel: Podwheel, command: Command, seed: int, tally: Tally) -> None:
    """Run and kill, one to five times in one store, as the seed says; then run to the end, and look.

    Args:
        podwheel: With a store in which nothing was built.
    """
    rng = random.Random(seed)
    seen: set[Path] = set()
    finished: set[str] = set()
    said: list[str] = []
    try:
        for nth in range(rng.randint(1, 5)):
            kind = rng.choices(list(KINDS), weights=list(KINDS.values()))[0]
            started = time.monotonic()
            with podwheel.start(*command.arguments) as running:
                hit = _hit(podwheel, running, kind, rng, rng.uniform(0, 1) * command.seconds)
                ended = running.end(_PATIENCE + 60)
            said.append(f"{kind} killed: {hit}; exit code {ended.code}\n{ended.err}")
            _take_in(podwheel, seen, finished)
            if not hit:
                tally.missed += 1
                if nth == 0:  # the machine had more to do, when it was run undisturbed
                    command.seconds = min(command.seconds, time.monotonic() - started)
                break
            tally.killed[kind] += 1
            tally.codes[f"{kind} {ended.code}"] += 1
            assert ended.code != 70, "a bug"
            assert "Traceback" not in ended.err
        podwheel(*command.arguments, timeout=600)
        _take_in(podwheel, seen, finished)
        assert wheels_of(podwheel) == command.wheels
        assert leftovers(podwheel) == []
    except AssertionError as error:
        error.add_note(f"seed {seed}: " + "\n".join(said))
        raise
    tally.rows += 1
    tally.kept += len(finished)


def _take_in(podwheel: Podwheel, seen: set[Path], finished: set[str]) -> None:
    """Add the builds that the last run has finished; none of those before may have been begun again."""
    for run in podwheel.logs():  # none is new, where it was killed before it had written a line
        if run not in seen:
            seen.add(run)
            repeated = finished & _told(run, "step.start")
            assert not repeated, f"finished, and made again: {repeated}"
            finished |= _told(run, "step.done")


def _hit(
    podwheel: Podwheel, running: Running, kind: str, rng: random.Random, moment: float
) -> bool:
    """Wait for the moment, and for a process of that kind, and kill it."""
    pid = running.process.pid
    until = time.monotonic() + moment
    while running.process.poll() is None:
        time.sleep(max(0.0, min(until - time.monotonic(), 60.0)) or _LOOK)
        if time.monotonic() < until or running.process.poll() is not None:
            continue
        if victims := family(podwheel, pid)[kind]:
            kill(victims if kind == "everything" else [rng.choice(victims)])
            return True
    return False


def _told(run: Path, event: str) -> set[str]:
    """The builds of which a run told *event*."""
    return {e["title"] for e in events(run) if e["event"] == event and e["kind"] == "build"}


def events(run: Path) -> Iterator[dict[str, Any]]:
    """Of a run's log; the last line may have been cut by the kill."""
    for line in (run / "run.jsonl").read_text().splitlines():
        with contextlib.suppress(ValueError):
            yield json.loads(line)


# --------------------------------------------------------------------------- what must hold


def wheels_of(podwheel: Podwheel, place: Path | None = None) -> dict[str, str]:
    """Names and sha256 of the wheels of a wheelhouse."""
    return {p.name: _sha256(p) for p in sorted((place or podwheel.wheelhouse).glob("*.whl"))}


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def leftovers(podwheel: Podwheel) -> list[str]:
    """Everything that may not be there once a run has ended well, whatever was killed before it."""
    runs = {path.name for path in podwheel.logs()}
    found = [f"attempt {name}" for name in podwheel.leftovers()]
    found += [f"container {name}" for name in _containers(podwheel, runs)]
    found += [f"process {one.pid}: {one.arguments}" for one in _processes(runs)]
    found += [
        f"control group {group}"
        for group in CGROUPS.glob("*/podwheel/podwheel-*")
        if any(run in group.name for run in runs)
    ]
    found += [f"stage {p}" for p in podwheel.cwd.glob(".*")]
    found += [f"lock {p}" for p in (podwheel.store / "locks").iterdir() if _is_held(p)]
    found += [
        f"half written: {p}"
        for p in (podwheel.store / "blobs").glob("??/*")
        if p.stat().st_nlink == 1 and p.name != _sha256(p)  # the others are the prepared store's
    ]
    found += [f"half written: {p}" for p in _documents(podwheel) if not _is_json(p)]
    return found


def _containers(podwheel: Podwheel, runs: set[str]) -> list[str]:
    done = subprocess.run(
        ["podman", "ps", "--all", "--external", "--format={{.Names}}"],
        env=podwheel.environment, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return [name for name in done.stdout.split() if any(run in name for run in runs)]


def _processes(runs: set[str]) -> list[Process]:
    return [
        one
        for one in processes().values()
        if one.pid != os.getpid() and any(run in a for run in runs for a in one.arguments)
    ]


def _documents(podwheel: Podwheel) -> Iterator[Path]:
    for place in ("documents", "index"):
        for path in (podwheel.store / place).rglob("*"):
            if path.is_file() and path.stat().st_nlink == 1:
                yield path


def _is_json(path: Path) -> bool:
    try:
        json.loads(checked(path.read_bytes()))
    except ValueError:
        return False
    return True


def _is_held(path: Path) -> bool:
    with path.open("a") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False
