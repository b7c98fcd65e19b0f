"""read_wheel: every way in which a wheel can be wrong, and the oddities that are not."""

from __future__ import annotations

import base64
import hashlib
import os
import stat
import struct
import zipfile
import zlib
from typing import TYPE_CHECKING

import pytest
from archives_helpers import METADATA, NAME, WHEEL, elf, entry, make_wheel, python, record_of
from attrs import evolve
from packaging.tags import parse_tag
from packaging.version import Version

from podwheel.archives import Limits, expect, read_wheel
from podwheel.archives.elf import check_machine
from podwheel.errors import WheelRejected

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

INFO = "demo-1.0.dist-info"
NATIVE = "demo-1.0-cp313-cp313-linux_x86_64.whl"
NATIVE_WHEEL = b"Wheel-Version: 1.0\nRoot-Is-Purelib: false\nTag: cp313-cp313-linux_x86_64\n"


def refused(path: Path, message: str, **arguments: object) -> None:
    with pytest.raises(WheelRejected, match=message):
        read_wheel(path, filename=arguments.pop("filename", NAME), **arguments)  # type: ignore[arg-type]


# ------------------------------------------------------------------ what is fine


def test_a_sound_wheel(tmp_path: Path) -> None:
    path = make_wheel(
        tmp_path,
        metadata=METADATA + b"Requires-Dist: six>=1; extra == 'x'\nProvides-Extra: x\n"
        b"Requires-Python: >=3.8\n",
    )
    wheel = read_wheel(path, filename=NAME)
    assert (wheel.name, wheel.version, wheel.filename) == ("demo", Version("1.0"), NAME)
    assert wheel.modules == ("demo",)
    assert wheel.extensions == ()
    assert wheel.root_is_purelib
    assert wheel.size == path.stat().st_size
    assert wheel.tags == parse_tag("py3-none-any")
    assert [str(r) for r in wheel.metadata.requires] == ['six>=1; extra == "x"']
    assert str(wheel.metadata.requires_python) == ">=3.8"
    assert wheel.metadata.extras == {"x"}


def test_the_path_may_be_a_hash(tmp_path: Path) -> None:
    path = make_wheel(tmp_path).rename(tmp_path / "ab12")
    assert read_wheel(path, filename=NAME).path == path


def test_native_files_are_found(tmp_path: Path) -> None:
    files = {
        "_demo.cpython-313-x86_64-linux-gnu.so": elf(symbols=["PyInit__demo"]),
        "demo/__init__.py": b"",
        "demo/libx.so.1": elf(),
        "demo/object.o": elf(kind=1),
        "demo/linker.so": b"INPUT ( libx.so.1 )",
        "demo-1.0.data/scripts/tool": elf(kind=2),
    }
    path = make_wheel(tmp_path, files, filename=NATIVE, wheel=NATIVE_WHEEL)
    wheel = read_wheel(path, filename=NATIVE)
    assert wheel.extensions == (
        "_demo.cpython-313-x86_64-linux-gnu.so",
        "demo-1.0.data/scripts/tool",
        "demo/libx.so.1",
    )
    assert wheel.modules == ("_demo", "demo")
    assert not wheel.root_is_purelib


def test_a_library_named_like_a_module_is_not_imported(tmp_path: Path) -> None:
    files = {
        "demo.py": b"",
        "_c.abi3.so": elf(symbols=["fast_sum"]),
        "_p.so": elf(symbols=["init_p"]),
    }
    path = make_wheel(tmp_path, files, filename=NATIVE, wheel=NATIVE_WHEEL)
    assert read_wheel(path, filename=NATIVE).modules == ("_p", "demo")


