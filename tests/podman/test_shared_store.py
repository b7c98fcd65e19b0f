"""A store that others filled: over HTTP and as a directory; what is poisoned is built here."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import http.server
import json
import shutil
import threading
from typing import TYPE_CHECKING

import pytest
from podwheel_cli import recorded_podman

from podwheel.store.sound import checked

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from conftest import NewPodwheel
    from podwheel_cli import Podwheel

pytestmark = pytest.mark.podman

ASKED = ("build", "c-extension", "needs-tool", "--no-verify")


@pytest.fixture(scope="module")
def filled(
    new_podwheel: NewPodwheel, backends: dict[str, bytes], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Path, dict[str, bytes]]]:
    """A shared store, and the wheels that it has."""
    from local_index import LocalIndex

    place = tmp_path_factory.mktemp("shared") / "store"
    with LocalIndex(backends) as index, new_podwheel(index) as team:
        team(*ASKED)
        assert "3 steps (" in team("cache", "push", place).out
        assert "0 steps (0 B) copied" in team("cache", "push", place).out
        wheels = {path.name: path.read_bytes() for path in team.wheelhouse.glob("*.whl")}
        yield place, wheels


@contextlib.contextmanager
def served(place: Path) -> Iterator[tuple[str, list[str]]]:
    """The directory on 127.0.0.1, and the paths that are asked for."""
    asked: list[str] = []

    class Handler(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_arguments: object) -> None:
            asked.append(self.path)

    handler = functools.partial(Handler, directory=str(place))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    serving = threading.Thread(target=server.serve_forever, daemon=True)
    serving.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/", asked
    finally:
        server.shutdown()
        serving.join()
        server.server_close()


def in_house(podwheel: Podwheel) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in podwheel.wheelhouse.glob("*.whl")}


def test_over_http_no_container_is_started(
    podwheel: Podwheel, filled: tuple[Path, dict[str, bytes]], tmp_path: Path
) -> None:
    place, wheels = filled
    recorder = recorded_podman(tmp_path)
    with served(place) as (url, asked):
        done = podwheel(*ASKED, "--shared-store", url, environment=recorder.environment)
        assert in_house(podwheel) == wheels
        assert not [call for call in recorder.calls() if call.startswith("podman run")]
        assert "2 wheels (2 built from source" in done.out
        before = len(asked)
        podwheel(*ASKED, "--shared-store", url)  # what was taken is in the own store
        assert len(asked) == before
    trusted = json.loads(podwheel("trust", "--json").out)
    assert names_of(trusted) == ["build-tool", "c-extension", "needs-tool"]
    assert url.rstrip("/") in next(t["note"] for t in trusted if t["kind"] == "shared")
    assert podwheel("trust").out.splitlines()[-1] == "the rest was built from source: 0 wheels"
    assert "0 steps (0 B) copied" in podwheel("cache", "push", podwheel.cwd / "mine").out


def test_what_is_poisoned_is_built_here(
    podwheel: Podwheel, filled: tuple[Path, dict[str, bytes]], tmp_path: Path
) -> None:
    """Other bytes than their name says, and the wheel of another project under a step's name."""
    place, wheels = filled
    poisoned = tmp_path / "poisoned"
    for part in ("blobs", "documents"):
        shutil.copytree(place / part, poisoned / part)
    sha256 = hashlib.sha256(wheels[next(n for n in wheels if n.startswith("c_"))]).hexdigest()
    blob = poisoned / "blobs" / sha256[:2] / sha256
    blob.unlink()
    blob.write_bytes(b"poison")
    for path in (poisoned / "documents/step").rglob("*.json"):
        claim = json.loads(checked(path.read_bytes()))
        if "needs_tool" in _filename(poisoned, claim["wheel"]):
            path.write_text(json.dumps({**claim, "wheel": _other(poisoned)}))
    done = podwheel(*ASKED, "--shared-store", poisoned)
    assert done.err.count("is not taken, and built here") == 2
    assert "other bytes than it is named by" in done.err
    assert in_house(podwheel) == wheels
    assert names_of(json.loads(podwheel("trust", "--json").out)) == ["build-tool"]


def names_of(trusted: list[dict[str, str]]) -> list[str]:
    return sorted(one["name"] for one in trusted if one["kind"] == "shared")


def _filename(place: Path, sha256: str) -> str:
    document = place / "documents/wheel" / sha256[:2] / f"{sha256}.json"
    return str(json.loads(checked(document.read_bytes()))["filename"])


def _other(place: Path) -> str:
    """The hash of a sound wheel of another project."""
    wheels = (path.stem for path in (place / "documents/wheel").rglob("*.json"))
    return next(sha256 for sha256 in wheels if "build_tool" in _filename(place, sha256))


def test_a_server_that_is_not_there_is_told_once(podwheel: Podwheel) -> None:
    with socketless() as url:
        done = podwheel("build", "in-tree", "--no-verify", "--retries", "0", "--shared-store", url)
    assert done.err.count("is not asked again") == 1
    assert podwheel.wheels() == ["in_tree-1.0-py3-none-any.whl"]
    missing = podwheel("build", "in-tree", "--shared-store", "nowhere", code=2)
    assert "there is no directory" in missing.err


@contextlib.contextmanager
def socketless() -> Iterator[str]:
    """An address where nobody listens."""
    server = http.server.HTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler)
    server.server_close()
    yield f"http://127.0.0.1:{server.server_port}"
