"""A web server in a thread that does as it is told, and an index that asks it."""

from __future__ import annotations

import contextlib
import hashlib
import http.server
import io
import json
import re
import ssl
import threading
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlsplit

from attrs import evolve, field, frozen
from packaging.utils import NormalizedName, canonicalize_name

from podwheel.index import Index
from podwheel.index.pages import JSON
from podwheel.model import File, Freshness, Hash, Indexes, Network
from podwheel.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import pytest

CERTIFICATE = Path(__file__).parent / "data" / "index_server.pem"
"""A key and a certificate for 127.0.0.1 that signs itself; of no use anywhere else."""

METADATA = b"Metadata-Version: 2.1\nName: demo\nVersion: 1.0\n"
ENVIRONMENT = (
    "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR",
    "http_proxy", "https_proxy", "all_proxy", "no_proxy",
    "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY",
    "GIT_SSL_CAINFO", "GIT_ASKPASS", "GIT_CONFIG_COUNT",
)  # fmt: skip


@frozen(kw_only=True)
class Reply:
    """What the server answers."""

    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(factory=dict)
    cut: int | None = None
    """Close the connection after so many bytes of the body."""


@frozen(kw_only=True)
class Seen:
    """A request that the server got."""

    path: str
    headers: Mapping[str, str]
    """Names in lower case."""
    port: int
    """The client's: one a connection."""


class Server:
    """An HTTP/1.1 server on 127.0.0.1; `routes` by path, `seen` in the order of arrival."""

    def __init__(self, *, tls: bool = False) -> None:
        self.routes: dict[str, Any] = {}
        self.seen: list[Seen] = []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                outer._answer(self)

            def log_message(self, *arguments: Any) -> None:
                pass

        class Quiet(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *arguments: Any) -> None:
                pass  # the client went away: some tests want just that

        self._server = Quiet(("127.0.0.1", 0), Handler)
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(CERTIFICATE)
            self._server.socket = context.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self._server.server_port}"
        self.netloc = urlsplit(self.url).netloc

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def count(self, path: str) -> int:
        return sum(1 for request in self.seen if request.path == path)

    def _answer(self, handler: http.server.BaseHTTPRequestHandler) -> None:
        request = Seen(
            path=handler.path,
            headers={k.lower(): v for k, v in handler.headers.items()},
            port=handler.client_address[1],
        )
        self.seen.append(request)
        route = self.routes.get(handler.path, Reply(status=404))
        reply = route(request) if callable(route) else route
        if isinstance(reply, bytes):
            reply = Reply(body=reply)
        handler.send_response(reply.status)
        headers = {"Content-Length": str(len(reply.body)), **reply.headers}
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(reply.body[: reply.cut])
        if reply.cut is not None:
            handler.close_connection = True


class Bench:
    """A store, servers and indexes for one test; nothing of the machine's own settings counts."""

    def __init__(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        for name in ENVIRONMENT:
            monkeypatch.delenv(name, raising=False)
        home = tmp_path / "home"
        home.mkdir()
        monkeypatch.setenv("HOME", str(home))
        monkeypatch.setenv("NETRC", str(home / ".netrc"))
        monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
        monkeypatch.setattr("podwheel.index.download._BACKOFF", 0.0)
        self.home = home
        self.stack = contextlib.ExitStack()
        self.server = self.stack.enter_context(Server())
        self.store = Store(tmp_path / "store")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.stack.close()

    def another_server(self, *, tls: bool = False) -> Server:
        return self.stack.enter_context(Server(tls=tls))

    def index(
        self,
        *urls: str,
        network: Network | None = None,
        find_links: tuple[str, ...] = (),
        freshness: Freshness = Freshness.NORMAL,
        **options: Any,
    ) -> Index:
        """An index as a new run would have it; without *urls*: the server's ``/simple``."""
        made = Index(
            indexes=Indexes(urls=urls or (f"{self.server.url}/simple",), find_links=find_links),
            network=evolve(network or Network(retries=1), keyring="disabled")
            if network is None or network.keyring == "auto"
            else network,
            store=self.store,
            freshness=freshness,
            **options,
        )
        return self.stack.enter_context(made)

    def offline(self, *urls: str, **options: Any) -> Index:
        return self.index(*urls, freshness=Freshness.OFFLINE, **options)


def canonical(name: str) -> NormalizedName:
    return canonicalize_name(name)


def sha256(data: bytes) -> Hash:
    return Hash(algorithm="sha256", digest=hashlib.sha256(data).hexdigest())


def json_page(*files: Mapping[str, Any], **page: Any) -> Reply:
    """A PEP 691 page; an entry without ``url`` or ``hashes`` gets ones."""
    entries = [{"url": f"../../files/{f.get('filename')}", "hashes": {}, **f} for f in files]
    document = {"meta": {"api-version": "1.1"}, "name": "x", "files": entries, **page}
    return Reply(body=json.dumps(document).encode(), headers={"Content-Type": JSON})


def html_page(text: str) -> Reply:
    return Reply(body=text.encode(), headers={"Content-Type": "text/html; charset=utf-8"})


def file_at(server: Server, filename: str, *hashes: Hash, **more: Any) -> File:
    """A file that the server's ``/files/`` has."""
    return File(
        filename=filename,
        url=f"{server.url}/files/{filename}",
        hashes=hashes,
        index=f"{server.url}/simple",
        **more,
    )


def wheel(
    members: Mapping[str, bytes] | None = None, *, payload: int = 0, metadata: bytes = METADATA
) -> bytes:
    """The bytes of demo-1.0's wheel, with *payload* bytes that do not compress before the rest."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        if payload:
            noise = b"".join(hashlib.sha512(str(i).encode()).digest() for i in range(payload // 64))
            archive.writestr("demo/noise.bin", noise)
        archive.writestr("demo/__init__.py", b"")
        archive.writestr("demo-1.0.dist-info/METADATA", metadata)
        for name, data in (members or {}).items():
            archive.writestr(name, data)
    return out.getvalue()


def ranged(body: bytes, *, etag: str | None = None) -> Callable[[Seen], Reply]:
    """A route that answers ranges as it should."""

    def route(request: Seen) -> Reply:
        headers = {} if etag is None else {"ETag": etag}
        wanted = re.fullmatch(r"bytes=(\d*)-(\d*)", request.headers.get("range", ""))
        if wanted is None:
            return Reply(body=body, headers=headers)
        first, last = wanted.groups()
        start = int(first) if first else max(0, len(body) - int(last))
        end = min(int(last), len(body) - 1) if first and last else len(body) - 1
        return Reply(
            status=206,
            body=body[start : end + 1],
            headers={**headers, "Content-Range": f"bytes {start}-{end}/{len(body)}"},
        )

    return route
