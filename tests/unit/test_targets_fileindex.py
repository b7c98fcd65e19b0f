"""What an image says of the distribution's files and of what is installed; with stand-ins for podman."""

from __future__ import annotations

import io
import tarfile
from typing import TYPE_CHECKING, Any

import pytest
from targets_helpers import CONTAINERFILE, FACTS, FakeSandbox, Tools, write_target

from podwheel import log, process, targets
from podwheel.errors import FileIndexDamaged, ToolFailed
from podwheel.store import Store
from podwheel.targets import copying
from podwheel.targets import tools as tools_module
from podwheel.targets.installed import Installed, installed, shlibs_of, symbols_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from podwheel.model import Target

PLACE = "/usr/share/podwheel/index"
INDEX = {"about": b"family=debian\nverified=yes\n", "files": b"files\n", "packages": b"packages\n"}


class Room:
    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.store = Store(directory / "store")
        write_target(directory)

    @property
    def definition(self) -> targets.TargetDefinition:
        return targets.load("./server.toml", cwd=self.directory)

    def prepare(self, *, refresh: bool = False) -> Target:
        sandbox: Any = FakeSandbox(FACTS)
        return targets.prepare(self.definition, store=self.store, sandbox=sandbox, refresh=refresh)

    def index(self, target: Target, *, refresh: bool = False) -> Path:
        found = targets.file_index(self.definition, target, store=self.store, refresh=refresh)
        assert found is not None
        return found


@pytest.fixture
def tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tools:
    tools = Tools(tmp_path)
    tools.files[PLACE] = dict(INDEX)
    monkeypatch.setattr(process, "start", tools.start)
    monkeypatch.setattr(process, "find", tools.find)
    monkeypatch.setattr(tools_module, "_NEEDED", 1000)
    return tools


@pytest.fixture
def room(tmp_path: Path, tools: Tools) -> Room:
    return Room(tmp_path)


@pytest.fixture
def told() -> Iterator[list[log.Event]]:
    events: list[log.Event] = []

    class Display:
        def show(self, event: log.Event) -> None:
            events.append(event)

    log.configure(Display())
    yield events
    log.configure(None)


def content(directory: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in directory.iterdir()}


# --------------------------------------------------------------------------- the index of files


def test_it_is_made_once_and_then_costs_no_process(
    room: Room, tools: Tools, told: list[log.Event]
) -> None:
    target = room.prepare()
    tools.forget_calls()
    found = room.index(target)
    assert content(found) == INDEX
    (call,) = tools.calls("buildah")
    assert "--target=index" in call
    assert f"--build-context=runtime=container-image://{target.runtime.reference}" in call
    assert [e["event"] for e in told if e.get("stage") == "index"] == [
        "image.building",
        "image.built",
    ]
    tools.forget_calls()
    assert room.index(target) == found
    assert not tools.calls()
    assert not list((room.store.root / "attempts").iterdir())


def test_another_store_needs_no_network(room: Room, tools: Tools) -> None:
    target = room.prepare()
    first = room.index(target)
    room.store = Store(room.directory / "other")
    tools.forget_calls()
    second = room.index(target)
    assert not tools.calls("buildah")
    assert second.name == first.name
    assert content(second) == INDEX


def test_newer_packages_of_the_server_get_an_index_of_their_own(room: Room, tools: Tools) -> None:
    tools.packages = "libc6 1 amd64\n"
    first = room.index(room.prepare())
    tools.packages = "libc6 2 amd64\n"
    tools.files[PLACE]["files"] = b"newer\n"
    second = room.index(room.prepare(refresh=True))
    assert content(second)["files"] == b"newer\n"
    assert content(first)["files"] == b"files\n"


def test_a_refresh_makes_it_again_and_forgets_the_old_image(room: Room, tools: Tools) -> None:
    target = room.prepare()
    first = room.index(target)
    (reference,) = [name for name in tools.images if "-index:" in name]
    old = tools.images[reference]
    tools.files[PLACE]["files"] = b"newer\n"
    second = room.index(target, refresh=True)
    assert content(second)["files"] == b"newer\n"
    assert tools.removed == [f"sha256:{old}"]
    assert first.is_dir()  # somebody may be reading it
    assert room.index(target) == second


def test_a_directory_that_was_removed_is_copied_again(room: Room) -> None:
    target = room.prepare()
    found = room.index(target)
    for path in found.iterdir():
        path.unlink()
    found.rmdir()
    assert content(room.index(target)) == INDEX


