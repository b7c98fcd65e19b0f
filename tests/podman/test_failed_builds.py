"""Packages whose build must fail: each with its message and exit code, and nothing left behind."""

from __future__ import annotations

from platform import machine
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from local_index import LocalIndex
    from podwheel_cli import Podwheel, Result

pytestmark = pytest.mark.podman

COULD_NOT = "1.0 could not be built: its backend's build_wheel"

FAILURES = {
    "asks-for-nonsense": "asks-for-nonsense 1.0 asks for 'this is no requirement!', which is no requirement",
    "backend-dies": f"backend-dies {COULD_NOT} was killed by signal 11",
    "backend-exits": f"backend-exits {COULD_NOT} ended with exit code 9",
    "backend-missing": "the build backend nobody_has_this_backend of backend-missing 1.0 cannot be imported",
    "backend-raises": "ValueError: the backend does not like this project",
    "climbing-wheel": "the member '../../climbed.py' climbs out of the archive",
    "does-not-compile": "fatal error: a_library_that_is_missing.h: No such file or directory",
    "falls-silent": "falls-silent 1.0 printed nothing for 3 s and was ended",
    "no-wheel": "left nothing where no_wheel-1.0-py3-none-any.whl should be alone",
    "not-a-wheel": "not_a_wheel-1.0-py3-none-any.whl is not a sound wheel: it is not a ZIP file",
    "symlink-wheel": "left nothing where symlink_wheel-1.0-py3-none-any.whl should be alone",
    "two-wheels": "left quite_another-1.0-py3-none-any.whl, two_wheels-1.0-py3-none-any.whl where",
    "uses-network": "OSError: [Errno 101] Network is unreachable",
    "wrong-name": "quite_another-1.0-py3-none-any.whl came, wrong-name was asked for",
    "wrong-version": "wrong_version-2.0-py3-none-any.whl came, wrong-version 1.0 was asked for",
}


def failure(podwheel: Podwheel, *arguments: str, code: int = 6) -> Result:
    done = podwheel("build", *arguments, code=code)
    assert podwheel.leftovers() == []
    assert not podwheel.wheelhouse.exists()
    return done


@pytest.mark.parametrize("name", FAILURES)
def test_a_bad_package_is_told_with_its_chain_and_its_log(podwheel: Podwheel, name: str) -> None:
    podwheel.write("requirements.txt", f"# the chain ends here:\n{name}\n")
    done = failure(podwheel, "-r", "requirements.txt", "--silence-timeout", "3")
    assert FAILURES[name] in done.err
    assert f"wanted by  requirements.txt:2 ({name})" in done.err
    assert f"✗ build {name} 1.0" in done.err
    assert "✓ build" not in done.err
    log = next(podwheel.logs()) / f"build-{name}-1.0.log"
    assert log.is_file()
    assert (f"  log   {log}\n" in done.err) == (name != "asks-for-nonsense")


def test_the_log_has_all_that_a_build_printed(podwheel: Podwheel) -> None:
    failure(podwheel, "does-not-compile")
    log = next(podwheel.logs()) / "build-does-not-compile-1.0.log"
    assert "running build_ext" in log.read_text()


def test_what_a_build_printed_cannot_reach_the_terminal(podwheel: Podwheel) -> None:
    done = failure(podwheel, "prints-escapes", "-v")
    assert "it went wrong" in done.err
    assert "ValueError: red" in done.err
    assert {c for c in done.err if not c.isprintable()} == {"\n"}


def test_one_failure_does_not_stop_the_others(podwheel: Podwheel, index: LocalIndex) -> None:
    """And when it is mended only what is missing is built."""
    asked = ("backend-raises", "does-not-compile", "needs-tool", "pure-flit")
    done = podwheel("build", *asked, "--no-verify", code=6)
    for name in ("backend-raises", "does-not-compile"):
        assert f"error: {name} 1.0 could not be built" in done.err
        assert f"podwheel shell {name}" in done.err
    for name in ("needs-tool", "pure-flit"):
        assert f"✓ build {name} 1.0" in done.err
    assert done.err.rstrip().endswith(
        "error: 2 steps failed\n  next  the same command goes on where it stopped: finished wheels are kept"
    )
    assert not podwheel.wheelhouse.exists()

    good = index.files["in_tree-1.0.tar.gz"]
    assert good is not None
    for name in ("backend_raises", "does_not_compile"):
        index.add(f"{name}-1.0.tar.gz", mended(name))
    again = podwheel("build", *asked, "--no-verify", "--refresh")
    assert sorted(built(again)) == ["backend-raises", "does-not-compile"]
    assert "4 wheels (4 built from source" in again.out


