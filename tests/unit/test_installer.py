"""What a bundle does on a server: it checks, says why not, and installs; here for the tests' own Python."""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from bundle_helpers import SERIES, Unpacked, pip_wheel, unpacked
from seal_helpers import built

if TYPE_CHECKING:
    from podwheel.model import Wheel


@pytest.fixture(scope="module")
def pip(tmp_path_factory: pytest.TempPathFactory) -> Wheel:
    return pip_wheel(tmp_path_factory.mktemp("pip"))


@pytest.fixture
def bundle(tmp_path: Path, pip: Wheel) -> Unpacked:
    return unpacked(tmp_path, pip)


# --------------------------------------------------------------------------- a system that fits


def test_checking_installs_nothing(bundle: Unpacked) -> None:
    said = bundle("--check")
    assert "fits       1 wheel for this-system\n" in said
    assert f"Python     CPython {platform.python_version()}, " in said
    assert sorted(p.name for p in bundle.root.parent.iterdir()) == [
        "app",
        "app-bundle",
        "bundle.tar",
        "store",
    ]


def test_into_the_python_that_runs_whatever_pip_is_told_elsewhere(
    bundle: Unpacked, tmp_path: Path
) -> None:
    """Virtual environments of our making, plain directories, PEP 668: tests/podman/test_bundle.py."""
    venv = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", venv], check=True)
    (tmp_path / "pip.conf").write_text("[install]\ntarget = /nowhere\n")
    shutil.copytree(bundle.root, tmp_path / "lib" / "demo")  # a package that lies there is not ours
    said = bundle(
        PATH=f"{venv}/bin:{os.defpath}",
        PYTHONPATH=str(tmp_path / "lib"),
        PIP_CONFIG_FILE=str(tmp_path / "pip.conf"),
        PIP_USER="1",
    )
    assert f"installed  {venv}" in said
    script = "import demo; assert demo.X == 1"
    subprocess.run([venv / "bin/python", "-c", script], check=True, env={})


# --------------------------------------------------------------------------- one that does not


def refusal(bundle: Unpacked, *more: str) -> str:
    """What it says; and it says it whether or not something is to be installed."""
    said = bundle("--check", *more, code=1)
    assert bundle("--venv", bundle.root.parent / "venv", *more, code=1) == said
    assert not (bundle.root.parent / "venv").exists()
    return said


def test_another_python(bundle: Unpacked) -> None:
    with bundle.falsified() as target:
        target["python"]["series"] = "3.2"
    said = refusal(bundle)
    assert "install: the wheels do not fit this system\n  - they are for CPython 3.2; " in said
    assert f" is CPython {platform.python_version()}\n" in said


def test_another_implementation(bundle: Unpacked) -> None:
    with bundle.falsified() as target:
        target["python"]["implementation"] = "pypy"
    assert f"they are for PyPy {SERIES}; " in refusal(bundle)


def test_another_machine(bundle: Unpacked) -> None:
    with bundle.falsified() as target:
        target["machine"] = "s390x"
    assert "they are for Linux on s390x; this is Linux" in refusal(bundle)


def test_the_target_that_fits_is_taken_and_else_the_nearest_is_told(bundle: Unpacked) -> None:
    document = json.loads((bundle.root / "bundle.json").read_text())
    (fits,) = document["targets"]
    older = {**fits, "name": "older", "python": {**fits["python"], "series": "3.2"}}
    farther = {**older, "name": "farther", "machine": "s390x"}
    document["targets"] = [farther, older, fits]
    bundle.change(bundle.root / "bundle.json", json.dumps(document))
    assert "fits       1 wheel for this-system\n" in bundle("--check")
    document["targets"] = [farther, older]
    bundle.change(bundle.root / "bundle.json", json.dumps(document))
    said = refusal(bundle)
    assert "the wheels do not fit this system, not even those for older\n" in said
    assert "s390x" not in said


