"""One wheelhouse for several targets: what it holds, and what cannot lie in one."""

from __future__ import annotations

import json
import tarfile
import tomllib
from typing import TYPE_CHECKING, Any

import pytest
import tomli_w
from archives_helpers import make_wheel, python
from attrs import evolve
from packaging.markers import Marker
from packaging.pylock import Pylock, PylockSelectError
from packaging.tags import Tag, parse_tag
from packaging.utils import canonicalize_name
from packaging.version import Version
from seal_helpers import run_record, sdist_file
from seal_helpers import target as described

from podwheel.archives import differing, read_wheel
from podwheel.errors import WheelhouseUnusable, WheelsClash
from podwheel.model import Pin
from podwheel.requirements.lock import read_lock
from podwheel.seal import Entry, open_wheelhouse, open_wheelhouses, publish, read_runs
from podwheel.seal.bundle import bundle
from podwheel.seal.joint import Share, joint_entries, make_joint_lock
from podwheel.seal.record import joint_record

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from podwheel.model import Target

PURE = "py3-none-any"


def target(name: str = "debian-13", series: str = "3.13") -> Target:
    """A system with that Python."""
    nodot = f"cp{series.replace('.', '')}"
    older = [f"cp3{n}" for n in range(int(series.split(".")[1]), 1, -1)]
    interpreter = python(
        version=f"{series}.2",
        markers=(
            ("implementation_name", "cpython"),
            ("platform_machine", "x86_64"),
            ("python_full_version", f"{series}.2"),
            ("python_version", series),
            ("sys_platform", "linux"),
        ),
        tags=(
            Tag(nodot, nodot, "linux_x86_64"),
            *(Tag(one, "abi3", "linux_x86_64") for one in older),
            *parse_tag(PURE),
        ),
    )
    return evolve(described(interpreter), name=name)


TRIXIE, BOOKWORM = target(), target("debian-12", "3.11")


def entry(
    place: Path,
    name: str = "demo",
    version: str = "1.0",
    *,
    tag: str = PURE,
    said: str = "",
    needs: Sequence[str] = (),
    requires_python: str | None = None,
    step: str = "57e9",
) -> Entry:
    """A wheel that was built; *said* makes others of the same name differ from it."""
    place.mkdir(parents=True, exist_ok=True)
    top = f"{name}-{version}.dist-info"
    more = f"Requires-Python: {requires_python}\n" if requires_python else ""
    filename = f"{name}-{version}-{tag}.whl"
    pure = str(tag == PURE).lower()
    path = make_wheel(
        place,
        {f"{name}/__init__.py": f"X = {said!r}\n".encode()},
        filename=filename,
        dist_info=top,
        metadata=f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{more}".encode(),
        wheel=f"Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: {pure}\nTag: {tag}\n".encode(),
    )
    made = read_wheel(path, filename=filename)
    file = sdist_file(name, filename=f"{name}-{version}.tar.gz")
    return Entry(
        wheel=made,
        source="built",
        pin=Pin(
            name=made.name,
            version=made.version,
            file=file,
            dependencies=tuple(map(canonicalize_name, needs)),
        ),
        url=file.url,
        sha256=file.sha256,
        step=step,
    )


def share(of: Target, *entries: Entry, packages: dict[str, Any] | None = None) -> Share:
    return Share(target=of, entries=entries, system_packages=packages or {})


def locked(*shares: Share) -> Pylock:
    """The lock, written and read again."""
    document = tomllib.loads(tomli_w.dumps(make_joint_lock(shares, podwheel="0.1.0")))
    return Pylock.from_dict(document)


def chosen(lock: Pylock, of: Target) -> list[str]:
    """The files that an installer takes on a target."""
    picked = lock.select(
        environment=of.python.marker_environment,  # type: ignore[arg-type]  # the keys that are there
        tags=of.python.tags,
    )
    return [file.filename for _, file in picked]  # type: ignore[union-attr]  # all are wheels


# ------------------------------------------------------------------ the lock


def test_what_is_the_same_for_all_is_there_once_and_without_a_marker(tmp_path: Path) -> None:
    lock = locked(share(BOOKWORM, entry(tmp_path / "a")), share(TRIXIE, entry(tmp_path / "b")))
    assert [(p.name, p.marker) for p in lock.packages] == [("demo", None)]
    assert list(map(str, lock.environments or ())) == [
        'implementation_name == "cpython" and platform_machine == "x86_64" and '
        f'python_version == "{series}" and sys_platform == "linux"'
        for series in ("3.11", "3.13")
    ]
    assert str(lock.requires_python) == ">=3.11"


