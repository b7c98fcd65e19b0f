"""Rust extensions built in containers that have no network: crates, locks and toolchains from the host."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import rust_projects
from local_index import LocalIndex, packed
from podwheel_cli import recorded_podman
from rust_projects import CRATE, Crates, other_bytes
from system_packages import locked, record_of
from test_settings import module
from test_toolchains import toolchain

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from conftest import NewPodwheel
    from podwheel_cli import Podwheel, Result

    from podwheel.model import Target

# The toolchain comes from the distribution's mirror, into one image layer that all of them share.
pytestmark = [pytest.mark.podman, pytest.mark.network]

JSON = ("--log-format", "json")
# What podwheel itself chooses for the projects here, in the same layer.
TOOLCHAIN = 'system-packages = ["rustc-web", "cargo-web"]\n'


@pytest.fixture(scope="module")
def shared(
    new_podwheel: NewPodwheel, backends: dict[str, bytes], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Podwheel, Crates]]:
    """A podwheel whose store the tests of this module share, with what they build."""
    with LocalIndex(backends) as index, new_podwheel(index) as podwheel:
        yield podwheel, Crates(index, tmp_path_factory.mktemp("crates"))


@pytest.fixture
def crates(index: LocalIndex, tmp_path: Path) -> Crates:
    """For a test with a store and an index of its own."""
    return Crates(index, tmp_path)


def configured(podwheel: Podwheel, crates: Crates, text: str = "") -> None:
    podwheel.write("podwheel.toml", crates.mirror + text)


# --------------------------------------------------------------------------- what works


def test_an_extension_of_rust(shared: tuple[Podwheel, Crates], tmp_path: Path) -> None:
    """One test, for all that is looked at costs one build."""
    podwheel, crates = shared
    crates.publish("rusty")
    configured(podwheel, crates, rust_projects.settings("rusty"))
    done = podwheel("build", "rusty", *JSON, timeout=600)
    it_is_built_and_says_where_its_crates_come_from(podwheel, done)
    the_record_has_its_crates_and_its_toolchain(podwheel)
    the_lock_names_the_toolchains_packages(podwheel)
    the_same_command_again_starts_no_container(podwheel, crates, tmp_path)
    a_package_that_shares_its_crates_fetches_none(podwheel, crates)


def it_is_built_and_says_where_its_crates_come_from(podwheel: Podwheel, done: Result) -> None:
    """Its words are checked by the test that podwheel.toml names, in the pristine container."""
    assert "1 wheel (1 built from source, " in done.out
    assert "installed and imported: wheelhouse" in done.out
    (name,) = podwheel.wheels()
    assert name.startswith("rusty-1.0-cp313-cp313-linux_")
    (brought,) = done.told("crates.fetch")
    assert (
        brought["number"] == 1
    )  # the repository's is no crate file, the directory's is in the sdist


def the_record_has_its_crates_and_its_toolchain(podwheel: Podwheel) -> None:
    (step,) = record_of(podwheel)["steps"]
    (crates,) = step["inputs"]
    assert (crates["kind"], crates["name"]) == ("crates", "2 crates")
    assert len(crates["digest"]) == 64
    assert crates["reason"] == "Cargo.lock"
    found = {p["name"].partition("-")[0]: p["reason"] for p in step["system_packages"]}
    assert found.keys() == {"rustc", "cargo"}
    for reason in found.values():
        assert reason.startswith("rust 1.")
        assert "rust-version of Cargo.toml" in reason


def the_lock_names_the_toolchains_packages(podwheel: Podwheel) -> None:
    (entry,) = locked(podwheel)["build"]
    assert entry["project"] == "rusty"
    assert {p["name"].partition("-")[0] for p in entry["packages"]} == {"rustc", "cargo"}
    # The server needs no compiler.
    assert not {"rustc", "cargo"} & {p["name"] for p in locked(podwheel).get("run", [])}


def the_same_command_again_starts_no_container(
    podwheel: Podwheel, crates: Crates, tmp_path: Path
) -> None:
    recorder = recorded_podman(tmp_path)
    asked = crates.requests()
    again = podwheel("build", "rusty", *JSON, environment=recorder.environment)
    assert recorder.calls() == []
    assert len(again.told("step.reused")) == 1
    assert crates.requests() == asked


def a_package_that_shares_its_crates_fetches_none(podwheel: Podwheel, crates: Crates) -> None:
    crates.publish("rusty-too")
    done = podwheel("build", "rusty-too", "--no-verify", *JSON)
    assert done.told("crates.fetch") == []
    assert crates.requests() == 1


def test_a_lock_of_the_users_own(shared: tuple[Podwheel, Crates]) -> None:
    """Without one the error says how to give it, before anything is started; and that works."""
    podwheel, crates = shared
    crates.publish("unlocked", locked=False)
    configured(podwheel, crates)
    refused = podwheel("build", "unlocked", *JSON, code=6)
    (error,) = refused.errors
    assert error["kind"] == "CargoLockMissing"
    assert "unlocked-1.0.tar.gz has Rust code and no Cargo.lock" in error["what"]
    assert "cargo generate-lockfile --manifest-path Cargo.toml" in "\n".join(error["hint"])
    assert "[package.unlocked]" in "\n".join(error["hint"])
    (podwheel.cwd / "locks").mkdir(exist_ok=True)
    podwheel.write("locks/Cargo.lock", crates.lock("unlocked"))
    lock = 'cargo-lock = "locks/Cargo.lock"\n'
    configured(podwheel, crates, f"[package.unlocked]\n{lock}")
    podwheel("build", "unlocked", "--no-verify")
    (step,) = record_of(podwheel)["steps"]
    used = next(one for one in step["inputs"] if one["kind"] == "lock")
    assert used["name"] == "Cargo.lock"
    assert used["reason"].startswith("cargo-lock under [package.unlocked] of ")


def test_fetch_then_build_offline(podwheel: Podwheel, crates: Crates, index: LocalIndex) -> None:
    crates.publish("rusty")
    configured(podwheel, crates)
    podwheel("fetch", "rusty", timeout=600)
    assert crates.requests() == 1
    index.stop()
    done = podwheel("build", "rusty", "--offline", *JSON)
    assert "1 wheel (1 built from source, " in done.out
    assert "installed and imported" in done.out


def test_offline_without_fetch(podwheel: Podwheel, crates: Crates, index: LocalIndex) -> None:
    """The source and its build requirement are there, the crates are not: the error names one."""
    crates.publish("rusty")
    podwheel("plan", "rusty")
    configured(podwheel, crates)
    done = podwheel("build", "rusty", "--offline", code=5)
    assert "--offline forbids asking for it" in done.err
    assert f"{CRATE} 1.0.0" in done.err


def test_a_toolchain_of_the_hosts(
    podwheel: Podwheel, index: LocalIndex, target: Target, tmp_path: Path
) -> None:
    """Named by --rust: mounted, first in PATH, in the record; the distribution's is not installed."""
    backend = """
        import os, subprocess
        from tiny import write
        def build_wheel(directory, settings=None, metadata=None):
            said = subprocess.check_output(["cargo", "-c", "type -p rustc; echo it runs"], text=True)
            return write(directory, "hosted", "1.0", (), {"hosted.py": repr(said).encode()})
        """
    lines = [line.removeprefix(" " * 8) for line in backend.splitlines()]
    files = {
        "pyproject.toml": b'[build-system]\nrequires = []\nbuild-backend = "maturin"\n'
        b'backend-path = ["."]\n[project]\nname = "hosted"\nversion = "1.0"\n',
        "maturin.py": "\n".join(lines).encode(),
        "tiny.py": rust_projects.TINY,
        "Cargo.toml": b'[package]\nname = "hosted"\nversion = "1.0.0"\nrust-version = "1.94"\n',
    }
    index.add("hosted-1.0.tar.gz", packed(files, top="hosted-1.0"))
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    triple = f"{target.python.machine}-unknown-linux-gnu"
    place = toolchain(home / "rust", triple)
    asked = ("build", "hosted", "--no-verify", *JSON)
    podwheel(*asked, "--rust", place)
    text = module(podwheel, "hosted-1.0-py3-none-any.whl", "hosted.py")
    assert text == repr("/podwheel/toolchains/rust/bin/rustc\nit runs\n")
    (step,) = record_of(podwheel)["steps"]
    used = next(one for one in step["inputs"] if one["kind"] == "toolchain")
    assert used["name"] == "rust 1.95.0"
    assert used["reason"].endswith("rust-version of Cargo.toml")
    assert len(used["digest"]) == 64
    assert step["system_packages"] == []
    # Another compiler is another step.
    same = podwheel(*asked, "--rust", place)
    assert len(same.told("step.reused")) == 1
    (place / "lib/a-new-library").write_text("")
    other = podwheel(*asked, "--rust", place)
    assert other.told("step.reused") == []


