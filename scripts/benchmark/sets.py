"""How each kind of set is measured: its runs, tool after tool, again and again."""

import json
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from benchmark import figures, made_up, measured, tools
from benchmark.measured import Measured
from benchmark.place import HERE, Place, record_of
from benchmark.tools import Task

NOTHING_MADE = 1
"""The code of a run that says it succeeded, and left fewer wheels than were asked for."""

Run = dict[str, Any]
"""One run: ``tool``, ``round``, what `Measured` has, and what a record told."""


@dataclass(frozen=True)
class Plan:
    """A set of sets.toml, as the options of this benchmark want it."""

    name: str
    about: str
    table: dict[str, Any]
    tools: tuple[str, ...]
    repeat: int
    size: int | None
    """Only so many requirements, packages or steps: to try it."""
    task: Task = field(init=False)

    def __post_init__(self) -> None:
        requirements = self.table.get("requirements", [])[: self.size]
        everything = self.table.get("from-source") == "everything"
        object.__setattr__(self, "task", Task(tuple(requirements), everything))

    @property
    def made_up(self) -> int:
        return self.size or self.table["made-up"]

    @property
    def sizes(self) -> list[int]:
        return [self.size, 2 * self.size] if self.size else self.table["sizes"]


def rounds(tools: Sequence[str], repeat: int) -> Iterator[tuple[int, str]]:
    """Each tool once a round, and each round begins with another: they share what the machine has."""
    for number in range(repeat):
        first = number % len(tools) if tools else 0
        for tool in (*tools[first:], *tools[:first]):
            yield number, tool


class Bench:
    """Runs the runs of one set.

    Args:
        done: Called with each run that counts.
    """

    def __init__(self, plan: Plan, place: Place, done: Callable[[Run], None]) -> None:
        self.plan, self.place, self.done = plan, place, done
        self.said = place.root / "logs" / f"{plan.name}.log"
        self.said.parent.mkdir(exist_ok=True)
        self.said.write_text("")
        self.failed: set[str] = set()
        self._number = 0

    def run(self) -> None:
        kind = self.plan.name if self.plan.name in _KINDS else "building"
        _KINDS[kind](self)

    # ------------------------------------------------------------ the kinds

    def building(self) -> None:
        for number, tool in self._turns():
            self._build(tool, self.plan.task, number)

    def pure(self) -> None:
        task = self._made_up()
        for number, tool in self._turns():
            self._build(tool, task, number)

    def unchanged(self) -> None:
        """One podwheel, whose store has everything when the time is taken."""
        out = self._out()
        store = self.place.cold_store("unchanged-store")
        command = tools.build(self._made_up(), store, out)
        for number in range(-1, self.plan.repeat):  # the first does not count
            done = self._measure(command)
            if number >= 0 or done.code:
                self._note("podwheel", number, done, packages=self.plan.made_up)
            if done.code:
                return

    def resolve(self) -> None:
        """Answers asked for again, then such as are fresh; each tool with a cache of its own."""
        store, cache = self.place.cold_store("resolve-store"), self._out()
        made = {
            "podwheel": lambda refresh: tools.resolve_versions(
                self.plan.task, store, refresh=refresh
            ),
            "uv": lambda refresh: tools.compile_versions(
                self.plan.task, self.place, cache, refresh=refresh
            ),
        }
        taking_part = [tool for tool in self.plan.tools if tool in made]
        for tool in taking_part:
            self._measure(made[tool](True))  # its cache is warm from here on, and the mirror
        for refresh in (True, False):
            for number, tool in rounds(taking_part, self.plan.repeat):
                label = f"{tool} {'asked again' if refresh else 'fresh'}"
                if label not in self.failed:
                    self._note(label, number, self._measure(made[tool](refresh)))

    def graph(self) -> None:
        for number in range(self.plan.repeat):
            for size in self.plan.sizes:
                store = self.place.cold_store(f"graph-{number}-{size}")
                before = self.said.stat().st_size
                command = [sys.executable, str(HERE / "graph.py"), str(size), str(store)]
                done = self._measure(command)
                told = self.said.read_bytes()[before:].splitlines()
                own = json.loads(told[-1]) if done.code == 0 else {}
                self._note(f"{size} steps", number, done, **own)
                shutil.rmtree(store)

    # ------------------------------------------------------------ parts of them

    def _turns(self) -> Iterator[tuple[int, str]]:
        for number, tool in rounds(self.plan.tools, self.plan.repeat):
            if tool not in self.failed:
                yield number, tool

    def _build(self, tool: str, task: Task, number: int) -> None:
        """One cold run. One during which the mirror had to ask its index does not count."""
        while True:
            out = self._out()
            asked = self.place.upstream_asked()
            done = self._measure(tools.command(tool, task, self.place, out))
            if done.code == 0 and tools.made(tool, out) < len(task.requirements):
                done = replace(done, code=NOTHING_MADE)
            record = record_of(out / "wheelhouse")
            self._clear(out)
            if done.code or self.place.upstream_asked() == asked:
                break
            print(f"  {tool}: the mirror was not warm; again", file=sys.stderr, flush=True)
        told = {} if record is None else _told(record)
        self._note(tool, number, done, packages=len(task.requirements), **told)

    def _made_up(self) -> Task:
        sdists = made_up.pure(self.plan.made_up)
        made_up.put_on(self.place.root / "mirror", sdists)
        return Task(tuple(made_up.requirements(sdists)), everything=True)

    def _measure(self, command: Sequence[str]) -> Measured:
        return measured.run(
            command,
            env=self.place.environment(),
            cwd=self.place.work,
            said=self.said,
            limit=self.place.limit,
        )

    def _note(self, tool: str, number: int, done: Measured, **more: Any) -> None:
        if done.code:
            self.failed.add(tool)
            print(f"  {tool} failed with {done.code}: see {self.said}", file=sys.stderr)
        run = {"tool": tool, "round": number, **done.to_json(), **more}
        self.done(run)

    def _out(self) -> Path:
        self._number += 1
        out = self.place.work / f"{self.plan.name}-{self._number}"
        out.mkdir()
        return out

    def _clear(self, out: Path) -> None:
        for path in (out, out.with_name(f"{out.name}-store")):
            shutil.rmtree(path, ignore_errors=True)


def _told(record: dict[str, Any]) -> dict[str, Any]:
    """What a record of podwheel's says of where the time went."""
    built = [s for s in record["steps"] if s["outcome"] == "built"]
    return {
        "steps": len(built),
        "chain": figures.longest_chain(record),
        "concurrency": figures.concurrency(record),
        "containers_cpu": sum(s["cpu_seconds"] or 0.0 for s in built),
        "hooks_cpu": sum(s["hooks_cpu_seconds"] or 0.0 for s in built),
    }


_KINDS: dict[str, Callable[[Bench], None]] = {
    "building": Bench.building,
    "pure": Bench.pure,
    "unchanged": Bench.unchanged,
    "resolve": Bench.resolve,
    "graph": Bench.graph,
}