def test_each_target_gets_its_own_wheel_and_version(tmp_path: Path) -> None:
    old = share(
        BOOKWORM,
        entry(tmp_path / "a", "fast", tag="cp311-cp311-linux_x86_64", needs=["newer"]),
        entry(tmp_path / "a", "newer", "1.0"),
        entry(tmp_path / "a", "backport"),
    )
    new = share(
        TRIXIE,
        entry(tmp_path / "b", "fast", tag="cp313-cp313-linux_x86_64", needs=["newer"]),
        entry(tmp_path / "b", "newer", "2.0", requires_python=">=3.12"),
    )
    lock = locked(old, new)
    assert chosen(lock, BOOKWORM) == [
        "backport-1.0-py3-none-any.whl",
        "fast-1.0-cp311-cp311-linux_x86_64.whl",
        "newer-1.0-py3-none-any.whl",
    ]
    assert chosen(lock, TRIXIE) == [
        "fast-1.0-cp313-cp313-linux_x86_64.whl",
        "newer-2.0-py3-none-any.whl",
    ]
    markers = {(p.name, str(p.version), str(p.marker)) for p in lock.packages}
    assert ("backport", "1.0", 'python_version == "3.11"') in markers
    assert ("fast", "1.0", 'python_version == "3.13"') in markers
    with pytest.raises(PylockSelectError, match="not satisfy"):
        chosen(lock, target("sid", "3.14"))


def test_of_three_targets_two_may_share_a_wheel(tmp_path: Path) -> None:
    third = target("debian-14", "3.14")
    old, new = entry(tmp_path / "a", version="1.0"), entry(tmp_path / "b", version="2.0")
    lock = locked(share(BOOKWORM, old), share(TRIXIE, new), share(third, new))
    assert chosen(lock, BOOKWORM) == ["demo-1.0-py3-none-any.whl"]
    assert chosen(lock, TRIXIE) == chosen(lock, third) == ["demo-2.0-py3-none-any.whl"]
    assert lock.packages[1].marker == Marker(
        '(python_version == "3.13") or (python_version == "3.14")'
    )


def test_dependencies_say_which_of_two_is_meant(tmp_path: Path) -> None:
    lock = locked(
        share(
            BOOKWORM,
            entry(tmp_path / "a", "top", needs=["fast", "leaf", "split"]),
            entry(tmp_path / "a", "fast", tag="cp311-cp311-linux_x86_64"),
            entry(tmp_path / "a", "leaf"),
            entry(tmp_path / "a", "split", "1.0"),
        ),
        share(
            TRIXIE,
            entry(tmp_path / "b", "top", needs=["fast", "leaf", "split"]),
            entry(tmp_path / "b", "fast", tag="cp313-cp313-linux_x86_64"),
            entry(tmp_path / "b", "leaf"),
            entry(tmp_path / "b", "split", "2.0"),
        ),
    )
    (top,) = (p for p in lock.packages if p.name == "top")
    assert top.dependencies == [
        {"name": "fast", "version": "1.0", "marker": 'python_version == "3.11"'},
        {"name": "fast", "version": "1.0", "marker": 'python_version == "3.13"'},
        {"name": "leaf"},
        {"name": "split", "version": "1.0"},
        {"name": "split", "version": "2.0"},
    ]


def test_where_each_wheel_came_from_is_said_for_each_target(tmp_path: Path) -> None:
    lock = locked(
        share(BOOKWORM, entry(tmp_path / "a", step="aaaa")),
        share(TRIXIE, entry(tmp_path / "b", step="bbbb")),
    )
    (package,) = lock.packages
    ours = (package.tool or {})["podwheel"]["targets"]
    assert {name: of["step"] for name, of in ours.items()} == {
        "debian-12": "aaaa",
        "debian-13": "bbbb",
    }
    assert [t["name"] for t in (lock.tool or {})["podwheel"]["targets"]] == [
        "debian-12",
        "debian-13",
    ]


def test_podwheel_reads_it_back(tmp_path: Path) -> None:
    packages = {"build": [{"project": "demo", "packages": [{"name": "libogg-dev"}]}]}
    lock = make_joint_lock(
        [
            share(BOOKWORM, entry(tmp_path / "a", version="1.0"), packages=packages),
            share(TRIXIE, entry(tmp_path / "b", version="2.0")),
        ],
        podwheel="0.1.0",
    )
    (tmp_path / "pylock.toml").write_text(tomli_w.dumps(lock))
    read = read_lock("pylock.toml", tmp_path / "pylock.toml")
    assert [str(w.requirement) for w in read.wanted] == [
        'demo==1.0; python_version == "3.11"',
        'demo==2.0; python_version == "3.13"',
    ]
    assert [(one.target, one.of("demo")) for one in read.system_packages] == [
        ("debian-12", (("libogg-dev", ""),)),
        ("debian-13", ()),
    ]


