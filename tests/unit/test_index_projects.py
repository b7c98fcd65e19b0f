"""What an index lists: pages read, order of indexes, freshness, find-links."""

from __future__ import annotations

import datetime
import errno
import hashlib
import queue
import threading
from typing import TYPE_CHECKING, Any

import pytest
from index_helpers import Bench, Reply, Seen, canonical, html_page, json_page

from podwheel.errors import DownloadError, IndexUnreachable, OfflineMiss, ProjectNotFound
from podwheel.index import pages
from podwheel.index.projects import names_of
from podwheel.model import File, Freshness, Hash, Network

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DEMO = canonical("demo")
SHA256 = "ab" * 32
MD5 = "cd" * 16


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    with Bench(tmp_path, monkeypatch) as made:
        yield made


def names(files: tuple[File, ...]) -> list[str]:
    return [f.filename for f in files]


# --------------------------------------------------------------------------- JSON


def test_json_page(bench: Bench) -> None:
    bench.server.routes["/simple/demo/"] = json_page(
        {
            "filename": "demo-1.0.tar.gz",
            "url": "../../files/demo-1.0.tar.gz#egg=demo",
            "hashes": {"sha256": SHA256.upper(), "md5": MD5, "blake99": "00"},
            "requires-python": ">=3.9",
            "yanked": "broken",
            "size": 123,
            "upload-time": "2024-01-02T03:04:05.678901Z",
            "gpg-sig": True,
            "provenance": None,
        },
        {
            "filename": "demo-1.1-py3-none-any.whl",
            "yanked": False,
            "core-metadata": {"sha256": SHA256},
            "dist-info-metadata": False,
        },
        {"filename": "demo-1.2-py3-none-any.whl", "yanked": True, "dist-info-metadata": True},
        {"filename": "demo-1.0.exe"},
        {"filename": "demo-1.0-py2.7.egg"},
    )
    first, second, third = bench.index().files(DEMO)
    base = bench.server.url
    assert first == File(
        filename="demo-1.0.tar.gz",
        url=f"{base}/files/demo-1.0.tar.gz",
        hashes=(Hash(algorithm="sha256", digest=SHA256), Hash(algorithm="md5", digest=MD5)),
        requires_python=">=3.9",
        yanked="broken",
        size=123,
        uploaded=datetime.datetime(2024, 1, 2, 3, 4, 5, 678901, datetime.UTC),
        index=f"{base}/simple",
    )
    assert second.metadata == (Hash(algorithm="sha256", digest=SHA256),)
    assert (second.yanked, second.uploaded, second.size) == (None, None, None)
    assert (third.yanked, third.metadata) == ("", ())


@pytest.mark.parametrize(
    ("link", "url"),
    [
        ("https://other.example.org/a/demo-1.0.zip?", "https://other.example.org/a/demo-1.0.zip?"),
        ("https://other.example\n.org/demo-1.0.zip", "https://other.example.org/demo-1.0.zip"),
        ("//other.example.org/demo-1.0.zip", "http://other.example.org/demo-1.0.zip"),
        ("../../demo-1.0.zip#x", "{base}/demo-1.0.zip"),
    ],
)
def test_links_are_joined_as_a_browser_would(bench: Bench, link: str, url: str) -> None:
    page = json_page({"filename": "demo-1.0.zip", "url": link, "hashes": {}})
    bench.server.routes["/simple/demo/"] = page
    (file,) = bench.index().files(DEMO)
    assert file.url == url.format(base=bench.server.url)


def test_what_is_kept_is_what_was_read(bench: Bench) -> None:
    """The compact form loses nothing, for one file as for many, and none."""
    files: list[dict[str, Any]] = [
        {"filename": f"demo-1.{n}.tar.gz", "hashes": {"sha256": SHA256}, "size": n}
        for n in range(3)
    ]
    files[0] |= {"yanked": "r", "upload-time": "2024-01-02T03:04:05+02:00", "core-metadata": True}
    files[2] |= {"url": "https://elsewhere.example.org/a/demo-1.2.tar.gz", "yanked": True}
    for name, page in (("demo", files), ("one", files[:1]), ("none", [])):
        bench.server.routes[f"/simple/{name}/"] = json_page(*page)
        read = bench.index().files(canonical(name))
        kept = bench.offline().files(canonical(name))
        assert kept == read
        assert len(kept) == len(page)


