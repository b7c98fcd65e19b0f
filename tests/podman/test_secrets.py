"""Credentials stay with podwheel: not one is in a container, a process's arguments, a log or a file."""

from __future__ import annotations

import base64
import gzip
import json
import subprocess
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from local_index import PROJECTS, packed
from podwheel_cli import recorded_podman

if TYPE_CHECKING:
    from local_index import LocalIndex
    from podwheel_cli import Podwheel, Recorder, Result

pytestmark = pytest.mark.podman

MARK = "k4n4ry"
"""Every secret begins with it."""
USER, PASSWORD = f"{MARK}-user", f"{MARK}-password"

# It looks at all that a build can read; what it looks for is not spelled out in its own source.
SPY = b"""
import os
from tiny import *

MARK = b"".join([b"k4n", b"4ry"])  # not folded into one constant, which its byte code would have

def _look():
    seen = 0
    paths = [os.path.join("/proc", pid, name) for pid in os.listdir("/proc") if pid.isdigit()
             for name in ("cmdline", "environ", "mountinfo")]
    for root in ("/podwheel", "/build", "/etc", "/tmp", "/run", "/home", "/root"):
        for place, _, names in os.walk(root):
            paths += [os.path.join(place, name) for name in names]
    for path in paths:
        if not os.path.isfile(path):  # a FIFO would be waited for
            continue
        try:
            with open(path, "rb") as file:
                data = file.read(1 << 20)
        except OSError:
            continue
        seen += 1
        if MARK in data:
            print("SPY FOUND " + path, flush=True)
    for name, value in os.environ.items():
        if MARK in (name + value).encode():
            print("SPY FOUND " + name, flush=True)
    print("SPY LOOKED AT %d FILES" % seen, flush=True)

_look()
"""


@pytest.fixture
def locked(index: LocalIndex) -> LocalIndex:
    """The index, which asks for a login; with a project that spies."""
    tiny = (PROJECTS / "_shared/tiny.py").read_bytes()
    pyproject = (
        b'[build-system]\nrequires = []\nbuild-backend = "spy"\nbackend-path = ["."]\n'
        b'[project]\nname = "spy"\nversion = "1.0"\n'
    )
    files = {"pyproject.toml": pyproject, "spy.py": SPY, "tiny.py": tiny}
    index.add("spy-1.0.tar.gz", packed(files, top="spy-1.0"))
    index.login = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
    return index


@pytest.fixture
def recorder(tmp_path: Path) -> Recorder:
    return recorded_podman(tmp_path)


class Told:
    """Everything that was said, and where it may be written; nothing of it holds a secret."""

    def __init__(self, podwheel: Podwheel, recorder: Recorder, home: Path) -> None:
        self.podwheel, self.recorder, self.home = podwheel, recorder, home
        self.said: list[str] = []

    def __call__(self, *arguments: str, code: int = 0, **variables: str) -> Result:
        done = self.podwheel(
            *arguments,
            code=code,
            environment={
                **self.recorder.environment,
                "HOME": str(self.home),
                "XDG_DATA_HOME": str(_data_home()),
                "CARGO_REGISTRIES_OWN_TOKEN": f"{MARK}-cargo",
                "CARGO_HOME": str(self.home / "cargo"),
                **variables,
            },
        )
        self.said += [done.out, done.err]
        return done

    def found(self) -> list[str]:
        """Where a secret is."""
        found = [f"said: {text}" for text in self.said if MARK in text]
        found += [call for call in self.recorder.calls() if MARK in call]
        for root in (self.podwheel.store, self.podwheel.cwd):
            for path in root.rglob("*"):
                if MARK in str(path) or (path.is_file() and _holds(path)):
                    found.append(str(path))
        for log in self.podwheel.store.glob("logs/*/*.log"):
            found += [line for line in log.read_text().splitlines() if "SPY FOUND" in line]
        return found


def _data_home() -> Path:
    """Where podman's storage is, whatever HOME a test sets."""
    done = subprocess.run(
        ["podman", "info", "--format={{.Store.GraphRoot}}"],
        capture_output=True,
        text=True,
        check=True,
    )
    return Path(done.stdout.strip()).parents[1]


