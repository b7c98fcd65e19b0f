"""Sources that upstream did not publish: the choices that a user has, and each of them."""

from __future__ import annotations

import json
import tarfile
from typing import TYPE_CHECKING, Any

import pytest
from local_index import PROJECTS, copy_project, wheel
from test_settings import module
from test_sources import commit, git

if TYPE_CHECKING:
    from pathlib import Path

    from local_index import LocalIndex
    from podwheel_cli import Podwheel

pytestmark = pytest.mark.podman

WHEEL = "only_wheel-1.2-py3-none-any.whl"
REPOSITORY = "https://git.example.org/team/only-wheel"

PYPROJECT = """\
[build-system]
requires = []
build-backend = "backend"
backend-path = [".", "_shared"]

[project]
name = "only-wheel"
dynamic = ["version"]
"""

BACKEND = '''\
"""Asks for its version as setuptools-scm does, and has no other way to know it."""

import os
from tiny import write

def build_wheel(directory, settings=None, metadata=None):
    version = os.environ.get("SETUPTOOLS_SCM_PRETEND_VERSION_FOR_ONLY_WHEEL")
    if not version:
        raise LookupError("setuptools-scm was unable to detect version for " + os.getcwd())
    with open("only_wheel.py", "rb") as file:
        return write(directory, "only-wheel", version, (), {"only_wheel.py": file.read()})
'''


@pytest.fixture
def published(index: LocalIndex) -> LocalIndex:
    """Upstream publishes wheels, and says in them where it is developed."""
    fields = (f"Project-URL: Source, {REPOSITORY}/tree/main",)
    index.add(WHEEL, wheel(WHEEL, {"only_wheel.py": b"WHO = 'upstream'\n"}, fields=fields))
    return index


@pytest.fixture
def upstream(tmp_path: Path) -> Path:
    """Upstream's repository, with the tag of a release and a commit after it."""
    place = tmp_path / "only-wheel"
    (place / "_shared").mkdir(parents=True)
    (place / "_shared/tiny.py").write_bytes((PROJECTS / "_shared/tiny.py").read_bytes())
    (place / "pyproject.toml").write_text(PYPROJECT)
    (place / "backend.py").write_text(BACKEND)
    (place / "only_wheel.py").write_text("WHO = 'us'\n")
    git(place, "init", "--quiet")
    commit(place, "release")
    git(place, "tag", "--annotate", "--message", "1.2", "v1.2")
    (place / "only_wheel.py").write_text("WHO = 'us, later'\n")
    commit(place, "later")
    return place


def record(podwheel: Podwheel, name: str) -> dict[str, Any]:
    """What the run's record says of one package."""
    document = json.loads((podwheel.wheelhouse / "podwheel.json").read_text())
    found: dict[str, Any] = next(p for p in document["packages"] if p["name"] == name)
    return found


def test_the_error_names_the_choices(podwheel: Podwheel, published: LocalIndex) -> None:
    name = "needs_it-1.0-py3-none-any.whl"
    published.add(name, wheel(name, {}, requires=("only-wheel>=1",)))
    done = podwheel("build", "needs-it", "--only-binary", "needs-it", code=4)
    assert "error: only-wheel has no source for debian-13" in done.err
    assert "needs-it 1.0 needs only-wheel>=1" in done.err
    assert "command line (needs-it)" in done.err
    assert "--only-binary only-wheel" in done.err
    assert (
        f'source = "git+{REPOSITORY}@TAG" under [package.only-wheel] of podwheel.toml' in done.err
    )


def test_upstreams_wheel(podwheel: Podwheel, published: LocalIndex) -> None:
    podwheel("build", "only-wheel", "--only-binary", "only-wheel", "--no-verify")
    assert record(podwheel, "only-wheel")["origin"] == "upstream"


def test_a_source_at_a_tag(podwheel: Podwheel, published: LocalIndex, upstream: Path) -> None:
    """Its version is the tag's, though a patch has changed the tree; the commit is recorded."""
    podwheel.write(
        "patch.diff",
        "--- a/only_wheel.py\n+++ b/only_wheel.py\n@@ -1 +1 @@\n-WHO = 'us'\n+WHO = 'us, patched'\n",
    )
    podwheel.write(
        "podwheel.toml",
        "[package.only-wheel]\n"
        f'source = "git+file://{upstream}@v1.2"\n'
        'patches = ["patch.diff"]\n'
        "[package.only-wheels]\n",
    )
    done = podwheel("build", "only-wheel>=1")
    assert podwheel.wheels() == [WHEEL]
    found = record(podwheel, "only-wheel")
    assert found["origin"] == "built"
    assert found["commit"] == git(upstream, "rev-parse", "v1.2^{commit}")
    assert "us, patched" in module(podwheel, WHEEL, "only_wheel.py")
    assert "did you mean" not in done.err, "only-wheel has a table of its own"