def test_another_cpu(bundle: Unpacked, tmp_path: Path) -> None:
    with bundle.falsified() as target:
        target["cpu"] = [
            {"name": "x86-64-v4", "by": ["demo"]},
            {"name": "haswell", "by": ["other"]},
        ]
    fit = bundle.root / "program/fit.py"
    (tmp_path / "cpuinfo").write_text(
        "processor: 0\nflags\t: lm cx16 lahf_lm popcnt pni sse4_1 sse4_2 ssse3\n"
    )
    bundle.change(fit, fit.read_text().replace("/proc/cpuinfo", str(tmp_path / "cpuinfo")))
    said = refusal(bundle)
    assert "  - demo was compiled for x86-64-v4; this CPU is x86-64-v2\n" in said
    assert "not asked  whether this CPU is a haswell, for other\n" in said


def test_another_abi(bundle: Unpacked) -> None:
    with bundle.falsified() as target:
        target["wheels"] = [
            {"file": f"x{n}.whl", "tags": [f"cp3-cp3x-linux_{platform.machine()}"]}
            for n in range(5)
        ]
    said = refusal(bundle)
    assert "x0.whl: this Python does not take the tag cp3-cp3x-linux_" in said
    assert f"(its own is cp{SERIES.replace('.', '')}-" in said
    assert "  - and 2 more wheels like these\n" in said


def test_an_older_c_library(bundle: Unpacked) -> None:
    with bundle.falsified() as target:
        target["libc"] = {"name": "glibc", "version": "2.999", "by": ["a", "b", "c", "d"]}
    said = refusal(bundle)
    assert "a, b, c and 1 more needs glibc 2.999; this system has 2." in said


def test_another_c_library(bundle: Unpacked) -> None:
    with bundle.falsified() as target:
        target["libc"] = {"name": "frobc", "version": "1.0", "by": ["a"]}
    assert "they need frobc; this system has another C library" in refusal(bundle)


def test_a_library_that_is_not_there(bundle: Unpacked) -> None:
    with bundle.falsified() as target:
        target["install"] = "sh -c install"  # a program that is here
        target["libraries"] = [
            library("libghost.so.4", package="libghost4"),
            library("libother.so.1", package="libghost4"),
            library("libm.so.6"),
        ]
    said = refusal(bundle)
    assert "libraries  1 of 3\n" in said
    assert "  - libghost.so.4 (for demo): not there; it is in the package libghost4\n" in said
    assert "as root, and then once more:\n    sh -c install libghost4\n" in said


def test_the_command_of_another_distribution_is_not_advised(bundle: Unpacked) -> None:
    with bundle.falsified() as target:
        target["install"] = "pkgtool-of-nobody add"
        target["libraries"] = [library("libghost.so.4", package="libghost4")]
    said = refusal(bundle)
    assert "the packages of this-system: libghost4\n" in said
    assert "pkgtool" not in said


def test_a_library_that_is_too_old(bundle: Unpacked) -> None:
    with bundle.falsified() as target:
        versions = {"GLIBC_2.2.5": ["gone", "cos"], "GLIBC_9.9": ["cos", "sin"]}
        target["libraries"] = [library("libm.so.6", versions=versions)]
    said = refusal(bundle)
    assert "libm.so.6 (for demo): too old, it does not have GLIBC_9.9\n" in said


def library(name: str, *, package: str = "", versions: object = None) -> dict[str, object]:
    return {"name": name, "package": package, "by": ["demo"], "versions": versions or {}}


@pytest.fixture
def dpkg(tmp_path: Path) -> str:
    """A PATH with a dpkg that knows one package."""
    places = tmp_path / "bin"
    places.mkdir()
    for name, script in {
        "dpkg-query": 'test "$3" = known || exit 1; printf "install ok installed\\t1.2-3\\n"',
        "dpkg": 'test "$*" = "--compare-versions 1.2-3 lt 2.0"',
    }.items():
        (places / name).write_text(f"#!/bin/sh\n{script}\n")
        (places / name).chmod(0o755)
    return f"{places}:{Path(sys.executable).parent}:{os.defpath}"


