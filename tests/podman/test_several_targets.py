"""Several targets at once: a wheelhouse for each, or one for all; one that fails hides no other."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from packaging.pylock import Pylock

from podwheel.model import Origin
from podwheel.requirements.groups import parse_toml

if TYPE_CHECKING:
    from local_index import LocalIndex
    from podwheel_cli import Podwheel

    from podwheel.model import Target
    from podwheel.store import Store

# The other target's images are made from the distribution's mirror, where this account has none yet.
pytestmark = [pytest.mark.podman, pytest.mark.network]

# Of two builds and proofs, on a machine that has other work.
PATIENCE = 400.0

BOTH = ("--target", "debian-12", "--target", "debian-13")
PURE = "in_tree-1.0-py3-none-any.whl"
OLD, NEW = (f"c_extension-1.0-cp3{n}-cp3{n}-linux_x86_64.whl" for n in (11, 13))


@pytest.fixture(scope="module", autouse=True)
def bookworm(store: Store, target: Target) -> Target:
    """Debian 12, made and described in the store that the tests' stores are copies of."""
    from podwheel.sandbox import Sandbox
    from podwheel.targets import definition, images

    with store.attempt("images") as work:
        sandbox = Sandbox(run_id=f"tests-{os.getpid()}-12", work=work)
        try:
            chosen = definition.load("debian-12", cwd=Path.cwd())
            return images.prepare(chosen, store=store, sandbox=sandbox)
        finally:
            sandbox.reap()


def chosen(lock: Path, target: Target) -> list[str]:
    """The files that an installer takes on a target."""
    document = parse_toml(lock.read_text(), Origin(source=str(lock)))
    picked = Pylock.from_dict(document).select(
        environment=target.python.marker_environment,  # type: ignore[arg-type]  # all keys are there
        tags=target.python.tags,
    )
    return sorted(file.filename for _, file in picked)  # type: ignore[union-attr]  # wheels


def test_a_wheelhouse_for_each_then_one_for_both(
    podwheel: Podwheel, index: LocalIndex, bookworm: Target, target: Target
) -> None:
    """One test: the second command, and the proofs, cost only what the first has not done."""
    done = podwheel("build", *BOTH, "c-extension", "in-tree", timeout=PATIENCE)
    house = podwheel.wheelhouse
    assert podwheel.wheels(house / "debian-12") == [OLD, PURE]
    assert podwheel.wheels(house / "debian-13") == [NEW, PURE]
    said = done.out.splitlines()
    assert [line for line in said if line.endswith(":")] == ["debian-12:", "debian-13:"]
    assert said[-1].startswith("2 wheels for debian-13 (2 built from source, ")
    assert said[-1].endswith(", installed and imported: wheelhouse/debian-13")
    for asked in ("/simple/c-extension/", "/files/c_extension-1.0.tar.gz"):
        assert index.asked.count(asked) == 1

    asked_before = len(index.asked)
    joint = podwheel.cwd / "joint"
    podwheel("build", *BOTH, "--one-wheelhouse", "--output", joint, "c-extension", "in-tree")
    assert index.asked[asked_before:] == []
    assert podwheel.wheels(joint) == [OLD, NEW, PURE]
    assert chosen(joint / "pylock.toml", bookworm) == [OLD, PURE]
    assert chosen(joint / "pylock.toml", target) == [NEW, PURE]
    runs = json.loads((joint / "podwheel.json").read_text())["runs"]
    assert {r["target"]["name"]: sorted(p["filename"] for p in r["packages"]) for r in runs} == {
        "debian-12": [OLD, PURE],
        "debian-13": [NEW, PURE],
    }
    assert (joint / runs[0]["steps"][0]["log"]).is_file()

    proven = podwheel("verify", "joint", timeout=PATIENCE)
    lines = [line for line in proven.out.splitlines() if "distributions" in line]
    assert lines == ["2 distributions installed and imported: joint"] * 2
    other = podwheel("verify", "joint", "--target", "debian-11", code=2)
    assert "has wheels for debian-12 and debian-13, not for debian-11" in other.err


def test_the_other_questions(podwheel: Podwheel) -> None:
    asked = ("in-tree", 'pure-hatch; python_version < "3.12"')
    planned = json.loads(podwheel("plan", *BOTH, "--json", *asked).out)
    assert [(line["target"], line["name"]) for line in planned] == [
        ("debian-12", "in-tree"),
        ("debian-12", "pure-flit"),
        ("debian-12", "pure-hatch"),
        ("debian-13", "in-tree"),
    ]
    why = podwheel("why", *BOTH, "pure-flit", *asked)
    assert why.out.splitlines()[0] == "debian-12:"
    assert "nothing wants pure-flit on debian-13" in why.err
    fetched = podwheel("fetch", *BOTH, "in-tree")
    assert [line.partition(" is in ")[0] for line in fetched.out.splitlines()] == [
        "everything for 1 build for debian-12",
        "everything for 1 build for debian-13",
    ]
    assert "one target is wanted here" in podwheel("shell", *BOTH, "in-tree", code=2).err


def test_a_target_that_fails_hides_no_other(podwheel: Podwheel) -> None:
    asked = ("in-tree", 'does-not-compile; python_version < "3.12"')
    done = podwheel("build", *BOTH, *asked, code=6, timeout=PATIENCE)
    assert "error: 1 of 2 targets failed: debian-12" in done.err
    assert "a_library_that_is_missing.h" in done.err
    assert podwheel.wheels(podwheel.wheelhouse / "debian-13") == [PURE]
    assert not (podwheel.wheelhouse / "debian-12").exists()
    joint = podwheel("build", *BOTH, *asked, "--one-wheelhouse", "--output", "joint", code=6)
    assert "installed and imported: not published" in joint.out
    assert not (podwheel.cwd / "joint").exists()
    assert podwheel.leftovers() == []


def test_what_cannot_lie_in_one_wheelhouse(podwheel: Podwheel) -> None:
    asked = ("says-its-python", "--no-verify")
    done = podwheel("build", *BOTH, *asked, "--one-wheelhouse", code=2)
    assert "error: one wheelhouse cannot serve debian-12 and debian-13" in done.err
    assert "differ in says_its_python.py" in done.err
    assert not podwheel.wheelhouse.exists()
    podwheel("build", *asked)
    refused = podwheel("build", *BOTH, *asked, code=2)
    assert "wheelhouse is the wheelhouse of one target" in refused.err
