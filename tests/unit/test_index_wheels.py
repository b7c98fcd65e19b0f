"""Metadata and names of wheels that are not downloaded, and servers that lie about ranges."""

from __future__ import annotations

import hashlib
import io
import re
import zipfile
from typing import TYPE_CHECKING, Any

import pytest
from attrs import evolve
from index_helpers import METADATA, Bench, Reply, Seen, file_at, ranged, sha256, wheel

from podwheel.errors import HashMismatch, IndexUnreachable, MetadataUnusable, OfflineMiss
from podwheel.model import File, Network

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

NAME = "demo-1.0-py3-none-any.whl"
PATH = f"/files/{NAME}"
BESIDE = f"{PATH}.metadata"
WHEEL = wheel(payload=1_000_000)
SHA256 = sha256(WHEEL)


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    with Bench(tmp_path, monkeypatch) as made:
        made.server.routes[PATH] = ranged(WHEEL)
        yield made


def whole_downloads(bench: Bench) -> int:
    return sum(1 for r in bench.server.seen if r.path == PATH and "range" not in r.headers)


# --------------------------------------------------------------------------- PEP 658


@pytest.mark.parametrize("hashes", [(sha256(METADATA),), ()])
def test_the_metadata_file_beside_the_wheel(bench: Bench, hashes: Any) -> None:
    bench.server.routes[BESIDE] = METADATA
    file = file_at(bench.server, NAME, SHA256, metadata=hashes)
    assert bench.index().wheel_metadata(file) == METADATA
    assert bench.offline().wheel_metadata(file) == METADATA
    assert [r.path for r in bench.server.seen] == [BESIDE]


def test_a_metadata_file_with_another_hash(bench: Bench) -> None:
    bench.server.routes[BESIDE] = METADATA + b"Requires-Dist: evil\n"
    file = file_at(bench.server, NAME, SHA256, metadata=(sha256(METADATA),))
    with pytest.raises(HashMismatch, match="metadata"):
        bench.index().wheel_metadata(file)


def test_a_metadata_file_that_was_promised_only(bench: Bench) -> None:
    file = file_at(bench.server, NAME, SHA256, metadata=())
    assert bench.index().wheel_metadata(file) == METADATA


def test_a_metadata_file_that_fails_is_an_error(bench: Bench) -> None:
    bench.server.routes[BESIDE] = Reply(status=500)
    file = file_at(bench.server, NAME, SHA256, metadata=())
    with pytest.raises(IndexUnreachable, match="500"):
        bench.index().wheel_metadata(file)


# --------------------------------------------------------------------------- ranges


def test_range_requests_bring_metadata_and_names(bench: Bench) -> None:
    file = file_at(bench.server, NAME, SHA256)
    index = bench.index()
    assert index.wheel_metadata(file) == METADATA
    assert index.wheel_names(file) == (
        "demo/noise.bin",
        "demo/__init__.py",
        "demo-1.0.dist-info/METADATA",
    )
    assert [r.headers.get("range") for r in bench.server.seen] == ["bytes=-65536"]
    offline = bench.offline()
    assert offline.wheel_metadata(file) == METADATA
    assert len(offline.wheel_names(file)) == 3


def test_metadata_far_from_the_end_costs_a_request_more(bench: Bench) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("demo-1.0.dist-info/METADATA", METADATA)
        archive.writestr("demo/noise.bin", WHEEL)
        for n in range(2000):  # and a central directory larger than the first request
            archive.writestr(f"demo/{n:060}.py", b"")
    bench.server.routes[PATH] = ranged(out.getvalue(), etag='"v"')
    assert bench.index().wheel_metadata(file_at(bench.server, NAME)) == METADATA
    assert 2 < len(bench.server.seen) <= 4
    assert whole_downloads(bench) == 0


def test_a_wheel_smaller_than_the_first_request(bench: Bench) -> None:
    bench.server.routes[PATH] = ranged(wheel())
    assert bench.index().wheel_metadata(file_at(bench.server, NAME)) == METADATA
    assert len(bench.server.seen) == 1


def test_a_wheel_that_the_store_has_needs_no_request(bench: Bench) -> None:
    file = file_at(bench.server, NAME, SHA256)
    bench.index().download(file)
    assert bench.offline().wheel_metadata(file) == METADATA
    assert len(bench.server.seen) == 1


