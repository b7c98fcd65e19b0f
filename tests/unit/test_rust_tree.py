"""What a source says of its Rust code, without being unpacked."""

from __future__ import annotations

import tarfile
import zipfile
from typing import TYPE_CHECKING

import pytest
from rust_helpers import COMMIT, CRATES_IO, link, lock_text, manifest, tar, write_sdist

from podwheel.errors import CargoLockMissing, CargoLockUnusable, SourceUnusable
from podwheel.rust.tree import Tree, read_tree

if TYPE_CHECKING:
    from pathlib import Path

SUM = "ab" * 32
MATURIN = '[build-system]\nrequires = ["maturin>=1"]\nbuild-backend = "maturin"\n'
LOCK = lock_text(("serde", "1.0.2", CRATES_IO, SUM))
NEEDS = '[dependencies]\nserde = "1"\n'


@pytest.fixture
def look(tmp_path: Path):  # type: ignore[no-untyped-def]
    def read(files: dict[str, str], subdirectory: str | None = None) -> Tree | None:
        path = write_sdist(tmp_path / "demo-1.0.tar.gz", files)
        return read_tree(path, filename=path.name, subdirectory=subdirectory)

    return read


def wishes(tree: Tree) -> set[tuple[str | None, bool]]:
    return {(want.minimum or want.channel, want.firm) for want in tree.wants}


def paths(tree: Tree) -> list[str]:
    return [path for path, _ in tree.locks]


def test_no_rust(look) -> None:  # type: ignore[no-untyped-def]
    assert look({"setup.py": "", "pyproject.toml": ""}) is None
    # A fixture of a test is not what a build starts from.
    assert look({"setup.py": "", "tests/data/Cargo.toml": manifest("x")}) is None


def test_a_crate_and_its_lock(look) -> None:  # type: ignore[no-untyped-def]
    tree = look({
        "pyproject.toml": MATURIN,
        "Cargo.toml": manifest("demo", more='edition = "2021"\nrust-version = "1.70"\n' + NEEDS),
        "Cargo.lock": LOCK,
        "fuzz/Cargo.toml": manifest("fuzz", more='rust-version = "1.99"\n[workspace]\n' + NEEDS),
        "fuzz/Cargo.lock": LOCK,
    })  # fmt: skip
    assert paths(tree) == ["Cargo.lock"]
    assert [str(crate) for lock in tree.needed for crate in lock.crates] == ["serde 1.0.2"]
    assert tree.unlocked == ()
    assert tree.certain
    assert wishes(tree) == {("1.78", True)}  # the lock's format is the newest of all


@pytest.mark.parametrize(
    ("files", "want"),
    [
        ({"Cargo.toml": manifest("d", more='edition = "2024"')}, ("1.85", True)),
        ({"Cargo.toml": manifest("d", more='rust-version = "1.90"')}, ("1.90", True)),
        (
            {
                "Cargo.toml": '[workspace]\nmembers = ["a"]\n'
                '[workspace.package]\nrust-version = "1.91"',
                "a/Cargo.toml": manifest("a", more="rust-version.workspace = true"),
            },
            ("1.91", True),
        ),
        (
            {
                "Cargo.toml": manifest("d", more='[dependencies]\nb = { path = "b" }'),
                "b/Cargo.toml": manifest("b", more='rust-version = "1.92"'),
            },
            ("1.92", True),
        ),
        (
            {
                "Cargo.toml": manifest(
                    "d", more='[dependencies]\nb = { path = "b", optional = true }'
                ),
                "b/Cargo.toml": manifest("b", more='rust-version = "1.92"'),
            },
            ("1.92", False),
        ),
        (
            {
                "Cargo.toml": manifest("d"),
                "rust-toolchain.toml": '[toolchain]\nchannel = "1.93.0"',
            },
            ("1.93.0", False),
        ),
        ({"Cargo.toml": manifest("d"), "rust-toolchain": "nightly\n"}, ("nightly", False)),
    ],
)
def test_which_rustc_is_wanted(look, files: dict[str, str], want: tuple[str, bool]) -> None:  # type: ignore[no-untyped-def]
    assert want in wishes(look({"pyproject.toml": MATURIN, **files}))


