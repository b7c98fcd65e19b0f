"""What a user can say of builds: podwheel.toml, formats, tags, hashes, constraints, groups, locks."""

from __future__ import annotations

import hashlib
import io
import zipfile
from typing import TYPE_CHECKING, Any

import pytest
from elftools.elf.elffile import ELFFile
from local_index import PATCHES, wheel

if TYPE_CHECKING:
    from local_index import LocalIndex
    from podwheel_cli import Podwheel

pytestmark = pytest.mark.podman


def echoed(podwheel: Podwheel) -> dict[str, Any]:
    """What the build of echo-settings was given."""
    found: dict[str, Any] = {}
    with zipfile.ZipFile(podwheel.wheelhouse / "echo_settings-1.0-py3-none-any.whl") as archive:
        exec(archive.read("echo_settings.py"), found)
    return found


def module(podwheel: Podwheel, filename: str, name: str) -> str:
    with zipfile.ZipFile(podwheel.wheelhouse / filename) as archive:
        return archive.read(name).decode()


# --------------------------------------------------------------------------- podwheel.toml


def test_environment_flags_settings_and_build_requirements(podwheel: Podwheel) -> None:
    podwheel.write(
        "podwheel.toml",
        """
        cpu = "x86-64-v2"
        cflags = ["-O1", "-fstack-protector-strong"]
        ldflags = "-Wl,-O1"
        [environment]
        FOR_ALL = "all"
        FOR_ONE = "all"
        [package.echo-settings]
        build-requires = ["pluggy"]
        [package.echo-settings.environment]
        FOR_ONE = "one"
        SOURCE_DATE_EPOCH = "1000000000"
        [package.echo-settings.config-settings]
        shape = "round"
        colour = ["red", "green"]
        [package.in-tree.environment]
        NOT_FOR_ONE = "1"
        """,
    )
    podwheel("build", "echo-settings", "--no-verify")
    found = echoed(podwheel)
    given = found["VARIABLES"]
    assert given["CFLAGS"] == "-O1 -fstack-protector-strong -march=x86-64-v2" == given["CXXFLAGS"]
    assert given["LDFLAGS"] == "-Wl,-O1"
    assert (given["FOR_ALL"], given["FOR_ONE"]) == ("all", "one")
    assert given["SOURCE_DATE_EPOCH"] == "1000000000"
    assert "NOT_FOR_ONE" not in given
    assert found["SETTINGS"] == {"shape": "round", "colour": ["red", "green"]}
    assert found["ENVIRONMENT"] == {"pluggy": "1.7.0"}


def debug_sections(podwheel: Podwheel) -> set[str]:
    """Names of the sections with debug information in c-extension's module."""
    (path,) = podwheel.wheelhouse.glob("c_extension-*.whl")
    with zipfile.ZipFile(path) as archive:
        (name,) = (n for n in archive.namelist() if n.endswith(".so"))
        elf = ELFFile(io.BytesIO(archive.read(name)))
        return {s.name for s in elf.iter_sections() if s.name.startswith(".debug_")}


def test_debug_information_is_left_out_unless_it_is_asked_for(podwheel: Podwheel) -> None:
    asked = ("build", "c-extension", "--no-verify")
    podwheel(*asked)
    assert debug_sections(podwheel) == set()
    podwheel(*asked, "--debug-info")
    assert ".debug_info" in debug_sections(podwheel)
    again = podwheel(*asked)
    assert "= build c-extension" in again.err
    assert debug_sections(podwheel) == set()
    podwheel.write(
        "podwheel.toml", "debug-info = true\n[package.c-extension]\ndebug-info = false\n"
    )
    podwheel(*asked)
    assert debug_sections(podwheel) == set()
    podwheel.write("podwheel.toml", 'cflags = ["-g1"]\n')
    podwheel(*asked)
    assert ".debug_info" in debug_sections(podwheel)


def test_a_changed_setting_builds_what_it_concerns_again(podwheel: Podwheel) -> None:
    asked = ("build", "echo-settings", "in-tree", "--no-verify")
    podwheel(*asked)
    podwheel.write("podwheel.toml", '[package.echo-settings.environment]\nCHANGED = "1"\n')
    again = podwheel(*asked)
    assert "✓ build echo-settings" in again.err
    assert "= build in-tree" in again.err
    assert echoed(podwheel)["VARIABLES"]["CHANGED"] == "1"


def test_config_settings_of_a_line(podwheel: Podwheel) -> None:
    podwheel.write("requirements.txt", 'echo-settings --config-settings "shape=square"\n')
    podwheel("build", "-r", "requirements.txt", "--no-verify")
    assert echoed(podwheel)["SETTINGS"] == {"shape": "square"}