def changed(**changes: Any) -> Callable[[Seen, Reply], Reply]:
    def change(_request: Seen, reply: Reply) -> Reply:
        return Reply(**{"status": 206, "body": reply.body, "headers": reply.headers, **changes})

    return change


def claimed(pattern: str, claim: str) -> Callable[[Seen, Reply], Reply]:
    def change(_request: Seen, reply: Reply) -> Reply:
        honest = reply.headers["Content-Range"]
        claims = {"Content-Range": re.sub(pattern, claim, honest)}
        return Reply(status=206, body=reply.body, headers=claims)

    return change


def other_bytes(_request: Seen, reply: Reply) -> Reply:
    return Reply(status=206, body=reply.body[::-1], headers=reply.headers)


TOTAL = len(WHEEL)
LIES: dict[str, Callable[[Seen, Reply], Reply]] = {
    "the whole with 200": changed(status=200, body=WHEEL, headers={}),
    "416": changed(status=416, body=b"", headers={}),
    "501": changed(status=501, body=b"", headers={}),
    "no Content-Range": changed(headers={}),
    "a Content-Range of words": changed(headers={"Content-Range": "bytes some/all"}),
    "an unknown total": claimed(r"/\d+$", "/*"),
    "another start": claimed(r"\d+-", "0-"),
    "another total": claimed(r"/\d+$", f"/{TOTAL + 10}"),
    "the right length at the wrong place": claimed(
        r"\d+-\d+/", f"{TOTAL - 65536 - 7}-{TOTAL - 1 - 7}/"
    ),
    "an end past the total": claimed(r"-\d+/", f"-{TOTAL}/"),
    "fewer bytes": changed(body=WHEEL[-65536:-1]),
    "more bytes": changed(body=WHEEL[-65536:] + b"x"),
    "a broken connection": changed(cut=100),
    "several ranges": changed(headers={"Content-Type": "multipart/byteranges; boundary=x"}),
    "compressed": changed(
        headers={"Content-Range": f"bytes {TOTAL - 65536}-{TOTAL - 1}/{TOTAL}",
                 "Content-Encoding": "gzip"}
    ),
    "other bytes": other_bytes,
}  # fmt: skip


@pytest.mark.parametrize("lie", LIES)
def test_a_server_that_lies_about_ranges_is_asked_for_the_whole(bench: Bench, lie: str) -> None:
    honest = ranged(WHEEL)

    def route(request: Seen) -> Reply:
        reply = honest(request)
        return LIES[lie](request, reply) if "range" in request.headers else reply

    bench.server.routes[PATH] = route
    file = file_at(bench.server, NAME, SHA256)
    assert bench.index().wheel_metadata(file) == METADATA
    assert whole_downloads(bench) == 1
    assert bench.store.blob(SHA256.digest)


def test_a_file_that_changes_between_two_ranges(bench: Bench) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("demo-1.0.dist-info/METADATA", METADATA)
        archive.writestr("demo/noise.bin", WHEEL)
    for header in ("etag", "total"):
        answers = 0

        def route(request: Seen, header: str = header) -> Reply:
            nonlocal answers
            answers += 1
            body = out.getvalue()
            if header == "etag":
                return ranged(body, etag=f'"{answers}"')(request)
            reply = ranged(body)(request)
            if answers != 2:
                return reply
            claim = re.sub(r"\d+$", "99999999", reply.headers["Content-Range"])
            return Reply(status=206, body=reply.body, headers={"Content-Range": claim})

        name = f"demo-1.0-{header}-none-any.whl"
        bench.server.routes[f"/files/{name}"] = route
        assert bench.index().wheel_metadata(file_at(bench.server, name)) == METADATA
        assert "range" not in bench.server.seen[-1].headers


def test_a_server_without_ranges_is_asked_for_them_once(bench: Bench) -> None:
    index = bench.index()
    for n in range(3):
        name = f"demo-1.{n}-py3-none-any.whl"
        bench.server.routes[f"/files/{name}"] = wheel()
        index.wheel_metadata(file_at(bench.server, name))
    assert [r.headers.get("range") for r in bench.server.seen] == ["bytes=-65536", None, None, None]


def test_a_size_that_the_index_did_not_say(bench: Bench) -> None:
    file = file_at(bench.server, NAME, SHA256, size=TOTAL - 1)
    assert bench.index().wheel_metadata(file) == METADATA
    assert whole_downloads(bench) == 1


