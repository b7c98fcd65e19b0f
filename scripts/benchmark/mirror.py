"""A package index on 127.0.0.1 that keeps what it was asked for: the same, and warm, for every tool.

    python mirror.py DIRECTORY [MILLISECONDS]    # prints its URL, serves until its stdin ends

It asks the index that pip is configured for, once for each page and file, and from then on
answers from DIRECTORY: a page stays as it was when it was first asked for, so that a benchmark
resolves to the same versions until DIRECTORY is deleted. It speaks PEP 503 and PEP 691 (by the
request's Accept), tells ETags and answers ranges. ``/-/asked`` tells how often it had to ask.
MILLISECONDS pass before each answer, as if it came from far away.
"""

import contextlib
import hashlib
import html
import http.server
import json
import os
import re
import shutil
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urljoin

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # this checkout's podwheel

from packaging.utils import canonicalize_name

from podwheel import log
from podwheel.index.session import make_session
from podwheel.requirements import Arguments, load_settings, read

_JSON = "application/vnd.pypi.simple.v1+json"
_HTML = "application/vnd.pypi.simple.v1+html"
_RANGE = re.compile(r"bytes=(\d*)-(\d*)")
ASKED = "/-/asked"


class Upstream:
    """The index that pip is configured for, behind what is kept of it."""

    def __init__(self, directory: Path) -> None:
        settings = load_settings(None, cwd=directory)
        request = read(
            Arguments(requirements=("pip",)),
            environ=dict(os.environ),
            cwd=directory,
            settings=settings,
        )
        self._index = request.indexes.urls[0]
        self._session = make_session(request.network, user_agent="podwheel-benchmark")
        self._directory = directory
        self._locks: dict[str, threading.Lock] = {}
        self._lock = threading.Lock()
        self._bodies: dict[tuple[str, str], bytes] = {}
        self.asked = 0

    def body(self, name: str, kind: str) -> bytes | None:
        """A project's page as it is sent, its URLs those of the mirror; made once."""
        body = self._bodies.get((name, kind))
        if body is None:
            page = self.page(name)
            if page is None:
                return None
            for file in page["files"]:
                file["url"] = f"/files/{name}/{file['filename']}"
            text = json.dumps(page) if kind == _JSON else "".join(map(_anchor, page["files"]))
            body = self._bodies[name, kind] = text.encode()
        return body

    def page(self, name: str) -> dict | None:
        """A project's page (PEP 691), its URLs those of the index; None: there is none."""
        kept = self._directory / "pages" / f"{name}.json"
        with self._one_at_a_time(name):
            if not kept.exists():
                self.asked += 1
                url = f"{self._index.rstrip('/')}/{name}/"
                answer = self._session.get(url, headers={"Accept": _JSON}, timeout=60)
                if answer.status_code not in (200, 404):
                    answer.raise_for_status()
                page = answer.json() if answer.status_code == 200 else None
                for file in page["files"] if page else ():
                    file["url"] = urljoin(answer.url, file["url"])
                _write(kept, json.dumps(page).encode())
        return json.loads(kept.read_bytes())

    def file(self, name: str, filename: str) -> Path | None:
        """A file's bytes, here; None: the project's page has no such file."""
        kept = self._directory / "files" / name / filename
        with self._one_at_a_time(filename):
            if not kept.exists():
                files = (self.page(name) or {"files": ()})["files"]
                found = next((f for f in files if f["filename"] == filename), None)
                if found is None:
                    return None
                self.asked += 1
                self._download(found["url"], kept)
        return kept

    def _download(self, url: str, place: Path) -> None:
        place.parent.mkdir(parents=True, exist_ok=True)
        half = place.with_name(f".{place.name}.half")
        with self._session.get(url, stream=True, timeout=60) as answer, half.open("wb") as out:
            answer.raise_for_status()
            for chunk in answer.iter_content(1 << 18):
                out.write(chunk)
        half.rename(place)

    @contextlib.contextmanager
    def _one_at_a_time(self, key: str) -> Iterator[None]:
        with self._lock:
            lock = self._locks.setdefault(key, threading.Lock())
        with lock:
            yield


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = 1 << 16  # head and body in one packet
    upstream: Upstream
    latency = 0.0

    def do_GET(self) -> None:
        time.sleep(self.latency)
        kind, _, rest = self.path.partition("?")[0].strip("/").partition("/")
        try:
            if self.path == ASKED:
                self._send(str(self.upstream.asked).encode(), "text/plain")
            elif kind == "simple":
                self._page(canonicalize_name(rest))
            elif kind == "files" and rest.count("/") == 1 and ".." not in rest:
                self._file(self.upstream.file(*rest.split("/")))
            else:
                self.send_error(404)
        except OSError as error:  # requests' errors too: the tool is to see that, and may try again
            self.send_error(502, type(error).__name__)

    def do_HEAD(self) -> None:
        self.do_GET()

    def _page(self, name: str) -> None:
        kind = _JSON if _JSON in self.headers.get("Accept", "") else _HTML
        body = self.upstream.body(name, kind)
        if body is None:
            self.send_error(404)
        else:
            self._send(body, kind)

    def _file(self, path: Path | None) -> None:
        if path is None:
            self.send_error(404)
            return
        size = path.stat().st_size
        asked = _RANGE.fullmatch(self.headers.get("Range", ""))
        first, last = _span(asked, size) if asked else (0, size - 1)
        self.send_response(206 if asked else 200)
        if asked:
            self.send_header("Content-Range", f"bytes {first}-{last}/{size}")
        self.send_header("Content-Type", "application/octet-stream")
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("ETag", f'"{path.name}"')
        self.send_header("Cache-Control", "max-age=31536000, immutable")
        self.send_header("Content-Length", str(last - first + 1))
        self.end_headers()
        if self.command == "HEAD":
            return
        with path.open("rb") as file:
            file.seek(first)
            if asked:
                self.wfile.write(file.read(last - first + 1))
            else:
                shutil.copyfileobj(file, self.wfile, 1 << 18)

    def _send(self, body: bytes, kind: str) -> None:
        tag = f'"{hashlib.sha256(body).hexdigest()[:20]}"'
        same = self.headers.get("If-None-Match") == tag
        self.send_response(304 if same else 200)
        self.send_header("ETag", tag)
        self.send_header("Vary", "Accept")
        self.send_header("Cache-Control", "max-age=600")
        if not same:
            self.send_header("Content-Type", kind)
        self.send_header("Content-Length", "0" if same else str(len(body)))
        self.end_headers()
        if not same and self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *_arguments: object) -> None:
        """Not on the benchmark's stderr."""


