"""What goes wrong before a build: each with its message, its exit code and the next thing to do."""

from __future__ import annotations

import hashlib
import io
import os
import tarfile
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from local_index import LocalIndex
    from podwheel_cli import Podwheel

pytestmark = pytest.mark.podman


# --------------------------------------------------------------------------- requirements


def test_a_name_that_does_not_exist(podwheel: Podwheel) -> None:
    podwheel.write("requirements.txt", "in-tree\nno-such-project>=1\n")
    done = podwheel("build", "-r", "requirements.txt", code=4)
    assert "error: there is no project no-such-project" in done.err
    assert "wanted by  requirements.txt:2 (no-such-project>=1)" in done.err


def test_a_name_that_does_not_exist_below(podwheel: Podwheel) -> None:
    done = podwheel("build", "requires-missing", code=4)
    assert "error: there is no project no-such-project" in done.err
    assert (
        "  wanted by  requires-missing 1.0 needs no-such-project\n"
        "  wanted by  command line (requires-missing)\n"
    ) in done.err


def test_a_version_that_does_not_exist(podwheel: Podwheel) -> None:
    podwheel.write("requirements.txt", "pure-flit==7.0\n")
    done = podwheel("build", "-r", "requirements.txt", code=4)
    assert (
        "error: no version of pure-flit fits 'pure-flit==7.0' on debian-13 (Python 3.13" in done.err
    )
    assert "wanted by  requirements.txt:1 (pure-flit==7.0)" in done.err
    assert "1.0, 0.5" in done.err


def test_a_version_that_no_target_can_run(podwheel: Podwheel) -> None:
    done = podwheel("build", "needs-python-4", code=4)
    assert "1.0  requires Python >=4" in done.err


def test_a_conflict(podwheel: Podwheel) -> None:
    podwheel.write("requirements.txt", "conflict-left\nconflict-right\n")
    done = podwheel("build", "-r", "requirements.txt", code=4)
    assert "error: cannot satisfy these together for debian-13 (Python 3.13" in done.err
    assert (
        "  │ requirements.txt:1: conflict-left\n"
        "  │   → conflict-left 1.0 needs pure-flit<1\n"
        "  │ requirements.txt:2: conflict-right\n"
        "  │   → conflict-right 1.0 needs pure-flit>=1\n"
    ) in done.err


def test_a_requirements_file_that_is_wrong(podwheel: Podwheel) -> None:
    podwheel.write("requirements.txt", "in-tree\n\nnot a requirement at all\n")
    done = podwheel("build", "-r", "requirements.txt", code=2)
    assert "requirements.txt:3" in done.err


def test_nothing_to_build(podwheel: Podwheel) -> None:
    done = podwheel("build", code=2)
    assert "error: nothing to build: no requirement was named" in done.err


def test_a_command_that_does_not_exist(podwheel: Podwheel) -> None:
    done = podwheel("biuld", code=2)
    assert "no such command 'biuld'; did you mean 'build'?" in done.err


def test_a_target_that_does_not_exist(podwheel: Podwheel) -> None:
    done = podwheel("build", "--target", "debian13", "in-tree", code=2)
    assert "error: there is no target named 'debian13'" in done.err
    assert "did you mean debian-13" in done.err


def test_a_wheelhouse_that_is_somebody_elses(podwheel: Podwheel) -> None:
    podwheel.wheelhouse.mkdir()
    mine = podwheel.wheelhouse / "thesis.txt"
    mine.write_text("not to be replaced")
    done = podwheel("build", "in-tree", code=2)
    assert "is neither empty nor a wheelhouse of podwheel's" in done.err
    assert "✓" not in done.err, "refused before any work"
    assert mine.read_text() == "not to be replaced"


# --------------------------------------------------------------------------- downloads


def test_a_wrong_hash_of_the_users(podwheel: Podwheel, index: LocalIndex) -> None:
    podwheel.write("requirements.txt", f"in-tree==1.0 --hash=sha256:{'0' * 64}\n")
    done = podwheel("build", "-r", "requirements.txt", code=5)
    right = hashlib.sha256(index.files["in_tree-1.0.tar.gz"].sent).hexdigest()
    assert "in_tree-1.0.tar.gz" in done.err
    assert right in done.err, "what came is told, so that it can be compared"
    assert "requirements.txt:1" in done.err
    assert podwheel.leftovers() == []


