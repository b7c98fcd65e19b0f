"""``[external]`` of pyproject.toml: PEP 725's own examples, older spellings, hostile tables."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, Any

import pytest

from podwheel.syslibs.external import External, Package, declared

if TYPE_CHECKING:
    from podwheel.syslibs.lack import Lack

LINUX = {"platform_system": "Linux", "sys_platform": "linux", "os_name": "posix"}


def read(text: str, environment: dict[str, str] | None = None) -> External:
    return declared(tomllib.loads(text), environment)


def names(lacks: tuple[Lack, ...]) -> list[str]:
    return [str(lack) for lack in lacks]


def test_the_peps_example_of_compilers_tools_and_libraries() -> None:
    external = read("""
        [external]
        build-requires = ["dep:virtual/compiler/c", "dep:virtual/compiler/rust", "dep:generic/pkg-config"]
        host-requires = ["dep:generic/openssl", "dep:generic/libffi"]
    """)
    assert names(external.build) == [
        "compiler c",
        "compiler rust",
        "program pkg-config or pkg-config",
    ]
    assert names(external.host) == [
        "pkg-config openssl or library openssl or openssl",
        "pkg-config libffi or library ffi or libffi",
    ]
    assert (external.run, external.packages, external.unread) == ((), (), ())
    assert not any(lack.sure for lack in (*external.build, *external.host))


def test_the_peps_example_of_interfaces_and_versions() -> None:
    external = read("""
        [external]
        build-requires = [
          "dep:virtual/compiler/c", "dep:virtual/compiler/cpp", "dep:virtual/compiler/fortran", "dep:generic/ninja",
        ]
        host-requires = ["dep:virtual/interface/blas", "dep:virtual/interface/lapack@>=3.7.1"]
    """)
    assert names(external.build) == [
        "compiler c",
        "compiler c++",
        "compiler fortran",
        "program ninja or ninja",
    ]
    assert names(external.host) == [
        "pkg-config blas or library blas or blas",
        "pkg-config lapack >= 3.7.1 or library lapack >= 3.7.1 or lapack >= 3.7.1",
    ]


def test_optional_groups_are_not_taken() -> None:
    external = read("""
        [external]
        host-requires = ["dep:generic/zlib"]
        [external.optional-host-requires]
        extra = ["dep:generic/lcms2", "dep:generic/openjpeg@>=2.0"]
        [external.optional-build-requires]
        dev = ["dep:generic/nodejs"]
        [external.dependency-groups]
        dev = ["dep:generic/catch2"]
    """)
    assert names(external.host) == ["pkg-config zlib or library zlib or zlib"]
    assert external == External(host=external.host)


def test_the_peps_examples_of_run_time() -> None:
    external = read("""
        [external]
        dependencies = [
          "dep:generic/git", "dep:cargo/ripgrep", "dep:golang/github.com/junegunn/fzf",
          "dep:github/AbiWord/enchant; platform_system!='Windows'",
        ]
    """)
    assert names(external.run) == ["git", "ripgrep", "fzf", "enchant"]


def test_a_marker_is_the_targets() -> None:
    text = """
        [external]
        host-requires = ["dep:generic/XCB; platform_system=='Linux'", "dep:generic/nspr; platform_system=='Windows'"]
    """
    assert [lack.any_of[-1].name for lack in read(text, LINUX).host] == ["XCB"]
    assert [lack.any_of[-1].name for lack in read(text).host] == ["XCB", "nspr"]


@pytest.mark.parametrize(
    ("spelled", "read_as"),
    [
        ("virtual:compiler/c", "compiler c"),
        ("virtual:compiler/cxx", "compiler c++"),
        ("pkg:generic/cmake", "program cmake or cmake"),
        ("dep:generic/cmake@3.20", "program cmake >= 3.20 or cmake >= 3.20"),
        ("dep:generic/cmake@>=3.20,<4", "program cmake >= 3.20 or cmake >= 3.20"),
        ("dep:generic/cmake@%3E%3D3.20", "program cmake >= 3.20 or cmake >= 3.20"),
        ("dep:generic/cmake >=3.20", "program cmake >= 3.20 or cmake >= 3.20"),
        ("dep:generic/cmake@<4", "program cmake or cmake"),
        ("dep:generic/cmake?download_url=x#sub", "program cmake or cmake"),
        ("dep:virtual/compiler/rust@>=1.70", "compiler rust >= 1.70"),
        ("dep:generic/gfortran", "compiler fortran or gfortran"),
    ],
)
def test_spellings_of_a_tool(spelled: str, read_as: str) -> None:
    external = declared({"external": {"build-requires": [spelled]}})
    assert names(external.build) == [read_as]
    assert external.unread == ()


def test_packages_of_a_distribution_are_named_exactly() -> None:
    external = read("""
        [external]
        build-requires = ["pkg:deb/debian/swig"]
        host-requires = ["dep:deb/debian/libpq-dev", "dep:rpm/fedora/libpq-devel@16", "dep:deb/libpq-dev"]
        dependencies = ["dep:deb/Debian/postgresql-client"]
    """)
    assert external.packages == (
        Package(family="deb", distribution="debian", name="swig"),
        Package(family="deb", distribution="debian", name="libpq-dev"),
        Package(family="rpm", distribution="fedora", name="libpq-devel"),
        Package(family="deb", distribution=None, name="libpq-dev"),
    )
    assert external.run_packages == (
        Package(family="deb", distribution="debian", name="postgresql-client"),
    )
    assert external.host == ()


@pytest.mark.parametrize(
    "entry",
    [
        "dep:cran/nat", "dep:pypi/requests", "dep:virtual/compiler/klingon", "dep:virtual/thing/x", "dep:generic", "openssl",
        "dep:generic/openssl; no_such_marker == '1'", "dep:generic/openssl; (((", "dep:deb/debian/-oAPT::x",
        "dep:deb/debian/..%2f..%2fetc", "dep:deb/a/b/c", "dep:generic/$(id)", "dep:generic/a%0ab", "dep:generic/-x", "", 7, None,
        ["dep:generic/zlib"], "dep:generic/" + "a" * 500,
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_told_and_is_never_fatal(entry: Any) -> None:
    external = declared({"external": {"host-requires": [entry, "dep:generic/zlib"]}}, LINUX)
    assert names(external.host) == ["pkg-config zlib or library zlib or zlib"]
    assert external.packages == ()
    (unread,) = external.unread
    assert unread.startswith("host-requires: ")
    assert len(unread) < 400
    assert unread.isprintable()


@pytest.mark.parametrize("table", [[], "x", 7, {"host-requires": "dep:generic/zlib"}])
def test_a_table_of_another_shape_is_told(table: Any) -> None:
    external = declared({"external": table})
    assert external.host == ()
    assert len(external.unread) == 1


def test_without_the_table_nothing_is_declared() -> None:
    assert declared({"project": {"name": "x"}}) == External()


def test_long_lists_are_bounded() -> None:
    external = declared({"external": {"dependencies": [f"dep:generic/x{n}" for n in range(5000)]}})
    assert len(external.run) == 100
    assert external.unread == ("dependencies: 4900 more",)


def test_the_same_thing_twice_is_one() -> None:
    entries = ["dep:generic/zlib", "pkg:generic/zlib"]
    assert len(declared({"external": {"host-requires": entries}}).host) == 1
