"""guest/checkout.py: a commit out of a bare repository, as one file."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tarfile
from typing import TYPE_CHECKING

import pytest
from guest_helpers import every_python, guest

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [every_python, pytest.mark.skipif(shutil.which("git") is None, reason="needs git")]


def git(directory: Path, *arguments: str) -> str:
    identity = {
        f"GIT_{who}_{what}": "x" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")
    }
    done = subprocess.run(
        ["git", *arguments],
        cwd=directory,
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, **identity, "HOME": str(directory), "GIT_CONFIG_NOSYSTEM": "1"},
    )
    return done.stdout.strip()


def bare(tmp_path: Path, name: str) -> tuple[Path, str]:
    """A bare repository with a tag, and a commit that no ref reaches."""
    work = tmp_path / f"{name}.work"
    work.mkdir()
    git(work, "init", "-q", "-b", "main")
    (work / "setup.py").write_text("pass")
    (work / "run.sh").write_text("true")
    (work / "run.sh").chmod(0o755)
    (work / "link").symlink_to("setup.py")
    git(work, "add", ".")
    git(work, "commit", "-q", "-m", "one")
    git(work, "tag", "v1.0")
    git(work, "commit", "-q", "--allow-empty", "-m", "lost")
    commit = git(work, "rev-parse", "HEAD")
    git(work, "reset", "-q", "--hard", "HEAD~1")
    git(tmp_path, "clone", "-q", "--bare", str(work), f"{name}.git")
    return tmp_path / f"{name}.git", commit


def test_a_commit_comes_out_the_same_every_time(tmp_path: Path, python: str) -> None:
    repository, commit = bare(tmp_path, "thing")
    sub, sub_commit = bare(tmp_path, "sub")
    (repository / "hooks").mkdir(exist_ok=True)
    hook = repository / "hooks/post-checkout"
    hook.write_text(f"#!/bin/sh\ntouch {tmp_path}/hooked")
    hook.chmod(0o755)
    digests = set()
    for number in range(2):
        root = tmp_path / f"root{number}"
        root.mkdir()
        (root / "into").mkdir()
        with guest("checkout.py", root, python) as running:
            reply = running.ask(
                "checkout",
                repository=str(repository),
                commit=commit,
                name="thing",
                submodules=[{"path": "vendor/sub", "repository": str(sub), "commit": sub_commit}],
            )
            assert reply == {"ok": True, "root": str(root / "build/src/thing")}, (
                running.log.read_text()
            )
            assert running.receive("send", root / "into") == {"ok": True, "files": 1}
        archive = root / "into/source.tar"
        with tarfile.open(archive) as opened:
            names = opened.getnames()
            assert {m.mtime for m in opened} == {315532800}
            assert {m.uid for m in opened} == {0}
            opened.extractall(root, filter="fully_trusted") if hasattr(
                tarfile, "data_filter"
            ) else opened.extractall(root)
        assert names == sorted(names)
        tree = root / "thing"
        assert (tree / "link").is_symlink()
        assert (tree / "vendor/sub/setup.py").exists()
        assert os.access(tree / "run.sh", os.X_OK)
        assert git(tree, "describe", "--tags", "--dirty", "--long").startswith("v1.0-1-g")
        assert git(tree / "vendor/sub", "status", "--porcelain") == ""
        # The way back to the repository is the only thing that differs between two mounts.
        digests.add(hashlib.sha256(archive.read_bytes()).hexdigest())
    assert len(digests) == 1
    assert not (tmp_path / "hooked").exists()


def test_what_cannot_be_checked_out_is_told(tmp_path: Path, python: str) -> None:
    repository, _ = bare(tmp_path, "thing")
    with guest("checkout.py", tmp_path, python) as running:
        reply = running.ask("checkout", repository=str(repository), commit="0" * 40)
        assert (reply["ok"], reply["reason"]) == (False, "git")
        assert reply["output"]
        out = running.ask("checkout", repository=str(repository), commit="v1.0", name="../../x")
        assert out["reason"] == "outside"