def test_other_bytes_than_the_index_promised(podwheel: Podwheel, index: LocalIndex) -> None:
    index.corrupt("in_tree-1.0.tar.gz")
    done = podwheel("build", "in-tree", code=5)
    assert "in_tree-1.0.tar.gz" in done.err
    assert not any((podwheel.store / "blobs").rglob(sha256(index.files["in_tree-1.0.tar.gz"].sent)))


def test_a_truncated_download(podwheel: Podwheel, index: LocalIndex) -> None:
    index.truncate("in_tree-1.0.tar.gz")
    done = podwheel("build", "in-tree", "--retries", "1", code=5)
    size = len(index.files["in_tree-1.0.tar.gz"].sent)
    assert "in_tree-1.0.tar.gz" in done.err
    assert str(size) in done.err.replace(",", "")
    assert podwheel.leftovers() == []


def test_an_index_that_is_down(podwheel: Podwheel, index: LocalIndex) -> None:
    index.stop()
    done = podwheel("build", "in-tree", "--retries", "0", code=5)
    assert index.url.rstrip("/") in done.err
    assert "Traceback" not in done.err


def test_an_sdist_that_would_escape(podwheel: Podwheel, index: LocalIndex) -> None:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        for name in ("in_tree-1.0/pyproject.toml", "in_tree-1.0/../../escaped"):
            archive.addfile(tarfile.TarInfo(name))
    index.add("in_tree-1.0.tar.gz", out.getvalue())
    done = podwheel("build", "in-tree", code=6)
    assert "in_tree-1.0.tar.gz is not a usable source archive" in done.err
    assert "climbs out of the archive" in done.err


def test_hashes_are_demanded_for_all_once_for_one(podwheel: Podwheel, index: LocalIndex) -> None:
    digest = sha256(index.files["pure_hatch-1.0.tar.gz"].sent)
    podwheel.write("requirements.txt", f"pure-hatch==1.0 --hash=sha256:{digest}\n")
    done = podwheel("build", "-r", "requirements.txt", code=4)
    assert "pure-flit" in done.err
    assert "--hash" in done.err


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


# --------------------------------------------------------------------------- the host


def test_no_podman(podwheel: Podwheel, tmp_path: Path) -> None:
    places = tmp_path / "bin"
    places.mkdir()
    done = podwheel("build", "in-tree", environment={"PATH": str(places)}, code=3)
    assert "error: podman is not installed, or not on PATH" in done.err
    assert "podwheel doctor" in done.err


def test_root_inside_a_user_namespace_is_no_root(podwheel: Podwheel) -> None:
    """As in a CI container, or with ``podman unshare``."""
    done = podwheel("build", "in-tree", before=("podman", "unshare"))
    assert podwheel.wheels() == ["in_tree-1.0-py3-none-any.whl"]
    assert "installed and imported" in done.out


SMALL = 'mkdir -p "$0" && mount -t tmpfs -o size="$1" none "$0" && cp -a "$2"/documents "$0" && shift 2 && exec "$@"'


def test_a_full_disk(podwheel: Podwheel, index: LocalIndex, tmp_path: Path) -> None:
    """A store on a file system of 2 MB, mounted where an unprivileged account may mount: its own namespace."""
    noise = os.urandom(4 << 20)
    from local_index import PROJECTS, packed

    pyproject = (PROJECTS / "in-tree-1.0/pyproject.toml").read_bytes()
    index.add(
        "in_tree-1.0.tar.gz",
        packed({"pyproject.toml": pyproject, "noise": noise}, top="in_tree-1.0"),
    )
    small = tmp_path / "small"
    before = ("podman", "unshare", "sh", "-ec", SMALL, str(small), "2m", str(podwheel.store))
    done = podwheel(
        "build", "in-tree", before=before, environment={"PODWHEEL_STORE": str(small)}, code=3
    )
    assert f"error: no space left (or no inodes) on the file system of {small}" in done.err
    assert "--store DIR" in done.err