@pytest.mark.parametrize(
    ("dist_info", "filename", "metadata"),
    [
        ("Demo.Pkg-1.0.dist-info", "demo_pkg-1.0-py3-none-any.whl", b"demo-pkg"),
        ("demo_pkg-1.0.0.dist-info", "Demo_Pkg-1.0-py3-none-any.whl", b"Demo.Pkg"),
    ],
)
def test_names_may_be_spelled_freely(
    tmp_path: Path, dist_info: str, filename: str, metadata: bytes
) -> None:
    path = make_wheel(
        tmp_path,
        dist_info=dist_info,
        filename=filename,
        metadata=b"Metadata-Version: 2.1\nName: " + metadata + b"\nVersion: 1.0\n",
    )
    assert read_wheel(path, filename=filename).name == "demo-pkg"


def test_odd_legacy_metadata_is_fine(tmp_path: Path) -> None:
    odd = (
        b"Metadata-Version: 2.0\nName: demo\nVersion: 1.0\nLicense-File: /x\nHome-page: UNKNOWN\n"
        b"Keywords: a\nKeywords: b\nProject-URL: nonsense\nRequires-Python: >=3.6.*\nAuthor: \xe9\n"
    )
    wheel = read_wheel(make_wheel(tmp_path, metadata=odd), filename=NAME)
    assert wheel.metadata.requires_python is None


def test_record_may_list_twice_pad_and_use_better_hashes(tmp_path: Path) -> None:
    def more(rows: bytes) -> bytes:
        strong = base64.urlsafe_b64encode(hashlib.sha512(b"X = 1\n").digest())
        _, *rest = rows.splitlines()
        padded = b"demo/__init__.py,sha512=" + strong + b","
        return b"\n".join([padded, padded, b"demo/,,", *rest])

    assert read_wheel(make_wheel(tmp_path, record=more), filename=NAME).modules == ("demo",)


def test_signatures_need_no_row(tmp_path: Path) -> None:
    path = make_wheel(tmp_path, extra=[(entry(f"{INFO}/RECORD.jws"), b"{}")])
    assert read_wheel(path, filename=NAME).modules == ("demo",)


def test_streamed_archives_are_read(tmp_path: Path) -> None:
    """Written without seeking: the sizes stand behind the data (bit 3)."""
    sound = make_wheel(tmp_path, filename="source.whl")
    path = tmp_path / NAME

    class Pipe:
        def __init__(self) -> None:
            self.out = path.open("wb")

        def write(self, data: bytes) -> int:
            return self.out.write(data)

        def flush(self) -> None:
            self.out.flush()

    pipe = Pipe()
    with zipfile.ZipFile(sound) as old, zipfile.ZipFile(pipe, "w") as new:  # type: ignore[call-overload]
        for info in old.infolist():
            new.writestr(entry(info.filename), old.read(info))
    pipe.out.close()
    assert read_wheel(path, filename=NAME).modules == ("demo",)


def test_zip64_fields_are_read(tmp_path: Path) -> None:
    sound = make_wheel(tmp_path, filename="source.whl")
    path = tmp_path / NAME
    with zipfile.ZipFile(sound) as old, zipfile.ZipFile(path, "w") as new:
        for info in old.infolist():
            with new.open(entry(info.filename), "w", force_zip64=True) as out:
                out.write(old.read(info))
    assert read_wheel(path, filename=NAME).modules == ("demo",)


def test_renamed_to_manylinux(tmp_path: Path) -> None:
    filename = "demo-1.0-cp313-cp313-manylinux_2_17_x86_64.manylinux2014_x86_64.whl"
    path = make_wheel(tmp_path, filename=filename, wheel=NATIVE_WHEEL)
    assert len(read_wheel(path, filename=filename).tags) == 2


# ------------------------------------------------------------------ the file


def test_symbolic_link(tmp_path: Path) -> None:
    (tmp_path / "link.whl").symlink_to(make_wheel(tmp_path))
    refused(tmp_path / "link.whl", "symbolic link")


def test_hard_link(tmp_path: Path) -> None:
    path = make_wheel(tmp_path)
    os.link(path, tmp_path / "second")
    refused(path, "2 names")
    assert read_wheel(path, filename=NAME, linked=True).modules == ("demo",)


