"""What an image says of its Python, and what it cannot say."""

from __future__ import annotations

import copy
import platform
from typing import Any

import packaging.tags
import pytest
from targets_helpers import FACTS

from podwheel.errors import ProbeFailed
from podwheel.targets.probe import interpret


def facts(**changes: Any) -> dict[str, Any]:
    return {**copy.deepcopy(FACTS), **changes}


def test_an_interpreter_of_a_good_answer() -> None:
    python = interpret(FACTS, executable="/opt/python3")
    assert python.executable == "/opt/python3"
    assert (python.version, python.series, python.implementation) == ("3.13.5", (3, 13), "cpython")
    assert python.marker_environment == FACTS["markers"]
    assert list(python.markers) == sorted(python.markers)
    assert (python.purelib, python.include) == (
        "lib/python3.13/site-packages",
        "include/python3.13",
    )
    assert (python.libc, python.machine) == (("glibc", "2.41"), "x86_64")
    assert python.ext_suffix == ".cpython-313-x86_64-linux-gnu.so"
    assert "cp313-cp313-manylinux_2_41_x86_64" in map(str, python.tags)


def test_tags_are_those_that_packaging_lists_on_the_system_itself() -> None:
    """The one interpreter at hand for which the right answer is known: this one."""
    name, version = platform.libc_ver()
    own = interpret(
        facts(
            version=platform.python_version(),
            libc=[name, version],
            machine=platform.machine(),
            gil_disabled=False,
        ),
        executable="/usr/bin/python3",
    )
    assert own.tags == tuple(packaging.tags.sys_tags())


def test_python_2_7() -> None:
    python = interpret(
        facts(
            version="2.7.18",
            soabi="",
            ext_suffix=".so",
            libc=["glibc", "2.31"],
            stdlib=["/usr/lib/python2.7", "/usr/lib/python2.7/plat-x86_64-linux-gnu"],
        ),
        executable="/usr/bin/python2.7",
    )
    assert python.stdlib == ("/usr/lib/python2.7", "/usr/lib/python2.7/plat-x86_64-linux-gnu")
    assert "cp27-cp27mu-manylinux_2_31_x86_64" in map(str, python.tags)
    assert python.series == (2, 7)


def test_a_musl_that_its_python_cannot_name_is_the_oldest() -> None:
    python = interpret(
        facts(libc=["", ""], soabi="cpython-313-x86_64-linux-musl"), executable="/usr/bin/python3"
    )
    assert python.libc == ("musl", "1.1")
    assert str(python.tags[1]) == "cp313-cp313-musllinux_1_1_x86_64"


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("version", None),
        ("version", 3),
        ("version", "3.13"),
        ("version", "3.13.5\n"),
        ("version", "3.13.5 $(reboot)"),
        ("implementation", "../x"),
        ("machine", "x86 64"),
        ("soabi", ["x"]),
        ("ext_suffix", "so"),
        ("ext_suffix", "./../x.so"),
        ("pointer_size", True),
        ("pointer_size", "8"),
        ("unicode_size", 10**9),
        ("gil_disabled", 0),
        ("libc", ["glibc"]),
        ("libc", "glibc 2.41"),
        ("libc", ["glibc", 2.41]),
        ("markers", None),
        ("markers", {**FACTS["markers"], "os_name": 1}),
        ("markers", {**FACTS["markers"], "os_name": "a\x1b[31m"}),
        ("markers", {k: v for k, v in FACTS["markers"].items() if k != "sys_platform"}),
        ("markers", {**FACTS["markers"], "platform_version": "x" * 5000}),
        ("paths", []),
        ("paths", {**FACTS["paths"], "purelib": "/usr/lib"}),
        ("paths", {**FACTS["paths"], "purelib": "../lib"}),
        ("paths", {**FACTS["paths"], "purelib": "lib/../../x"}),
        ("paths", {**FACTS["paths"], "include": ""}),
    ],
)
def test_an_answer_that_cannot_be_names_its_key(key: str, value: Any) -> None:
    with pytest.raises(ProbeFailed, match=key):
        interpret(facts(**{key: value}), executable="/usr/bin/python3")


@pytest.mark.parametrize(
    "stdlib", [None, [], "/usr/lib/python2.7", ["lib"], ["/usr/../x"], ["/a'b"], ["/usr/lib/x\n"]]
)
def test_a_library_of_python_2_that_cannot_be(stdlib: Any) -> None:
    with pytest.raises(ProbeFailed, match="stdlib"):
        interpret(facts(version="2.7.18", stdlib=stdlib), executable="/usr/bin/python2.7")
