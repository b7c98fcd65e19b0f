"""What killed podwheels left: found by its attempt's name, put away by the next one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from sandbox_helpers import FakePodman

from podwheel import process
from podwheel.sandbox import leftovers, uids
from podwheel.seal.publish import forget_stages
from podwheel.store import Store
from podwheel.store.store import held
from podwheel.sweep import attempt_of, sweep
from podwheel.targets import base, working

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def podman(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakePodman:
    made = FakePodman(tmp_path / "bin")
    monkeypatch.setenv("PATH", f"{made.directory}:{os.environ['PATH']}")
    return made


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


def abandon(store: Store, name: str) -> Path:
    """An attempt whose owner is dead."""
    place = store.root / "attempts" / name
    place.mkdir()
    return place


def sleeping(*arguments: str) -> subprocess.Popen[bytes]:
    """A process with those arguments that does nothing."""
    return subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)", *arguments])


def test_a_dead_runs_containers_and_clients_go_before_its_directory(
    store: Store, podman: FakePodman
) -> None:
    (abandon(store, f"{attempt_of('20260101T000000-abc')}-x1y2z3_4") / "guest").mkdir()
    podman.plays(ps=["one", "two"])
    label = f"{leftovers.LABEL}=20260101T000000-abc"
    with sleeping(f"--label={label}") as client, sleeping(f"--label={label}d") as anothers:
        assert sweep(store) == 1
        assert client.wait(60) == -9
        assert anothers.poll() is None
        anothers.kill()
    assert podman.commands == ["ps", "rm", "ps"]
    assert f"--filter=label={label}" in podman.calls[0]
    assert podman.calls[1][-2:] == ["one", "two"]
    assert list((store.root / "attempts").iterdir()) == []


def test_a_dead_run_that_came_to_no_container_asks_podman_nothing(
    store: Store, podman: FakePodman
) -> None:
    abandon(store, f"{attempt_of('run')}-x")
    abandon(store, "step-x")
    assert sweep(store) == 2
    assert podman.commands == []


def test_what_cannot_be_put_away_stays_for_the_next_run(store: Store, podman: FakePodman) -> None:
    run = abandon(store, f"{attempt_of('run')}-x")
    (run / "guest").mkdir()
    other = abandon(store, "step-x")
    podman.plays(ps=None)  # `podman ps` fails
    assert sweep(store) == 1
    assert run.exists()
    assert not other.exists()


def test_control_groups_of_a_dead_run_are_removed(tmp_path: Path, podman: FakePodman) -> None:
    mine = [tmp_path / kind / "podwheel" / "podwheel-run-1-build" for kind in ("memory", "pids")]
    other = tmp_path / "pids/podwheel/podwheel-run2-1-build"
    for group in (*mine, other):
        group.mkdir(parents=True)
    leftovers.put_away("run", cgroups=tmp_path)
    assert not any(group.exists() for group in mine)
    assert other.exists()


def test_a_killed_buildahs_working_container_is_known_by_its_attempt(
    tmp_path: Path, store: Store, podman: FakePodman, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = abandon(store, f"{working.ATTEMPT}-abc")
    storage = tmp_path / "storage"
    for number, host in (("1", "image-abc:127.0.0.1"), ("2", "image-abcd:127.0.0.1"), ("3", "")):
        notes = storage / "overlay-containers" / number / "userdata" / "buildah.json"
        notes.parent.mkdir(parents=True)
        notes.write_text(json.dumps({"CommonBuildOpts": {"AddHost": [host]} if host else None}))
    (storage / "overlay-containers/4/userdata").mkdir(parents=True)
    monkeypatch.setattr(working, "graph_root", lambda: storage)
    calls = tmp_path / "buildah-calls"
    buildah = podman.directory / "buildah"
    buildah.write_text(f'#!/bin/sh\necho "$*" >>{calls}\n')
    buildah.chmod(0o755)
    with sleeping(working.mark(place)) as orphan:
        assert sweep(store) == 1
        assert orphan.wait(60) == -9
    assert calls.read_text() == "rm 1\n"
    assert not place.exists()


def test_a_buildah_that_fails_is_put_away_at_once(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_away = []
    monkeypatch.setattr(working, "put_away", put_away.append)
    with working.workplace(store):
        pass
    assert put_away == []
    with pytest.raises(RuntimeError), working.workplace(store) as place:
        raise RuntimeError
    assert put_away == [place]


def test_a_base_that_was_being_made_elsewhere(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(base.tempfile, "gettempdir", lambda: str(tmp_path))
    place = abandon(store, f"{base.ATTEMPT}-abc")
    scratch, other = tmp_path / "podwheel-base-abc-1", tmp_path / "podwheel-base-abd-1"
    scratch.mkdir()
    other.mkdir()
    assert sweep(store) == 1
    assert not scratch.exists()
    assert other.exists()
    assert not place.exists()


def test_only_the_very_argument_is_an_orphans() -> None:
    with sleeping("--mark=abc") as one, sleeping("x--mark=abc", "--mark=abcd") as other:
        assert process.kill_orphans("--mark=abc") == (one.pid,)
        assert other.poll() is None
        other.kill()


def test_a_process_that_was_just_started_shows_its_arguments_a_moment_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = tmp_path / "cmdline"
    line.touch()
    (tmp_path / "exe").symlink_to("buildah")
    monkeypatch.setattr(process.time, "sleep", lambda _: line.write_bytes(b"buildah\0--mark=abc\0"))
    assert process._arguments(tmp_path) == {b"buildah", b"--mark=abc", b""}


def test_a_dead_process_never_shows_any_arguments(tmp_path: Path) -> None:
    (tmp_path / "cmdline").touch()  # there is no `exe` in it
    with pytest.raises(FileNotFoundError):
        process._arguments(tmp_path)


def test_stages_of_dead_podwheels_go_and_those_of_living_ones_stay(tmp_path: Path) -> None:
    names = (
        ".wh.1.podwheel-new",
        ".wh.2.podwheel-new",
        ".wh.3.podwheel-new.old",
        ".other.1.podwheel-new",
    )
    for name in names:
        (tmp_path / name).mkdir()
    living = held(tmp_path / names[1])
    assert living is not None
    forget_stages(tmp_path / "wh")
    os.close(living)
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted((names[1], names[3]))
    forget_stages(tmp_path / "not" / "there")


# --------------------------------------------------------------------------- uids


def test_no_two_containers_have_a_uid(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    with uids.claimed(0) as first, uids.claimed(0) as second, uids.claimed(1) as third:
        assert (first, second, third) == (0, 1, 2)
    with uids.claimed(0) as again:
        assert again == 0
    monkeypatch.setattr(uids, "_MOST", 1)
    with uids.claimed(3) as first, uids.claimed(3) as second:
        assert (first, second) == (3, 3)


def test_without_a_runtime_directory_a_slot_is_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    for place in ("", str(tmp_path / "file")):
        monkeypatch.setenv("XDG_RUNTIME_DIR", place)
        with uids.claimed(0) as first, uids.claimed(0) as second:
            assert (first, second) == (0, 0)