def _holds(path: Path) -> bool:
    mark = MARK.encode()
    data = path.read_bytes()
    if data.startswith(b"\x1f\x8b"):
        data += gzip.decompress(data)
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            data += b"".join(archive.read(name) for name in archive.namelist())
    return mark in data


@pytest.fixture
def told(podwheel: Podwheel, recorder: Recorder, tmp_path: Path) -> Told:
    home = tmp_path / "home"
    (home / "cargo").mkdir(parents=True)
    (home / "cargo/credentials.toml").write_text(
        f'[registries.own]\ntoken = "{MARK}-credentials"\n'
    )
    return Told(podwheel, recorder, home)


def with_login(url: str, password: str = PASSWORD) -> str:
    return url.replace("://", f"://{USER}:{password}@")


def looked(done: Result) -> str:
    """What the spy said of itself; it did look, and found nothing."""
    assert "SPY LOOKED AT" in done.err
    assert "SPY FOUND" not in done.err
    return done.err


def test_logins_in_urls(told: Told, locked: LocalIndex) -> None:
    url = with_login(locked.url)
    looked(told("build", "spy", "in-tree", "-v", PIP_INDEX_URL=url))
    assert f"{USER}" not in (told.podwheel.wheelhouse / "pylock.toml").read_text()
    told(
        "build", "backend-raises", "--log-format", "json", "--no-verify", PIP_INDEX_URL=url, code=6
    )
    told("fetch", "build-tool", "-v", PIP_INDEX_URL=url)
    told("verify", str(told.podwheel.wheelhouse), "-v", PIP_INDEX_URL=url)
    wrong = with_login(locked.url, f"{MARK}-wrong")
    for arguments in (("plan", "c-extension"), ("plan", "c-extension", "--log-format", "json")):
        told(*arguments, PIP_INDEX_URL=wrong, code=5)
    assert told.found() == []


def test_a_login_in_a_requirement(told: Told, locked: LocalIndex) -> None:
    direct = with_login(locked.file_url("spy-1.0.tar.gz"))
    done = told("build", f"spy @ {direct}", "-v", "--no-verify", PIP_INDEX_URL=locked.url)
    looked(done)
    record = json.loads((told.podwheel.wheelhouse / "podwheel.json").read_text())
    assert record["packages"][0]["source_url"] == locked.file_url("spy-1.0.tar.gz")
    assert told.found() == []


@pytest.mark.parametrize("keeper", ["netrc", "keyring"])
def test_logins_that_are_kept(told: Told, locked: LocalIndex, keeper: str) -> None:
    more: tuple[str, ...] = ()
    if keeper == "netrc":
        (told.home / ".netrc").write_text(f"machine 127.0.0.1 login {USER} password {PASSWORD}\n")
    else:
        answer = json.dumps({"username": USER, "password": PASSWORD})
        program = told.recorder.log.parent / "bin" / "keyring"
        program.write_text(f"#!/bin/sh\necho '{answer}'\n")
        program.chmod(0o755)
        more = ("--keyring-provider", "subprocess")
    arguments = ("build", "spy", "-v", "--no-verify", *more)
    looked(told(*arguments, PIP_INDEX_URL=locked.url))
    assert told.found() == []


def test_a_variable_that_looks_like_a_secret_is_not_published(podwheel: Podwheel) -> None:
    podwheel.write(
        "podwheel.toml",
        f'[package.in-tree.environment]\nSERVICE_TOKEN = "{MARK}-token"\nPLAIN = "word"\n',
    )
    done = podwheel("build", "in-tree", "--no-verify")
    assert "SERVICE_TOKEN looks like a secret" in done.err
    record = (podwheel.wheelhouse / "podwheel.json").read_text()
    assert '"SERVICE_TOKEN"' in record
    assert '"word"' in record
    published = [p for p in podwheel.wheelhouse.rglob("*") if p.is_file() and _holds(p)]
    assert published == []
