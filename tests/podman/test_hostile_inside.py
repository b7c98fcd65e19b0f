"""The attacks of tests/projects/hostile/inside: at every hook, at import, and where they do succeed."""

from __future__ import annotations

import contextlib
import getpass
import json
import os
import re
import socket
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from hostile_corpus import CORPUS, of, sdist_of_all

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from conftest import NewPodwheel
    from podwheel_cli import Result

    from podwheel.model import Image
    from podwheel.store import Store

# One worker runs them all: what they look at was made once.
pytestmark = [pytest.mark.podman, pytest.mark.xdist_group("hostile inside")]

ATTACKS = of("inside")
STAGES = ("get_requires", "metadata", "build", "import")
SECRET = "canary-of-the-host"


class Bait:
    """What attacks are after, on the host: sockets that count who came, and files with a secret."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.came: list[str] = []
        """Everybody who did."""
        self._sockets: list[socket.socket] = []
        (home / ".ssh").mkdir(parents=True)
        (home / ".ssh/id_ed25519").write_text(SECRET)
        (home / ".netrc").write_text(f"machine example.org login canary password {SECRET}\n")
        (home / ".netrc").chmod(0o600)
        name = f"podwheel-canary-{os.getpid()}"
        self.known: dict[str, Any] = {
            "secret": SECRET,
            "home": str(home),
            "address": address(),
            "tcp": self._listen("tcp", socket.AF_INET, ("0.0.0.0", 0)),
            "tcp6": self._listen("tcp6", socket.AF_INET6, ("::", 0)),
            "udp": self._listen("udp", socket.AF_INET, ("0.0.0.0", 0), socket.SOCK_DGRAM),
            "abstract": name,
            "agent": self._place("agent"),
            "podman": self._place("podman.sock"),
            "pid": os.getpid(),
            "program": "pytest",
            "name": socket.gethostname(),
        }
        self._listen("abstract", socket.AF_UNIX, f"\0{name}")

    def close(self) -> None:
        for one in self._sockets:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    @property
    def environment(self) -> dict[str, str]:
        """Of podwheel: nothing of it may be seen inside."""
        return {
            "SSH_AUTH_SOCK": self.known["agent"],
            "NETRC": str(self.home / ".netrc"),
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "HTTPS_PROXY": f"http://{SECRET}:{SECRET}@192.0.2.7:3128",
        }

    def _place(self, name: str) -> str:
        path = str(self.home / name)
        self._listen(name, socket.AF_UNIX, path)
        return path

    def _listen(self, name: str, family: int, at: Any, kind: int = socket.SOCK_STREAM) -> Any:
        listening = socket.socket(family, kind)
        listening.bind(at)
        if kind == socket.SOCK_STREAM:
            listening.listen()
        self._sockets.append(listening)
        threading.Thread(target=self._count, args=(name, listening), daemon=True).start()
        return listening.getsockname()[1] if family != socket.AF_UNIX else None

    def _count(self, name: str, listening: socket.socket) -> None:
        while True:
            try:
                if listening.type == socket.SOCK_DGRAM:
                    came = bool(listening.recv(512))
                else:
                    listening.accept()[0].close()
                    came = True
            except OSError:  # closed
                return
            if came:
                self.came.append(name)


def address() -> str:
    """Of this host on its own network, or lo's where it has none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        try:
            asking.connect(("192.0.2.1", 9))  # sends nothing
        except OSError:
            return "127.0.0.1"
        return str(asking.getsockname()[0])


@dataclass(frozen=True)
class Reports:
    """What every attack said of itself."""

    told: dict[tuple[str, str, str], dict[str, Any]]
    """By package, stage and attack."""
    done: Result
    came: tuple[str, ...]
    containers: list[str]
    leftovers: list[str]
    wheels: list[str] = field(default_factory=list)
    everything: bytes = b""
    """All that podwheel wrote: output, logs, the wheelhouse."""


@pytest.fixture(scope="module")
def bait(store: Store) -> Iterator[Bait]:
    with store.attempt("bait") as place:
        made = Bait(place / "home")
        yield made
        made.close()


@pytest.fixture(scope="module")
def reports(new_podwheel: NewPodwheel, backends: dict[str, bytes], bait: Bait) -> Reports:
    """Two hostile packages, one after the other in one place, built, installed and imported."""
    from local_index import LocalIndex

    with LocalIndex(backends) as index, new_podwheel(index) as podwheel:
        known = {
            **bait.known,
            "store": str(podwheel.store),
            "index": int(index.root.rpartition(":")[2]),
        }
        for name in ("hostile_inside", "hostile_next"):
            host = json.dumps({**known, "package": name.replace("_", "-")})
            index.add(*sdist_of_all(name, host.encode()))
        done = podwheel(
            "build", "hostile-inside", "hostile-next", "--jobs", "1", "--log-format", "json",
            environment=bait.environment, timeout=300,
        )  # fmt: skip
        logs = [p.read_bytes() for run in podwheel.logs() for p in run.iterdir() if p.is_file()]
        house = [p.read_bytes() for p in podwheel.wheelhouse.rglob("*") if p.is_file()]
        return Reports(
            told=_told(logs),
            done=done,
            came=tuple(bait.came),
            containers=podwheel.containers(),
            leftovers=podwheel.leftovers(),
            wheels=podwheel.wheels(),
            everything=b"\n".join([done.err.encode(), done.out.encode(), *logs, *house]),
        )