# --------------------------------------------------------------------------- what does not


def test_no_toolchain_is_new_enough(podwheel: Podwheel, crates: Crates, tmp_path: Path) -> None:
    """Told before any of its code runs, with who wants what and what there is."""
    crates.publish("rusty", rust_version="9.99")
    configured(podwheel, crates)
    recorder = recorded_podman(tmp_path)
    refused = podwheel("build", "rusty", *JSON, code=6, environment=recorder.environment)
    (error,) = refused.errors
    assert error["kind"] == "ToolchainTooOld"
    assert "rusty 1.0 wants rust 9.99 or newer, and for debian-13 none of these serves" in str(
        error
    )
    assert "9.99: rust-version of Cargo.toml" in str(error["wanted_by"])
    assert "of the distribution (rustc" in str(error)
    assert not [call for call in recorder.calls() if "guest/build.py" in call]
    assert not podwheel.wheelhouse.exists()


def test_a_crate_of_other_bytes(podwheel: Podwheel, crates: Crates, tmp_path: Path) -> None:
    """It is refused by its hash, and nothing of it is kept."""
    crates.publish("rusty")
    configured(podwheel, crates)
    crates.serve(other_bytes(crates.crate))
    recorder = recorded_podman(tmp_path)
    refused = podwheel("build", "rusty", *JSON, code=5, environment=recorder.environment)
    (error,) = refused.errors
    assert error["kind"] == "HashMismatch"
    assert f"{CRATE}-1.0.0.crate" in str(error)
    assert crates.sha256 in str(error)
    assert f"{CRATE} 1.0.0" in str(error["wanted_by"])
    assert podwheel.leftovers() == []
    assert list(podwheel.store.glob("vendored/*/*")) == []
    assert list(podwheel.store.glob(f"crates/*/*/{CRATE}*")) == []
    assert not podwheel.wheelhouse.exists()


