"""``--ccache``: what a package compiled it finds again, the same bytes come of it, and no other package sees it."""

from __future__ import annotations

import json
import textwrap
from typing import TYPE_CHECKING, Any

import pytest
from local_index import PROJECTS, packed

if TYPE_CHECKING:
    from local_index import LocalIndex
    from podwheel_cli import Podwheel

pytestmark = pytest.mark.podman

RETRIED = {
    "pyproject.toml": """
        [build-system]
        requires = []
        build-backend = "backend"
        backend-path = [".", "_shared"]
        [project]
        name = "retried"
        version = "1.0"
        """,
    "backend.py": """
import subprocess, tiny
def build_wheel(directory, settings=None, metadata=None):
    for source in ("first.c", "second.c"):
        subprocess.check_call(["cc", "-c", source])
    return tiny.build_wheel(directory, settings, metadata)
""",
    "retried.py": "",
    "first.c": "int first(void) { return 1; }",
    "second.c": "#include <bzlib.h>",
    "_shared/tiny.py": (PROJECTS / "_shared/tiny.py").read_text(),
}


def step(podwheel: Podwheel, package: str) -> dict[str, Any]:
    """The record of its build."""
    record = json.loads((podwheel.wheelhouse / "podwheel.json").read_text())
    (found,) = [s for s in record["steps"] if s["package"] == package]
    return dict(found)


def again(podwheel: Podwheel, *arguments: str, run: str) -> tuple[dict[str, Any], bytes, str]:
    """Build c-extension, whose build environment has a variable that nobody reads; the step, the wheel, stdout."""
    podwheel.write("podwheel.toml", f'[environment]\nNOBODY_READS_IT = "{run}"\n')
    out = podwheel("build", "--no-verify", *arguments, "c-extension").out
    (wheel,) = podwheel.wheelhouse.glob("*.whl")
    return step(podwheel, "c-extension"), wheel.read_bytes(), out


def test_a_second_build_finds_what_the_first_compiled(podwheel: Podwheel) -> None:
    first, _, out = again(podwheel, "--ccache", run="first")
    assert (first["outcome"], first["ccache"]) == ("built", {"found": 0, "compiled": 1})
    assert "ccache: 0 of 1 compilations found\n" in out
    second, found, out = again(podwheel, "--ccache", run="second")
    assert (second["outcome"], second["ccache"]) == ("built", {"found": 1, "compiled": 0})
    assert "ccache: 1 of 1 compilations found\n" in out
    # Nothing that was made with it is taken by who does not ask for it; the other way round it is.
    third, compiled, out = again(podwheel, run="second")
    assert (third["outcome"], third["ccache"]) == ("built", None)
    assert found == compiled
    assert "ccache" not in out
    fourth, _, out = again(podwheel, "--ccache", run="second")
    assert "from store" in out
    assert fourth["id"] == third["id"]
    info = json.loads(podwheel("cache", "info", "--json").out)
    assert info["kinds"]["ccache"]["entries"] == 1


def test_a_build_that_is_tried_again_finds_what_it_had_compiled(
    podwheel: Podwheel, index: LocalIndex
) -> None:
    """The first attempt ends at the second source, for lack of its header."""
    files = {name: textwrap.dedent(text).encode() for name, text in RETRIED.items()}
    index.add("retried-1.0.tar.gz", packed(files, top="retried-1.0"))
    podwheel("build", "--no-verify", "--ccache", "retried")
    done = step(podwheel, "retried")
    assert [package["name"] for package in done["system_packages"]] == ["libbz2-dev"]
    assert done["ccache"] == {"found": 1, "compiled": 1}


def test_a_hostile_package_has_its_own_cache_alone(podwheel: Podwheel, index: LocalIndex) -> None:
    other = {
        str(path.relative_to(PROJECTS / "pokes-cache-1.0")): path.read_bytes()
        for path in (PROJECTS / "pokes-cache-1.0").iterdir()
        if path.is_file()
    }
    other["_shared/tiny.py"] = (PROJECTS / "_shared/tiny.py").read_bytes()
    other["pyproject.toml"] = other["pyproject.toml"].replace(b'"pokes-cache"', b'"pokes-other"')
    index.add("pokes_other-1.0.tar.gz", packed(other, top="pokes_other-1.0"))
    for run, seen in (
        ("first", {"pokes-cache": "[]"}),
        ("second", {"pokes-cache": "['planted']", "pokes-other": "[]"}),
    ):
        podwheel.write(
            "podwheel.toml", f'ccache = true\n[environment]\nNOBODY_READS_IT = "{run}"\n'
        )
        podwheel("build", "--no-verify", *seen)
        for name, planted in seen.items():
            log = (podwheel.wheelhouse / f"logs/{name}-1.0.log").read_text()
            assert f"there was {planted}" in log
            assert "asked with None False" in log
            # What it says of its statistics is its own word, and a number.
            counted = step(podwheel, name)["ccache"]
            assert counted is None or all(0 <= n < 10**9 for n in counted.values())
    caches = sorted(podwheel.store.glob("ccache/*/*"))
    assert [path.parent.name for path in caches] == ["pokes-cache", "pokes-other"]
    assert all(path.is_file() and path.stat().st_mode & 0o7777 == 0o644 for path in caches)