def test_fifo_does_not_hang(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / NAME)
    refused(tmp_path / NAME, "not a regular file")


def test_directory_and_absence(tmp_path: Path) -> None:
    refused(tmp_path, "not a regular file")
    refused(tmp_path / "nothing.whl", "cannot be opened")


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        (Limits(size=10), "the limit is 10"),
        (Limits(members=2), "4 members; the limit is 2"),
        (Limits(unpacked=20), "unpacks to"),
        (Limits(ratio=1, ratio_from=10), "to one"),
        (Limits(text=8), "the limit is 8"),
    ],
)
def test_limits(tmp_path: Path, limits: Limits, message: str) -> None:
    path = make_wheel(tmp_path, {"demo.py": b"#" * 10_000})
    refused(path, message, limits=limits)


@pytest.mark.parametrize(
    "filename", ["demo.whl", "demo-1.0.zip", "demo-x-py3-none-any.whl", "../" + NAME]
)
def test_file_name(tmp_path: Path, filename: str) -> None:
    refused(make_wheel(tmp_path), "not a wheel's file name", filename=filename)


# ------------------------------------------------------------------ the archive


def rewritten(path: Path, change: Callable[[bytearray], bytes | bytearray | None]) -> Path:
    data = bytearray(path.read_bytes())
    path.write_bytes(change(data) or data)
    return path


