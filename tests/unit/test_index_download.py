"""Downloads: hashes before anything, resumption, limits, and never twice."""

from __future__ import annotations

import hashlib
import threading
from typing import TYPE_CHECKING

import pytest
from index_helpers import Bench, Reply, Seen, file_at, ranged, sha256

from podwheel.errors import (
    DownloadError,
    DownloadTruncated,
    HashMismatch,
    IndexUnreachable,
    OfflineMiss,
)
from podwheel.index import file_of
from podwheel.model import ArchiveUrl, File, Freshness, Hash, Network

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BODY = b"".join(hashlib.sha512(bytes([i])).digest() for i in range(200)) * 20
NAME = "demo-1.0.tar.gz"
PATH = f"/files/{NAME}"
SHA256 = sha256(BODY)
OTHER = sha256(b"other")
SHA512 = Hash(algorithm="sha512", digest=hashlib.sha512(BODY).hexdigest())
MD5 = Hash(algorithm="md5", digest=hashlib.md5(BODY).hexdigest())


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    with Bench(tmp_path, monkeypatch) as made:
        made.server.routes[PATH] = BODY
        yield made


def nothing_kept(bench: Bench) -> bool:
    return not [p for p in (bench.store.root / "blobs").rglob("*") if p.is_file()]


# --------------------------------------------------------------------------- hashes


def test_the_bytes_are_in_the_store_under_their_sha256(bench: Bench) -> None:
    path, digest = bench.index().download(file_at(bench.server, NAME, SHA256))
    assert path == bench.store.blob(SHA256.digest)
    assert digest == SHA256.digest
    assert path.read_bytes() == BODY


@pytest.mark.parametrize(
    ("listed", "demanded"),
    [
        ((MD5,), ()),
        ((SHA512, MD5), ()),
        ((SHA256,), (OTHER, SHA256)),
        ((SHA256,), (SHA512,)),
        ((), (OTHER, SHA512)),
        ((MD5,), (SHA256,)),
        ((SHA256, OTHER), ()),
        ((), ()),
    ],
)
def test_hashes_that_agree(
    bench: Bench, listed: tuple[Hash, ...], demanded: tuple[Hash, ...]
) -> None:
    """Twice: the second time the bytes come from the store, and are held to the same hashes."""
    for _ in range(2):
        file = file_at(bench.server, NAME, *listed)
        assert bench.index().download(file, hashes=demanded)[1] == SHA256.digest


@pytest.mark.parametrize(
    ("listed", "demanded", "where"),
    [
        ((OTHER,), (), "/simple"),
        ((SHA256, Hash(algorithm="md5", digest="00" * 16)), (), "/simple"),
        ((Hash(algorithm="md5", digest="00" * 16),), (), "/simple"),
        ((SHA256,), (OTHER,), "--hash"),
        ((MD5,), (OTHER, Hash(algorithm="sha512", digest="00" * 64)), "--hash"),
        ((), (OTHER,), "--hash"),
        ((Hash(algorithm="sha256", digest="../../etc"),), (), "/simple"),
        ((SHA256,), (Hash(algorithm="sha256", digest="short"),), "--hash"),
    ],
)
def test_hashes_that_do_not(
    bench: Bench, listed: tuple[Hash, ...], demanded: tuple[Hash, ...], where: str
) -> None:
    file = file_at(bench.server, NAME, *listed)
    with pytest.raises(HashMismatch) as told:
        bench.index().download(file, hashes=demanded, wanted_by=("requirements.txt:3",))
    assert nothing_kept(bench)
    assert NAME in told.value.what
    assert told.value.wanted_by == ("requirements.txt:3",)
    assert where in told.value.said
    assert str((demanded or listed)[-1]) in told.value.said


def test_what_the_store_has_is_held_to_the_users_hash_too(bench: Bench) -> None:
    bench.index().download(file_at(bench.server, NAME, SHA256))
    wrong = Hash(algorithm="sha512", digest="00" * 64)
    with pytest.raises(HashMismatch):
        bench.index().download(file_at(bench.server, NAME, SHA256), hashes=(wrong,))


def test_an_index_that_contradicts_the_users_hash_is_not_even_asked(bench: Bench) -> None:
    with pytest.raises(HashMismatch):
        bench.index().download(file_at(bench.server, NAME, SHA256), hashes=(OTHER,))
    assert bench.server.seen == []


def test_a_size_is_all_that_some_indexes_say(bench: Bench) -> None:
    with pytest.raises(HashMismatch, match="asked for"):
        bench.index().download(file_at(bench.server, NAME, size=len(BODY) + 1))
    bench.index().download(file_at(bench.server, NAME, size=len(BODY)))


def test_the_hash_is_of_the_file_as_it_lies_there(bench: Bench) -> None:
    """Servers that call a .tar.gz gzip-encoded are many."""
    bench.server.routes[PATH] = Reply(body=BODY, headers={"Content-Encoding": "gzip"})
    assert bench.index().download(file_at(bench.server, NAME, SHA256))[1] == SHA256.digest
    assert bench.server.seen[0].headers["accept-encoding"] == "identity"


# --------------------------------------------------------------------------- never twice