def test_a_containerfile_without_the_stage_has_none(room: Room, tools: Tools) -> None:
    write_target(room.directory, containerfile=CONTAINERFILE.replace("index", "other"))
    target = room.prepare()
    tools.forget_calls()
    assert targets.file_index(room.definition, target, store=room.store) is None
    assert not tools.calls()


@pytest.mark.parametrize("missing", ["about", "files", "packages"])
def test_a_stage_that_leaves_something_else_is_told(room: Room, tools: Tools, missing: str) -> None:
    del tools.files[PLACE][missing]
    target = room.prepare()
    with pytest.raises(FileIndexDamaged, match=f"left no {missing} in"):
        room.index(target)
    assert not list((room.store.root / "attempts").iterdir())
    tools.files[PLACE] = dict(INDEX)
    assert content(room.index(target)) == INDEX


def test_lists_that_nobody_signed_are_told_once(
    room: Room, tools: Tools, told: list[log.Event]
) -> None:
    tools.files[PLACE]["about"] = b"family=debian\nverified=no\n"
    target = room.prepare()
    room.index(target)
    room.index(target)
    (event,) = [e for e in told if e["event"] == "file_index.unverified"]
    assert event["level"] == "warning"
    assert event["target"] == "server"


# --------------------------------------------------------------------------- what is installed


def test_what_is_installed_is_asked_once(room: Room, tools: Tools) -> None:
    tools.packages = "libc6 2.41-12 amd64\nlibstdc++6 14.2.0-19 amd64\ntzdata 1:2025b~x^y all\n"
    image = room.prepare().runtime
    tools.forget_calls()
    assert installed(image, store=room.store) == (
        Installed(name="libc6", version="2.41-12", architecture="amd64"),
        Installed(name="libstdc++6", version="14.2.0-19", architecture="amd64"),
        Installed(name="tzdata", version="1:2025b~x^y", architecture="all"),
    )
    assert symbols_of(image, store=room.store) == shlibs_of(image, store=room.store) == ""
    assert not tools.calls()  # `prepare` had to read the list


def test_what_dpkg_knows_of_libraries(room: Room, tools: Tools) -> None:
    tools.files["/usr/share/podwheel"] = {
        "symbols": b"libpq.so.5 libpq5 #MINVER#\n",
        "shlibs": b"libpq 5 libpq5\n\xff",
        "other": b"no",
    }
    image = room.prepare().runtime
    assert symbols_of(image, store=room.store) == "libpq.so.5 libpq5 #MINVER#\n"
    assert shlibs_of(image, store=room.store) == "libpq 5 libpq5\n\N{REPLACEMENT CHARACTER}"
    assert installed(image, store=room.store) == ()


def test_a_list_of_another_form_says_nothing(room: Room, tools: Tools) -> None:
    tools.packages = "bash-5.2-1.x86_64\ngood 1-1 noarch\na b c d\n-o 1 x\nx $(y) z\n\n"
    image = room.prepare().runtime
    names = [p.name for p in installed(image, store=room.store)]
    assert names == ["good"]


# --------------------------------------------------------------------------- out of an image


def members(*made: tarfile.TarInfo) -> io.BytesIO:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for member in made:
            archive.addfile(member, io.BytesIO(b"x" * member.size))
    out.seek(0)
    return out


def member(name: str, *, kind: bytes = tarfile.REGTYPE, size: int = 0) -> tarfile.TarInfo:
    found = tarfile.TarInfo(name)
    found.type, found.size, found.linkname = kind, size, "/etc/passwd"
    return found


def test_only_regular_files_count_and_no_name_is_a_path() -> None:
    links = [
        member(f"index/{k!r}", kind=k) for k in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE)
    ]
    deeper = member("index/deeper/files", size=3)
    good = member("index/files", size=2)
    outside = member("../../files", size=3)
    archive = members(member("index", kind=tarfile.DIRTYPE), *links, deeper, outside, good)
    found = [(n, c.read()) for n, c in copying._members(archive, "/index", most=10)]
    assert found == [("files", b"xx")]


def test_what_is_too_large_is_not_read() -> None:
    archive = members(member("index/a", size=6), member("index/b", size=5))
    files = copying._members(archive, "/index", most=10)
    assert next(files)[0] == "a"
    with pytest.raises(ToolFailed, match="larger"):
        next(files)


def test_what_is_no_archive_is_told() -> None:
    with pytest.raises(ToolFailed, match="no archive"):
        list(copying._members(io.BytesIO(b"nonsense" * 200), "/index", most=10))
