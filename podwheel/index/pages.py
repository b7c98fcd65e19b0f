"""Project pages: PEP 503 HTML and PEP 691 JSON, read into `File` and back into a compact form.

A page is written by a stranger: every type is looked at, and a ``file:`` link counts only on a
page that is itself a file of ours.
"""

from __future__ import annotations

import datetime
import email.message
import html.parser
import json
from types import NoneType
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urljoin, urlsplit

from podwheel.index.digests import checked_hash
from podwheel.index.urls import (
    WEB,
    filename_of,
    is_archive,
    is_plain_filename,
    split_login,
    without_fragment,
)
from podwheel.model import File, Hash

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

JSON = "application/vnd.pypi.simple.v1+json"
HTML = "application/vnd.pypi.simple.v1+html"
ACCEPT = f"{JSON}, {HTML}; q=0.1, text/html; q=0.01"

_API = 1
"""The major version of the simple API that is understood (PEP 629)."""


_SHA256_LENGTH = 64
_UNWRITTEN = str.maketrans("", "", "\t\r\n")
"""What a link's text may hold and its URL does not, as browsers have it (WHATWG URL, 4.4)."""


class NotAPage(ValueError):
    """The bytes are no project page; the text says what of them is wrong, as the end of a sentence."""


def parse(
    content: bytes, *, content_type: str, url: str, index: str | None, learn: Callable[[str], str]
) -> tuple[File, ...]:
    """The archives that a page lists, in its order.

    Args:
        content: The page's bytes, as decoded by HTTP.
        content_type: The header's value.
        url: Where it came from, after redirects, without credentials: links are relative to it.
        index: What the files' ``index`` says.
        learn: Takes the login out of a link's URL, and keeps it.

    Raises:
        NotAPage: Another content type, another major version, or a wrong type inside.
    """
    kind, charset = _content_type(content_type)
    if kind == JSON:
        return tuple(_json_files(content, url=url, index=index, learn=learn))
    if kind in (HTML, "text/html"):
        text = content.decode(charset, "replace")
        return tuple(_html_files(text, url=url, index=index, learn=learn))
    raise NotAPage(f"its content type is {kind or 'missing'}, not that of a project page")


def _content_type(header: str) -> tuple[str, str]:
    message = email.message.Message()
    message["Content-Type"] = header or "application/octet-stream"
    charset = message.get_param("charset")
    try:
        "".encode(str(charset))
    except LookupError:
        charset = "utf-8"
    return message.get_content_type(), str(charset)


# --------------------------------------------------------------------------- HTML (PEP 503)


