"""A store of others: what it claims, and what of that is taken."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from archives_helpers import make_wheel, python
from index_helpers import Reply, Server
from packaging.version import Version

from podwheel.archives import read_wheel
from podwheel.build.records import known_wheel, remember_wheel
from podwheel.build.shared import SharedSteps
from podwheel.errors import HashMismatch
from podwheel.index import Index
from podwheel.model import Freshness, Indexes, Network
from podwheel.store import Store
from podwheel.store.push import push

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

STEP: Any = SimpleNamespace(id="ab" * 32)
DEMO: Any = SimpleNamespace(name="demo", version=Version("1.0"), title="demo 1.0")
USAGE = {
    "started": "2026-01-02T12:00:00+00:00",
    "seconds": 2.5,
    "cpu_seconds": 2.0,
    "peak_memory": None,
    "enforced": [["network", "none"]],
}


@pytest.fixture
def own(tmp_path: Path) -> Store:
    return Store(tmp_path / "own")


@pytest.fixture
def team(tmp_path: Path) -> Store:
    """A store in which one step was taken."""
    made = Store(tmp_path / "team")
    sha256, path = made.put_file(make_wheel(tmp_path))
    wheel = read_wheel(path, filename="demo-1.0-py3-none-any.whl", linked=True)
    remember_wheel(made, wheel)
    log, _ = made.put([b"compiling"])
    made.write("step", STEP.id, {"wheel": sha256, "log": log, "usage": USAGE, "notes": ["x"]})
    return made


def index(own: Store, **more: Any) -> Index:
    network = Network(retries=0, timeout=5)
    return Index(indexes=Indexes(urls=()), network=network, store=own, **more)


def steps(own: Store, where: str, **more: Any) -> SharedSteps:
    return SharedSteps(store=own, shared=index(own, **more).shared(where), python=python())


@pytest.fixture
def web(team: Store) -> Iterator[Server]:
    """The same store on a web server."""
    with Server() as server:
        for path in team.root.rglob("*"):
            if path.is_file():
                server.routes[f"/{path.relative_to(team.root)}"] = path.read_bytes()
        yield server


def claim(team: Store, **changes: Any) -> None:
    document = team.read("step", STEP.id)
    team.write("step", STEP.id, {**document, **changes})


# ------------------------------------------------------------------ taken


@pytest.mark.parametrize("over", ["directory", "http"])
def test_a_step_with_its_wheel_and_its_log(own: Store, team: Store, web: Server, over: str) -> None:
    found = steps(own, str(team.root) if over == "directory" else web.url).step(STEP, DEMO)
    assert found is not None
    assert json.loads(json.dumps(found)) == own.read("step", STEP.id)
    assert found["shared"] == ("a directory" if over == "directory" else web.url)
    assert found["notes"] == [f"taken from a shared store ({found['shared']}): not built here"]
    assert known_wheel(own, found["wheel"]) is not None
    assert own.blob(found["log"]) is not None


def test_no_login_is_told(own: Store, web: Server) -> None:
    found = steps(own, web.url.replace("://", "://me:secret@")).step(STEP, DEMO)
    assert found is not None
    assert "secret" not in json.dumps(found)
    assert web.seen[-1].headers["authorization"].startswith("Basic ")


@pytest.mark.parametrize("over", ["directory", "http"])
def test_without_its_log_it_is_taken_all_the_same(
    own: Store, team: Store, web: Server, over: str
) -> None:
    log = team.blob_path(team.read("step", STEP.id)["log"])  # type: ignore[index]  # it is there
    log.unlink()
    del web.routes[f"/{log.relative_to(team.root)}"]
    assert steps(own, str(team.root) if over == "directory" else web.url).step(STEP, DEMO)


def test_what_a_backend_asked_for(own: Store, team: Store) -> None:
    team.write("requires", "q1", {"requires": ["wheel"]})
    team.write("requires", "q2", {"requires": "wheel"})
    team.write("requires", "q3", {"requires": [5]})
    team.write("requires", "q4", ["wheel"])
    shared = steps(own, str(team.root))
    assert shared.requires("q1") == own.read("requires", "q1") == {"requires": ["wheel"]}
    assert [shared.requires(q) for q in ("q2", "q3", "q4", "q5")] == [None] * 4


# ------------------------------------------------------------------ not taken


def refused(own: Store, team: Store, project: Any = DEMO) -> None:
    assert steps(own, str(team.root)).step(STEP, project) is None
    assert own.read("step", STEP.id) is None


def test_a_step_that_nobody_took(own: Store, team: Store) -> None:
    other: Any = SimpleNamespace(id="cd" * 32)
    assert steps(own, str(team.root)).step(other, DEMO) is None
    assert SharedSteps(store=own, shared=None, python=python()).step(STEP, DEMO) is None


@pytest.mark.parametrize(
    "changes",
    [
        {"wheel": "../../etc/passwd"},
        {"wheel": None},
        {"wheel": "0" * 64},
        {"log": 5},
        {"usage": {}},
        {"usage": None},
        {"usage": {**USAGE, "started": "yesterday"}},
        {"usage": {**USAGE, "seconds": "long"}},
        {"usage": {**USAGE, "cpu_seconds": float("inf")}},
        {"usage": {**USAGE, "more": 1}},
        {"usage": {**USAGE, "compilations": {"found": "many", "compiled": 1}}},
        {"usage": {**USAGE, "compilations": [1]}},
    ],
)
def test_a_claim_that_is_none(own: Store, team: Store, changes: dict[str, Any]) -> None:
    claim(team, **changes)
    refused(own, team)


@pytest.mark.parametrize("text", ["{", "[]", '"x"', "null", "[" * 100_000])
def test_a_document_that_is_none(own: Store, team: Store, text: str) -> None:
    team.document_path("step", STEP.id).write_text(text)
    refused(own, team)


@pytest.mark.parametrize(("name", "version"), [("other", "1.0"), ("demo", "2.0")])
def test_the_wheel_of_another(own: Store, team: Store, name: str, version: str) -> None:
    refused(own, team, SimpleNamespace(name=name, version=Version(version), title="x"))


@pytest.mark.parametrize("filename", ["../demo-1.0-py3-none-any.whl", "demo.whl", 5])
def test_a_file_name_that_is_none(own: Store, team: Store, filename: object) -> None:
    sha256 = team.read("step", STEP.id)["wheel"]  # type: ignore[index]  # it is there
    team.write("wheel", sha256, {"filename": filename})
    refused(own, team)


def test_other_bytes_than_their_name_says(own: Store, team: Store, web: Server) -> None:
    sha256 = team.read("step", STEP.id)["wheel"]  # type: ignore[index]  # it is there
    poisoned = team.blob_path(sha256)
    poisoned.unlink()
    poisoned.write_bytes(b"poison")
    with pytest.raises(HashMismatch, match="other bytes"):
        index(own).shared(str(team.root)).blob(sha256)
    refused(own, team)
    web.routes[f"/blobs/{sha256[:2]}/{sha256}"] = b"poison"
    assert steps(own, web.url).step(STEP, DEMO) is None
    assert own.blob(sha256) is None


def test_a_link_out_of_the_store_is_not_followed(own: Store, team: Store, tmp_path: Path) -> None:
    secret = tmp_path / "secret.json"
    secret.write_text(team.document_path("step", STEP.id).read_text())
    team.document_path("step", STEP.id).unlink()
    team.document_path("step", STEP.id).symlink_to(secret)
    refused(own, team)


# ------------------------------------------------------------------ a server that fails


def test_a_server_that_fails_is_not_asked_again(own: Store, web: Server) -> None:
    web.routes[f"/documents/step/ab/{STEP.id}.json"] = Reply(status=500)
    shared = steps(own, web.url)
    assert shared.step(STEP, DEMO) is None
    asked = len(web.seen)
    assert shared.step(STEP, DEMO) is None
    assert shared.requires("q1") is None
    assert len(web.seen) == asked


def test_what_it_has_not_is_no_failure(own: Store, web: Server) -> None:
    shared = steps(own, web.url)
    assert shared.requires("q1") is None
    assert shared.step(STEP, DEMO) is not None


def test_a_claim_needs_a_server_that_is_who_it_says(own: Store) -> None:
    assert steps(own, "http://shared.example.invalid/store").step(STEP, DEMO) is None


def test_offline_no_server_is_asked(own: Store, team: Store, web: Server) -> None:
    assert steps(own, web.url, freshness=Freshness.OFFLINE).step(STEP, DEMO) is None
    assert web.seen == []
    found = steps(own, str(team.root), freshness=Freshness.OFFLINE).step(STEP, DEMO)
    assert found is not None


# ------------------------------------------------------------------ filling one


def test_push(own: Store, team: Store, tmp_path: Path) -> None:
    to = Store(tmp_path / "to")
    team.write("requires", "q1", {"requires": []})
    done = push(team, to)
    assert (done.steps, done.known) == (1, 0)
    assert steps(own, str(to.root)).requires("q1") == {"requires": []}
    assert steps(own, str(to.root)).step(STEP, DEMO) is not None
    again = push(team, to)
    assert (again.steps, again.known, again.size) == (0, 1, 0)


def test_what_came_from_a_shared_store_is_not_passed_on(
    own: Store, team: Store, tmp_path: Path
) -> None:
    assert steps(own, str(team.root)).step(STEP, DEMO) is not None
    assert push(own, Store(tmp_path / "to")).steps == 0


def test_a_step_whose_wheel_is_gone_is_left_out(team: Store, tmp_path: Path) -> None:
    team.blob_path(team.read("step", STEP.id)["wheel"]).unlink()  # type: ignore[index]  # it is there
    assert push(team, Store(tmp_path / "to")).steps == 0
