"""What real logs say was missing: one file a kind of message, in data/logs.

The texts were written by the tools themselves (their versions are in the files' names where the
wording changed), run on sources that ask for what is not there, or by builds of real packages.
Wordings that could not be produced here stand in the tests, with where they are from.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from podwheel.syslibs.lack import Kind, Lack, Missing
from podwheel.syslibs.messages import dropped_extensions, lacks_in

LOGS = Path(__file__).parent / "data" / "logs"

KINDS = {
    "h": Kind.HEADER, "l": Kind.LIBRARY, "pc": Kind.PKG_CONFIG, "p": Kind.PROGRAM, "cmake": Kind.CMAKE,
    "cc": Kind.COMPILER, "f": Kind.FILE, "n": Kind.NAME,
}  # fmt: skip


def short(lack: Lack) -> str:
    """``h:ffi.h``; ``?`` in front if it is not sure; alternatives with ``|``; ``<1.0`` if that is too old."""
    letters = {kind: letter for letter, kind in KINDS.items()}
    things = [
        f"{letters[m.kind]}:{m.name}" + (f">={m.minimum}" if m.minimum else "") for m in lack.any_of
    ]
    return (
        ("" if lack.sure else "?")
        + "|".join(things)
        + (f" has {lack.too_old}" if lack.too_old else "")
    )


def said(text: str) -> list[str]:
    return [short(lack) for lack in lacks_in(text)]


def dependency(name: str, minimum: str = "") -> str:
    return "|".join(f"{kind}:{name}{minimum}" for kind in ("pc", "cmake", "n"))


EXPECTED: dict[str, list[str]] = {
    # a setup script's own hunt
    "hunted-libraries": [
        "?l:SDL2_ttf|h:SDL_ttf.h",
        "?l:SDL2_image|h:SDL_image.h",
        "?l:SDL2_mixer|h:SDL_mixer.h",
        "?l:jpeg|h:jpeglib.h",
        "?l:portmidi|h:portmidi.h",
        "?l:portmidi|h:porttime.h",
    ],
    # compilers
    "gcc-header": ["h:libpq-fe.h", "h:openssl/ssl.h", "h:experimental/nosuch"],  # not ../config/own.h
    "gcc-source": [],
    "clang-header": ["h:libpq-fe.h", "h:Eigen/Core"],
    "gfortran-include": ["h:mpif.h", "h:petsc/finclude/petscsys.h", "cc:c"],
    "gfortran-module": ["f:netcdf.mod"],
    "swig-include": ["h:nosuch/opensslconf.h"],
    "gcc-driver-10": ["cc:fortran", "cc:d", "cc:ada"],
    "gcc-driver-14": ["cc:fortran", "cc:d", "cc:ada"],
    "maturin-cargo": ["cc:rust"],
    "cargo-old-rustc": ["cc:rust>=1.999 has 1.95.0"],
    "setuptools-rust": ["cc:rust"],
    "setuptools-rust-optional": ["?cc:rust"],
    "setuptools-compiler": ["cc:c++", "p:swig"],
    "setuptools-84-compiler": ["cc:c++"],
    "setuptools-header": ["h:sqlite3.h"],
    "setuptools-65-optional": ["h:nosuch/fast.h"],
    "setuptools-84-optional": ["h:nosuch/fast.h"],
    "fallback-to-pure": ["h:yaml.h"],
    "distutils-probe": ["?h:mpi.h"],
    # linkers and the loader
    "ld-library": ["l:nosuchfoo", "f:libnosuch.a"],
    "ld-library-2.35": ["l:nosuchfoo", "f:libnosuch.a"],
    "gold-library": ["l:nosuchfoo", "f:libnosuch.a"],
    "lld-mold-library": ["l:nosuchfoo", "f:libnosuch.a", "l:nosuchbar"],
    "loader-library": ["l:libnosuch.so.5", "l:liba.so"],
    "linker-trial": ["?l:cblas", "cc:fortran"],  # numpy.distutils 1.10 links something to see
    # pkg-config
    "pkg-config-0.29": ["pc:nosuch1", "pc:nosuch2", "pc:deeper"],
    "pkgconf-1.8": ["pc:nosuch1", "pc:nosuch2", "pc:deeper"],
    "pkgconf-3": ["pc:nosuch1", "pc:nosuch2", "pc:old>=1.2 has 1.0"],
    "pkg-config-0.29-old": ["pc:old>=1.2 has 1.0"],
    "pkgconf-1.8-old": ["pc:old>=1.2 has 1.0"],
    "pkg-config-exists-tries": ["pc:mysqlclient|pc:mariadb|pc:libmariadb|pc:perconaserverclient"],
    "pkg-config-many": [
        "pc:libavformat", "pc:libavcodec", "pc:libavdevice", "pc:libavutil", "pc:libavfilter", "pc:libswscale",
        "pc:libswresample",
    ],
    "pkg-config-command": ["pc:libvirt"],
    "pkg-config-two-names": ["pc:libsystemd", "pc:libsystemd-journal"],
    "pkg-config-python-library": ["pc:xmlsec1"],
    # programs
    "shell-program": ["p:krb5-config", "p:pg_config", "p:mpicc", "p:swig"],
    "make-program": ["p:swig", "p:curl-config"],
    "python-program": ["p:gdal-config"],
    "python-program-required": ["p:cmake"],
    "python-file": [],
    "config-script-shell": ["p:mariadb_config"],
    "config-script-shell-python": ["p:krb5-config"],
    "config-script-in-command": ["p:krb5-config"],
    "config-script-exception": ["p:curl-config"],
    "config-script-logging": ["?p:gdal-config"],
    "config-script-and-program": ["?p:gdal-config", "?p:gdalinfo"],
    "config-scripts-several": [
        "p:dpkg-architecture", "p:sdl2-config", "pc:freetype2", "p:freetype-config", "?p:sdl-config",
    ],
    # CMake
    "cmake-4.4-find": ["?p:doxygen|cmake:Doxygen|n:Doxygen", "cmake:CURL>=7.10|n:CURL>=7.10"],
    "cmake-4.4-check": ["?h:nosuch.h", "cmake:ZLIB>=99.0|n:ZLIB>=99.0 has 1.2.13"],
    "cmake-3.25-check": ["?h:nosuch.h", "cmake:ZLIB>=99.0|n:ZLIB>=99.0 has 1.2.13"],
    "cmake-4.4-module": ["cmake:ZeroMQ>=4.0"],
    "cmake-3.25-module": ["cmake:ZeroMQ>=4.0"],
    "cmake-4.4-config": ["?cmake:Optional|n:Optional", "cmake:LLVM>=22 has 14.0.6"],
    "cmake-4.4-names": ["?cmake:absl|n:absl", "cmake:Eigen3|cmake:eigen"],
    "cmake-4.4-onlymodule": ["cmake:Nosuch"],
    "cmake-4.4-pkg": ["?pc:nosuchopt", "pc:nosuchdbus>=1.2", "pc:nosuchother"],
    "cmake-3.25-pkg": ["?pc:nosuchopt", "pc:nosuchdbus", "pc:nosuchother"],
    "cmake-4.4-pkgsearch": ["pc:nosuchfoo-2|pc:nosuchfoo"],
    "cmake-4.4-lib": ["l:nosuchfoo|l:nosuchfoo-1.2"],
    "cmake-4.4-program": ["p:swig4.0|p:swignosuch"],
    "cmake-4.4-path": ["h:nosuch/foo.h"],
    "cmake-4.4-file": ["f:nosuch.dat"],
    "cmake-4.4-fortran": ["cc:fortran"],
    "cmake-4.4-cuda": ["cc:cuda"],
    "cmake-4.4-own": ["?n:HDF5", "?n:libhdf5"],
    "cmake-4.4-version": [],
    "cmake-compiler-path": ["p:nosuch-gcc"],
    "cmake-generator": ["p:ninja"],
    "cmake-bundled": ["?pc:libzmq"],  # it went on to download the source, and failed there
    # Meson
    "meson-1.12-dep": [f"?{dependency('nosuchopt')}", dependency("nosuch-dbus-1")],
    "meson-1.0-dep": [f"?{dependency('nosuchopt')}", dependency("nosuch-dbus-1")],
    "meson-1.12-depold": [f"{dependency('old', '>=1.8')} has 1.0"],
    "meson-1.0-depold": [f"{dependency('old', '>=1.8')} has 1.0"],
    "meson-1.12-deppkg": [dependency("nosuch")],
    "meson-no-pkg-config": ["p:pkg-config", f"?{dependency('nosuch')}"],
    "meson-subproject-dependency": [dependency("dbus-1")],
    "meson-1.12-blas": [f"?{dependency(name)}" for name in ("blas", "openblas", "Boost")],
    "meson-1.12-lib": ["?h:nosuch.h", "?l:nosuchopt", "l:nosuch"],
    "meson-1.12-header": ["?h:nosuch.h", "?h:nosuch2.h", "h:nosuch3.h"],
    "meson-1.12-libheader": ["h:nosuch.h"],
    "meson-1.12-program": ["?p:nosuchopt", "p:nosuch-swig4|p:nosuch-swig"],
    "meson-1.12-fortran": ["cc:fortran"],
    "meson-1.0-fortran": ["cc:fortran"],
    "meson-1.12-error": ["?n:libnosuch"],
    # configure
    "configure-library": ["?h:nosuch.h", "?l:nosuch", "?n:swig", "?n:nosuchfn", "?l:pcap", "?n:libpcap"],
    "configure-compiler": ["cc:c", "?n:cl.exe", "?n:clang"],
    # a project's own words
    "words-executable": ["?p:proj"],
    "words-quoted-executable": ["?p:dot", "?n:Graphviz"],
    "words-in-the-path": ["?p:R"],
    "words-headers-or-library": ["pc:libheif", "pc:heif"],
    "words-resources": ["?n:lapack", "?n:blas"],
    # builds that went well, whatever they tried
    "success-cmake-openmp": [],
    "success-cython-zlib": [],
    "success-make": [],
    "success-scikit-build-core": ["?p:doxygen|cmake:Doxygen|n:Doxygen"],
    "success-setuptools-c": [],
    "success-setuptools-c++": [],
    "success-setuptools-old": [],
    "success-setuptools-plain": [],
    "success-setuptools-rust-optional": ["?cc:rust"],
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_a_log_says_what_was_missing(name: str) -> None:
    assert said((LOGS / f"{name}.log").read_text()) == EXPECTED[name]


def test_every_log_has_an_expectation() -> None:
    assert {path.stem for path in LOGS.glob("*.log")} == set(EXPECTED)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        # GCC up to 9 (its manual pages and many issue threads)
        ("gcc: error trying to exec 'cc1plus': execvp: No such file or directory", ["cc:c++"]),
        ("/usr/bin/ld: cannot find crti.o: No such file or directory", ["f:crti.o"]),
        ("/usr/bin/ld: cannot find /usr/lib/x86_64-linux-gnu/libm.so.6 inside /", ["f:/usr/lib/x86_64-linux-gnu/libm.so.6"]),
        ("unable to execute 'gcc': No such file or directory", ["cc:c"]),  # distutils up to 3.9
        ("unable to execute swig: No such file or directory", ["p:swig"]),
        ("/bin/bash: gfortran: command not found", ["cc:fortran"]),
        ("./build.sh: line 12: cargo: command not found", ["cc:rust"]),
        ("/usr/bin/env: 'x86_64-linux-gnu-gcc-12': No such file or directory", ["cc:c"]),
        ("sh: 1: /usr/bin/pg_config: not found", ["?f:/usr/bin/pg_config"]),
        ("ImportError: libGL.so.1: cannot open shared object file: No such file or directory", ["l:libGL.so.1"]),
        ("which: no swig in (/usr/local/bin:/usr/bin:/bin)", ["?p:swig"]),
        ("error: library dfftpack has Fortran sources but no Fortran compiler found", ["cc:fortran"]),
        # cargo before 1.76
        (("error: package `x v1.0.0` cannot be built because it requires rustc 1.70 or newer, while the currently active "
         "rustc version is 1.63.0"), ["cc:rust>=1.70 has 1.63.0"]),
        ("Cargo, the Rust package manager, is not installed or is not on PATH.", ["cc:rust"]),
        # Meson before 0.60
        ("meson.build:3:0: ERROR: Program(s) ['moc-qt5', 'moc'] not found or not executable", ["p:moc-qt5|p:moc"]),
        # CMake before 3.24
        (("CMake Error at a.cmake:1 (find_package):\n  Could not find module FindX11.cmake or a configuration file for "
         "package X11.\n"), ["cmake:X11"]),
        ("-- Could NOT find PkgConfig (missing: PKG_CONFIG_EXECUTABLE)", ["?p:pkg-config|cmake:PkgConfig|n:PkgConfig"]),
    ],
)  # fmt: skip
def test_a_wording_of_another_version(line: str, expected: list[str]) -> None:
    assert said(f"{line}\n") == expected


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("Error: Please make sure the libxml2 and libxslt development packages are installed.", ["?n:libxml2", "?n:libxslt"]),
        ("Error: pg_config executable not found.", ["?p:pg_config"]),
        ("ValueError: did not find HDF5 headers", ["?n:HDF5"]),
        (".. ERROR:: Could not find a local HDF5 installation.", ["?n:HDF5"]),
        ("The headers or library files could not be found for zlib,", ["?n:zlib"]),
        ("error: Could not find portaudio.h", ["?h:portaudio.h"]),
        ("OSError: libicu development files not found", ["?n:libicu"]),
        ("error: the ICU library is required", ["?n:ICU"]),
        ("error: you need to install libfoo-dev", ["?n:libfoo"]),
        ("RuntimeError: CMake must be installed to build the following extensions: x", ["?n:CMake"]),
        ("Exception: could not find valid OpenSSL installation, is libssl-dev installed?", ["?n:libssl"]),
        ("numpy.distutils.system_info.NotFoundError: No BLAS/LAPACK libraries found.", ["?n:BLAS", "?n:LAPACK"]),
    ],
)  # fmt: skip
def test_a_projects_own_words_are_read_but_never_sure(line: str, expected: list[str]) -> None:
    assert said(line) == expected


@pytest.mark.parametrize(
    "line",
    [
        "src/a.pyx:3:8: 'libc/nosuch.pxd' not found",
        "src/a.c:3:5: error: 'libfoo_handle' undeclared; did you mean 'required'?",
        "TypeError: f() missing 1 required positional argument: 'name'",
        "ModuleNotFoundError: No module named 'Cython'",
        "ImportError: cannot import name 'libfoo' from 'foo'; libfoo is required",
        "warning: no previously-included files matching '*.pyc' found anywhere in distribution",
        "LookupError: setuptools-scm was unable to detect version for /build/src.",
        "error: metadata-generation-failed",
        "-- Looking for pthread_create in pthreads - not found",
        "checking for libfoo... no",
        "checking whether libfoo is required... no",
        "  CMake 3.27 or higher is required.  You are running version 3.25.1",
        "copying libfoo/not_found.h -> build/lib",
        "x.c:1:10: fatal error: helper.c: No such file or directory",
    ],
)
def test_what_is_no_lack_of_the_system(line: str) -> None:
    assert said(line) == []


def test_a_checks_failure_is_believed_only_if_nothing_else_ended_the_build() -> None:
    check = "Package 'opt', required by 'virtual:world', not found\nsh: 1: helper: not found\n"
    assert said(check) == ["pc:opt", "p:helper"]
    stop = "a.c:1:10: fatal error: x.h: No such file or directory\n"
    assert said(check + stop) == ["?pc:opt", "?p:helper", "h:x.h"]


def test_a_lack_is_told_once_in_the_order_of_the_text_by_its_weightiest_message() -> None:
    text = (
        "a.c:1:10: fatal error: b.h: No such file or directory\n"
        "Run-time dependency foo found: NO (tried pkgconfig)\n"
        "a.c:1:10: fatal error: b.h: No such file or directory\n"
        'meson.build:2:0: ERROR: Dependency "foo" not found, tried pkgconfig\n'
    )
    header, foo = lacks_in(text)
    assert header.any_of == (Missing(kind=Kind.HEADER, name="b.h"),)
    assert foo.sure
    assert foo.said == 'meson.build:2:0: ERROR: Dependency "foo" not found, tried pkgconfig'


def test_tries_for_one_thing_are_one_lack_but_not_across_a_whole_log() -> None:
    tries = [
        f"Command '['pkg-config', '--exists', '{n}']' returned non-zero exit status 1."
        for n in "ab"
    ]
    assert said("\n".join(tries)) == ["pc:a|pc:b"]
    assert said(("\ncompiling something.c\n" * 100).join(tries)) == ["pc:a", "pc:b"]


def test_a_try_that_pkg_config_explained_is_still_one_of_several() -> None:
    tries = [
        f"Package '{n}', required by 'virtual:world', not found\n"
        f"Command '['pkg-config', '--libs', '{n}']' returned non-zero exit status 1.\n"
        for n in ("foo2", "foo")
    ]
    assert said("".join(tries)) == ["pc:foo2|pc:foo"]


def test_a_call_for_several_modules_does_not_say_which_is_missing() -> None:
    call = "Command '['pkg-config', '--libs', 'a >= 2', 'b']' returned non-zero exit status 1."
    assert said(call) == ["?pc:a>=2", "?pc:b"]


def test_the_part_of_a_long_line_that_matters_is_shown() -> None:
    (lack,) = lacks_in((LOGS / "config-script-in-command.log").read_text())
    assert "sh: 1: krb5-config: not found" in lack.said
    assert len(lack.said) <= 240


# ------------------------------------------------------------------ hostile text


@pytest.mark.parametrize(
    "name",
    [
        "../../etc/passwd.h", "/etc/../shadow.h", "a/../b.h", "-oAPT::Pre-Invoke::=x", "-I/x.h", "x;$(id).h", "x.h|sh", "a//b.h",
        "$(touch /tmp/x)", "x\x00.h", "`id`.h", "ünicode.h", "\N{CYRILLIC SMALL LETTER A}.h", "a" * 300, ".", "..", "./x.h", "*.h",
    ],
)  # fmt: skip
def test_a_hostile_name_is_no_name(name: str) -> None:
    lines = [
        f"a.c:1:10: fatal error: {name}: No such file or directory",
        f"a.c:1:10: fatal error: '{name}' file not found",
        f"ld: cannot find -l{name}",
        f"ld: cannot find -l:{name}",
        f"Package '{name}', required by 'virtual:world', not found",
        f"sh: 1: {name}: not found",
        f"FileNotFoundError: [Errno 2] No such file or directory: '{name}'",
        f'm.build:1:0: ERROR: Dependency "{name}" not found, tried pkgconfig',
        f"CMake Error at x:1 (find_package):\n  Could NOT find {name} (missing: X)",
    ]
    for lack in lacks_in("\n".join(lines)):
        for missing in lack.any_of:
            assert missing.name != name
            assert missing.name.isascii()
            assert missing.name[0].isalnum() or missing.name[0] in "_/"
            assert ".." not in missing.name.split("/")
            assert not set(missing.name) & set(" ;$()|`'\"\\*\0\n")
            assert len(missing.name) <= 200


def test_a_version_that_is_none_is_left_out() -> None:
    assert said("Requested 'foo >= $(id)' but version of foo is ;x") == ["pc:foo"]


def test_terminal_escapes_neither_hide_a_message_nor_are_shown() -> None:
    (lack,) = lacks_in(
        "\x1b[1ma.c:1:10:\x1b[0m \x1b[31mfatal error: \x1b[0mx.h: No such file or directory\x08\n"
    )
    assert lack.any_of[0].name == "x.h"
    assert lack.said.isprintable()


@pytest.mark.parametrize(
    "junk",
    [
        "a" * 10_000_000,
        ": fatal error: " * 700_000,
        ("Command '['pkg-config' " * 60 + " returned non-zero\n") * 1_000,
        ("error: cannot find the lib " * 14 + "\n") * 5_000,
        ("CMake Error at x:\n" + "  Could NOT find " * 20 + "\n" * 3) * 5_000,
        "\x1b]" * 5_000_000,
        ("Program " + "x " * 400 + "\n") * 2_000,
        ("'a'" * 130 + " is required, error: make sure\n") * 4_000,
    ],
    ids=["line", "errors", "commands", "words", "cmake", "escapes", "programs", "quotes"],
)
def test_megabytes_of_junk_end_and_say_nothing_sure(junk: str) -> None:
    assert [lack for lack in lacks_in(junk) if lack.sure] == []
    assert dropped_extensions(junk) == ()


def test_floods_are_bounded_and_do_not_crowd_out_what_is_sure() -> None:
    unsure = "".join(f"Program tool{n} found: NO\n" for n in range(20_000))
    checks = "".join(f"sh: 1: tool{n}: not found\n" for n in range(10_000))
    lacks = lacks_in(unsure + checks + "ld: cannot find -lreal\n")
    assert [short(lack) for lack in lacks if lack.sure] == ["l:real"]
    assert len(lacks) <= 200


def test_many_tries_are_bounded() -> None:
    tries = "".join(f"Command 'pkg-config --exists m{n}' returned non-zero\n" for n in range(5_000))
    (lack,) = lacks_in(tries)
    assert len(lack.any_of) <= 12


# ------------------------------------------------------------------ degraded builds


@pytest.mark.parametrize(
    ("name", "dropped"),
    [
        ("setuptools-65-optional", ("x._fast",)),
        ("setuptools-84-optional", ("x._fast",)),
        ("fallback-to-pure", ("yaml._yaml",)),
        ("setuptools-rust-optional", ("Rust extension",)),
        ("success-setuptools-c", ()),
        ("success-setuptools-c++", ()),
        ("success-cython-zlib", ()),
        ("success-make", ()),
        ("success-scikit-build-core", ()),
    ],
)
def test_extensions_that_were_left_out(name: str, dropped: tuple[str, ...]) -> None:
    assert dropped_extensions((LOGS / f"{name}.log").read_text()) == dropped


def test_a_hostile_extension_name_is_not_told() -> None:
    assert dropped_extensions('warning: build_ext: building extension "a;$(id)" failed: x') == ()


def test_an_extension_after_one_that_was_dropped_is_not_dropped() -> None:
    text = "building 'a' extension\na.c:1:1: fatal error: x.h: No such file or directory\nbuilding 'b' extension\n"
    assert dropped_extensions(text) == ("a",)
