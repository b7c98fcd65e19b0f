"""guest/build.py: archives, patches, hooks; on every Python that PODWHEEL_GUEST_PYTHONS names."""

from __future__ import annotations

import io
import json
import os
import shutil
import signal
import subprocess
import tarfile
import textwrap
import time
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from guest_helpers import GUEST, Guest, environment, every_python, guest, sdist

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = every_python

BACKEND = """
import os, sys

def get_requires_for_build_wheel(settings):
    print("chatter")
    sys.stdout.flush()
    return ["wheel", settings.get("flavour", "plain"), os.environ.get("COLOUR", "none"), os.getcwd()]

def prepare_metadata_for_build_wheel(directory, settings):
    os.mkdir(os.path.join(directory, "thing-1.0.dist-info"))
    with open(os.path.join(directory, "thing-1.0.dist-info", "METADATA"), "wb") as file:
        file.write(u"Name: thing\\nAuthor: J\\u00fcrgen\\n".encode("utf-8"))
    return "thing-1.0.dist-info"

def build_wheel(directory, settings, metadata_directory):
    with open(os.path.join(directory, "thing-1.0-py3-none-any.whl"), "wb") as file:
        file.write(b"wheel" * 300000)
    return "thing-1.0-py3-none-any.whl"
"""


@pytest.fixture
def builder(tmp_path: Path, python: str) -> Iterator[Guest]:
    environment(tmp_path, python)
    with guest("build.py", tmp_path, python) as running:
        yield running


def unpack(builder: Guest, backend: str, **files: str) -> None:
    archive = sdist(
        builder.root / "thing.tar.gz", {"backend.py": textwrap.dedent(backend), **files}
    )
    reply = builder.ask("unpack", archive=str(archive))
    assert reply["ok"] is True, reply


def hook(builder: Guest, name: str = "get_requires_for_build_wheel", **more: Any) -> dict[str, Any]:
    request = {"backend": "backend", "backend_path": ["."], "config_settings": {}, **more}
    return builder.ask("hook", hook=name, **request)


# --------------------------------------------------------------------------- hooks


def test_the_hooks_of_a_backend(builder: Guest, tmp_path: Path) -> None:
    unpack(builder, BACKEND)
    root = str(tmp_path / "build/src/thing-1.0")
    requires = hook(builder, config_settings={"flavour": "vanilla"}, environment={"COLOUR": "red"})
    assert requires == {"ok": True, "value": ["wheel", "vanilla", "red", root]}
    metadata = hook(builder, "prepare_metadata_for_build_wheel")["value"]
    assert metadata == {
        "directory": "thing-1.0.dist-info",
        "metadata": "Name: thing\nAuthor: Jürgen\n",
    }
    for _ in range(2):  # the second build finds no leavings of the first
        assert hook(builder, "build_wheel") == {"ok": True, "value": "thing-1.0-py3-none-any.whl"}
    into = tmp_path / "into"
    into.mkdir()
    sent = builder.receive("send", into, directory=str(tmp_path / "build/wheel"))
    assert sent == {"ok": True, "files": 1}
    assert (into / "thing-1.0-py3-none-any.whl").read_bytes() == b"wheel" * 300000
    assert "chatter" in builder.log.read_text()
    assert builder.ask("exit") == {"ok": True}
    assert builder.process.wait(20) == 0


def test_optional_hooks(builder: Guest) -> None:
    unpack(builder, "def build_wheel(*args): return 'x.whl'")
    assert hook(builder) == {"ok": True, "value": []}
    assert hook(builder, "prepare_metadata_for_build_wheel")["reason"] == "no-hook"


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("raise ValueError('no good')", {"reason": "raised", "exception": "ValueError: no good"}),
        ("import no_such_module", {"reason": "raised"}),
        ("raise SystemExit(7)", {"reason": "exited", "code": 7}),
        ("import os; os._exit(5)", {"reason": "exited", "code": 5}),
        ("import os; os.kill(os.getpid(), 9)", {"reason": "killed", "signal": 9}),
        ("import os; os.write(3, b'nonsense'); os._exit(0)", {"reason": "exited", "code": 0}),
    ],
)
def test_a_hook_that_fails_says_how(builder: Guest, code: str, expected: dict[str, Any]) -> None:
    unpack(builder, f"def get_requires_for_build_wheel(settings):\n    {code}\n")
    reply = hook(builder)
    assert reply["ok"] is False
    assert {key: reply[key] for key in expected} == expected
    if expected["reason"] == "raised":
        assert reply["exception"].split(":")[0] in (
            "ValueError",
            "ImportError",
            "ModuleNotFoundError",
        )
        assert "Traceback" in builder.log.read_text()
    assert builder.ask("exit") == {"ok": True}  # and the guest lives on