def _told(logs: list[bytes]) -> dict[tuple[str, str, str], dict[str, Any]]:
    lines = [json.loads(one) for log in logs for one in re.findall(rb"(?m)^hostile (.*)$", log)]
    return {(line["package"], line["stage"], line["attack"]): line for line in lines}


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("attack", ATTACKS, ids=str)
def test_an_attack_gets_nothing(reports: Reports, attack: Any, stage: str) -> None:
    for package in ("hostile-inside", "hostile-next"):
        told = reports.told[package, stage, attack.name]
        assert told.get("got") == [], told
        assert told["refused"] or attack.name == "forged_frames", "it tried something"


def test_both_are_good_wheels_all_the_same(reports: Reports) -> None:
    assert reports.wheels == [
        "hostile_inside-1.0-py3-none-any.whl",
        "hostile_next-1.0-py3-none-any.whl",
    ]


def test_nobody_came_to_the_host(reports: Reports) -> None:
    assert reports.came == ()


def test_nothing_stayed(reports: Reports) -> None:
    assert (reports.containers, reports.leftovers) == ([], [])


def test_no_secret_of_the_hosts_is_in_anything_that_was_written(reports: Reports) -> None:
    """But where an attack, which was told what to look for, tells of it."""
    written = re.sub(rb"(?m)^hostile .*$", b"", reports.everything)
    written = re.sub(rb'"line": "hostile .*', b"", written)
    assert b"hostile-inside" in written
    assert SECRET.encode() not in written


# --------------------------------------------------------------------------- the attacks do attack

RUN = """
import json, sys
sys.path.insert(0, sys.argv[1])
import inside
inside.run(sys.argv[2], json.loads(sys.argv[3]), sys.argv[4].split(","))
"""


def controlled(kind: str) -> list[Any]:
    return [attack for attack in ATTACKS if attack.control.split(",")[0] == kind]


def test_every_attack_says_where_it_succeeds_or_why_nowhere() -> None:
    assert [
        a.name for a in ATTACKS if a.control.split(", ")[0] not in ("host", "privileged", "none")
    ] == []
    assert [a.name for a in controlled("none") if ", " not in a.control] == []


@pytest.fixture(scope="module")
def on_the_host(bait: Bait, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Those that need nothing but the host's own ways, run on it."""
    store = tmp_path_factory.mktemp("store")
    known = {**bait.known, "store": str(store), "index": bait.known["tcp"], "package": "control"}
    return _control(
        (sys.executable, "-B", "-c", RUN, str(CORPUS), "control on the host", json.dumps(known)),
        controlled("host"),
        {**os.environ, **bait.environment, "HOME": str(bait.home), "USER": getpass.getuser()},
    )


@pytest.fixture(scope="module")
def privileged(bait: Bait, image: Image) -> dict[str, Any]:
    """Those that need privileges, in a container that has all that rootless podman can give."""
    known = {**bait.known, "store": "/", "index": 1, "package": "control", "apart": True}
    return _control(
        (
            "podman", "run", "--rm", "--privileged", "--network=none", "--read-only=false",
            f"--volume={CORPUS}:/hostile:ro", image.reference,
            "python3", "-B", "-c", RUN, "/hostile", "control in a privileged container", json.dumps(known),
        ),
        controlled("privileged"),
        dict(os.environ),
    )  # fmt: skip


def _control(
    command: tuple[str, ...], attacks: list[Any], environment: dict[str, str]
) -> dict[str, Any]:
    only = ",".join(attack.name for attack in attacks)
    done = subprocess.run(
        [*command, only],
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    told = _told([done.stderr])
    return {attack: line for (_, _, attack), line in told.items()}


@pytest.mark.parametrize("attack", controlled("host"), ids=str)
def test_on_the_host_it_gets_something(on_the_host: dict[str, Any], attack: Any) -> None:
    assert on_the_host[attack.name].get("got"), on_the_host[attack.name]


@pytest.mark.parametrize("attack", controlled("privileged"), ids=str)
def test_with_privileges_it_gets_something(privileged: dict[str, Any], attack: Any) -> None:
    assert privileged[attack.name].get("got"), privileged[attack.name]
