"""A package index on 127.0.0.1: tests/projects as sdists, what a test adds, and faults on demand.

It speaks PEP 503 and PEP 691 (by the request's Accept), and PEP 658 for wheels.
"""

from __future__ import annotations

import base64
import functools
import gzip
import hashlib
import html
import http.server
import io
import json
import re
import tarfile
import threading
import tomllib
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import quote

from packaging.utils import canonicalize_name, parse_sdist_filename, parse_wheel_filename

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

PROJECTS = Path(__file__).parent / "projects"
PATCHES = PROJECTS / "_patches"
_SHARED = "_shared"
_JSON = "application/vnd.pypi.simple.v1+json"
_YANKED = {"yanked_release-1.1.tar.gz": "it was a mistake"}


@dataclass
class Published:
    """One file: what its page says of it, and what is really sent."""

    announced: bytes
    sent: bytes
    """Differs from *announced* where a test wants a fault."""
    cut: int | None = None
    """Close the connection after so many bytes, every time."""
    yanked: str | None = None

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.announced).hexdigest()


class LocalIndex:
    """Serves until the context ends; what a test changes is its own."""

    def __init__(self, wheels: Mapping[str, bytes]) -> None:
        """*wheels*: file names and bytes to have beside the sdists of tests/projects."""
        self.files: dict[str, Published] = {}
        for filename, data in {**sdists(), **wheels}.items():
            self.add(filename, data, yanked=_YANKED.get(filename))
        self.directories: dict[str, Path] = {}
        """Trees of files that are served as they are, below a first part of the path."""
        self.answers: dict[str, Callable[[http.server.BaseHTTPRequestHandler], None]] = {}
        """What a test answers itself, by the path."""
        self.answering = threading.Event()
        """Cleared: requests are taken, and never answered."""
        self.answering.set()
        self.login: str | None = None
        """``user:password`` in base64, without which every answer is 401."""
        self.asked: list[str] = []
        """The path of every request."""
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                outer._answer(self)

            def log_message(self, *_arguments: Any) -> None:
                """Not on the tests' stderr."""

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_arguments: Any) -> None:
                """The client went away: that is what some tests are about."""

        self._server = Server(("127.0.0.1", 0), Handler)
        self.root = f"http://127.0.0.1:{self._server.server_port}"
        self.url = f"{self.root}/simple/"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self.stop()

    def stop(self) -> None:
        """From now on connections are refused."""
        self.answering.set()
        self._server.shutdown()
        self._server.server_close()

    # ------------------------------------------------------------ what a test changes

    def add(self, filename: str, data: bytes, *, yanked: str | None = None) -> None:
        self.files[filename] = Published(announced=data, sent=data, yanked=yanked)

    def remove(self, filename: str) -> None:
        del self.files[filename]

    def corrupt(self, filename: str) -> None:
        """Send other bytes, as many, than the page's hash is of."""
        file = self.files[filename]
        file.sent = file.announced[:-1] + bytes([file.announced[-1] ^ 1])

    def truncate(self, filename: str) -> None:
        """Break off in the middle, again and again."""
        self.files[filename].cut = len(self.files[filename].announced) // 2

    def file_url(self, filename: str) -> str:
        return f"{self.root}/files/{quote(filename)}"

    # ------------------------------------------------------------ answers

    def _answer(self, handler: http.server.BaseHTTPRequestHandler) -> None:
        self.asked.append(handler.path)
        self.answering.wait()
        if answer := self.answers.get(handler.path):
            answer(handler)
            return
        if self.login not in (
            None,
            handler.headers.get("Authorization", "").removeprefix("Basic "),
        ):
            _send(handler, b"", "text/plain", status=401)
            return
        kind, _, name = handler.path.partition("?")[0].strip("/").partition("/")
        if kind == "simple":
            self._send_page(handler, name)
        elif kind == "files" and name.removesuffix(".metadata") in self.files:
            file = self.files[name.removesuffix(".metadata")]
            body = _metadata(file.announced) if name.endswith(".metadata") else file.sent
            _send(handler, body, "application/octet-stream", cut=file.cut)
        elif kind in self.directories and (self.directories[kind] / name).is_file():
            body = (self.directories[kind] / name).read_bytes()
            _send(handler, body, "application/octet-stream")
        else:
            _send(handler, b"", "text/plain", status=404)

    def _send_page(self, handler: http.server.BaseHTTPRequestHandler, name: str) -> None:
        entries = [
            self._entry(filename)
            for filename in sorted(self.files)
            if _project_of(filename) == canonicalize_name(name)
        ]
        if not entries:
            _send(handler, b"", "text/plain", status=404)
        elif _JSON in handler.headers.get("Accept", ""):
            page = {"meta": {"api-version": "1.1"}, "name": name, "files": entries}
            _send(handler, json.dumps(page).encode(), _JSON)
        else:
            anchors = "".join(map(_anchor, entries))
            _send(
                handler, f"<!DOCTYPE html><html><body>{anchors}</body></html>".encode(), "text/html"
            )

    def _entry(self, filename: str) -> dict[str, Any]:
        file = self.files[filename]
        entry: dict[str, Any] = {
            "filename": filename,
            "url": self.file_url(filename),
            "hashes": {"sha256": file.sha256},
            "size": len(file.announced),
        }
        if file.yanked is not None:
            entry["yanked"] = file.yanked
        if filename.endswith(".whl"):
            digest = hashlib.sha256(_metadata(file.announced)).hexdigest()
            entry["core-metadata"] = {"sha256": digest}
        return entry


