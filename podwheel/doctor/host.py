"""Who builds, and where: what the checks look at."""

from __future__ import annotations

import contextlib
import enum
import grp
import os
import pwd
import re
import shlex
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import frozen

import podwheel
from podwheel import process, run
from podwheel.doctor.mender import Mender, family_of
from podwheel.errors import RunningAsRoot, ToolMissing

if TYPE_CHECKING:
    from collections.abc import Mapping

_TIMEOUT = 20.0
"""Seconds for one tool to answer: podman behind a lock that nobody frees must not hang a diagnosis."""
_SBIN = ("/usr/local/sbin", "/usr/sbin", "/sbin")
_NOBODY = 65534


class Identity(enum.Enum):
    """Who typed the command."""

    ORDINARY = "ordinary"
    NAMESPACE_ROOT = "root of a user namespace"
    """Inside somebody's rootless container: fine."""
    REAL_ROOT = "root"


@frozen(kw_only=True)
class Host:
    """Facts, and where the system keeps more of them.

    Asked by real root, it is about the account that would build: tools are asked as that account.
    """

    identity: Identity
    account: str
    """The account that builds, or would."""
    group: str
    uid: int | None
    """None: there is no such account."""
    home: Path
    environ: Mapping[str, str]
    """What the account's tools are given."""
    become: tuple[str, ...] = ()
    """Put before a command to run it as the account."""
    kernel: tuple[int, int]
    mender: Mender
    root: Path = Path("/")
    """Where /proc, /sys, /etc and /dev are (tests have their own)."""

    def path(self, absolute: str) -> Path:
        return self.root / absolute.lstrip("/")

    def read(self, absolute: str) -> str:
        """A small file's text, stripped; empty if it cannot be read."""
        try:
            return self.path(absolute).read_text("utf-8", "replace").strip()
        except OSError:
            return ""

    def program(self, name: str) -> Path | None:
        """A program that the account can run, the sbins included."""
        places = [
            *self.environ.get("PATH", os.defpath).split(":"),
            *map(str, map(self.path, _SBIN)),
        ]
        found = shutil.which(name, path=":".join(places))
        return Path(found) if found else None

    def ask(self, *arguments: str) -> process.Completed | None:
        """A tool's answer, as the account; None if it is not there, or gives none."""
        with contextlib.suppress(ToolMissing, TimeoutError):
            return process.run(
                [*self.become, *arguments],
                environment=self.environ,
                cwd=Path("/"),
                timeout=_TIMEOUT,
            )
        return None

    def as_account(self, command: str) -> str:
        """*command* (a shell line that mends) as the account has it run: root has to become it."""
        if not self.become:
            return command
        line = f"XDG_RUNTIME_DIR=/run/user/{self.uid} && export XDG_RUNTIME_DIR && {command}"
        return f"su - {self.account} -c {shlex.quote(line)}"

    def may_use(self, absolute: str) -> bool:
        """Whether the account can open that device for reading and writing."""
        path = self.path(absolute)
        if not self.become:
            return os.access(path, os.R_OK | os.W_OK)
        try:
            return path.stat().st_mode & 0o006 == 0o006
        except OSError:
            return False


def look(environ: Mapping[str, str], *, cwd: Path) -> Host:
    """The host as it is.

    Args:
        environ: The caller's environment. ``PODWHEEL_USER`` names the account that real root asks about.
    """
    identity = _identity()
    mender = Mender(
        family=family_of(_os_release()),
        is_root=os.geteuid() == 0,
        has_sudo=shutil.which("sudo") is not None,
        scripts=_scripts(),
        cwd=cwd,
    )
    major, minor = (int(n) for n in re.findall(r"\d+", os.uname().release)[:2])
    if identity is Identity.REAL_ROOT:
        return _as_account(environ.get("PODWHEEL_USER") or "podwheel", (major, minor), mender)
    return Host(
        identity=identity,
        account=_name(os.geteuid()),
        group=_group(os.getegid()),
        uid=os.geteuid(),
        home=Path.home(),
        environ=process.host_environment(),
        kernel=(major, minor),
        mender=mender,
    )


def _as_account(name: str, kernel: tuple[int, int], mender: Mender) -> Host:
    """For real root: the account that scripts/prepare-host makes, or nobody in its place."""
    try:
        entry = pwd.getpwnam(name)
        uid, gid, home = entry.pw_uid, entry.pw_gid, entry.pw_dir
    except KeyError:
        uid, gid, home = _NOBODY, _NOBODY, "/nonexistent"
    return Host(
        identity=Identity.REAL_ROOT,
        account=name,
        group=name if uid == _NOBODY else _group(gid),
        uid=None if uid == _NOBODY else uid,
        home=Path(home),
        environ={
            "PATH": os.environ.get("PATH", os.defpath),
            "LANG": "C.UTF-8",
            "HOME": home,
            "USER": name,
            "LOGNAME": name,
            "XDG_RUNTIME_DIR": f"/run/user/{uid}",
        },
        become=(
            "setpriv", f"--reuid={uid}", f"--regid={gid}",
            "--clear-groups" if uid == _NOBODY else "--init-groups", "--",
        ),
        kernel=kernel,
        mender=mender,
    )  # fmt: skip


def _identity() -> Identity:
    try:
        run.refuse_root()
    except RunningAsRoot:
        return Identity.REAL_ROOT
    return Identity.ORDINARY if os.geteuid() else Identity.NAMESPACE_ROOT


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:  # a container started with a bare number
        return str(uid)


def _group(gid: int) -> str:
    try:
        return grp.getgrgid(gid).gr_name
    except KeyError:
        return str(gid)


def _os_release() -> dict[str, str]:
    for place in ("/etc/os-release", "/usr/lib/os-release"):
        with contextlib.suppress(OSError, ValueError):
            words = shlex.split(Path(place).read_text("utf-8"), comments=True)
            return dict(word.split("=", 1) for word in words if "=" in word)
    return {}


def _scripts() -> Path | None:
    """``scripts/`` beside the package: only a checkout has it."""
    place = Path(podwheel.__file__).absolute().parents[1] / "scripts"
    return place if (place / "prepare-host").is_file() else None