@pytest.mark.parametrize(
    ("page", "said"),
    [
        (b"[]", "the page is list"),
        (b'{"files": {}}', "files is dict"),
        (b"{}", "files is NoneType"),
        (b'{"meta": [], "files": []}', "meta is list"),
        (b'{"meta": {"api-version": 2}, "files": []}', "meta.api-version is int"),
        (b'{"files": ["x"]}', "files[0] is str"),
        (b'{"files": [{"filename": 3}]}', "files[0].filename is int"),
        (b'{"files": [{"filename": "a-1.zip"}]}', "files[0].url is NoneType"),
        (b'{"files": [{"filename": "a-1.zip", "url": "x"}]}', "files[0].hashes is NoneType"),
        (b'{"files": [{"filename": "../a-1.zip", "url": "x", "hashes": {}}]}', "plain file name"),
        (b'{"files": [{"filename": "a-1.zip", "url": "file:///etc/passwd", "hashes": {}}]}', "url"),
        (b'{"files": [{"filename": "a-1.zip", "url": "http://[", "hashes": {}}]}', "url"),
        (
            b'{"files": [{"filename": "a-1.zip", "url": "x", "hashes": {"md5": 1}}]}',
            "hashes is int",
        ),
        (
            b'{"files": [{"filename": "a-1.zip", "url": "x", "hashes": {}, "size": true}]}',
            "size is bool",
        ),
        (
            b'{"files": [{"filename": "a-1.zip", "url": "x", "hashes": {}, "size": -1}]}',
            "size is negative",
        ),
        (
            b'{"files": [{"filename": "a-1.zip", "url": "x", "hashes": {}, "upload-time": "then"}]}',
            "upload-time is no date",
        ),
        (
            b'{"files": [{"filename": "a-1.zip", "url": "x", "hashes": {}, "yanked": 1}]}',
            "yanked is int",
        ),
        (b"\xff\xfe\x00", "not JSON"),
        (b"[" * 100_000, "not JSON"),
    ],
)
def test_wrong_json_names_the_index_and_the_fault(bench: Bench, page: bytes, said: str) -> None:
    bench.server.routes["/simple/demo/"] = Reply(
        body=page, headers={"Content-Type": "application/vnd.pypi.simple.v1+json"}
    )
    with pytest.raises(IndexUnreachable) as told:
        bench.index().files(DEMO)
    assert said in told.value.what
    assert f"{bench.server.url}/simple/demo/" in told.value.what


@pytest.mark.parametrize("version", ["2.0", "2", "0.9", "x", ""])
def test_another_major_api_version_is_refused(bench: Bench, version: str) -> None:
    bench.server.routes["/simple/demo/"] = json_page(meta={"api-version": version})
    bench.server.routes["/simple/other/"] = html_page(
        f'<meta name="pypi:repository-version" content="{version}"><a href="other-1.zip">x</a>'
    )
    for name in ("demo", "other"):
        with pytest.raises(IndexUnreachable, match="version"):
            bench.index().files(canonical(name))


def test_another_minor_api_version_is_read(bench: Bench) -> None:
    bench.server.routes["/simple/demo/"] = json_page(
        {"filename": "demo-1.0.zip"}, meta={"api-version": "1.99"}
    )
    assert names(bench.index().files(DEMO)) == ["demo-1.0.zip"]


def test_json_is_asked_for_first_and_html_accepted(bench: Bench) -> None:
    bench.server.routes["/simple/demo/"] = html_page("")
    bench.index().files(DEMO)
    accepted = bench.server.seen[0].headers["accept"]
    assert accepted.split(", ") == [
        "application/vnd.pypi.simple.v1+json",
        "application/vnd.pypi.simple.v1+html; q=0.1",
        "text/html; q=0.01",
    ]
    assert bench.server.seen[0].headers["user-agent"].startswith("podwheel/")


# --------------------------------------------------------------------------- HTML