def test_what_the_store_has_is_not_downloaded(bench: Bench) -> None:
    for freshness in Freshness:
        bench.index(freshness=freshness).download(file_at(bench.server, NAME, SHA256))
    assert bench.server.count(PATH) == 1


def test_many_threads_download_a_file_once(bench: Bench) -> None:
    started = threading.Event()

    def route(_request: Seen) -> Reply:
        started.wait(20)
        return Reply(body=BODY)

    bench.server.routes[PATH] = route
    index = bench.index()
    got: list[str] = []
    threads = [
        threading.Thread(
            target=lambda: got.append(index.download(file_at(bench.server, NAME, SHA256))[1])
        )
        for _ in range(6)
    ]
    for thread in threads:
        thread.start()
    started.set()
    for thread in threads:
        thread.join(20)
    assert got == [SHA256.digest] * 6
    assert bench.server.count(PATH) == 1


def test_without_a_hash_the_url_is_remembered_for_a_while(bench: Bench) -> None:
    file = file_at(bench.server, NAME)
    bench.index().download(file)
    bench.index().download(file)
    assert bench.offline(fresh_for=0.0).download(file)[1] == SHA256.digest
    assert bench.server.count(PATH) == 1
    bench.server.routes[PATH] = b"another file"
    assert bench.index(fresh_for=0.0).download(file)[1] == sha256(b"another file").digest
    assert bench.index(freshness=Freshness.REFRESH).download(file)[1] != SHA256.digest
    assert bench.server.count(PATH) == 3


def test_without_a_hash_the_server_may_confirm_what_is_there(bench: Bench) -> None:
    def route(request: Seen) -> Reply:
        if request.headers.get("if-none-match") == '"v1"':
            return Reply(status=304)
        return Reply(body=BODY, headers={"ETag": '"v1"'})

    bench.server.routes[PATH] = route
    file = file_at(bench.server, NAME)
    bench.index().download(file)
    path, digest = bench.index(fresh_for=0.0).download(file)
    assert (path.read_bytes(), digest) == (BODY, SHA256.digest)
    assert bench.server.count(PATH) == 2
    bench.index().download(file)  # it was confirmed: fresh again
    assert bench.server.count(PATH) == 2


def test_with_a_weak_hash_the_url_is_remembered_for_good(bench: Bench) -> None:
    file = file_at(bench.server, NAME, MD5)
    bench.index().download(file)
    assert bench.index(fresh_for=0.0).download(file)[1] == SHA256.digest
    assert bench.server.count(PATH) == 1


def test_offline_and_not_there(bench: Bench) -> None:
    with pytest.raises(OfflineMiss, match=NAME) as told:
        bench.offline().download(file_at(bench.server, NAME, SHA256), wanted_by=("a.txt:1",))
    assert told.value.wanted_by == ("a.txt:1",)
    assert bench.server.seen == []


# --------------------------------------------------------------------------- broken connections


def flaky(body: bytes, *cuts: int, etag: str | None = '"v1"', resumes: bool = True) -> object:
    """A route that breaks off after so many bytes, once for each of *cuts*, then no more."""
    left = list(cuts)
    whole = ranged(body, etag=etag)

    def route(request: Seen) -> Reply:
        plain = Seen(path=request.path, headers={}, port=request.port)
        reply = whole(request if resumes else plain)
        cut = left.pop(0) if left else None
        return Reply(body=reply.body, status=reply.status, headers=reply.headers, cut=cut)

    return route


def test_a_broken_download_is_resumed(bench: Bench) -> None:
    bench.server.routes[PATH] = flaky(BODY, 100_000, 50_000)
    path, _ = bench.index(network=Network(retries=2)).download(file_at(bench.server, NAME, SHA256))
    assert path.read_bytes() == BODY
    assert [r.headers.get("range") for r in bench.server.seen] == [
        None,
        "bytes=100000-",
        "bytes=150000-",
    ]
    assert bench.server.seen[1].headers["if-range"] == '"v1"'


@pytest.mark.parametrize("hashes", [(SHA256,), ()])
def test_a_server_that_cannot_resume_sends_all_again(
    bench: Bench, hashes: tuple[Hash, ...]
) -> None:
    bench.server.routes[PATH] = flaky(BODY, 100_000, 30_000, resumes=False)
    path, _ = bench.index(network=Network(retries=2)).download(file_at(bench.server, NAME, *hashes))
    assert path.read_bytes() == BODY


def test_another_file_of_the_same_length_is_noticed_without_a_hash(bench: Bench) -> None:
    bodies = [BODY, b"x" * len(BODY)]

    def route(_request: Seen) -> Reply:
        body = bodies.pop(0)
        return Reply(body=body, cut=100_000 if bodies else None)

    bench.server.routes[PATH] = route
    with pytest.raises(DownloadError, match="became another file"):
        bench.index().download(file_at(bench.server, NAME))
    assert nothing_kept(bench)