class _Anchors(html.parser.HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.base: str | None = None
        self.version: str | None = None
        self.anchors: list[dict[str, str | None]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(reversed(attrs))  # of an attribute that is given twice the first counts
        if tag == "a":
            self.anchors.append(values)
        elif tag == "base" and self.base is None:
            self.base = values.get("href")
        elif tag == "meta" and values.get("name") == "pypi:repository-version":
            self.version = values.get("content")


def _html_files(
    text: str, *, url: str, index: str | None, learn: Callable[[str], str]
) -> Iterator[File]:
    parser = _Anchors()
    parser.feed(text)
    parser.close()
    _check_version(parser.version)
    base = url if parser.base is None else _joined(url, parser.base) or url
    for anchor in parser.anchors:
        link = _joined(base, anchor.get("href") or "")
        if link is None or not _may_lead(url, link):
            continue  # PEP 503 allows other links on the page
        filename = filename_of(link)
        if not (is_archive(filename) and is_plain_filename(filename)):
            continue
        core = anchor.get("data-core-metadata", anchor.get("data-dist-info-metadata", "false"))
        yield File(
            filename=filename,
            url=learn(without_fragment(link)),
            hashes=fragment_hashes(link),
            requires_python=anchor.get("data-requires-python") or None,
            yanked=(anchor["data-yanked"] or "") if "data-yanked" in anchor else None,
            metadata=_metadata_attribute(core),
            index=index,
        )


def fragment_hashes(url: str) -> tuple[Hash, ...]:
    """The hashes in a URL's fragment, ``#sha256=…&…`` (PEP 503); what is no hash is left out."""
    pairs = parse_qsl(urlsplit(url).fragment)
    return tuple(h for name, value in pairs if (h := checked_hash(name, value)) is not None)


def _metadata_attribute(value: str | None) -> tuple[Hash, ...] | None:
    """``data-core-metadata``: ``true`` or ``sha256=…`` (PEP 658, 714)."""
    if value is None or value == "false":
        return None
    found = checked_hash(*value.partition("=")[::2])
    return () if found is None else (found,)


# --------------------------------------------------------------------------- JSON (PEP 691, 700)


def _json_files(
    content: bytes, *, url: str, index: str | None, learn: Callable[[str], str]
) -> Iterator[File]:
    try:
        page = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise NotAPage(f"it is not JSON ({type(error).__name__})") from None
    meta = _typed(_typed(page, "the page", dict).get("meta", {}), "meta", dict)
    _check_version(_typed(meta.get("api-version"), "meta.api-version", str, NoneType))
    for number, entry in enumerate(_typed(page.get("files"), "files", list)):
        if not isinstance(entry, dict):
            raise NotAPage(f"files[{number}] is {type(entry).__name__}, not dict")
        try:
            file = _json_file(entry, url=url, index=index, learn=learn)
        except NotAPage as error:
            raise NotAPage(f"files[{number}].{error}") from None
        if file is not None:
            yield file


def _json_file(
    entry: Mapping[str, Any], *, url: str, index: str | None, learn: Callable[[str], str]
) -> File | None:
    """The archive of one entry; None if it is another kind of file."""
    filename = _typed(entry.get("filename"), "filename", str)
    if not is_archive(filename):
        return None
    if not is_plain_filename(filename):
        raise NotAPage("filename is not a plain file name")
    link = _joined(url, _typed(entry.get("url"), "url", str))
    if link is None or not _may_lead(url, link):
        raise NotAPage("url is no URL that it may lead to")
    return File(
        filename=filename,
        url=learn(without_fragment(link)),
        hashes=_hashes(_typed(entry.get("hashes"), "hashes", dict), "hashes"),
        requires_python=_typed(entry.get("requires-python"), "requires-python", str, NoneType)
        or None,
        yanked=_yanked(entry.get("yanked")),
        size=_size(entry.get("size")),
        uploaded=_moment(entry.get("upload-time")),
        metadata=_metadata_entry(entry),
        index=index,
    )


def _typed(value: Any, where: str, *kinds: type) -> Any:
    if isinstance(value, kinds) and (bool in kinds or not isinstance(value, bool)):
        return value
    raise NotAPage(f"{where} is {type(value).__name__}, not {kinds[0].__name__}")


def _hashes(values: Mapping[str, Any], where: str) -> tuple[Hash, ...]:
    found = (checked_hash(name, _typed(text, where, str)) for name, text in values.items())
    return tuple(h for h in found if h is not None)


def _yanked(value: Any) -> str | None:
    """``false``, ``true`` or the reason (PEP 691)."""
    value = _typed(value, "yanked", str, bool, NoneType)
    if isinstance(value, str):
        return value or None
    return "" if value else None


def _size(value: Any) -> int | None:
    size: int | None = _typed(value, "size", int, NoneType)
    if size is not None and size < 0:
        raise NotAPage("size is negative")
    return size


def _moment(value: Any) -> datetime.datetime | None:
    text = _typed(value, "upload-time", str, NoneType)
    if text is None:
        return None
    try:
        moment = datetime.datetime.fromisoformat(text)
    except ValueError:
        raise NotAPage("upload-time is no date") from None
    return moment.astimezone(datetime.UTC) if moment.tzinfo else moment.replace(tzinfo=datetime.UTC)


def _metadata_entry(entry: Mapping[str, Any]) -> tuple[Hash, ...] | None:
    """PEP 714: ``core-metadata``, or the older name; ``true`` or a dictionary of hashes."""
    value = entry.get("core-metadata", entry.get("dist-info-metadata"))
    value = _typed(value, "core-metadata", dict, bool, NoneType)
    if isinstance(value, dict):
        return _hashes(value, "core-metadata")
    return () if value else None


# --------------------------------------------------------------------------- both


def _check_version(version: str | None) -> None:
    """PEP 629: another major version must not be read, another minor one may."""
    major = "1" if version is None else version.partition(".")[0]
    if not major.isdecimal() or int(major) != _API:
        raise NotAPage(
            f"it speaks version {version!r:.20} of the simple API, podwheel speaks {_API}"
        )


def _joined(base: str, link: str) -> str | None:
    try:
        link = link.translate(_UNWRITTEN)
        # What is whole already needs no joining: of thousands of links, nearly all are.
        joined = link if link.startswith(("https://", "http://")) else urljoin(base, link)
        split_login(joined)
    except ValueError:
        return None
    return joined


def _may_lead(page: str, link: str) -> bool:
    """A page of the web may lead into the web only: a ``file:`` link would read the host's files."""
    scheme = urlsplit(link).scheme
    return scheme in WEB or (scheme == "file" and urlsplit(page).scheme == "file")


# --------------------------------------------------------------------------- the compact form


def pack(files: tuple[File, ...]) -> dict[str, Any]:
    """A JSON document of few characters: a run reads a hundred of them before it does anything."""
    base = _common_base([f.url for f in files])
    rows = [
        [
            f.filename,
            f.url[len(base) :],
            _pack_hashes(f.hashes),
            f.requires_python,
            f.yanked,
            f.size,
            None if f.uploaded is None else f.uploaded.isoformat(),
            None if f.metadata is None else _pack_hashes(f.metadata),
        ]
        for f in files
    ]
    return {"base": base, "index": files[0].index if files else None, "files": rows}


def unpack(document: Mapping[str, Any]) -> tuple[File, ...]:
    """The files of `pack`'s document."""
    base, index = document["base"], document["index"]
    moment = datetime.datetime.fromisoformat
    return tuple(
        File(
            filename=filename,
            url=base + rest,
            hashes=_unpack_hashes(hashes),
            requires_python=requires_python,
            yanked=yanked,
            size=size,
            uploaded=None if uploaded is None else moment(uploaded),
            metadata=None if metadata is None else _unpack_hashes(metadata),
            index=index,
        )
        for filename, rest, hashes, requires_python, yanked, size, uploaded, metadata in document[
            "files"
        ]
    )


def _common_base(urls: list[str]) -> str:
    if not urls:
        return ""
    first, last = min(urls), max(urls)  # what the least and the greatest share, all share
    same = next((i for i, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), None)
    return first[: first.rfind("/", 0, same) + 1]


def _pack_hashes(hashes: tuple[Hash, ...]) -> str:
    """``name:digest`` each; of a sha256, which nearly all are, the digest alone."""
    return " ".join(h.digest if h.algorithm == "sha256" else str(h) for h in hashes)


def _unpack_hashes(text: str) -> tuple[Hash, ...]:
    if len(text) == _SHA256_LENGTH:
        return (Hash(algorithm="sha256", digest=text),)
    pairs = (item.rpartition(":") for item in text.split())
    return tuple(Hash(algorithm=name or "sha256", digest=digest) for name, _, digest in pairs)