def test_not_a_zip(tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(b"PK\3\4 and no more")
    refused(tmp_path / NAME, "no end record")


def test_prefix(tmp_path: Path) -> None:
    refused(rewritten(make_wheel(tmp_path), lambda d: b"#!/bin/sh\n" + d), "stands before")


def test_prefix_with_offsets_corrected(tmp_path: Path) -> None:
    path = tmp_path / NAME
    sound = make_wheel(tmp_path, filename="source.whl")
    with path.open("wb") as out:
        out.write(b"#!/bin/sh\n")
        with zipfile.ZipFile(sound) as old, zipfile.ZipFile(out, "w") as new:
            for info in old.infolist():
                new.writestr(entry(info.filename), old.read(info))
    refused(path, "stands before")


def test_suffix(tmp_path: Path) -> None:
    refused(rewritten(make_wheel(tmp_path), lambda d: d + b"more"), "follows the archive's end")


def test_a_second_archive_behind(tmp_path: Path) -> None:
    first = make_wheel(tmp_path, filename="a.whl")
    second = make_wheel(tmp_path, {"demo.py": b"evil"})
    second.write_bytes(first.read_bytes() + second.read_bytes())
    refused(second, "stands before")


def test_comment(tmp_path: Path) -> None:
    path = make_wheel(tmp_path)
    with zipfile.ZipFile(path, "a") as archive:
        archive.comment = b"hello"
    refused(path, "comment")


def test_duplicate_member(tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match="Duplicate"):
        path = make_wheel(tmp_path, extra=[(entry("demo/__init__.py"), b"evil")])
    refused(path, "there twice")


def test_local_name_differs(tmp_path: Path) -> None:
    def change(data: bytearray) -> None:
        at = data.index(b"demo/__init__.py")
        data[at : at + 4] = b"evil"

    refused(rewritten(make_wheel(tmp_path), change), "names it b'evil")


def test_local_size_differs(tmp_path: Path) -> None:
    refused(
        rewritten(make_wheel(tmp_path), lambda d: d.__setitem__(slice(22, 26), b"\x07\0\0\0")),
        "other sizes",
    )


def test_local_method_differs(tmp_path: Path) -> None:
    refused(
        rewritten(make_wheel(tmp_path), lambda d: d.__setitem__(slice(8, 10), b"\0\0")),
        "another method",
    )


def central(data: bytearray, name: bytes) -> int:
    """The offset of a member's central directory entry."""
    at = data.index(b"PK\1\2")
    while not data[at + 46 :].startswith(name):
        at = data.index(b"PK\1\2", at + 1)
    return at


def test_overlapping_members(tmp_path: Path) -> None:
    """Two entries that share one member's data: a bomb that needs no nesting."""

    def change(data: bytearray) -> None:
        second = central(data, f"{INFO}/METADATA".encode())
        data[second + 42 : second + 46] = struct.pack("<L", 5)

    refused(rewritten(make_wheel(tmp_path), change), "overlap|no local header|directory cannot")


def test_two_entries_for_one_local_header(tmp_path: Path) -> None:
    def change(data: bytearray) -> None:
        second = central(data, f"{INFO}/METADATA".encode())
        data[second + 42 : second + 46] = struct.pack("<L", 0)

    refused(rewritten(make_wheel(tmp_path), change), "names it|overlap")


def test_gap_between_members(tmp_path: Path) -> None:
    """A member that the directory does not list: streaming readers would unpack it."""
    path = make_wheel(tmp_path, extra=[(entry("evil.py"), b"evil"), (entry("z"), b"")])

    def change(data: bytearray) -> bytes:
        hidden, following = central(data, b"evil.py"), central(data, b"z")
        del data[hidden:following]
        end = data.index(b"PK\5\6")
        count, length = struct.unpack_from("<H2xL", data, end + 8)
        struct.pack_into("<HHL", data, end + 8, count - 1, count - 1, length - (following - hidden))
        return bytes(data)

    refused(rewritten(path, change), "belong to none")


def test_count_differs(tmp_path: Path) -> None:
    def change(data: bytearray) -> None:
        end = data.index(b"PK\5\6")
        data[end + 8 : end + 12] = struct.pack("<2H", 3, 3)

    refused(rewritten(make_wheel(tmp_path), change), "not the 3 stated")


def test_several_volumes(tmp_path: Path) -> None:
    def change(data: bytearray) -> None:
        end = data.index(b"PK\5\6")
        data[end + 4 : end + 6] = b"\1\0"

    refused(rewritten(make_wheel(tmp_path), change), "volume")


def test_encrypted_member(tmp_path: Path) -> None:
    def change(data: bytearray) -> None:
        data[central(data, b"demo/__init__.py") + 8] |= 1
        data[6] |= 1

    refused(rewritten(make_wheel(tmp_path), change), "encrypted")


def test_other_compression(tmp_path: Path) -> None:
    info = entry("demo.py")
    info.compress_type = zipfile.ZIP_BZIP2
    refused(make_wheel(tmp_path, extra=[(info, b"X = 1\n" * 100)]), "neither stored nor deflated")


def test_second_name_in_an_extra_field(tmp_path: Path) -> None:
    info = entry("demo.py")
    body = b"\1" + struct.pack("<L", zlib.crc32(b"demo.py")) + b"evil.py"
    info.extra = struct.pack("<2H", 0x7075, len(body)) + body
    refused(make_wheel(tmp_path, extra=[(info, b"")]), "second name|directory cannot")


def test_content_does_not_match_the_checksum(tmp_path: Path) -> None:
    def change(data: bytearray) -> None:
        for at in (14, central(data, b"demo/__init__.py") + 16):
            data[at] ^= 1

    refused(rewritten(make_wheel(tmp_path), change), "checksum")


def test_content_longer_than_stated(tmp_path: Path) -> None:
    """`zipfile` would stop at the stated size, and call the rest good."""
    short = b"X = 1\n"
    files = {"demo.py": short, f"{INFO}/METADATA": METADATA, f"{INFO}/WHEEL": WHEEL}
    record = record_of(files, f"{INFO}/RECORD")
    path = make_wheel(tmp_path, {"demo.py": short + b"import evil\n"}, record=record)

    def change(data: bytearray) -> None:
        at = central(data, b"demo.py")
        data[14:18] = data[at + 16 : at + 20] = struct.pack("<L", zlib.crc32(short))
        data[22:26] = data[at + 24 : at + 28] = struct.pack("<L", len(short))

    with zipfile.ZipFile(rewritten(path, change)) as archive:
        assert archive.read("demo.py") == short
    refused(path, "longer than the 6 bytes stated")


def test_data_between_directory_and_end(tmp_path: Path) -> None:
    def change(data: bytearray) -> bytes:
        end = data.index(b"PK\5\6")
        return bytes(data[:end] + b"hidden" + data[end:])

    refused(rewritten(make_wheel(tmp_path), change), "between its directory and its end")


def end64(data: bytearray, *, count: int | None = None, disks: int = 1) -> bytes:
    """The archive with a ZIP64 end record, as large ones have it."""
    at = data.index(b"PK\5\6")
    here, length, offset = struct.unpack_from("<H2L", data, at + 10)
    entries = here if count is None else count
    wide = struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, 0, 0, entries, entries, length, offset)
    locator = struct.pack("<4sLQL", b"PK\6\7", 0, at, disks)
    narrow = bytearray(data[at:])
    narrow[16:20] = b"\xff" * 4  # the offset: look into the wide record
    return bytes(data[:at]) + wide + locator + bytes(narrow)