@pytest.mark.parametrize(
    "claim",
    ["bytes 0-255999/256000", "bytes 100001-255999/256000", "bytes 100000-255999/300000", "x", ""],
)
def test_a_resumption_at_another_place_is_not_believed(bench: Bench, claim: str) -> None:
    assert len(BODY) == 256_000

    def route(request: Seen) -> Reply:
        if "range" not in request.headers:
            return Reply(body=BODY, cut=100_000)
        return Reply(status=206, body=BODY[100_000:], headers={"Content-Range": claim})

    bench.server.routes[PATH] = route
    with pytest.raises(DownloadError, match="became another file"):
        bench.index().download(file_at(bench.server, NAME))
    assert nothing_kept(bench)


def test_a_download_that_always_breaks_off_is_given_up(bench: Bench) -> None:
    bench.server.routes[PATH] = Reply(body=BODY, cut=1000)
    with pytest.raises(DownloadTruncated, match="1000 of 256000 bytes") as told:
        bench.index(network=Network(retries=2)).download(
            file_at(bench.server, NAME, SHA256), wanted_by=("a.txt:1",)
        )
    assert told.value.wanted_by == ("a.txt:1",)
    assert bench.server.count(PATH) == 3
    assert nothing_kept(bench)


def test_a_short_body_that_claims_to_be_whole_has_another_hash(bench: Bench) -> None:
    bench.server.routes[PATH] = BODY[:-1]
    with pytest.raises(HashMismatch, match="255999 bytes"):
        bench.index().download(file_at(bench.server, NAME, SHA256))


def test_a_file_too_large_is_not_read_on(bench: Bench) -> None:
    bench.server.routes["/endless"] = Reply(body=BODY, headers={"Content-Length": str(1 << 50)})
    for path in (PATH, "/endless"):
        file = File(filename=NAME, url=f"{bench.server.url}{path}", hashes=(SHA256,))
        with pytest.raises(DownloadError, match="larger than 100000 bytes"):
            bench.index(limit=100_000).download(file)
    assert nothing_kept(bench)


@pytest.mark.parametrize("status", [404, 403, 500, 204, 206, 304])
def test_any_other_answer_is_an_error(bench: Bench, status: int) -> None:
    bench.server.routes[PATH] = Reply(status=status)
    with pytest.raises(IndexUnreachable, match=str(status)):
        bench.index().download(file_at(bench.server, NAME, SHA256))


# --------------------------------------------------------------------------- where from


def test_plain_http_will_do_only_with_a_hash(bench: Bench) -> None:
    url = f"http://files.example.org{PATH}"
    bench.server.routes[url] = BODY
    network = Network(retries=0, proxy=bench.server.url)
    index = bench.index(network=network)
    assert index.download(File(filename=NAME, url=url, hashes=(SHA256,)))[1] == SHA256.digest
    with pytest.raises(IndexUnreachable, match="plain http"):
        index.download(File(filename=NAME, url=url))


def test_a_redirect_to_plain_http_needs_a_hash_too(bench: Bench) -> None:
    target = f"http://files.example.org{PATH}"
    bench.server.routes[target] = BODY
    bench.server.routes["/there"] = Reply(status=302, headers={"Location": target})
    network = Network(retries=0, proxy=bench.server.url)
    bench.server.routes[f"{bench.server.url}/there"] = bench.server.routes["/there"]
    index = bench.index(network=network)
    with pytest.raises(IndexUnreachable, match="plain http"):
        index.download(File(filename=NAME, url=f"{bench.server.url}/there"))


def test_files_on_this_machine(bench: Bench, tmp_path: Path) -> None:
    source = tmp_path / "a b" / NAME
    source.parent.mkdir()
    source.write_bytes(BODY)
    file = File(filename=NAME, url=source.as_uri())
    path, digest = bench.offline().download(file, hashes=(SHA256,))
    assert (path.read_bytes(), digest) == (BODY, SHA256.digest)
    with pytest.raises(HashMismatch):
        bench.offline().download(file, hashes=(OTHER,))
    source.write_bytes(b"changed")
    assert bench.offline().download(file)[1] == sha256(b"changed").digest
    source.unlink()
    with pytest.raises(DownloadError, match="No such file"):
        bench.offline().download(file)


@pytest.mark.parametrize(
    "url", ["ftp://example.org/a.zip", "javascript:1", "a.zip", "http://[/a.zip"]
)
def test_urls_that_are_not_of_the_web(bench: Bench, url: str) -> None:
    with pytest.raises(IndexUnreachable):
        bench.index().download(File(filename="a.zip", url=url))


def test_a_direct_url_as_a_file(bench: Bench) -> None:
    direct = ArchiveUrl(
        url=f"{bench.server.url}/files/demo-1.0%2Ba.tar.gz?token=t#sha256=1", hashes=(SHA256,)
    )
    file = file_of(direct)
    assert file.filename == "demo-1.0+a.tar.gz"
    assert file.url.endswith("?token=t")
    assert file.hashes == (SHA256,)
    bench.server.routes["/files/demo-1.0%2Ba.tar.gz?token=t"] = BODY
    assert bench.index().download(file)[1] == SHA256.digest
    for url in ("https://example.org/", "https://example.org/a%2Fb.zip"):
        with pytest.raises(IndexUnreachable):
            file_of(ArchiveUrl(url=url))
