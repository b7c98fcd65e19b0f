"""What a build is expected to cost: remembered by its project, else guessed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from attrs import evolve

from podwheel.build import costs
from podwheel.build.step import Usage
from podwheel.build.task import Expected
from podwheel.store import Store

if TYPE_CHECKING:
    from pathlib import Path

USAGE = Usage(started="", seconds=30.0, cpu_seconds=50.0, peak_memory=7 << 30, enforced=())


def test_what_a_build_cost_is_known_the_next_time(tmp_path: Path) -> None:
    store = Store(tmp_path)
    assert costs.known(store, target="debian-13", name="big") is None
    costs.remember(store, target="debian-13", name="big", usage=USAGE)
    assert costs.known(store, target="debian-13", name="big") == Expected(
        seconds=30.0, memory=7 << 30
    )
    assert costs.known(store, target="debian-12", name="big") is None


@pytest.mark.parametrize(
    ("usage", "seconds"),
    [
        (evolve(USAGE, cpu_seconds=4.0), 4.0),  # it waited for cores that others had
        (evolve(USAGE, cpu_seconds=None), 30.0),
    ],
)
def test_its_time_is_what_it_would_have_taken_alone(
    tmp_path: Path, usage: Usage, seconds: float
) -> None:
    store = Store(tmp_path)
    costs.remember(store, target="t", name="n", usage=usage)
    found = costs.known(store, target="t", name="n")
    assert found is not None
    assert found.seconds == seconds


def test_a_damaged_document_is_none(tmp_path: Path) -> None:
    store = Store(tmp_path)
    costs.remember(store, target="t", name="n", usage=USAGE)
    (document,) = (tmp_path / "documents/cost").rglob("*.json")
    for text in ("[]", "{}", '{"seconds": "long", "memory": 1}', "3", "nonsense"):
        document.write_text(text)
        assert costs.known(store, target="t", name="n") is None


def test_more_to_compile_is_expected_to_take_longer() -> None:
    pure, small, large = (costs.guess(compiled=size) for size in (0, 50_000, 5_000_000))
    assert 0 < pure.seconds < small.seconds < large.seconds
    assert costs.guess(archive=100_000).seconds < costs.guess(archive=5_000_000).seconds


def test_the_memory_that_is_there(tmp_path: Path) -> None:
    meminfo = tmp_path / "meminfo"
    meminfo.write_text("MemTotal:       24000000 kB\nMemAvailable:   20000000 kB\n")
    assert costs.available_memory(meminfo) == 20_000_000 * 1024
    meminfo.write_text("MemTotal:       24000000 kB\n")
    assert costs.available_memory(meminfo) == float("inf")
