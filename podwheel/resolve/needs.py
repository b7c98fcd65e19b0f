"""The vocabulary that is spoken with resolvelib: a *need* (its requirement), a *node* (its candidate).

As in pip, ``name[extra]`` is a node of its own that needs ``name`` at exactly its version:
so extras are backtracked over like packages, and markers are evaluated once per extra.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urldefrag, urlsplit

from attrs import field, frozen
from packaging.specifiers import SpecifierSet
from packaging.utils import NormalizedName, canonicalize_name

from podwheel.errors import MetadataUnusable
from podwheel.index.urls import split_login
from podwheel.model import ArchiveUrl, Direct, LocalDirectory, VcsUrl
from podwheel.requirements import urls

if TYPE_CHECKING:
    from collections.abc import Iterator

    from packaging.markers import Marker
    from packaging.requirements import Requirement

    from podwheel.errors import PodwheelError
    from podwheel.model import Origin, Wanted
    from podwheel.resolve.candidates import Candidate


@frozen(kw_only=True, eq=False)
class Node:
    """A candidate, or one extra of it. One object each in a resolution, so compared by identity."""

    candidate: Candidate
    extra: NormalizedName | None = None

    @property
    def identifier(self) -> str:
        return identifier_of(self.candidate.name, self.extra)

    def __str__(self) -> str:
        return f"{self.identifier} {self.candidate.version}"


@frozen(kw_only=True, eq=False)
class Need:
    """One edge: who (a line of a file, or a node) needs what."""

    name: NormalizedName
    extra: NormalizedName | None = None
    specifier: SpecifierSet = field(factory=SpecifierSet)
    direct: Direct | None = None
    text: str
    """As it is shown: without marker, hashes and credentials."""
    origin: Origin | None = None
    """For a line of a file; then there is no parent."""
    parent: Node | None = None
    same: Candidate | None = None
    """For the need of ``name[extra]`` for its ``name``: that version and source."""

    @property
    def identifier(self) -> str:
        return identifier_of(self.name, self.extra)

    @property
    def line(self) -> str:
        """``requirements.txt:3 (flask)`` or ``flask 3.1.0 needs werkzeug>=3.1``."""
        if self.parent is None:
            return f"{self.origin} ({self.text})"
        return f"{self.parent} needs {self.text}"

    def accepts(self, node: Node) -> bool:
        """Whether *node* (of the same identifier) satisfies it.

        Pre-releases are always taken: whether they count was settled when the candidates
        were listed, from all specifiers together.
        """
        candidate = node.candidate
        if self.same is not None:
            return self.same.version == candidate.version and same_direct(
                self.same.direct, candidate.direct
            )
        if self.direct is not None and not same_direct(self.direct, candidate.direct):
            return False
        return self.specifier.contains(candidate.version, prereleases=True)


@frozen(kw_only=True, eq=False)
class Impossible(Need):
    """What a node needs that turned out not to be usable: nothing satisfies it."""

    text: str
    parent: Node
    error: PodwheelError | None = None
    """Why, where that was an error."""

    @property
    def identifier(self) -> str:
        return f"<{self.parent}>"  # no name that an index could have

    def accepts(self, node: Node) -> bool:  # noqa: ARG002 - the signature is Need's
        return False


def identifier_of(name: NormalizedName, extra: NormalizedName | None) -> str:
    return f"{name}[{extra}]" if extra else name


def split_identifier(identifier: str) -> tuple[NormalizedName, NormalizedName | None]:
    """The reverse of `identifier_of`."""
    name, _, rest = identifier.partition("[")
    extra = rest.removesuffix("]")
    return NormalizedName(name), NormalizedName(extra) if extra else None


# --------------------------------------------------------------------------- making needs


def needs_of_wanted(wanted: Wanted, name: NormalizedName) -> Iterator[Need]:
    """The needs of one line whose marker applies; *name* is learned if the line has none."""
    requirement = wanted.requirement
    extras = requirement.extras if requirement else wanted.extras
    specifier = requirement.specifier if requirement else SpecifierSet()
    text = wanted.text if requirement is None or wanted.direct else shown(requirement)
    for extra in _with_base(extras):
        yield Need(
            name=name,
            extra=extra,
            specifier=specifier,
            direct=wanted.direct,
            text=text,
            origin=wanted.origin,
        )


def needs_of_dependency(requirement: Requirement, parent: Node) -> Iterator[Need]:
    """The needs of one ``Requires-Dist`` whose marker applies.

    Raises:
        MetadataUnusable: It is a direct reference that podwheel does not follow.
    """
    local = _is_local(parent.candidate.direct)
    direct = None if requirement.url is None else direct_of(requirement.url, local=local)
    for extra in _with_base(requirement.extras):
        yield Need(
            name=canonicalize_name(requirement.name),
            extra=extra,
            specifier=requirement.specifier,
            direct=direct,
            text=shown(requirement),
            parent=parent,
        )


def _with_base(extras: set[str] | frozenset[str]) -> tuple[NormalizedName | None, ...]:
    # The base is needed by itself too: all specifiers of a name then meet in one place,
    # and fewer candidates of name[extra] are tried in vain (pip does the same).
    return (None, *sorted({canonicalize_name(e) for e in extras}))


def marker_holds(
    marker: Marker | None, environment: dict[str, str], extra: NormalizedName | None = None
) -> bool:
    """A marker's value on the target, for one extra (None: for the package itself)."""
    return marker is None or marker.evaluate({**environment, "extra": extra or ""})