def test_html_page(bench: Bench) -> None:
    bench.server.routes["/simple/demo/"] = html_page(
        f"""<!DOCTYPE html><html><head>
        <meta name="pypi:repository-version" content="1.3">
        <base href="/files/"><base href="/ignored/">
        </head><body>
        <a href="demo-1.0.tar.gz#sha256={SHA256}" data-requires-python="&gt;=3.9" data-gpg-sig="true">x</a>
        <a href="demo-1.1%2Blocal-py3-none-any.whl#md5={MD5}" data-yanked="bad &amp; old"
           data-core-metadata="sha256={SHA256}" data-dist-info-metadata="true">x</a>
        <A HREF="https://elsewhere.example.org/demo-1.2.zip" data-yanked data-dist-info-metadata="true">x</A>
        <a href="demo-1.3.zip#sha256=nonsense" data-core-metadata="false">x</a>
        <a href="/about.html">about</a> <a>nowhere</a> <a href="mailto:a@example.org">mail</a>
        <a href="file:///etc/evil-1.0.zip">local</a> <a href="http://[bad-1.0.zip">bad</a>
        <a href="a%2F..%2Fdemo-1.0.zip">path</a>
        </body></html>"""
    )
    first, second, third, fourth = bench.index().files(DEMO)
    base = bench.server.url
    assert (first.url, first.requires_python) == (f"{base}/files/demo-1.0.tar.gz", ">=3.9")
    assert (first.sha256, first.yanked, first.metadata) == (SHA256, None, None)
    assert second.filename == "demo-1.1+local-py3-none-any.whl"
    assert second.url == f"{base}/files/demo-1.1%2Blocal-py3-none-any.whl"
    assert second.hashes == (Hash(algorithm="md5", digest=MD5),)
    assert (second.yanked, second.metadata) == (
        "bad & old",
        (Hash(algorithm="sha256", digest=SHA256),),
    )
    assert (third.url, third.yanked, third.metadata) == (
        "https://elsewhere.example.org/demo-1.2.zip",
        "",
        (),
    )
    assert (fourth.hashes, fourth.metadata) == ((), None)


def test_html_in_another_charset(bench: Bench) -> None:
    text = '<a href="demo-1.0.zip" data-requires-python="&gt;=3">ä</a>'
    for charset in ("utf-16", "no-such-charset"):
        encoded = text.encode("utf-16" if charset == "utf-16" else "utf-8")
        bench.server.routes[f"/simple/{charset}/"] = Reply(
            body=encoded, headers={"Content-Type": f"text/html; charset={charset}"}
        )
        assert names(bench.index().files(canonical(charset))) == ["demo-1.0.zip"]


def test_garbage_called_html_lists_nothing(bench: Bench) -> None:
    noise = b"".join(hashlib.sha256(bytes([i])).digest() for i in range(256)) + b"<a <!-- <![CDATA["
    bench.server.routes["/simple/demo/"] = Reply(body=noise, headers={"Content-Type": "text/html"})
    assert bench.index().files(DEMO) == ()


def test_another_content_type_is_no_page(bench: Bench) -> None:
    bench.server.routes["/simple/demo/"] = Reply(
        body=b"<a href='demo-1.0.zip'>", headers={"Content-Type": "text/plain"}
    )
    with pytest.raises(IndexUnreachable, match="text/plain") as told:
        bench.index().files(DEMO)
    assert any("/simple/" in hint for hint in told.value.hint)


def test_links_are_relative_to_where_a_redirect_led(bench: Bench) -> None:
    bench.server.routes["/simple/demo/"] = Reply(status=301, headers={"Location": "/moved/a/"})
    bench.server.routes["/moved/a/"] = html_page('<a href="demo-1.0.zip">x</a>')
    assert bench.index().files(DEMO)[0].url == f"{bench.server.url}/moved/a/demo-1.0.zip"


