"""What wheels need, held against what a captured server has."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from attrs import evolve
from capture_helpers import OTHER_PYTHON, PYTHON, read
from packaging.specifiers import SpecifierSet
from packaging.tags import parse_tag
from packaging.utils import canonicalize_name
from packaging.version import Version

from podwheel import log
from podwheel.errors import SettingsError
from podwheel.failures import of_fit
from podwheel.model import Metadata, Wheel
from podwheel.prove.against import Fit, held_against, newer_cpu, newer_glibc, unfit_wheels
from podwheel.prove.baseline import asked_of, refuse_settings, runs
from podwheel.prove.server import RuntimePackage, Server, Unprovided
from podwheel.settings import PackageSettings, Settings
from podwheel.syslibs.needed import Object

if TYPE_CHECKING:
    from podwheel.targets.capture import Capture


def package(name: str, **more: Any) -> RuntimePackage:
    values: dict[str, Any] = {"why": "linked", "present": False, "needed_by": ("demo",), **more}
    return RuntimePackage(name=name, **values)


def wheel(tag: str, *, requires_python: str = "") -> Wheel:
    version = Version("1.0")
    metadata = Metadata(
        name="demo",
        version=version,
        requires=(),
        requires_python=SpecifierSet(requires_python) if requires_python else None,
    )
    return Wheel(
        path=Path("/nowhere"),
        filename=f"demo-1.0-{tag}.whl",
        sha256="0" * 64,
        size=1,
        name=canonicalize_name("demo"),
        version=version,
        tags=frozenset(parse_tag(tag)),
        metadata=metadata,
        modules=("demo",),
        extensions=(),
        root_is_purelib=False,
    )


def fit(capture: Capture, *packages: RuntimePackage, **more: Any) -> Fit:
    server = Server(packages=packages, command="apt-get install", **more)
    return held_against(server, capture, proven={"libpq5": "17.2-1", "libc6": "2.41-12"})


# ------------------------------------------------------------ packages and libraries


def test_all_is_there(tmp_path: Path) -> None:
    found = fit(read(tmp_path), package("libc6", present=True, minimum="2.38"), package("libpq5"))
    assert found.ok
    assert (found.there, found.lacking, found.line) == (("libc6", "libpq5"), (), "")


def test_what_the_images_have_the_server_may_lack(tmp_path: Path) -> None:
    """Also what is in the pristine target already: the captured server is another system."""
    found = fit(
        read(tmp_path),
        package("libev4t64", libraries=("libev.so.4",)),
        package("libstdc++6", present=True, libraries=("libstdc++.so.6",)),
        package("git", why="configured"),
    )
    assert not found.ok
    assert found.line == "apt-get install libev4t64 libstdc++6 git"
    assert [str(one) for one in found.lacking] == [
        "libev4t64 (libev.so.4): demo",
        "libstdc++6 (libstdc++.so.6): demo",
        "git: demo",
    ]


def test_an_older_package_than_the_wheels_use_is_lacking(tmp_path: Path) -> None:
    found = fit(read(tmp_path), package("libpq5", minimum="17.3~"))
    (one,) = found.lacking
    assert str(one) == "libpq5 (17.2-1 is there, 17.3~ or newer is needed): demo"
    assert found.line == "apt-get install libpq5"


def test_a_library_that_came_another_way_counts_as_there(tmp_path: Path) -> None:
    here = ["libev.so.4", "/usr/local/lib/libev.so.4", ""]
    need = package("libev4t64", libraries=("libev.so.4",))
    assert fit(read(tmp_path, libraries=[here]), need).ok
    assert not fit(
        read(tmp_path, libraries=[here]), evolve(need, libraries=("libev.so.4", "x.so"))
    ).ok
    assert not fit(read(tmp_path, libraries=[here]), evolve(need, libraries=())).ok


def test_a_library_of_no_package(tmp_path: Path) -> None:
    cuda = Unprovided(library="libcuda.so.1", needed_by=("demo: x.so",))
    found = fit(read(tmp_path), unprovided=(cuda,))
    assert [one.kind for one in found.lacking] == ["library"]
    assert found.line == ""
    assert fit(read(tmp_path, libraries=[["libcuda.so.1", "/x", ""]]), unprovided=(cuda,)).ok


def test_a_server_of_another_family_is_asked_for_libraries(tmp_path: Path) -> None:
    """Its packages have other names, so there is no line to paste."""
    server = Server(
        packages=(
            package("libc6", libraries=("libc.so.6",), minimum="9"),
            package("libev4t64", libraries=("libev.so.4",)),
            package("git", why="configured"),
            package("tzdata-legacy", why="configured"),
        ),
        command="apt-get install",
    )
    rpm = read(tmp_path, family="rpm", packages=[["git", "1", "amd64"]])
    found = held_against(server, rpm, proven={}, family="debian")
    assert [str(one) for one in found.lacking] == [
        "libev.so.4 (in the images: libev4t64): demo",
        "tzdata-legacy (in the images: tzdata-legacy): demo",
    ]
    assert found.line == ""
    assert "on the server: install what has them" in of_fit(found).hint


def test_another_version_is_told(tmp_path: Path) -> None:
    older = [["libc6", "2.41-12", "amd64"], ["libpq5", "16.4-1", "amd64"]]
    found = fit(read(tmp_path, packages=older), package("libc6"), package("libpq5"))
    assert found.ok
    assert [str(one) for one in found.differing] == ["libpq5 16.4-1 (proven with 17.2-1)"]


def test_the_error_names_what_is_missing_and_what_to_type(tmp_path: Path) -> None:
    error = of_fit(fit(read(tmp_path), package("libev4t64")), published=Path("wheelhouse"))
    assert error.exit_code == 7
    assert error.what == "the server of server.json lacks what the wheels need: libev4t64"
    assert error.said == "libev4t64: demo"
    assert error.hint == (
        "on the server: apt-get install libev4t64",
        "then capture it again, and say the same command: podwheel target capture | ssh SERVER sh > server.json",
        "the wheelhouse is published all the same: wheelhouse",
    )


# ------------------------------------------------------------ what nothing mends


def test_wheels_that_its_python_accepts(tmp_path: Path) -> None:
    server = read(tmp_path, pythons=[PYTHON, OTHER_PYTHON])
    ours, other = server.pythons
    native, old = wheel("cp313-cp313-linux_x86_64"), wheel("cp312-cp312-linux_x86_64")
    assert unfit_wheels([native, wheel("py3-none-any")], server, ours) == ()
    assert unfit_wheels([old], server, other) == ()
    (told,) = unfit_wheels([old], server, ours)
    assert told == (
        "demo-1.0-cp312-cp312-linux_x86_64.whl is not for /usr/bin/python3 (cpython 3.13.5); "
        "it is for /usr/local/bin/python3.12 (cpython 3.12.1)"
    )
    newer = wheel("cp313-cp313-manylinux_2_42_x86_64")
    assert len(unfit_wheels([newer], server, ours)) == 1
    assert unfit_wheels([wheel("py3-none-any", requires_python=">=3.14")], server, ours) == (
        "demo-1.0-py3-none-any.whl is for Python >=3.14, not 3.13.5",
    )


@pytest.mark.parametrize(
    ("asked", "fits"), [("GLIBC_2.41", True), ("GLIBC_2.42", False), ("GLIBC_2.9", True)]
)
def test_a_newer_c_library(tmp_path: Path, asked: str, fits: bool) -> None:
    made = wheel("cp313-cp313-linux_x86_64")
    bound = (
        ("libc.so.6", (f"{asked}@{asked}", "GLIBC_2.2.5@GLIBC_2.2.5")),
        ("libz.so.1", ("a@Z_1",)),
    )
    one = Object(path="demo.so", machine=62, soname=None, needed=(), bound=bound)
    found = newer_glibc([made], read(tmp_path), objects=lambda _: [one])
    assert found == (() if fits else (f"{made.filename} needs glibc 2.42; the server has 2.41",))


# ------------------------------------------------------------ the CPU


def test_cpus_are_compared_by_level() -> None:
    assert runs("x86-64-v2", "x86-64-v3") is True
    assert runs("x86-64-v4", "x86-64-v3") is False
    assert runs("haswell", "x86-64-v3") is None
    assert runs("x86-64-v2", "") is None


def test_what_a_build_was_asked_for() -> None:
    variables = [
        ("CFLAGS", "-O2 -march=x86-64-v3"),
        ("CXXFLAGS", "-march=x86-64-v3"),
        ("RUSTFLAGS", "-Ctarget-cpu=native"),
    ]
    assert asked_of(variables) == ("x86-64-v3", "native")


def test_wheels_for_a_newer_cpu(tmp_path: Path) -> None:
    compiled = [("a.whl", "x86-64-v4"), ("b.whl", "x86-64-v2"), ("c.whl", "native")]
    assert newer_cpu(compiled, read(tmp_path)) == (
        "a.whl was compiled for x86-64-v4; the server's CPU is x86-64-v3",
    )


def test_settings_for_a_newer_cpu_are_refused(tmp_path: Path) -> None:
    path, server = Path("podwheel.toml"), read(tmp_path)
    refuse_settings(Settings(path=path, cpu="x86-64-v3"), server)
    refuse_settings(Settings(path=path, cpu="x86-64-v4"), None)
    refuse_settings(Settings(path=path, cpu="x86-64-v4"), read(tmp_path, cpu=""))
    with pytest.raises(
        SettingsError, match="code for x86-64-v4 does not run on the server of"
    ) as caught:
        refuse_settings(Settings(path=path, cpu="x86-64-v4"), server)
    assert caught.value.hint == ('cpu = "x86-64-v3" is the most that it can',)
    one = PackageSettings(environment=(("CFLAGS", "-march=x86-64-v4"),))
    named = Settings(path=path, packages=((canonicalize_name("demo"), one),))
    with pytest.raises(SettingsError, match=r"asked for by \[package.demo\]"):
        refuse_settings(named, server)


def test_a_cpu_that_is_no_level_is_told(tmp_path: Path) -> None:
    events: list[dict[str, Any]] = []

    class Display:
        def show(self, event: dict[str, Any]) -> None:
            events.append(event)

    log.configure(Display())
    try:
        refuse_settings(
            Settings(path=Path("podwheel.toml"), cflags=("-march=native",)), read(tmp_path)
        )
    finally:
        log.configure(None)
    assert [(e["event"], e["asked"]) for e in events] == [("capture.cpu", "native")]
