"""plan, why, fetch and --offline, verify, shell, target; what goes to stdout, stderr and the log."""

from __future__ import annotations

import json
import os
import pty
import select
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Self

import pytest
from podwheel_cli import MODULE, recorded_podman

if TYPE_CHECKING:
    from pathlib import Path

    from local_index import LocalIndex
    from podwheel_cli import Podwheel

pytestmark = pytest.mark.podman


# --------------------------------------------------------------------------- plan, why


def test_plan_runs_no_build(podwheel: Podwheel, tmp_path: Path) -> None:
    recorder = recorded_podman(tmp_path)
    done = podwheel("plan", "needs-broken", "needs-tool", environment=recorder.environment)
    assert not [call for call in recorder.calls() if call.startswith("podman run")]
    rows = [line.split(maxsplit=3) for line in done.out.splitlines()[1:]]
    assert {(r[0], r[1], r[2]) for r in rows} == {
        ("build", "does-not-compile", "1.0"),
        ("build", "needs-broken", "1.0"),
        ("build", "needs-tool", "1.0"),
    }
    assert "build-tool" in next(r[3] for r in rows if r[1] == "needs-tool")


def test_plan_knows_what_the_store_has(podwheel: Podwheel) -> None:
    podwheel("build", "in-tree", "--no-verify")
    done = podwheel("plan", "--json", "in-tree", "pure-flit")
    assert {line["name"]: line["how"] for line in json.loads(done.out)} == {
        "in-tree": "store",
        "pure-flit": "build",
    }


def test_plan_lists_what_a_build_requires_first(podwheel: Podwheel) -> None:
    done = podwheel("plan", "--json", "runs-its-tool")
    assert [line["name"] for line in json.loads(done.out)] == ["build-tool", "runs-its-tool"]


def test_why(podwheel: Podwheel) -> None:
    podwheel.write("requirements.txt", "in-tree\npure-hatch\n")
    done = podwheel("why", "pure-flit", "-r", "requirements.txt")
    assert done.out == "requirements.txt:2 (pure-hatch) → pure-hatch 1.0 needs pure-flit\n"
    nobody = podwheel("why", "flask", "-r", "requirements.txt", code=1)
    assert nobody.out == ""
    assert "nothing wants flask" in nobody.err


# --------------------------------------------------------------------------- fetch, --offline


def test_fetch_then_build_offline(podwheel: Podwheel, index: LocalIndex) -> None:
    """In two stages of a locked-down CI; dynamic and built build requirements among them."""
    asked = ("asks-for-source", "asks-for-wheel", "needs-tool", "pure-hatch", "c-extension")
    fetched = podwheel("fetch", *asked)
    assert "everything for 6 builds is in" in fetched.out
    assert "✓ build c-extension" not in fetched.err
    index.stop()
    done = podwheel("build", *asked, "--offline")
    assert "6 wheels (6 built from source" in done.out
    assert "installed and imported" in done.out


def test_offline_without_fetch(podwheel: Podwheel) -> None:
    done = podwheel("build", "in-tree", "--offline", code=5)
    assert "--offline forbids asking for it" in done.err
    assert "podwheel fetch" in done.err


def test_refresh_and_offline_contradict_each_other(podwheel: Podwheel) -> None:
    done = podwheel("build", "in-tree", "--offline", "--refresh", code=2)
    assert "--refresh asks the index and --offline never does" in done.err


def test_answers_are_fresh_for_a_while(podwheel: Podwheel, index: LocalIndex) -> None:
    podwheel("build", "in-tree", "--no-verify")
    before = len(index.asked)
    podwheel("build", "in-tree", "--no-verify")
    assert index.asked[before:] == []
    podwheel("build", "in-tree", "--no-verify", "--refresh")
    assert "/simple/in-tree/" in index.asked[before:]


# --------------------------------------------------------------------------- verify


