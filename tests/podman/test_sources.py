"""Sources that no index has: directories, archives, git repositories."""

from __future__ import annotations

import hashlib
import subprocess
from typing import TYPE_CHECKING

import pytest
from local_index import copy_project

if TYPE_CHECKING:
    from pathlib import Path

    from local_index import LocalIndex
    from podwheel_cli import Podwheel

pytestmark = pytest.mark.podman


def git(directory: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=Test", "-c", "user.email=test@example.org")
    options = ("-c", "init.defaultBranch=main", "-c", "protocol.file.allow=always")
    done = subprocess.run(
        ["git", *identity, *options, *arguments],
        cwd=directory,
        capture_output=True,
        check=True,
        text=True,
    )
    return done.stdout.strip()


def commit(directory: Path, message: str) -> str:
    git(directory, "add", "--all")
    git(directory, "commit", "--quiet", "--message", message)
    return git(directory, "rev-parse", "HEAD")


def repository(place: Path, project: str) -> Path:
    """A git repository of one of tests/projects."""
    copy_project(project, place)
    git(place, "init", "--quiet")
    commit(place, "first")
    return place


@pytest.mark.parametrize("how", ["./local", "-e ./local"])
def test_a_directory(podwheel: Podwheel, how: str) -> None:
    """``-e`` is built as source, with a word."""
    copy_project("pure-flit-1.0", podwheel.cwd / "local")
    podwheel.write("requirements.txt", f"{how}\n")
    done = podwheel("build", "-r", "requirements.txt", "--no-verify")
    assert podwheel.wheels() == ["pure_flit-1.0-py3-none-any.whl"]
    assert ("editable" in done.err) == how.startswith("-e")


def test_a_changed_directory_is_built_again(podwheel: Podwheel) -> None:
    local = copy_project("pure-flit-1.0", podwheel.cwd / "local")
    podwheel("build", "./local", "--no-verify")
    assert "from store" in podwheel("build", "./local", "--no-verify").err
    (local / "pure_flit.py").write_text('"""Changed."""\n')
    assert "✓ build pure-flit" in podwheel("build", "./local", "--no-verify").err


def test_a_directorys_requirements_are_from_the_index(podwheel: Podwheel) -> None:
    copy_project("setup-py-alone-1.0", podwheel.cwd / "local")
    podwheel("build", "./local", "--no-verify")
    assert podwheel.wheels() == [
        "pure_flit-1.0-py3-none-any.whl",
        "setup_py_alone-1.0-py3-none-any.whl",
    ]


def test_a_directory_that_is_no_project(podwheel: Podwheel) -> None:
    (podwheel.cwd / "empty").mkdir()
    done = podwheel("build", "./empty", code=2)
    assert "./empty" in done.err
    assert "Traceback" not in done.err


def test_an_archives_url(podwheel: Podwheel, index: LocalIndex) -> None:
    url = index.file_url("in_tree-1.0.tar.gz")
    digest = hashlib.sha256(index.files["in_tree-1.0.tar.gz"].sent).hexdigest()
    podwheel("build", f"in-tree @ {url}#sha256={digest}", "--no-verify")
    assert podwheel.wheels() == ["in_tree-1.0-py3-none-any.whl"]
    wrong = podwheel("build", f"in-tree @ {url}#sha256={'0' * 64}", "--no-verify", code=5)
    assert digest in wrong.err


def test_a_wheels_url(podwheel: Podwheel, index: LocalIndex) -> None:
    """What is named as a wheel is taken as one."""
    filename = next(n for n in index.files if n.startswith("pluggy-"))
    done = podwheel("build", index.file_url(filename), "--no-verify")
    assert podwheel.wheels() == [filename]
    assert "upstream" in done.out


def test_a_git_repository(podwheel: Podwheel, tmp_path: Path) -> None:
    place = repository(tmp_path / "work", "pure-flit-1.0")
    first = git(place, "rev-parse", "HEAD")
    url = f"pure-flit @ git+file://{place}"
    podwheel("build", f"{url}@main", "--no-verify")
    assert podwheel.wheels() == ["pure_flit-1.0-py3-none-any.whl"]
    assert first in (podwheel.wheelhouse / "pylock.toml").read_text()

    (place / "pure_flit.py").write_text('"""Changed."""\nVERSION = "1.0"\n')
    second = commit(place, "second")
    moved = podwheel("build", f"{url}@main", "--no-verify", "--refresh")
    assert "✓ build pure-flit" in moved.err
    assert second in (podwheel.wheelhouse / "pylock.toml").read_text()
    pinned = podwheel("build", f"{url}@{first}", "--no-verify")
    assert "= build pure-flit" in pinned.err, "that commit was built before"


def test_a_git_subdirectory_and_submodule(
    podwheel: Podwheel, index: LocalIndex, tmp_path: Path
) -> None:
    """From a web server: a submodule of a ``file:`` URL is not fetched, whoever wrote it."""
    www = tmp_path / "www"
    www.mkdir()
    index.directories["git"] = www
    inner = repository(tmp_path / "inner", "in-tree-1.0")
    publish(inner, www / "inner.git")
    outer = repository(tmp_path / "outer", "pure-flit-1.0")
    git(outer, "submodule", "--quiet", "add", f"{index.root}/git/inner.git", "below/inner")
    commit(outer, "with a submodule")
    publish(outer, www / "outer.git")
    asked = f"git+{index.root}/git/outer.git#subdirectory=below/inner"
    podwheel("build", asked, "--no-verify")
    assert podwheel.wheels() == ["in_tree-1.0-py3-none-any.whl"]
    index.stop()
    offline = podwheel("build", asked, "--no-verify", "--offline")
    assert "from store" in offline.err


def publish(place: Path, bare: Path) -> None:
    """A repository for a web server that knows nothing of git."""
    git(place, "clone", "--quiet", "--bare", str(place), str(bare))
    git(bare, "update-server-info")


def test_a_git_ref_that_does_not_exist(podwheel: Podwheel, tmp_path: Path) -> None:
    place = repository(tmp_path / "work", "pure-flit-1.0")
    done = podwheel("build", f"git+file://{place}@no-such-branch", code=5)
    assert "no-such-branch" in done.err


def test_a_git_hook_does_not_run_on_the_host(podwheel: Podwheel, tmp_path: Path) -> None:
    """Nor do a filter's commands: the checkout is in a sandbox."""
    place = repository(tmp_path / "work", "pure-flit-1.0")
    trace = tmp_path / "ran"
    (place / ".gitattributes").write_text("*.py filter=evil\n")
    git(place, "config", "filter.evil.smudge", f"touch {trace}; cat")
    git(place, "config", "filter.evil.clean", "cat")
    hook = place / ".git/hooks/post-checkout"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\ntouch {trace}\n")
    hook.chmod(0o755)
    commit(place, "attributes")
    podwheel("build", f"git+file://{place}", "--no-verify")
    assert podwheel.wheels() == ["pure_flit-1.0-py3-none-any.whl"]
    assert not trace.exists()


def test_find_links(podwheel: Podwheel, index: LocalIndex) -> None:
    """A directory of files is enough: no index."""
    place = podwheel.cwd / "files"
    place.mkdir()
    for filename in index.files:
        if filename.startswith(("in_tree-", "pip-")):
            (place / filename).write_bytes(index.files[filename].sent)
    index.stop()
    podwheel("build", "in-tree", "--no-index", "--find-links", place)
    assert podwheel.wheels() == ["in_tree-1.0-py3-none-any.whl"]
