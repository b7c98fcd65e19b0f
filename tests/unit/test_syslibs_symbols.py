"""Least versions as dpkg-shlibdeps finds them: real entries of Debian 13, and the corners of the formats.

Compared by hand with dpkg-shlibdeps 1.21.22 on 280 libraries of Debian 12: no difference.
"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from podwheel.syslibs.symbols import Symbols, version_key

DATA = Path(__file__).parent / "data"


@pytest.fixture(scope="module")
def debian() -> Symbols:
    return Symbols.read(
        (DATA / "debian-13.symbols").read_text(), (DATA / "debian-13.shlibs").read_text()
    )


@pytest.mark.parametrize(
    ("soname", "used", "dependency"),
    [
        ("libpq.so.5", ["PQcancel@Base"], "libpq5"),
        ("libpq.so.5", ["PQcancel@Base", "PQenterPipelineMode@Base"], "libpq5 (>= 14~~)"),
        ("libpq.so.5", ["PQenterPipelineMode@Base", "PQsetTraceFlags@Base"], "libpq5 (>= 14~beta2)"),
        ("libssl.so.3", [], "libssl3t64 (>= 3.0.0)"),
        ("libssl.so.3", ["SSL_new@OPENSSL_3.0.0", "elsewhere@Base"], "libssl3t64 (>= 3.0.0)"),
        ("libssl.so.3", ["SSL_new_stream@OPENSSL_3.2.0"], "libssl3t64 (>= 3.2.0)"),
        ("libssl.so.3", ["SSL_new_stream@Base"], "libssl3t64 (>= 3.0.0)"),
        ("libz.so.1", ["inflate@Base"], "zlib1g (>= 1:1.1.4)"),
        ("libz.so.1", ["crc32_z@ZLIB_1.2.9", "inflate@Base"], "zlib1g (>= 1:1.2.11.dfsg)"),
        ("libc.so.6", ["GLIBC_2.14@GLIBC_2.14", "GLIBC_2.34@GLIBC_2.34"], "libc6 (>= 2.34)"),
        (
            "libc.so.6",
            ["__libc_alloca_cutoff@GLIBC_PRIVATE"],
            "libc6 (>= 2.2.5), libc6 (>> 2.41), libc6 (<< 2.42)",
        ),
        # No symbols file: the shlibs file's word, whatever is used.
        ("libgdbm.so.6", [], "libgdbm6t64 (>= 1.24)"),
        ("libbfd-2.44-system.so", [], "libbinutils (>= 2.44), libbinutils (<< 2.44.1)"),
        ("libmpc.so.3", ["mpc_add@Base"], "libmpc3"),
    ],
)  # fmt: skip
def test_what_debian_depends_on(
    debian: Symbols, soname: str, used: list[str], dependency: str
) -> None:
    minimum = debian.minimum(soname, used)
    assert minimum is not None
    assert minimum.dependency == dependency
    first, _, version = dependency.partition(",")[0].partition(" (>= ")
    assert (minimum.package, minimum.version or "") == (first, version.rstrip(")"))


@pytest.mark.parametrize("soname", ["libelsewhere.so.1", "libpq.so.6", "libpq", "", "libmpc.so"])
def test_what_nobody_knows(debian: Symbols, soname: str) -> None:
    assert debian.minimum(soname, ["PQcancel@Base"]) is None


def test_the_symbols_file_wins_over_shlibs() -> None:
    symbols = Symbols.read("libx.so.1 libx1 #MINVER#\n f@Base 1.0\n", "libx 1 libx1 (>= 9)\n")
    assert symbols.minimum("libx.so.1", []).version == "1.0"  # type: ignore[union-attr]


def test_alternative_templates_hold_only_for_the_symbols_that_name_them() -> None:
    text = (
        "libgl.so.1 libgl1\n"
        "| libgl1-mesa #MINVER#, libgl-any\n"
        "* Build-Depends-Package: libgl-dev\n"
        " public@Base 6.3-1\n"
        " special@Base 6.5.2-7 1\n"
        " later@Base 7 1\n"
        " beyond@Base 8 4\n"
    )
    symbols = Symbols.read(text, "")
    said = [
        symbols.minimum("libgl.so.1", used).dependency  # type: ignore[union-attr]
        for used in (["public@Base"], ["special@Base", "later@Base"], ["beyond@Base"])
    ]
    assert said == ["libgl1", "libgl1, libgl1-mesa (>= 7), libgl-any", "libgl1"]


def test_the_same_clause_in_two_templates_is_said_once() -> None:
    text = (
        "libt.so.6 libt6 #MINVER#\n| libt6 #MINVER#, libt6 (<< 7~)\n a@Base 6.1\n _p@Base 6.3 1\n"
    )
    minimum = Symbols.read(text, "").minimum("libt.so.6", ["_p@Base"])
    assert minimum is not None
    assert minimum.dependency == "libt6 (>= 6.3), libt6 (<< 7~)"


def test_tags_are_read_past_and_patterns_match_nothing() -> None:
    text = (
        "libx.so.1 libx1 #MINVER#\n"
        " (optional|arch=amd64 i386)f@Base 2.0\n"
        ' (c++)"N::f(int)@Base" 5\n'
        " *@VER_3 6\n"
        "#MISSING: 7# gone@Base 7\n"
    )
    symbols = Symbols.read(text, "")
    minima = [
        symbols.minimum("libx.so.1", [used])
        for used in ("f@Base", "N::f(int)@Base", "g@VER_3", "gone@Base")
    ]
    assert [m and m.version for m in minima] == ["2.0", "2.0", "2.0", "2.0"]


def test_of_packages_with_the_same_library_the_one_that_is_meant() -> None:
    text = "libx.so.1 libx1 #MINVER#\n f@Base 1.0\nlibx.so.1 libx1-other #MINVER#\n f@Base 3.0\n"
    symbols = Symbols.read(text, "")
    found = [symbols.minimum("libx.so.1", [], package=p) for p in ("", "libx1-other", "neither")]
    assert [m and (m.package, m.version) for m in found] == [
        ("libx1", "1.0"), ("libx1-other", "3.0"), ("libx1", "1.0"),
    ]  # fmt: skip


def test_the_texts_of_several_images_count_once() -> None:
    text = "libx.so.1 libx1 #MINVER#\n f@Base 1.0\n"
    shlibs = "liby 1 liby1 (>= 2)\n"
    symbols = Symbols.read(text * 3, shlibs * 3)
    assert len(symbols.libraries["libx.so.1"]) == 1
    assert symbols.shlibs["liby", "1"] == ("liby1 (>= 2)",)


@pytest.mark.parametrize(
    ("symbols", "shlibs"),
    [
        (" f@Base 1.0\n| x\n* y: z\n", ""),  # no library before them
        ("libx.so.1\n f@Base 1.0\n", ""),  # no template
        ("libx.so.1 $(evil) #MINVER#\n f@Base 1.0\n", ""),
        ("", "udeb: libx 1 libx1-udeb (>= 1)\n"),
        ("", "# libx 1 libx1\n"),
        ("", "libx 1\n"),
        ("", "libx\n\n\0\n"),
    ],
)
def test_damaged_texts_say_nothing(symbols: str, shlibs: str) -> None:
    assert Symbols.read(symbols, shlibs).minimum("libx.so.1", ["f@Base"]) is None


# ------------------------------------------------------------ versions


# Each sorts before the next, by `dpkg --compare-versions A lt B`.
ORDER = [
    "1.0~~", "1.0~rc1", "1.0", "1.0-1", "1.0-1+b1", "1.0-2~bpo12+1", "1.0-2", "1.0-10", "1.0a",
    "1.0+dfsg-1", "1.0.1", "1.2", "1.10", "2~beta", "2", "2.36-9+deb12u4", "2.36-9+deb12u13",
    "1:0.1", "2:0",
]  # fmt: skip


def test_versions_sort_as_dpkg_does() -> None:
    for earlier, later in pairwise(ORDER):
        assert version_key(earlier) < version_key(later), (earlier, later)


@pytest.mark.parametrize(
    "same", [("1.0", "1.0-0"), ("1.0", "0:1.0"), ("1.00", "1.0"), ("1.", "1.0")]
)
def test_versions_that_are_the_same_to_dpkg(same: tuple[str, str]) -> None:
    assert version_key(same[0]) == version_key(same[1])


def test_a_very_long_number_is_still_a_number() -> None:
    assert version_key("1." + "9" * 5000) < version_key("1.1" + "0" * 5000)
