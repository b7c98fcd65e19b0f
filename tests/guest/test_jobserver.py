"""guest/jobserver.py: how a hook's tools are told of the jobserver, each in its version's words."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest
from guest_helpers import Guest, environment, guest, sdist

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BACKEND = """
import os, subprocess
def get_requires_for_build_wheel(settings):
    said = [subprocess.check_output([tool, "all"]).decode() for tool in ("make", "ninja")]
    return said + [os.environ.get("CMAKE_BUILD_PARALLEL_LEVEL", "unset")]
"""

TOOL = """#!/bin/sh
if [ "$1" = --version ]; then echo "{version}"; echo >>$0.asked; exit; fi
echo "$MAKEFLAGS $*"
readlink /proc/$$/fd/8 /proc/$$/fd/9 || :
"""


@pytest.fixture
def builder(tmp_path: Path) -> Iterator[Guest]:
    environment(tmp_path, sys.executable)
    with guest("build.py", tmp_path, sys.executable) as running:
        archive = sdist(tmp_path / "thing.tar", {"backend.py": BACKEND})
        assert running.ask("unpack", archive=str(archive))["ok"] is True
        yield running


def told(builder: Guest, *, make: str, ninja: str, **environment: str) -> list[str]:
    """What make and ninja of those versions see, and what cmake would."""
    for name, version in {"make": make, "ninja": ninja}.items():
        program = builder.root / "podwheel/env/bin" / name
        program.write_text(TOOL.format(version=version))
        program.chmod(0o755)
    reply = builder.ask(
        "hook",
        hook="get_requires_for_build_wheel",
        backend="backend",
        backend_path=["."],
        environment={"MAX_JOBS": "3", **environment},
    )
    assert reply["ok"] is True, (reply, builder.log.read_text())
    value: list[str] = reply["value"]
    return value


@pytest.fixture
def fifo(builder: Guest) -> Path:
    place = builder.root / "podwheel/jobs"
    os.mkfifo(place)
    return place


def test_without_a_jobserver_nobody_hears_of_one(builder: Guest) -> None:
    assert told(builder, make="GNU Make 4.4.1", ninja="1.13.2") == [" all\n", " all\n", "unset"]


def test_tools_that_know_the_fifo(builder: Guest, fifo: Path) -> None:
    flags = f" -j3 --jobserver-auth=fifo:{fifo} all\n"
    assert told(builder, make="GNU Make 4.4.1", ninja="1.13.2") == [flags, flags, "unset"]


def test_a_make_that_knows_only_descriptors_and_a_ninja_beside_it(
    builder: Guest, fifo: Path
) -> None:
    make, ninja, cmake = told(builder, make="GNU Make 4.3", ninja="1.13.2")
    assert make == f" -j3 --jobserver-auth=8,9 all\n{fifo}\n{fifo}\n"
    assert ninja == f" -j3 --jobserver-auth=fifo:{fifo} all\n"
    assert cmake == "unset"
    # What cargo tells a make below it, and what make tells one.
    inner = f" -j --jobserver-fds=fifo:{fifo} --jobserver-auth=fifo:{fifo}"
    make = told(builder, make="GNU Make 4.3", ninja="1.13.2", MAKEFLAGS=inner)[0]
    assert make == f" -j --jobserver-fds=8,9 --jobserver-auth=8,9 all\n{fifo}\n{fifo}\n"
    nested = " -j --jobserver-auth=5,6"
    make = told(builder, make="GNU Make 4.3", ninja="1.13.2", MAKEFLAGS=nested)[0]
    assert make == f"{nested} all\n"


def test_a_ninja_that_knows_none_has_its_share_by_way_of_cmake(builder: Guest, fifo: Path) -> None:
    assert told(builder, make="GNU Make 4.4.1", ninja="1.11.1")[2] == "3"


def test_a_version_is_asked_for_once(builder: Guest, fifo: Path) -> None:
    for _ in range(2):
        told(builder, make="GNU Make 4.4.1", ninja="1.13.2")
    asked = builder.root / "podwheel/env/bin/make.asked"
    assert asked.read_text() == "\n"


def test_what_a_user_has_set_stays(builder: Guest, fifo: Path) -> None:
    given = {"MAKEFLAGS": "-j7", "CMAKE_BUILD_PARALLEL_LEVEL": "5"}
    assert told(builder, make="GNU Make 4.3", ninja="1.11.1", **given) == [
        "-j7 all\n", "-j7 all\n", "5",
    ]  # fmt: skip
