"""The wheelhouse: published whole or not at all, locked, indexed, and read back."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
import tomllib
from typing import TYPE_CHECKING, Any

import pytest
from archives_helpers import make_wheel
from attrs import evolve
from packaging.markers import Marker
from packaging.pylock import Pylock
from seal_helpers import (
    NOON,
    SDIST_SHA256,
    built,
    run_record,
    sdist_file,
    target,
    this_python,
    wheel,
)

from podwheel.errors import DiskFull, HostError, WheelhouseUnusable
from podwheel.model import ArchiveUrl, Hash, LocalDirectory, Pin, VcsUrl
from podwheel.seal import (
    Entry,
    RunRecord,
    Wheelhouse,
    is_current,
    make_lock,
    open_wheelhouse,
    public_url,
    publish,
    refuse_foreign,
)
from podwheel.seal import exchange as exchanging

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

DEMO = "demo-1.0-py3-none-any.whl"


@pytest.fixture
def store(tmp_path: Path) -> Path:
    place = tmp_path / "store"
    place.mkdir()
    return place


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "out" / "wheelhouse"


def lock_of(entries: Sequence[Entry]) -> Any:
    return make_lock(entries, target=target(), podwheel="0.1.0")


def published(place: Path, entries: Sequence[Entry], **arguments: Any) -> Path:
    values: dict[str, Any] = {
        "lock": lock_of(entries),
        "record": run_record().to_json(),
        "logs": (),
    }
    publish(place, entries=entries, **(values | arguments))
    return place


def listing(directory: Path) -> list[str]:
    return sorted(str(p.relative_to(directory)) for p in directory.rglob("*") if p.is_file())


# ------------------------------------------------------------------ publishing


def test_what_is_in_a_wheelhouse(store: Path, place: Path) -> None:
    (store / "log").write_text("compiling")
    entry = built(store)
    published(place, [entry], logs=[("demo-1.0.log", store / "log")])
    assert listing(place) == [
        "SHA256SUMS",
        DEMO,
        "logs/demo-1.0.log",
        "podwheel.json",
        "pylock.toml",
        "simple/demo/index.html",
        "simple/index.html",
    ]
    assert {oct(p.stat().st_mode & 0o777) for p in place.rglob("*") if p.is_file()} == {"0o644"}
    assert oct(place.stat().st_mode & 0o777) == "0o755"
    # The store's file stays alone: nobody changes it through the wheelhouse.
    assert entry.wheel.path.stat().st_nlink == 1
    assert oct(entry.wheel.path.stat().st_mode & 0o777) == "0o444"
    done = subprocess.run(
        ["sha256sum", "-c", "--strict", "SHA256SUMS"], cwd=place, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stdout
    assert len(done.stdout.splitlines()) == 6
    assert [p.name for p in place.parent.iterdir()] == ["wheelhouse"]


def test_no_path_of_the_host_is_in_it(store: Path, place: Path, tmp_path: Path) -> None:
    published(place, [built(store)])
    for name in listing(place):
        if not name.endswith(".whl"):
            assert os.fsencode(tmp_path) not in (place / name).read_bytes(), name


def test_an_older_wheelhouse_is_replaced(store: Path, place: Path) -> None:
    published(place, [built(store, "older")])
    published(place, [built(store)])
    assert [n for n in listing(place) if n.endswith(".whl")] == [DEMO]
    assert [p.name for p in place.parent.iterdir()] == ["wheelhouse"]


def test_without_renameat2(store: Path, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exchanging, "_exchanged", lambda *_: False)
    test_an_older_wheelhouse_is_replaced(store, place)


def test_a_failed_exchange_puts_the_old_one_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exchanging, "_exchanged", lambda *_: False)
    (tmp_path / "old").mkdir()
    (tmp_path / "old/x").touch()
    with pytest.raises(OSError, match="No such file"):
        exchanging.exchange(tmp_path / "missing", tmp_path / "old")
    assert (tmp_path / "old/x").exists()
    assert [p.name for p in tmp_path.iterdir()] == ["old"]


def test_an_empty_directory_is_used(store: Path, place: Path) -> None:
    place.mkdir(parents=True)
    assert DEMO in listing(published(place, [built(store)]))


def test_a_link_to_a_directory_stays_a_link(store: Path, tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    published(tmp_path / "link", [built(store)])
    assert (tmp_path / "link").is_symlink()
    assert DEMO in listing(tmp_path / "real")


def test_replacing_can_be_declined(store: Path, place: Path) -> None:
    published(place, [built(store)], replace=False)
    with pytest.raises(WheelhouseUnusable, match="a wheelhouse already"):
        published(place, [built(store)], replace=False)


@pytest.mark.parametrize("record", [None, "[]", "{}", '{"schema": 1}', "{"])
def test_what_is_not_ours_is_left_alone(store: Path, place: Path, record: str | None) -> None:
    place.mkdir(parents=True)
    (place / "thesis.tex").write_text("years of work")
    if record is not None:
        (place / "podwheel.json").write_text(record)
    with pytest.raises(WheelhouseUnusable, match="neither empty nor a wheelhouse") as caught:
        published(place, [built(store)])
    assert str(place) in caught.value.what
    assert "--output" in caught.value.hint[0]
    assert (place / "thesis.tex").read_text() == "years of work"


def test_a_users_file_in_our_wheelhouse_is_not_removed(store: Path, place: Path) -> None:
    published(place, [built(store)])
    (place / "requirements.txt").write_text("demo")
    with pytest.raises(WheelhouseUnusable, match=r"would remove: requirements\.txt"):
        published(place, [built(store)])
    assert (place / "requirements.txt").exists()


def test_a_place_where_nothing_can_be_made_is_refused_before_any_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "access", lambda path, _mode: path != tmp_path)
    with pytest.raises(HostError, match="does not allow it"):
        refuse_foreign(tmp_path / "not/yet/there")


def test_a_place_in_a_closed_directory_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def closed(*_arguments: object, **_options: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(type(tmp_path), "exists", closed)
    with pytest.raises(HostError, match="cannot be written: Permission denied"):
        refuse_foreign(tmp_path / "x")


def test_a_file_is_no_place(tmp_path: Path) -> None:
    (tmp_path / "x").touch()
    with pytest.raises(WheelhouseUnusable, match="not a directory"):
        refuse_foreign(tmp_path / "x")


def test_a_mount_point_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os.path, "ismount", lambda path: path == tmp_path)
    with pytest.raises(WheelhouseUnusable, match="mount point") as caught:
        refuse_foreign(tmp_path)
    assert str(tmp_path / "wheelhouse") in caught.value.hint[0]


def test_a_damaged_store_publishes_nothing(store: Path, place: Path) -> None:
    published(place, [built(store, "older")])
    before = listing(place)
    entry = built(store)
    entry.wheel.path.chmod(0o644)
    entry.wheel.path.write_bytes(b"rot")
    with pytest.raises(HostError, match="damaged in the store"):
        published(place, [entry])
    assert listing(place) == before
    assert [p.name for p in place.parent.iterdir()] == ["wheelhouse"]


@pytest.mark.parametrize(
    ("code", "error"), [(errno.ENOSPC, DiskFull), (errno.EDQUOT, DiskFull), (errno.EIO, HostError)]
)
def test_a_failing_disk_publishes_nothing(
    store: Path, place: Path, monkeypatch: pytest.MonkeyPatch, code: int, error: type[Exception]
) -> None:
    def fsync(_handle: int) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(error, match="wheelhouse"):
        published(place, [built(store)])
    assert list(place.parent.iterdir()) == []


def test_ctrl_c_leaves_nothing(store: Path, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fsync(_handle: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(KeyboardInterrupt):
        published(place, [built(store)])
    assert list(place.parent.iterdir()) == []


def test_is_current(store: Path, place: Path) -> None:
    entries = [built(store)]
    assert not is_current(place, entries=entries, lock=lock_of(entries))
    published(place, entries)
    assert is_current(place, entries=entries, lock=lock_of(entries))
    more = [*entries, built(store, "other")]
    assert not is_current(place, entries=more, lock=lock_of(more))
    (place / DEMO).write_bytes(b"short")
    assert not is_current(place, entries=entries, lock=lock_of(entries))


# ------------------------------------------------------------------ the lock


def package(entry: Entry) -> dict[str, Any]:
    found: dict[str, Any] = lock_of([entry])["packages"][0]
    return found


def test_the_lock(store: Path, place: Path) -> None:
    entries = [
        built(store, requires="Requires-Python: >=3.8\n", dependencies=("gone", "other")),
        built(store, "other"),
    ]
    published(place, entries)
    lock = tomllib.loads((place / "pylock.toml").read_text())
    Pylock.from_dict(lock)
    assert lock["created-by"] == "podwheel"
    assert lock["tool"]["podwheel"]["target"] == {
        "name": "debian-13",
        "fingerprint": "f1",
        "runtime-image": "sha256:runtime",
        "build-image": "sha256:build",
        "python": "3.13.5",
        "implementation": "cpython",
        "machine": "x86_64",
        "libc": "glibc 2.41",
    }
    first, second = lock["packages"]
    assert (first["name"], second["name"]) == ("demo", "other")
    assert first["requires-python"] == ">=3.8"
    assert first["dependencies"] == [{"name": "other"}]
    assert first["index"] == "https://index.example.org/simple"
    assert first["wheels"] == [
        {
            "path": DEMO,
            "size": entries[0].wheel.size,
            "hashes": {"sha256": entries[0].wheel.sha256},
        }
    ]
    assert first["sdist"] == {
        "name": "demo-1.0.tar.gz",
        "url": "https://files.example.org/demo-1.0.tar.gz",
        "size": 1234,
        "upload-time": NOON,
        "hashes": {"sha256": SDIST_SHA256},
    }
    assert first["tool"]["podwheel"] == {
        "origin": "built",
        "source": {
            "kind": "sdist",
            "url": "https://files.example.org/demo-1.0.tar.gz",
            "sha256": SDIST_SHA256,
        },
        "step": "57e9",
        "build-requires": [
            {"name": "cython", "version": "3.1", "sha256": "bb" * 32},
            {"name": "setuptools", "version": "80.9", "sha256": "aa" * 32},
        ],
    }


def test_the_lock_refuses_other_systems() -> None:
    [marker] = map(Marker, lock_of([])["environments"])
    known = {
        "implementation_name": "cpython",
        "platform_machine": "x86_64",
        "python_version": "3.13",
        "sys_platform": "linux",
    }
    assert marker.evaluate(known)
    for key, other in (("python_version", "3.12"), ("platform_machine", "aarch64")):
        assert not marker.evaluate({**known, key: other})


def test_the_lock_is_the_same_whatever_the_order(store: Path) -> None:
    one, two = built(store), built(store, "other")
    assert lock_of([one, two]) == lock_of([two, one])


def test_upstreams_wheel_in_the_lock(store: Path) -> None:
    made = wheel(store)
    file = sdist_file(filename=DEMO, url=f"https://files.example.org/{DEMO}")
    pin = Pin(name=made.name, version=made.version, file=file)
    entry = Entry(wheel=made, source="upstream", pin=pin, url=file.url, sha256=made.sha256)
    found = package(entry)
    assert "sdist" not in found
    assert found["wheels"][0]["path"] == DEMO
    assert found["tool"]["podwheel"] == {
        "origin": "upstream",
        "source": {"kind": "wheel", "url": file.url, "sha256": made.sha256},
    }


def test_a_source_from_git_in_the_lock(store: Path) -> None:
    url = "https://git.example.org/demo"
    direct = VcsUrl(url=url, ref="main", subdirectory="py")
    entry = evolve(built(store, file=None, direct=direct), url=url, commit="c0ffee")
    found = package(entry)
    assert "sdist" not in found
    assert found["tool"]["podwheel"]["source"] == {
        "kind": "git",
        "url": url,
        "sha256": SDIST_SHA256,
        "commit": "c0ffee",
        "subdirectory": "py",
    }


def test_an_archive_by_url_in_the_lock(store: Path) -> None:
    url = "https://files.example.org/demo-1.0.tar.gz"
    entry = built(store, file=None, direct=ArchiveUrl(url=url))
    assert package(entry)["sdist"]["url"] == url
    for other in (f"{url}#x".replace("demo-1.0", "main"), url.replace("1.0", "2.0")):
        changed = evolve(entry, url=other)
        assert "sdist" not in package(changed)
        assert package(changed)["tool"]["podwheel"]["source"]["kind"] == "sdist"


def test_a_local_directory_is_not_told(store: Path, tmp_path: Path) -> None:
    entry = evolve(
        built(store, file=None, direct=LocalDirectory(path=tmp_path)), url=tmp_path.as_uri()
    )
    found = package(entry)
    assert "sdist" not in found
    assert found["tool"]["podwheel"]["source"] == {"kind": "directory", "sha256": SDIST_SHA256}


def test_credentials_never_reach_the_lock(store: Path) -> None:
    secret = sdist_file(
        url="https://user:hunter2@files.example.org/demo-1.0.tar.gz?token=hunter2#sha256=x",
        index="https://user:hunter2@index.example.org/simple",
        hashes=(Hash(algorithm="sha512", digest="ab"),),
    )
    entry = evolve(built(store, file=secret), url=secret.url)
    found = package(entry)
    assert "hunter2" not in repr(found)
    assert found["sdist"]["url"] == "https://files.example.org/demo-1.0.tar.gz"
    assert set(found["sdist"]["hashes"]) == {"sha256", "sha512"}


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://a:b@example.org:8443/x?y#z", "https://example.org:8443/x"),
        ("ssh://git:pw@example.org/x", "ssh://git@example.org/x"),
        ("git+https://tok@example.org/x", "git+https://example.org/x"),
        ("file:///home/me/x", None),
        ("directory:x", None),
        ("/home/me/x", None),
        (None, None),
    ],
)
def test_public_url(url: str | None, expected: str | None) -> None:
    assert public_url(url) == expected


# ------------------------------------------------------------------ pip's view


def pip(*arguments: str, into: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-I", "-m", "pip", "install", "--target", str(into), *arguments]
    quiet = ["--disable-pip-version-check", "--no-cache-dir", "--no-compile", "-q"]
    return subprocess.run(
        [*command, *quiet],
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": os.defpath, "PIP_CONFIG_FILE": os.devnull},
    )


@pytest.mark.parametrize("how", ["find-links", "index", "lock"])
def test_pip_installs_from_it(store: Path, place: Path, tmp_path: Path, how: str) -> None:
    entries = [
        built(store, requires="Requires-Dist: other\n", dependencies=("other",)),
        built(store, "other", requires="Requires-Python: >=3\n"),
    ]
    lock = make_lock(entries, target=target(this_python()), podwheel="0.1.0")
    published(place, entries, lock=lock)
    arguments = {
        "find-links": ["--no-index", "--find-links", str(place), "demo"],
        "index": ["--index-url", (place / "simple").as_uri() + "/", "demo"],
        "lock": ["--no-index", "-r", str(place / "pylock.toml")],
    }[how]
    done = pip(*arguments, into=tmp_path / "installed")
    assert done.returncode == 0, done.stderr
    assert {"demo", "other"} <= {p.name for p in (tmp_path / "installed").iterdir()}


def test_the_index_has_hashes_and_pythons(store: Path, place: Path) -> None:
    entry = built(store, requires="Requires-Python: >=3.8,<4\n")
    published(place, [entry])
    page = (place / "simple/demo/index.html").read_text()
    assert f'href="../../{DEMO}#sha256={entry.wheel.sha256}"' in page
    assert 'data-requires-python="&lt;4,&gt;=3.8"' in page
    assert '<a href="demo/">demo</a>' in (place / "simple/index.html").read_text()


# ------------------------------------------------------------------ what the server needs


def test_the_line_for_the_server_is_a_file_of_the_wheelhouse(store: Path, place: Path) -> None:
    published(
        place, [built(store)], installs={"system-packages.txt": "apt-get install libpq5 libxml2"}
    )
    assert (place / "system-packages.txt").read_text() == "apt-get install libpq5 libxml2\n"
    assert "system-packages.txt" in (place / "SHA256SUMS").read_text()
    published(place, [built(store)])
    assert not (place / "system-packages.txt").exists()


# ------------------------------------------------------------------ the record


def test_the_record_comes_back(store: Path, place: Path) -> None:
    record = run_record()
    published(place, [built(store)])
    document = json.loads((place / "podwheel.json").read_text())
    assert RunRecord.from_json(document) == record
    assert document["steps"][0]["started"] == "2026-01-02T12:00:00+00:00"
    assert record.steps[0].duration == 2.5
    assert evolve(record.steps[0], ended=None).duration is None


def test_credentials_never_reach_the_record() -> None:
    record = evolve(
        run_record(),
        request=(
            "demo @ https://user:hunter2@files.example.org/demo.zip",
            "git+https://hunter2@git.example.org/x",
            "git+ssh://git:hunter2@git.example.org/x",
        ),
        steps=(evolve(run_record().steps[0], variables=(("INDEX", "https://u:hunter2@h/"),)),),
    )
    document = record.to_json()
    assert "hunter2" not in json.dumps(document)
    assert list(document["request"]) == [
        "demo @ https://files.example.org/demo.zip",
        "git+https://git.example.org/x",
        "git+ssh://git@git.example.org/x",
    ]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"schema": 99}, "has the form 99"),
        ({"schema": None}, "has the form None"),
        ({"more": 1}, "unknown key more"),
        ({"steps": [{"id": "x"}]}, "damaged"),
        ({"created": "yesterday"}, "damaged"),
        ({"packages": 1}, "damaged"),
    ],
)
def test_records_that_cannot_be_read(change: dict[str, Any], message: str) -> None:
    with pytest.raises(WheelhouseUnusable, match=message):
        RunRecord.from_json(run_record().to_json() | change)


# ------------------------------------------------------------------ reading it back


def test_open_wheelhouse(store: Path, place: Path) -> None:
    published(place, [built(store, "other"), built(store)])
    house = open_wheelhouse(place)
    assert [w.name for w in house.wheels] == ["demo", "other"]
    assert house.record is not None
    assert RunRecord.from_json(house.record).verdict == "passed"


def test_the_variables_of_wheels_builds(tmp_path: Path) -> None:
    record = json.loads(json.dumps(run_record().to_json(), default=str))
    house = Wheelhouse(directory=tmp_path, wheels=(), record=record)
    assert house.variables == {"demo-1.0-py3-none-any.whl": (("CFLAGS", "-O2"),)}
    assert evolve(house, record=None).variables == {}


def test_a_plain_directory_of_wheels(tmp_path: Path) -> None:
    path = make_wheel(tmp_path)
    os.link(path, tmp_path / "second-name")
    house = open_wheelhouse(tmp_path)
    assert [w.name for w in house.wheels] == ["demo"]
    assert house.record is None


def test_what_differs_is_named(store: Path, place: Path, tmp_path: Path) -> None:
    published(place, [built(store), built(store, "other"), built(store, "third")])
    (place / DEMO).write_bytes(b"changed")
    (place / "other-1.0-py3-none-any.whl").unlink()
    third = place / "third-1.0-py3-none-any.whl"
    third.rename(tmp_path / "moved")
    third.symlink_to(tmp_path / "moved")
    (place / "evil-1.0-py3-none-any.whl").touch()
    with pytest.raises(WheelhouseUnusable) as caught:
        open_wheelhouse(place)
    assert caught.value.said.splitlines() == [
        f"{DEMO} was changed",
        "other-1.0-py3-none-any.whl is missing",
        "third-1.0-py3-none-any.whl is missing",
        "evil-1.0-py3-none-any.whl does not belong to it",
    ]


@pytest.mark.parametrize("line", ["nonsense", f"{'0' * 64}  ../x", f"{'0' * 64}  /etc/passwd"])
def test_damaged_sums(store: Path, place: Path, line: str) -> None:
    published(place, [built(store)])
    (place / "SHA256SUMS").write_text(line + "\n")
    with pytest.raises(WheelhouseUnusable, match="damaged at the line"):
        open_wheelhouse(place)


@pytest.mark.parametrize("name", ["SHA256SUMS", "podwheel.json"])
def test_half_a_wheelhouse(store: Path, place: Path, name: str) -> None:
    published(place, [built(store)])
    (place / name).unlink()
    with pytest.raises(WheelhouseUnusable, match="cannot be read"):
        open_wheelhouse(place)


def test_not_a_wheelhouse(tmp_path: Path) -> None:
    with pytest.raises(WheelhouseUnusable, match="has no wheels"):
        open_wheelhouse(tmp_path)
    (tmp_path / DEMO).write_bytes(b"no zip")
    with pytest.raises(WheelhouseUnusable, match="not a sound wheel"):
        open_wheelhouse(tmp_path)
    with pytest.raises(WheelhouseUnusable, match="is not a directory"):
        open_wheelhouse(tmp_path / DEMO)
