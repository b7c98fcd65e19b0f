"""A server describes itself, wheels are built for it, and what it lacks is named before anything is copied."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest
from capture_helpers import SCRIPT, Root, debian, rpm
from system_packages import record_of

from podwheel import targets
from podwheel.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from podwheel_cli import Podwheel

    from podwheel.model import Image, Target

# The packages come from the distribution's mirror, into image layers of their own.
pytestmark = [pytest.mark.podman, pytest.mark.network]

ASKED = ("needs-header", "cxx-extension")
LACKS = "apt-get install libev4t64 libstdc++6"
REMOVED = "dpkg --remove --force-depends libstdc++6 </dev/null >/dev/null 2>&1; "


def described(podwheel: Podwheel, image: Image, *, before: str = "") -> str:
    """What `podwheel target capture | ssh server sh` gives, with a container for the server."""
    run = ("podman", "run", "--rm", "-i", "--network=none", "--pull=never")
    done = subprocess.run(
        [*run, image.reference, "sh", "-c", f"{before}exec sh"],
        input=podwheel("target", "capture").out.encode(),
        capture_output=True,
        check=True,
    )
    assert done.stderr == b""
    return done.stdout.decode()


def test_a_server_that_lacks_two_libraries(podwheel: Podwheel, target: Target) -> None:
    """One test, for all that is looked at costs one build."""
    server = podwheel.write("server.json", described(podwheel, target.runtime, before=REMOVED))
    it_says_what_it_is(server, target)
    the_wheels_are_built_and_what_it_lacks_is_named(podwheel)
    a_finished_wheelhouse_is_held_against_it(podwheel)
    definition = targets.load("debian-13", cwd=podwheel.cwd)
    mended = targets.prepare_server(definition, target, ["libev4t64"], store=Store(podwheel.store))
    podwheel.write("server.json", described(podwheel, mended))
    then_the_verdict_is_good(podwheel)
    another_python_is_told_before_anything_starts(podwheel)
    another_distribution_is_asked_for_libraries(podwheel)


def it_says_what_it_is(server: Path, target: Target) -> None:
    said = json.loads(server.read_text())
    (python,) = said["pythons"]
    assert (said["id"], said["codename"]) == ("debian", "trixie")
    assert said["libc"] == " ".join(target.python.libc)
    assert python["version"] == target.python.version
    assert "/usr/bin/python3" in python["names"]
    packages = {name for name, _, _ in said["packages"]}
    assert "libc6" in packages
    assert "libstdc++6" not in packages
    libraries = {name for name, _, _ in said["libraries"]}
    assert "libc.so.6" in libraries
    assert "libstdc++.so.6" not in libraries


def the_wheels_are_built_and_what_it_lacks_is_named(podwheel: Podwheel) -> None:
    done = podwheel("build", "--target", "server.json", *ASKED, code=7, timeout=300)
    assert "2 wheels (2 built from source, " in done.out
    assert "installed and imported: wheelhouse" in done.out
    assert "the server of server.json lacks what the wheels need: libev4t64, libstdc++6" in done.err
    assert "libev4t64 (libev.so.4): needs-header" in done.err
    assert f"on the server: {LACKS}\n" in done.err
    assert len(podwheel.wheels()) == 2
    assert record_of(podwheel)["target"]["name"] == "debian-13"


def a_finished_wheelhouse_is_held_against_it(podwheel: Podwheel) -> None:
    done = podwheel("verify", "--against", "server.json", "wheelhouse", code=7)
    assert f"on the server: {LACKS}\n" in done.err


def then_the_verdict_is_good(podwheel: Podwheel) -> None:
    for command in (
        ("build", "--target", "server.json", *ASKED),
        ("verify", "--against", "server.json", "wheelhouse"),
    ):
        done = podwheel(*command)
        assert "the server of server.json has all that the wheels need: libc6 " in done.out
        assert " libev4t64 " in done.out
        assert "the server needs" not in done.out


def another_python_is_told_before_anything_starts(podwheel: Podwheel) -> None:
    said = json.loads((podwheel.cwd / "server.json").read_text())
    said["pythons"][0] |= {"version": "3.11.2", "soabi": "cpython-311-x86_64-linux-gnu"}
    podwheel.write("other.json", json.dumps(said))
    refused = podwheel("verify", "--against", "other.json", "wheelhouse", code=7)
    assert "is not for /usr/bin/python3 (cpython 3.11.2)" in refused.err
    refused = podwheel("build", "--target", "other.json", *ASKED, code=2)
    assert "Python: 3.13" in refused.err


def another_distribution_is_asked_for_libraries(podwheel: Podwheel) -> None:
    """No base is known for it: the wheels are proven where they were built for."""
    said = json.loads((podwheel.cwd / "server.json").read_text())
    said |= {"id": "rocky", "id_like": "rhel", "codename": "", "family": "rpm", "packages": []}
    podwheel.write("rocky.json", json.dumps(said))
    done = podwheel("verify", "--against", "rocky.json", "wheelhouse")
    assert "2 distributions installed and imported on debian-13: wheelhouse\n" in done.out
    assert "the server of rocky.json has all that the wheels need\n" in done.out
    said["libraries"] = [one for one in said["libraries"] if one[0] != "libev.so.4"]
    podwheel.write("rocky.json", json.dumps(said))
    refused = podwheel("verify", "--against", "rocky.json", "wheelhouse", code=7)
    assert "libev.so.4 (in the images: libev4t64): needs-header" in refused.err
    assert "apt-get" not in refused.err


# ------------------------------------------------------------ the script, with tools that prepare-host brings


def test_the_script_is_clean() -> None:
    subprocess.run(["shellcheck", SCRIPT], check=True)


@pytest.mark.parametrize("family", [debian, rpm])
def test_busybox_alone_says_the_same(tmp_path: Path, family: Callable[[Root], None]) -> None:
    """Its shell, its awk and its sed, and no other program."""
    applets = tmp_path / "applets"
    applets.mkdir()
    for name in subprocess.check_output(["busybox", "--list"], text=True).split():
        (applets / name).symlink_to(shutil.which("busybox"))
    root = Root(tmp_path)
    family(root)
    said, complaints = root.captured()
    again = root.captured(shell=(str(applets / "sh"),), path=str(applets))
    of_the_moment = {"made": said["made"], "python3": said["python3"]}
    assert ({**again[0], **of_the_moment}, again[1]) == (said, complaints)