def test_zip64_end_records(tmp_path: Path) -> None:
    assert read_wheel(rewritten(make_wheel(tmp_path), end64), filename=NAME)
    refused(rewritten(make_wheel(tmp_path), lambda d: end64(d, count=3)), "end records disagree")
    refused(rewritten(make_wheel(tmp_path), lambda d: end64(d, disks=2)), "end record is damaged")
    moved = rewritten(make_wheel(tmp_path), lambda d: end64(d).replace(b"PK\6\6", b"PK\6\0"))
    refused(moved, "end record is damaged")


def test_no_local_header(tmp_path: Path) -> None:
    refused(
        rewritten(make_wheel(tmp_path), lambda d: d.__setitem__(slice(0, 4), b"PK\7\7")),
        "has no local header",
    )


def test_local_flags_differ(tmp_path: Path) -> None:
    refused(rewritten(make_wheel(tmp_path), lambda d: d.__setitem__(6, 1)), "other flags")


def test_sizes_stated_twice(tmp_path: Path) -> None:
    info = entry("demo.py")
    info.extra = struct.pack("<2HQ", 1, 8, 0) * 2
    refused(make_wheel(tmp_path, extra=[(info, b"")]), "states its sizes twice")


def repacked(path: Path, packed: bytes, size: int) -> Path:
    """The archive with the first member's deflate stream replaced by one of the same length."""

    def change(data: bytearray) -> None:
        at = central(data, b"demo.py")
        start = 30 + len("demo.py")
        (length,) = struct.unpack_from("<L", data, at + 20)
        assert len(packed) == length
        data[start : start + length] = packed
        data[22:26] = data[at + 24 : at + 28] = struct.pack("<L", size)

    return rewritten(path, change)


