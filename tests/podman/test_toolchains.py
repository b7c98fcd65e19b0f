"""A toolchain of the host's in a real container: found, mounted, executed there."""

from __future__ import annotations

import io
import secrets
import shutil
import tarfile
from typing import TYPE_CHECKING

import pytest

from podwheel.sandbox import Job, Limits, Mount, Sandbox, measure
from podwheel.store import Store
from podwheel.toolchains import host
from podwheel.toolchains.choose import choose
from podwheel.toolchains.provision import provision
from podwheel.toolchains.want import Want

if TYPE_CHECKING:
    from pathlib import Path

    from podwheel.model import Target

pytestmark = pytest.mark.podman

BACKEND = """
import os, subprocess
def get_requires_for_build_wheel(settings):
    said = subprocess.check_output(["rustc", "-c", "echo it runs"], universal_newlines=True)
    read_only = bool(os.statvfs(settings["toolchain"]).f_flag & os.ST_RDONLY)
    return [said.strip(), "read-only" if read_only else "writable"]
"""


def toolchain(path: Path, triple: str) -> Path:
    """One whose compiler is a shell: a program of the host's that needs its C library."""
    own = path / "lib/rustlib" / triple / "lib"
    own.mkdir(parents=True)
    (own / "libstd-0.so").write_text("")
    rustlib = path / "lib/rustlib"
    (rustlib / f"manifest-rustc-{triple}").write_text("")
    (rustlib / "multirust-channel-manifest.toml").write_text(
        '[pkg.rustc]\nversion = "1.95.0 (x)"\n'
    )
    (path / "bin").mkdir()
    shell = shutil.which("bash")
    assert shell is not None
    for name in ("rustc", "cargo"):
        shutil.copyfile(shell, path / "bin" / name)
        (path / "bin" / name).chmod(0o755)
    return path


def source(path: Path) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for name, text in {"backend.py": BACKEND, "pyproject.toml": ""}.items():
            member = tarfile.TarInfo(f"thing-1.0/{name}")
            member.size = len(text)
            archive.addfile(member, io.BytesIO(text.encode()))
    path.chmod(0o644)
    return path


def test_the_hosts_toolchain_runs_in_a_container(target: Target, tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    home = tmp_path / "home"  # as private as a home may be
    home.mkdir(mode=0o700)
    triple = f"{target.python.machine}-unknown-linux-gnu"
    found = host.read(toolchain(home / "toolchains" / "one", triple), store=store)
    want = Want(tool="rust", minimum="1.90", by="Cargo.toml")
    given = provision(
        choose("rust", [want], project="thing", target=target, host=[found]), store=store
    )
    environment = tmp_path / "env"
    (environment / "bin").mkdir(parents=True)
    (environment / "bin/python").symlink_to("/usr/bin/python3")
    (mount,) = given.mounts
    job = Job(
        name="build thing 1.0",
        image=target.build.reference,
        program="build.py",
        mounts=(
            Mount(source=source(tmp_path / "thing-1.0.tar.gz"), target="/podwheel/in/source"),
            Mount(source=environment, target="/podwheel/env"),
            mount,
        ),
        environment=(("PATH", ":".join((*given.path, "/usr/bin"))),),
        limits=Limits(wall=60, silence=60),
    )
    box = Sandbox(
        run_id=f"test-{secrets.token_hex(4)}", work=tmp_path / "work", enforcement=measure()
    )
    with box.session(job, log=tmp_path / "step.log") as session:
        session.ask({"op": "unpack", "archive": "/podwheel/in/source"})
        reply = session.ask(
            {
                "op": "hook",
                "hook": "get_requires_for_build_wheel",
                "backend": "backend",
                "backend_path": ["."],
                "config_settings": {"toolchain": mount.target},
            }
        )
    assert reply["ok"] is True, (tmp_path / "step.log").read_text()
    assert reply["value"] == ["it runs", "read-only"]
