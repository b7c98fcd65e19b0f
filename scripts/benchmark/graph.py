"""A made-up graph of steps whose builds take no time: what is left is podwheel's own.

    python graph.py STEPS DIRECTORY       # prints one JSON object

The whole of `pipeline.build` runs in this process, but for the containers: where one would be
started, its answers are here at once. Sources are read, environments made, wheels checked and kept,
the wheelhouse sealed. Each step needs wheels of two steps before it, so the longest chain grows
with the graph as well; one step in twenty is asked for, the others are found as build requirements,
as the graph grows. DIRECTORY is podwheel's store, with the target in it.
"""

import json
import os
import random
import resource
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests"))
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # this checkout's podwheel

from local_index import packed, wheel

from podwheel import log, pipeline, run
from podwheel.__main__ import collect_seldom
from podwheel.build import environment
from podwheel.build.dialogue import Dialogue
from podwheel.build.project import Project
from podwheel.build.step import Usage
from podwheel.requirements import Arguments
from podwheel.seal.record import RECORD

_REACH = 40
"""How far back a step's build requirements lie."""
_ASKED_FOR = 20
"""One step in so many is a requirement; the others are what builds need."""

_PKG_INFO = "Metadata-Version: 2.2\nName: {name}\nVersion: 1.0\n"
_PYPROJECT = """\
[build-system]
requires = {requires}
build-backend = "none"

[project]
name = "{name}"
version = "1.0"
"""


def sdists(steps: int) -> dict[str, bytes]:
    """One source a step; the same for the same number."""
    chance = random.Random(steps)
    found = {}
    for number in range(steps):
        # The one before the last, so that every step is needed; and any other.
        before = {number - 2, number - chance.randint(1, _REACH)}
        needs = [name_of(n) for n in sorted(before) if n >= 0]
        name, stem = name_of(number), stem_of(number)
        files = {
            "pyproject.toml": _PYPROJECT.format(requires=json.dumps(needs), name=name).encode(),
            "PKG-INFO": _PKG_INFO.format(name=name).encode(),
        }
        found[f"{stem}.tar.gz"] = packed(files, top=stem)
    return found


def name_of(number: int) -> str:
    return f"step-{number:05}"


def stem_of(number: int) -> str:
    return f"step_{number:05}-1.0"


class Instant:
    """What a `Conversation` would say, had a container built the wheel."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self._stem = f"{project.name.replace('-', '_')}-1.0"

    def requires(self) -> tuple[str, ...]:
        return ()

    def wheel(self, into: Path) -> Path:
        filename = f"{self._stem}-py3-none-any.whl"
        module = f"{self._stem.partition('-')[0]}.py"
        (into / filename).write_bytes(wheel(filename, {module: b""}))
        return into / filename


def talk(
    self: Dialogue, title: str, project: Project, wheels: Any, slot: int, env: Path,
    talk_through: Any, log_file: Path, _logger: Any, _mounts: Any,
) -> tuple[Any, Usage]:  # fmt: skip
    """In the place of `Dialogue._talk`: everything but the container."""
    shop = self.workshop
    environments = environment.Environments(store=shop.store, python=shop.target.python)
    environments.make(wheels, into=env)
    self.inputs.mounts(project)
    shop.job(title, image=shop.target.build, program="build.py", mounts=(), slot=slot)
    log_file.write_text("")
    brought = talk_through(Instant(project), lambda more: environments.extend(env, more))
    usage = Usage(
        started="2026-01-01T00:00:00+00:00",
        seconds=0.0,
        cpu_seconds=0.0,
        peak_memory=0,
        enforced=(),
    )
    return brought, usage


def main() -> None:
    steps, directory = int(sys.argv[1]), Path(sys.argv[2])
    links = directory / "links"
    links.mkdir()
    for filename, data in sdists(steps).items():
        (links / filename).write_bytes(data)
    log.configure(None)
    Dialogue._talk = talk  # noqa: SLF001 - the one place where a container comes in
    asked_for = [n for n in range(steps) if n % _ASKED_FOR == 0 or n >= steps - 2]
    names = tuple(f"{name_of(number)}==1.0" for number in asked_for)
    options = run.Options(
        arguments=Arguments(requirements=names, no_index=True, find_links=(str(links),)),
        environ={"HOME": os.environ["HOME"], "PIP_CONFIG_FILE": os.devnull},
        cwd=directory,
        store=directory,
        build_deps="source",
        jobs=2,
    )
    collect_seldom()  # as podwheel does first of all
    started, cpu, user = time.monotonic(), time.process_time(), os.times().user
    with run.opened(options) as opened:
        outcome = pipeline.build(opened, output=directory / "wheelhouse", prove=False)
    assert len(outcome.built) == len(asked_for)
    record = json.loads((directory / "wheelhouse" / RECORD).read_bytes())
    assert len(record["steps"]) == steps
    print(
        json.dumps(
            {
                "steps": steps,
                "seconds": time.monotonic() - started,
                "cpu": time.process_time() - cpu,
                "user": os.times().user - user,
                "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
            }
        )
    )


if __name__ == "__main__":
    main()
