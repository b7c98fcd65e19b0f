"""What wheels need of the server: found in their libraries and in failed imports, named, installed and proven."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from podwheel_cli import recorded_podman
from system_packages import lacked, locked, record_of, server_line

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import NewPodwheel
    from local_index import LocalIndex
    from podwheel_cli import Podwheel, Result

# The packages come from the distribution's mirror, into image layers of their own.
pytestmark = [pytest.mark.podman, pytest.mark.network]

ASKED = ("needs-header", "loads-library", "brings-library", "links-sibling")
JSON = ("--log-format", "json")
LINE = "apt-get install libev4t64 libsodium23"


def test_what_a_server_needs(
    podwheel: Podwheel, new_podwheel: NewPodwheel, index: LocalIndex, tmp_path: Path
) -> None:
    """One test, for all that is looked at costs one build."""
    done = podwheel("build", *ASKED, timeout=300)
    assert "4 wheels (4 built from source, " in done.out
    assert "), installed and imported: wheelhouse\n" in done.out
    one_line_says_it(podwheel, done)
    the_record_says_why(podwheel)
    the_lock_says_it_too(podwheel)
    verifying_again_installs_the_same(podwheel, tmp_path)
    the_same_command_again_starts_no_process(podwheel, tmp_path)
    with new_podwheel(index) as other:
        another_machine_loads_it_from_the_start(other, podwheel)


def one_line_says_it(podwheel: Podwheel, done: Result) -> None:
    """Run-time packages only; and nothing that a wheel of the set brings, whoever else has it."""
    assert f"the server needs: {LINE}\n" in done.out
    assert server_line(podwheel) == f"{LINE}\n"


def the_record_says_why(podwheel: Podwheel) -> None:
    server = record_of(podwheel)["server"]
    assert server["line"] == LINE
    assert server["unprovided"] == []
    packages = {package["name"]: package for package in server["packages"]}
    linked, loaded = packages["libev4t64"], packages["libsodium23"]
    assert linked == {
        "name": "libev4t64",
        "why": "linked",
        "minimum": "1:4.04",
        "libraries": ["libev.so.4"],
        "needed_by": ["needs-header"],
        "present": False,
    }
    assert (loaded["why"], loaded["needed_by"]) == ("loaded", ["loads-library"])
    assert loaded["libraries"] == ["libsodium.so.23"]
    assert "libtalloc2" not in packages


def the_lock_says_it_too(podwheel: Podwheel) -> None:
    table = locked(podwheel)
    assert table["install"] == LINE
    assert [(p["name"], p.get("minimum")) for p in table["run"]] == [
        ("libev4t64", "1:4.04"),
        ("libsodium23", None),
    ]
    (build,) = table["build"]
    assert build["project"] == "needs-header"
    assert [p["name"] for p in build["packages"]] == ["libev-dev"]


def another_machine_loads_it_from_the_start(other: Podwheel, podwheel: Podwheel) -> None:
    """Neither a build nor an import fails first, and the lock comes out the same."""
    done = other("build", "-r", podwheel.wheelhouse / "pylock.toml", *JSON, timeout=300)
    assert lacked(done) == {}
    assert done.told("verify.loads") == []
    assert locked(other) == locked(podwheel)


def verifying_again_installs_the_same(podwheel: Podwheel, tmp_path: Path) -> None:
    done = podwheel("verify", "wheelhouse", timeout=300)
    assert "libsodium" not in done.err


def the_same_command_again_starts_no_process(podwheel: Podwheel, tmp_path: Path) -> None:
    recorder = recorded_podman(tmp_path)
    again = podwheel("build", *ASKED, environment=recorder.environment)
    assert recorder.calls() == []
    assert f"the server needs: {LINE}\n" in again.out


def test_nothing_is_needed(podwheel: Podwheel) -> None:
    """No line, no file, no table."""
    done = podwheel("build", "c-extension")
    assert "the server needs" not in done.out
    assert server_line(podwheel) is None
    assert locked(podwheel) == {}


def test_a_library_that_is_loaded_can_be_said(podwheel: Podwheel) -> None:
    """Then no import has to fail first."""
    podwheel.write("podwheel.toml", '[package.loads-library]\nruntime-packages = ["libsodium23"]\n')
    done = podwheel("build", "loads-library", "--log-format", "json")
    assert done.told("verify.loads") == []
    (package,) = record_of(podwheel)["server"]["packages"]
    assert (package["name"], package["why"]) == ("libsodium23", "configured")


def test_a_library_is_not_looked_for_unasked(podwheel: Podwheel) -> None:
    refused = podwheel("build", "loads-library", "--no-system-packages", code=7)
    assert "libsodium.so.23: cannot open shared object file" in refused.err
    assert "runtime-packages" in refused.err