def shown(requirement: Requirement) -> str:
    """The requirement for messages: no marker, no credentials."""
    extras = f"[{','.join(sorted(requirement.extras))}]" if requirement.extras else ""
    if requirement.url is not None:
        return f"{requirement.name}{extras} @ {split_login(requirement.url)[0]}"
    return f"{requirement.name}{extras}{requirement.specifier}"


# --------------------------------------------------------------------------- direct references


def shown_direct(direct: Direct | None) -> str:
    """A direct reference for messages, without credentials."""
    match direct:
        case LocalDirectory():
            return str(direct.path)
        case VcsUrl():
            ref = f"@{direct.ref}" if direct.ref else ""
            return f"git+{split_login(direct.url)[0]}{ref}"
        case ArchiveUrl():
            return split_login(direct.url)[0]
        case None:
            return ""


def same_direct(one: Direct | None, other: Direct | None) -> bool:
    """Whether two direct references name the same source; the hashes beside them do not count."""
    return direct_key(one) == direct_key(other)


def direct_key(direct: Direct | None) -> tuple[str | None, ...]:
    match direct:
        case LocalDirectory():
            return ("directory", str(direct.path), direct.subdirectory)
        case VcsUrl():
            return ("git", split_login(direct.url)[0], direct.ref, direct.subdirectory)
        case ArchiveUrl():
            url = urldefrag(direct.url).url
            return ("archive", split_login(url)[0], direct.subdirectory)
        case None:
            return ()


def direct_of(url: str, *, local: bool) -> Direct:
    """The URL of ``name @ URL`` (PEP 508, PEP 440 direct references) as a value.

    Args:
        local: Whether ``file:`` is allowed. A package of an index that points into the
            host's file system is not followed.

    Raises:
        MetadataUnusable: A URL that podwheel does not follow.
    """
    scheme = urls.scheme_of(url) or ""
    shown_url = split_login(url)[0]
    if scheme.endswith("file") and not local:
        raise MetadataUnusable(f"a package may not point into this host: {shown_url}")
    try:
        if scheme in ("http", "https", "file"):
            bare, fragment = urls.split_fragment(url)
            if scheme == "file":
                path = urls.file_path(bare, Path("/"))
                if path.is_dir():
                    return LocalDirectory(path=path, subdirectory=fragment.subdirectory)
            hashes = tuple(h for h in fragment.hashes if h.algorithm in urls.STRONG_HASHES)
            return ArchiveUrl(url=bare, subdirectory=fragment.subdirectory, hashes=hashes)
        return urls.parse_git(url)[0]
    except urls.BadUrl as error:
        raise MetadataUnusable(f"{shown_url}: {error.why}") from None


def _is_local(direct: Direct | None) -> bool:
    return isinstance(direct, LocalDirectory) or (
        isinstance(direct, ArchiveUrl) and urlsplit(direct.url).scheme == "file"
    )
