"""A Job as podman's argument list: pinned, and what may not get into it."""

from __future__ import annotations

import json
from pathlib import Path

import attrs
import pytest

from podwheel.errors import HostError
from podwheel.sandbox import Enforcement, Job, Limits, Mount
from podwheel.sandbox.arguments import podman_arguments
from podwheel.sandbox.enforcement import COUNTED, WATCHED, Cgroups

GOLDEN = Path(__file__).parent / "data/podman-arguments.txt"
SECCOMP = Path(__file__).parents[2] / "podwheel/sandbox/seccomp.json"

ENFORCEMENT = Enforcement(
    cgroups=Cgroups.V1,
    runtime="/usr/bin/crun",
    memory="cgroup v1",
    processes="cgroup v1",
    open_files=65536,
    processes_ceiling=100000,
    memory_groups=Path("/sys/fs/cgroup/memory/podwheel"),
    process_groups=Path("/sys/fs/cgroup/pids/podwheel"),
)
JOB = Job(
    name="podwheel-run-1-build-thing",
    image="localhost/podwheel/debian-13-build:abc",
    program="build.py",
    mounts=(
        Mount(source=Path("/store/blobs/ab/cd"), target="/podwheel/in/source"),
        Mount(source=Path("/store/attempts/1/env"), target="/podwheel/env"),
    ),
    environment=(("SOURCE_DATE_EPOCH", "1700000000"), ("CFLAGS", "-O2 -g0"), ("TZ", "UTC")),
    slot=3,
    jobserver=Path("/store/logs/run/jobs/7"),
    limits=Limits(memory=2 << 30),
    labels=(("podwheel.run", "run"), ("podwheel.step", "thing")),
)


def arguments(job: Job = JOB, **changes: object) -> tuple[str, ...]:
    given: dict[str, object] = {
        "guest": Path("/srv/run/guest"),
        "seccomp": Path("/lib/seccomp.json"),
        "runtime": Path("/srv/run/runtime/crun"),
        "enforcement": ENFORCEMENT,
        **changes,
    }
    return podman_arguments(job, **given)  # type: ignore[arg-type]


def test_the_list_is_the_pinned_one() -> None:
    """A change here is a change of what isolates a build: read the difference, then copy it."""
    assert "\n".join(arguments()) + "\n" == GOLDEN.read_text()


def test_a_job_has_no_field_for_privilege_or_network() -> None:
    fields = {field.name for field in attrs.fields(Job)} | {f.name for f in attrs.fields(Mount)}
    assert fields == {
        "name", "image", "python", "program", "mounts", "environment", "slot", "limits", "labels",
        "jobserver",
        "source", "target",
    }  # fmt: skip


@pytest.mark.parametrize("job", [JOB, Job(name="x", image="i", program="probe.py")])
@pytest.mark.parametrize("interactive", [True, False])
@pytest.mark.parametrize("cgroups", Cgroups)
def test_whatever_the_job_the_walls_stand(job: Job, interactive: bool, cgroups: Cgroups) -> None:
    found = arguments(
        job, interactive=interactive, enforcement=attrs.evolve(ENFORCEMENT, cgroups=cgroups)
    )
    options = found[: found.index(job.image)]
    for wall in (
        "--network=none", "--http-proxy=false", "--no-hosts", "--cap-drop=all", "--read-only",
        "--security-opt=no-new-privileges", "--read-only-tmpfs=false", "--unsetenv-all", "--pull=never",
        "--log-driver=none", "--userns=host", "--security-opt=seccomp=/lib/seccomp.json",
    ):  # fmt: skip
        assert options.count(wall) == 1
    assert all("=" in o or o in ("run", "--rm", "--no-hosts", "--read-only", "--unsetenv-all",
                                 "--no-healthcheck", "--interactive", "--tty") for o in options)  # fmt: skip
    assert all(o.endswith(",ro=true,bind-nonrecursive") for o in options if o.startswith("--mount"))
    assert not any(
        o.startswith(("--privileged", "--cap-add", "--device", "--volume", "-v")) for o in options
    )
    assert ("--tty" in options) is interactive


def test_podman_is_asked_for_limits_only_where_it_holds_them() -> None:
    v2 = attrs.evolve(ENFORCEMENT, cgroups=Cgroups.V2)
    assert {"--memory=2147483648", "--memory-swap=2147483648", "--pids-limit=4096"} <= set(
        arguments(enforcement=v2, runtime=None)
    )
    assert not any(a.startswith(("--memory", "--pids-limit")) for a in arguments())


