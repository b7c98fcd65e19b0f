"""What podman, buildah and the OCI runtimes complain of, and what that means."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from attrs import frozen

if TYPE_CHECKING:
    from podwheel.doctor.host import Host


@frozen(kw_only=True)
class Symptom:
    """One known complaint."""

    pattern: str
    means: str
    mend: tuple[str, ...] = ()
    """Commands for the account."""
    install: tuple[str, ...] = ()
    """Tools that are missing."""

    def commands(self, host: Host) -> tuple[str, ...]:
        """What mends it, as it is typed on *host*."""
        installing = host.mender.install(*self.install) if self.install else ()
        return (*installing, *map(host.as_account, self.mend))


NO_SESSION: Final = Symptom(
    pattern=r"systemd user session|user session available|D-?Bus|sd-bus",
    means="there is no systemd session for the account: no bus to ask for control groups, no journal",
    mend=(
        "mkdir -p ~/.config/containers/containers.conf.d",
        (
            'printf \'[engine]\\ncgroup_manager = "cgroupfs"\\nevents_logger = "file"\\n\''
            " > ~/.config/containers/containers.conf.d/podwheel.conf"
        ),
    ),
)
"""The one that podman survives, with a warning."""

# The first that fits is told: those that name a cause stand before those that name its effect.
SYMPTOMS: Final = (
    Symptom(
        pattern=r"hybrid mode",
        means="crun refuses a cgroup tree in which v1 and v2 both hold controllers; see `OCI runtime`",
    ),
    Symptom(
        pattern=r"cgroups? ?v1 (?:is )?not supported",
        means="Podman 6 and newer need cgroup v2: boot with systemd.unified_cgroup_hierarchy=1, or "
        "install Podman 5",
    ),
    Symptom(
        pattern=r"new[ug]idmap\W.*(?:not found|no such file)",
        means="the id helpers are missing",
        install=("newuidmap",),
    ),
    Symptom(
        pattern=r"no sub[ug]id ranges|insufficient UIDs or GIDs|lchown .*(?:invalid|not permitted)",
        means="the account has no subordinate ids, or podman has not noticed that it has; see "
        "`subordinate ids`",
        mend=("podman system migrate",),
    ),
    Symptom(
        pattern=r"CLONE_NEWUSER|cannot clone|unshare\W.*not permitted|user ?namespaces? .*(?:disabled|not)",
        means="user namespaces are shut; see `user namespaces`",
    ),
    Symptom(
        pattern=r"uid_map.*(?:not permitted|invalid)|cannot set up namespace",
        means="the id helpers may not map the account's subordinate ids: they lost their setuid bit, "
        "or the ids are not mapped into the container around us",
    ),
    Symptom(
        pattern=r"not supported over overlayfs|overlay.*(?:upperdir|not supported)",
        means="podman's storage lies on an overlay itself (a container's own file system): put it on a "
        "volume (`graphroot` in storage.conf), or use vfs, which copies every layer",
        mend=("export STORAGE_DRIVER=vfs",),
    ),
    Symptom(
        pattern=r"XDG_RUNTIME_DIR|is not owned by the current user|/run/user/\d+\W.*(?:denied|no such)",
        means="podman has no runtime directory of its own; see `runtime directory`",
    ),
    Symptom(
        pattern=r"could not find .*conmon|conmon\W.*(?:not found|no such file)",
        means="conmon, which watches over a container, is missing",
        install=("conmon",),
    ),
    Symptom(
        pattern=r"default OCI runtime .*not found|executable file \W?(?:crun|runc)\W",
        means="the OCI runtime that containers.conf names is missing",
        install=("crun",),
    ),
    Symptom(
        pattern=r"slirp4netns|pasta|net/tun",
        means="the network helper cannot open /dev/net/tun; see `network of images`",
    ),
    Symptom(
        pattern=r"runroot must be set|/var/lib/containers\W.*denied",
        means="this shell is root in a user namespace, and podman takes that for the host's root: leave "
        "it (`podman unshare`, `unshare -r`), or use a container image that is made for podman inside",
    ),
    Symptom(pattern=r"no space left|quota exceeded", means="the disk is full; see `room for images`"),
    Symptom(
        pattern=r"permission denied",
        means="something on the way is closed to the account; on a host with SELinux, "
        "`ausearch -m avc -ts recent` names it",
    ),
    NO_SESSION,
)  # fmt: skip


def diagnose(said: str) -> Symptom:
    """The symptom that a tool's words show; one without a meaning if none is known."""
    for text in (telling_line(said), said):  # the error itself before the warnings around it
        for symptom in SYMPTOMS:
            if re.search(symptom.pattern, text, re.IGNORECASE):
                return symptom
    return Symptom(pattern="", means="")


def telling_line(said: str) -> str:
    """The line of a tool's output that says most: its last error, else its last line."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    errors = [
        line for line in lines if re.match(r"(?:Error|ERRO|error)\b|.*level=(?:error|fatal)", line)
    ]
    chosen = (errors or lines or ["without a word"])[-1]
    return chosen if len(chosen) <= 300 else f"{chosen[:300]}…"
