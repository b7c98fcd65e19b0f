"""What the store holds, and removing it: nothing that a running podwheel uses."""

from __future__ import annotations

import fcntl
import json
import os
import threading
import time
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from podwheel.cli.main import cli
from podwheel.store import Store
from podwheel.store.prune import choose, in_use_since, remove, survey

if TYPE_CHECKING:
    from pathlib import Path

    from podwheel.store.prune import Entry

DAY = 86400


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


def aged(path: Path, days: float) -> Path:
    """As if nobody had used it for so long."""
    moment = time.time() - days * DAY
    os.utime(path, (moment, moment))
    return path


def blob(store: Store, data: bytes, days: float = 10) -> str:
    sha256, path = store.put([data])
    aged(path, days)
    return sha256


def tree(store: Store, name: str = "unpacked/ab/abcd", days: float = 10) -> Path:
    """A directory with a file that cannot be written, in one that cannot either."""
    place = store.root / name
    (place / "inside").mkdir(parents=True)
    (place / "inside/file").write_text("x" * 5000)
    (place / "inside").chmod(0o555)
    return aged(place, days)


def names(entries: tuple[Entry, ...]) -> set[str]:
    return {entry.path.name for entry in entries}


def all_of(store: Store) -> tuple[Entry, ...]:
    return choose(survey(store), before=None, most=0)


# ------------------------------------------------------------------ what is there


def test_everything_is_counted_by_its_kind(store: Store) -> None:
    made = blob(store, b"a wheel")
    store.write("wheel", made, {})
    blob(store, b"a source")
    tree(store)
    tree(store, "git/0123")
    tree(store, "file-indexes/0123")
    tree(store, "logs/20260101T000000-abc")
    for name in (
        "index/pages/ab/x.json", "logs/images/a.log", "blobs/ab/.half", "ccache/demo/0123.tar",
    ):  # fmt: skip
        (store.root / name).parent.mkdir(parents=True, exist_ok=True)
        (store.root / name).write_text("x")
    with store.lock("something"):
        kinds = sorted(entry.kind for entry in survey(store))
    assert kinds == [
        "blobs", "ccache", "documents", "file-indexes", "git", "index", "logs", "logs", "unpacked",
        "wheels",
    ]  # fmt: skip


def test_a_file_with_several_names_takes_its_room_once(store: Store) -> None:
    crate, vendored = (store.root / name for name in ("crates/ab/abc", "vendored/cd/cde"))
    for place in (crate, vendored):
        place.mkdir(parents=True)
    (crate / "file").write_bytes(b"x" * 50_000)
    os.link(crate / "file", vendored / "file")
    sizes = {entry.kind: entry.size for entry in survey(store)}
    assert sizes["crates"] > 50_000 > sizes["vendored"]


# ------------------------------------------------------------------ what is to go


def test_what_was_not_used_for_so_long(store: Store) -> None:
    old, new = blob(store, b"old", 31), blob(store, b"new", 29)
    chosen = choose(survey(store), before=time.time() - 30 * DAY, most=None)
    assert names(chosen) == {old}
    assert new not in names(chosen)


def test_what_is_too_much_longest_unused_first(store: Store) -> None:
    shas = [blob(store, bytes([n]) * 8192, days) for n, days in enumerate((3, 9, 6))]
    total = sum(entry.size for entry in survey(store))
    assert choose(survey(store), before=None, most=total) == ()
    chosen = choose(survey(store), before=None, most=total - 1)
    assert [entry.path.name for entry in chosen] == [shas[1]]
    chosen = choose(survey(store), before=None, most=8192)
    assert [entry.path.name for entry in chosen] == [shas[1], shas[2]]


# ------------------------------------------------------------------ what is in use


def test_what_is_used_is_dated(store: Store) -> None:
    sha256, place = blob(store, b"x"), tree(store)
    store.write("step", "abcd", {})
    document = aged(store.document_path("step", "abcd"), 10)
    content = place.stat().st_mtime
    fresh = Store(store.root)  # another process, as far as its memory goes
    fresh.blob(sha256)
    fresh.read("step", "abcd")
    assert fresh.has(place)
    assert not fresh.has(store.root / "unpacked/ab/other")
    assert min(entry.used for entry in survey(store)) > time.time() - 60
    assert place.stat().st_mtime == content
    assert document.stat().st_mtime < time.time() - DAY


def test_it_goes_and_can_be_made_again(store: Store) -> None:
    sha256, place = blob(store, b"x"), tree(store)
    store.write("step", "abcd", {})
    aged(store.document_path("step", "abcd"), 10)
    assert len(remove(store, all_of(store))) == 3
    assert survey(store) == ()
    assert not place.exists()
    assert list((store.root / "attempts").iterdir()) == []
    assert Store(store.root).blob(sha256) is None
    assert store.put([b"x"])[0] == sha256
    assert store.blob(sha256) is not None