class _Server(http.server.ThreadingHTTPServer):
    request_queue_size = 128
    """Of five, which is the default, the sixth to connect at once waits a second for TCP's next try."""


def _span(asked: re.Match[str], size: int) -> tuple[int, int]:
    first, last = asked.groups()
    if not first:
        return max(0, size - int(last)), size - 1
    return int(first), min(int(last), size - 1) if last else size - 1


def _anchor(file: dict) -> str:
    hashes = file.get("hashes", {})
    link = f"{file['url']}#sha256={hashes['sha256']}" if "sha256" in hashes else file["url"]
    attributes = ""
    if file.get("requires-python"):
        attributes += f' data-requires-python="{html.escape(file["requires-python"])}"'
    if file.get("yanked"):
        attributes += ' data-yanked=""'
    return f'<a href="{link}"{attributes}>{file["filename"]}</a>\n'


def _write(place: Path, data: bytes) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    half = place.with_name(f".{place.name}.half")
    half.write_bytes(data)
    half.rename(place)


def main() -> None:
    directory = Path(sys.argv[1]).absolute()
    directory.mkdir(parents=True, exist_ok=True)
    log.configure(None)
    Handler.upstream = Upstream(directory)
    Handler.latency = int(sys.argv[2]) / 1000 if len(sys.argv) > 2 else 0.0
    server = _Server(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(f"http://127.0.0.1:{server.server_port}", flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