# ------------------------------------------------------------------ what cannot lie in one


def test_equal_bytes_are_one_file(tmp_path: Path) -> None:
    entries = joint_entries(
        [share(BOOKWORM, entry(tmp_path / "a")), share(TRIXIE, entry(tmp_path / "b"))]
    )
    assert [e.wheel.filename for e in entries] == ["demo-1.0-py3-none-any.whl"]


@pytest.mark.parametrize("tag", [PURE, "cp311-cp311-linux_x86_64"])
def test_two_files_of_one_name_are_refused(tmp_path: Path, tag: str) -> None:
    other = target("ubuntu", "3.11")
    one, two = (entry(tmp_path / said, tag=tag, said=said) for said in ("a", "b"))
    with pytest.raises(WheelsClash, match="cannot serve debian-12 and ubuntu") as caught:
        joint_entries([share(BOOKWORM, one), share(other, two)])
    assert caught.value.said == (
        f"demo-1.0-{tag}.whl: debian-12's and ubuntu's differ in demo/__init__.py"
    )
    assert "without --one-wheelhouse" in caught.value.hint[0]
    assert ("--build-constraint" in caught.value.hint[-1]) == (tag == PURE)
    assert caught.value.exit_code == 2


def test_a_wheel_that_pip_would_take_on_another_target_is_refused(tmp_path: Path) -> None:
    """Of two wheels of a version the one for the newer stable ABI comes first, whoever built it."""
    with pytest.raises(WheelsClash) as caught:
        joint_entries(
            [
                share(BOOKWORM, entry(tmp_path / "a", tag="cp39-abi3-linux_x86_64")),
                share(TRIXIE, entry(tmp_path / "b", tag="cp311-abi3-linux_x86_64")),
            ]
        )
    assert caught.value.said == (
        "demo-1.0-cp39-abi3-linux_x86_64.whl is debian-12's, "
        "but pip would take demo-1.0-cp311-abi3-linux_x86_64.whl there"
    )


def test_one_that_is_not_for_its_python_is_no_rival(tmp_path: Path) -> None:
    entries = joint_entries(
        [
            share(BOOKWORM, entry(tmp_path / "a", tag="cp39-abi3-linux_x86_64")),
            share(
                TRIXIE,
                entry(tmp_path / "b", tag="cp311-abi3-linux_x86_64", requires_python=">=3.12"),
            ),
        ]
    )
    assert len(entries) == 2


def test_targets_that_no_marker_tells_apart(tmp_path: Path) -> None:
    other = target("ubuntu", "3.11")
    with pytest.raises(WheelsClash, match="cannot tell debian-12 from ubuntu") as caught:
        locked(
            share(BOOKWORM, entry(tmp_path / "a", version="1.0")),
            share(other, entry(tmp_path / "b", version="2.0")),
        )
    assert "demo-1.0-py3-none-any.whl" in caught.value.what


def test_in_what_two_wheels_differ(tmp_path: Path) -> None:
    one, same, other = (
        entry(tmp_path / place, said=said).wheel
        for place, said in (("a", "x"), ("b", "x"), ("c", "y"))
    )
    assert differing(one, same) == ()
    assert differing(one, other) == ("demo/__init__.py",)


# ------------------------------------------------------------------ published, and read back


@pytest.fixture
def house(tmp_path: Path) -> Path:
    shares = [
        share(BOOKWORM, entry(tmp_path / "a"), entry(tmp_path / "a", "split", "1.0")),
        share(TRIXIE, entry(tmp_path / "b"), entry(tmp_path / "b", "split", "2.0")),
    ]
    (tmp_path / "log").write_text("compiling")
    package = run_record().packages[0]
    records = [
        evolve(
            run_record(),
            target=evolve(
                run_record().target, name=one.target.name, python=one.target.python.version
            ),
            packages=tuple(
                evolve(package, name=e.wheel.name, filename=e.wheel.filename) for e in one.entries
            ),
        )
        for one in shares
    ]
    publish(
        tmp_path / "house",
        entries=joint_entries(shares),
        lock=make_joint_lock(shares, podwheel="0.1.0"),
        record=joint_record(records),
        logs=[("debian-12/demo-1.0.log", tmp_path / "log"), ("debian-13/demo-1.0.log", tmp_path / "log")],
        installs={"system-packages-debian-12.txt": "apt-get install libogg0"},
    )  # fmt: skip
    return tmp_path / "house"


