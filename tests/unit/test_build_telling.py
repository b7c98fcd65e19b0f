"""The telling lines of real kinds of logs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from podwheel.build.telling import telling_lines

if TYPE_CHECKING:
    from pathlib import Path

NOISE = "\n".join(f"copying src/pkg/module_{n}.py -> build/lib/pkg" for n in range(200))


@pytest.mark.parametrize(
    ("said", "telling"),
    [
        (
            (
                "src/db.c:12:10: fatal error: libpq-fe.h: No such file or directory\n"
                "   12 | #include <libpq-fe.h>\n      |          ^~~~~~~~~~~~\ncompilation terminated.\n"
                "error: command '/usr/bin/gcc' failed with exit code 1"
            ),
            "src/db.c:12:10: fatal error: libpq-fe.h: No such file or directory",
        ),
        ("/usr/bin/ld: cannot find -lfoo: No such file or directory", "cannot find -lfoo"),
        ("x.o: in function `f':\nx.c:(.text+0x1): undefined reference to `deflate'", "undefined reference to `deflate'"),
        ("CMake Error at CMakeLists.txt:3 (find_package):\n  Could not find ZLIB", "CMake Error at CMakeLists.txt:3"),
        ("CMake Error at CMakeLists.txt:46 (message):\n  LLVM is 19, this needs\n  22.\n\n-- Configuring",
         "(message):\n  LLVM is 19, this needs\n  22."),
        ("../meson.build:14:14: ERROR: Dependency \"dbus-1\" not found", "ERROR: Dependency \"dbus-1\" not found"),
        (("Traceback (most recent call last):\n  File \"setup.py\", line 3, in <module>\n    import numpy\n"
          "ModuleNotFoundError: No module named 'numpy'"), "ModuleNotFoundError: No module named 'numpy'"),
        ("/bin/sh: 1: swig: command not found", "swig: command not found"),
        ("make[2]: *** [Makefile:3: all] Error 1", "make[2]: *** [Makefile:3: all] Error 1"),
    ],
)  # fmt: skip
def test_the_cause_is_told_and_the_noise_is_not(tmp_path: Path, said: str, telling: str) -> None:
    log = tmp_path / "log"
    log.write_text(f"{NOISE}\n{said}\n{NOISE}\n")
    told = telling_lines(log)
    assert telling in told
    assert "copying" not in told


def test_without_a_known_cause_the_last_lines_are_told(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text(f"{NOISE}\nit just stopped\n")
    told = telling_lines(log).splitlines()
    assert told[-1] == "it just stopped"
    assert len(told) == 12


def test_the_first_causes_and_the_last_are_kept(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("\n".join(f"a.c:{n}:1: error: number {n}" for n in range(500)))
    told = telling_lines(log).splitlines()
    assert told[0].endswith("number 0")
    assert told[-1].endswith("number 499")
    assert len(told) <= 12


def test_a_log_that_is_not_there_tells_nothing(tmp_path: Path) -> None:
    assert telling_lines(tmp_path / "none") == ""


def test_terminal_control_and_invalid_text_are_harmless(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_bytes(b"\x1b]0;owned\x07\x1b[31merror: \x1b[0mred\xff\x08\x1b[2J\n")
    told = telling_lines(log)
    assert told.isprintable()
    assert "\x1b" not in told
    assert "red" in told
