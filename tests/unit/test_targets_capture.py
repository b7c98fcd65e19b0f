"""A server's description is data from outside: every value is checked, and a complaint names the key."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from capture_helpers import OTHER_PYTHON, PYTHON, read, write

from podwheel.errors import TargetFileError
from podwheel.targets import capture

if TYPE_CHECKING:
    from pathlib import Path


def complaint(directory: Path, **changes: Any) -> str:
    with pytest.raises(TargetFileError) as caught:
        read(directory, **changes)
    return caught.value.what


def test_a_description(tmp_path: Path) -> None:
    server = read(tmp_path)
    assert (server.id, server.codename, server.cpu) == ("debian", "trixie", "x86-64-v3")
    assert server.libc == ("glibc", "2.41")
    assert server.packages["libpq5"].version == "17.2-1"
    assert server.libraries == {"libc.so.6"}
    (python,) = server.pythons
    assert str(python) == "/usr/bin/python3 (cpython 3.13.5)"
    tags = {str(tag) for tag in python.tags}
    assert {"cp313-cp313-linux_x86_64", "cp313-cp313-manylinux_2_41_x86_64"} <= tags
    assert "cp313-cp313-manylinux_2_42_x86_64" not in tags


def test_tags_of_an_old_python(tmp_path: Path) -> None:
    """2.7 cannot name its libc; the system can."""
    old = {**PYTHON, "version": "2.7.18", "soabi": "", "libc": ""}
    (python,) = read(tmp_path, pythons=[old], libc="glibc 2.31").pythons
    tags = [str(tag) for tag in python.tags]
    assert tags[0] == "cp27-cp27mu-linux_x86_64"
    assert "cp27-cp27mu-manylinux_2_31_x86_64" in tags


def test_libc_where_only_a_python_knows_it(tmp_path: Path) -> None:
    assert read(tmp_path, libc="").libc == ("glibc", "2.41")


def test_packages_and_libraries_of_another_architecture_do_not_count(tmp_path: Path) -> None:
    server = read(
        tmp_path,
        packages=[["libz1", "1", "i386"], ["tzdata", "2", "all"], ["bad name", "1", "amd64"]],
        libraries=[["liba.so.1", "/a", "libc6"], ["libb.so.1", "/b", "libc6,x86-64"], ["libc.so.1", "/c", ""]],
    )  # fmt: skip
    assert set(server.packages) == {"tzdata"}
    assert server.libraries == {"libb.so.1", "libc.so.1"}


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"podwheel-capture": 2}, "podwheel-capture is 2, not 1"),
        ({"podwheel-capture": True}, "podwheel-capture is True, not 1"),
        ({"podwheel-capture": None}, "podwheel-capture is None, not 1"),
        ({"id": None}, "server.json: id is missing"),
        ({"id": ["debian"]}, "server.json: id cannot be that, with 1 in it"),
        ({"id": "de/bian"}, "server.json: id cannot be 'de/bian'"),
        ({"id": "x" * 5000}, "server.json: id cannot be 'xxx"),
        ({"name": "\x1b[2J"}, r"server.json: name cannot be '\x1b[2J'"),
        ({"libc": "glibc 2.41; rm -rf"}, "server.json: libc cannot be"),
        ({"pythons": {}}, "server.json: pythons cannot be that, with 0 in it"),
        ({"pythons": ["python3"]}, "server.json: pythons[0] cannot be 'python3'"),
        ({"pythons": [{**PYTHON, "version": "3"}]}, "server.json: pythons[0].version cannot be '3'"),
        ({"pythons": [{**PYTHON, "path": "python3"}]}, "server.json: pythons[0].path cannot be"),
        ({"pythons": [{**PYTHON, "pointer_size": 8}]}, "server.json: pythons[0].pointer_size cannot"),
        ({"pythons": [{**PYTHON, "names": [1]}]}, "server.json: pythons[0].names cannot be 1"),
        ({"packages": [["libc6", "2"]]}, "server.json: packages[0] cannot be that, with 2 in it"),
        ({"packages": [["libc6", 2, "amd64"]]}, "server.json: packages[0] cannot be 2"),
        ({"libraries": [["x", "/x", ""]] * 100_001}, "server.json: libraries cannot be that, with 100001"),
        ({"sources": "deb"}, "server.json: sources cannot be 'deb'"),
    ],
)  # fmt: skip
def test_what_cannot_be(tmp_path: Path, changes: dict[str, Any], told: str) -> None:
    assert told in complaint(tmp_path, **changes)


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "server.json is empty: the capture did not run to its end"),
        (b" \n", "server.json is empty: the capture did not run to its end"),
        (b'Welcome to web-1!\n{"podwheel-capture": 1}', "no description that this podwheel can read: Expecting value"),
        (b'{"podwheel-capture": 1, "na', "no description that this podwheel can read: Unterminated"),
        (b'{"podwheel-capture": "\xff"}', "no description that this podwheel can read: "),
        (b"[" * 100_000, "no description that this podwheel can read: "),
        (b'{"podwheel-capture": ' + b"9" * 5000 + b"}", "no description that this podwheel can read: "),
        (b"[]", "no description that this podwheel can read: it is no object"),
        (b" " * ((32 << 20) + 1), "no description that this podwheel can read: it is larger than 32 MB"),
    ],
    ids=["nothing", "blank", "a greeting", "cut off", "no text", "deep", "a long number", "a list", "huge"],
)  # fmt: skip
def test_no_description(tmp_path: Path, data: bytes, told: str) -> None:
    path = tmp_path / "server.json"
    path.write_bytes(data)
    with pytest.raises(TargetFileError) as caught:
        capture.read(path, shown="server.json")
    assert told in caught.value.what
    assert any(
        "podwheel target capture | ssh SERVER sh > server.json" in h for h in caught.value.hint
    )


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(TargetFileError, match=r"there is no file server\.json"):
        capture.read(tmp_path / "server.json", shown="server.json")


def test_which_python_is_meant(tmp_path: Path) -> None:
    both = [PYTHON, OTHER_PYTHON]
    local = "/usr/local/bin/python3.12"
    assert read(tmp_path, pythons=both).default_python == "/usr/bin/python3"
    assert read(tmp_path, pythons=both, python3="/root/shim").default_python == "/usr/bin/python3"
    assert read(tmp_path, pythons=both, python3=local).default_python == local
    assert read(tmp_path, pythons=[OTHER_PYTHON], python3="").default_python == local
    none = read(tmp_path, pythons=[OTHER_PYTHON, {**OTHER_PYTHON, "path": "/x", "names": []}])
    with pytest.raises(TargetFileError, match=r"it has /usr/local/bin/python3\.12 \(cpython 3"):
        none.default_python  # noqa: B018 - the question is asked for its error
    with pytest.raises(TargetFileError, match="there was no Python on the server"):
        read(tmp_path, pythons=[]).default_python  # noqa: B018


def test_a_description_is_written_as_it_is_read(tmp_path: Path) -> None:
    """The helper's, which the tests of others build on, holds every key that the reader asks for."""
    assert set(json.loads(write(tmp_path).read_text())) >= {"python3", "cpu", "libraries"}
