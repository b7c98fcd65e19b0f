"""podwheel, podman, conmon and builds are killed at seeded moments, and file systems are filled: the same
command again makes it good.

    scripts/faults --kills 200 --seed 1      # more of the same, for an hour or two
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from faults import Command, Tally, family, kill, kills_in_a_row, wheels_of
from local_index import PROJECTS, LocalIndex, packed
from test_interrupts import until

from podwheel.store.sound import hash_of, seal
from podwheel.targets.definition import load
from podwheel.targets.recipe import recipe_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conftest import NewPodwheel
    from podwheel_cli import Podwheel

    from podwheel.model import Target

pytestmark = pytest.mark.podman

QUICK = ("build", "in-tree", "runs-its-tool", "-j2", "--no-verify")
WHOLE = ("build", "in-tree", "c-extension", "asks-for-source", "-j2")
_WHOLE_EVERY = 10


@pytest.fixture(scope="module")
def commands(new_podwheel: NewPodwheel, backends: dict[str, bytes]) -> Iterator[Commands]:
    """The commands, each run once undisturbed."""
    with LocalIndex(backends) as index:
        yield Commands(new_podwheel, index)


class Commands:
    def __init__(self, new_podwheel: NewPodwheel, index: LocalIndex) -> None:
        self._new, self._index = new_podwheel, index
        self._known: dict[tuple[str, ...], Command] = {}

    def __call__(self, arguments: tuple[str, ...]) -> Command:
        if arguments not in self._known:
            with self._new(self._index) as podwheel:
                self._known[arguments] = Command.undisturbed(podwheel, arguments)
        return self._known[arguments]


def test_kills(
    new_podwheel: NewPodwheel,
    index: LocalIndex,
    commands: Commands,
    pytestconfig: pytest.Config,
) -> None:
    wanted, seed = pytestconfig.getoption("--kills"), pytestconfig.getoption("--seed")
    tally = Tally()
    while tally.killed.total() < wanted:
        command = commands(QUICK if seed % _WHOLE_EVERY else WHOLE)
        with new_podwheel(index) as podwheel:
            kills_in_a_row(podwheel, command, seed, tally)
        print(f"seed {seed}: {tally}", flush=True)
        seed += 1
    assert tally.missed <= wanted


# --------------------------------------------------------------------------- full disks


@pytest.fixture
def full(podwheel: Podwheel, index: LocalIndex, tmp_path: Path) -> Full:
    return Full(podwheel, index, tmp_path)


class Full:
    """Runs full_disk.py."""

    def __init__(self, podwheel: Podwheel, index: LocalIndex, directory: Path) -> None:
        self.podwheel, self.index, self.small = podwheel, index, directory / "small"
        self.conf = directory / "storage.conf"
        self.elsewhere = directory / "images"

    def store(self, seconds: float) -> dict[str, Any]:
        """With a store that is full."""
        copies = [(str(self.podwheel.store / "documents"), str(self.small / "documents"))]
        return self._run(seconds, size="8m", store=self.small, copies=copies)

    def graph_root(self, seconds: float) -> dict[str, Any]:
        """With podman's storage on a file system that is full; its images are elsewhere."""
        done = subprocess.run(
            ["podman", "info", "--format={{.Store.GraphRoot}}"],
            env=self.podwheel.environment, capture_output=True, text=True, check=True,
        )  # fmt: skip
        self.conf.write_text(
            '[storage]\ndriver = "overlay"\n[storage.options]\n'
            f'additionalimagestores = ["{self.elsewhere}"]\n'
        )
        data, runtime = self.small / "data", self.small / "run"
        return self._run(
            seconds,
            size="16m",
            store=self.podwheel.store,
            read_only=[(done.stdout.strip(), str(self.elsewhere))],
            directories=[str(data), str(runtime)],
            environment={
                "CONTAINERS_STORAGE_CONF": str(self.conf),
                "XDG_DATA_HOME": str(data),
                "XDG_RUNTIME_DIR": str(runtime),
            },
        )

    def _run(self, seconds: float, *, store: Path, size: str, **more: Any) -> dict[str, Any]:
        asked = {
            "place": str(self.small),
            "size": size,
            "seconds": seconds,
            "copies": [],
            "directories": [],
            "read_only": [],
            "cwd": str(self.podwheel.cwd),
            "store": str(store),
            "index_url": self.index.url,
            "environment": {},
            "arguments": QUICK,
            **more,
        }
        script = Path(__file__).parents[1] / "full_disk.py"
        done = subprocess.run(
            ["podman", "unshare", "unshare", "--mount", sys.executable, script, json.dumps(asked)],
            env=self.podwheel.environment, capture_output=True, text=True, timeout=900, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        found: dict[str, Any] = json.loads(done.stdout)
        return found


@pytest.mark.parametrize("what", ["store", "graph_root"])
def test_a_full_file_system(
    full: Full, commands: Commands, what: str, pytestconfig: pytest.Config
) -> None:
    undisturbed = commands(QUICK)
    found = getattr(full, what)(0)
    code, said = found["first"]
    assert code == 3, said
    assert "no space left" in said.lower(), said
    assert "Traceback" not in said
    assert found["second"][0] == 0, found["second"][1]
    assert found["wheels"] == undisturbed.wheels
    assert found["left"] == []


def test_file_systems_that_fill_up_at_some_moment(
    new_podwheel: NewPodwheel,
    index: LocalIndex,
    commands: Commands,
    tmp_path: Path,
    pytestconfig: pytest.Config,
) -> None:
    """As many as --fills says."""
    undisturbed = commands(QUICK)
    for seed in range(pytestconfig.getoption("--fills")):
        rng = random.Random(seed)
        with new_podwheel(index) as podwheel:
            full = Full(podwheel, index, tmp_path / str(seed))
            full.conf.parent.mkdir()
            fill = rng.choice([full.store, full.graph_root])
            found = fill(rng.uniform(0.1, undisturbed.seconds))
        print(f"seed {seed}: {fill.__name__}: exit code {found['first'][0]}", flush=True)
        assert found["first"][0] != 70, found["first"][1]
        assert found["second"][0] == 0, found["second"][1]
        assert found["wheels"] == undisturbed.wheels
        assert found["left"] == []


def test_a_scratch_that_is_full(podwheel: Podwheel, index: LocalIndex) -> None:
    pyproject = (PROJECTS / "in-tree-1.0/pyproject.toml").read_bytes()
    tiny = (PROJECTS / "_shared/tiny.py").read_bytes()
    files = {"pyproject.toml": pyproject, "_shared/tiny.py": tiny, "noise": os.urandom(2 << 20)}
    index.add("in_tree-1.0.tar.gz", packed(files, top="in_tree-1.0"))
    with podwheel.start("build", "in-tree", "--no-verify", "--scratch-size", "1M") as full:
        done = full.end()
    assert done.code in (5, 6)
    assert "No space left on device" in done.err
    podwheel("build", "in-tree", "--no-verify")


# --------------------------------------------------------------------------- a store that was damaged


def flip(path: Path) -> None:
    """Another file in its place, with one other bit: the prepared store's has more links."""
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.unlink()
    path.write_bytes(data)


def test_a_damaged_store_is_noticed_and_made_good(podwheel: Podwheel, commands: Commands) -> None:
    podwheel(*WHOLE)
    wheels = [p for p in podwheel.wheelhouse.glob("*.whl") if not p.name.startswith("in_tree")]
    flip(podwheel.store / "blobs" / hash_of(wheels[0])[:2] / hash_of(wheels[0]))
    (lost,) = podwheel.wheelhouse.glob("in_tree*.whl")
    (podwheel.store / "blobs" / hash_of(lost)[:2] / hash_of(lost)).unlink()
    trees = [p for p in podwheel.store.glob("unpacked/??/*") if [*p.glob("lib/*/*/setuptools")]]
    flip(next(iter(trees[0].glob("lib/*/*/setuptools/__init__.py"))))
    (truncated, *_) = podwheel.store.glob("documents/resolution/??/*.json")
    truncated.write_bytes(truncated.read_bytes()[:40])
    documents = [*podwheel.store.glob("documents/requires/??/*.json")]
    flip(documents[0])

    done = podwheel(*WHOLE, "-o", "again")
    assert wheels_of(podwheel, podwheel.cwd / "again") == commands(WHOLE).wheels
    assert done.err.count("of the store is damaged: it is set aside") == 4, done.err
    assert "set aside" not in podwheel(*WHOLE, "-o", "again").err

    flip(documents[0])
    silent = podwheel.store / "blobs" / hash_of(lost)[:2] / hash_of(lost)
    flip(silent)
    seal(silent)  # the disk's doing: no time tells
    found = podwheel("cache", "check", "--json", code=1)
    damaged = {one["kind"]: len(one["damaged"]) for one in json.loads(found.out)}
    assert damaged == {"files": 1, "documents": 1, "trees": 0}
    podwheel("cache", "check")
    podwheel(*WHOLE, "-o", "again")
    assert wheels_of(podwheel, podwheel.cwd / "again") == commands(WHOLE).wheels


# --------------------------------------------------------------------------- one is killed, another waits

SLOW_IMAGE = """\
ARG BASE
FROM ${{BASE}} AS runtime
RUN sleep 4; echo {unique} > /etc/role
FROM runtime AS build
"""


def test_a_podwheel_is_killed_while_it_makes_an_image(podwheel: Podwheel, target: Target) -> None:
    """It holds the lock that another waits for; and its buildah is killed with it."""
    done = subprocess.run(
        ["podman", "image", "inspect", "--format={{.Digest}}", target.runtime.digest],
        env=podwheel.environment, capture_output=True, text=True, check=True,
    )  # fmt: skip
    base = f"{target.runtime.reference.partition(':')[0]}@{done.stdout.strip()}"
    podwheel.write("Containerfile", SLOW_IMAGE.format(unique=podwheel.cwd))
    podwheel.write("own.toml", f'containerfile = "Containerfile"\n[base]\nimage = "{base}"\n')
    build = ("build", "in-tree", "--no-verify", "--target", "./own.toml", "-o")
    try:
        with podwheel.start(*build, "one") as first:
            until(lambda: bool(_working(podwheel)), "buildah's working container")
            marks = _working(podwheel)
            doomed = family(podwheel, first.process.pid)["everything"]
            with podwheel.start(*build, "two") as second:
                until(lambda: len([*podwheel.logs()]) == 2, "the second podwheel")
                kill(doomed)
                first.end()
                ended = second.end(180)
        assert ended.code == 0, ended.err
        podwheel(*build, "one")
        assert podwheel.wheels(podwheel.cwd / "one") == podwheel.wheels(podwheel.cwd / "two")
        assert podwheel.leftovers() == []
        assert marks.isdisjoint(_working(podwheel))
    finally:
        recipe = recipe_of(load("./own.toml", cwd=podwheel.cwd))
        for name in (recipe.build, recipe.runtime, recipe.base):
            subprocess.run(["podman", "image", "rm", name], env=podwheel.environment, check=True)


def _working(podwheel: Podwheel) -> set[str]:
    """The working containers of this store's podwheels, by the entry for /etc/hosts that marks them."""
    data = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local/share"
    mine = {place.name for place in podwheel.store.glob("attempts/image-*")} | {"none"}
    found = set()
    for notes in Path(data).glob("containers/storage/*-containers/*/userdata/buildah.json"):
        with contextlib.suppress(FileNotFoundError):
            text = notes.read_text()
            found |= {name for name in mine if f'"{name}:127.0.0.1"' in text}
    return found