def test_what_cannot_be_tried_is_told_apart(podwheel: Podwheel) -> None:
    done = failure(podwheel, "blocked", "in-tree")
    assert done.err.count("error: does-not-compile 1.0 could not be built") == 1
    assert "build-system.requires of blocked-1.0.tar.gz (from command line (blocked))" in done.err
    assert (
        "error: 1 step failed; not tried because of that: build blocked 1.0 (needs build does-not-compile 1.0)"
        in done.err
    )
    assert "✓ build in-tree 1.0" in done.err


def test_a_failure_below_names_the_whole_chain(podwheel: Podwheel) -> None:
    done = failure(podwheel, "needs-broken")
    assert (
        "  wanted by  needs-broken 1.0 needs does-not-compile\n"
        "  wanted by  command line (needs-broken)\n"
    ) in done.err


def test_a_circle_of_builds_is_told_with_its_chain(podwheel: Podwheel) -> None:
    done = failure(podwheel, "cycle-a")
    assert "error: building cycle-b 1.0 needs, in the end, cycle-b 1.0 itself" in done.err
    chain = [line.split("wanted by  ")[1] for line in done.err.splitlines() if "wanted by" in line]
    assert chain[:3] == ["build cycle-b 1.0", "build cycle-a 1.0", "build cycle-b 1.0"]
    assert "command line (cycle-a)" in chain[-1]
    assert "--only-binary cycle-a" in done.err


def test_failures_as_json(podwheel: Podwheel) -> None:
    done = podwheel("build", "backend-raises", "wrong-name", "--log-format=json", code=6)
    *single, summary = done.errors
    assert sorted((e["kind"], e["exit_code"]) for e in single) == [
        ("HookFailed", 6),
        ("WheelRejected", 6),
    ]
    assert (summary["kind"], summary["exit_code"]) == ("BuildsFailed", 6)
    failed = {e["title"]: e["what"] for e in done.told("step.failed")}
    assert set(failed) == {"build backend-raises 1.0", "build wrong-name 1.0"}


def built(done: Result) -> list[str]:
    """Names of what was built in a container."""
    return [line.split()[2] for line in done.err.splitlines() if line.startswith("  ✓ build ")]


def mended(name: str) -> bytes:
    """Another sdist of that name and version, which builds."""
    from local_index import PROJECTS, packed

    pyproject = (PROJECTS / "in-tree-1.0/pyproject.toml").read_bytes()
    files = {
        "pyproject.toml": pyproject.replace(b"in-tree", name.replace("_", "-").encode()),
        "_shared/tiny.py": (PROJECTS / "_shared/tiny.py").read_bytes(),
        f"{name}.py": b"VALUE = 1\n",
    }
    return packed(files, top=f"{name}-1.0")


# --------------------------------------------------------------------------- built, and no good


def test_a_wheel_that_cannot_be_imported(podwheel: Podwheel) -> None:
    done = failure(podwheel, "import-fails", code=7)
    assert (
        "error: 1 of 1 distributions do not work on the pristine target: import-fails 1.0"
        in done.err
    )
    assert (
        "import-fails: import import_fails: RuntimeError: this module cannot be imported"
        in done.err
    )


def test_a_dependency_that_was_not_declared(podwheel: Podwheel) -> None:
    """Though it is in the wheelhouse, for another: each is imported with what it requires."""
    done = failure(podwheel, "undeclared-dependency", "pure-flit", code=7)
    assert "ModuleNotFoundError: No module named 'pure_flit'" in done.err
    assert "1 of 2 distributions" in done.err


def test_verification_can_be_turned_off(podwheel: Podwheel) -> None:
    done = podwheel("build", "import-fails", "--no-verify")
    assert podwheel.wheels() == ["import_fails-1.0-py3-none-any.whl"]
    assert "installed and imported" not in done.out


def test_metadata_that_lies_is_corrected_by_the_wheel(podwheel: Podwheel) -> None:
    done = podwheel("build", "metadata-lies", "--no-verify")
    assert "requires something else than was resolved with: resolving again" in done.err
    assert podwheel.wheels() == [
        "metadata_lies-1.0-py3-none-any.whl",
        "pure_flit-0.5-py3-none-any.whl",
    ]


def test_a_wheel_that_lost_its_compiled_part_is_named(
    podwheel: Podwheel, index: LocalIndex
) -> None:
    from local_index import wheel

    theirs = f"optional_extension-1.0-cp313-cp313-manylinux_2_17_{machine()}.whl"
    library = f"_optional_extension.cpython-313-{machine()}-linux-gnu.so"
    index.add(theirs, wheel(theirs, {"optional_extension.py": b"", library: b"\x7fELF"}))
    done = podwheel("build", "optional-extension")
    assert (
        f"optional-extension was built without the compiled part: upstream's {theirs} has it"
        in done.err
    )
    assert "yes, but without what is compiled in optional_extension-1.0-cp313-" in done.out
