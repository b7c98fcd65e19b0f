"""``--build-deps source``: build requirements are built as well, seeds open circles, the record says what is trusted."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from local_index import PROJECTS, packed, wheel

if TYPE_CHECKING:
    from local_index import LocalIndex
    from podwheel_cli import Podwheel, Result

pytestmark = pytest.mark.podman

GUIDE = Path(__file__).parents[2] / "docs" / "from-source.md"
TOOL = "build_tool-1.0-py3-none-any.whl"
A, B = "cycle_a-1.0-py3-none-any.whl", "cycle_b-1.0-py3-none-any.whl"


@pytest.fixture
def circle(index: LocalIndex) -> LocalIndex:
    """Wheels of the two that need each other; the one of cycle-a is the smaller."""
    index.add(A, wheel(A, {"cycle_a.py": b"VALUE = 'upstream'\n"}))
    index.add(B, wheel(B, {"cycle_b.py": b"VALUE = 'upstream'\n", "more.py": bytes(range(256))}))
    return index


def seed(index: LocalIndex, filename: str) -> str:
    name, version = filename.split("-")[:2]
    sha256 = index.files[filename].sha256
    return f'[[seed]]\nname = "{name}"\nversion = "{version}"\nsha256 = "{sha256}"\n'


def from_source(podwheel: Podwheel, *arguments: str, code: int = 0) -> Result:
    return podwheel("build", "--build-deps", "source", "--no-verify", *arguments, code=code)


def record(podwheel: Podwheel) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((podwheel.wheelhouse / "podwheel.json").read_text())
    return found


def trusted(podwheel: Podwheel, kind: str) -> list[tuple[str, list[str], str]]:
    """Name, users and note of each record of a kind."""
    return [
        (t["name"], t["used_by"], t["note"]) for t in record(podwheel)["trust"] if t["kind"] == kind
    ]


def text(podwheel: Podwheel, name: str) -> str:
    with zipfile.ZipFile(podwheel.wheelhouse / f"{name}-1.0-py3-none-any.whl") as archive:
        return archive.read(f"{name}.py").decode()


def built(done: Result) -> list[str]:
    return [line.split()[2] for line in done.err.splitlines() if line.startswith("  ✓ build ")]


# ------------------------------------------------------------------ everything is built


def test_a_build_requirement_is_built_though_there_is_a_wheel(
    podwheel: Podwheel, index: LocalIndex
) -> None:
    index.add(TOOL, wheel(TOOL, {"build_tool.py": b"ORIGIN = 'upstream'\n"}))
    done = podwheel("build", "--build-deps", "source", "needs-tool", "asks-for-source")
    assert "BUILT_WITH = 'ours'" in text(podwheel, "needs_tool")
    assert built(done).count("build-tool") == 1
    assert f"/files/{TOOL}" not in index.asked
    the_record_leads_down_to_sources(podwheel, index)
    the_guides_program_follows_it(podwheel, index)
    trust_is_told(podwheel)


def the_record_leads_down_to_sources(podwheel: Podwheel, index: LocalIndex) -> None:
    said = record(podwheel)
    assert said["build_deps"] == "source"
    [tool] = [step for step in said["steps"] if step["requirement"]]
    assert (tool["package"], tool["version"]) == ("build-tool", "1.0")
    assert tool["source_sha256"] == index.files["build_tool-1.0.tar.gz"].sha256
    assert tool["source_url"] == index.file_url("build_tool-1.0.tar.gz")
    assert (podwheel.wheelhouse / tool["log"]).is_file()
    environments = {e["id"]: e["wheels"] for e in said["environments"]}
    assert environments[tool["environment"]] == []
    for step in said["steps"]:
        if step is not tool:
            assert environments[step["environment"]] == [["build-tool", "1.0", tool["wheel"]]]
    kinds = [one["kind"] for one in said["trust"]]
    assert kinds == ["image", "image", "tool"]
    assert trusted(podwheel, "image")[0][1] == [
        "asks-for-source 1.0",
        "build-tool 1.0",
        "needs-tool 1.0",
    ]
    assert trusted(podwheel, "tool")[0][0] == "pip"


def the_guides_program_follows_it(podwheel: Podwheel, index: LocalIndex) -> None:
    [program] = re.findall(r"<<'END'\n(.*?)^END$", GUIDE.read_text(), re.MULTILINE | re.DOTALL)
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=podwheel.cwd,
        capture_output=True,
        text=True,
        check=True,
    )
    source = index.files["build_tool-1.0.tar.gz"].sha256
    assert done.stdout == f"build-tool 1.0 built from {source}\n"


def trust_is_told(podwheel: Podwheel) -> None:
    lines = podwheel("trust").out.splitlines()
    assert lines[1].split()[:2] == ["image", "debian-13-build"]
    assert [line.split()[2] for line in lines if line.startswith("podwheel's tool")] == ["pip"]
    assert lines[-1] == "the rest was built from source: 2 wheels, 1 build requirement too"
    assert json.loads(podwheel("trust", "--json", "wheelhouse").out) == record(podwheel)["trust"]


def test_without_it_upstreams_wheels_are_named_with_who_used_them(
    podwheel: Podwheel, index: LocalIndex
) -> None:
    podwheel("build", "pure-setuptools", "--no-verify")
    assert trusted(podwheel, "build-wheel") == [("setuptools", ["pure-setuptools 1.0"], "")]
    assert record(podwheel)["build_deps"] == "wheel"
    assert "build requirement  setuptools" in podwheel("trust").out


# ------------------------------------------------------------------ circles


def test_a_circle_wants_a_seed_and_says_which(podwheel: Podwheel, circle: LocalIndex) -> None:
    done = from_source(podwheel, "cycle-a", "cycle-b", "--log-format=json", code=6)
    [error] = [e for e in done.errors if e["kind"] == "BuildCycle"]
    assert len({*error["wanted_by"][:3]}) == 2  # there and back
    lines = error["hint"]
    place = lines.index("[[seed]]")
    podwheel.write("podwheel.toml", "\n".join(lines[place : place + 4]))
    assert tomllib.loads((podwheel.cwd / "podwheel.toml").read_text())["seed"] == [
        {"name": "cycle-a", "version": "1.0", "sha256": circle.files[A].sha256}
    ]
    from_source(podwheel, "cycle-a", "cycle-b")
    for name in ("cycle_a", "cycle_b"):
        assert "upstream" not in text(podwheel, name)
    assert trusted(podwheel, "seed") == [
        ("cycle-a", ["cycle-b 1.0"], "opens cycle-b → cycle-a → cycle-b")
    ]
    assert "the seed cycle-a was a build requirement: building it needs cycle-b" in "".join(
        note for package in record(podwheel)["packages"] for note in package["notes"]
    )


@pytest.mark.parametrize("asked", ["cycle-a", "cycle-b"])
@pytest.mark.parametrize("name", [A, B])
def test_the_seed_is_used_in_the_same_place_whatever_came_first(
    podwheel: Podwheel, circle: LocalIndex, asked: str, name: str
) -> None:
    podwheel.write("podwheel.toml", seed(circle, name))
    done = from_source(podwheel, "cycle-a", "cycle-b", asked)
    other = {A: "cycle-b 1.0", B: "cycle-a 1.0"}[name]
    [(_, used_by, _)] = trusted(podwheel, "seed")
    assert used_by == [other]
    assert sorted(built(done)) == ["cycle-a", "cycle-b"]
    again = from_source(podwheel, "cycle-b", "cycle-a")
    assert built(again) == []


def test_a_seed_outside_of_a_circle_is_not_used(podwheel: Podwheel, index: LocalIndex) -> None:
    index.add(TOOL, wheel(TOOL, {"build_tool.py": b"ORIGIN = 'upstream'\n"}))
    podwheel.write("podwheel.toml", seed(index, TOOL))
    from_source(podwheel, "needs-tool")
    assert "BUILT_WITH = 'ours'" in text(podwheel, "needs_tool")
    assert trusted(podwheel, "seed") == []


def test_a_seed_with_another_hash_is_not_used(podwheel: Podwheel, circle: LocalIndex) -> None:
    podwheel.write("podwheel.toml", seed(circle, A).replace(circle.files[A].sha256, "ab" * 32))
    done = from_source(podwheel, "cycle-a", "cycle-b", code=5)
    assert "no wheel of cycle-a 1.0 has the declared sha256" in done.err
    assert f"declared  {'ab' * 32}" in done.err
    assert circle.files[A].sha256 in done.err
    assert f"/files/{A}" not in circle.asked


def test_a_seed_that_nobody_offers(podwheel: Podwheel, circle: LocalIndex) -> None:
    podwheel.write("podwheel.toml", seed(circle, A).replace('"1.0"', '"2.0"'))
    done = from_source(podwheel, "cycle-a", "cycle-b", code=4)
    assert "there is no wheel of cycle-a 2.0 to be had" in done.err


def test_a_seed_of_a_version_that_is_not_wanted(podwheel: Podwheel, circle: LocalIndex) -> None:
    old = A.replace("1.0", "0.5")
    circle.add(old, wheel(old, {"cycle_a.py": b"VALUE = 'old'\n"}))
    podwheel.write("podwheel.toml", seed(circle, old))
    podwheel.write("limits.txt", "cycle-a>=1")
    done = from_source(podwheel, "cycle-b", "--build-constraint", "limits.txt", code=4)
    assert "the seed cycle-a 0.5 does not serve cycle-b 1.0" in done.err


# ------------------------------------------------------------------ no source


def test_a_build_requirement_without_a_source(podwheel: Podwheel, index: LocalIndex) -> None:
    done = from_source(podwheel, "pure-setuptools", code=4)
    assert "setuptools has no source for debian-13" in done.err
    assert "build-system.requires of pure_setuptools-1.0.tar.gz" in done.err
    assert "--only-binary setuptools" in done.err
    assert '[[seed]] name = "setuptools"' in done.err


def test_only_binary_is_an_exception_that_is_recorded(podwheel: Podwheel) -> None:
    from_source(podwheel, "pure-setuptools", "needs-tool", "--only-binary", "setuptools")
    assert trusted(podwheel, "build-wheel") == [
        ("setuptools", ["pure-setuptools 1.0"], "--only-binary setuptools")
    ]


def test_a_seed_serves_where_there_is_no_source(podwheel: Podwheel, index: LocalIndex) -> None:
    [name] = [n for n in index.files if n.startswith("setuptools-")]
    podwheel.write("podwheel.toml", seed(index, name))
    from_source(podwheel, "pure-setuptools")
    assert trusted(podwheel, "seed") == [
        ("setuptools", ["pure-setuptools 1.0"], "it has no source")
    ]


def test_a_build_requirement_that_cannot_be_built_says_what_else_there_is(
    podwheel: Podwheel, index: LocalIndex
) -> None:
    project = (
        b'[build-system]\nrequires = ["backend-raises"]\nbuild-backend = "tiny"\n'
        b'backend-path = ["_shared"]\n[project]\nname = "wants-raises"\nversion = "1.0"\n'
    )
    index.add(
        "wants_raises-1.0.tar.gz", packed({"pyproject.toml": project}, top="wants_raises-1.0")
    )
    done = from_source(podwheel, "wants-raises", code=6)
    assert "--only-binary backend-raises" in done.err


# ------------------------------------------------------------------ programs

NINJA = """
import shutil

