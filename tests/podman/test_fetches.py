"""Downloads that a build would make by itself: declared by their hash, brought by the host."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest
from local_index import PROJECTS, packed
from podwheel_cli import recorded_podman
from system_packages import record_of
from test_settings import module
from test_sources import git, publish, repository

if TYPE_CHECKING:
    from pathlib import Path

    from local_index import LocalIndex
    from podwheel_cli import Podwheel

pytestmark = pytest.mark.podman

WHEEL = "fetching-1.0-py3-none-any.whl"
PYPROJECT = b"""\
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
[project]
name = "fetching"
version = "1.0"
"""
BACKEND = b"""\
import os
import urllib.request

import tiny


def build_wheel(directory, settings=None, metadata=None):
    found = [read("given/file.txt"), read("given/tree/inner.txt"), read("given/repo/pure_flit.py")]
    found += [read(os.environ.get("ONE_FILE", "")), read(os.environ.get("ONE_TREE", "") + "/inner.txt")]
    found.append(os.environ.get("CMAKE_ARGS"))
    if not any(found):
        urllib.request.urlretrieve("https://files.example.org/fetching/inner-1.0.tar.gz", "inner.tar.gz")
    return tiny.write(directory, "fetching", "1.0", [], {"fetching.py": b"FOUND = %a\\n" % (found,)})


def read(path):
    if not os.path.isfile(path):
        return None
    with open(path) as file:
        return file.read()
"""
INNER = packed({"inner.txt": b"inner"}, top="inner-1.0")


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@pytest.fixture(autouse=True)
def files(index: LocalIndex, tmp_path: Path) -> Path:
    """What is built, and the directory of what it wants, which is served beside the index."""
    served = tmp_path / "served"
    served.mkdir()
    index.directories["served"] = served
    (served / "plain.txt").write_bytes(b"plain")
    (served / "inner-1.0.tar.gz").write_bytes(INNER)
    tiny = (PROJECTS / "_shared/tiny.py").read_bytes()
    source = {"pyproject.toml": PYPROJECT, "backend.py": BACKEND, "tiny.py": tiny}
    source["given/repo/.gitmodules-was-here"] = b""
    index.add("fetching-1.0.tar.gz", packed(source, top="fetching-1.0"))
    return served


def declared(index: LocalIndex, name: str, data: bytes, where: str) -> str:
    url = f"{index.root}/served/{name}"
    return f'[[package.fetching.fetch]]\nurl = "{url}"\nsha256 = "{sha256(data)}"\n{where}\n'


def test_each_way_to_find_it(
    podwheel: Podwheel, index: LocalIndex, files: Path, tmp_path: Path
) -> None:
    """One build for all of them, and what is recorded."""
    work = repository(tmp_path / "work", "pure-flit-1.0")
    commit = git(work, "rev-parse", "HEAD")
    publish(work, files / "repo.git")
    podwheel.write(
        "podwheel.toml",
        declared(index, "plain.txt", b"plain", 'file = "given/file.txt"\nvariable = "ONE_FILE"')
        + declared(index, "inner-1.0.tar.gz", INNER, 'directory = "given/tree"')
        + declared(index, "inner-1.0.tar.gz", INNER, 'variable = "ONE_TREE"\nunpack = true')
        + declared(index, "inner-1.0.tar.gz", INNER, 'fetchcontent = "Inner"')
        + f'[[package.fetching.fetch]]\nurl = "git+{index.root}/served/repo.git@{commit}"\n'
        'directory = "given/repo"\n',
    )
    podwheel("build", "fetching", "--no-verify")
    told = module(podwheel, WHEEL, "fetching.py")
    plain, inner, repo, one_file, one_tree, cmake = eval(told.removeprefix("FOUND = "))
    assert (plain, inner, one_file, one_tree) == ("plain", "inner", "plain", "inner")
    assert repo == (work / "pure_flit.py").read_text()
    assert cmake == "-DFETCHCONTENT_SOURCE_DIR_INNER=/build/fetched/3"

    (step,) = record_of(podwheel)["steps"]
    digests = [one["digest"] for one in step["inputs"]]
    assert digests == [sha256(b"plain"), *[sha256(INNER)] * 3, f"git:{commit}"]
    assert {one["kind"] for one in step["inputs"]} == {"fetch"}
    trusted = podwheel("trust").out
    assert trusted.count("declared download") == 3, "each once"

    recorder = recorded_podman(tmp_path)
    podwheel("build", "fetching", "--no-verify", environment=recorder.environment)
    assert recorder.calls() == []


def test_another_hash_is_another_step(podwheel: Podwheel, index: LocalIndex, files: Path) -> None:
    where = 'file = "given/file.txt"'
    podwheel.write("podwheel.toml", declared(index, "plain.txt", b"plain", where))
    podwheel("build", "fetching", "--no-verify")
    (files / "plain.txt").write_bytes(b"other")
    podwheel.write("podwheel.toml", declared(index, "plain.txt", b"other", where))
    podwheel("build", "fetching", "--no-verify")
    assert "'other'" in module(podwheel, WHEEL, "fetching.py")


def test_other_bytes_than_declared(podwheel: Podwheel, index: LocalIndex) -> None:
    podwheel.write(
        "podwheel.toml", declared(index, "plain.txt", b"expected", 'file = "given/file.txt"')
    )
    done = podwheel("build", "fetching", "--no-verify", code=5)
    assert sha256(b"plain") in done.err
    assert "[[package.fetching.fetch]] 1 of " in done.err, "who asked for it"
    assert not podwheel.wheelhouse.exists()


def test_fetched_ahead_it_needs_no_network(podwheel: Podwheel, index: LocalIndex) -> None:
    podwheel.write(
        "podwheel.toml", declared(index, "inner-1.0.tar.gz", INNER, 'directory = "given/tree"')
    )
    podwheel("fetch", "fetching")
    index.stop()
    podwheel("build", "fetching", "--no-verify", "--offline")
    assert "'inner'" in module(podwheel, WHEEL, "fetching.py")


def test_what_is_not_declared_is_named(podwheel: Podwheel) -> None:
    done = podwheel("build", "fetching", "--no-verify", code=6)
    assert "Temporary failure in name resolution" in done.err
    assert "no step has a network" in done.err
    for line in ("[[package.fetching.fetch]]", 'sha256 = "…"', 'directory = "…"'):
        assert line in done.err
