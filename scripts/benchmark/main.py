"""`scripts/bench`: podwheel and others, on the same sets, in turn."""

import argparse
import datetime as dt
import json
import os
import platform
import subprocess
import sys
import tomllib
import uuid
from pathlib import Path
from typing import Any

from benchmark import measured, report, tools
from benchmark.place import HERE, ROOT, Place, ready, versions
from benchmark.sets import Bench, Plan, Run

SCHEMA = 1

DESCRIPTION = """\
Measure podwheel against pip, uv and fromager: docs/benchmark.md.

    make bench
    make bench ARGS="--set six --repeat 3"
    make bench ARGS="--set pure --size 10 --repeat 1"     # to try it
"""


def main() -> int:
    sets = tomllib.loads((HERE / "sets.toml").read_text())
    options = arguments(sets)
    measured.adopt()
    work = options.directory / "work" / uuid.uuid4().hex[:8]
    place = Place(
        root=options.directory,
        work=work,
        target=options.target,
        limit=options.limit,
        latency=options.latency,
    )
    with ready(place):
        for name in options.sets or sets:
            measure(plan_of(name, sets[name], options), place, options)
    return 0


def arguments(sets: dict[str, Any]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="scripts/bench",
        description=DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="sets:\n" + "\n".join(f"  {name:10} {t['about']}" for name, t in sets.items()),
    )
    parser.add_argument(
        "--set", dest="sets", action="append", choices=list(sets), metavar="NAME",
        help="only this one; again for more (default: all)",
    )  # fmt: skip
    parser.add_argument(
        "--tools", metavar="NAMES", help=f"who takes part, of {', '.join(tools.TOOLS)}"
    )
    parser.add_argument("--repeat", type=int, default=3, metavar="N", help="rounds (default: 3)")
    parser.add_argument(
        "--size", type=int, metavar="N", help="only N requirements, made-up packages or steps"
    )
    parser.add_argument("--target", default="debian-13", metavar="NAME")
    parser.add_argument(
        "--limit", type=int, default=7200, metavar="SECONDS", help="for one run (default: 7200)"
    )
    parser.add_argument(
        "--latency", type=int, default=0, metavar="MS",
        help="least time of each answer of the index, as if it were far away (default: 0)",
    )  # fmt: skip
    parser.add_argument(
        "--directory", type=Path, default=Path.home() / ".cache/podwheel-bench", metavar="DIR",
        help="mirror, tools and results (default: ~/.cache/podwheel-bench)",
    )  # fmt: skip
    given = parser.parse_args()
    unknown = set((given.tools or "").split(",")) - {"", *tools.TOOLS}
    if unknown:
        parser.error(f"--tools: there is no {', '.join(sorted(unknown))}")
    given.directory = given.directory.absolute()
    return given


def plan_of(name: str, table: dict[str, Any], options: argparse.Namespace) -> Plan:
    taking_part = options.tools.split(",") if options.tools else table.get("tools", [])
    return Plan(
        name=name,
        about=table["about"],
        table=table,
        tools=tuple(taking_part),
        repeat=options.repeat,
        size=options.size,
    )


def measure(plan: Plan, place: Place, options: argparse.Namespace) -> None:
    """Run one set, keep its results after each run, and print them."""
    for tool, why in tools.skipped(plan.tools, place).items():
        print(f"{plan.name}: without {tool}, which could not be brought: {why}", flush=True)
    there = tuple(tool for tool in plan.tools if tool not in place.missing)
    plan = Plan(**{**_fields(plan), "tools": there})
    cores = len(os.sched_getaffinity(0))
    runs: list[Run] = []
    kept = place.root / "results" / f"{dt.datetime.now(dt.UTC):%Y%m%dT%H%M%S}-{plan.name}.json"
    kept.parent.mkdir(exist_ok=True)

    def done(run: Run) -> None:
        runs.append(run)
        document = {
            "schema": SCHEMA,
            "set": plan.name,
            "about": plan.about,
            "size": plan.size,
            "target": options.target,
            "latency": options.latency,
            "machine": machine(cores),
            "versions": {"podwheel": revision(), **versions(place)},
            "runs": runs,
            "summary": report.summary(runs, cores),
        }
        kept.write_text(json.dumps(document, indent=1) + "\n")
        told = f"{run['seconds']:.2f} s, {run['cpu']:.2f} s of CPU"
        print(
            f"  {plan.name} {run['round'] + 1}: {run['tool']}: {told}", file=sys.stderr, flush=True
        )

    Bench(plan, place, done).run()
    print(f"\n{plan.name}: {plan.about}")
    print("\n".join(report.lines(plan.name, report.summary(runs, cores), cores)))
    print(f"  kept in {kept}", flush=True)


def _fields(plan: Plan) -> dict[str, Any]:
    return {key: value for key, value in vars(plan).items() if key != "task"}


def machine(cores: int) -> dict[str, Any]:
    """What a reader needs to know of where it was measured; not its name."""
    cpu = [
        line.partition(":")[2].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    ]
    return {
        "cores": cores,
        "cpu": cpu[0] if cpu else platform.machine(),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "load_before": os.getloadavg()[0],
    }


def revision() -> str:
    """The commit that is measured, where that can be told; else podwheel's version."""
    done = subprocess.run(
        ["git", "-C", str(ROOT), "describe", "--always", "--dirty"],
        capture_output=True,
        text=True,
        check=False,
    )
    from podwheel import __version__

    return done.stdout.strip() or __version__
