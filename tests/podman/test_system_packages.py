"""What builds lack of the system: found, installed, written down; bounded where it is hostile; and turned off."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

import pytest
from podwheel_cli import recorded_podman
from system_packages import (
    lacked,
    large_backends,
    locked,
    record_of,
    server_line,
)

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import NewPodwheel
    from local_index import LocalIndex
    from podwheel_cli import Podwheel, Result

    from podwheel.store import Store

# The packages come from the distribution's mirror, into image layers of their own.
pytestmark = [pytest.mark.podman, pytest.mark.network]

# A project, and what its build lacks: the packages of Debian 13 that have it, and what is said of each.
LACKING = {
    "declares-external": {"libmspack-dev": "declared (PEP 725): pkg-config libmspack"},
    "needs-build-tool": {"gperf": "program gperf"},
    "needs-cmake-package": {"libbcg729-dev": "CMake package BCG729"},
    "needs-config-program": {"libmm-dev": "program mm-config"},
    "needs-fortran": {"gfortran": "compiler fortran"},
    "needs-header": {"libev-dev": "header ev.h"},
    "needs-library": {"libconfuse-dev": "library confuse"},
    "needs-meson-dependency": {"libyajl-dev": "pkg-config yajl"},
    "needs-one-then-another": {
        "libmaxminddb-dev": "header maxminddb.h",
        "libargtable2-dev": "library argtable2",
    },
    "needs-pkg-config": {"libinih-dev": "pkg-config inih >= 50"},
    "optional-header": {"libmhash-dev": "header mhash.h"},
}
# And what their wheels need where they run. The build tool leaves nothing behind.
RUN = {
    "declares-external": "libmspack0t64 tree",
    "needs-cmake-package": "libbcg729-0",
    "needs-config-program": "libmm14",
    "needs-fortran": "libgfortran5",
    "needs-header": "libev4t64",
    "needs-library": "libconfuse2",
    "needs-meson-dependency": "libyajl2",
    "needs-one-then-another": "libargtable2-0 libmaxminddb0",
    "needs-pkg-config": "libinih1",
    "optional-header": "libmhash2",
}
JSON = ("--log-format", "json")


# --------------------------------------------------------------------------- every kind of thing


def test_what_builds_lack_is_found(
    podwheel: Podwheel,
    new_podwheel: NewPodwheel,
    index: LocalIndex,
    store: Store,
    tmp_path: Path,
) -> None:
    """One test, for all that is looked at costs one build."""
    for name, data in large_backends(store).items():
        index.add(name, data)
    podwheel.write("requirements.txt", "\n".join(LACKING))
    done = podwheel("build", "-r", "requirements.txt", *JSON, timeout=600)
    all_are_built_with_their_compiled_part_and_proven(podwheel, done)
    each_attempt_says_what_it_lacked(done)
    the_record_and_the_lock_say_what_was_installed(podwheel)
    the_server_needs_what_the_wheels_link(podwheel, done)
    the_same_command_again_starts_no_process(podwheel, tmp_path)
    with new_podwheel(index) as other:
        another_machine_learns_from_the_lock(other, podwheel.wheelhouse / "pylock.toml")
        assert other.wheels() == podwheel.wheels()
        assert locked(other) == locked(podwheel)


def all_are_built_with_their_compiled_part_and_proven(podwheel: Podwheel, done: Result) -> None:
    assert f"{len(LACKING)} wheels ({len(LACKING)} built from source, " in done.out
    assert "installed and imported: wheelhouse" in done.out
    assert [name.split("-")[0].replace("_", "-") for name in podwheel.wheels()] == sorted(LACKING)
    for name in podwheel.wheels():
        assert "-cp313-cp313-linux_" in name, name


def each_attempt_says_what_it_lacked(done: Result) -> None:
    """One attempt more for each thing that comes to light by failing; none where it was declared."""
    assert lacked(done) == {
        project: [f"{name} ({why})" for name, why in packages.items()]
        for project, packages in LACKING.items()
        if project != "declares-external"
    }


def the_record_and_the_lock_say_what_was_installed(podwheel: Podwheel) -> None:
    steps = {step["package"]: step for step in record_of(podwheel)["steps"]}
    recorded = {name: steps[name]["system_packages"] for name in LACKING}
    assert {n: {p["name"]: p["reason"] for p in found} for n, found in recorded.items()} == LACKING
    for package in chain.from_iterable(recorded.values()):
        assert package["version"]
        assert package["path"].startswith("/usr/")
    written = {
        entry["project"]: {p["name"]: p["for"] for p in entry["packages"]}
        for entry in locked(podwheel)["build"]
    }
    assert written == LACKING


def the_server_needs_what_the_wheels_link(podwheel: Podwheel, done: Result) -> None:
    names = sorted(" ".join(RUN.values()).split())
    line = f"apt-get install {' '.join(names)}"
    assert f"the server needs: {line}\n" in done.out
    assert server_line(podwheel) == f"{line}\n"
    assert locked(podwheel)["install"] == line
    run = {package["name"]: package for package in locked(podwheel)["run"]}
    assert list(run) == names
    needed_by = {name: [project] for project, names in RUN.items() for name in names.split()}
    assert {name: package["needed-by"] for name, package in run.items()} == needed_by
    # What every server has is recorded, and not in the line.
    present = [p["name"] for p in record_of(podwheel)["server"]["packages"] if p["present"]]
    assert present == ["libc6"]


def the_same_command_again_starts_no_process(podwheel: Podwheel, tmp_path: Path) -> None:
    recorder = recorded_podman(tmp_path)
    again = podwheel("build", "-r", "requirements.txt", *JSON, environment=recorder.environment)
    assert recorder.calls() == []
    assert lacked(again) == {}
    assert len(again.told("step.reused")) == len(LACKING)


def another_machine_learns_from_the_lock(other: Podwheel, lock: Path) -> None:
    done = other("build", "-r", lock, "--no-verify", *JSON, timeout=300)
    assert lacked(done) == {}
    assert done.told("step.failed") == []


# --------------------------------------------------------------------------- where there is no answer


def test_a_header_that_two_packages_have(podwheel: Podwheel) -> None:
    """The error names both and the line that says which; and that line works."""
    asked = ("build", "header-of-two", "--no-verify", *JSON)
    refused = podwheel(*asked, code=6)
    (error,) = refused.errors
    told = "\n".join(error["hint"])
    assert "header prng.h is in libbrahe-dev and in libigloo-dev" in told
    assert "[package.header-of-two] of podwheel.toml" in told
    assert 'system-packages = ["libbrahe-dev"]' in told
    assert lacked(refused) == {}
    assert not podwheel.wheelhouse.exists()
    podwheel.write(
        "podwheel.toml",
        """
        [package.header-of-two]
        system-packages = ["libigloo-dev"]
        environment = { CPATH = "/usr/include/igloo" }
        """,
    )
    done = podwheel(*asked)
    assert lacked(done) == {}
    (step,) = record_of(podwheel)["steps"]
    (package,) = step["system_packages"]
    assert package["name"] == "libigloo-dev"
    assert package["reason"].endswith("podwheel.toml")


def test_a_header_that_nobody_has(podwheel: Podwheel) -> None:
    refused = podwheel("build", "header-of-nobody", code=6)
    assert "fatal error: podwheel_header_of_nobody.h: No such file or directory" in refused.err
    assert (
        "header podwheel_header_of_nobody.h: no package of the target's distribution has it"
        in refused.err
    )
    assert not podwheel.wheelhouse.exists()


def test_a_hostile_log(podwheel: Podwheel, tmp_path: Path) -> None:
    """Of all that it says, the distribution's packages for three headers come of it: not those for a
    hundred at once, and nothing of the names of options and commands among them."""
    recorder = recorded_podman(tmp_path)
    refused = podwheel(
        "build", "hostile-log", code=6, environment=recorder.environment, timeout=300
    )
    told = [line.split(maxsplit=4)[4] for line in refused.err.splitlines() if line[:4] == "  + "]
    assert told == [
        "libargh-dev (header argh.h), libavl-dev (header avl.h), libjsmn-dev (header jsmn.h)"
    ]
    assert "error: hostile-log 1.0 could not be built" in refused.err
    assert "\x1b" not in refused.err
    calls = "\n".join(recorder.calls())
    assert calls
    for word in ("owned", "shadow", "--allow-", "-oAPT", "Dpkg", "Dir::Etc", "reboot", "--config-"):
        assert word not in calls
    assert not podwheel.wheelhouse.exists()
    assert podwheel.leftovers() == []


# --------------------------------------------------------------------------- who decides


def test_no_system_packages(podwheel: Podwheel, tmp_path: Path) -> None:
    """Nothing is looked for; what podwheel.toml says is still done."""
    asked = ("build", "needs-header", "--no-system-packages", "--no-verify")
    recorder = recorded_podman(tmp_path)
    refused = podwheel(*asked, code=6, environment=recorder.environment)
    assert "fatal error: ev.h: No such file or directory" in refused.err
    assert "the system lacks header ev.h" in refused.err
    assert "under [package.needs-header] of podwheel.toml: system-packages" in refused.err
    assert not [call for call in recorder.calls() if call.startswith("buildah")]
    podwheel.write("podwheel.toml", '[package.needs-header]\nsystem-packages = ["libev-dev"]\n')
    podwheel(*asked)
    assert [p["project"] for p in locked(podwheel)["build"]] == ["needs-header"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('[package.needs-header]\nsystem-packages = ["libev-dev"]\n', "reviewed.toml"),
        (
            """
        lock-version = "1.0"
        created-by = "podwheel"
        packages = []
        [tool.podwheel.target]
        name = "debian-13"
        [[tool.podwheel.system-packages.build]]
        project = "needs-header"
        packages = [{ name = "libev-dev", version = "1:4.33", for = "header ev.h" }]
        """,
            "header ev.h",
        ),
    ],
    ids=["like podwheel.toml", "a lock"],
)
def test_a_reviewed_file(podwheel: Podwheel, text: str, reason: str) -> None:
    podwheel.write("reviewed.toml", text)
    done = podwheel("build", "needs-header", "--system-packages-from", "reviewed.toml", "--no-verify", *JSON)  # fmt: skip
    assert lacked(done) == {}
    (step,) = record_of(podwheel)["steps"]
    assert [(p["name"], p["reason"]) for p in step["system_packages"]] == [("libev-dev", reason)]


def test_a_reviewed_file_that_lacks_one(podwheel: Podwheel, tmp_path: Path) -> None:
    """Nothing else is installed, and the error names the file."""
    podwheel.write("reviewed.toml", '[package.needs-library]\nsystem-packages = ["libev-dev"]\n')
    recorder = recorded_podman(tmp_path)
    refused = podwheel(
        "build", "needs-header", "--system-packages-from", "reviewed.toml", *JSON,
        code=6, environment=recorder.environment,
    )  # fmt: skip
    (error,) = refused.errors
    assert "the system lacks header ev.h" in error["hint"]
    assert "reviewed.toml names no package that has it" in error["hint"]
    assert lacked(refused) == {}
    assert not [call for call in recorder.calls() if call.startswith("buildah")]


def test_a_reviewed_file_for_another_target(podwheel: Podwheel) -> None:
    podwheel.write(
        "reviewed.toml",
        'target = "debian-12"\n[package.needs-header]\nsystem-packages = ["libev-dev"]\n',
    )
    refused = podwheel("build", "needs-header", "--system-packages-from", "reviewed.toml", code=2)
    assert "reviewed.toml is for debian-12" in refused.err


def test_both_options(podwheel: Podwheel) -> None:
    refused = podwheel(
        "build", "in-tree", "--no-system-packages", "--system-packages-from", "any.toml", code=2
    )
    assert "give one of them" in refused.err
