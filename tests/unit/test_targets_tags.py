"""Wheel tags for Pythons and systems other than the one that runs this."""

from __future__ import annotations

import pytest
from packaging.tags import Tag

from podwheel.targets.tags import cpython_abi_flags, platform_tags, wheel_tags

GLIBC = ("glibc", "2.41")


def tags(
    series: tuple[int, int] = (3, 13),
    *,
    implementation: str = "cpython",
    soabi: str = "",
    abi_flags: str = "",
    libc: tuple[str, str] = GLIBC,
    machine: str = "x86_64",
    pointer_size: int = 8,
) -> list[str]:
    found = wheel_tags(
        implementation=implementation,
        series=series,
        soabi=soabi,
        abi_flags=abi_flags,
        libc=libc,
        machine=machine,
        pointer_size=pointer_size,
    )
    assert all(isinstance(tag, Tag) for tag in found)
    texts = [str(tag) for tag in found]
    assert len(texts) == len(set(texts))
    return texts


def test_cpython_from_the_most_specific_to_the_least() -> None:
    found = tags()
    assert found[0] == "cp313-cp313-linux_x86_64"
    assert found[-1] == "py30-none-any"
    in_order = [
        "cp313-cp313-linux_x86_64",
        "cp313-cp313-manylinux_2_41_x86_64",
        "cp313-cp313-manylinux_2_17_x86_64",
        "cp313-cp313-manylinux2014_x86_64",
        "cp313-cp313-manylinux2010_x86_64",
        "cp313-cp313-manylinux1_x86_64",
        "cp313-abi3-linux_x86_64",
        "cp313-none-linux_x86_64",
        "cp312-abi3-manylinux_2_28_x86_64",
        "cp32-abi3-linux_x86_64",
        "py313-none-linux_x86_64",
        "py3-none-linux_x86_64",
        "cp313-none-any",
        "py313-none-any",
        "py3-none-any",
    ]
    assert [found.index(tag) for tag in in_order] == sorted(found.index(tag) for tag in in_order)
    assert not [
        t for t in found if "2_42" in t or "musl" in t or "cp314" in t or "cp312-cp312" in t
    ]


def test_an_older_system_takes_no_newer_wheel() -> None:
    found = list(platform_tags(("glibc", "2.31"), "x86_64", 8))
    assert found[:2] == ["linux_x86_64", "manylinux_2_31_x86_64"]
    assert found[-1] == "manylinux1_x86_64"


@pytest.mark.parametrize(
    ("machine", "pointer_size", "first", "last"),
    [
        ("x86_64", 8, "manylinux_2_20_x86_64", "manylinux1_x86_64"),
        ("x86_64", 4, "manylinux_2_20_i686", "manylinux1_i686"),
        ("aarch64", 8, "manylinux_2_20_aarch64", "manylinux2014_aarch64"),
        ("aarch64", 4, "manylinux_2_20_armv7l", "manylinux2014_armv7l"),
        ("ppc64le", 8, "manylinux_2_20_ppc64le", "manylinux2014_ppc64le"),
    ],
)
def test_architectures(machine: str, pointer_size: int, first: str, last: str) -> None:
    found = list(platform_tags(("glibc", "2.20"), machine, pointer_size))
    many = [tag for tag in found if tag.startswith("manylinux")]
    assert (many[0], many[-1]) == (first, last)


def test_a_32_bit_arm_under_a_64_bit_kernel_goes_by_both_names() -> None:
    assert list(platform_tags(("glibc", "2.20"), "aarch64", 4))[:2] == [
        "linux_armv8l",
        "linux_armv7l",
    ]


def test_an_architecture_without_manylinux_has_plain_tags_alone() -> None:
    assert list(platform_tags(GLIBC, "mips64", 8)) == ["linux_mips64"]


def test_musl() -> None:
    assert list(platform_tags(("musl", "1.2.5"), "x86_64", 8)) == [
        "linux_x86_64",
        "musllinux_1_2_x86_64",
        "musllinux_1_1_x86_64",
        "musllinux_1_0_x86_64",
    ]


@pytest.mark.parametrize("libc", [("", ""), ("bionic", "1"), ("glibc", "odd"), ("glibc", "3.0")])
def test_a_libc_that_nobody_knows_has_plain_tags_alone(libc: tuple[str, str]) -> None:
    assert list(platform_tags(libc, "x86_64", 8)) == ["linux_x86_64"]


def test_free_threaded_has_no_abi3() -> None:
    found = tags(abi_flags="t")
    assert found[0] == "cp313-cp313t-linux_x86_64"
    assert not [tag for tag in found if "-abi3-" in tag or "-cp313-" in tag]


def test_a_debug_build_loads_plain_wheels_since_3_8() -> None:
    found = tags(abi_flags="d")
    assert found.index("cp313-cp313d-linux_x86_64") < found.index("cp313-cp313-linux_x86_64")
    assert "cp37-cp37m-linux_x86_64" not in tags((3, 7), abi_flags="dm")


def test_python_2_7_with_wide_unicode() -> None:
    found = tags((2, 7), abi_flags="mu", libc=("glibc", "2.31"))
    assert found[0] == "cp27-cp27mu-linux_x86_64"
    assert "py2-none-any" in found
    assert not [tag for tag in found if "abi3" in tag or "py3" in tag or "cp27m-" in tag]


def test_pypy() -> None:
    found = tags((3, 11), implementation="pypy", soabi="pypy311-pp73-x86_64-linux-gnu")
    assert found[0] == "pp311-pypy311_pp73-linux_x86_64"
    assert "pp3-none-any" in found
    assert not [tag for tag in found if tag.startswith("cp") or "abi3" in tag]


def test_graalpy_counts_one_part_more() -> None:
    found = tags((3, 11), implementation="graalpy", soabi="graalpy311-250-native-x86_64-linux")
    assert found[0] == "graalpy311-graalpy311_250_native-linux_x86_64"


@pytest.mark.parametrize(
    ("series", "options", "flags"),
    [
        ((3, 13), {}, ""),
        ((3, 13), {"gil_disabled": True}, "t"),
        ((3, 13), {"gil_disabled": True, "debug": True}, "td"),
        ((3, 12), {"gil_disabled": True}, ""),
        ((3, 7), {}, "m"),
        ((3, 7), {"pymalloc": False}, ""),
        ((3, 2), {}, "mu"),
        ((2, 7), {}, "mu"),
        ((2, 7), {"unicode_size": 2}, "m"),
        ((2, 7), {"debug": True}, "dmu"),
    ],
)
def test_abi_flags(series: tuple[int, int], options: dict[str, bool], flags: str) -> None:
    facts = {"gil_disabled": False, "debug": False, "pymalloc": True, "unicode_size": 4, **options}
    assert cpython_abi_flags(series, **facts) == flags  # type: ignore[arg-type]
