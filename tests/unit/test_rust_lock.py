"""Cargo.lock: its four formats, and what is refused."""

from __future__ import annotations

import pytest
from rust_helpers import COMMIT, CRATES_IO, lock_text

from podwheel.errors import CargoLockUnusable
from podwheel.rust.lock import CRATES_IO as INDEX
from podwheel.rust.lock import Crate, Git, Registry, read_lock

SUM = "ab" * 32
SERDE = Crate(name="serde", version="1.0.2", source=Registry(url=INDEX), checksum=SUM)


def read(text: str) -> tuple[Crate, ...]:
    return read_lock(text, where="Cargo.lock").crates


@pytest.mark.parametrize("number", [3, 4])
def test_a_numbered_format(number: int) -> None:
    text = lock_text(
        ("demo", "0.1.0", None, None), ("serde", "1.0.2", CRATES_IO, SUM), number=number
    )
    lock = read_lock(text, where="Cargo.lock")
    assert lock.format == number
    assert lock.crates == (SERDE,)


def test_format_1_has_its_checksums_in_metadata() -> None:
    text = (
        lock_text(("serde", "1.0.2", CRATES_IO, None), number=None)
        + f'\n[metadata]\n"checksum serde 1.0.2 ({CRATES_IO})" = "{SUM}"\n'
    )
    lock = read_lock(text, where="Cargo.lock")
    assert lock.format == 1
    assert lock.crates == (SERDE,)


def test_format_2_has_them_at_each_crate() -> None:
    lock = read_lock(lock_text(("serde", "1.0.2", CRATES_IO, SUM), number=None), where="x")
    assert lock.format == 2
    assert lock.crates == (SERDE,)


def test_the_two_spellings_of_crates_io_are_one() -> None:
    assert read(
        lock_text(
            ("serde", "1.0.2", CRATES_IO, SUM),
            ("serde", "1.0.2", "sparse+https://index.crates.io/", SUM),
        )
    ) == (SERDE,)


@pytest.mark.parametrize(
    ("query", "reference"),
    [
        ("", None),
        ("?branch=a%2Fb", ("branch", "a/b")),
        ("?tag=v1.0", ("tag", "v1.0")),
        ("?rev=abc", ("rev", "abc")),
    ],
)
def test_git(query: str, reference: tuple[str, str] | None) -> None:
    source = f"git+https://git.example.org/x.git{query}#{COMMIT}"
    assert read(lock_text(("x", "1.0.0", source, None))) == (
        Crate(
            name="x",
            version="1.0.0",
            source=Git(url="https://git.example.org/x.git", reference=reference, commit=COMMIT),
            checksum=None,
        ),
    )


def test_a_replaced_crate_is_not_fetched() -> None:
    assert read(lock_text(("x", "1.0.0", CRATES_IO, None)) + 'replace = "x 1.0.0"\n') == ()


def test_a_patch_that_is_not_used_is_asked_for_by_cargo_all_the_same() -> None:
    text = (
        'version = 4\n[[patch.unused]]\nname = "x"\nversion = "1.0.0"\n'
        f'source = "git+https://git.example.org/x#{COMMIT}"\n'
        f'[[patch.unused]]\nname = "y"\nversion = "1.0.0"\nsource = "{CRATES_IO}"\n'
    )
    assert [str(crate) for crate in read(text)] == ["x 1.0.0"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("version = [", "is not TOML"),
        ("version = 9", "of format 9"),
        ("version = true", "of format True"),
        ('package = "x"', "no list of tables"),
        (lock_text(("a/../b", "1.0.0", CRATES_IO, SUM)), "whose name is none"),
        (lock_text(("a", "1.0.0/../..", CRATES_IO, SUM)), "version of a that is none"),
        (lock_text(("a", "1.0", CRATES_IO, SUM)), "version of a that is none"),
        (lock_text(("a", "1.0.0", CRATES_IO, None)), "no checksum of a 1.0.0"),
        (lock_text(("a", "1.0.0", CRATES_IO, "ab" * 31)), "no sha256"),
        (lock_text(("a", "1.0.0", "path+file:///etc", SUM)), "not fetched"),
        (lock_text(("a", "1.0.0", f"git+file:///home/x#{COMMIT}", None)), "not fetched"),
        (lock_text(("a", "1.0.0", "git+https://git.example.org/x#main", None)), "no commit"),
        (lock_text(("a", "1.0.0", "registry+https://x.example.org/ y", SUM)), "that is none"),
        ('[[package]]\nname = 1\nversion = "1.0.0"\nsource = "x"', "'name' is no string"),
        (
            lock_text(("a", "1.0.0", CRATES_IO, SUM), ("a", "1.0.0", CRATES_IO, "cd" * 32)),
            "twice, with different checksums",
        ),
    ],
)
def test_what_is_refused(text: str, said: str) -> None:
    with pytest.raises(CargoLockUnusable, match=r"^Cargo.lock .*" + said):
        read(text)


def test_a_lock_has_a_largest_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("podwheel.rust.lock._TEXT_LIMIT", 10)
    with pytest.raises(CargoLockUnusable, match="more than"):
        read(lock_text())


def test_a_login_is_not_shown() -> None:
    git = Git(url="https://me:secret@git.example.org/x", reference=None, commit=COMMIT)
    assert "secret" not in str(git)
    assert "secret" not in str(Registry(url="sparse+https://me:secret@crates.example.org/"))