@pytest.mark.parametrize(
    ("package", "said"),
    [
        ({"name": "known"}, ""),
        ({"name": "known", "minimum": "1.0"}, ""),
        (
            {"name": "known", "minimum": "2.0"},
            "the package known (for demo) is 1.2-3; needed is 2.0",
        ),
        ({"name": "absent"}, "the package absent (for demo) is not installed"),
        ({"name": "absent", "minimum": "2.0", "by_name": False}, ""),  # its library is looked for
    ],
)
def test_a_package_by_its_name(
    bundle: Unpacked, dpkg: str, package: dict[str, object], said: str
) -> None:
    with bundle.falsified() as target:
        target["packages"] = [{"minimum": None, "by_name": True, "by": ["demo"], **package}]
    done = bundle("--check", code=1 if said else 0, PATH=dpkg)
    assert said in done


# --------------------------------------------------------------------------- a damaged bundle, a bad place


def test_a_changed_and_a_missing_file(bundle: Unpacked) -> None:
    (bundle.root / "wheels/demo-1.0-py3-none-any.whl").write_bytes(b"")
    (bundle.root / "record/pylock.toml").unlink()
    said = refusal(bundle)
    assert "the bundle is not as it was packed" in said
    assert (
        "  - record/pylock.toml is missing\n  - wheels/demo-1.0-py3-none-any.whl was changed\n"
        in said
    )


def test_a_directory_that_is_no_environment(bundle: Unpacked, tmp_path: Path) -> None:
    said = bundle("--venv", tmp_path / "store", code=1)
    assert f"{tmp_path / 'store'} is there, and is no virtual environment" in said


def test_what_pip_says_is_told_and_a_half_made_environment_is_gone(
    tmp_path: Path, pip: Wheel
) -> None:
    (tmp_path / "wheels").mkdir()
    needy = built(tmp_path / "wheels", requires="Requires-Dist: absent\n")
    bundle = unpacked(tmp_path, pip, entries=[needy])
    for place in ("new", "empty"):
        (tmp_path / "empty").mkdir(exist_ok=True)
        said = bundle("--venv", tmp_path / place, code=3)
        assert "absent" in said
        assert "pip failed" in said
    assert not (tmp_path / "new").exists()
    assert list((tmp_path / "empty").iterdir()) == []


def test_the_python_of_the_wheels_is_found_among_others(bundle: Unpacked, tmp_path: Path) -> None:
    places = tmp_path / "bin"
    places.mkdir()
    broken = places / f"python{SERIES}"
    broken.write_text("#!/bin/sh\nexit 1\n")
    broken.chmod(0o755)
    (places / "python3").symlink_to(sys.executable)
    said = bundle("--check", PATH=f"{places}:{os.defpath}")
    assert f", {places}/python3" in said


def test_no_python_at_all(bundle: Unpacked, tmp_path: Path) -> None:
    places = tmp_path / "bin"
    places.mkdir()
    for name in ("sh", "dirname", "paste"):
        found = shutil.which(name)
        assert found
        (places / name).symlink_to(found)
    said = bundle("--check", code=1, PATH=str(places))
    assert f"there is no Python on PATH; the wheels are for Python {SERIES}\n" in said
    assert f"Python     CPython {SERIES}" in bundle(
        "--check", "--python", sys.executable, PATH=str(places)
    )


@pytest.mark.parametrize(
    "arguments",
    [("--python",), ("--python", "/nowhere"), ("--venv", "x", "--user"), ("--wenv", "x")],
)
def test_what_cannot_be_asked(bundle: Unpacked, arguments: tuple[str, ...]) -> None:
    bundle(*arguments, code=2)


def test_help_names_every_option(bundle: Unpacked) -> None:
    said = bundle("--help")
    for option in ("--check", "--venv", "--target", "--user", "--python"):
        assert option in said