def _anchor(entry: Mapping[str, Any]) -> str:
    attributes = ""
    if "yanked" in entry:
        attributes += f' data-yanked="{html.escape(entry["yanked"])}"'
    if "core-metadata" in entry:
        attributes += f' data-core-metadata="sha256={entry["core-metadata"]["sha256"]}"'
    link = f"{entry['url']}#sha256={entry['hashes']['sha256']}"
    return f'<a href="{link}"{attributes}>{entry["filename"]}</a>\n'


def _send(
    handler: http.server.BaseHTTPRequestHandler,
    body: bytes,
    kind: str,
    *,
    status: int = 200,
    cut: int | None = None,
) -> None:
    handler.send_response(status)
    handler.send_header("Content-Type", kind)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body[:cut])
    if cut is not None:
        handler.close_connection = True


def _project_of(filename: str) -> str:
    if filename.endswith(".whl"):
        return parse_wheel_filename(filename)[0]
    return parse_sdist_filename(filename)[0]


def _metadata(wheel: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(wheel)) as archive:
        # At the top: flit-core carries another project's below it.
        name = next(n for n in archive.namelist() if re.fullmatch(r"[^/]+\.dist-info/METADATA", n))
        return archive.read(name)


# --------------------------------------------------------------------------- sdists and wheels


@functools.cache
def sdists() -> dict[str, bytes]:
    """Every project of tests/projects as the sdist that its directory's name promises."""
    found = {}
    for project in sorted(PROJECTS.iterdir()):
        name, dash, version = project.name.rpartition("-")
        if project.is_dir() and dash:
            stem = f"{name.replace('-', '_')}-{version}"
            found[f"{stem}.tar.gz"] = packed(_tree(project), top=stem)
    return found


def packed(files: Mapping[str, bytes], *, top: str) -> bytes:
    """A ``.tar.gz`` whose bytes depend on nothing but names and contents."""
    out = io.BytesIO()
    with (
        gzip.GzipFile(filename="", mode="wb", fileobj=out, mtime=0) as compressed,
        tarfile.open(fileobj=compressed, mode="w", format=tarfile.PAX_FORMAT) as archive,
    ):
        for name, data in sorted(files.items()):
            member = tarfile.TarInfo(f"{top}/{name}")
            member.size, member.mode = len(data), 0o644
            archive.addfile(member, io.BytesIO(data))
    return out.getvalue()


def copy_project(name: str, into: Path) -> Path:
    """A project as a local source tree; returns *into*."""
    for path, data in _tree(PROJECTS / name).items():
        place = into / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)
    return into


def _tree(project: Path) -> dict[str, bytes]:
    files = _files(project)
    pyproject = tomllib.loads(files.get("pyproject.toml", b"").decode())
    if _SHARED in pyproject.get("build-system", {}).get("backend-path", ()):
        files |= {f"{_SHARED}/{n}": data for n, data in _files(PROJECTS / _SHARED).items()}
    return files


def _files(directory: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(directory)): path.read_bytes()
        for path in sorted(directory.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    }


def wheel(
    filename: str,
    files: Mapping[str, bytes],
    *,
    requires: tuple[str, ...] = (),
    fields: tuple[str, ...] = (),
) -> bytes:
    """A wheel as "upstream" publishes it: *files* and what the format demands.

    *fields* are more lines of its METADATA.
    """
    name, version, tag = filename.removesuffix(".whl").split("-", 2)
    info = f"{name}-{version}.dist-info"
    metadata = [f"Metadata-Version: 2.2\nName: {name}\nVersion: {version}\n"]
    metadata += [f"Requires-Dist: {requirement}\n" for requirement in requires]
    metadata += [f"{field}\n" for field in fields]
    pure = "true" if tag.endswith("-any") else "false"
    members = {
        **files,
        f"{info}/METADATA": "".join(metadata).encode(),
        f"{info}/WHEEL": (
            f"Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: {pure}\nTag: {tag}\n".encode()
        ),
    }
    record = [f"{n},sha256={_digest(data)},{len(data)}\n" for n, data in members.items()]
    members[f"{info}/RECORD"] = "".join([*record, f"{info}/RECORD,,\n"]).encode()
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for member, data in members.items():
            archive.writestr(zipfile.ZipInfo(member), data)
    return out.getvalue()


def _digest(data: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
