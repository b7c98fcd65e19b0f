"""guest/ccache.py: a package's compiler cache, brought in and out of a container; what it holds is hostile."""

from __future__ import annotations

import io
import os
import sys
import tarfile
from typing import TYPE_CHECKING

import pytest
from guest_helpers import PYTHONS, Guest, environment, guest, sdist

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BACKEND = """
import os, subprocess
def get_requires_for_build_wheel(settings):
    cc = subprocess.check_output(["cc", "-c", "x.c"]).decode()
    known = os.listdir(os.environ["CCACHE_DIR"] + "/0")
    return [cc, os.environ["PATH"].split(":")[0], ",".join(sorted(known))]
"""

# Keeps an entry for a call in a compiler's name, and says what it was told to say.
LOADER = """#!/bin/sh
shift 2  # where libraries are
exec "$@"
"""
CCACHE = """#!/bin/sh
case $1 in
--zero-stats) mkdir -p "$CCACHE_DIR/0"; exit ;;
--print-stats) cat "{said}"; exit ;;
esac
echo made >"$CCACHE_DIR/0/entry"
echo "$* $CCACHE_MAXSIZE $(cat "$CCACHE_EXTRAFILES")"
"""
STATS = "cache_miss\t2\ndirect_cache_hit\t1\npreprocessed_cache_hit\t40\nfiles_in_cache\t7\n"
LIMIT = 1 << 20


@pytest.fixture(params=PYTHONS)
def builder(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Guest]:
    environment(tmp_path, sys.executable)
    (tmp_path / "podwheel/in").mkdir()
    (tmp_path / "said").write_text(STATS)
    with guest("build.py", tmp_path, request.param) as running:
        archive = sdist(tmp_path / "thing.tar", {"backend.py": BACKEND})
        assert running.ask("unpack", archive=str(archive))["ok"] is True
        yield running


def program(builder: Guest, name: str, text: str) -> None:
    place = builder.root / "podwheel/env/bin" / name
    place.write_text(text)
    place.chmod(0o755)


def lent(builder: Guest, *, limit: int = LIMIT) -> None:
    place = builder.root / "podwheel/ccache"
    place.mkdir()
    (place / "loader").write_text(LOADER)
    (place / "ccache").write_text(CCACHE.format(said=builder.root / "said"))
    for path in place.iterdir():
        path.chmod(0o755)
    program(builder, "cc", "#!/bin/sh\n")
    reply = builder.ask("ccache", limit=limit, toolchain="gcc 14")
    assert reply == {"ok": True}, builder.log.read_text()


def seen(builder: Guest) -> list[str]:
    """What the hook saw: its compiler's output, the front of PATH, the files of the cache."""
    request = {"hook": "get_requires_for_build_wheel", "backend": "backend", "backend_path": ["."]}
    reply = builder.ask("hook", **request)
    assert reply["ok"] is True, (reply, builder.log.read_text())
    value: list[str] = reply["value"]
    return value


def archive(
    builder: Guest, *members: tuple[str, bytes | None], kind: bytes = tarfile.REGTYPE
) -> None:
    """What an earlier build left."""
    with tarfile.open(builder.root / "podwheel/in/ccache", "w", format=tarfile.GNU_FORMAT) as out:
        for name, data in members:
            member = tarfile.TarInfo(name)
            member.type, member.size, member.mtime = kind, len(data or b""), 1500000000
            member.linkname = "/etc" if kind == tarfile.SYMTYPE else ""
            out.addfile(member, io.BytesIO(data or b""))


def test_compilers_are_called_through_it_and_what_is_new_is_sent(
    builder: Guest, tmp_path: Path
) -> None:
    archive(builder, ("0/old", b"known"))
    lent(builder)
    said, front, files = seen(builder)
    compiler = str(builder.root / "podwheel/env/bin/cc")
    assert said.split() == [compiler, "-c", "x.c", "1M", "gcc", "14"]
    assert front == str(builder.root / "build/podwheel-ccache")
    assert files == "entry,old"
    (builder.root / "build/ccache/tmp").mkdir()
    (builder.root / "build/ccache/ccache.conf").write_text("prefix_command = evil\n")
    (builder.root / "build/ccache/0/link").symlink_to("/etc/passwd")
    os.mkfifo(builder.root / "build/ccache/0/pipe")
    into = tmp_path / "into"
    into.mkdir()
    assert builder.receive("ccache-send", into) == {
        "ok": True, "files": 1, "found": 41, "compiled": 2,
    }  # fmt: skip
    assert [path.name for path in into.iterdir()] == ["cache.tar"]
    with tarfile.open(into / "cache.tar") as sent:
        assert {m.name: m.mtime for m in sent}["0/old"] == 1500000000
        assert sorted(sent.getnames()) == ["0/entry", "0/old"]


