"""What the Containerfiles' own scripts make of a distribution's lists. Real sh and awk, no distribution."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from podwheel.targets.resources import recipes

if TYPE_CHECKING:
    from pathlib import Path

FAMILIES = ("debian", "manylinux", "redhat", "suse")


def script(name: str, *arguments: str, text: str, family: str = "debian") -> list[list[str]]:
    """The fields of the lines that a script prints."""
    done = subprocess.run(
        ["sh", recipes() / family / name, *arguments],
        input=text.encode(), capture_output=True, check=True, env={"PATH": "/usr/bin:/bin"},
    )  # fmt: skip
    assert not done.stderr
    return [line.split("\t") for line in done.stdout.decode().splitlines()]


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_has_the_stages_and_files(family: str) -> None:
    text = (recipes() / family / "Containerfile").read_text()
    for stage in ("runtime", "build", "extra", "server", "index"):
        assert f" AS {stage}\n" in text
    for name in ("install", "index", "filter"):
        subprocess.run(["sh", "-n", recipes() / family / name], check=True)


def test_copies_are_the_same_in_every_context() -> None:
    """A context holds all that its Containerfile uses; links would leave it."""
    with_dnf = ("manylinux", "redhat")
    for name, families in (
        ("filter", FAMILIES),
        ("rpmmd", (*with_dnf, "suse")),
        ("install", with_dnf),
        ("index", with_dnf),
    ):
        assert len({(recipes() / family / name).read_bytes() for family in families}) == 1


KEPT = """\
bin/true
usr/bin/pg_config
usr/bin/mpicc.openmpi
usr/sbin/sendmail
usr/games/fortune
usr/include/postgresql/libpq-fe.h
usr/include/c++/14/vector
usr/include/x86_64-linux-gnu/gmp.h
lib/x86_64-linux-gnu/libz.so.1.3
usr/lib/x86_64-linux-gnu/libpq.so
usr/lib/x86_64-linux-gnu/libpq.so.5
usr/lib/x86_64-linux-gnu/libpq.a
usr/lib/x86_64-linux-gnu/blas/libblas.so.3
usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2
usr/lib/x86_64-linux-gnu/pkgconfig/libpq.pc
usr/lib/x86_64-linux-gnu/glib-2.0/include/glibconfig.h
usr/lib/x86_64-linux-gnu/cmake/ZeroMQ/ZeroMQConfig.cmake
usr/lib/x86_64-linux-gnu/cmake/fmt/fmt-config.cmake
usr/lib/x86_64-linux-gnu/fortran/gfortran-mod-15/netcdf.mod
usr/lib/x86_64-linux-gnu/girepository-1.0/GLib-2.0.typelib
usr/lib/gcc/x86_64-linux-gnu/14/include/omp.h
usr/lib/gcc/x86_64-linux-gnu/14/libgfortran.so
usr/lib/jvm/java-21/bin/javac
usr/lib/tcl8.6/tclConfig.sh
usr/share/pkgconfig/eigen3.pc
usr/share/cmake-3.31/Modules/FindZLIB.cmake
usr/share/aclocal/pkg.m4
usr/share/gir-1.0/GLib-2.0.gir
usr/share/R/include/R.h
"""

DROPPED = """\
etc/passwd
usr/bin/deeper/program
usr/share/doc/libpq-dev/examples/include/x.h
usr/share/doc/libpq-dev/x.pc
usr/share/man/man1/x.1.gz
usr/src/linux/include/x.h
usr/lib/debug/usr/lib/libx.so.1
usr/lib/x86_64-linux-gnu/plugin.so
usr/lib/x86_64-linux-gnu/cmake/x/x-targets.cmake
usr/lib/python3/dist-packages/numpy/core/include/numpy/arrayobject.h
usr/lib/python3/dist-packages/x/libx.so
usr/lib32/libz.so
usr/aarch64-linux-gnu/include/stdio.h
usr/lib/aarch64-linux-gnu/libz.so
usr/include/i386-linux-gnu/gmp.h
usr/lib/gcc-cross/aarch64-linux-gnu/14/libgcc.a
usr/lib/gcc/avr/7/libgcc.a
usr/lib/gcc/x86_64-linux-gnu/14/32/libgfortran.so
usr/lib/gcc/x86_64-linux-gnu/14/x32/libgfortran.so
usr/lib/picolibc/arm-none-eabi/include/stdio.h
usr/include/wasm32-wasi/stdio.h
"""


def test_what_a_build_can_look_for_is_kept_and_nothing_else() -> None:
    text = "".join(f"{path}   section/package\n" for path in (KEPT + DROPPED).split())
    found = script("filter", "x86_64-linux-gnu", text=text)
    assert sorted(path for _, path, _ in found) == sorted(f"/{path}" for path in KEPT.split())
    assert all(path.rpartition("/")[2] == name for name, path, _ in found)


def test_without_multiarch_the_machines_own_directories_are_kept() -> None:
    text = """\
