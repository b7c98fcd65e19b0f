"""The arithmetic of scripts/bench, and that what it measures it with counts what it should."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from types import ModuleType

SCRIPTS = Path(__file__).parents[2] / "scripts"


def loaded(name: str) -> ModuleType:
    """A module of scripts/benchmark, which is no part of podwheel."""
    spec = importlib.util.spec_from_file_location(
        f"benchmark.{name}", SCRIPTS / "benchmark" / f"{name}.py"
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


figures = loaded("figures")


def test_medians_and_ratios() -> None:
    assert figures.median([3.0, 1.0, 2.0]) == 2.0
    assert figures.median([]) is None
    assert figures.ratio(1.0, 4.0) == 0.25
    assert figures.ratio(None, 4.0) is None
    assert figures.ratio(1.0, 0.0) is None


def test_ratios_are_taken_round_by_round() -> None:
    """The second round was slow for both: the medians alone would say 1.5."""
    assert figures.paired([1.0, 30.0, 3.0], [2.0, 60.0, 2.0]) == 0.5
    assert figures.paired([], []) is None


def test_the_floor_is_the_work_or_the_longest_chain() -> None:
    assert figures.floor(cpu=40.0, chain=12.0, cores=2) == 20.0
    assert figures.floor(cpu=40.0, chain=25.0, cores=2) == 25.0


def step(name: str, start: float, end: float, *, cpu: float | None, needs: str = "") -> Any:
    return {
        "id": name,
        "wheel": f"wheel of {name}",
        "environment": needs or None,
        "outcome": "built",
        "started": f"2026-01-01T00:00:{start:09.6f}+00:00",
        "ended": f"2026-01-01T00:00:{end:09.6f}+00:00",
        "cpu_seconds": cpu,
    }


def record(*steps: Any, **environments: list[str]) -> Any:
    return {
        "steps": list(steps),
        "environments": [
            {"id": name, "wheels": [[needed, "1.0", f"wheel of {needed}"] for needed in needs]}
            for name, needs in environments.items()
        ],
    }


def test_the_longest_chain_goes_through_build_environments() -> None:
    made = record(
        step("tool", 0, 2, cpu=2.0),
        step("alone", 0, 4, cpu=4.0),
        step("left", 2, 5, cpu=3.0, needs="of left"),
        step("top", 5, 6, cpu=1.0, needs="of top"),
        **{"of left": ["tool", "from elsewhere"], "of top": ["left", "tool"]},
    )
    assert figures.longest_chain(made) == 6.0
    assert figures.longest_chain(record()) == 0.0


def test_a_step_that_shared_its_core_counts_with_what_it_used() -> None:
    assert figures.longest_chain(record(step("slow", 0, 10, cpu=4.0))) == 4.0
    assert figures.longest_chain(record(step("wide", 0, 10, cpu=18.0))) == 10.0
    assert figures.longest_chain(record(step("unknown", 0, 10, cpu=None))) == 10.0


def test_a_circle_of_environments_ends() -> None:
    made = record(
        step("a", 0, 1, cpu=1.0, needs="of a"),
        step("b", 1, 3, cpu=2.0, needs="of b"),
        **{"of a": ["b"], "of b": ["a"]},
    )
    assert figures.longest_chain(made) == 3.0


def test_how_many_steps_ran_at_once() -> None:
    made = record(step("a", 0, 4, cpu=4.0), step("b", 2, 4, cpu=2.0), step("c", 10, 12, cpu=1.0))
    assert figures.concurrency(made) == pytest.approx(8 / 6)
    assert figures.concurrency(record()) is None


def test_growth() -> None:
    assert figures.growth([1, 2, 4], [3.0, 6.0, 12.0]) == pytest.approx(1.0)
    assert figures.growth([1, 2, 4], [3.0, 12.0, 48.0]) == pytest.approx(2.0)
    assert figures.growth([1], [3.0]) is None


def test_a_summary_has_the_floor_and_what_we_are_to_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(SCRIPTS)
    report = importlib.import_module("benchmark.report")
    runs = [
        {"tool": "podwheel", "round": 0, "code": 0, "seconds": 6.0, "cpu": 10.0, "chain": 2.0},
        {"tool": "pip", "round": 0, "code": 0, "seconds": 12.0, "cpu": 11.0},
        {"tool": "podwheel", "round": 1, "code": 0, "seconds": 5.0, "cpu": 8.0, "chain": 2.0},
        {"tool": "pip", "round": 1, "code": 124, "seconds": 99.0, "cpu": 11.0},
    ]
    table = report.summary(runs, cores=2)
    assert table["podwheel"]["seconds"] == 5.5
    assert table["podwheel"]["floor"] == 4.5
    assert table["podwheel"]["to_floor"] == pytest.approx((6 / 5 + 5 / 4) / 2)
    assert table["pip"]["ours_to_it"] == 0.5
    assert "ours_to_it" not in table["podwheel"]


def test_the_hooks_of_packages_are_not_our_own_cost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(SCRIPTS)
    report = importlib.import_module("benchmark.report")
    run = {"tool": "podwheel", "round": 0, "code": 0, "seconds": 6.0, "packages": 10}
    told = {"chain": 1.0, "concurrency": 2.0, "containers_cpu": 6.0, "hooks_cpu": 4.0}
    table = report.summary([{**run, **told, "cpu": 9.0}], cores=2)
    assert table["podwheel"]["own_cpu_each"] == 0.5
    assert "0.500 s of that without its hooks" in report.lines("pure", table, 2)[-1]
    assert "own_cpu_each" not in report.summary([{**run, "cpu": 9.0}], cores=2)["podwheel"]


def test_the_kernels_part_of_a_graph_is_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(SCRIPTS)
    report = importlib.import_module("benchmark.report")
    runs = [
        {
            "tool": f"{n} steps",
            "round": 0,
            "code": 0,
            "seconds": n,
            "cpu": n * n,
            "user": n,
            "peak": n,
        }
        for n in (10, 20)
    ]
    *_, first, second, last = report.lines("graph", report.summary(runs, cores=2), 2)
    assert "10.00 s of the CPU time not the kernel's" in first
    assert "20.00" in second
    assert last.endswith("CPU time 2.00 (without the kernel's 1.00), memory 1.00")


def test_what_a_command_left_behind_is_counted(tmp_path: Path) -> None:
    """As conmon does it: a grandchild in a session of its own, which outlives the command."""
    burning = "import time\nwhile time.process_time() < 0.3: pass"
    orphaning = (
        f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {burning!r}], "
        "start_new_session=True)"
    )
    program = (
        "import os, sys; from pathlib import Path; from benchmark import measured\n"
        "measured.adopt()\n"
        f"done = measured.run([sys.executable, '-c', {orphaning!r}], env=os.environ, "
        "cwd=Path('.'), said=Path('said'), limit=60)\n"
        "print(done.code, done.cpu)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(SCRIPTS)},
        capture_output=True,
        text=True,
        check=True,
    )
    code, cpu = done.stdout.split()
    assert int(code) == 0
    assert float(cpu) >= 0.3


def test_a_command_that_takes_too_long_is_ended(tmp_path: Path) -> None:
    program = (
        "import os; from pathlib import Path; from benchmark import measured\n"
        "measured.adopt()\n"
        "done = measured.run(['sleep', '60'], env=os.environ, cwd=Path('.'), said=Path('said'), limit=0.2)\n"
        "print(done.code)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(SCRIPTS)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == ["124"]


def test_the_sets_say_what_each_kind_needs() -> None:
    sets = tomllib.loads((SCRIPTS / "benchmark" / "sets.toml").read_text())
    assert len(sets["compiled"]["requirements"]) == 25
    for table in sets.values():
        assert table["about"]
        assert {"requirements", "made-up", "sizes"} & table.keys()