def test_a_patch(podwheel: Podwheel) -> None:
    asked = ("build", "needs-patch", "--no-verify")
    refused = podwheel(*asked, code=6)
    assert "RuntimeError: this needs a patch" in refused.err
    podwheel.write(
        "podwheel.toml", f'[package.needs-patch]\npatches = ["{PATCHES}/needs-patch.patch"]\n'
    )
    assert "✓ build needs-patch" in podwheel(*asked).err


def test_a_patch_that_does_not_apply(podwheel: Podwheel) -> None:
    podwheel.write(
        "podwheel.toml", f'[package.needs-patch]\npatches = ["{PATCHES}/does-not-apply.patch"]\n'
    )
    done = podwheel("build", "needs-patch", code=6)
    assert "error: a patch does not apply to needs-patch 1.0" in done.err
    assert "[package.needs-patch] of " in done.err


def test_a_test_command_that_passes(podwheel: Podwheel) -> None:
    """One of the wheel's own scripts."""
    podwheel.write("podwheel.toml", '[package.pure-setuptools]\ntest = "pure-setuptools"\n')
    podwheel("build", "pure-setuptools")


def test_a_test_command_that_fails(podwheel: Podwheel) -> None:
    podwheel.write(
        "podwheel.toml",
        """
        [package.in-tree]
        test = ["python", "-c", "import in_tree, sys; print('why'); sys.exit(3)"]
        """,
    )
    done = podwheel("build", "in-tree", code=7)
    assert "in-tree: its test command failed\n  │   why\n" in done.err


def test_what_is_imported_can_be_said(podwheel: Podwheel) -> None:
    podwheel.write("podwheel.toml", "[package.import-fails]\nimport-modules = []\n")
    done = podwheel("build", "import-fails")
    assert "nothing to import" in done.out


@pytest.mark.network
def test_system_packages(podwheel: Podwheel) -> None:
    """Of the distribution: in an image of their own, on top of the build image."""
    asked = ("build", "needs-bzip2", "--no-system-packages")
    refused = podwheel(*asked, code=6)
    assert "fatal error: bzlib.h: No such file or directory" in refused.err
    podwheel.write("podwheel.toml", '[package.needs-bzip2]\nsystem-packages = ["libbz2-dev"]\n')
    done = podwheel(*asked, timeout=300)
    assert "installed and imported" in done.out


# --------------------------------------------------------------------------- tags and formats


def test_a_build_tag(podwheel: Podwheel) -> None:
    podwheel("build", "in-tree", "--build-tag", "1podwheel", "--no-verify")
    assert podwheel.wheels() == ["in_tree-1.0-1podwheel-py3-none-any.whl"]
    assert "Build: 1podwheel" in module(
        podwheel, "in_tree-1.0-1podwheel-py3-none-any.whl", "in_tree-1.0.dist-info/WHEEL"
    )


UPSTREAM = {
    "in_tree-1.0-py3-none-any.whl": {"in_tree.py": b"VALUE = 'upstream'\n"},
    "build_tool-1.0-py3-none-any.whl": {"build_tool.py": b"ORIGIN = 'upstream'\n"},
}


@pytest.fixture
def with_wheels(index: LocalIndex) -> LocalIndex:
    """The index, after upstream published wheels too."""
    for filename, files in UPSTREAM.items():
        index.add(filename, wheel(filename, files))
    return index


def test_upstreams_wheels_are_not_taken_unasked(
    podwheel: Podwheel, with_wheels: LocalIndex
) -> None:
    podwheel("build", "in-tree", "--no-verify")
    assert "upstream" not in module(podwheel, "in_tree-1.0-py3-none-any.whl", "in_tree.py")


def test_prefer_binary_but_for_one(podwheel: Podwheel, with_wheels: LocalIndex) -> None:
    """A wheel where one fits, a build where none is published, and where it is asked for."""
    done = podwheel("build", "--prefer-binary", "--no-binary", "build-tool", "in-tree", "build-tool", "echo-settings", "--no-verify")  # fmt: skip
    rows = {line.split()[0]: line.split()[2] for line in done.out.splitlines()[1:4]}
    assert rows == {"build-tool": "built", "echo-settings": "built", "in-tree": "upstream"}
    assert "upstream" in module(podwheel, "in_tree-1.0-py3-none-any.whl", "in_tree.py")
    assert "3 wheels (2 built from source" in done.out


