"""podman, buildah, the OCI runtime, and what they stand on."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from attrs import frozen

from podwheel.doctor.check import Check, degraded, fine, missing
from podwheel.doctor.symptoms import NO_SESSION, diagnose, telling_line

if TYPE_CHECKING:
    from podwheel.doctor.host import Host

Version = tuple[int, ...]

_OLDEST_PODMAN: Final = (4, 1)  # --passwd-entry (sandbox/arguments.py)
_TRIED_PODMAN: Final = (4, 3)
_PODMAN_6: Final = (6,)  # no cgroup v1, no slirp4netns, no CNI; goes with buildah 1.44
_OLDEST_BUILDAH: Final = (1, 27)  # --build-context
_BUILDAH_OF_PODMAN_6: Final = (1, 44)
_NATIVE_OVERLAY: Final = (5, 13)  # the kernel that mounts overlay in a user namespace


@frozen(kw_only=True)
class Engine:
    """What ``podman info`` says."""

    version: Version
    remote: bool
    cgroups: str
    """``v1`` or ``v2``."""
    runtime: str
    """``crun 1.8.1``."""
    driver: str
    mount_program: str
    """fuse-overlayfs, where overlay is not the kernel's own; else empty."""
    graph_root: Path
    mapped: int | None
    """How many user ids a container can have; None: podman does not run rootless."""
    seccomp: bool
    warnings: str
    """What it printed beside its answer."""


def engine_of(answer: bytes, warnings: str) -> Engine:
    """Read the JSON of ``podman info``. Raises ValueError if it is not that."""
    try:
        document = json.loads(answer)
        host, store = document["host"], document["store"]
        security = host.get("security") or {}
        maps = (host.get("idMappings") or {}).get("uidmap") or ()
        return Engine(
            version=version_in(document["version"]["Version"]),
            remote=bool(host.get("serviceIsRemote")),
            cgroups=str(host["cgroupVersion"]),
            runtime=_runtime_of(host["ociRuntime"]),
            driver=str(store["graphDriverName"]),
            mount_program=_mount_program(store.get("graphOptions") or {}),
            graph_root=Path(store["graphRoot"]),
            mapped=sum(int(m["size"]) for m in maps) if security.get("rootless") else None,
            seccomp=bool(security.get("seccompEnabled")),
            warnings=warnings.strip(),
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"not what podman info prints: {error}") from error


def _runtime_of(runtime: dict[str, Any]) -> str:
    version = re.search(r"version (\S+)", str(runtime.get("version", "")))
    name = Path(str(runtime["path"])).name
    return f"{name} {version[1]}" if version else name


def _mount_program(options: dict[str, Any]) -> str:
    """``overlay.mount_program``: a path, or since Podman 2 what is known of it."""
    value = options.get("overlay.mount_program", "")
    return str(value.get("Executable", "") if isinstance(value, dict) else value)


def version_in(text: str) -> Version:
    """The first dotted number in *text*; empty if there is none."""
    found = re.search(r"\d+(?:\.\d+)+", text)
    return tuple(int(n) for n in found[0].split(".")) if found else ()


def _dotted(version: Version) -> str:
    return ".".join(map(str, version)) or "there, of an unknown version"


def podman(host: Host, version: Version | None) -> Check:
    """Podman, and the cliffs of its versions.

    Args:
        version: None: it is not installed.
    """
    name = "podman"
    if version is None:
        return missing(
            name, "not installed, or not on PATH", "every step runs in a container of podman's",
            *host.mender.install("podman"),
        )  # fmt: skip
    if not version:
        return degraded(name, _dotted(version), "`podman --version` prints no number to go by")
    if version < _OLDEST_PODMAN:
        return missing(
            name,
            _dotted(version),
            f"podwheel needs {_dotted(_OLDEST_PODMAN)} or newer, for the options that shut a sandbox: "
            "take a newer release of this distribution, or its backports",
        )
    if version >= _PODMAN_6 and cgroup_tree(host) != "v2":
        return missing(
            name,
            f"{_dotted(version)} on cgroup v1",
            "Podman 6 and newer need cgroup v2: boot with systemd.unified_cgroup_hierarchy=1, or "
            "install Podman 5",
        )
    if version < _TRIED_PODMAN:
        return degraded(
            name,
            _dotted(version),
            f"older than {_dotted(_TRIED_PODMAN)}, the oldest that podwheel's own tests run on",
        )
    return fine(name, _dotted(version))