usr/lib64/libz.so zlib-devel
usr/lib/gcc/x86_64-redhat-linux/14/libgcc.a gcc
usr/lib64/gcc/x86_64-suse-linux/13/include/omp.h gcc13
usr/lib/gcc/aarch64-linux-gnu/14/libgcc.a gcc-aarch64
"""
    found = script("filter", "", "x86_64", text=text)
    assert [package for *_, package in found] == ["gcc", "zlib-devel", "gcc13"]


def test_lines_are_sorted_by_bytes_and_one_a_path() -> None:
    text = """\
FILE                       LOCATION
usr/bin/b                  a/two
usr/bin/B                  a/one
usr/bin/a b                utils/blank
usr/bin/b                  contrib/b/one,a/two,three
usr/bin/b-x                a/one
usr/bin/\xfc               a/one
"""
    assert script("filter", "", "x86_64", text=text) == [
        ["B", "/usr/bin/B", "one"],
        ["a b", "/usr/bin/a b", "blank"],
        ["b", "/usr/bin/b", "one,two,three"],
        ["b-x", "/usr/bin/b-x", "one"],
        ["\xfc", "/usr/bin/\xfc", "one"],
    ]


PRIMARY = """\
<?xml version="1.0" encoding="UTF-8"?>
<metadata xmlns="x" xmlns:rpm="y" packages="3">
<package type="rpm">
  <name>foo</name>
  <arch>x86_64</arch>
  <version epoch="1" ver="1.2" rel="3"/>
  <summary>a &lt;package&gt;</summary>
  <size package="7" installed="1025" archive="9"/>
  <format>
    <rpm:group>System/Libraries</rpm:group>
    <rpm:sourcerpm>foo-source-1.2-3.src.rpm</rpm:sourcerpm>
    <rpm:provides>
      <rpm:entry name="foo" flags="EQ" epoch="1" ver="1.2" rel="3"/>
      <rpm:entry name="libfoo.so.1()(64bit)"/>
    </rpm:provides>
    <rpm:requires>
      <rpm:entry name="(a &gt;= 1 or b)"/><rpm:entry name="bar" flags="GE" epoch="0" ver="2"/>
    </rpm:requires>
    <rpm:conflicts><rpm:entry name="never"/></rpm:conflicts>
    <file>/usr/bin/foo</file>
  </format>
</package>
<package type="rpm"><name>foo</name><arch>x86_64</arch><version epoch="0" ver="1.1" rel="1"/></package>
<package type="rpm"><name>foo</name><arch>i686</arch><version epoch="1" ver="1.2" rel="3"/></package>
</metadata>
"""

FILELISTS = """\
<filelists><package pkgid="1" name="foo" arch="x86_64"><version epoch="1" ver="1.2" rel="3"/>
<file type="dir">/usr/include/foo</file>
<file>/usr/include/foo/a&amp;b.h</file><file>/etc/foo</file>
<file
 type="ghost">/usr/bin/ld</file>
</package>
<package pkgid="2" name="foo" arch="i686"><version epoch="1" ver="1.2" rel="3"/><file>/usr/bin/no</file></package>
<package pkgid="3" name="foo" arch="x86_64"><version epoch="0" ver="1.1" rel="1"/><file>/usr/bin/old</file></package>
</filelists>
"""


def test_a_repositorys_metadata(tmp_path: Path) -> None:
    chosen = tmp_path / "chosen"
    chosen.write_text("foo 1:1.2-3 x86_64\n")
    one = ("rpmmd", str(chosen))
    assert script(*one, "packages", "x86_64", text=PRIMARY * 2, family="redhat") == [
        [
            "foo", "1:1.2-3", "x86_64", "System/Libraries", "foo-source", "2",
            "(a >= 1 or b), bar >= 2", "foo = 1:1.2-3, libfoo.so.1()(64bit)",
        ]
    ]  # fmt: skip
    assert script(*one, "files", "x86_64", text=FILELISTS, family="redhat") == [
        ["a&b.h", "/usr/include/foo/a&b.h", "foo"],
        ["ld", "/usr/bin/ld", "foo"],
    ]
