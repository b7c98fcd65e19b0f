"""Every kind of project that builds, in one wheelhouse; then the same command again."""

from __future__ import annotations

import json
import zipfile
from platform import machine
from typing import TYPE_CHECKING, Any

import pytest
from podwheel_cli import recorded_podman

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import NewPodwheel
    from local_index import LocalIndex
    from podwheel_cli import Podwheel, Result

pytestmark = pytest.mark.podman

ASKED = (
    "asks-for-source", "asks-for-wheel", "c-extension", "cxx-extension", "echo-settings", "in-tree",
    "namespace-one", "namespace-two", "needs-tool", "pure-hatch", "pure-setuptools", "runs-its-tool",
    "setup-py-alone", "setup-py-legacy",
)  # fmt: skip
WHEELS = [
    "asks_for_source-1.0-py3-none-any.whl",
    "asks_for_wheel-1.0-py3-none-any.whl",
    "build_tool-1.0-py3-none-any.whl",  # runs-its-tool requires it
    f"c_extension-1.0-cp313-cp313-linux_{machine()}.whl",
    f"cxx_extension-1.0-cp313-cp313-linux_{machine()}.whl",
    "echo_settings-1.0-py3-none-any.whl",
    "in_tree-1.0-py3-none-any.whl",
    "namespace_one-1.0-py3-none-any.whl",
    "namespace_two-1.0-py3-none-any.whl",
    "needs_tool-1.0-py3-none-any.whl",
    "pure_flit-1.0-py3-none-any.whl",  # pure-hatch and setup-py-alone require it
    "pure_hatch-1.0-py3-none-any.whl",
    "pure_setuptools-1.0-py3-none-any.whl",
    "runs_its_tool-1.0-py3-none-any.whl",
    "setup_py_alone-1.0-py3-none-any.whl",
    "setup_py_legacy-1.0-py3-none-any.whl",
]


def test_every_kind_of_project(
    podwheel: Podwheel, new_podwheel: NewPodwheel, index: LocalIndex, tmp_path: Path
) -> None:
    """One test, for all that is looked at costs one build."""
    podwheel.write("requirements.txt", "\n".join(ASKED))
    done = podwheel("build", "-r", "requirements.txt")
    all_are_built_installed_and_imported(podwheel, done)
    the_wheelhouse_is_complete(podwheel)
    a_build_requirement_is_built_once_and_first(podwheel, done)
    nothing_of_the_host_reaches_a_build(podwheel)
    the_same_command_again_starts_no_process(podwheel, tmp_path)
    one_more_package_builds_only_that(podwheel, tmp_path)
    with new_podwheel(index) as other:
        the_bytes_are_the_same_from_another_store(podwheel, other)


def module(podwheel: Podwheel, name: str) -> dict[str, Any]:
    """What a module of a pure wheel says."""
    found: dict[str, Any] = {}
    with zipfile.ZipFile(podwheel.wheelhouse / f"{name}-1.0-py3-none-any.whl") as archive:
        exec(archive.read(f"{name}.py"), found)
    return found


def all_are_built_installed_and_imported(podwheel: Podwheel, done: Result) -> None:
    assert podwheel.wheels() == WHEELS
    table, summary = done.out.rstrip().rsplit("\n", 1)
    assert summary.startswith("16 wheels (16 built from source, ")
    assert summary.endswith("), installed and imported: wheelhouse")
    rows = {line.split()[0]: line.split() for line in table.splitlines()[1:]}
    assert len(rows) == 16
    for name, row in rows.items():
        assert row[1:3] == ["1.0", "built"], name
        assert row[-2:] == ["yes", "yes"], name
    assert podwheel.leftovers() == []


def the_wheelhouse_is_complete(podwheel: Podwheel) -> None:
    place = podwheel.wheelhouse
    assert {p.name for p in place.iterdir() if p.suffix != ".whl"} == {
        "SHA256SUMS", "logs", "podwheel.json", "pylock.toml", "simple",
    }  # fmt: skip
    record = json.loads((place / "podwheel.json").read_text())
    assert record["verdict"] == "passed"
    assert record["target"]["name"] == "debian-13"
    assert {p["filename"] for p in record["packages"]} == set(WHEELS)
    assert {s["outcome"] for s in record["steps"]} == {"built"}
    for step in record["steps"]:
        assert (place / step["log"]).is_file()
    assert "built beside flit-core" in (place / "logs/asks-for-wheel-1.0.log").read_text()


def a_build_requirement_is_built_once_and_first(podwheel: Podwheel, done: Result) -> None:
    assert module(podwheel, "needs_tool")["BUILT_WITH"] == "ours"
    finished = [line.split()[2] for line in done.err.splitlines() if line.startswith("  ✓ build ")]
    assert finished.count("build-tool") == 1
    for name in ("needs-tool", "runs-its-tool", "asks-for-source"):
        assert finished.index("build-tool") < finished.index(name)


def nothing_of_the_host_reaches_a_build(podwheel: Podwheel) -> None:
    variables = module(podwheel, "echo_settings")["VARIABLES"]
    ours = podwheel.environment
    assert {n for n in variables if n.startswith(("PIP_", "PODWHEEL_", "XDG_", "DBUS_"))} == set()
    assert variables["HOME"] != ours["HOME"]
    assert variables["SOURCE_DATE_EPOCH"] == "315532800"
    assert str(podwheel.cwd) not in json.dumps(variables)
    assert module(podwheel, "echo_settings")["ENVIRONMENT"] == {}


def the_same_command_again_starts_no_process(podwheel: Podwheel, tmp_path: Path) -> None:
    before = {p.name: p.stat().st_ino for p in podwheel.wheelhouse.iterdir()}
    recorder = recorded_podman(tmp_path)
    again = podwheel("build", "-r", "requirements.txt", environment=recorder.environment)
    assert recorder.calls() == []
    assert again.err.count("from store") == 16
    assert "16 wheels (16 built from source" in again.out
    assert {p.name: p.stat().st_ino for p in podwheel.wheelhouse.iterdir()} == before


def one_more_package_builds_only_that(podwheel: Podwheel, tmp_path: Path) -> None:
    other = tmp_path / "other"
    more = podwheel("build", "-r", "requirements.txt", "pure-flit==0.5", "--no-verify", "-o", other)
    built = [line.split()[2] for line in more.err.splitlines() if line.startswith("  ✓ build ")]
    assert built == ["pure-flit"]
    assert "pure_flit-0.5-py3-none-any.whl" in podwheel.wheels(other)


def the_bytes_are_the_same_from_another_store(podwheel: Podwheel, other: Podwheel) -> None:
    other("build", "c-extension", "in-tree", "--no-verify")
    for name in other.wheels():
        assert (other.wheelhouse / name).read_bytes() == (podwheel.wheelhouse / name).read_bytes()
