"""Frames, files and logs from a container that lies."""

from __future__ import annotations

import io
import json
import os
import tarfile
import threading
from typing import TYPE_CHECKING, Any

import pytest

from podwheel.errors import DiskFull, WheelRejected
from podwheel.sandbox import files, frames, visible
from podwheel.sandbox.files import receive_files
from podwheel.sandbox.frames import HungUp, Misspoken, Wire, clean
from podwheel.sandbox.log import Pump

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

# --------------------------------------------------------------------------- frames


class Ends:
    """A Wire and the container's ends of it."""

    def __init__(self, check: Callable[[], None] = lambda: None) -> None:
        self.requests, into = os.pipe()
        out_of, self.frames = os.pipe()
        self.wire = Wire(into, out_of, check)

    def say(self, data: bytes) -> None:
        """Write *data* and close; from a thread, because a pipe is small."""

        def write() -> None:
            with os.fdopen(self.frames, "wb") as file:
                try:
                    file.write(data)
                except BrokenPipeError:
                    file.detach  # noqa: B018 - the reader had enough

        self.writer = threading.Thread(target=write, daemon=True)
        self.writer.start()


@pytest.fixture
def ends() -> Iterator[Ends]:
    made = Ends()
    yield made
    made.wire.close()
    os.close(made.requests)


def test_frames_are_taken_one_by_one(ends: Ends) -> None:
    data = os.urandom(300_000)
    ends.say(
        b'{"frame": "hello"}\n{"frame": "data", "length": 300000}\n'
        + data
        + b'{"frame": "reply", "body": {}}\n'
    )
    assert ends.wire.frame() == {"frame": "hello"}
    assert ends.wire.data(ends.wire.frame()) == data
    assert ends.wire.frame()["body"] == {}
    with pytest.raises(HungUp):
        ends.wire.frame()


@pytest.mark.parametrize(
    "line",
    [b"hello", b"[]", b"{}", b'{"frame": "other"}', b"\xff\xfe", b"[" * 200_000, b'{"frame": "reply", "x": ' + b"9" * 5000 + b"}",
     b'{"frame": "reply", "body": ' + b"[" * 100 + b"]" * 100 + b"}"],
)  # fmt: skip
def test_what_is_no_frame_is_refused(ends: Ends, line: bytes) -> None:
    ends.say(line + b"\n")
    with pytest.raises(Misspoken):
        ends.wire.frame()