def test_verify_a_wheelhouse(podwheel: Podwheel) -> None:
    podwheel("build", "pure-hatch", "--no-verify")
    done = podwheel("verify", "wheelhouse")
    assert done.out.splitlines()[-1] == "2 distributions installed and imported: wheelhouse"
    rows = [line.split() for line in done.out.splitlines()[1:-1]]
    assert rows == [["pure-flit", "1.0", "yes", "yes"], ["pure-hatch", "1.0", "yes", "yes"]]


def test_verify_finds_what_was_changed(podwheel: Podwheel) -> None:
    podwheel("build", "in-tree", "--no-verify")
    wheel = podwheel.wheelhouse / podwheel.wheels()[0]
    wheel.write_bytes(wheel.read_bytes() + b"\0")
    done = podwheel("verify", "wheelhouse", code=2)
    assert wheel.name in done.err


def test_verify_any_directory_of_wheels(podwheel: Podwheel, index: LocalIndex) -> None:
    place = podwheel.cwd / "wheels"
    place.mkdir()
    for filename in index.files:
        if filename.startswith(("pluggy-", "hatchling-")):
            (place / filename).write_bytes(index.files[filename].sent)
    broken = podwheel("verify", place, code=7)
    assert "error: the wheels do not install on the pristine target" in broken.err
    assert "(from hatchling)" in broken.err
    assert "✗ verify: install" in broken.err
    (place / next(n for n in index.files if n.startswith("hatchling-"))).unlink()
    assert "1 distribution installed" in podwheel("verify", place).out


def test_verify_finds_a_wheel_that_does_not_import(podwheel: Podwheel) -> None:
    podwheel("build", "import-fails", "--no-verify")
    done = podwheel("verify", "wheelhouse", code=7)
    assert "RuntimeError: this module cannot be imported" in done.err


# --------------------------------------------------------------------------- shell


# The terminal that it has as its input becomes the one that controls it: closing it is a SIGHUP.
ON_TERMINAL = "import os, sys; os.login_tty(0); os.execv(sys.argv[1], sys.argv[1:])"


class Terminal:
    """podwheel on a terminal of its own."""

    def __init__(self, podwheel: Podwheel, *arguments: str) -> None:
        self.master, slave = pty.openpty()
        self.process = subprocess.Popen(
            [sys.executable, "-c", ON_TERMINAL, *MODULE, *arguments],
            cwd=podwheel.cwd,
            env={**podwheel.environment, "TERM": "dumb"},
            stdin=slave,
            stdout=slave,
            stderr=slave,
        )
        os.close(slave)
        self.said = ""

    def until(self, text: str, seconds: float = 60) -> str:
        """Read until *text* has come; all that was said so far."""
        deadline = time.monotonic() + seconds
        while text not in self.said:
            ready, _, _ = select.select([self.master], [], [], deadline - time.monotonic())
            assert ready, f"{text!r} did not come:\n{self.said}"
            try:
                self.said += os.read(self.master, 65536).decode("utf-8", "replace")
            except OSError:  # EIO: the other side is closed
                break
        assert text in self.said, self.said
        return self.said

    def type(self, line: str) -> None:
        os.write(self.master, f"{line}\n".encode())

    def end(self) -> int:
        return self.process.wait(60)

    def close(self) -> None:
        """As a window is closed."""
        os.close(self.master)
        self.master = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.process.kill()
        self.process.wait()
        if self.master != -1:
            self.close()


def test_shell_replays_to_the_failing_hook(podwheel: Podwheel) -> None:
    podwheel.write("podwheel.toml", '[package.does-not-compile.environment]\nMINE = "yes"\n')
    podwheel("build", "does-not-compile", code=6)
    with Terminal(podwheel, "shell", "does-not-compile") as terminal:
        said = terminal.until("no network, nothing is kept")
        assert "the next command is" in said
        assert "/podwheel/guest/hook.py /build/hook.json" in said
        terminal.type("echo at=$(basename $PWD) mine=$MINE python=$(command -v python)")
        terminal.until("at=does_not_compile-1.0 mine=yes python=/podwheel/env/bin/python")
        terminal.type("python /podwheel/guest/hook.py /build/hook.json; echo it ended with=$?")
        terminal.until("with=1")
        assert "a_library_that_is_missing.h: No such file" in terminal.said
        terminal.type("exit 5")
        assert terminal.end() == 5
    assert podwheel.leftovers() == []


