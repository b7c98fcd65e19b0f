"""From a `Job` to the argument list of ``podman run``: pure, and pinned by a golden-file test.

Every argument that podman's configuration, the image or the caller's environment could
decide otherwise is said outright. The list needs Podman 4.1 or newer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from podwheel.errors import HostError
from podwheel.sandbox.enforcement import WATCHED
from podwheel.sandbox.job import Mount

if TYPE_CHECKING:
    from pathlib import Path

    from podwheel.sandbox.enforcement import Enforcement
    from podwheel.sandbox.job import Job

GUEST = "/podwheel/guest"
BUILD = "/build"
HOME = f"{BUILD}/home"
JOBS = "/podwheel/jobs"
"""The step's jobserver."""
HOSTNAME = "podwheel"

FIRST_UID = 10000
"""Of slot 0, inside: on the host a subordinate id that owns nothing."""

CONSTANT_ENVIRONMENT = (
    ("HOME", HOME),
    ("HOSTNAME", HOSTNAME),
    ("LANG", "C.UTF-8"),
    ("LC_ALL", "C.UTF-8"),
    ("LOGNAME", "podwheel"),  # getpass.getuser(): the same in every slot
    ("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"),
    ("PYTHONHASHSEED", "0"),
    ("TERM", "dumb"),
    ("TMPDIR", "/tmp"),  # noqa: S108 - the container's own
    ("TZ", "UTC"),
    ("USER", "podwheel"),
)

HOSTS = "hosts"
"""The container's /etc/hosts, beside the guest programs."""

_MOST_PROCESSES = 1 << 16
"""Of all containers with one uid, where each is held by its control group."""
_GIB = 1 << 30
_TMP = 2 * _GIB
_SHM = (
    256 << 20
)  # multiprocessing's semaphores and queues; MPI's and torch's tests want more than 64 MiB


def podman_arguments(
    job: Job,
    *,
    guest: Path,
    seccomp: Path,
    runtime: Path | None,
    enforcement: Enforcement,
    interactive: bool = False,
    terminal: bool = True,
    pidfile: Path | None = None,
) -> tuple[str, ...]:
    """Everything after ``podman``, for one container in the foreground that removes itself.

    Args:
        guest: The directory of guest programs on the host.
        seccomp: The profile on the host.
        runtime: A wrapper that joins control groups (cgroup v1), or None for podman's own runtime.
        enforcement: Which limits podman is to be told; the others are not asked for in vain.
        interactive: For a person.
        terminal: Whether that person's input is a terminal. A pseudo terminal in front of a pipe
            would not end where the pipe does.
        pidfile: Where podman writes the id of the container's first process, for whoever watches it.

    Raises:
        HostError: A mount's path has a character that would end podman's field.
    """
    uid = FIRST_UID + job.slot
    limits = job.limits
    mounts = [Mount(source=guest, target=GUEST), *job.mounts]
    if job.jobserver is not None:
        # Read-only like any other mount: its mode, name and times are not the container's to change.
        # The kernel lets a FIFO be written nevertheless, for no file system is written by that.
        mounts.append(Mount(source=job.jobserver, target=JOBS))
    variables = {**dict(CONSTANT_ENVIRONMENT), **dict(job.environment)}
    if interactive:
        variables["TERM"] = "xterm"
    return (
        *((f"--runtime={runtime}",) if runtime else ()),
        "run",
        "--rm",
        f"--name={job.name}",
        *(f"--label={name}={value}" for name, value in job.labels),
        *((f"--pidfile={pidfile}",) if pidfile else ()),
        "--pull=never",
        # --- reaches nothing
        "--network=none",
        "--http-proxy=false",
        "--no-hosts",
        f"--hostname={HOSTNAME}",
        # --- may do nothing
        "--cap-drop=all",
        "--security-opt=no-new-privileges",
        f"--security-opt=seccomp={seccomp}",
        f"--user={uid}:{uid}",
        "--userns=host",  # podman's own rootless namespace, whatever containers.conf says: not keep-id
        "--ipc=private",
        "--pid=private",
        "--uts=private",
        "--cgroupns=private",
        "--security-opt=mask=/sys/fs/cgroup",  # on cgroup v1 a tmpfs that everybody could write to
        # --- writes nowhere but here, and so much
        "--read-only",
        "--read-only-tmpfs=false",  # else /run, /tmp and /var/tmp take half the memory each
        "--image-volume=ignore",
        _tmpfs(BUILD, limits.scratch),
        _tmpfs("/tmp", min(_TMP, limits.scratch)),  # noqa: S108 - the container's own
        f"--shm-size={_SHM}",
        # --- uses so much
        *_resources(job, enforcement),
        # --- sees only this
        "--unsetenv-all",
        "--env-host=false",
        *(f"--env={name}={value}" for name, value in sorted(variables.items())),
        f"--passwd-entry=podwheel:x:$UID:$GID:podwheel:{HOME}:/bin/sh",  # podman fills in the ids
        # The image's own may be the image builder's empty mount point, which only root may read.
        _bind(guest / HOSTS, "/etc/hosts"),
        *(_bind(mount.source, mount.target) for mount in mounts),
        # --- and is only what we start
        "--systemd=false",
        "--no-healthcheck",
        "--log-driver=none",
        "--stop-timeout=0",
        "--sig-proxy=false",
        "--interactive",
        *(("--tty",) if interactive and terminal else ()),
        f"--workdir={BUILD}",
        f"--entrypoint={job.python}",
        job.image,
        # -I, spelled so that Python 2.7 knows it too, but with the guest's directory on the path;
        # and never the environment of a build: -S keeps every .pth file out.
        *("-E", "-s", "-S", "-B"),
        f"{GUEST}/{job.program}",
    )