def deflated(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(data) + packer.flush()


def test_data_behind_the_deflate_stream(tmp_path: Path) -> None:
    """Readers that know only the packed size would take it for something."""
    content = bytes(range(200))
    length = len(deflated(content))
    short = deflated(content[:150])
    path = make_wheel(tmp_path, {"demo.py": content}, record=b"demo.py,sha256=" + b"A" * 43 + b",")
    refused(repacked(path, short.ljust(length, b"?"), 150), "data follows the deflate stream")


def test_a_deflate_stream_without_end(tmp_path: Path) -> None:
    content = bytes(range(200))
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    half = packer.compress(content) + packer.flush(zlib.Z_SYNC_FLUSH)
    long = bytes(range(256)) * 2
    path = make_wheel(tmp_path, {"demo.py": long[: len(content)]})
    length = len(deflated(content))
    refused(repacked(path, half[:length], len(content)), "has no end|cannot be inflated")


def test_content_shorter_than_stated(tmp_path: Path) -> None:
    content = bytes(range(200))
    path = make_wheel(tmp_path, {"demo.py": content}, record=b"demo.py,sha256=" + b"A" * 43 + b",")
    refused(repacked(path, deflated(content), 300), "has 200 bytes, not the 300 stated")


def test_damaged_deflate_stream(tmp_path: Path) -> None:
    start = 30 + len("demo/__init__.py")
    refused(
        rewritten(make_wheel(tmp_path), lambda d: d.__setitem__(start, 0xFF)), "cannot be inflated"
    )


# ------------------------------------------------------------------ members


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("../evil.py", "climbs"),
        ("demo/../../evil.py", "climbs"),
        ("/etc/evil.py", "absolute"),
        ("demo\\evil.py", "Windows path"),
        ("C:/evil.py", "Windows path"),
        ("demo//evil.py", "empty or dot"),
        ("./evil.py", "empty or dot"),
        ("demo/evil\n.py", "control characters"),
        ("demo/" + "x" * 256, "longer than 255"),
        ("d/" * 2100 + "x", "longer than 4096"),
    ],
)
def test_member_names(tmp_path: Path, name: str, message: str) -> None:
    info = entry("placeholder")
    info.filename = name
    refused(make_wheel(tmp_path, extra=[(info, b"")]), message)


def test_nul_in_a_name(tmp_path: Path) -> None:
    path = make_wheel(tmp_path, extra=[(entry("evil.py_hidden"), b"")])
    refused(
        rewritten(path, lambda d: d.replace(b"evil.py_hidden", b"evil.py\0hidden")), "holds a NUL"
    )


@pytest.mark.parametrize(
    ("kind", "mode", "message"),
    [
        (stat.S_IFLNK, 0o777, "symbolic link"),
        (stat.S_IFIFO, 0o644, "device, FIFO"),
        (stat.S_IFCHR, 0o644, "device, FIFO"),
        (stat.S_IFREG, 0o4755, "set-user-id"),
        (stat.S_IFREG, 0o2755, "set-group-id"),
        (stat.S_IFDIR, 0o755, "by name"),
    ],
)
def test_member_kinds(tmp_path: Path, kind: int, mode: int, message: str) -> None:
    refused(make_wheel(tmp_path, extra=[(entry("demo/x", kind=kind, mode=mode), b"x")]), message)


def test_directory_entries_are_fine_unless_they_have_content(tmp_path: Path) -> None:
    directory = entry("demo/", kind=stat.S_IFDIR, mode=0o755)
    assert read_wheel(make_wheel(tmp_path, extra=[(directory, b"")]), filename=NAME)
    refused(make_wheel(tmp_path, extra=[(entry("x/", kind=0), b"content")]), "has content")


def test_a_file_that_is_a_directory(tmp_path: Path) -> None:
    refused(make_wheel(tmp_path, {"demo": b"", "demo/x.py": b""}), "a file and a directory")


def test_top_level_names_that_differ_by_case(tmp_path: Path) -> None:
    refused(make_wheel(tmp_path, {"demo/a.py": b"", "Demo/b.py": b""}), "by case only: Demo, demo")
    fine = make_wheel(tmp_path, {"demo/a.h": b"", "demo/A.h": b"", "demo/__init__.py": b""})
    assert read_wheel(fine, filename=NAME)


# ------------------------------------------------------------------ dist-info


def test_no_dist_info(tmp_path: Path) -> None:
    path = tmp_path / NAME
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(entry("demo.py"), b"")
    refused(path, "no .dist-info")


def test_two_dist_infos(tmp_path: Path) -> None:
    path = make_wheel(tmp_path, {"other-2.0.dist-info/METADATA": b""})
    refused(path, "more than one .dist-info")


@pytest.mark.parametrize(
    "dist_info", ["other-1.0.dist-info", "demo-2.0.dist-info", "demo.dist-info"]
)
def test_dist_info_of_another(tmp_path: Path, dist_info: str) -> None:
    refused(make_wheel(tmp_path, dist_info=dist_info), "does not belong")


