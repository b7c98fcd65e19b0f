"""What the capture script says of made-up servers, in the shells that are on every machine for tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import capture_helpers as made
import pytest

from podwheel.targets import capture

if TYPE_CHECKING:
    from pathlib import Path

SHELLS = pytest.mark.parametrize("shell", ["sh", "bash"])


@pytest.fixture
def root(tmp_path: Path) -> made.Root:
    return made.Root(tmp_path)


@SHELLS
def test_a_server_with_dpkg_and_odd_values(root: made.Root, shell: str) -> None:
    made.debian(root)
    said, complaints = root.captured(shell=(shell,))
    assert said["podwheel-capture"] == 1
    assert (said["id"], said["version_id"], said["codename"]) == ("debian", "8", "jessie")
    assert said["name"] == 'Debian "8" \\ ? ? caf??'
    assert (said["machine"], said["cpu"], said["libc"]) == ("x86_64", "x86-64-v3", "glibc 2.19")
    assert (said["family"], said["architecture"]) == ("debian", "amd64")
    assert said["packages"] == [["libpq5", "9.4-1", "amd64"], ['"odd\\?', '1"', "amd64"]]
    assert said["sources"] == [
        "deb [arch=amd64] https://mirror.example.org/debian jessie main",
        "deb-src http://mirror.example.org/debian jessie main",
        "deb https://a.example.org/ stable main",
        "deb http://b.example.org/ stable main",
    ]
    assert said["pythons"] == [
        {
            "path": "/usr/bin/python2.7",
            "names": ["/usr/bin/python", "/usr/bin/python2.7"],
            "version": "2.7.18",
            'odd"\\': 'va\\l"ue ??',
        }
    ]
    libraries = {name: path for name, path, _ in said["libraries"]}
    assert libraries["libz.so.1"] == "/usr/lib/libz.so.1"
    assert libraries['lib"quoted"\\.so.2'] == '/usr/lib/lib"quoted"\\.so.2'
    assert complaints.splitlines() == [
        f"podwheel capture: {root.directory}/usr/bin/python3.9 cannot be asked what it is"
    ]


@SHELLS
def test_a_server_with_rpm(root: made.Root, shell: str) -> None:
    made.rpm(root)
    said, complaints = root.captured(shell=(shell,))
    assert (said["id"], said["id_like"]) == ("rocky", "rhel centos fedora")
    assert (said["cpu"], said["libc"], said["family"]) == ("x86-64", "glibc 2.34", "rpm")
    assert said["packages"] == [["openssl-libs", "1:3.0.7-27.el9", "x86_64"]]
    assert said["libraries"] == [["libssl.so.3", "/usr/lib64/libssl.so.3", "libc6,x86-64"]]
    assert said["sources"] == [
        "[base] https://mirrors.example.org/list",
        "[two] http://one.example.org/ ftp://two.example.org/",
    ]
    assert said["pythons"] == [
        {
            "path": "/opt/_internal/cpython-3.9/bin/python3.9",
            "names": ["/opt/python/cp39-cp39/bin/python3.9"],
            "version": "3.9.1",
        }
    ]
    assert complaints == ""
    assert "secret" not in str(said)


def test_a_server_that_says_nothing(root: made.Root) -> None:
    """Valid all the same, and every lack is told."""
    for program in ("dpkg-query", "rpm", "ldconfig", "getconf", "ldd"):
        root.program(program, "exit 1")
    said, complaints = root.captured()
    assert (said["id"], said["cpu"], said["libc"], said["family"]) == ("", "", "", "")
    assert [said[key] for key in ("pythons", "sources", "packages", "libraries")] == [[]] * 4
    assert len(complaints.splitlines()) == 2


def test_older_than_os_release(root: made.Root) -> None:
    root.file("etc/redhat-release", "CentOS release 6.10 (Final)\n")
    said, _ = root.captured()
    assert (said["id"], said["name"]) == ("redhat", "CentOS release 6.10 (Final)")


def test_nothing_is_written(root: made.Root) -> None:
    made.debian(root)
    before = sorted(str(path) for path in root.directory.rglob("*"))
    root.captured()
    assert sorted(str(path) for path in root.directory.rglob("*")) == before


def test_half_a_script_does_nothing() -> None:
    """The last line calls it: what a broken connection brings is never run."""
    assert capture.script().endswith('\nmain "$@"\n')
    assert capture.script() == made.SCRIPT.read_text()