def test_a_member_that_is_only_loaded_wants_its_edition_alone(look) -> None:  # type: ignore[no-untyped-def]
    tree = look({
        "pyproject.toml": MATURIN + '[tool.maturin]\nmanifest-path = "py/Cargo.toml"\n',
        "Cargo.toml": '[workspace]\nmembers = ["py", "tools/*"]\n',
        "py/Cargo.toml": manifest("py", more='edition = "2021"'),
        "tools/x/Cargo.toml": manifest("x", more='edition = "2024"\nrust-version = "1.99"'),
    })  # fmt: skip
    assert wishes(tree) == {("1.85", True)}
    assert tree.lock_path == "Cargo.lock"
    assert tree.unlocked == ()  # everything is in the source: no lock is needed


def test_setuptools_rust_names_its_manifests(look) -> None:  # type: ignore[no-untyped-def]
    tree = look({
        "pyproject.toml": '[build-system]\nrequires = ["setuptools", "Setuptools_Rust>=1.7"]\n'
        '[[tool.setuptools-rust.ext-modules]]\npath = "src/one/Cargo.toml"\n'
        'rust-version = ">=1.90"\n'
        '[[tool.setuptools-rust.ext-modules]]\npath = "src/two/Cargo.toml"\n',
        "src/one/Cargo.toml": manifest("one", more=NEEDS),
        "src/one/Cargo.lock": LOCK,
        "src/two/Cargo.toml": manifest("two", more=NEEDS),
        "src/two/Cargo.lock": LOCK,
        "other/Cargo.toml": manifest("other", more=NEEDS),
    })  # fmt: skip
    assert paths(tree) == ["src/one/Cargo.lock", "src/two/Cargo.lock"]
    assert tree.unlocked == ()
    assert tree.certain
    assert wishes(tree) == {("1.90", True)}


def test_a_build_that_does_not_say_where_it_starts(look) -> None:  # type: ignore[no-untyped-def]
    tree = look({
        "setup.py": "",
        "rust/Cargo.toml": manifest("a", more='[dependencies]\nc = { path = "../core" }'),
        "rust/Cargo.lock": LOCK,
        "core/Cargo.toml": manifest("c", more='edition = "2021"\n' + NEEDS),
        "more/Cargo.toml": manifest("more", more=NEEDS),
        "more/Cargo.lock": LOCK,
        "examples/Cargo.toml": manifest("e", more='edition = "2024"\n' + NEEDS),
        "examples/Cargo.lock": LOCK,
    })  # fmt: skip
    assert paths(tree) == ["more/Cargo.lock", "rust/Cargo.lock"]
    assert tree.unlocked == ()  # core is locked with rust, which depends on it
    assert not tree.certain
    assert wishes(tree) == {("1.78", False)}  # perhaps it does without


def test_a_project_below_its_workspace(look) -> None:  # type: ignore[no-untyped-def]
    files = {
        "bindings/python/pyproject.toml": MATURIN,
        "bindings/python/Cargo.toml": manifest("py", more=NEEDS),
        "Cargo.toml": '[workspace]\nmembers = ["bindings/*"]\nexclude = ["server"]\n',
        "Cargo.lock": LOCK,
        "server/Cargo.toml": manifest("server", more=NEEDS),
    }
    assert paths(look(files, subdirectory="bindings/python")) == ["Cargo.lock"]
    excluded = {**files, "Cargo.toml": '[workspace]\nexclude = ["bindings"]\n'}
    tree = look(excluded, subdirectory="bindings/python")
    assert tree.unlocked == ("bindings/python/Cargo.lock",)


def test_a_missing_lock_and_the_users_own(look) -> None:  # type: ignore[no-untyped-def]
    tree = look({"pyproject.toml": MATURIN, "Cargo.toml": manifest("demo", more=NEEDS)})
    with pytest.raises(CargoLockMissing) as caught:
        tree.check_locked(package="demo", wanted_by=("requirements.txt:1",))
    assert "demo-1.0.tar.gz has Rust code and no Cargo.lock" in caught.value.what
    assert any("[package.demo]" in line for line in caught.value.hint)
    assert caught.value.wanted_by == ("requirements.txt:1",)

    given = tree.with_lock(LOCK, "demo.lock")
    assert given.lock_path == "Cargo.lock"
    given.check_locked(package="demo")
    assert [lock.where for lock in given.needed] == ["demo.lock"]
    with pytest.raises(CargoLockUnusable, match=r"^demo\.lock is not TOML"):
        tree.with_lock("[", "demo.lock")