@pytest.mark.parametrize("name", ["METADATA", "WHEEL", "RECORD"])
def test_missing_dist_info_file(tmp_path: Path, name: str) -> None:
    refused(make_wheel(tmp_path, drop=[f"{INFO}/{name}"]), f"no {name}")


@pytest.mark.parametrize(
    ("metadata", "message"),
    [
        (b"Metadata-Version: 2.1\nName: other\nVersion: 1.0\n", "that of other 1.0"),
        (b"Metadata-Version: 2.1\nName: demo\nVersion: 1.1\n", "that of demo 1.1"),
        (b"Metadata-Version: 2.1\nVersion: 1.0\n", "no name"),
        (b"Metadata-Version: 2.1\nName: demo\nName: other\nVersion: 1.0\n", "more than one name"),
        (b"Metadata-Version: 2.1\nName: demo\nVersion: one\n", "'one' is not a version"),
        (METADATA + b"Requires-Dist: six (1.0\n", "Requires-Dist: six \\(1.0"),
    ],
)
def test_metadata(tmp_path: Path, metadata: bytes, message: str) -> None:
    refused(make_wheel(tmp_path, metadata=metadata), message)


@pytest.mark.parametrize(
    ("wheel", "message"),
    [
        (WHEEL.replace(b"1.0", b"2.0"), "Wheel-Version is 2.0"),
        (WHEEL.replace(b"Wheel-Version", b"Version"), "Wheel-Version is missing"),
        (WHEEL.replace(b"true", b"maybe"), "Root-Is-Purelib is maybe"),
        (WHEEL.replace(b"py3-", b"py2-"), "has the tags py2-none-any, not those"),
        (WHEEL.replace(b"none-any", b"none-linux_x86_64"), "not those of its file name"),
        (WHEEL.replace(b"Tag", b"Label"), r"has the tags \(none\)"),
        (WHEEL.replace(b"py3-none-any", b"py3"), "Tag line"),
        (b"\xff" + WHEEL, "not UTF-8"),
    ],
)
def test_wheel_file(tmp_path: Path, wheel: bytes, message: str) -> None:
    refused(make_wheel(tmp_path, wheel=wheel), message)


def test_a_blank_line_before_the_tags(tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path, wheel=WHEEL.replace(b"Tag:", b"\r\nTag:"))
    assert read_wheel(wheel, filename=NAME).root_is_purelib


def test_another_machine_is_no_renaming(tmp_path: Path) -> None:
    filename = "demo-1.0-cp313-cp313-manylinux2014_aarch64.whl"
    path = make_wheel(tmp_path, filename=filename, wheel=NATIVE_WHEEL)
    refused(path, "not those of its file name", filename=filename)


def test_build_tags_disagree(tmp_path: Path) -> None:
    filename = "demo-1.0-2-py3-none-any.whl"
    path = make_wheel(tmp_path, filename=filename, wheel=WHEEL + b"Build: 1\n")
    refused(path, "says build 1, its file name 2", filename=filename)


@pytest.mark.parametrize("name", ["demo-1.0.data/evil/x", "demo-1.0.data/x"])
def test_unknown_scheme(tmp_path: Path, name: str) -> None:
    refused(make_wheel(tmp_path, {name: b""}), "no known installation scheme")


def test_data_of_another(tmp_path: Path) -> None:
    refused(make_wheel(tmp_path, {"other-1.0.data/scripts/x": b""}), "not its own")


