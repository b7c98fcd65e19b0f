"""What a session makes of podman's ways to end; with a podman that is a script."""

from __future__ import annotations

import io
import os
import subprocess
from pathlib import Path

import attrs
import pytest
from sandbox_helpers import ANSWERS, HELLO, INFO, FakePodman

from podwheel.errors import ToolFailed
from podwheel.sandbox import (
    Ended,
    Enforcement,
    GuestGone,
    Job,
    Limits,
    Sandbox,
    Session,
    groups,
    measure,
)
from podwheel.sandbox import container as containers
from podwheel.sandbox import enforcement as enforcing
from podwheel.sandbox.enforcement import WATCHED, Cgroups, size

JOB = Job(name="build thing / 1.0", image="image", program="build.py", limits=Limits(wall=60))
NOTHING = Enforcement(
    cgroups=Cgroups.NONE,
    runtime="/usr/bin/crun",
    memory=WATCHED,
    processes="ulimit nproc only",
    open_files=1024,
    processes_ceiling=1000,
)


@pytest.fixture
def podman(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakePodman:
    made = FakePodman(tmp_path / "bin")
    monkeypatch.setenv("PATH", f"{made.directory}:{os.environ['PATH']}")
    return made


@pytest.fixture
def sandbox(tmp_path: Path) -> Sandbox:
    return Sandbox(run_id="run", work=tmp_path / "work", enforcement=NOTHING)


def ask(sandbox: Sandbox, tmp_path: Path, job: Job = JOB) -> tuple[Session, str]:
    """One request; the session, and why the guest was gone."""
    gone = ""
    with sandbox.session(job, log=tmp_path / "log") as session:
        try:
            session.ask({"op": "hook"})
        except GuestGone as error:
            gone = str(error)
    return session, gone


def test_podman_collects_no_garbage_while_it_starts(
    podman: FakePodman, sandbox: Sandbox, tmp_path: Path
) -> None:
    podman.plays(f'sys.stderr.write("GOGC=" + os.environ.get("GOGC", "unset"))\n{ANSWERS}')
    ask(sandbox, tmp_path)
    assert (tmp_path / "log").read_text() == "GOGC=800"


def test_a_dialogue(podman: FakePodman, sandbox: Sandbox, tmp_path: Path) -> None:
    with sandbox.session(JOB, log=tmp_path / "log") as session:
        assert session.ask({"op": "hook"}) == {"ok": True, "heard": {"op": "hook"}}
    assert session.outcome.ended is Ended.OK
    assert (session.outcome.cpu_seconds, session.outcome.peak_memory) == (1.5, 7)
    assert session.outcome.hooks_cpu_seconds == 1.25
    assert podman.commands == ["run"]  # code 0 with --rm: nothing to remove, nobody to ask
    run = podman.calls[0]
    assert "--name=podwheel-run-1-build-thing-1-0" in run
    assert "--label=podwheel.run=run" in run
    guest = next(a for a in run if a.startswith("--mount") and "/podwheel/guest" in a)
    copied = Path(guest.split("src=")[1].split(",")[0])
    assert (copied / "common.py").stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize("code", [125, 126, 127, 255])
@pytest.mark.parametrize("before", ["", HELLO])
def test_podmans_own_failure(
    podman: FakePodman, sandbox: Sandbox, tmp_path: Path, code: int, before: str
) -> None:
    podman.plays(f"{before}\nsys.stderr.write('Error: no such thing\\n'); sys.exit({code})")
    session, gone = ask(sandbox, tmp_path)
    assert (session.outcome.ended, session.outcome.code) == (Ended.ENGINE, code)
    assert "no such thing" in gone
    assert podman.commands == ["run", "rm", "container"]  # it may still run, whatever podman says


def test_a_killed_container(podman: FakePodman, sandbox: Sandbox, tmp_path: Path) -> None:
    podman.plays(f"{HELLO}\nsys.exit(137)")
    session, _ = ask(sandbox, tmp_path)
    assert session.outcome.ended is Ended.KILLED


@pytest.mark.parametrize("code", [0, 1])
def test_a_guest_that_goes_without_a_word(
    podman: FakePodman, sandbox: Sandbox, tmp_path: Path, code: int
) -> None:
    podman.plays(f"{HELLO}\nsys.stdin.readline(); sys.exit({code})")
    session, _ = ask(sandbox, tmp_path)
    assert session.outcome.ended is Ended.FAILED
    assert "rm" in podman.commands


def test_a_goodbye_does_not_outweigh_podmans_failure(
    podman: FakePodman, sandbox: Sandbox, tmp_path: Path
) -> None:
    """conmon dies: podman says 127, and the payload may still run."""
    podman.plays(ANSWERS + "\nsys.exit(127)")
    session, gone = ask(sandbox, tmp_path)
    assert gone == ""
    assert session.outcome.ended is Ended.ENGINE
    assert podman.commands == ["run", "rm", "container"]


def test_a_guest_must_greet(podman: FakePodman, sandbox: Sandbox, tmp_path: Path) -> None:
    podman.plays('say({"frame": "reply", "body": {}}); sys.stdin.read()')
    session, gone = ask(sandbox, tmp_path)
    assert "greeting" in gone
    assert session.outcome.ended is Ended.KILLED


def test_claims_of_usage_are_only_numbers(
    podman: FakePodman, sandbox: Sandbox, tmp_path: Path
) -> None:
    podman.plays(ANSWERS.replace("1.5", "float('inf')").replace(": 7", ": 'much'"))
    session, _ = ask(sandbox, tmp_path)
    assert session.outcome.ended is Ended.OK
    assert (session.outcome.cpu_seconds, session.outcome.peak_memory) == (None, None)


def test_a_container_that_cannot_be_removed_is_told(
    podman: FakePodman, sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(containers, "_ATTEMPTS", 1)
    podman.plays("sys.exit(125)", exists=True)
    with pytest.raises(ToolFailed, match="cannot be removed"):
        ask(sandbox, tmp_path)


def test_an_exception_of_the_callers_wins(
    podman: FakePodman, sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(containers, "_ATTEMPTS", 1)
    podman.plays(exists=True)
    with pytest.raises(KeyboardInterrupt), sandbox.session(JOB, log=tmp_path / "log") as session:
        raise KeyboardInterrupt
    assert session.outcome.ended is Ended.ENGINE  # what could not be removed is in the outcome


def test_reaping_asks_until_nothing_is_left(
    podman: FakePodman, sandbox: Sandbox, tmp_path: Path
) -> None:
    podman.plays(ANSWERS, ps=["abc", "def"])
    ask(sandbox, tmp_path)
    before = len(podman.calls)
    sandbox.reap()
    assert podman.commands[before:] == ["ps", "rm", "ps"]
    assert podman.calls[before + 1][-2:] == ["abc", "def"]
    with pytest.raises(GuestGone), sandbox.session(JOB, log=tmp_path / "log"):
        pass


def test_a_run_without_containers_asks_podman_nothing(podman: FakePodman, sandbox: Sandbox) -> None:
    podman.plays(ps=["somebody-elses"])
    sandbox.reap()
    assert podman.commands == []


@pytest.mark.parametrize("terminal", [True, False])
def test_an_interactive_job_is_on_the_terminal(
    podman: FakePodman, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, terminal: bool
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO())
    monkeypatch.setattr("sys.stdin.isatty", lambda: terminal)
    podman.plays("sys.exit(4)")
    assert sandbox.interactive(JOB) == 4
    assert ("--tty" in podman.calls[0]) is terminal
    assert podman.commands == ["run", "rm", "container"]


# --------------------------------------------------------------------------- enforcement


def measured(podman: FakePodman, tmp_path: Path, **host: object) -> Enforcement:
    podman.plays(info={"host": {**INFO["host"], **host}})
    return measure(cgroups=tmp_path / "cgroups")


def test_nothing_is_claimed_without_delegation(podman: FakePodman, tmp_path: Path) -> None:
    found = measured(podman, tmp_path)
    assert (found.cgroups, found.memory) == (Cgroups.NONE, WATCHED)
    assert found.weak == ("memory", "processes")


def test_what_held_is_told_with_its_amount() -> None:
    facts = dict(NOTHING.facts(Limits(memory=192 << 20, processes=5000, scratch=1 << 30)))
    assert facts["memory"] == f"192 MiB: {WATCHED}"
    assert facts["processes"] == "1000: ulimit nproc only", "what the account itself may have"
    assert facts["scratch"] == "1 GiB: sized tmpfs"
    assert facts["time"] == "14400 s: podwheel's clock"
    assert dict(NOTHING.facts(Limits()))["memory"] == "no limit"
    assert [size(n) for n in (5, 2048, 1536 << 20)] == ["5 B", "2 KiB", "1.5 GiB"]


def test_a_directory_of_the_right_name_is_not_a_control_group(
    podman: FakePodman, tmp_path: Path
) -> None:
    (tmp_path / "cgroups/memory/podwheel").mkdir(parents=True)
    assert measured(podman, tmp_path).memory == WATCHED
    assert list((tmp_path / "cgroups/memory/podwheel").iterdir()) == []


def test_v2_is_podmans(podman: FakePodman, tmp_path: Path) -> None:
    found = measured(podman, tmp_path, cgroupVersion="v2", cgroupControllers=["memory", "pids"])
    assert found.podman_limits
    assert found.weak == ()
    partly = measured(podman, tmp_path, cgroupVersion="v2", cgroupControllers=["pids"])
    assert (partly.memory, partly.weak) == (WATCHED, ("memory",))


def test_a_podman_that_cannot_describe_itself(podman: FakePodman, tmp_path: Path) -> None:
    podman.plays(info="broken")
    with pytest.raises(ToolFailed, match="podman info"):
        measure(cgroups=tmp_path)


def test_the_wrapper_joins_on_create_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(groups, "_PATIENCE", 0)
    runtime = tmp_path / "real runtime" / "crun"
    runtime.parent.mkdir()
    runtime.write_text('#!/bin/sh\necho "$$ $*"\n')
    runtime.chmod(0o755)
    enforcement = attrs.evolve(
        NOTHING,
        runtime=str(runtime),
        memory_groups=tmp_path / "me mory",
        process_groups=tmp_path / "pids",
    )
    for parent in ("me mory", "pids"):
        (tmp_path / parent).mkdir()
    made = groups.make("name", Limits(memory=1000, processes=7), enforcement, tmp_path / "work")
    assert made.wrapper is not None
    assert made.memory is not None
    assert made.processes is not None
    assert made.wrapper.name == "crun"
    assert (made.memory / "memory.limit_in_bytes").read_text() == "1000"
    assert (made.processes / "pids.max").read_text() == "7"

    def run(*arguments: str) -> list[str]:
        done = subprocess.run(
            [made.wrapper, *arguments], capture_output=True, text=True, check=True
        )
        return done.stdout.split()

    assert run("--log", "x", "state", "id")[1:] == ["--log", "x", "state", "id"]
    assert made.members() == ()
    pid, *arguments = run("--log", "x", "create", "id")
    assert arguments == ["--log", "x", "create", "id"]
    assert made.members() == (int(pid),)  # the wrapper has become the runtime
    made.remove()
    assert not made.wrapper.exists()


def test_control_files_are_read_for_the_outcome(tmp_path: Path) -> None:
    (tmp_path / "memory.oom_control").write_text("oom_kill_disable 0\nunder_oom 0\noom_kill 2\n")
    (tmp_path / "memory.max_usage_in_bytes").write_text("12345\n")
    (tmp_path / "pids.events").write_text("max 0\n")
    held = groups.Groups(memory=tmp_path, processes=tmp_path, wrapper=None)
    assert (held.out_of_memory(), held.out_of_processes(), held.peak_memory()) == (
        True,
        False,
        12345,
    )
    nobody = groups.Groups(memory=None, processes=None, wrapper=None)
    assert (nobody.out_of_memory(), nobody.peak_memory()) == (None, None)


def test_an_accounts_own_limit_is_the_ceiling(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(enforcing.resource, "getrlimit", lambda _: (10, 4096))
    assert enforcing._own(0, 65536) == 4096
    monkeypatch.setattr(enforcing.resource, "getrlimit", lambda _: (10, -1))
    assert enforcing._own(0, 65536) == 65536


def test_a_podman_that_does_not_answer_is_no_bug_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another one of the account may hold the lock of its storage."""

    def late(*_arguments: object, **_options: object) -> None:
        raise TimeoutError

    monkeypatch.setattr(enforcing.process, "run", late)
    with pytest.raises(ToolFailed, match="did not describe itself within") as caught:
        measure()
    assert "lock of its storage" in caught.value.hint[0]