def test_where_no_group_holds_them_ulimits_do() -> None:
    weak = attrs.evolve(ENFORCEMENT, cgroups=Cgroups.NONE, memory=WATCHED, processes=COUNTED)
    found = arguments(enforcement=weak, pidfile=Path("/srv/run/pids/1"))
    assert {"--ulimit=nproc=4096:4096", "--ulimit=data=2147483648:2147483648"} <= set(found)
    assert "--pidfile=/srv/run/pids/1" in found
    assert not any(a.startswith(("--ulimit=data", "--pidfile")) for a in arguments())


def test_limits_stay_below_the_accounts_own() -> None:
    small = attrs.evolve(ENFORCEMENT, processes_ceiling=500, open_files=1024)
    found = arguments(enforcement=small)
    assert "--ulimit=nproc=500:500" in found
    assert "--ulimit=nofile=1024:1024" in found


@pytest.mark.parametrize("path", ["/a,ro=false", '/a"b', "/a\nb", "/a\x1bb"])
def test_a_path_cannot_break_out_of_its_mount(path: str) -> None:
    job = attrs.evolve(JOB, mounts=(Mount(source=Path(path), target="/podwheel/env"),))
    with pytest.raises(HostError, match="cannot mount"):
        arguments(job)


@pytest.mark.parametrize(
    "target", ["/etc", "podwheel/x", "/podwheel/../etc", "/podwheel/", "/podwheel/a//b"]
)
def test_mounts_go_below_podwheel(target: str) -> None:
    with pytest.raises(ValueError, match="/podwheel"):
        Mount(source=Path("/a"), target=target)


@pytest.mark.parametrize("variable", [("A=B", "c"), ("", "c"), ("A", "\0"), ("--tty", "x")])
def test_variables_are_variables(variable: tuple[str, str]) -> None:
    with pytest.raises(ValueError, match="environment"):
        Job(name="x", image="i", program="build.py", environment=(variable,))


@pytest.mark.parametrize("program", ["../build.py", "build.sh", "/bin/sh", "build.py "])
def test_programs_are_the_guests(program: str) -> None:
    with pytest.raises(ValueError, match="program"):
        Job(name="x", image="i", program=program)


# --------------------------------------------------------------------------- seccomp


def verdicts(name: str) -> list[tuple[str, bool]]:
    """(action, conditional) of every rule that names the call."""
    profile = json.loads(SECCOMP.read_text())
    return [(r["action"], bool(r["args"])) for r in profile["syscalls"] if name in r["names"]]


@pytest.mark.parametrize(
    "name",
    ["unshare", "setns", "mount", "umount2", "pivot_root", "fsopen", "move_mount", "keyctl", "add_key",
     "ptrace", "process_vm_readv", "bpf", "perf_event_open", "userfaultfd", "io_uring_setup", "clone3",
     "open_by_handle_at", "pidfd_getfd"],
)  # fmt: skip
def test_the_profile_refuses(name: str) -> None:
    assert {action for action, _ in verdicts(name)} <= {"SCMP_ACT_ERRNO"}
    assert json.loads(SECCOMP.read_text())["defaultAction"] == "SCMP_ACT_ERRNO"


@pytest.mark.parametrize(
    "name", ["execve", "fork", "vfork", "futex", "mmap", "rseq", "openat", "fchmodat2"]
)
def test_the_profile_allows(name: str) -> None:
    assert verdicts(name) == [("SCMP_ACT_ALLOW", False)]


def test_the_profile_knows_the_abis_of_targets_and_no_other() -> None:
    arches = json.loads(SECCOMP.read_text())["archMap"]
    subs = {one["architecture"]: one["subArchitectures"] for one in arches}
    assert subs["SCMP_ARCH_X86_64"] == ["SCMP_ARCH_X86"]
    assert subs["SCMP_ARCH_AARCH64"] == ["SCMP_ARCH_ARM"]


@pytest.mark.parametrize("name", ["clone", "socket"])
def test_the_profile_looks_at_arguments(name: str) -> None:
    assert set(verdicts(name)) == {("SCMP_ACT_ALLOW", True)}