def test_a_running_podwheel_keeps_what_it_has_used(store: Store) -> None:
    used, idle = blob(store, b"used"), blob(store, b"idle")
    running = Store(store.root)
    with running.running():
        assert running.blob(used)
        aged(next((store.root / "locks").glob("running-*")), 1)  # it has run since yesterday
        aged(store.blob_path(used), 0.5)
        assert names(remove(store, all_of(store))) == {idle}
        assert running.blob(used)
    assert names(remove(store, all_of(store))) == {used}


def test_what_was_made_or_used_since_we_looked_stays(store: Store) -> None:
    sha256 = blob(store, b"x")
    chosen = all_of(store)
    Store(store.root).blob(sha256)
    assert remove(store, chosen) == ()
    assert store.blob(sha256)


def test_nobody_begins_to_use_what_is_being_removed(store: Store) -> None:
    sha256 = blob(store, b"x")
    found: list[Path | None] = []
    with store.pruning(fcntl.LOCK_EX):
        user = threading.Thread(target=lambda: found.append(Store(store.root).blob(sha256)))
        user.start()
        user.join(0.2)
        assert user.is_alive()
        store.blob_path(sha256).unlink()
    user.join(30)
    assert found == [None]


def test_a_mark_of_a_killed_process_holds_nothing(store: Store) -> None:
    mark = store.root / "locks/running-dead"
    mark.touch()
    aged(mark, 1)
    assert in_use_since(store) > time.time() - 60
    assert not mark.exists()


def test_one_that_has_just_begun_and_has_no_lock_yet_is_believed(store: Store) -> None:
    mark = store.root / "locks/running-new"
    mark.touch()
    in_use_since(store)
    assert mark.exists()


def test_the_mark_goes_with_its_process(store: Store) -> None:
    with store.running():
        assert list((store.root / "locks").glob("running-*"))
    assert list((store.root / "locks").glob("running-*")) == []


def test_two_who_remove_the_same(store: Store) -> None:
    shas = {blob(store, bytes([n])) for n in range(200)}
    chosen, removed = all_of(store), []
    both = [
        threading.Thread(target=lambda: removed.extend(remove(store, chosen))) for _ in range(2)
    ]
    for one in both:
        one.start()
    for one in both:
        one.join(60)
    assert {entry.path.name for entry in removed} == shas
    assert len(removed) == 200


# ------------------------------------------------------------------ the command


def told(store: Store, *arguments: str, code: int = 0) -> str:
    result = CliRunner().invoke(cli, ["cache", *arguments, "--store", str(store.root)])
    assert result.exit_code == code, result.output
    return result.output


def test_info(store: Store) -> None:
    store.write("wheel", blob(store, b"x" * 100_000, days=8), {})
    assert " in " + str(store.root) in told(store, "info")
    document = json.loads(told(store, "info", "--json"))
    wheels = document["kinds"]["wheels"]
    assert wheels["bytes"] == wheels["bytes_unused_for_week"] > 100_000
    assert wheels["bytes_unused_for_30_days"] == 0
    assert document["kinds"]["documents"]["bytes_unused_for_day"] == 0


def test_prune(store: Store) -> None:
    old, new = blob(store, b"old", 31), blob(store, b"new", 1)
    dry = told(store, "prune", "--older-than", "30d", "--dry-run")
    assert "1 entry, 4 kB, would be removed; 4 kB left" in dry
    assert store.blob_path(old).exists()
    assert "1 entry, 4 kB, removed" in told(store, "prune", "--older-than=4w")
    assert not store.blob_path(old).exists()
    assert "1 entry, 4 kB, removed; 0 B left" in told(store, "prune", "--keep-size", "0")
    assert not store.blob_path(new).exists()
    assert "0 entries, 0 B, removed" in told(store, "prune", "--keep-size", "1G")


def test_prune_tells_what_it_leaves(store: Store) -> None:
    store.put([b"just made"])
    assert "0 entries, 0 B, removed; 1 in use; 4 kB left" in told(store, "prune", "--keep-size=0")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "say what may go"),
        (("--older-than", "30"), "is no age; write 12h, 30d or 8w"),
        (("--older-than", "1y"), "is no age"),
        (("--keep-size", "much"), "is no size"),
        (("--keep-size", "-1"), "is no size"),
    ],
)
def test_what_cannot_be_meant(store: Store, arguments: tuple[str, ...], message: str) -> None:
    assert message in told(store, "prune", *arguments, code=2)
