"""URLs of direct references and indexes, taken apart (PEP 508, pip's VCS support)."""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit, urlunsplit

from attrs import frozen
from packaging.utils import (
    InvalidSdistFilename,
    InvalidWheelFilename,
    parse_sdist_filename,
    parse_wheel_filename,
)

from podwheel.model import Hash, VcsUrl

ARCHIVES = (
    ".whl", ".zip", ".tar.gz", ".tgz", ".tar.bz2", ".tbz", ".tar.xz", ".txz", ".tar",
)  # fmt: skip

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")
_PLAIN = ("http", "https", "file", "ftp")
_OTHER_VCS = ("hg", "svn", "bzr")
_GIT_TRANSPORTS = ("https", "http", "ssh", "file", "git")

_DIGEST_LENGTHS = {"md5": 32, "sha1": 40, "sha224": 56, "sha256": 64, "sha384": 96, "sha512": 128}
STRONG_HASHES = ("sha256", "sha384", "sha512")
"""What ``--hash`` accepts, as in pip; a URL's fragment may name a weaker one."""


class BadUrl(ValueError):
    """Why a URL cannot be used, and what would be right; the caller knows where it was written."""

    def __init__(self, why: str, hint: str = "") -> None:
        super().__init__(why)
        self.why = why
        self.hint = hint


@frozen(kw_only=True)
class Fragment:
    """What pip reads after ``#`` in a direct URL."""

    egg: str | None = None
    """A project's name, perhaps with extras."""
    subdirectory: str | None = None
    hashes: tuple[Hash, ...] = ()


def scheme_of(text: str) -> str | None:
    """The scheme, lower-case, if *text* is a URL as pip sees it, else None.

    Only known schemes count: ``C:`` or ``name:`` is no URL.
    """
    found = _SCHEME.match(text)
    if found is None:
        return None
    scheme = found[1].lower()
    known = scheme in (*_PLAIN, "git", "ssh") or scheme.split("+")[0] in ("git", *_OTHER_VCS)
    return scheme if known else None


def parse_hash(text: str, *, accepted: tuple[str, ...] = tuple(_DIGEST_LENGTHS)) -> Hash:
    """``sha256:<hex>`` as a `Hash`.

    Raises:
        BadUrl: Another algorithm than *accepted*, or no digest of its length.
    """
    algorithm, separator, digest = text.partition(":")
    algorithm, digest = algorithm.strip().lower(), digest.strip().lower()
    if not separator or algorithm not in accepted:
        raise BadUrl(
            f"{text!r} is no hash that can be checked",
            f"write ALGORITHM:DIGEST; the algorithms are {', '.join(accepted)}",
        )
    if not re.fullmatch(r"[0-9a-f]*", digest) or len(digest) != _DIGEST_LENGTHS[algorithm]:
        raise BadUrl(
            f"the digest of {algorithm} has {_DIGEST_LENGTHS[algorithm]} hexadecimal digits, "
            f"this one is {digest!r}",
            "copy the whole digest from the index or from `pip hash FILE`",
        )
    return Hash(algorithm=algorithm, digest=digest)


def split_fragment(url: str) -> tuple[str, Fragment]:
    """*url* without its fragment, and the fragment's parts; unknown parts are dropped, as in pip.

    Raises:
        BadUrl: A subdirectory that leaves the project, or a malformed hash.
    """
    bare, _, text = url.partition("#")
    egg = subdirectory = None
    hashes: list[Hash] = []
    for part in text.split("&"):
        key, _, value = part.partition("=")
        value = unquote(value)
        if key == "egg":
            egg = egg or value or None
        elif key == "subdirectory":
            subdirectory = subdirectory or (check_subdirectory(value) if value else None)
        elif key in _DIGEST_LENGTHS:
            hashes.append(parse_hash(f"{key}:{value}"))
    return bare, Fragment(egg=egg, subdirectory=subdirectory, hashes=tuple(hashes))


def check_subdirectory(text: str) -> str:
    """*text* as a relative path that stays below its project (``.`` and doubled slashes removed).

    Raises:
        BadUrl: It is absolute or climbs.
    """
    path = PurePosixPath(text)
    if path.is_absolute() or ".." in path.parts:
        raise BadUrl(f"subdirectory {text!r} leaves the project", "give a path below its top")
    return str(path)