def _tmpfs(target: str, size: int) -> str:
    # exec: configure scripts and cffi run what they have just compiled, in TMPDIR as well.
    return f"--tmpfs={target}:rw,exec,nosuid,nodev,mode=1777,size={size}"


def _resources(job: Job, enforcement: Enforcement) -> tuple[str, ...]:
    limits = job.limits
    # Counts per uid: hence one uid per slot. But another podwheel of this account has the same slots,
    # and its processes would count here: so where a control group holds them, that alone does.
    most = limits.processes if "processes" in enforcement.weak else _MOST_PROCESSES
    processes = min(most, enforcement.processes_ceiling)
    files = enforcement.open_files
    asked = [
        "--ulimit=core=0:0",
        f"--ulimit=nofile={files}:{files}",
        f"--ulimit=nproc={processes}:{processes}",
        f"--ulimit=fsize={limits.scratch}:{limits.scratch}",
        "--oom-score-adj=500",  # when the host itself runs out, the build goes before podman
        # A backstop for the day podwheel is killed outright; sessions keep their own deadlines,
        # because podman's (rc 255) cannot be told from a build's own exit.
        f"--timeout={2 * int(limits.wall) + 3600}",
    ]
    if enforcement.memory == WATCHED and limits.memory is not None:
        # Of private writable memory: address space that is only reserved does not count.
        asked.append(f"--ulimit=data={limits.memory}:{limits.memory}")
    if enforcement.podman_limits:
        asked.append(f"--pids-limit={limits.processes}")
        if limits.memory is not None:
            asked += [f"--memory={limits.memory}", f"--memory-swap={limits.memory}"]
    return tuple(asked)


def _bind(place: Path, target: str) -> str:
    source = str(place)
    # podman reads the value as a line of CSV: a comma would begin another option, such as `ro=false`.
    for path in (source, target):
        if any(character in ',"' or not character.isprintable() for character in path):
            raise HostError(
                f"podman cannot mount {path!r}: its path has a comma, a quote or a control character",
                hint="use a path without such characters (PODWHEEL_STORE, --output, TMPDIR)",
            )
    return f"--mount=type=bind,src={source},dst={target},ro=true,bind-nonrecursive"