def test_a_backend_that_is_not_there(builder: Guest) -> None:
    unpack(builder, "")
    reply = hook(builder, backend="no_such_backend:api", backend_path=[])
    assert (reply["ok"], reply["reason"]) == (False, "backend-import")
    assert "no_such_backend" in reply["exception"]
    reply = hook(builder, backend="backend:absent.thing")
    assert (reply["ok"], reply["reason"]) == (False, "backend-import")


def test_an_in_tree_backend_comes_from_its_path(builder: Guest) -> None:
    """PEP 517: `backend-path = ["."]` and a backend of the standard library's name."""
    unpack(builder, "")
    reply = hook(builder, backend="json", backend_path=["."])
    assert (reply["ok"], reply["reason"]) == (False, "backend-import")
    assert "backend-path" in reply["exception"]


def test_what_few_builds_need_is_not_imported(python: str) -> None:
    program = f"""
import sys
sys.path.insert(0, {str(GUEST)!r})
before = set(sys.modules)
import build
dear = ("subprocess", "tempfile", "traceback", "zipfile")
print([name for name in dear if name in sys.modules and name not in before])
"""
    said = subprocess.run([python, "-S", "-c", program], capture_output=True, text=True, check=True)
    if "python2" not in python:  # there, tarfile needs some of them itself
        assert said.stdout == "[]\n"


def test_what_its_hooks_used_is_told_beside_what_all_of_it_used(builder: Guest) -> None:
    backend = """
        import time
        def get_requires_for_build_wheel(settings):
            until = time.time() + 20
            while sum(__import__("os").times()[:2]) < 0.3 and time.time() < until:
                pass
            return []
        """
    unpack(builder, backend)
    before = builder.usage["children_cpu_seconds"]
    assert builder.ask(
        "hook", hook="get_requires_for_build_wheel", backend="backend", backend_path=["."]
    )["ok"]
    assert builder.usage["children_cpu_seconds"] >= before + 0.3
    assert builder.usage["cpu_seconds"] > builder.usage["children_cpu_seconds"]


def test_the_guests_own_modules_are_not_on_the_path(builder: Guest) -> None:
    """A project may be called `build`, and there is one beside hook.py."""
    unpack(
        builder,
        """
        def get_requires_for_build_wheel(settings):
            found = []
            for name in ("build", "common", "unpack", "probe"):
                try:
                    __import__(name); found.append(name)
                except ImportError:
                    pass
            return found
        """,
    )
    assert hook(builder) == {"ok": True, "value": []}


def test_an_object_inside_the_backend(builder: Guest) -> None:
    code = """
    class Api(object):
        def get_requires_for_build_wheel(self, settings):
            return ["inner"]
    class __legacy__(object):
        api = Api()
    """
    unpack(builder, code)
    assert hook(builder, backend="backend:__legacy__.api") == {"ok": True, "value": ["inner"]}


def test_a_large_record_and_a_child_that_keeps_it_open(builder: Guest) -> None:
    unpack(
        builder,
        """
        import os, time
        def get_requires_for_build_wheel(settings):
            if os.fork() == 0:
                time.sleep(1000)
            return ["x" * 1000] * 500
        """,
    )
    began = time.monotonic()
    assert len(hook(builder)["value"]) == 500
    assert time.monotonic() - began < 500  # far from the child's own end