def works(host: Host, answer: Engine | str) -> Check:
    """Whether podman comes up for this account.

    Args:
        answer: What ``podman info`` said; where it failed, its complaint.
    """
    name = "podman works"
    if isinstance(answer, str):
        symptom = diagnose(answer)
        return missing(
            name, telling_line(answer), symptom.means or "`podman info` shows more",
            *symptom.commands(host),
        )  # fmt: skip
    if answer.remote:
        return missing(
            name,
            "it is a client of a podman elsewhere",
            "containers could not see the files of this host; podwheel needs the local podman",
            "unset CONTAINER_HOST CONTAINER_CONNECTION",
        )
    if re.search(NO_SESSION.pattern, answer.warnings):
        return degraded(
            name, telling_line(answer.warnings), NO_SESSION.means, *NO_SESSION.commands(host)
        )
    return fine(name, "rootless" if answer.mapped is not None else "as this namespace's root")


def buildah(host: Host, version: Version | None, podman_version: Version | None) -> Check:
    """Buildah makes the targets' images; it shares podman's storage, so their versions go together."""
    name = "buildah"
    means = "no target's image can be made, so no build can run on a new target"
    if version is None:
        return missing(
            name, "not installed, or not on PATH", means, *host.mender.install("buildah")
        )
    if not version:
        return degraded(name, _dotted(version), "`buildah --version` prints no number to go by")
    if version < _OLDEST_BUILDAH:
        return missing(
            name,
            _dotted(version),
            f"podwheel needs {_dotted(_OLDEST_BUILDAH)} or newer (--build-context): {means}",
        )
    if podman_version and podman_version >= _PODMAN_6 and version < _BUILDAH_OF_PODMAN_6:
        return degraded(
            name,
            f"{_dotted(version)} beside Podman {_dotted(podman_version)}",
            f"Podman 6 is made for buildah {_dotted(_BUILDAH_OF_PODMAN_6)} and newer: the two read "
            "different configuration, and may not see each other's images",
            *host.mender.install("buildah"),
        )
    return fine(name, _dotted(version))


def cgroup_tree(host: Host) -> str:
    """``v2``, ``v1``, or ``hybrid: …`` with the controllers that v2 holds beside v1's."""
    if host.path("/sys/fs/cgroup/cgroup.controllers").exists():
        return "v2"
    held = host.read("/sys/fs/cgroup/unified/cgroup.controllers")
    return f"hybrid: {held}" if held else "v1"


def oci_runtime(host: Host, runtime: str | None) -> Check:
    """crun or runc, and whether it starts on this cgroup tree.

    Args:
        runtime: What podman will use; None: podman does not say.
    """
    name = "OCI runtime"
    if runtime is None:
        runtime = next((r for r in ("crun", "runc") if host.program(r)), None)
    if runtime is None:
        return missing(
            name, "neither crun nor runc", "no container starts", *host.mender.install("crun")
        )
    tree = cgroup_tree(host)
    if tree.startswith("hybrid") and runtime.startswith("crun"):
        held = tree.removeprefix("hybrid: ").split()
        return missing(
            name,
            f"{runtime} on a hybrid cgroup tree (v2 holds {', '.join(held)})",
            "crun refuses that: \"cgroups in hybrid mode not supported\". Mounted as v1 until the next "
            "boot, the controllers are no longer v2's; runc takes the tree as it is.",
            *(
                host.mender.as_root(f"mkdir -p /sys/fs/cgroup/{c} && mount -t cgroup -o {c} cgroup /sys/fs/cgroup/{c}")
                for c in held
            ),
        )  # fmt: skip
    return fine(name, f"{runtime}, cgroup {tree}")


