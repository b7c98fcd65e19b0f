"""A host made of files: its /proc, /etc and /dev below a directory, its tools shell scripts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from podwheel.doctor.engine import Engine
from podwheel.doctor.host import Host, Identity
from podwheel.doctor.mender import Mender

MENDER = Mender(family="apt", is_root=False, has_sudo=True, cwd=Path("/"))

ENGINE = Engine(
    version=(5, 4, 2),
    remote=False,
    cgroups="v2",
    runtime="crun 1.20",
    driver="overlay",
    mount_program="",
    graph_root=Path("/"),
    mapped=65537,
    seccomp=True,
    warnings="",
)

INFO: dict[str, Any] = {
    "host": {
        "cgroupVersion": "v1",
        "cgroupControllers": [],
        "serviceIsRemote": False,
        "idMappings": {"uidmap": [{"size": 1}, {"size": 65536}]},
        "ociRuntime": {"path": "/usr/bin/crun", "version": "crun version 1.8.1\ncommit: 0"},
        "security": {"rootless": True, "seccompEnabled": True},
    },
    "store": {"graphDriverName": "overlay", "graphOptions": {}, "graphRoot": "/"},
    "version": {"Version": "4.3.1"},
}

# Knows no image; that, podman says with 125.
PODMAN = f"""
case $1 in
    info) cat <<'END'
{json.dumps(INFO)}
END
    ;;
    --version) echo podman version 4.3.1 ;;
    *) exit 125 ;;
esac
"""


def make_host(
    place: Path,
    *,
    tools: dict[str, str] | None = None,
    files: dict[str, str] | None = None,
    environ: dict[str, str] | None = None,
    **changes: Any,
) -> Host:
    """An ordinary account's host below *place*.

    Args:
        tools: Programs on its PATH, as shell scripts.
        files: What /proc, /etc and the like hold.
        changes: Other fields of `Host`.
    """
    bin_, root = place / "bin", place / "root"
    bin_.mkdir(exist_ok=True)
    root.mkdir(exist_ok=True)
    for name, script in (tools or {}).items():
        (bin_ / name).write_text(f"#!/bin/sh\n{script}\n")
        (bin_ / name).chmod(0o755)
    for path, text in (files or {}).items():
        file = root / path.lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    fields: dict[str, Any] = {
        "identity": Identity.ORDINARY,
        "account": "builder",
        "group": "builders",
        "uid": 1001,
        "home": place,
        "environ": {"PATH": str(bin_), **(environ or {})},
        "kernel": (6, 1),
        "mender": MENDER,
        "root": root,
    }
    return Host(**{**fields, **changes})