def test_hanging_up_kills_a_hook(builder: Guest, tmp_path: Path) -> None:
    mark = tmp_path / "pid"
    unpack(
        builder,
        f"""
        import os, time
        def get_requires_for_build_wheel(settings):
            with open({str(mark)!r}, "w") as file:
                file.write(str(os.getpid()))
            os.rename({str(mark)!r}, {str(mark) + ".done"!r})
            time.sleep(1000)
        """,
    )
    builder.wire.send(
        {
            "op": "hook",
            "hook": "get_requires_for_build_wheel",
            "backend": "backend",
            "backend_path": ["."],
        }
    )
    done = tmp_path / "pid.done"
    while not done.exists():
        time.sleep(0.01)
    assert builder.hang_up() == 0
    with pytest.raises(ProcessLookupError):
        os.kill(int(done.read_text()), 0)


def test_hidden_from_its_children(builder: Guest) -> None:
    assert builder.hello == {"frame": "hello", "undumpable": True}


def test_unknown_operations_and_hooks_too_early(builder: Guest) -> None:
    assert builder.ask("dance") == {"ok": False, "reason": "unknown-operation"}
    assert hook(builder) == {"ok": False, "reason": "nothing-unpacked"}


def test_reading_a_file_of_the_source(builder: Guest) -> None:
    unpack(builder, "", **{"pyproject.toml": "\ufeff[build-system]\n"})
    assert builder.ask("read", path="pyproject.toml") == {"ok": True, "text": "[build-system]\n"}
    assert builder.ask("read", path="absent") == {"ok": True, "text": None}
    assert builder.ask("read", path="../../../log")["reason"] == "outside"


# --------------------------------------------------------------------------- archives


@pytest.mark.parametrize("suffix", ["tar", "tar.gz", "tar.bz2", "tar.xz"])
def test_tars(builder: Guest, tmp_path: Path, suffix: str) -> None:
    archive = sdist(tmp_path / f"thing.{suffix}", {"setup.py": "pass", "dir/été.py": ""})
    plain = archive.rename(tmp_path / "source")  # recognised by content
    reply = builder.ask("unpack", archive=str(plain))
    root = tmp_path / "build/src/thing-1.0"
    assert reply == {"ok": True, "root": str(root), "top": str(root)}
    assert (root / "setup.py").stat().st_mtime == 1500000000
    assert (root / "setup.py").stat().st_mode & 0o777 == 0o644
    assert (root / "dir/été.py").exists()


@pytest.mark.skipif(shutil.which("zstd") is None, reason="needs the zstd program")
def test_zstandard(builder: Guest, tmp_path: Path) -> None:
    archive = sdist(tmp_path / "thing.tar", {"setup.py": "pass"})
    subprocess.run(["zstd", "-q", str(archive)], check=True)
    assert builder.ask("unpack", archive=f"{archive}.zst")["ok"] is True


def test_zips(builder: Guest, tmp_path: Path) -> None:
    path = tmp_path / "thing.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name, mode in {"thing-1.0/setup.py": 0o644, "thing-1.0/configure": 0o777}.items():
            member = zipfile.ZipInfo(name, (2017, 7, 14, 2, 40, 0))
            member.external_attr = mode << 16
            archive.writestr(member, "pass")
    reply = builder.ask("unpack", archive=str(path))
    assert reply["ok"] is True, reply
    root = tmp_path / "build/src/thing-1.0"
    assert (root / "setup.py").stat().st_mtime == 1500000000
    assert (root / "setup.py").stat().st_mode & 0o777 == 0o644
    assert (root / "configure").stat().st_mode & 0o777 == 0o755


def test_links_inside_are_kept_and_links_out_refused(builder: Guest, tmp_path: Path) -> None:
    def archive(target: str) -> str:
        path = tmp_path / "links.tar"
        with tarfile.open(path, "w") as made:
            made.addfile(tarfile.TarInfo("thing-1.0/dir/file"))
            link = tarfile.TarInfo("thing-1.0/dir/link")
            link.type, link.linkname = tarfile.SYMTYPE, target
            made.addfile(link)
        return str(path)

    assert builder.ask("unpack", archive=archive("../dir/file"))["ok"] is True
    assert (tmp_path / "build/src/thing-1.0/dir/link").is_symlink()
    for out in ("/etc/passwd", "../../../x"):
        reply = builder.ask("unpack", archive=archive(out))
        assert (reply["ok"], reply["reason"]) == (False, "archive")


