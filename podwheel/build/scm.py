"""Versions that only source control knows: told to the backend by the tag that the source is.

A commit is checked out with its ``.git``, but what is put into the tree after that (a patch, a
Cargo.lock, a declared download) makes it "dirty", and 1.2 becomes 1.2.1.dev0+g0123.d2026. A forge's
archive of a tag has no ``.git`` at all. The variables are those of setuptools-scm
(https://setuptools-scm.readthedocs.io, "Environment variables"), pbr, pdm-backend and the dynamic
versioning plugins of Poetry and uv.
"""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from podwheel.model import ArchiveUrl, VcsUrl

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from packaging.utils import NormalizedName

    from podwheel.model import Direct, Source

_PLAIN = ("PBR_VERSION", "PDM_BUILD_SCM_VERSION", "POETRY_DYNAMIC_VERSIONING_BYPASS", "UV_DYNAMIC_VERSIONING_BYPASS")  # fmt: skip
_PRETENDED = ("SETUPTOOLS_SCM_PRETEND_VERSION", "VCS_VERSIONING_PRETEND_VERSION")
"""Each also with ``_FOR_<NAME>``, which wins. Both forms are needed: hatch-vcs gives setuptools-scm
no name, so that only the plain one is looked at. It reaches nothing else: each build is alone."""

_WORDS = ("release", "rel", "r", "version", "ver")
"""What may stand before a version in the tag of any project."""
_DIGIT = re.compile(r"(?<!\d)\d")
_SEPARATORS = re.compile(r"[-_./@]*v?[-_./@]*$", re.IGNORECASE)
_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_SUFFIX = re.compile(r"\.(zip|tgz|tbz|txz|tar(\.(gz|bz2|xz))?)$")

_UNDETECTED = re.compile(
    r"unable to detect version|Versioning for this project requires either an sdist"
    r"|Unable to detect version control system",
    re.IGNORECASE,
)


def told_version(source: Source, direct: Direct | None, name: NormalizedName) -> Version | None:
    """The version that the source's tag names.

    Args:
        direct: The reference that the source is of; a directory and an index's sdist have no tag.
        name: The project's, as far as it is known: ``name-1.2`` is a tag of it.

    Returns:
        That of the tag that was asked for; else the highest of those at the commit; for an
        archive that of its file's name. None: no tag names one for certain.
    """
    if isinstance(direct, VcsUrl):
        names = _names(name, direct)
        asked = [tag for tag in source.tags if direct.ref in (tag, f"refs/tags/{tag}")]
        return _highest(asked, names) or _highest(source.tags, names)
    if isinstance(direct, ArchiveUrl):
        tag = _SUFFIX.sub("", unquote(PurePosixPath(urlsplit(direct.url).path).name))
        return None if _COMMIT.fullmatch(tag) else tag_version(tag, _names(name, direct))
    return None


def tag_version(tag: str, names: Collection[str]) -> Version | None:
    """The version in a tag: ``v1.2.3``, ``1.2.3``, ``release-1.2.3``, ``name-1.2.3``, ``name/v1.2``.

    Args:
        names: Normalised; another name before the version is another project's tag (a monorepo
            has several), and tells nothing.
    """
    known = {"", *_WORDS, *names}
    for digit in _DIGIT.finditer(tag):
        before = _SEPARATORS.sub("", tag[: digit.start()]).rpartition("/")[2]
        if canonicalize_name(before) not in known:
            continue
        text = tag[digit.start() :]
        for spelling in (text, text.replace("_", ".")):
            try:
                return Version(spelling)
            except InvalidVersion:
                continue
    return None


def variables(
    version: Version | None, name: NormalizedName, given: Iterable[str]
) -> dict[str, str]:
    """The environment variables that tell backends the version.

    Args:
        given: Names of the variables that the user sets: one of these, and podwheel sets none, or
            its ``…_FOR_NAME`` would win over the user's word.
    """
    if version is None or any(one in _PLAIN or one.startswith(_PRETENDED) for one in given):
        return {}
    of_it = f"_FOR_{name.replace('-', '_').upper()}"
    every = (*_PLAIN, *(p + suffix for p in _PRETENDED for suffix in ("", of_it)))
    return dict.fromkeys(every, str(version))


def hints(said: str, name: str) -> tuple[str, ...]:
    """What to do about a backend that asked source control for a version, and got none."""
    if not _UNDETECTED.search(said):
        return ()
    setting = f'environment = {{ {_PRETENDED[0]} = "VERSION" }}'
    return (
        "its version is that of a git tag, and no tag of this source names one",
        f"tell it, under [package.{name}] of podwheel.toml: {setting}",
    )


def _highest(tags: Iterable[str], names: Collection[str]) -> Version | None:
    return max((v for tag in tags if (v := tag_version(tag, names)) is not None), default=None)


def _names(name: NormalizedName, direct: ArchiveUrl | VcsUrl) -> frozenset[str]:
    """Names that its tags may begin with: its own, its directory's; a lone project's, its repository's."""
    if direct.subdirectory is not None:
        own = PurePosixPath(direct.subdirectory).name
    else:
        parts = [part for part in urlsplit(direct.url).path.split("/") if part]
        if isinstance(direct, ArchiveUrl):  # …/OWNER/NAME/archive/…, …/OWNER/NAME/-/archive/…
            parts = parts[: parts.index("archive")] if "archive" in parts else []
            parts = [part for part in parts if part != "-"]
        own = parts[-1].removesuffix(".git") if parts else ""
    return frozenset({name, canonicalize_name(own)})
