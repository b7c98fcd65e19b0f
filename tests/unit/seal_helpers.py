"""Entries, targets and records for the wheelhouse's tests."""

from __future__ import annotations

import datetime
import sys
from typing import TYPE_CHECKING

from archives_helpers import make_wheel, python, wheel_file
from packaging.markers import default_environment
from packaging.tags import sys_tags

from podwheel.archives import read_wheel
from podwheel.model import File, Hash, Image, Pin, Target
from podwheel.seal.entry import BuildRequirement, Entry
from podwheel.seal.record import (
    BundledRecord,
    EnvironmentRecord,
    PackageRecord,
    RunRecord,
    RuntimePackageRecord,
    ServerRecord,
    StepRecord,
    SystemPackageRecord,
    TargetRecord,
)

if TYPE_CHECKING:
    from pathlib import Path

    from podwheel.model import Interpreter, Wheel

NOON = datetime.datetime(2026, 1, 2, 12, 0, tzinfo=datetime.UTC)
SDIST_SHA256 = "5d" * 32


def wheel(directory: Path, name: str = "demo", *, requires: str = "") -> Wheel:
    """A wheel in a store: read-only, named by something else than its name."""
    filename = f"{name}-1.0-py3-none-any.whl"
    info = wheel_file(name)
    made = make_wheel(
        directory,
        {f"{name}/__init__.py": b"X = 1\n"},
        filename=filename,
        dist_info=f"{name}-1.0.dist-info",
        metadata=info[f"{name}-1.0.dist-info/METADATA"] + requires.encode(),
    )
    path = made.rename(directory / f"blob-{name}")
    path.chmod(0o444)
    return read_wheel(path, filename=filename)


def sdist_file(name: str = "demo", **changes: object) -> File:
    values: dict[str, object] = {
        "filename": f"{name}-1.0.tar.gz",
        "url": f"https://files.example.org/{name}-1.0.tar.gz",
        "hashes": (Hash(algorithm="sha256", digest=SDIST_SHA256),),
        "size": 1234,
        "uploaded": NOON,
        "index": "https://index.example.org/simple",
    }
    return File(**(values | changes))  # type: ignore[arg-type]


def built(directory: Path, name: str = "demo", *, requires: str = "", **pin: object) -> Entry:
    """An entry that was built from an index's sdist."""
    made = wheel(directory, name, requires=requires)
    file = sdist_file(name)
    values: dict[str, object] = {"name": made.name, "version": made.version, "file": file}
    return Entry(
        wheel=made,
        source="built",
        pin=Pin(**(values | pin)),  # type: ignore[arg-type]
        url=file.url,
        sha256=SDIST_SHA256,
        step="57e9",
        build_requires=(
            BuildRequirement(name="setuptools", version="80.9", sha256="aa" * 32),
            BuildRequirement(name="cython", version="3.1", sha256="bb" * 32),
        ),
    )


def target(interpreter: Interpreter | None = None) -> Target:
    def image(kind: str) -> Image:
        return Image(reference=f"localhost/podwheel/debian-13-{kind}:1", digest=f"sha256:{kind}")

    return Target(
        name="debian-13",
        fingerprint="f1",
        runtime=image("runtime"),
        build=image("build"),
        python=interpreter or python(),
    )


def this_python() -> Interpreter:
    """The interpreter that runs the tests, as a target's."""
    environment = default_environment()
    return python(
        executable=sys.executable,
        markers=tuple(sorted((k, v) for k, v in environment.items() if isinstance(v, str))),
        tags=tuple(sys_tags()),
    )


def run_record() -> RunRecord:
    return RunRecord(
        created=NOON,
        podwheel="0.1.0",
        request=("demo",),
        target=TargetRecord(
            name="debian-13",
            fingerprint="f1",
            runtime_image="sha256:runtime",
            build_image="sha256:build",
            python="3.13.5",
            libc="glibc 2.41",
            machine="x86_64",
        ),
        packages=(
            PackageRecord(
                name="demo",
                version="1.0",
                filename="demo-1.0-py3-none-any.whl",
                sha256="00",
                size=7,
                origin="built",
                step="57e9",
                wanted_by=("requirements.txt:1",),
                modules=("demo",),
                installed=True,
                imported=True,
                policy="manylinux_2_31",
                bundled=(
                    BundledRecord(
                        path="demo.libs/libogg-1.so",
                        original="libogg.so.0",
                        package="libogg0",
                        version="1.3.5-3",
                        licences=("demo-1.0.dist-info/licenses/libogg0/copyright",),
                    ),
                ),
            ),
        ),
        steps=(
            StepRecord(
                id="57e9",
                package="demo",
                version="1.0",
                outcome="built",
                started=NOON,
                ended=NOON + datetime.timedelta(seconds=2.5),
                cpu_seconds=2.0,
                peak_memory=1 << 20,
                environment="e1",
                variables=(("CFLAGS", "-O2"),),
                enforced=(("network", "none"),),
                log="logs/demo-1.0.log",
                system_packages=(
                    SystemPackageRecord(
                        name="libogg-dev",
                        version="1.3.5-3",
                        reason="header ogg/ogg.h",
                        path="/usr/include/ogg/ogg.h",
                        rivals=("libother-dev",),
                    ),
                ),
            ),
        ),
        environments=(EnvironmentRecord(id="e1", wheels=(("setuptools", "80.9", "aa"),)),),
        enforced=(("memory", "4 GiB"),),
        server=ServerRecord(
            line="apt-get install libogg0",
            packages=(
                RuntimePackageRecord(
                    name="libogg0",
                    why="linked",
                    minimum="1.0rc3",
                    libraries=("libogg.so.0",),
                    needed_by=("demo",),
                    present=False,
                ),
            ),
            unprovided=(("libcuda.so.1", ("demo: demo/x.so",)),),
        ),
        verdict="passed",
    )