def test_a_huge_page_is_not_read_to_its_end(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("podwheel.index.projects._PAGE_LIMIT", 1 << 20)
    bench.server.routes["/simple/demo/"] = html_page("x" * (1 << 20) + "x")
    bench.server.routes["/simple/fits/"] = html_page("x" * (1 << 20))
    with pytest.raises(DownloadError, match="larger than 1 MiB"):
        bench.index().files(DEMO)
    assert bench.index().files(canonical("fits")) == ()


# --------------------------------------------------------------------------- more than one index


def test_the_first_index_that_has_the_name_wins(bench: Bench) -> None:
    routes = bench.server.routes
    routes["/a/demo/"] = html_page('<a href="demo-1.0.zip">x</a>')
    routes["/b/demo/"] = html_page('<a href="demo-9.0.zip">x</a>')
    routes["/b/other/"] = html_page('<a href="other-1.0.zip">x</a>')
    index = bench.index(f"{bench.server.url}/a", f"{bench.server.url}/b/")
    assert names(index.files(DEMO)) == ["demo-1.0.zip"]
    assert names(index.files(canonical("other"))) == ["other-1.0.zip"]
    assert bench.server.count("/b/demo/") == 0


def test_an_empty_page_wins_too(bench: Bench) -> None:
    bench.server.routes["/a/demo/"] = html_page("")
    bench.server.routes["/b/demo/"] = html_page('<a href="demo-9.0.zip">x</a>')
    assert bench.index(f"{bench.server.url}/a", f"{bench.server.url}/b").files(DEMO) == ()


@pytest.mark.parametrize("status", [400, 401, 403, 429, 500, 503])
def test_an_error_of_the_first_index_is_no_reason_to_ask_the_next(
    bench: Bench, status: int
) -> None:
    bench.server.routes["/a/demo/"] = Reply(status=status)
    bench.server.routes["/b/demo/"] = html_page('<a href="demo-9.0.zip">x</a>')
    with pytest.raises(IndexUnreachable, match=str(status)) as told:
        bench.index(f"{bench.server.url}/a", f"{bench.server.url}/b").files(DEMO)
    assert told.value.hint or status == 400
    assert bench.server.count("/b/demo/") == 0


@pytest.mark.parametrize("status", [404, 410])
def test_not_here_leads_to_the_next(bench: Bench, status: int) -> None:
    bench.server.routes["/a/demo/"] = Reply(status=status)
    bench.server.routes["/b/demo/"] = html_page('<a href="demo-9.0.zip">x</a>')
    found = bench.index(f"{bench.server.url}/a", f"{bench.server.url}/b").files(DEMO)
    assert names(found) == ["demo-9.0.zip"]


def test_a_name_that_nobody_has(bench: Bench) -> None:
    one = f"http://me:secret@{bench.server.netloc}/a"
    index = bench.index(one, f"{bench.server.url}/b", known=lambda: ["demo", "denim", "requests"])
    with pytest.raises(ProjectNotFound) as told:
        index.files(canonical("demoo"))
    assert f"{bench.server.url}/a, {bench.server.url}/b" in told.value.what
    assert "secret" not in f"{told.value.what}{told.value.hint}"
    assert "did you mean demo?" in told.value.hint
    assert [r.path for r in bench.server.seen] == ["/a/demoo/", "/b/demoo/"]


def test_find_links_that_are_closed_to_us(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def closed(_path: Path) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(type(tmp_path), "iterdir", closed)
    with pytest.raises(
        IndexUnreachable, match=r"--find-links .* cannot be read: Permission denied"
    ):
        bench.index(find_links=(str(tmp_path),)).files(DEMO)


def test_without_any_index(bench: Bench) -> None:
    index = bench.index()
    index._urls = ()
    with pytest.raises(ProjectNotFound, match=r"asked nothing \(--no-index\)") as told:
        index.files(DEMO)
    assert not any("--refresh" in hint for hint in told.value.hint)


# --------------------------------------------------------------------------- freshness


def test_a_fresh_answer_is_not_asked_for_again(bench: Bench) -> None:
    bench.server.routes["/simple/demo/"] = html_page('<a href="demo-1.0.zip">x</a>')
    first = bench.index()
    assert first.files(DEMO) is first.files(DEMO)
    second = bench.index()
    second.files(DEMO)
    assert not second._session.made  # it has not even waited for requests and TLS
    assert bench.server.count("/simple/demo/") == 1


def test_that_there_is_no_such_project_stays_fresh_too(bench: Bench) -> None:
    for _ in range(2):
        with pytest.raises(ProjectNotFound):
            bench.index().files(DEMO)
    with pytest.raises(ProjectNotFound):
        bench.offline().files(DEMO)
    assert bench.server.count("/simple/demo/") == 1


def test_a_stale_answer_is_asked_for_again(bench: Bench) -> None:
    bench.server.routes["/simple/demo/"] = html_page('<a href="demo-1.0.zip">x</a>')
    bench.index().files(DEMO)
    bench.server.routes["/simple/demo/"] = html_page('<a href="demo-2.0.zip">x</a>')
    assert names(bench.index(fresh_for=0.0).files(DEMO)) == ["demo-2.0.zip"]
    assert names(bench.index().files(DEMO)) == ["demo-2.0.zip"]
    assert bench.server.count("/simple/demo/") == 2


def test_refresh_asks_again_once_a_run(bench: Bench) -> None:
    bench.server.routes["/simple/demo/"] = html_page('<a href="demo-1.0.zip">x</a>')
    bench.index().files(DEMO)
    again = bench.index(freshness=Freshness.REFRESH)
    again.files(DEMO)
    again.files(DEMO)
    assert bench.server.count("/simple/demo/") == 2


@pytest.mark.parametrize(
    ("validator", "asks"),
    [
        ({"ETag": '"one"'}, "if-none-match"),
        ({"Last-Modified": "Mon, 01 Jan 2024 00:00:00 GMT"}, "if-modified-since"),
    ],
)
def test_a_server_that_gave_a_validator_is_asked_conditionally(
    bench: Bench, validator: dict[str, str], asks: str
) -> None:
    def route(request: Seen) -> Reply:
        if request.headers.get(asks) == next(iter(validator.values())):
            return Reply(status=304, headers=validator)
        page = html_page('<a href="demo-1.0.zip">x</a>')
        return Reply(body=page.body, headers={**page.headers, **validator})

    bench.server.routes["/simple/demo/"] = route
    first = bench.index().files(DEMO)
    assert bench.index(freshness=Freshness.REFRESH).files(DEMO) == first
    assert asks not in bench.server.seen[0].headers
    assert asks in bench.server.seen[1].headers
    assert bench.index().files(DEMO) == first
    assert len(bench.server.seen) == 2


def test_the_same_bytes_again_are_not_read_anew(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server without validators sends the page again; a run asks for a hundred of them."""
    bench.server.routes["/simple/demo/"] = html_page('<a href="demo-1.0.zip">x</a>')
    first = bench.index().files(DEMO)
    read = []
    real = pages.parse
    monkeypatch.setattr(pages, "parse", lambda *a, **k: read.append(a) or real(*a, **k))
    assert bench.index(freshness=Freshness.REFRESH).files(DEMO) == first
    assert bench.index(fresh_for=60.0).files(DEMO) == first  # it counts as asked just now
    assert (len(bench.server.seen), read) == (2, [])
    bench.server.routes["/simple/demo/"] = html_page('<a href="demo-2.0.zip">x</a>')
    assert names(bench.index(freshness=Freshness.REFRESH).files(DEMO)) == ["demo-2.0.zip"]
    assert len(read) == 1


def test_the_servers_own_idea_of_freshness_does_not_hold_back_refresh(bench: Bench) -> None:
    def page(version: str) -> Reply:
        html = html_page(f'<a href="demo-{version}.zip">x</a>')
        forever = {"Cache-Control": "max-age=31536000, immutable", "ETag": f'"{version}"'}
        return Reply(body=html.body, headers={**html.headers, **forever})

    bench.server.routes["/simple/demo/"] = page("1.0")
    bench.index().files(DEMO)
    bench.server.routes["/simple/demo/"] = page("2.0")
    found = bench.index(freshness=Freshness.REFRESH).files(DEMO)
    assert names(found) == ["demo-2.0.zip"]


def test_offline_uses_what_is_there_however_old(bench: Bench) -> None:
    bench.server.routes["/simple/demo/"] = html_page('<a href="demo-1.0.zip">x</a>')
    bench.index().files(DEMO)
    assert names(bench.offline(fresh_for=0.0).files(DEMO)) == ["demo-1.0.zip"]
    with pytest.raises(OfflineMiss, match="other") as told:
        bench.offline().files(canonical("other"))
    assert "podwheel fetch" in told.value.hint[0]
    assert len(bench.server.seen) == 1


def test_a_damaged_answer_counts_as_absent(bench: Bench) -> None:
    bench.server.routes["/simple/demo/"] = html_page('<a href="demo-1.0.zip">x</a>')
    bench.index().files(DEMO)
    (kept,) = (bench.store.root / "index" / "pages").rglob("*.json")
    kept.write_bytes(kept.read_bytes()[:50])
    assert names(bench.index().files(DEMO)) == ["demo-1.0.zip"]


# --------------------------------------------------------------------------- threads


def test_prefetch_asks_side_by_side_and_once(bench: Bench) -> None:
    """Both answers wait for the other's request: one after the other this would never end."""
    barrier = threading.Barrier(2, timeout=20)

    def route(_request: Seen) -> Reply:
        barrier.wait()
        return html_page('<a href="demo-1.0.zip">x</a>')

    bench.server.routes["/simple/demo/"] = bench.server.routes["/simple/other/"] = route
    index = bench.index()
    index.prefetch([DEMO, canonical("other"), DEMO])
    assert index.files(DEMO)
    assert index.files(canonical("other"))
    assert len(bench.server.seen) == 2


def test_prefetch_tells_nothing_of_what_fails(bench: Bench) -> None:
    index = bench.index()
    index.prefetch([DEMO])
    with pytest.raises(ProjectNotFound):
        index.files(DEMO)
    assert len(bench.server.seen) == 1


def test_what_was_prefetched_is_handed_on(bench: Bench) -> None:
    bench.server.routes["/simple/demo/"] = html_page('<a href="demo-1.0.zip">x</a>')
    index = bench.index()
    handed: queue.Queue[tuple[str, list[str]]] = queue.Queue()

    def then(name: str, files: tuple[File, ...]) -> None:
        handed.put((name, [file.filename for file in files]))
        raise ValueError("lost")

    index.prefetch([DEMO, canonical("missing")], then)
    assert handed.get(timeout=20) == ("demo", ["demo-1.0.zip"])
    with pytest.raises(ProjectNotFound):
        index.files(canonical("missing"))
    assert handed.empty()


def test_what_is_looked_up_when_the_index_is_closed_may_end(bench: Bench) -> None:
    """Else a download in there would leave half a file."""
    bench.server.routes["/simple/demo/"] = html_page('<a href="demo-1.0.zip">x</a>')
    index = bench.index()
    begun, closing, ended = threading.Event(), threading.Event(), threading.Event()

    def then(_name: str, _files: tuple[File, ...]) -> None:
        begun.set()
        closing.wait(20)
        index.prefetch([canonical("late")])  # nothing more is begun
        ended.set()

    index.prefetch([DEMO], then)
    assert begun.wait(20)
    threading.Timer(0.1, closing.set).start()
    index.close()
    assert ended.is_set()
    assert [request.path for request in bench.server.seen] == ["/simple/demo/"]


def test_connections_are_kept_alive(bench: Bench) -> None:
    index = bench.index()
    for name in ("a", "b", "c"):
        bench.server.routes[f"/simple/{name}/"] = html_page("")
        index.files(canonical(name))
    assert len({request.port for request in bench.server.seen}) == 1


# --------------------------------------------------------------------------- find-links


def test_find_links_come_before_the_indexs_files(bench: Bench, tmp_path: Path) -> None:
    bench.server.routes["/simple/demo/"] = html_page('<a href="demo-1.0.zip">x</a>')
    links = tmp_path / "links"
    links.mkdir()
    for name in ("demo-2.0.tar.gz", "Demo-3.0-py3-none-any.whl", "demo_extra-1.0.zip", "demo.txt"):
        (links / name).write_bytes(b"")
    (links / "page.html").write_text('<a href="demo-4.0.zip">x</a>')
    for location in (str(links), links.as_uri()):
        found = bench.index(find_links=(location,)).files(DEMO)
        assert names(found) == [
            "Demo-3.0-py3-none-any.whl",
            "demo-2.0.tar.gz",
            "demo-4.0.zip",
            "demo-1.0.zip",
        ]
        assert found[1].url == (links / "demo-2.0.tar.gz").as_uri()


def test_find_links_alone_can_have_a_name(bench: Bench, tmp_path: Path) -> None:
    (tmp_path / "only-1.0.zip").write_bytes(b"")
    index = bench.index(find_links=(str(tmp_path / "only-1.0.zip"),))
    assert names(index.files(canonical("only"))) == ["only-1.0.zip"]


def test_find_links_pages_and_archives_on_the_web(bench: Bench) -> None:
    bench.server.routes["/links.html"] = html_page(
        f'<a href="demo-1.0.zip#sha256={SHA256}">x</a><a href="other-1.0.zip">x</a>'
    )
    archive = f"{bench.server.url}/f/demo-2.0.zip#sha256={SHA256}"
    index = bench.index(find_links=(f"{bench.server.url}/links.html", archive))
    first, second = index.files(DEMO)
    assert (first.filename, first.sha256) == ("demo-1.0.zip", SHA256)
    assert (second.url, second.sha256) == (archive.partition("#")[0], SHA256)
    assert bench.server.count("/links.html") == 1
    index.files(canonical("other"))
    assert bench.server.count("/links.html") == 1


def test_a_find_links_directory_that_is_not_there_is_only_warned_of(bench: Bench) -> None:
    bench.server.routes["/simple/demo/"] = html_page('<a href="demo-1.0.zip">x</a>')
    assert names(bench.index(find_links=("/no/such/place",)).files(DEMO)) == ["demo-1.0.zip"]


def test_a_find_links_page_that_fails_is_an_error(bench: Bench) -> None:
    bench.server.routes["/simple/demo/"] = html_page('<a href="demo-1.0.zip">x</a>')
    index = bench.index(find_links=(f"{bench.server.url}/links.html",))
    with pytest.raises(IndexUnreachable, match="find-links"):
        index.files(DEMO)


@pytest.mark.parametrize(
    ("filename", "name", "belongs"),
    [
        ("a-b-1.0.tar.gz", "a-b", True),
        ("a-b-1.0.tar.gz", "a", False),
        ("a_b-1.0.zip", "a-b", True),
        ("A.B-1.0.zip", "a-b", True),
        ("a-1-2.0.zip", "a-1", True),
        ("a-1.0-1.zip", "a", True),
        ("a-1.0-py3-none-any.whl", "a", True),
        ("a_b-1.0-py3-none-any.whl", "a", False),
        ("a.zip", "a", False),
    ],
)
def test_which_project_an_archive_is_of(filename: str, name: str, belongs: bool) -> None:
    assert (canonical(name) in names_of(filename)) is belongs


def test_an_index_of_files(bench: Bench, tmp_path: Path) -> None:
    page = tmp_path / "simple" / "demo"
    page.mkdir(parents=True)
    (page / "index.html").write_text('<a href="../../demo-1.0.zip">x</a>')
    index = bench.offline((tmp_path / "simple").as_uri())
    assert index.files(DEMO)[0].url == (tmp_path / "demo-1.0.zip").as_uri()
    with pytest.raises(ProjectNotFound):
        index.files(canonical("other"))


def test_plain_http_is_refused_unless_the_host_is_trusted(bench: Bench) -> None:
    with pytest.raises(IndexUnreachable, match="plain http") as told:
        bench.index("http://index.example.org/simple").files(DEMO)
    assert any("--trusted-host index.example.org" in hint for hint in told.value.hint)
    proxied = Network(retries=0, trusted_hosts=("index.example.org",), proxy=bench.server.url)
    bench.server.routes["http://index.example.org/simple/demo/"] = html_page("")
    assert bench.index("http://index.example.org/simple", network=proxied).files(DEMO) == ()