import tiny


def get_requires_for_build_wheel(settings=None):
    return [] if shutil.which("ninja") else ["ninja>=1.5"]


def build_wheel(directory, settings=None, metadata=None):
    print("built with", shutil.which("ninja"))
    return tiny.build_wheel(directory)
"""


@pytest.mark.network  # the distribution's mirror
def test_the_distributions_program_serves_a_backend_that_asks_for_one(
    podwheel: Podwheel, index: LocalIndex
) -> None:
    """As scikit-build-core and meson-python do; the index here has no such project at all."""
    pyproject = (
        '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = [".", "tiny"]\n'
        '[project]\nname = "asks-for-ninja"\nversion = "1.0"\n'
    )
    files = {
        "pyproject.toml": pyproject.encode(),
        "backend.py": NINJA.encode(),
        "asks_for_ninja.py": b"VALUE = 1\n",
        "tiny/tiny.py": (PROJECTS / "_shared" / "tiny.py").read_bytes(),
    }
    index.add("asks_for_ninja-1.0.tar.gz", packed(files, top="asks_for_ninja-1.0"))
    from_source(podwheel, "asks-for-ninja")
    [step] = record(podwheel)["steps"]
    [package] = step["system_packages"]
    assert (package["name"], package["reason"]) == ("ninja-build", "program ninja")
    assert "built with /usr/bin/ninja" in (podwheel.wheelhouse / step["log"]).read_text()
    again = from_source(podwheel, "asks-for-ninja")
    assert built(again) == []


# ------------------------------------------------------------------ fetch and plan


def test_what_was_fetched_is_built_offline(podwheel: Podwheel, circle: LocalIndex) -> None:
    podwheel.write("podwheel.toml", seed(circle, A))
    asked = ("--build-deps", "source", "needs-tool", "cycle-b", "asks-for-source")
    podwheel("fetch", *asked)
    circle.stop()
    podwheel("build", "--offline", *asked)
    assert len(podwheel.wheels()) == 3


def test_plan_takes_it(podwheel: Podwheel) -> None:
    assert "needs-tool" in podwheel("plan", "--build-deps", "source", "needs-tool").out