# --------------------------------------------------------------------------- where cargo is not certain


def test_rust_that_a_build_may_run(podwheel: Podwheel, crates: Crates) -> None:
    """Nobody knows that this backend runs cargo, until a toolchain is written down for it."""
    crates.publish("at-will", optional=True)
    configured(podwheel, crates)
    without = podwheel("build", "at-will", "--no-verify", *JSON)
    assert without.told("crates.fetch") == []
    assert podwheel.wheels() == ["at_will-1.0-py3-none-any.whl"]
    configured(podwheel, crates, "[package.at-will]\n" + TOOLCHAIN)
    podwheel("build", "at-will", "--no-verify", timeout=600)
    (name,) = podwheel.wheels()
    assert "-cp313-cp313-linux_" in name
    (step,) = record_of(podwheel)["steps"]
    assert [one["kind"] for one in step["inputs"]] == ["crates"]


def test_rust_that_a_build_does_without(podwheel: Podwheel, crates: Crates) -> None:
    """It has a toolchain and no lock: that is told, and the build goes on."""
    crates.publish("at-will", locked=False, optional=True)
    configured(podwheel, crates, "[package.at-will]\n" + TOOLCHAIN)
    done = podwheel("build", "at-will", "--no-verify", *JSON, timeout=600)
    (told,) = done.told("cargo.without")
    assert told["project"] == "at-will 1.0"
    assert "has Rust code and no Cargo.lock" in told["reason"]
    assert podwheel.wheels() == ["at_will-1.0-py3-none-any.whl"]
