"""A wheelhouse packed into one file: what is in it, the same bytes, and a place that is left alone."""

from __future__ import annotations

import hashlib
import json
import tarfile
from typing import TYPE_CHECKING, Any

import pytest
from archives_helpers import make_wheel
from attrs import evolve
from bundle_helpers import record, wheelhouse
from needed_helpers import shared_object
from seal_helpers import built, wheel

from podwheel.archives import read_wheel
from podwheel.build.records import remember_wheel
from podwheel.errors import HostError, UsageError, WheelhouseUnusable
from podwheel.seal import open_wheelhouse
from podwheel.seal.bundle import (
    bundle,
    default_output,
    pip_that_proved,
    refuse_output,
    runs_of,
)
from podwheel.seal.manifest import Share, manifest
from podwheel.seal.record import RuntimePackageRecord, ServerRecord, TrustRecord
from podwheel.store import Store

if TYPE_CHECKING:
    from pathlib import Path

    from podwheel.model import Wheel


@pytest.fixture
def pip(tmp_path: Path) -> Wheel:
    (tmp_path / "pip").mkdir()
    return wheel(tmp_path / "pip", "pip")


@pytest.fixture
def house(tmp_path: Path) -> Path:
    (tmp_path / "store").mkdir()
    return wheelhouse(tmp_path, [built(tmp_path / "store")])


def test_what_is_in_a_bundle(house: Path, pip: Wheel) -> None:
    made = bundle(open_wheelhouse(house), pips={"this-system": pip}, output=house.parent / "b.tar")
    assert made.sha256 == hashlib.sha256(made.path.read_bytes()).hexdigest()
    assert made.size == made.path.stat().st_size
    with tarfile.open(made.path) as archive:
        members = archive.getmembers()
        contents = {
            m.name.removeprefix("app-bundle/"): archive.extractfile(m).read() for m in members
        }  # type: ignore[union-attr]
    assert [*contents] == [
        "bundle.json",
        "install",
        "pythons",
        "requirements/this-system.txt",
        "record/pylock.toml",
        "record/podwheel.json",
        "program/__main__.py",
        "program/fit.py",
        "program/place.py",
        "program/run_pip.py",
        "pip/pip-1.0-py3-none-any.whl",
        "wheels/demo-1.0-py3-none-any.whl",
        "SHA256SUMS",
    ]
    sums = dict(
        reversed(line.split("  ")) for line in contents.pop("SHA256SUMS").decode().splitlines()
    )
    assert sums == {name: hashlib.sha256(data).hexdigest() for name, data in contents.items()}
    demo = sums["wheels/demo-1.0-py3-none-any.whl"]
    assert contents["requirements/this-system.txt"].decode() == f"demo==1.0 --hash=sha256:{demo}\n"
    assert {(m.uid, m.uname, m.mtime) for m in members} == {(0, "", 315532800)}
    assert [m.name for m in members if m.mode == 0o755] == ["app-bundle/install"]
    assert str(house.parent).encode() not in made.path.read_bytes()


def test_the_same_wheelhouse_gives_the_same_bytes(house: Path, pip: Wheel) -> None:
    first, second = (
        bundle(open_wheelhouse(house), pips={"this-system": pip}, output=house.parent / name)
        for name in ("1", "2")
    )
    assert first.sha256 == second.sha256
    assert first.path.read_bytes() == second.path.read_bytes()


def test_it_lies_beside_the_wheelhouse_and_replaces_an_older_one(house: Path, pip: Wheel) -> None:
    opened = open_wheelhouse(house)
    output = default_output(opened)
    assert output == house.parent / "app-bundle.tar"
    for _ in range(2):
        bundle(opened, pips={"this-system": pip}, output=output)
    assert sorted(p.name for p in house.parent.iterdir()) == [
        "app",
        "app-bundle.tar",
        "pip",
        "store",
    ]
    assert oct(output.stat().st_mode & 0o777) == "0o644"


def test_what_is_not_ours_is_not_replaced(house: Path, pip: Wheel) -> None:
    opened = open_wheelhouse(house)
    theirs = house.parent / "theirs.tar"
    theirs.write_text("a thesis")
    for output, why in (
        (theirs, "no bundle of podwheel's"),
        (house.parent, "is a directory"),
        (house / "b.tar", "in the wheelhouse"),
    ):
        with pytest.raises(UsageError, match=why):
            refuse_output(opened, output)
    with pytest.raises(UsageError):
        bundle(opened, pips={"this-system": pip}, output=theirs)
    assert theirs.read_text() == "a thesis"


def test_a_failure_leaves_the_older_bundle(house: Path, pip: Wheel) -> None:
    opened = open_wheelhouse(house)
    output = default_output(opened)
    before = bundle(opened, pips={"this-system": pip}, output=output).sha256
    pip.path.chmod(0o644)
    pip.path.write_bytes(b"something else")
    with pytest.raises(HostError, match="changed while it was packed"):
        bundle(opened, pips={"this-system": pip}, output=output)
    assert hashlib.sha256(output.read_bytes()).hexdigest() == before
    assert [p.name for p in house.parent.glob(".*")] == []


