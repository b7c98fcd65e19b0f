"""The store: whole files, nothing half-made, safe among several processes."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from podwheel.errors import DiskFull, HostError, StoreBusy
from podwheel.store import Store, digest_of, sound
from podwheel.store import store as module
from podwheel.store.audit import audit
from podwheel.store.store import remove_tree, telling_full_disk, write_whole

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


def test_it_is_marked_as_a_cache_so_that_no_project_packs_it(store: Store) -> None:
    assert (
        (store.root / "CACHEDIR.TAG")
        .read_bytes()
        .startswith(b"Signature: 8a477f597d28d172789f06886806bc55")
    )


def test_a_place_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(
        HostError, match=r"store .*/file/store cannot be used: Not a directory"
    ) as told:
        Store(tmp_path / "file/store")
    assert "--store DIR" in told.value.hint[0]


def test_a_place_that_cannot_be_written(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda _path, mode: mode != os.W_OK)
    with pytest.raises(HostError, match="it cannot be written"):
        Store(store.root)


def test_bytes_are_kept_under_their_hash_and_read_only(store: Store) -> None:
    sha256, path = store.put([b"hello ", b"world"])
    assert sha256 == hashlib.sha256(b"hello world").hexdigest()
    assert store.blob(sha256) == path
    assert path.read_bytes() == b"hello world"
    assert path.stat().st_mode & 0o777 == 0o444


def test_a_running_podwheel_makes_its_blobs_in_one_attempt(store: Store) -> None:
    attempts = store.root / "attempts"
    seen: list[tuple[Path, ...]] = []

    def chunks(fails: bool = False) -> Iterator[bytes]:
        yield b"x"
        seen.append(tuple(attempts.iterdir()))
        if fails:
            raise ValueError("half")

    with store.running():
        for _ in range(2):
            store.put(chunks())
        with pytest.raises(ValueError, match="half"):
            store.put(chunks(fails=True))
        (place,) = seen[0]
        assert set(seen) == {(place,)}
        assert list(place.iterdir()) == []
        with store.abandoned() as found:
            assert found == ()  # it is held, as every attempt is
    assert list(attempts.iterdir()) == []
    store.put(chunks())
    assert seen[-1] != (place,)
    assert list(attempts.iterdir()) == []


def test_putting_twice_is_putting_once(store: Store) -> None:
    assert store.put([b"x"]) == store.put([b"x"])


def test_what_raises_while_it_is_read_is_not_kept(store: Store) -> None:
    def chunks() -> Iterator[bytes]:
        yield b"half"
        raise ValueError("the other half did not match")

    with pytest.raises(ValueError, match="other half"):
        store.put(chunks())
    assert list((store.root / "attempts").iterdir()) == []
    assert [p for p in (store.root / "blobs").rglob("*") if p.is_file()] == []


def test_a_file_is_copied(store: Store, tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"content")
    sha256, path = store.put_file(tmp_path / "f")
    assert path.read_bytes() == b"content"
    assert sha256 == hashlib.sha256(b"content").hexdigest()


def test_documents(store: Store) -> None:
    assert store.read("kind", "ab" * 32) is None
    store.write("kind", "ab" * 32, {"a": [1, None]})
    assert store.read("kind", "ab" * 32) == {"a": [1, None]}
    assert store.read("other", "ab" * 32) is None


def test_a_damaged_document_counts_as_absent(store: Store) -> None:
    store.write("kind", "ab" * 32, {})
    path = store.document_path("kind", "ab" * 32)
    path.write_bytes(b'{"trunc')
    assert store.read("kind", "ab" * 32) is None
    assert not path.exists()
    assert [p.name.partition("-")[2] for p in (store.root / "damaged").iterdir()] == [path.name]


@pytest.mark.parametrize("at", [0, 3, 40, 72, 75, 80, -2])
def test_a_flipped_bit_of_a_document_is_seen(store: Store, at: int) -> None:
    store.write("kind", "ab" * 32, {"requires": "setuptools>=61"})
    path = store.document_path("kind", "ab" * 32)
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.write_bytes(data)
    assert store.read("kind", "ab" * 32) is None


def test_a_document_of_an_older_podwheel_is_read(store: Store) -> None:
    store.write("kind", "ab" * 32, 1)
    store.document_path("kind", "ab" * 32).write_text('{"old": 1}')
    assert store.read("kind", "ab" * 32) == {"old": 1}


def flip(path: Path) -> None:
    """Change one byte, as a program or a person would."""
    path.chmod(0o644)
    with path.open("r+b") as file:
        first = file.read(1)
        file.seek(0)
        file.write(bytes([first[0] ^ 1]))
    path.chmod(0o444)


def test_bytes_that_were_changed_are_set_aside(store: Store) -> None:
    sha256, path = store.put([b"content"])
    flip(path)
    assert store.blob(sha256) is None
    assert not path.exists()
    assert store.put([b"content"]) == (sha256, path)
    assert store.blob(sha256) == path


def test_bytes_that_were_only_copied_are_read_once(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    sha256, path = store.put([b"content"])
    path.touch()
    path.chmod(0o644)
    assert store.blob(sha256) == path
    monkeypatch.setattr(sound, "hash_of", lambda _: pytest.fail("read again"))
    assert store.blob(sha256) == path


def kept_tree(store: Store) -> Path:
    with store.attempt("tree") as place:
        tree = place / "tree"
        (tree / "package").mkdir(parents=True)
        for name in ("one", "two"):
            (tree / "package" / name).write_text(name)
            sound.seal(tree / "package" / name)
        (tree / "link").symlink_to("package")
        return store.keep_tree(tree, store.root / "unpacked" / "ab" / "abc")


def lose(path: Path) -> None:
    path.unlink()


def add(path: Path) -> None:
    path.with_name("three").write_text("")


@pytest.mark.parametrize("harm", [flip, lose, add])
def test_a_tree_that_was_changed_is_set_aside(store: Store, harm: Callable[[Path], None]) -> None:
    place = kept_tree(store)
    assert store.tree(place) == place
    harm(place / "package" / "two")
    assert store.tree(place) == place  # looked at once a process
    again = Store(store.root)
    assert again.tree(place) is None
    assert not place.exists()
    assert kept_tree(again) == place
    assert again.tree(place) == place


def test_a_tree_without_its_document_does_not_count(store: Store) -> None:
    place = store.root / "unpacked" / "ab" / "abc"
    place.mkdir(parents=True)
    assert store.tree(place) is None
    assert store.tree(store.root / "unpacked" / "cd" / "cde") is None


def test_what_is_damaged_is_not_kept_for_ever(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_KEPT_DAMAGED", 2)
    for number in range(5):
        (store.root / f"{number}").mkdir()
        store.set_aside(store.root / f"{number}")
    store.set_aside(store.root / "gone already")
    names = sorted(p.name.partition("-")[2] for p in (store.root / "damaged").iterdir())
    assert names == ["3", "4"]


def test_an_audit_reads_every_byte(store: Store) -> None:
    """Also those that changed without a new time: by the disk, not by a program."""
    _, good = store.put([b"good"])
    _, bad = store.put([b"bad"])
    place = kept_tree(store)
    store.write("kind", "ab" * 32, {})
    assert [(a.kind, a.number, a.damaged) for a in audit(store)] == [
        ("files", 2, ()),
        ("documents", 2, ()),
        ("trees", 1, ()),
    ]
    for path in (bad, place / "package" / "one"):
        flip(path)
        sound.seal(path)
    store.document_path("kind", "ab" * 32).write_bytes(b"#sha256 no\n{}")
    assert [len(a.damaged) for a in audit(store)] == [1, 1, 1]
    assert [len(a.damaged) for a in audit(store)] == [0, 0, 0]
    assert good.exists()


def test_an_attempt_is_gone_afterwards_also_when_it_fails(store: Store) -> None:
    places = []

    def failing() -> None:
        with store.attempt("x") as place:
            places.append(place)
            (place / "ro").mkdir()
            (place / "ro" / "f").write_text("")
            (place / "ro").chmod(0o500)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        failing()
    assert not places[0].exists()


def test_what_was_abandoned_is_found_and_what_lives_is_not(store: Store) -> None:
    dead = store.root / "attempts" / "dead"
    dead.mkdir()
    with store.attempt("alive") as alive, store.abandoned() as found:
        assert found == (dead,)
        with store.abandoned() as again:  # another podwheel starts at the same moment
            assert again == ()
        assert alive.exists()


def test_a_lock_is_held_by_one(store: Store) -> None:
    order = []
    entered = threading.Event()

    def other() -> None:
        with store.lock("name"):
            order.append("other")

    with store.lock("name"):
        thread = threading.Thread(target=other)
        thread.start()
        entered.wait(0.2)
        order.append("first")
    thread.join()
    assert order == ["first", "other"]


def test_a_lock_that_is_not_let_go_is_an_error(store: Store) -> None:
    path = store.root / "locks" / hashlib.sha256(b"name").hexdigest()[:32]
    with path.open("a") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(StoreBusy, match="name"), store.lock("name", timeout=0.1):
            pass


def test_a_full_disk_is_told(tmp_path: Path) -> None:
    with pytest.raises(DiskFull, match="no space left"), telling_full_disk(tmp_path):
        raise OSError(errno.ENOSPC, "No space left on device")
    with pytest.raises(PermissionError), telling_full_disk(tmp_path):
        raise PermissionError(errno.EACCES, "no")


def test_a_full_disk_leaves_nothing_behind(store: Store) -> None:
    def full() -> Iterator[bytes]:
        yield b"x"
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(DiskFull):
        store.put(full())
    assert list((store.root / "attempts").iterdir()) == []


def test_writing_whole_leaves_the_old_file_if_it_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "f"
    path.write_bytes(b"old")

    def broken(_descriptor: int) -> None:
        raise OSError(errno.EIO, "broken disk")

    monkeypatch.setattr(os, "fsync", broken)
    with pytest.raises(OSError, match="broken disk"):
        write_whole(path, b"new")
    assert path.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["f"]


def test_what_need_not_last_does_not_wait_for_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", synced.append)
    write_whole(tmp_path / "answer", b"new", lasting=False)
    assert (tmp_path / "answer").read_bytes() == b"new"
    assert synced == []
    write_whole(tmp_path / "answer", b"newer")
    assert len(synced) == 1


def test_digests_do_not_depend_on_the_order_of_keys() -> None:
    assert digest_of({"a": 1, "b": [2]}) == digest_of({"b": [2], "a": 1})
    assert digest_of({"a": 1}) != digest_of({"a": 2})


def test_read_only_trees_are_removed(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    (tree / "a" / "b").mkdir(parents=True)
    (tree / "a" / "b" / "f").write_text("")
    (tree / "a" / "b").chmod(0o500)
    (tree / "a").chmod(0o500)
    remove_tree(tree)
    assert not tree.exists()


def test_a_tree_that_others_remove_as_well_is_removed(tmp_path: Path) -> None:
    """Podwheels that start together all forget the same old logs."""
    remove_tree(tmp_path / "none")
    for number in range(300):
        (tmp_path / f"tree/{number % 10}").mkdir(parents=True, exist_ok=True)
        (tmp_path / f"tree/{number % 10}/{number}").touch()
    with ThreadPoolExecutor(4) as pool:
        for removal in [pool.submit(remove_tree, tmp_path / "tree") for _ in range(4)]:
            removal.result()
    assert not (tmp_path / "tree").exists()


def test_a_directory_that_cannot_be_entered_is_removed(tmp_path: Path) -> None:
    (tmp_path / "tree/closed/below").mkdir(parents=True)
    (tmp_path / "tree/closed/below/file").touch()
    (tmp_path / "tree/closed").chmod(0o000)
    remove_tree(tmp_path / "tree")
    assert not (tmp_path / "tree").exists()