# ------------------------------------------------------------------ RECORD


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda r: r.split(b"\n", 1)[1], "does not list demo/__init__.py"),
        (lambda r: b"ghost.py,sha256=" + b"A" * 43 + b",0\n" + r, "lists ghost.py, which is not"),
        (lambda r: r.replace(b",6\n", b",7\n"), "has 6 bytes; its RECORD says 7"),
        (lambda r: b"demo/__init__.py,sha256=" + b"A" * 43 + b",\n" + r, "two different rows"),
        (lambda r: r.replace(b"sha256", b"md5", 1), "weak or unknown hash"),
        (lambda r: b"x.py,,\n" + r, "no hash for x.py"),
        (lambda r: b"x.py\n" + r, "row of 1 columns"),
        (lambda r: b"x.py,sha256=AA,\n" + r, "wrong length"),
        (lambda r: b"x.py,sha256=A,\n" + r, "damaged row"),
        (lambda r: b"\xff" + r, "cannot be read"),
    ],
)
def test_record(tmp_path: Path, change: Callable[[bytes], bytes], message: str) -> None:
    refused(make_wheel(tmp_path, record=change), message)


def test_hash_differs(tmp_path: Path) -> None:
    false = record_of({"demo/__init__.py": b"X = 2\n"}, "own").splitlines()[0]
    path = make_wheel(tmp_path, record=lambda r: false + b"\n" + r.split(b"\n", 1)[1])
    refused(path, "hash of demo/__init__.py is not the one")


def test_a_row_for_record_itself_says_nothing(tmp_path: Path) -> None:
    path = make_wheel(tmp_path, record=lambda r: r.replace(b"RECORD,,", b"RECORD,sha256=AA,1"))
    assert read_wheel(path, filename=NAME)


# ------------------------------------------------------------------ what was asked


def asked(wheel_path: Path, **changes: object) -> None:
    arguments = {
        "name": "demo",
        "version": Version("1.0"),
        "tags": parse_tag("py3-none-any"),
        "built": True,
    } | changes
    expect(read_wheel(wheel_path, filename=wheel_path.name), **arguments)  # type: ignore[arg-type]


def test_expect(tmp_path: Path) -> None:
    path = make_wheel(tmp_path)
    asked(path)
    asked(path, version=None)
    asked(path, version=Version("1"))
    for changes, message in (
        ({"name": "other"}, "other was asked for"),
        ({"version": Version("1.1")}, "demo 1.1 was asked for"),
        ({"version": Version("1.0+cpu")}, r"demo 1.0\+cpu was asked for"),
        ({"tags": parse_tag("cp313-cp313-linux_x86_64")}, "does not fit the target"),
    ):
        with pytest.raises(WheelRejected, match=message):
            asked(path, **changes)


def test_a_build_may_add_a_local_version(tmp_path: Path) -> None:
    text = METADATA.replace(b"Version: 1.0\n", b"Version: 1.0+cpu\n")
    path = make_wheel(
        tmp_path,
        filename="demo-1.0+cpu-py3-none-any.whl",
        dist_info="demo-1.0+cpu.dist-info",
        metadata=text,
    )
    asked(path)
    with pytest.raises(WheelRejected, match=r"1\.0 was asked for"):
        asked(path, built=False)
    with pytest.raises(WheelRejected, match=r"1\.0\+gpu was asked for"):
        asked(path, version=Version("1.0+gpu"))


def test_a_nameless_project_has_a_hint(tmp_path: Path) -> None:
    wheel = evolve(read_wheel(make_wheel(tmp_path), filename=NAME), name="unknown")
    with pytest.raises(WheelRejected) as caught:
        expect(wheel, name="demo", version=None, tags=wheel.tags, built=True)
    assert "too old" in caught.value.hint[0]


def test_extension_modules_for_another_machine(tmp_path: Path) -> None:
    files = {
        "demo/__init__.py": b"",
        "demo/x.abi3.so": elf(machine=183),
        "demo/f.bin": elf(machine=8),
    }
    path = make_wheel(tmp_path, files, filename=NATIVE, wheel=NATIVE_WHEEL)
    wheel = read_wheel(path, filename=NATIVE)
    check_machine(wheel, python(machine="aarch64"))
    with pytest.raises(WheelRejected, match=r"demo/x.abi3.so is for aarch64, the target is x86_64"):
        check_machine(wheel, python())