def storage(host: Host, engine: Engine) -> Check:
    """How podman keeps layers: overlay, or a full copy of each (vfs)."""
    name = "image storage"
    if engine.driver == "vfs":
        nested = "overlay" in _file_system(host, engine.graph_root)
        native = host.kernel >= _NATIVE_OVERLAY
        means = "every layer is a full copy of the one below: an image takes several times the disk and the time"
        if nested:
            return degraded(
                name,
                "vfs, on an overlay file system",
                f"{means}. Overlay does not work on an overlay: give {engine.graph_root} a volume of "
                "its own, then choose overlay.",
            )
        return degraded(
            name,
            "vfs",
            f"{means}. The driver can be changed only where nothing is kept: `podman system reset` "
            "removes every image and container of the account, not only podwheel's.",
            *(() if native else host.mender.install("fuse-overlayfs")),
            host.as_account("podman system reset"),
            _choose_overlay(host),
        )
    if engine.mount_program:
        program = Path(engine.mount_program).name
        if not host.may_use("/dev/fuse"):
            return missing(
                name,
                f"overlay by {program}, and /dev/fuse cannot be opened",
                "no image can be mounted, so no container starts",
                *open_device(host, "/dev/fuse", "c 10 229"),
            )
        return fine(name, f"overlay by {program}")
    return fine(name, engine.driver)


def _choose_overlay(host: Host) -> str:
    if (host.home / ".config/containers/storage.conf").exists():  # it may say more than the driver
        return host.as_account('sed -i \'s/^ *driver *=.*/driver = "overlay"/\' ~/.config/containers/storage.conf')  # fmt: skip
    return host.as_account(
        "mkdir -p ~/.config/containers && printf '[storage]\\ndriver = \"overlay\"\\n' "
        "> ~/.config/containers/storage.conf"
    )


def _file_system(host: Host, place: Path) -> str:
    """The type of the file system that holds *place*: the longest mount point above it."""
    best, found = "", ""
    for line in host.read("/proc/self/mounts").splitlines():
        fields = line.split()
        if len(fields) > 2 and place.is_relative_to(fields[1]) and len(fields[1]) >= len(best):
            best, found = fields[1], fields[2]
    return found


def image_network(
    host: Host, version: Version | None, *, isolation: str | None, have_images: bool
) -> Check:
    """How buildah reaches a package mirror while it makes an image; builds of packages never need it.

    Args:
        version: podman's: which helper it and its buildah know.
        isolation: ``BUILDAH_ISOLATION``.
        have_images: A target's image is here: without a network builds still work.
    """
    name = "network of images"
    problem = degraded if have_images else missing
    means = "no target's image can be made; builds on those that are here need no network" if have_images else (
        "no target's image can be made"
    )  # fmt: skip
    if isolation == "chroot":
        return fine(name, "the host's own (BUILDAH_ISOLATION=chroot)")
    if isolation == "oci":
        return problem(
            name,
            "BUILDAH_ISOLATION=oci",
            f"rootless, buildah then asks for a bridge that only root can make: {means}",
            "unset BUILDAH_ISOLATION",
        )
    known = _network_helpers(version or ())
    helper = next((h for h in known if host.program(h)), None)
    if helper is None:
        return problem(
            name,
            f"no {' and no '.join(known)}",
            f"{means}. Or take the host's network, with less isolation while an image is made.",
            *host.mender.install(known[0]),
            "export BUILDAH_ISOLATION=chroot",
        )
    if not host.may_use("/dev/net/tun"):
        return problem(
            name,
            f"{helper}, and /dev/net/tun cannot be opened",
            f"{means}. Or take the host's network, with less isolation while an image is made.",
            *open_device(host, "/dev/net/tun", "c 10 200"),
            "export BUILDAH_ISOLATION=chroot",
        )
    return fine(name, helper)


def _network_helpers(version: Version) -> tuple[str, ...]:
    """pasta is podman's and buildah's own choice since 5.0, slirp4netns is gone since 6.0."""
    if version >= _PODMAN_6:
        return ("pasta",)
    return ("pasta", "slirp4netns") if version >= (5,) else ("slirp4netns",)


def open_device(host: Host, device: str, numbers: str) -> tuple[str, ...]:
    """Commands that make a device and open it to all, as udev does: it grants nothing outside a
    caller's own namespaces."""
    there = host.path(device).exists()
    made = () if there else (f"mkdir -p {Path(device).parent} && mknod {device} {numbers}",)
    return tuple(host.mender.as_root(command) for command in (*made, f"chmod 0666 {device}"))


def seccomp(engine: Engine) -> Check:
    """The profile that denies builds new user namespaces, keyctl and ptrace."""
    name = "seccomp"
    if engine.seccomp:
        return fine(name, "podwheel's own profile")
    return degraded(
        name,
        "this kernel or podman has none",
        "builds may make every system call of an unprivileged process: user namespaces of their own, "
        "keyctl, ptrace. Capabilities, network and file system stay shut.",
    )
