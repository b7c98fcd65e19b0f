"""Which package brings a library: at run time, and for one that an import looks for by itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from needed_helpers import TRIPLET, FakeFiles
from packaging.utils import canonicalize_name

from podwheel.syslibs.files import FileIndex
from podwheel.syslibs.lack import Kind, Lack, Missing
from podwheel.syslibs.needed import Need, User
from podwheel.syslibs.runtime import Provided, declared_package, loaded_package, packages_for
from podwheel.syslibs.symbols import Symbols

LIB = f"/usr/lib/{TRIPLET}"
DATA = Path(__file__).parent / "data"
BLAS: dict[str, tuple[str, ...]] = {
    f"{LIB}/blas/libblas.so.3": ("libblas3",),
    f"{LIB}/openblas-pthread/libblas.so.3": ("libopenblas0-pthread",),
    f"{LIB}/atlas/libblas.so.3": ("libatlas3-base",),
}


def need(soname: str, *symbols: str, brought_by: tuple[str, ...] = ()) -> Need:
    return Need(
        soname=soname,
        by=(User(wheel=canonicalize_name("demo"), path="demo/_x.so"),),
        symbols=frozenset(symbols),
        brought_by=tuple(map(canonicalize_name, brought_by)),
    )


def one(
    soname: str, paths: dict[str, tuple[str, ...]], *symbols: str, depended: Any = None, **more: Any
) -> Provided:
    files: Any = FakeFiles(paths, depended or {})
    (found,) = packages_for([need(soname, *symbols)], files=files, **more)
    return found


def test_a_package_with_its_version_and_its_user() -> None:
    found = one("libpq.so.5", {f"{LIB}/libpq.so.5": ("libpq5",)})
    assert found == Provided(
        soname="libpq.so.5", package="libpq5", version="libpq5-version", minimum=None, rivals=(),
        by=need("x").by,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("paths", "more", "order"),
    [
        # Linked against exactly this one.
        (BLAS, {"linked": ("libopenblas0-pthread",), "depended": {"libblas3": 99}},
         ["libopenblas0-pthread", "libatlas3-base", "libblas3"]),
        # Where the loader looks by itself, then one directory below, then elsewhere.
        ({f"{LIB}/a/b/libx.so.1": ("deep",), f"{LIB}/a/libx.so.1": ("below",), f"{LIB}/libx.so.1": ("direct",)},
         {"depended": {"deep": 99, "below": 9}}, ["direct", "below", "deep"]),
        ({"/opt/x/libx.so.1": ("a-elsewhere",), "/usr/lib64/libx.so.1": ("lib64",)}, {}, ["lib64", "a-elsewhere"]),
        ({f"{LIB}/libx.so.1": ("a-dev", "b")}, {"depended": {"a-dev": 5}}, ["b", "a-dev"]),
        (BLAS, {"depended": {"libblas3": 99, "libatlas3-base": 3}},
         ["libblas3", "libatlas3-base", "libopenblas0-pthread"]),
        (BLAS, {}, ["libatlas3-base", "libblas3", "libopenblas0-pthread"]),
        # The distribution's own word before its numbers.
        (BLAS, {"symbols": Symbols.read("", "libblas 3 libblas3 | libblas.so.3\n")},
         ["libblas3", "libatlas3-base", "libopenblas0-pthread"]),
        # The best place of each counts.
        ({f"{LIB}/libx.so.1": ("b",), f"{LIB}/p/libx.so.1": ("a", "b")}, {}, ["b", "a"]),
    ],
)  # fmt: skip
def test_which_of_several(paths: Any, more: dict[str, Any], order: list[str]) -> None:
    soname = next(iter(paths)).rpartition("/")[2]
    found = one(soname, paths, **more)
    assert [found.package, *found.rivals] == order


@pytest.mark.parametrize(
    ("symbols", "minimum"),
    [(("PQcancel@Base",), None), (("PQenterPipelineMode@Base", "other@Base"), "14~~")],
)
def test_the_least_version(symbols: tuple[str, ...], minimum: str | None) -> None:
    debian = Symbols.read((DATA / "debian-13.symbols").read_text(), "")
    found = one("libpq.so.5", {f"{LIB}/libpq.so.5": ("libpq5",)}, *symbols, symbols=debian)
    assert found.minimum == minimum


def test_a_version_of_another_package_says_nothing() -> None:
    other = Symbols.read("libx.so.1 libx1-old #MINVER#\n f@Base 7\n", "")
    assert one("libx.so.1", {f"{LIB}/libx.so.1": ("libx1",)}, symbols=other).minimum is None


def test_of_two_packages_versions_the_one_of_the_package_that_was_taken() -> None:
    text = "libx.so.1 libx1 #MINVER#\n f@Base 7\nlibx.so.1 libx1-alt #MINVER#\n f@Base 9\n"
    found = one(
        "libx.so.1", {f"{LIB}/libx.so.1": ("libx1-alt", "libx1")},
        symbols=Symbols.read(text, ""), linked=("libx1-alt",),
    )  # fmt: skip
    assert (found.package, found.minimum) == ("libx1-alt", "9")


def test_a_library_that_nobody_has() -> None:
    found = one("libcuda.so.1", {})
    assert (found.package, found.version, found.rivals) == (None, None, ())


def test_what_another_wheel_brings_is_taken_from_the_system_if_it_has_it() -> None:
    files: Any = FakeFiles({f"{LIB}/libpng16.so.16": ("libpng16-16t64",)})
    wanted = [
        need("libpng16.so.16", brought_by=("vision",)),
        need("libonly.so.1", brought_by=("vision",)),
    ]
    assert [p.package for p in packages_for(wanted, files=files)] == ["libpng16-16t64"]


def test_a_path_is_taken_by_its_word() -> None:
    paths = {f"{LIB}/libx.so.1": ("right-name",), "/opt/v/libx.so.1": ("vendor",)}
    assert one("/opt/v/libx.so.1", paths).package == "vendor"
    assert one("../libx.so.1", paths).package is None


# ------------------------------------------------------------ dlopen

LIBRARIES: dict[str, tuple[str, ...]] = {
    f"{LIB}/libgeos_c.so": ("libgeos-dev",),
    f"{LIB}/libgeos_c.so.1": ("libgeos-c1t64",),
    f"{LIB}/libgeos_c.so.1.19.2": ("libgeos-c1t64",),
    f"{LIB}/libspatialindex_c.so": ("libspatialindex-dev",),
    f"{LIB}/libspatialindex_c.so.9": ("libspatialindex9",),
    f"{LIB}/libspatialindex_c.so.10": ("libspatialindex10",),
    f"{LIB}/libportaudio.so.2": ("libportaudio2",),
    f"{LIB}/libMagickWand-6.Q16.so.7": ("libmagickwand-6",),
    f"{LIB}/libMagickWand-7.Q16.so.10": ("libmagickwand-7",),
    f"{LIB}/libMagickWandExtra.so.1": ("other",),
    f"{LIB}/libgobject-2.0.so.0": ("libglib2.0-0t64",),
    f"{LIB}/libonly.so": ("libonly-dev",),
    f"{LIB}/libplug.so": ("libplug1", "libplug-dev"),
    f"{LIB}/a/b/libhidden.so.1": ("hidden",),
}


@pytest.mark.parametrize(
    ("names", "package", "soname"),
    [
        (["libgeos_c.so.1"], "libgeos-c1t64", "libgeos_c.so.1"),
        (["geos_c"], "libgeos-c1t64", "libgeos_c.so.1"),
        (["libgeos_c"], "libgeos-c1t64", "libgeos_c.so.1"),
        (["libspatialindex_c.so"], "libspatialindex10", "libspatialindex_c.so.10"),
        (["PortAudio"], "libportaudio2", "libportaudio.so.2"),
        (["MagickWand"], "libmagickwand-7", "libMagickWand-7.Q16.so.10"),
        (["gobject-2.0-0"], "libglib2.0-0t64", "libgobject-2.0.so.0"),
        (["libonly.so"], "libonly-dev", "libonly.so"),
        (["libplug.so"], "libplug1", "libplug.so"),
        (["unknown", "geos_c"], "libgeos-c1t64", "libgeos_c.so.1"),
        # Another major version is another library.
        (["libgeos_c.so.5"], None, None),
        (["hidden"], None, None),
        (["geos"], None, None),
    ],
)
def test_the_package_of_a_library_that_is_loaded(
    names: list[str], package: str | None, soname: str | None
) -> None:
    files: Any = FakeFiles(LIBRARIES)
    missing = tuple(Missing(kind=Kind.LIBRARY, name=name) for name in names)
    found = loaded_package(Lack(any_of=missing, sure=False, said=""), files)
    assert (found and found.package, found and found.soname) == (package, soname)


def test_the_development_package_is_the_last_resort() -> None:
    files: Any = FakeFiles(LIBRARIES)
    missing = (Missing(kind=Kind.LIBRARY, name="libspatialindex_c.so"),)
    found = loaded_package(Lack(any_of=missing, sure=False, said=""), files)
    assert found is not None
    assert found.rivals == ("libspatialindex-dev",)


# ------------------------------------------------------------------ what a project declares


def index(place: Path) -> FileIndex:
    """A distribution with a tool, a library, one with a development package of its name, and data."""
    (place / "about").write_text(
        f"family=debian\ninstall=apt-get install\nverified=yes\ntriplet={TRIPLET}\n"
    )
    (place / "files").write_text(
        "git\t/usr/bin/git\tgit\n"
        f"libgit2.so.1.9\t{LIB}/libgit2.so.1.9\tlibgit2-1.9\n"
        f"libvips.so.42\t{LIB}/libvips.so.42\tlibvips42\n"
        f"zlib.pc\t{LIB}/pkgconfig/zlib.pc\tzlib1g-dev\n"
    )
    rows = {
        "git": "",
        "libgit2-1.9": "",
        "libvips42": "",
        "tzdata": "",
        "zlib1g": "",
        "zlib1g-dev": "zlib1g (= 1.0), libc6-dev",
    }
    (place / "packages").write_text(
        "".join(
            f"{name}\t1.0\tamd64\tmisc\t{name.removesuffix('-dev')}\t10\t{depends}\t\n"
            for name, depends in sorted(rows.items())
        )
    )
    return FileIndex.open(place)


@pytest.mark.parametrize(
    ("name", "package"),
    [
        ("git", "git"),  # and not libgit2
        ("libvips", "libvips42"),
        ("zlib", "zlib1g"),
        ("tzdata", "tzdata"),
        ("nobody", None),
    ],
)
def test_what_is_declared_for_run_time(tmp_path: Path, name: str, package: str | None) -> None:
    lack = Lack(any_of=(Missing(kind=Kind.NAME, name=name),), sure=False, said=name)
    assert declared_package(lack, index(tmp_path)) == package
