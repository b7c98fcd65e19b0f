"""The diagnosis of this very host, with a real podman and a real container."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from podwheel import doctor, process
from podwheel.__main__ import main
from podwheel.doctor import Check, State, examine, trial
from podwheel.sandbox import arguments, measure
from podwheel.targets import definition

if TYPE_CHECKING:
    from podwheel.model import Target

pytestmark = pytest.mark.podman


def test_this_host_is_ready(target: Target, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["doctor", "--json", "--target", target.name])
    document = json.loads(capsys.readouterr().out)
    wrong = [check for check in document["checks"] if check["state"] == "missing"]
    assert wrong == []
    assert ended.value.code == 0
    states = {check["name"]: check["state"] for check in document["checks"]}
    assert len(states) == len(document["checks"])
    assert states["trial container"] == "ok"
    assert {"podman works", "memory limit"} <= states.keys()
    assert "index" not in states  # no socket without --network


def test_without_podman_on_the_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for tool in ("buildah", "git", "newuidmap", "newgidmap", "true", "unshare"):
        (tmp_path / tool).symlink_to(Path("/usr/bin") / tool)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SystemExit) as ended:
        main(["doctor"])
    assert ended.value.code == 3
    out = capsys.readouterr().out
    assert "MISS podman " in out
    assert "ok   user namespaces " in out
    assert "ok   buildah " in out


def try_out(image: str) -> Check:
    host = doctor.look(dict(os.environ), cwd=Path.cwd())
    chosen = definition.load(definition.DEFAULT, cwd=Path.cwd())
    return trial.trial(host, chosen, image, measure())


def test_a_trial_ends_without_a_trace(target: Target) -> None:
    def containers() -> set[str]:
        listed = process.run(["podman", "ps", "--all", "--quiet", "--filter=name=podwheel-doctor-"])
        assert listed.code == 0
        return set(listed.text.split())

    before = containers()
    assert try_out(target.runtime.reference).state is State.FINE
    assert containers() <= before


def test_a_sandbox_with_holes_is_noticed(target: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    """The trial looks for itself: it does not repeat what podman was told."""
    sound = arguments.podman_arguments
    holes = {
        "--cap-drop=all": "--cap-add=net_raw",
        "--security-opt=no-new-privileges": "--annotation=x=y",
    }

    def unsound(*given: object, **named: object) -> tuple[str, ...]:
        made = sound(*given, **named)  # type: ignore[arg-type]
        open_ = ("--security-opt=seccomp", "--read-only", "--user=")
        return tuple(holes.get(a, a) for a in made if not a.startswith(open_))

    monkeypatch.setattr("podwheel.sandbox.session.podman_arguments", unsound)
    check = try_out(target.runtime.reference)
    assert check.state is State.MISSING
    for word in ("capabilities", "NoNewPrivs", "it can write to", "its root"):
        assert word in check.found, check.found


def test_an_image_that_is_not_there() -> None:
    check = try_out("localhost/podwheel/none:0")
    assert check.state is State.MISSING
    assert check.found.startswith("it does not start: Error")


def test_without_an_image_it_says_how_to_get_one(tmp_path: Path) -> None:
    host = doctor.look(dict(os.environ), cwd=tmp_path)
    (check,) = [c for c in examine(host, store=tmp_path, targets=()).checks if c.name == trial.NAME]
    assert check.state is State.DEGRADED
    assert check.mend == ("podwheel target build",)