def test_the_users_lock_stands_for_the_sources(look) -> None:  # type: ignore[no-untyped-def]
    files = {
        "pyproject.toml": MATURIN,
        "Cargo.toml": manifest("demo", more=NEEDS),
        "Cargo.lock": LOCK,
    }
    tree = look(files).with_lock(lock_text(("other", "1.0.0", CRATES_IO, SUM)), "mine")
    assert [str(crate) for lock in tree.needed for crate in lock.crates] == ["other 1.0.0"]


def test_a_lock_that_cannot_be_used(look) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(CargoLockUnusable, match=r"^demo-1.0.tar.gz: Cargo.lock is of format 7"):
        look({"pyproject.toml": MATURIN, "Cargo.toml": manifest("d"), "Cargo.lock": "version = 7"})


BRINGS = {
    "pyproject.toml": MATURIN,
    "Cargo.toml": manifest("demo", more=NEEDS),
    "Cargo.lock": lock_text(
        ("serde", "1.0.2", CRATES_IO, SUM),
        ("x", "1.0.0", f"git+https://git.example.org/x#{COMMIT}", None),
    ),
    ".cargo/config.toml": '[source.crates-io]\nreplace-with = "mine"\n'
    '[source.mine]\ndirectory = "third_party/cargo"\n',
    "third_party/cargo/serde/Cargo.toml": manifest("serde", more='rust-version = "1.96"'),
    "third_party/cargo/serde/nested/Cargo.toml": "no TOML [",
    "third_party/cargo/serde/.cargo-checksum.json": "{}",
}


def test_a_source_that_brings_its_crates(look) -> None:  # type: ignore[no-untyped-def]
    tree = look(BRINGS)
    assert [str(crate) for lock in tree.needed for crate in lock.crates] == ["x 1.0.0"]
    assert wishes(tree) == {("1.78", True), ("1.96", False)}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (".cargo/config.toml", '[source.crates-io]\nreplace-with = "mine"\n'),
        (".cargo/config", '[source.crates-io]\nreplace-with = "crates-io"\n'),  # read before .toml
        (".cargo/config.toml", "no TOML ["),
        ("third_party/cargo/serde/.cargo-checksum.json", None),
    ],
)
def test_a_source_that_only_seems_to(look, name: str, text: str | None) -> None:  # type: ignore[no-untyped-def]
    files = {key: value for key, value in BRINGS.items() if key != name}
    tree = look({**files, name: text} if text is not None else files)
    assert [str(crate) for lock in tree.needed for crate in lock.crates] == [
        "serde 1.0.2",
        "x 1.0.0",
    ]


def test_a_zip_and_an_archive_without_a_top_directory(tmp_path: Path) -> None:
    path = tmp_path / "demo.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("Cargo.toml", manifest("demo", more=NEEDS))
        archive.writestr("rust/x", "")
        archive.writestr("Cargo.lock", LOCK)
    tree = read_tree(path, filename=path.name)
    assert tree is not None
    assert paths(tree) == ["Cargo.lock"]


def test_a_lock_that_is_a_link(tmp_path: Path) -> None:
    path = tmp_path / "demo-1.0.tar"
    files = {"d/shared/Cargo.lock": LOCK, "d/Cargo.toml": manifest("demo", more=NEEDS)}
    path.write_bytes(tar(files, more=[link("d/Cargo.lock", "shared/Cargo.lock")], mode="w"))
    tree = read_tree(path, filename=path.name)
    assert tree is not None
    assert paths(tree) == ["Cargo.lock"]


def test_hostile_archives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "demo-1.0.tar.gz"

    def refused(said: str) -> None:
        with pytest.raises(SourceUnusable, match=said):
            read_tree(path, filename=path.name)

    path.write_bytes(b"no archive")
    refused("not a usable source archive")
    path.write_bytes(tar({"d/../../Cargo.toml": ""}))
    refused("climbs")
    path.write_bytes(tar({}, more=[link("d/Cargo.toml", "/etc/passwd", tarfile.LNKTYPE)]))
    refused("hard link")
    twice = tarfile.TarInfo("d/Cargo.toml")
    path.write_bytes(tar({"d/Cargo.toml": ""}, more=[twice]))
    refused("there twice")
    monkeypatch.setattr("podwheel.rust.tree._TEXTS_LIMIT", 100)
    path.write_bytes(tar({"d/Cargo.toml": "#" * 80, "d/x/Cargo.toml": "#" * 80}))
    refused("more than 20 bytes")