def test_ranges_are_not_trusted_over_plain_http(bench: Bench) -> None:
    """No hash vouches for a part of a file; for the whole one does."""
    url = f"http://files.example.org{PATH}"
    bench.server.routes[url] = ranged(WHEEL)
    index = bench.index(network=Network(retries=0, proxy=bench.server.url))
    file = file_at(bench.server, NAME, SHA256)
    assert index.wheel_metadata(evolve(file, url=url)) == METADATA
    assert ["range" in r.headers for r in bench.server.seen] == [False]


def test_a_wheel_that_is_gone(bench: Bench) -> None:
    bench.server.routes.clear()
    with pytest.raises(IndexUnreachable, match="404"):
        bench.index().wheel_metadata(file_at(bench.server, NAME, SHA256))


def test_offline(bench: Bench) -> None:
    file = file_at(bench.server, NAME, SHA256, metadata=())
    with pytest.raises(OfflineMiss):
        bench.offline().wheel_metadata(file)
    with pytest.raises(OfflineMiss):
        bench.offline().wheel_names(file)
    assert bench.server.seen == []


# --------------------------------------------------------------------------- hostile wheels


def zipped(*members: tuple[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", compression) as archive:
        for name, data in members:
            archive.writestr(name, data)
    return out.getvalue()


BOMB = bytes((16 << 20) + 1)
INFO = "demo-1.0.dist-info/METADATA"
STORED = zipped((INFO, METADATA), compression=zipfile.ZIP_STORED)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"no zip at all", "not a zip"),
        (WHEEL[: len(WHEEL) // 2], "not a zip"),
        (zipped(("demo/x.py", b"")), "0 METADATA"),
        (zipped(("other-1.0.dist-info/METADATA", METADATA)), "0 METADATA"),
        (zipped(("sub/demo-1.0.dist-info/METADATA", METADATA)), "0 METADATA"),
        (zipped((INFO, b"1"), ("Demo-2.0.dist-info/METADATA", b"2")), "2 METADATA"),
        (zipped((INFO, BOMB)), "larger than 16 MiB"),
        (zipped((INFO, METADATA), compression=zipfile.ZIP_BZIP2), "compressed"),
        (zipped((INFO, METADATA), compression=zipfile.ZIP_LZMA), "compressed"),
        (STORED.replace(b"demo\n", b"evil\n"), "CRC"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_no_usable_wheel(bench: Bench, content: bytes, said: str) -> None:
    bench.server.routes[PATH] = ranged(content)
    with pytest.raises(MetadataUnusable, match=said):
        bench.index().wheel_metadata(file_at(bench.server, NAME, sha256(content)))


def test_an_encrypted_member(bench: Bench) -> None:
    content = bytearray(zipped((INFO, METADATA)))
    content[6] |= 1  # the local header's flag
    content[content.index(b"PK\x01\x02") + 8] |= 1  # the central directory's
    bench.server.routes[PATH] = bytes(content)
    with pytest.raises(MetadataUnusable, match="encrypted"):
        bench.index().wheel_metadata(file_at(bench.server, NAME))


def test_a_name_that_is_no_wheels(bench: Bench) -> None:
    bench.server.routes["/files/demo.whl"] = ranged(WHEEL)
    with pytest.raises(MetadataUnusable, match="name"):
        bench.index().wheel_metadata(file_at(bench.server, "demo.whl"))


def test_metadata_that_is_not_utf8_comes_out_as_it_went_in(bench: Bench) -> None:
    odd = METADATA + b"Author: Ren\xe9\r\n\x85\xff\x00"
    content = wheel(metadata=odd)
    bench.server.routes[PATH] = ranged(content)
    file = file_at(bench.server, NAME, sha256(content))
    assert bench.index().wheel_metadata(file) == odd
    assert bench.offline().wheel_metadata(file) == odd


def test_wheels_on_this_machine(bench: Bench, tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(WHEEL)
    file = File(filename=NAME, url=(tmp_path / NAME).as_uri())
    assert bench.offline().wheel_metadata(file) == METADATA
    (tmp_path / NAME).write_bytes(wheel(metadata=METADATA + b"Summary: new\n"))
    assert bench.offline().wheel_metadata(file).endswith(b"new\n")


def test_the_names_of_this_tests_wheel_are_as_made() -> None:
    """The other tests stand on it: more than the first request, and not compressible."""
    assert len(WHEEL) > 900_000
    assert hashlib.sha256(WHEEL).hexdigest() == SHA256.digest