def parse_git(url: str) -> tuple[VcsUrl, Fragment]:
    """``git+https://host/repository@ref#…``; the ref follows the path's last ``@``, as in pip.

    Raises:
        BadUrl: Another VCS or transport, an empty ref, or one that git would take for an option.
    """
    bare, fragment = split_fragment(url)
    scheme = scheme_of(url) or ""
    vcs, _, transport = scheme.partition("+")
    if vcs in _OTHER_VCS:
        raise BadUrl(f"{vcs} is not spoken, only git", "name an archive or a git repository")
    if "://" not in bare:
        rest = bare.partition("+")[2].replace(":", "/", 1)
        raise BadUrl("is not a git URL", f"write git+ssh://{rest}")
    if transport not in _GIT_TRANSPORTS:
        rest = bare.partition("://")[2]
        wanted = "ssh" if scheme == "ssh" else "https"
        raise BadUrl(f"{scheme!r} is not a way to reach a repository", f"git+{wanted}://{rest}")
    try:
        _, netloc, path, query, _ = urlsplit(bare)
    except ValueError as error:
        raise BadUrl(f"is not a URL: {error}") from None
    ref: str | None = None
    if "@" in path:
        path, _, quoted = path.rpartition("@")
        ref = check_ref(unquote(quoted))
    if not path.strip("/") or not (netloc or transport == "file"):
        raise BadUrl("names no repository", "git+https://HOST/PATH@REF")
    address = urlunsplit((transport, netloc, path, query, ""))
    return VcsUrl(url=address, ref=ref, subdirectory=fragment.subdirectory), fragment


def check_ref(ref: str) -> str:
    """*ref*, if it can be a branch, tag or commit.

    Raises:
        BadUrl: It is empty, or git would read it as an option or a refspec (git-check-ref-format).
    """
    if not ref:
        raise BadUrl("nothing follows the @", "name a branch, tag or commit, or remove the @")
    if ref.startswith("-") or re.search(r"[\s:?*\[\\^~\x00-\x20\x7f]|\.\.", ref):
        raise BadUrl(f"{ref!r} is no branch, tag or commit")
    return ref


def file_path(url: str, cwd: Path) -> Path:
    """The absolute path that a ``file:`` URL names; ``file:relative`` is below *cwd*, as in pip.

    Raises:
        BadUrl: It names another host.
    """
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise BadUrl(f"is not a URL: {error}") from None
    if parts.netloc not in ("", "localhost"):
        raise BadUrl(
            f"file: URLs of another host ({parts.netloc!r}) cannot be read",
            "write file:///absolute/path (three slashes)",
        )
    return absolute(unquote(parts.path), cwd)


def absolute(text: str, base: Path) -> Path:
    """*text* as an absolute path, ``..`` folded without following links, as pip does."""
    import os.path

    return Path(os.path.normpath(base / text))


def has_archive_name(name: str) -> bool:
    """Whether *name* ends like an archive or wheel."""
    return name.lower().endswith(ARCHIVES)


def filename_of(url: str) -> str:
    """The last segment of a URL's path, unquoted."""
    return unquote(urlsplit(url).path.rpartition("/")[2])


def name_from_filename(url: str) -> str | None:
    """The PEP 508 requirement that a file's name states: ``name==version`` of a wheel, ``name`` of an sdist.

    None where the name does not follow: anything that is not spelled as PEP 625 says, and
    whatever lies below a path segment ``archive``, where forges serve tags
    (``…/archive/release-1.0.tar.gz`` is the tag ``release-1.0``).

    Raises:
        BadUrl: A wheel whose file name is not one.
    """
    filename = filename_of(url)
    if filename.endswith(".whl"):
        try:
            name, version, _, _ = parse_wheel_filename(filename)
        except InvalidWheelFilename as error:
            raise BadUrl(f"is not a wheel's file name: {error}") from None
        return f"{name}=={version}"
    if scheme_of(url) != "file" and "archive" in urlsplit(url).path.split("/"):
        return None
    try:
        name, version = parse_sdist_filename(filename)
    except InvalidSdistFilename:
        return None
    stem = filename.removesuffix(".zip").removesuffix(".tar.gz")
    return name if stem == f"{name.replace('-', '_')}-{version}" else None