def test_what_is_in_it(house: Path) -> None:
    files = sorted(str(p.relative_to(house)) for p in house.rglob("*") if p.is_file())
    assert files == [
        "SHA256SUMS",
        "demo-1.0-py3-none-any.whl",
        "logs/debian-12/demo-1.0.log",
        "logs/debian-13/demo-1.0.log",
        "podwheel.json",
        "pylock.toml",
        "simple/demo/index.html",
        "simple/index.html",
        "simple/split/index.html",
        "split-1.0-py3-none-any.whl",
        "split-2.0-py3-none-any.whl",
        "system-packages-debian-12.txt",
    ]
    assert (house / "simple/split/index.html").read_text().count("<a ") == 2


def test_which_wheels_are_for_whom(house: Path) -> None:
    read = open_wheelhouse(house)
    assert read.targets == ("debian-12", "debian-13")
    assert [w.version for w in read.of("debian-13")] == [Version("1.0"), Version("2.0")]
    assert [r.target.name for r in read_runs(house)] == ["debian-12", "debian-13"]
    with pytest.raises(WheelhouseUnusable, match="not for debian-11") as caught:
        read.of("debian-11")
    assert caught.value.hint == ("--target debian-12 --target debian-13",)


@pytest.mark.parametrize("runs", ["x", [], ["x"], [{"target": "debian-12"}]])
def test_a_record_that_says_it_otherwise(house: Path, runs: object) -> None:
    read = open_wheelhouse(house)
    with pytest.raises(WheelhouseUnusable, match="damaged"):
        assert evolve(read, record={"schema": 3, "runs": runs}).targets


def test_a_directory_of_several_wheelhouses(house: Path, tmp_path: Path) -> None:
    (tmp_path / "all").mkdir()
    for name in ("debian-13", "debian-12"):
        (tmp_path / "all" / name).symlink_to(house)
    (tmp_path / "all" / "notes").mkdir()
    found = open_wheelhouses(tmp_path / "all")
    assert len(found) == 2
    assert len(open_wheelhouses(house)) == 1


def test_the_record_is_one_document(house: Path) -> None:
    document = json.loads((house / "podwheel.json").read_text())
    assert sorted(document) == ["runs", "schema"]
    assert [run["target"]["name"] for run in document["runs"]] == ["debian-12", "debian-13"]


def test_one_bundle_serves_every_target(house: Path, tmp_path: Path) -> None:
    (tmp_path / "pips").mkdir()
    old, new = (entry(tmp_path / "pips", "pip", version).wheel for version in ("23.0", "26.0"))
    made = bundle(
        open_wheelhouse(house),
        pips={"debian-12": old, "debian-13": new},
        output=tmp_path / "b.tar",
    )
    with tarfile.open(made.path) as archive:
        texts = {
            m.name.removeprefix("house-bundle/"): archive.extractfile(m).read()  # type: ignore[union-attr]
            for m in archive
        }
    assert texts["pythons"] == b"3.11\n3.13\n"
    document = json.loads(texts["bundle.json"])
    bookworm, trixie = document["targets"]
    assert (bookworm["name"], trixie["name"]) == ("debian-12", "debian-13")
    assert (bookworm["python"]["series"], trixie["python"]["series"]) == ("3.11", "3.13")
    assert bookworm["pip"] == "pip/pip-23.0-py3-none-any.whl"
    assert [w["file"] for w in trixie["wheels"]] == [
        f"demo-1.0-{PURE}.whl",
        f"split-2.0-{PURE}.whl",
    ]
    assert {name for name in texts if name.endswith(".whl")} == {
        f"pip/pip-23.0-{PURE}.whl",
        f"pip/pip-26.0-{PURE}.whl",
        f"wheels/demo-1.0-{PURE}.whl",
        f"wheels/split-1.0-{PURE}.whl",
        f"wheels/split-2.0-{PURE}.whl",
    }
    assert b"split==2.0 " in texts[trixie["requirements"]]
    assert b"split==1.0 " in texts[bookworm["requirements"]]


def test_a_directory_of_several_wheelhouses_is_no_wheelhouse(house: Path, tmp_path: Path) -> None:
    (tmp_path / "all").mkdir()
    (tmp_path / "all/debian-13").symlink_to(house)
    with pytest.raises(WheelhouseUnusable, match="no wheels in it") as caught:
        open_wheelhouse(tmp_path / "all")
    assert caught.value.hint == (f"it holds wheelhouses: name one of {tmp_path}/all/debian-13",)
