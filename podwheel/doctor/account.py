"""The account that builds: its ids, its namespaces, its runtime directory."""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from podwheel.doctor.check import Check, degraded, fine, missing
from podwheel.doctor.host import Identity

if TYPE_CHECKING:
    from podwheel.doctor.host import Host

IDS = 65536
"""Subordinate ids that a container needs: the builds' own are 10000 and up (sandbox/arguments.py)."""
_GIVEN = 2 * IDS
"""How many are given: a nested podman needs as many again."""
_FIRST = 100000


def account(host: Host) -> Check:
    """Real root does not build: not even a bug of podman's may give a package's code root's ids."""
    name = "account"
    if host.identity is Identity.ORDINARY:
        return fine(name, f"{host.account}, uid {host.uid}")
    if host.identity is Identity.NAMESPACE_ROOT:
        return fine(name, "root of a user namespace: no real root")
    return missing(
        name,
        "this is the real root",
        "builds run as an ordinary account with subordinate ids, and podwheel refuses to run as root. "
        f"The lines below are about the account {host.account}, "
        + (
            "which alone can find out its limits and start a container."
            if host.uid is not None
            else "which does not exist yet."
        ),
        *_how_to_become(host),
    )


def _how_to_become(host: Host) -> tuple[str, ...]:
    name, mender = host.account, host.mender
    prepare, as_builder = mender.script("prepare-host"), mender.script("as-builder")
    if prepare and as_builder:
        chosen = "" if name == "podwheel" else f"PODWHEEL_USER={name} "
        return (
            f"{chosen}{prepare}",
            f"{chosen}{as_builder} sh -c '$(scripts/setup-venv)/bin/podwheel doctor'",
        )
    made = () if host.uid is not None else (f"useradd --create-home --shell /bin/bash {name}",)
    home = host.home if host.uid is not None else f"/home/{name}"
    runtime = f"/run/user/$(id -u {name})"
    return (
        *made,
        _give_ids(host),
        f"install -d -m 0755 /run/user && install -d -m 0700 -o {name} -g {host.group} {runtime}",
        (
            f"setpriv --reuid=$(id -u {name}) --regid=$(id -g {name}) --init-groups env -i "
            f'HOME={home} USER={name} LANG=C.UTF-8 PATH="$PATH" XDG_RUNTIME_DIR={runtime} podwheel doctor'
        ),
    )


def namespaces(host: Host, *, podman_works: bool) -> Check:
    """Whether an ordinary user may make a user namespace.

    Args:
        podman_works: Then it may: rootless podman lives in one. On Ubuntu 24.04 that is the
            AppArmor profile of podman's, while any other program is refused.
    """
    name = "user namespaces"
    if podman_works:
        return fine(name, "allowed")
    tried = host.ask("unshare", "--user", "--map-root-user", "--mount", "true")
    if tried is not None and tried.code == 0:
        return fine(name, "allowed")
    means = "rootless containers are not possible. Opening it is the administrator's decision."
    for sysctl, shut, opening in (
        ("user.max_user_namespaces", "0", "15000"),
        ("kernel.unprivileged_userns_clone", "0", "1"),
        ("kernel.apparmor_restrict_unprivileged_userns", "1", "0"),
    ):
        if host.read(f"/proc/sys/{sysctl.replace('.', '/')}") == shut:
            return missing(
                name,
                f"shut by {sysctl} = {shut}",
                means,
                host.mender.as_root(f"sysctl -w {sysctl}={opening}"),
                host.mender.as_root(
                    f"sh -c 'echo {sysctl}={opening} > /etc/sysctl.d/90-podwheel.conf'"
                ),
            )
    if tried is None:
        return missing(name, "not known: unshare (util-linux) is not there to try", means)
    return missing(
        name,
        f"refused: {_last_line(tried.error_text)}",
        f"{means} No sysctl shuts it, so it is the seccomp profile or the AppArmor profile of the "
        "container around us: its runtime has to allow unshare(CLONE_NEWUSER) and mount "
        "(docs/host.md, inside a container).",
    )


def id_helpers(host: Host) -> Check:
    """newuidmap and newgidmap, which map subordinate ids: setuid, or with file capabilities."""
    name = "id helpers"
    if host.identity is Identity.NAMESPACE_ROOT:
        return fine(name, "not needed by the root of a user namespace")
    means = "podman cannot map the account's subordinate ids, so no container starts"
    for tool, capability in (("newuidmap", "cap_setuid"), ("newgidmap", "cap_setgid")):
        path = host.program(tool)
        if path is None:
            return missing(name, f"no {tool}", means, *host.mender.install("newuidmap"))
        if not _privileged(path):
            return missing(
                name,
                f"{path} is neither setuid root nor has it {capability}",
                means,
                host.mender.as_root(f"chmod u+s {path}"),
            )
        if os.statvfs(path).f_flag & os.ST_NOSUID:
            return missing(
                name,
                f"{path} is on a file system mounted nosuid",
                f"{means}: its setuid bit is ignored",
            )
    # Kubernetes' allowPrivilegeEscalation: false, docker's no-new-privileges.
    if re.search(r"^NoNewPrivs:\s*1$", host.read("/proc/self/status"), re.MULTILINE):
        return missing(
            name,
            "no_new_privs is set for this shell",
            f"{means}: setuid programs have no effect in a container with "
            "`allowPrivilegeEscalation: false` or `--security-opt=no-new-privileges`; the container "
            "around us has to be started without it",
        )
    return fine(name, "newuidmap, newgidmap")