@pytest.mark.parametrize("name", ["../escape", "/absolute", "thing/../../escape"])
def test_members_that_lead_out_are_refused(builder: Guest, tmp_path: Path, name: str) -> None:
    path = tmp_path / "evil.tar"
    with tarfile.open(path, "w") as made:
        made.addfile(tarfile.TarInfo(name))
    reply = builder.ask("unpack", archive=str(path))
    assert (reply["ok"], reply["reason"]) == (False, "archive")
    assert not (tmp_path / "escape").exists()
    assert not (tmp_path / "build/escape").exists()


@pytest.mark.parametrize("data", [b"", b"no archive", b"\x1f\x8b\x08broken", b"PK\x03\x04broken"])
def test_what_is_no_archive_is_refused(builder: Guest, tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "broken"
    path.write_bytes(data)
    reply = builder.ask("unpack", archive=str(path))
    assert (reply["ok"], reply["reason"]) == (False, "archive"), reply


def test_a_truncated_archive_is_refused(builder: Guest, tmp_path: Path) -> None:
    whole = sdist(tmp_path / "t.tar.gz", {"a": os.urandom(50000).hex()}).read_bytes()
    (tmp_path / "cut").write_bytes(whole[: len(whole) // 2])
    assert builder.ask("unpack", archive=str(tmp_path / "cut"))["reason"] == "archive"


def test_an_archive_without_a_top_directory(builder: Guest, tmp_path: Path) -> None:
    path = tmp_path / "flat.tar"
    with tarfile.open(path, "w") as made:
        for name in ("setup.py", "pkg/__init__.py"):
            made.addfile(tarfile.TarInfo(name), io.BytesIO())
    assert builder.ask("unpack", archive=str(path))["root"] == str(tmp_path / "build/src")


def test_subdirectories_and_patches(builder: Guest, tmp_path: Path) -> None:
    archive = str(sdist(tmp_path / "t.tar.gz", {"python/setup.py": "one\n"}))
    (tmp_path / "p").write_text(
        "--- a/python/setup.py\n+++ b/python/setup.py\n@@ -1 +1 @@\n-one\n+two\n"
    )
    good = builder.ask(
        "unpack", archive=archive, subdirectory="python", patches=[str(tmp_path / "p")]
    )
    root = tmp_path / "build/src/thing-1.0/python"
    assert good == {"ok": True, "root": str(root), "top": str(root.parent)}
    assert (root / "setup.py").read_text() == "two\n"
    assert [p.name for p in root.iterdir()] == ["setup.py"]
    (tmp_path / "p").write_text(
        "--- a/python/setup.py\n+++ b/python/setup.py\n@@ -1 +1 @@\n-six\n+two\n"
    )
    bad = builder.ask("unpack", archive=archive, patches=[str(tmp_path / "p")])
    assert (bad["ok"], bad["reason"]) == (False, "patch")
    assert "FAILED" in bad["output"]
    assert (
        builder.ask("unpack", archive=archive, subdirectory="ruby")["reason"] == "no-subdirectory"
    )


# --------------------------------------------------------------------------- replay


def test_replay_runs_up_to_the_failing_hook_and_opens_a_shell(tmp_path: Path, python: str) -> None:
    environment(tmp_path, python)
    archive = sdist(tmp_path / "t.tar.gz", {"backend.py": BACKEND})
    request = {"op": "hook", "backend": "backend", "backend_path": ["."]}
    operations = [
        {"op": "unpack", "archive": str(archive)},
        {**request, "hook": "get_requires_for_build_wheel"},
        {**request, "hook": "build_wheel"},
    ]
    (tmp_path / "podwheel/in").mkdir()
    (tmp_path / "podwheel/in/replay.json").write_text(
        json.dumps({"operations": operations, "stop": 2})
    )
    done = subprocess.run(
        [python, "-E", "-s", "-S", "-B", str(GUEST / "replay.py")],
        input="pwd; which python; exit 4\n",
        capture_output=True,
        text=True,
        timeout=60,
        env={
            "PODWHEEL_GUEST_ROOT": str(tmp_path),
            "PATH": os.environ["PATH"],
            "HOME": str(tmp_path),
        },
    )
    assert done.returncode == 4, done.stderr
    assert done.stdout.splitlines()[-2:] == [
        str(tmp_path / "build/src/thing-1.0"),
        str(tmp_path / "podwheel/env/bin/python"),
    ]
    assert "chatter" in done.stderr
    command = next(line.strip() for line in done.stderr.splitlines() if "hook.py" in line)
    assert not (tmp_path / "build/wheel/thing-1.0-py3-none-any.whl").exists()
    again = subprocess.run(
        command.split(), cwd=tmp_path / "build/src/thing-1.0", capture_output=True, timeout=60
    )
    assert again.returncode == 0, again.stderr
    assert (tmp_path / "build/wheel/thing-1.0-py3-none-any.whl").exists()


def test_the_guest_survives_an_interrupt_from_inside(builder: Guest) -> None:
    """PID 1 gets only signals that it handles; Python's one handler is SIGINT's, and is taken out."""
    unpack(
        builder,
        "def get_requires_for_build_wheel(settings):\n    return [open('/proc/%d/status' % __import__('os').getppid()).read()]",
    )
    status = dict(
        line.split(":\t", 1) for line in hook(builder)["value"][0].splitlines() if ":\t" in line
    )
    assert int(status["SigCgt"], 16) & (1 << (signal.SIGINT - 1)) == 0


# --------------------------------------------------------------------------- what else belongs to it


def placed(builder: Guest, *places: dict[str, Any], subdirectory: str | None = None) -> Any:
    files = {"backend.py": "", "vendor/x/old": "old", "sub/pyproject.toml": ""}
    archive = sdist(builder.root / "thing.tar.gz", files)
    return builder.ask(
        "unpack", archive=str(archive), subdirectory=subdirectory, place=list(places)
    )


def test_a_file_is_put_where_the_build_looks_for_it(builder: Guest) -> None:
    given = builder.root / "given"
    given.write_text("given")
    reply = placed(
        builder,
        {"from": str(given), "to": "new/one.txt", "base": "source"},
        {"from": str(given), "to": "top.txt", "base": "top"},
        {"from": str(given), "to": "home/.cargo/config.toml", "base": "build"},
        {"from": str(given), "to": "two.txt", "base": "source", "unpack": False},
        subdirectory="sub",
    )
    assert reply["ok"] is True, reply
    for path in ("new/one.txt", "../top.txt", "two.txt"):
        assert (Path(reply["root"]) / path).read_text() == "given"
    assert (builder.root / "build/home/.cargo/config.toml").read_text() == "given"


@pytest.mark.parametrize("kind", ["tar", "zip", "no top directory"])
def test_an_archive_makes_room_for_itself(builder: Guest, kind: str) -> None:
    """What is there is a submodule's empty directory mostly; the archive's own top is left out."""
    inner = builder.root / "inner"
    if kind == "tar":
        sdist(inner, {"new": "new", "deep/er": "deeper"})
    else:
        with zipfile.ZipFile(inner, "w") as archive:
            top = "inner-1.0/" if kind == "zip" else ""
            archive.writestr(f"{top}new", "new")
            archive.writestr(f"{top}deep/er", "deeper")
    reply = placed(
        builder, {"from": str(inner), "to": "vendor/x", "base": "source", "unpack": True}
    )
    assert reply["ok"] is True, reply
    found = Path(reply["root"], "vendor/x")
    assert sorted(p.name for p in found.iterdir()) == ["deep", "new"]
    assert (found / "deep/er").read_text() == "deeper"


@pytest.mark.parametrize("to", ["../x", "/etc/x", ".", "vendor/../.."])
def test_nothing_is_put_elsewhere(builder: Guest, to: str) -> None:
    given = builder.root / "given"
    given.write_text("given")
    reply = placed(builder, {"from": str(given), "to": to, "base": "source"})
    assert (reply["ok"], reply["reason"]) == (False, "outside")


def test_what_is_no_archive_is_not_unpacked(builder: Guest) -> None:
    given = builder.root / "given"
    given.write_text("given")
    reply = placed(builder, {"from": str(given), "to": "x", "base": "source", "unpack": True})
    assert (reply["ok"], reply["reason"]) == (False, "archive")
