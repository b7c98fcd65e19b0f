"""Libraries that failed imports could not load: what loaders and packages say (wordings of real ones)."""

from __future__ import annotations

import pytest

from podwheel.syslibs.lack import Kind
from podwheel.syslibs.loading import dlopened

OPEN = "cannot open shared object file: No such file or directory"
FIND_LIBRARY = "Additionally, ctypes.util.find_library() did not manage to locate a library called 'gobject-2.0-0'"


@pytest.mark.parametrize(
    ("text", "names", "sure"),
    [
        (f"ImportError: libpq.so.5: {OPEN}", ["libpq.so.5"], True),
        (f"OSError: libfoo.so: {OPEN}", ["libfoo.so"], True),
        (f"OSError: /usr/lib/x86_64-linux-gnu/libfoo.so.3: {OPEN}", ["libfoo.so.3"], True),
        (f"RuntimeError: Failed to load library from libm.so.0 - libm.so.0: {OPEN}", ["libm.so.0"], True),
        (f"OSError: cannot load library 'libsndfile.so': libsndfile.so: {OPEN}", ["libsndfile.so"], True),
        (f"OSError: cannot load library 'gobject-2.0-0': gobject-2.0-0: {OPEN}.  {FIND_LIBRARY}",
         ["gobject-2.0-0"], False),
        ("OSError: could not find or load libspatialindex_c.so", ["libspatialindex_c.so"], False),
        ("OSError: PortAudio library not found", ["PortAudio"], False),
        ("OSError: sndfile library not found using ctypes.util.find_library", ["sndfile"], False),
        ("ImportError: failed to find libmagic.  Check your installation", ["libmagic"], False),
        ("ImportError: Unable to find zbar shared library", ["zbar"], False),
        ("ImportError: The 'enchant' C library was not found and maybe needs to be installed.", ["enchant"], False),
        ("ImportError: The ‘enchant’ C library was not found", ["enchant"], False),  # noqa: RUF001
        ("ImportError: MagickWand shared library not found.", ["MagickWand"], False),
        ('OSError: no library called "cairo-2" was found', ["cairo-2"], False),
        ("OSError: Could not find lib geos_c or load any of its variants ['geos_c'].", ["geos_c"], False),
        ("ImportError: Unable to load any of the following libraries:libhid-raw.so libhid-raw.so.0",
         ["libhid-raw.so", "libhid-raw.so.0"], False),
        ('x.Improper: Could not find the GDAL library (tried "gdal", "gdal3.8.0"). Is GDAL installed?',
         ["gdal", "gdal3.8.0", "GDAL"], False),
        ("FileNotFoundError: [Errno 2] No such file or directory: b'liblibmagic.a'", ["libmagic"], False),
        ("ImportError: couldn't find libchromaprint", ["libchromaprint"], False),
        ("ImportError: Could not find library X11", ["X11"], False),
    ],
)  # fmt: skip
def test_what_a_message_names(text: str, names: list[str], sure: bool) -> None:
    (lack,) = dlopened(f'Traceback (most recent call last):\n  File "x.py", line 3\n{text}')
    assert [m.name for m in lack.any_of] == names
    assert {m.kind for m in lack.any_of} == {Kind.LIBRARY}
    assert lack.sure is sure
    assert lack.said == text


@pytest.mark.parametrize(
    "text",
    [
        "ModuleNotFoundError: No module named 'libfoo'",
        "ImportError: cannot import name 'lib' from 'pkg' (unknown location)",
        "ImportError: /podwheel/env/x.so: undefined symbol: lib_open",
        "FileNotFoundError: [Errno 2] No such file or directory: '/etc/pkg.conf'",
        f"OSError: /podwheel/envs/0/lib/python3.13/site-packages/x/libown.so: {OPEN}",
        '    raise OSError("Could not find library geos_c")',
        "OSError: could not find the library",
        "ValueError: the library is not initialised",
        "",
    ],
)
def test_what_says_nothing_of_a_library(text: str) -> None:
    assert dlopened(text) == ()


def test_each_once_in_the_order_of_the_text() -> None:
    text = f"libb.so.1: {OPEN}\nliba.so.1: {OPEN}\nlibb.so.1: {OPEN}"
    assert [str(lack) for lack in dlopened(text)] == ["library libb.so.1", "library liba.so.1"]


@pytest.mark.parametrize(
    "name",
    ["-oDir.so", "lib$(x).so", "lib;x.so.1", "../libx.so", "lib\u202ex.so", "l" * 200 + ".so"],
)
def test_hostile_names_are_no_names(name: str) -> None:
    for lack in dlopened(f"OSError: {name}: {OPEN}\nOSError: could not load library '{name}'"):
        for missing in lack.any_of:
            assert missing.name.isascii()
            assert len(missing.name) <= 100
            assert missing.name.replace(".", "").replace("-", "").replace("_", "").isalnum()
            assert not missing.name.startswith((".", "-"))


def test_hostile_texts_are_bounded() -> None:
    many = "\n".join(f"OSError: lib{n}.so: {OPEN}" for n in range(100_000))
    assert len(dlopened(many)) == 20
    spellings = " ".join(f"lib{n}.so" for n in range(100))
    (lack,) = dlopened(f"cannot load library {spellings} \x1b[31m")
    assert len(lack.any_of) == 16
    assert "\x1b" not in lack.said
    assert dlopened("cannot load library " + "(" * 1_000_000) == ()
    assert dlopened("'" * 5_000_000) == ()