def test_a_directory_of_wheels_is_for_no_known_system(tmp_path: Path) -> None:
    make_wheel(tmp_path)
    with pytest.raises(WheelhouseUnusable, match="nothing says what system"):
        runs_of(open_wheelhouse(tmp_path))


def test_the_pip_that_proved_the_wheels(tmp_path: Path, pip: Wheel) -> None:
    store = Store(tmp_path / "kept")
    trust = TrustRecord(kind="tool", name="pip", version="1.0", sha256=pip.sha256)
    proven = evolve(record(), trust=(trust,))
    assert pip_that_proved(proven, store=store) is None
    store.put_file(pip.path)
    remember_wheel(store, pip)
    found = pip_that_proved(proven, store=store)
    assert found is not None
    assert (found.filename, found.sha256) == (pip.filename, pip.sha256)
    assert pip_that_proved(record(), store=store) is None


# --------------------------------------------------------------------------- what a server is asked


def package(name: str, **changes: Any) -> RuntimePackageRecord:
    values: dict[str, Any] = {
        "why": "linked",
        "minimum": None,
        "libraries": (),
        "needed_by": ("demo",),
        "present": False,
    }
    return RuntimePackageRecord(name=name, **(values | changes))


def asked_of(tmp_path: Path, server: ServerRecord | None) -> dict[str, Any]:
    """The manifest's target for one wheel with a library in it."""
    library = shared_object(
        needed=("libdb.so.5", "libghost.so.1", "libc.so.6"),
        undefined=(
            ("db_open", "DB_5.1", "libdb.so.5"),
            ("db_close", "DB_5.1", "libdb.so.5"),
            ("db_sync", "DB_5.1", "libdb.so.5"),
            ("db_zap", "DB_5.1", "libdb.so.5"),
            ("db_new", "DB_5.3", "libdb.so.5"),
            ("read", "GLIBC_2.2.5", "libc.so.6"),
            ("getrandom", "GLIBC_2.25", "libc.so.6"),
        ),
    )
    (tmp_path / "made").mkdir()
    path = make_wheel(
        tmp_path / "made",
        {"demo/__init__.py": b"", "demo/x.so": library},
        modes={"demo/x.so": 0o755},
    )
    entry = evolve(built(tmp_path), wheel=read_wheel(path, filename=path.name, linked=True))
    flags = "-O2 -march=x86-64-v3"
    opened = open_wheelhouse(wheelhouse(tmp_path, [entry], server=server, flags=flags))
    (run,) = runs_of(opened)
    document = manifest(opened, [Share(record=run, wheels=opened.wheels, pip=opened.wheels[0])])
    assert json.loads(json.dumps(document)) == document
    (target,) = document["targets"]
    assert isinstance(target, dict)
    return target


def test_the_least_glibc_and_every_symbol_version(tmp_path: Path) -> None:
    server = ServerRecord(
        line="apt-get install dbutils libdb5",
        packages=(
            package("dbutils", why="declared"),
            package("libdb5", libraries=("libdb.so.5",), minimum="5.1~"),
            package("libc6", libraries=("libc.so.6",), present=True),
            package("libsound=1.2", why="loaded", libraries=("libsound.so.1",), present=True),
        ),
        unprovided=(("libghost.so.1", ("demo: demo/x.so",)),),
    )
    target = asked_of(tmp_path, server)
    assert target["libc"] == {"name": "glibc", "version": "2.25", "by": ["demo"]}
    assert target["cpu"] == [{"name": "x86-64-v3", "by": ["demo"]}]
    assert target["install"] == "apt-get install"
    libraries = {library.pop("name"): library for library in target["libraries"]}
    assert libraries == {
        "libc.so.6": {"package": "libc6", "by": ["demo"], "versions": {}},
        "libdb.so.5": {
            "package": "libdb5",
            "by": ["demo"],
            "versions": {"DB_5.1": ["db_close", "db_open", "db_sync"], "DB_5.3": ["db_new"]},
        },
        "libsound.so.1": {"package": "libsound=1.2", "by": ["demo"], "versions": {}},
    }
    assert target["packages"] == [
        {"name": "dbutils", "minimum": None, "by_name": True, "by": ["demo"]},
        {"name": "libdb5", "minimum": "5.1~", "by_name": False, "by": ["demo"]},
    ]


def test_without_a_word_on_the_server_the_libraries_are_asked_for_all_the_same(
    tmp_path: Path,
) -> None:
    target = asked_of(tmp_path, None)
    assert [library["name"] for library in target["libraries"]] == [
        "libc.so.6",
        "libdb.so.5",
        "libghost.so.1",
    ]
    assert (target["install"], target["packages"]) == ("", [])