def test_what_was_used_last_is_sent_where_not_all_may_be(builder: Guest, tmp_path: Path) -> None:
    lent(builder, limit=10_000)
    for number in range(4):
        place = builder.root / f"build/ccache/0/{number}"
        place.write_bytes(b"x" * 3000)
        os.utime(place, (number, number))
    into = tmp_path / "into"
    into.mkdir()
    builder.receive("ccache-send", into)
    with tarfile.open(into / "cache.tar") as sent:
        assert sent.getnames() == ["0/3", "0/2"]


def test_nothing_new_is_not_sent(builder: Guest) -> None:
    lent(builder)
    (builder.root / "said").write_text("cache_miss\t0\npreprocessed_cache_hit\t3\n")
    assert builder.ask("ccache-send") == {"ok": True, "files": 0, "found": 3, "compiled": 0}


@pytest.mark.parametrize(
    "members",
    [
        [("0/old", b"x"), ("../escaped", b"x")],
        [("0/old", b"x"), ("/escaped", b"x")],
        [("ccache.conf", b"prefix_command = evil\n")],
        [("0/large", b"x" * (LIMIT + 1))],
        [("0/" + "n" * 120, b"x")],
    ],
)
def test_an_archive_with_anything_else_is_left_out(
    builder: Guest, members: list[tuple[str, bytes]]
) -> None:
    archive(builder, *members)
    lent(builder)
    assert seen(builder)[2] == "entry"
    assert not list(builder.root.rglob("escaped"))
    assert "the compiler cache is of no use" in builder.log.read_text()


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.FIFOTYPE, tarfile.DIRTYPE])
def test_an_archive_of_other_than_files_is_left_out(builder: Guest, kind: bytes) -> None:
    archive(builder, ("0/old", None), kind=kind)
    lent(builder)
    assert seen(builder)[2] == "entry"


@pytest.mark.parametrize("cut", [0, 100, 700])
def test_half_an_archive_is_left_out(builder: Guest, cut: int) -> None:
    archive(builder, ("0/old", b"x" * 1000))
    place = builder.root / "podwheel/in/ccache"
    place.write_bytes(place.read_bytes()[:cut])
    lent(builder)
    assert seen(builder)[2] == "entry"


@pytest.mark.parametrize(
    "said",
    ["", "\x00\x1b[2J", "cache_miss\t-5\n", "cache_miss\t" + "9" * 40, "cache_miss\n" * 9999],
)
def test_statistics_that_are_none_count_nothing(builder: Guest, said: str) -> None:
    lent(builder)
    (builder.root / "said").write_text(said)
    assert builder.ask("ccache-send") == {"ok": True, "files": 0, "found": 0, "compiled": 0}


def test_nobody_finds_a_ccache_on_path(builder: Guest) -> None:
    """Meson would put it into what it makes."""
    lent(builder)
    assert [path.name for path in (builder.root / "build/podwheel-ccache").iterdir()].count(
        "ccache"
    ) == 0


@pytest.mark.parametrize(
    "name", ["gcc", "x86_64-linux-gnu-g++-14", "aarch64-linux-gnu-gcc", "clang"]
)
def test_every_compiler_is_called_by_it(builder: Guest, name: str) -> None:
    for program_name in (name, "c89-gcc", "gcc-ar", "pkg-config", "g++filt"):
        program(builder, program_name, "#!/bin/sh\n")
    lent(builder)
    there = {path.name for path in (builder.root / "build/podwheel-ccache").iterdir()}
    assert {name, "cc"} <= there
    assert not there & {"c89-gcc", "gcc-ar", "pkg-config", "g++filt"}


def test_a_container_without_ccache(tmp_path: Path) -> None:
    with guest("build.py", tmp_path, sys.executable) as running:
        for request in ({"op": "ccache", "limit": LIMIT, "toolchain": ""}, {"op": "ccache-send"}):
            assert running.ask(**request) == {"ok": False, "reason": "no-ccache"}