def _privileged(path: Path) -> bool:
    status = path.stat()
    if status.st_mode & stat.S_ISUID and status.st_uid == 0:
        return True
    try:
        return bool(os.getxattr(path, "security.capability"))
    except OSError:
        return False


def subordinate_ids(host: Host, *, mapped: int | None) -> Check:
    """Enough ids for a container's users.

    Args:
        mapped: How many podman has mapped, as it says; None: it does not say. Its word counts: the
            ranges may come from a directory service, and a podman that still runs keeps old ones.
    """
    name = "subordinate ids"
    if host.identity is Identity.NAMESPACE_ROOT:
        return _inherited(name, host)
    if mapped is not None and mapped > IDS:
        return fine(name, f"{mapped - 1} mapped by podman")
    given = {
        f: _ids_in(host.read(f), host.account, host.uid) for f in ("/etc/subuid", "/etc/subgid")
    }
    short = [f"{file} gives {count}" for file, count in given.items() if count < IDS]
    means = (
        f"a container needs {IDS} ids of its own: images do not unpack, and no build gets a user"
    )
    if short:
        return missing(
            name,
            f"{' and '.join(short)} to {host.account}",
            means,
            host.mender.as_root(_give_ids(host)),
            *(() if host.uid is None else (host.as_account("podman system migrate"),)),
        )
    if mapped is not None:
        return missing(
            name,
            f"podman has mapped only {mapped} ids, from before /etc/subuid was changed",
            means,
            host.as_account("podman system migrate"),
        )
    return fine(name, f"{given['/etc/subuid']} users, {given['/etc/subgid']} groups")


def _inherited(name: str, host: Host) -> Check:
    """Of the root of a user namespace: what was mapped into it is all that there is."""
    lines = [line.split() for line in host.read("/proc/self/uid_map").splitlines()]
    count = sum(int(line[2]) for line in lines)
    if count >= IDS:
        return fine(name, f"{count} mapped into this user namespace")
    return missing(
        name,
        f"only {count} mapped into this user namespace",
        f"a container needs {IDS}: the container around us has to be given more "
        "(docs/host.md, inside a container)",
    )


def _ids_in(text: str, account: str, uid: int | None) -> int:
    """subuid(5): ``name-or-uid:first:count`` a line."""
    total = 0
    for line in text.splitlines():
        owner, _, rest = line.partition(":")
        count = rest.rpartition(":")[2]
        if owner in (account, str(uid)) and count.isdigit():
            total += int(count)
    return total


def _give_ids(host: Host) -> str:
    """The command that gives a range that nobody has."""
    first = _FIRST
    for line in f"{host.read('/etc/subuid')}\n{host.read('/etc/subgid')}".splitlines():
        numbers = line.split(":")[1:]
        if len(numbers) == 2 and all(n.isdigit() for n in numbers):
            first = max(first, int(numbers[0]) + int(numbers[1]))
    ids = f"{first}-{first + _GIVEN - 1}"
    return f"usermod --add-subuids {ids} --add-subgids {ids} {host.account}"


def runtime_directory(host: Host) -> Check:
    """Podman's locks, sockets and pause process live in XDG_RUNTIME_DIR."""
    name = "runtime directory"
    if host.identity is Identity.NAMESPACE_ROOT:
        return fine(name, "/run")
    if host.uid is None:
        return missing(
            name, "none: no account yet", "podman has no place for its locks and sockets"
        )
    usual = f"/run/user/{host.uid}"
    mend = _make_runtime_directory(host, usual)
    said = host.environ.get("XDG_RUNTIME_DIR")
    if not said:
        return degraded(
            name,
            "XDG_RUNTIME_DIR is not set",
            "podman takes a directory below /tmp, which a cleaner or another login may not share: "
            "containers of one shell are then not seen by the next",
            *(() if _owner(host, usual) == host.uid else mend),
            f"export XDG_RUNTIME_DIR={usual}",
        )
    if _owner(host, said) != host.uid:
        state = "belongs to another user" if host.path(said).is_dir() else "does not exist"
        return missing(
            name,
            f"{said} {state}",
            "podman refuses to start. Without a login session nobody has made the directory.",
            *mend,
            *(() if said == usual else (f"export XDG_RUNTIME_DIR={usual}",)),
        )
    if host.path(said).stat().st_mode & 0o077:
        return degraded(
            name,
            f"{said} is open to others",
            "other users of this machine can see podman's sockets",
            f"chmod 0700 {said}",
        )
    return fine(name, said)


def _owner(host: Host, directory: str) -> int | None:
    try:
        status = host.path(directory).stat()
    except OSError:
        return None
    return status.st_uid if stat.S_ISDIR(status.st_mode) else None


def _make_runtime_directory(host: Host, place: str) -> tuple[str, ...]:
    if host.path("/run/systemd/system").is_dir():
        # systemd makes it, and takes it away at the end of the last session unless told to linger.
        return (host.mender.as_root(f"loginctl enable-linger {host.account}"),)
    return (
        host.mender.as_root(
            f"install -d -m 0755 {Path(place).parent} && "
            f"install -d -m 0700 -o {host.account} -g {host.group} {place}"
        ),
    )


def _last_line(text: str) -> str:
    lines = text.strip().splitlines()
    return lines[-1][:200] if lines else "without a word"
