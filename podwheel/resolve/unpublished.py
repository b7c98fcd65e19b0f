"""A project that must be built, and of which upstream published no source: what its user can do."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from podwheel.archives.metadata import read_fields
from podwheel.errors import MetadataUnusable
from podwheel.model import Format
from podwheel.resolve.candidates import Why

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from packaging.version import Version

    from podwheel.model import File
    from podwheel.resolve.candidates import Shelf

_LABELS = ("source", "sourcecode", "repository", "github", "homepage")
"""The well-known labels of Project-URL (PEP 753) that may name a repository, and one that is common."""

_URL = re.compile(r"https://[a-z0-9.-]+(/[A-Za-z0-9][A-Za-z0-9._-]*){2,}")
"""What is shown, and pasted into a file, is plain: somebody else wrote it."""
_LONGEST = 200
_FORGE = re.compile(r"(^|\.)(git[a-z]*|codeberg|bitbucket|forgejo)\.")
_PAGES = ("-", "tree", "blob", "src", "issues", "releases", "tags", "wiki", "commits", "pulls")
"""Below a repository's own path, a forge's pages of it."""


def lacks_source(shelf: Shelf, version: Version) -> bool:
    """Whether all that keeps *version* from being built is that only wheels of it were published."""
    if shelf.format is not Format.SOURCE or shelf.refused(version) is None:
        return False
    why = {refusal.why for refusal in shelf.refusals if refusal.version == version}
    return Why.FORMAT in why or why == {Why.PLATFORM}


def newest_without_source(shelf: Shelf, versions: Sequence[Version]) -> Version | None:
    """The newest of *versions* that `lacks_source` and was not yanked."""
    standing = {r.version for r in shelf.refusals if r.file.yanked is None}
    return max((v for v in versions if v in standing and lacks_source(shelf, v)), default=None)


def choices(
    shelf: Shelf, inside: Sequence[Version], repository: Callable[[File], str | None]
) -> tuple[str, ...]:
    """What to do about versions (*inside* the specifiers, newest first) that lack a source.

    Args:
        repository: What a wheel's metadata says of where its project is kept.
    """
    return tuple(_choices(shelf, inside, repository))


def _choices(
    shelf: Shelf, inside: Sequence[Version], repository: Callable[[File], str | None]
) -> Iterator[str]:
    name = shelf.name
    wheels = sorted(
        (r for r in shelf.refusals if r.version in inside and r.why in (Why.FORMAT, Why.PLATFORM)),
        key=lambda r: (r.version, r.why is Why.FORMAT, r.file.filename),
        reverse=True,
    )
    fitting = next((r for r in wheels if r.why is Why.FORMAT), None)
    if fitting is not None:
        which = "it" if fitting.version == inside[0] else fitting.version
        yield f"take upstream's wheel of {which}: --only-binary {name}"
    place = (repository(wheels[0].file) if wheels else None) or "https://HOST/PATH"
    what = "or build it" if fitting is not None else "build it"
    yield f'{what} from its repository: source = "git+{place}@TAG" under [package.{name}] of podwheel.toml'
    if shelf.choices:
        newest = max(choice.version for choice in shelf.choices)
        yield f"the newest version that has a source is {newest}"


def repository_in(metadata: bytes) -> str | None:
    """The repository that a wheel's METADATA names (``Project-URL``, PEP 753; ``Home-page``).

    Returns:
        A plain https URL on what looks like a git forge, or None.
    """
    try:
        fields, _ = read_fields(metadata, where="METADATA")
    except MetadataUnusable:
        return None
    labelled = {
        _normalized(label): url for label, url in (fields.get("project_urls") or {}).items()
    }
    found = [labelled.get(label) for label in _LABELS]
    return next((url for text in (*found, fields.get("home_page")) if (url := _plain(text))), None)


def _normalized(label: str) -> str:
    """As PEP 753 compares labels."""
    return re.sub(r"[\W_]+", "", label).lower()


def _plain(text: str | None) -> str | None:
    """The repository's own URL in that of one of its pages; None for any other."""
    try:
        parts = urlsplit((text or "").strip())
    except ValueError:
        return None
    path = [part for part in parts.path.split("/") if part]
    end = next((n for n, part in enumerate(path) if n >= 2 and part in _PAGES), len(path))
    host = parts.netloc.lower()
    url = f"{parts.scheme}://{host}/{'/'.join(path[:end]).removesuffix('.git')}"
    plain = len(url) <= _LONGEST and _URL.fullmatch(url) and _FORGE.search(host)
    return url if plain else None