def test_only_binary_where_there_is_no_wheel(podwheel: Podwheel) -> None:
    done = podwheel("build", "--only-binary", "in-tree", "in-tree", code=4)
    assert "1.0  no wheel that fits, only a source" in done.err
    assert "without --only-binary in-tree podwheel builds it from source" in done.err


def test_only_a_wheel_where_a_source_is_needed(podwheel: Podwheel, index: LocalIndex) -> None:
    name = "only_wheel-1.0-py3-none-any.whl"
    index.add(name, wheel(name, {"only_wheel.py": b""}))
    done = podwheel("build", "only-wheel", code=4)
    assert "error: only-wheel has no source for debian-13" in done.err
    assert "--only-binary only-wheel" in done.err
    assert podwheel("build", "only-wheel", "--only-binary", "only-wheel", "--no-verify")


def test_a_build_requirement_of_the_runtime_tree_is_our_build_of_it(
    podwheel: Podwheel, with_wheels: LocalIndex
) -> None:
    """Two builds of one library in one process do not go together."""
    podwheel("build", "runs-its-tool", "--no-verify")
    text = module(podwheel, "runs_its_tool-1.0-py3-none-any.whl", "runs_its_tool.py")
    assert "BUILT_WITH = 'ours'" in text


def test_a_wheel_breaks_a_circle_of_builds(podwheel: Podwheel, index: LocalIndex) -> None:
    """And the record says so."""
    for name in ("cycle_a", "cycle_b"):
        filename = f"{name}-1.0-py3-none-any.whl"
        index.add(filename, wheel(filename, {f"{name}.py": b"VALUE = 'upstream'\n"}))
    podwheel("build", "cycle-a", "cycle-b", "--no-verify")
    for name in ("cycle_a", "cycle_b"):
        assert "upstream" not in module(podwheel, f"{name}-1.0-py3-none-any.whl", f"{name}.py")
    record = (podwheel.wheelhouse / "podwheel.json").read_text()
    assert "was a build requirement: building it needs" in record


# --------------------------------------------------------------------------- what is asked


def test_hashes_are_checked(podwheel: Podwheel, index: LocalIndex) -> None:
    digests = {n: hashlib.sha256(index.files[f"{n}-1.0.tar.gz"].sent).hexdigest() for n in ("pure_flit", "pure_hatch")}  # fmt: skip
    podwheel.write(
        "requirements.txt",
        "".join(f"{name}==1.0 --hash=sha256:{digest}\n" for name, digest in digests.items()),
    )
    podwheel("build", "-r", "requirements.txt", "--no-verify")
    assert len(podwheel.wheels()) == 2


def test_constraints_and_extras_and_groups(podwheel: Podwheel) -> None:
    podwheel.write("constraints.txt", "pure-flit<1\n")
    podwheel.write(
        "pyproject.toml", '[dependency-groups]\nall = ["with-extras[fancy]", "pure-hatch"]\n'
    )
    podwheel("build", "--group", "all", "-c", "constraints.txt", "--no-verify")
    assert podwheel.wheels() == [
        "pure_flit-0.5-py3-none-any.whl",
        "pure_hatch-1.0-py3-none-any.whl",
        "with_extras-1.0-py3-none-any.whl",
    ]


def test_build_constraints(podwheel: Podwheel) -> None:
    podwheel.write("constraints.txt", "hatchling<1\n")
    done = podwheel("build", "pure-hatch", "--build-constraint", "constraints.txt", code=4)
    assert "hatchling" in done.err
    assert "build-system.requires of pure_hatch-1.0.tar.gz" in done.err
    assert "command line (pure-hatch)" in done.err


def test_a_yanked_version_only_where_it_is_pinned(podwheel: Podwheel) -> None:
    podwheel("build", "yanked-release", "--no-verify")
    assert podwheel.wheels() == ["yanked_release-1.0-py3-none-any.whl"]
    done = podwheel("build", "yanked-release==1.1", "--no-verify")
    assert podwheel.wheels() == ["yanked_release-1.1-py3-none-any.whl"]
    assert "it was a mistake" in done.err


def test_a_wheelhouses_lock_is_input(podwheel: Podwheel) -> None:
    podwheel("build", "pure-hatch", "pure-flit<1", "--no-verify")
    first = podwheel.wheels()
    lock = podwheel.wheelhouse / "pylock.toml"
    done = podwheel("build", "-r", lock, "--no-verify", "-o", "again")
    assert podwheel.wheels(podwheel.cwd / "again") == first
    assert done.err.count("from store") == 2


def test_no_deps(podwheel: Podwheel) -> None:
    podwheel("build", "pure-hatch", "--no-deps", "--no-verify")
    assert podwheel.wheels() == ["pure_hatch-1.0-py3-none-any.whl"]