def test_a_shell_whose_window_is_closed_leaves_no_container(podwheel: Podwheel) -> None:
    podwheel("build", "in-tree", "--no-verify")
    with Terminal(podwheel, "shell", "in-tree") as terminal:
        terminal.until("no network, nothing is kept")
        assert podwheel.containers() != []
        terminal.close()
        assert terminal.end() == 129
    assert podwheel.containers() == []
    assert podwheel.leftovers() == []


def test_shell_of_what_was_never_built(podwheel: Podwheel) -> None:
    done = podwheel("shell", "in-tree", code=2)
    assert "no step of in-tree has run for debian-13" in done.err
    assert "podwheel build" in done.err


# --------------------------------------------------------------------------- what is said


def test_stdout_has_results_only_and_stderr_a_line_a_step(podwheel: Podwheel) -> None:
    done = podwheel("build", "in-tree", "--no-verify", "-q")
    assert done.err == ""
    assert done.out.count("\n") == 1
    assert done.out.startswith("1 wheel (1 built from source, ")


def test_verbose_streams_the_builds_output(podwheel: Podwheel) -> None:
    done = podwheel("build", "c-extension", "--no-verify", "-v")
    assert "build c-extension 1.0 │ running build_ext" in done.err


def test_events_as_json(podwheel: Podwheel) -> None:
    done = podwheel("build", "in-tree", "--log-format", "json")
    names = [event["event"] for event in done.events]
    assert names[0] == "run.start"
    (started,) = (e for e in done.told("step.start") if e["title"] == "build in-tree 1.0")
    assert started["kind"] == "build"
    assert done.told("step.done")[0]["title"] == "build in-tree 1.0"


def test_a_run_is_logged_always(podwheel: Podwheel) -> None:
    podwheel("build", "in-tree", "--no-verify", "-q")
    (run,) = podwheel.logs()
    events = [json.loads(line) for line in (run / "run.jsonl").read_text().splitlines()]
    assert {"run.start", "resolve.done", "step.start", "step.done"} <= {e["event"] for e in events}


def test_target_list_and_show(podwheel: Podwheel) -> None:
    listed = podwheel("target", "list")
    assert "debian-13" in listed.out
    shown = json.loads(podwheel("target", "show", "debian-13").out)
    assert shown["name"] == "debian-13"


# --------------------------------------------------------------------------- cache


def test_what_was_pruned_is_made_again(podwheel: Podwheel) -> None:
    podwheel("build", "in-tree", "--no-verify")
    (before,) = podwheel.wheelhouse.glob("*.whl")
    made = before.read_bytes()
    for _ in range(20):
        # What was used in the last second is left alone: dates are not that exact. And the tests'
        # stores are hard links, so that a test beside this one dates files as used here as well.
        time.sleep(1.1)
        pruned = podwheel("cache", "prune", "--keep-size", "0")
        if "; 0 B left in " in pruned.out:
            break
    assert "; 0 B left in " in pruned.out
    assert not list(podwheel.store.glob("blobs/*/*"))
    done = podwheel("build", "in-tree", "--no-verify")
    assert "✓ build in-tree 1.0" in done.err
    assert before.read_bytes() == made


def test_pruning_takes_nothing_from_a_running_build(podwheel: Podwheel) -> None:
    with podwheel.start("build", "slow", "needs-tool", "--no-verify") as running:
        while not list(podwheel.store.glob("logs/*/build-slow-1.0.log")):
            assert running.process.poll() is None
            time.sleep(0.2)
        assert "in use" in podwheel("cache", "prune", "--keep-size", "0").out
        done = running.end(timeout=120)
    assert done.code == 0, done.err
    assert "2 wheels" in done.out
