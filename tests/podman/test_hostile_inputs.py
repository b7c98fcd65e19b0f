"""The attacks of tests/projects/hostile/into: archives, pages and files that podwheel itself reads."""

from __future__ import annotations

import importlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hostile_corpus import Attack, of
from podwheel_cli import Podwheel

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conftest import NewPodwheel
    from local_index import LocalIndex

pytestmark = [pytest.mark.podman, pytest.mark.xdist_group("hostile inputs")]

CANARY = Path("/tmp/owned")
MEMORY = 1 << 30
"""Bytes of data: a bomb that is taken in whole ends in a MemoryError."""


@pytest.fixture(scope="module")
def shared(new_podwheel: NewPodwheel, backends: dict[str, bytes]) -> Iterator[Podwheel]:
    """One store for all; each has an index, and so answers, of its own."""
    from local_index import LocalIndex

    with LocalIndex(backends) as serving, new_podwheel(serving) as made:
        yield made


@pytest.fixture
def podwheel(shared: Podwheel, index: LocalIndex, tmp_path: Path) -> Podwheel:
    return Podwheel(cwd=tmp_path, store=shared.store, index_url=index.url)


@pytest.fixture
def second(backends: dict[str, bytes]) -> Iterator[LocalIndex]:
    from local_index import LocalIndex

    with LocalIndex({}) as serving:
        serving.files.clear()
        yield serving


@pytest.mark.parametrize("attack", of("into"), ids=str)
def test_what_comes_from_elsewhere_is_read_as_hostile(
    podwheel: Podwheel, index: LocalIndex, second: LocalIndex, attack: Attack
) -> None:
    into = importlib.import_module("projects.hostile.into")
    module = importlib.import_module(f"projects.hostile.into.{attack.name}")
    arguments = module.attack(into.Stage(index, second, podwheel))
    done = podwheel.run(
        "build", "--no-verify", "--retries=0", "--timeout=5", "--log-format=json", *arguments,
        before=("prlimit", f"--data={MEMORY}"),
    )  # fmt: skip
    errors = [e for e in map(_event, done.err.splitlines()) if e["event"] == "error"]
    if attack.expected == "wheel":
        assert done.code == 0, done.err[-3000:]
    else:
        assert errors, done.err[-3000:]
        text = "\n".join([errors[0]["what"], errors[0]["said"]])
        assert (errors[0]["kind"], attack.says in text) == (attack.expected, True), text[:3000]
    assert (podwheel.leftovers(), CANARY.exists()) == ([], False)


def _event(line: str) -> dict[str, Any]:
    try:
        return dict(json.loads(line))
    except ValueError:  # a traceback: no error that we know
        return {"event": line}