def test_the_lock_of_a_source_is_input(
    podwheel: Podwheel, published: LocalIndex, upstream: Path
) -> None:
    """The wheelhouse's own lock is input again, with the setting still there."""
    podwheel.write(
        "podwheel.toml", f'[package.only-wheel]\nsource = "git+file://{upstream}@v1.2"\n'
    )
    podwheel("build", "only-wheel", "--no-verify")
    again = podwheel("build", "-r", podwheel.wheelhouse / "pylock.toml", "--no-verify", "-o", "two")
    assert podwheel.wheels(podwheel.cwd / "two") == [WHEEL]
    assert "= build only-wheel 1.2" in again.err


def test_a_source_of_another_version(
    podwheel: Podwheel, published: LocalIndex, upstream: Path
) -> None:
    podwheel.write(
        "podwheel.toml", f'[package.only-wheel]\nsource = "git+file://{upstream}@v1.2"\n'
    )
    done = podwheel("build", "only-wheel>=2", code=4)
    assert "podwheel.toml: package.only-wheel.source: only-wheel @ git+file://" in done.err
    assert "@v1.2 is only-wheel 1.2" in done.err


def test_a_source_without_a_tag(podwheel: Podwheel, published: LocalIndex, upstream: Path) -> None:
    podwheel.write(
        "podwheel.toml", f'[package.only-wheel]\nsource = "git+file://{upstream}@main"\n'
    )
    done = podwheel("build", "only-wheel", code=6)
    assert "its version is that of a git tag, and no tag of this source names one" in done.err
    assert "under [package.only-wheel] of podwheel.toml: environment = {" in done.err
    podwheel.write(
        "podwheel.toml",
        f'[package.only-wheel]\nsource = "git+file://{upstream}@main"\n'
        "[package.only-wheel.environment]\n"
        'SETUPTOOLS_SCM_PRETEND_VERSION_FOR_ONLY_WHEEL = "1.3.dev1"\n',
    )
    podwheel("build", "only-wheel", "--no-verify")
    assert podwheel.wheels() == ["only_wheel-1.3.dev1-py3-none-any.whl"]


def test_an_archive_of_a_tag(
    podwheel: Podwheel, index: LocalIndex, upstream: Path, tmp_path: Path
) -> None:
    """As a forge packs it: no .git, no PKG-INFO."""
    www = tmp_path / "www"
    place = www / "only-wheel/archive/refs/tags/v1.2.tar.gz"
    place.parent.mkdir(parents=True)
    git(upstream, "checkout", "--quiet", "v1.2")
    with tarfile.open(place, "w:gz") as archive:
        for name in ("pyproject.toml", "backend.py", "only_wheel.py", "_shared"):
            archive.add(upstream / name, f"only-wheel-1.2/{name}")
    index.directories["team"] = www
    url = f"{index.root}/team/only-wheel/archive/refs/tags/v1.2.tar.gz"
    podwheel("build", f"only-wheel @ {url}", "--no-verify")
    assert podwheel.wheels() == [WHEEL]


def test_a_source_of_a_build_requirement(podwheel: Podwheel) -> None:
    """Our fork of it, from a directory beside the file."""
    fork = copy_project("build-tool-1.0", podwheel.cwd / "fork")
    tool = fork / "build_tool.py"
    tool.write_text(tool.read_text().replace('"ours"', '"the fork"'))
    podwheel.write("podwheel.toml", '[package.build-tool]\nsource = "./fork"\n')
    podwheel("build", "runs-its-tool", "--no-verify")
    text = module(podwheel, "runs_its_tool-1.0-py3-none-any.whl", "runs_its_tool.py")
    assert "BUILT_WITH = 'the fork'" in text


def test_an_older_version_is_taken_and_told(podwheel: Podwheel, index: LocalIndex) -> None:
    name = "in_tree-2.0-py3-none-any.whl"
    index.add(name, wheel(name, {"in_tree.py": b""}))
    done = podwheel("build", "in-tree", "--no-verify")
    assert podwheel.wheels() == ["in_tree-1.0-py3-none-any.whl"]
    assert "in-tree 2.0 has no source, only wheels: 1.0 is built instead" in done.err


def test_a_table_of_nothing(podwheel: Podwheel) -> None:
    podwheel.write("podwheel.toml", "[package.in-tre]\n[package.quite-different]\n")
    done = podwheel("build", "in-tree", "--no-verify")
    assert (
        "[package.in-tre] of podwheel.toml: nothing of that name was built or resolved; did you mean in-tree?"
        in done.err
    )
    assert "quite-different" not in done.err