def test_an_endless_line_is_not_read_to_its_end(
    ends: Ends, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(frames, "LINE_LIMIT", 100_000)
    ends.say(b"x" * 10_000_000)
    with pytest.raises(Misspoken, match="longer"):
        ends.wire.frame()
    assert len(ends.wire._buffer) < 1_000_000


@pytest.mark.parametrize("length", [-1, 1 << 40, 1.5, "7", None, True])
def test_the_length_of_data_is_checked(ends: Ends, length: Any) -> None:
    with pytest.raises(Misspoken):
        ends.wire.data({"frame": "data", "length": length})


def test_data_that_is_cut_short_is_a_hang_up(ends: Ends) -> None:
    ends.say(b"abc")
    with pytest.raises(HungUp):
        ends.wire.data({"frame": "data", "length": 10})


def test_requests_are_lines_of_ascii(ends: Ends) -> None:
    ends.wire.send({"op": "é\n"})
    assert json.loads(os.read(ends.requests, 1000)) == {"op": "é\n"}


def test_a_guest_that_does_not_read_cannot_hold_us(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frames, "_TICK", 0.01)
    asked = []

    def check() -> None:
        asked.append(1)
        if len(asked) > 3:
            raise TimeoutError

    ends = Ends(check)
    with pytest.raises(TimeoutError):
        ends.wire.send({"large": "x" * 10_000_000})
    with pytest.raises(TimeoutError):
        ends.wire.frame()
    ends.wire.close()
    os.close(ends.requests)
    os.close(ends.frames)


def test_a_guest_that_is_gone_hangs_up(ends: Ends) -> None:
    os.close(ends.requests)
    with pytest.raises(HungUp):
        ends.wire.send({"op": "x"})
    ends.requests = os.open(os.devnull, os.O_RDONLY)


def test_text_can_be_written_to_files() -> None:
    value = clean(json.loads('{"a\\ud800": ["\\udcff", 1, null]}'))
    assert value == {"a?": ["?", 1, None]}
    json.dumps(value, ensure_ascii=False).encode()


# --------------------------------------------------------------------------- files


def stream(*members: tuple[tarfile.TarInfo, bytes], format: int = tarfile.GNU_FORMAT) -> bytes:  # noqa: A002
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w", format=format) as archive:
        for member, data in members:
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return made.getvalue()


def member(name: str, kind: bytes = tarfile.REGTYPE, link: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, link
    return info


def pieces(data: bytes, size: int = 1000) -> Iterator[bytes]:
    return (data[n : n + size] for n in range(0, len(data), size))


def test_regular_files_are_written(tmp_path: Path) -> None:
    long = "n" * 200 + ".whl"
    data = stream((member("a.whl"), b"a" * 5000), (member("d/b.txt"), b""), (member(long), b"long"))
    rest = pieces(data)
    written = receive_files(rest, tmp_path, limit=1 << 20)
    assert [str(p.relative_to(tmp_path)) for p in written] == ["a.whl", "d/b.txt", long]
    assert (tmp_path / "a.whl").read_bytes() == b"a" * 5000
    assert (tmp_path / long).read_bytes() == b"long"
    assert (tmp_path / "a.whl").stat().st_mode & 0o7777 == 0o600
    assert next(rest, None) is None


@pytest.mark.parametrize(
    "bad",
    [
        member("evil", tarfile.SYMTYPE, "/etc/passwd"),
        member("evil", tarfile.LNKTYPE, "other"),
        member("evil", tarfile.DIRTYPE),
        member("evil", tarfile.CHRTYPE),
        member("evil", tarfile.FIFOTYPE),
        member("evil", tarfile.CONTTYPE),
        member("evil", tarfile.GNUTYPE_SPARSE),
        member("evil", b"Z"),
        member("../evil"),
        member("/evil"),
        member("a/../evil"),
        member("a//evil"),
        member("./evil"),
        member("evil\n"),
        member("evil\x1b[31m"),
        member("a\\evil"),
        member("n" * 300),
        member(""),
    ],
    ids=lambda m: f"{m.name[:20]!r}-{m.type!r}",
)
def test_everything_else_rejects_the_stream(tmp_path: Path, bad: tarfile.TarInfo) -> None:
    into = tmp_path / "into"
    into.mkdir()
    with pytest.raises(WheelRejected):
        receive_files(pieces(stream((bad, b""))), into, limit=1 << 20)
    assert [p for p in tmp_path.rglob("*") if p.is_file()] == []


def test_extended_headers_are_refused_before_they_are_read(tmp_path: Path) -> None:
    """tarfile would hold a header of any size in memory."""
    pax = member("x")
    pax.pax_headers = {"comment": "x"}
    with pytest.raises(WheelRejected, match="regular"):
        receive_files(
            pieces(stream((pax, b""), format=tarfile.PAX_FORMAT)), tmp_path, limit=1 << 20
        )
    huge = member("././@LongLink", tarfile.GNUTYPE_LONGNAME)
    huge.size = 1 << 40
    with pytest.raises(WheelRejected, match="file name of"):
        receive_files(pieces(huge.tobuf(tarfile.GNU_FORMAT)), tmp_path, limit=1 << 50)


@pytest.mark.parametrize("names", [("a", "a"), ("a", "a/b"), ("a/b", "a")])
def test_a_name_twice_is_rejected(tmp_path: Path, names: tuple[str, str]) -> None:
    data = stream(*((member(name), b"x") for name in names))
    with pytest.raises(WheelRejected, match="twice"):
        receive_files(pieces(data), tmp_path, limit=1 << 20)


def test_a_link_that_waits_is_not_followed(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("kept")
    into = tmp_path / "into"
    into.mkdir()
    (into / "a.whl").symlink_to(secret)
    with pytest.raises(WheelRejected, match="twice"):
        receive_files(pieces(stream((member("a.whl"), b"x"))), into, limit=1 << 20)
    assert secret.read_text() == "kept"


def test_size_and_number_are_limited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(WheelRejected, match="more than it may"):
        receive_files(pieces(stream((member("a"), b"x" * 50_000))), tmp_path, limit=40_000)
    endless = iter(lambda: b"\0" * 1000, None)
    with pytest.raises(WheelRejected, match="more than it may"):
        receive_files(endless, tmp_path, limit=1_000_000)
    monkeypatch.setattr(files, "_MOST_FILES", 2)
    many = stream(*((member(str(n)), b"") for n in range(3)))
    with pytest.raises(WheelRejected, match="more than 2 files"):
        receive_files(pieces(many), tmp_path, limit=1 << 20)


@pytest.mark.parametrize(
    "data", [b"", b"garbage" * 1000, stream((member("a"), b"x" * 5000))[:3000]]
)
def test_damaged_streams_are_rejected(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(WheelRejected, match="damaged"):
        receive_files(pieces(data), tmp_path, limit=1 << 20)


def test_a_full_disk_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "open", full)
    with pytest.raises(DiskFull):
        receive_files(pieces(stream((member("a"), b"x"))), tmp_path, limit=1 << 20)


# --------------------------------------------------------------------------- logs


def pump(tmp_path: Path, data: bytes, limit: int, watch: Callable[[str], None] | None) -> Pump:
    source, sink = os.pipe()
    made = Pump(source, tmp_path / "logs/step.log", limit, watch)
    made.start()
    with os.fdopen(sink, "wb") as file:
        file.write(data)
    made.join(10)
    assert not made.is_alive()
    return made


def test_lines_reach_log_and_watcher(tmp_path: Path) -> None:
    lines: list[str] = []
    made = pump(tmp_path, b"one\r\n\x1b[2Jtwo\n\xffthree", 1000, lines.append)
    assert (tmp_path / "logs/step.log").read_bytes() == b"one\r\n\x1b[2Jtwo\n\xffthree"
    assert lines == ["one", "\\x1b[2Jtwo", "\ufffdthree"]
    assert made.tail.splitlines()[-1] == "\ufffdthree"


def test_a_line_without_end_is_cut_into_pieces(tmp_path: Path) -> None:
    lines: list[str] = []
    pump(tmp_path, b"x" * 1_000_000, 10, lines.append)
    assert sum(map(len, lines)) == 1_000_000
    assert max(map(len, lines)) <= 8192


def test_the_log_is_cut_and_says_so(tmp_path: Path) -> None:
    pump(tmp_path, b"x" * 1_000_000, 1000, None)
    text = (tmp_path / "logs/step.log").read_bytes()
    assert text.startswith(b"x" * 1000 + b"\npodwheel: the log was cut here")
    assert len(text) < 1200


def test_a_watcher_that_fails_does_not_stop_the_draining(tmp_path: Path) -> None:
    def watch(_line: str) -> None:
        raise ValueError("no")

    made = pump(tmp_path, b"x\n" * 100_000, 1 << 20, watch)
    assert isinstance(made.trouble, ValueError)
    assert (tmp_path / "logs/step.log").stat().st_size == 200_000


def test_visible_keeps_text_and_shows_controls() -> None:
    assert visible("é\ttab \x1b]0;x\x07\x9b\u202e") == "é\ttab \\x1b]0;x\\x07\\x9b\\u202e"
