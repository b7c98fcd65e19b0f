"""One requirement's text, as pip understands it → `model.Wanted`.

Three forms, tried in this order: a URL, a path (a directory or an archive), and a PEP 508
requirement (which may be a direct reference, ``name @ URL``). A parsed `Requirement` never
holds a URL here: URLs live in `Wanted.direct` alone, because requirements are printed and
URLs may hold credentials.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from attrs import frozen
from packaging.markers import InvalidMarker, Marker
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from podwheel import log, strangers
from podwheel.model import ArchiveUrl, Direct, Hash, LocalDirectory, Origin, VcsUrl, Wanted
from podwheel.requirements import urls
from podwheel.requirements.problems import mask, problem

if TYPE_CHECKING:
    from pathlib import Path

    from podwheel.errors import UsageError

_NAMED_DIRECT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*\s*(\[[^\]]*\])?\s*@")
_EXTRAS = re.compile(r"(?P<head>.+?)\s*\[(?P<extras>[^\[\]]*)\]$", re.DOTALL)
_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?")
_LISTS = (".txt", ".in", ".toml", ".lock")
_NAME_MAX = 255
_PROJECT_FILES = ("pyproject.toml", "setup.cfg", "setup.py")
_ARCHIVES_HINT = f"archives end in one of {' '.join(urls.ARCHIVES)}"


@frozen(kw_only=True)
class Asked:
    """One requirement as a line, an option or a group gives it."""

    text: str
    """With variables expanded."""
    shown: str
    """For messages."""
    origin: Origin
    editable: bool = False
    constraint: bool = False
    hashes: tuple[Hash, ...] = ()
    config_settings: tuple[tuple[str, str], ...] = ()

    def problem(self, why: str, hint: str = "") -> UsageError:
        return problem(self.origin, why, text=self.shown, hint=hint)


@frozen(kw_only=True)
class _Reference:
    """A direct reference without its marker."""

    name: str | None
    """``name`` or ``name==version``, if known."""
    extras: frozenset[str]
    direct: Direct


def parse(asked: Asked, cwd: Path) -> Wanted:
    """*asked*, parsed; relative paths are below *cwd*, as in pip, whatever file they stand in.

    Raises:
        UsageError: It is no requirement; a `RequirementsFileError` if a file holds it.
    """
    body, marker_text = _split_marker(asked.text.strip())
    try:
        reference = _reference(asked, body, cwd)
    except urls.BadUrl as error:
        raise asked.problem(error.why, error.hint) from None
    if reference is None:
        requirement: Requirement | None = _requirement(asked, asked.text)
        wanted = Wanted(
            origin=asked.origin,
            text=asked.shown,
            requirement=requirement,
            hashes=asked.hashes,
            config_settings=asked.config_settings,
        )
    else:
        marker = _marker(asked, marker_text) if marker_text else None
        requirement = None
        if reference.name is not None:
            requirement = Requirement(reference.name)
            requirement.extras = set(reference.extras)
            requirement.marker = marker
        wanted = Wanted(
            origin=asked.origin,
            text=asked.shown,
            requirement=requirement,
            direct=reference.direct,
            extras=frozenset() if requirement else reference.extras,
            marker=None if requirement else marker,
            hashes=asked.hashes,
            config_settings=asked.config_settings,
        )
    _check(asked, wanted)
    return wanted


def _check(asked: Asked, wanted: Wanted) -> None:
    """What holds for editables, constraints and hashes, whatever the form."""
    if asked.constraint:
        if asked.editable:
            raise asked.problem("a constraint cannot be editable", "remove the -e")
        if wanted.requirement is None:
            raise asked.problem("a constraint must have a name", "write NAME @ URL")
        if wanted.requirement.extras:
            raise asked.problem("a constraint cannot have extras", "remove the [brackets]")
    if asked.hashes and isinstance(wanted.direct, VcsUrl | LocalDirectory):
        what = "a repository" if isinstance(wanted.direct, VcsUrl) else "a directory"
        raise asked.problem(
            f"--hash cannot be checked for {what}: only a file has one",
            "remove the --hash, or name an archive",
        )
    if asked.editable:
        if not isinstance(wanted.direct, VcsUrl | LocalDirectory):
            raise asked.problem("-e takes a project's directory or a git URL", "remove the -e")
        log.get().info("requirements.editable", requirement=asked.shown, origin=str(asked.origin))


def _split_marker(text: str) -> tuple[str, str]:
    """The requirement and its marker's text. In a URL a ``;`` counts only beside a blank."""
    if urls.scheme_of(text):
        separator = r";\s+"  # pip's: "#egg=x ; marker" and "#egg=x; marker"
    elif "://" in text.partition(";")[0]:
        separator = r"\s;|;\s"
    else:
        separator = ";"
    body, *rest = re.split(separator, text, maxsplit=1)
    return body.strip(), rest[0].strip() if rest else ""


def _reference(asked: Asked, body: str, cwd: Path) -> _Reference | None:
    """The direct reference that *body* is, or None if it is a name with a specifier."""
    if urls.scheme_of(body):
        return _from_url(asked, body, cwd)
    if body.lower().startswith("git+"):  # git+git@host:path, which is no URL
        urls.parse_git(body)
    if _NAMED_DIRECT.match(body) and not (cwd / body).exists():
        requirement = _requirement(asked, body)
        url = requirement.url or ""
        if not urls.scheme_of(url):
            hint = "a path is given without a name: ./PATH, or as NAME @ file:///absolute/path"
            raise asked.problem(f"{mask(url)!r} is no URL", hint)
        found = _from_url(asked, url, cwd)
        extras = frozenset(requirement.extras)
        name = found.name if _same_project(found.name, requirement.name) else requirement.name
        return _Reference(name=name, extras=extras, direct=found.direct)
    return _from_path(asked, body, cwd)


def _same_project(stated: str | None, name: str) -> bool:
    """Whether ``name==version`` of a wheel's file name is of the project *name*."""
    return stated is not None and canonicalize_name(stated.partition("==")[0]) == (
        canonicalize_name(name)
    )


def _from_url(asked: Asked, url: str, cwd: Path) -> _Reference:
    scheme = urls.scheme_of(url) or ""
    if scheme == "ftp":
        raise asked.problem("ftp: is not spoken", "fetch the file, then name its path")
    if scheme not in ("http", "https", "file"):
        repository, fragment = urls.parse_git(url)
        name, extras = _egg(asked, fragment)
        return _Reference(name=name, extras=extras, direct=repository)
    if scheme == "file":
        head, extras = _split_extras(url.partition("#")[0])
        bare, fragment = urls.split_fragment(f"{head}#{url.partition('#')[2]}")
        name, egg_extras = _egg(asked, fragment)
        path = urls.file_path(bare, cwd)
        return _local(asked, path, name, extras | egg_extras, fragment)
    bare, fragment = urls.split_fragment(url)
    if not bare.partition("://")[2].strip("/"):
        raise asked.problem("names no file", "https://HOST/PATH/NAME-VERSION.tar.gz")
    name, extras = _egg(asked, fragment)
    return _archive(bare, name, extras, fragment)


def _from_path(asked: Asked, body: str, cwd: Path) -> _Reference | None:
    head, extras = _split_extras(body)
    if "/" not in head and len(os.fsencode(head)) > _NAME_MAX:
        return None  # a long list of specifiers; no file has such a name, and to look for one is an error
    path = urls.absolute(head, cwd)
    like_path = "/" in head or head.startswith(".")
    if path.is_dir() and (like_path or asked.editable):
        return _local(asked, path, None, extras, urls.Fragment())
    if urls.has_archive_name(head):
        return _local(asked, path, None, extras, urls.Fragment())
    _refuse_list(asked, head, path, like_path=like_path)
    if like_path or asked.editable:
        raise asked.problem(f"there is no {path}", "relative paths start at the working directory")
    if any((path / file).is_file() for file in _PROJECT_FILES):
        # As in pip. But whoever meant the directory gets a stranger's package of that name.
        log.get().warning("requirements.also_directory", origin=str(asked.origin), name=head)
    return None


def _refuse_list(asked: Asked, head: str, path: Path, *, like_path: bool) -> None:
    """A list of requirements, or a project's own file, given as if it were a requirement."""
    listing = head.lower().endswith(_LISTS)
    if path.name in _PROJECT_FILES:
        directory = head.rpartition("/")[0] or "."
        raise asked.problem(
            "is a project's file, not a requirement", f"name its directory: {directory}"
        )
    if listing and (path.is_file() or like_path or head.lower().endswith(".txt")):
        missing = "" if path.is_file() else " (and there is no such file)"
        raise asked.problem(f"is a file of requirements, not a requirement{missing}", f"-r {head}")
    if like_path and path.is_file():
        raise asked.problem("is neither a directory nor an archive", _ARCHIVES_HINT)


def _local(
    asked: Asked, path: Path, name: str | None, extras: frozenset[str], fragment: urls.Fragment
) -> _Reference:
    """A directory or archive of the host."""
    if path.is_dir():
        project = path / (fragment.subdirectory or "")
        if not any((project / f).is_file() for f in ("pyproject.toml", "setup.py")):
            raise asked.problem(f"{project} has neither pyproject.toml nor setup.py")
        direct = LocalDirectory(path=path, subdirectory=fragment.subdirectory)
        return _Reference(name=name, extras=extras, direct=direct)
    if not path.is_file():
        raise asked.problem(f"there is no {path}", "relative paths start at the working directory")
    if not urls.has_archive_name(path.name):
        raise asked.problem("is neither a directory nor an archive", _ARCHIVES_HINT)
    return _archive(path.as_uri(), name, extras, fragment)


def _archive(
    url: str, name: str | None, extras: frozenset[str], fragment: urls.Fragment
) -> _Reference:
    stated = urls.name_from_filename(url)
    if stated is None or fragment.subdirectory:  # of a repository's archive, not of the project
        stated = name
    direct = ArchiveUrl(url=url, subdirectory=fragment.subdirectory, hashes=fragment.hashes)
    return _Reference(name=stated, extras=extras, direct=direct)


def _egg(asked: Asked, fragment: urls.Fragment) -> tuple[str | None, frozenset[str]]:
    """The name and extras of ``#egg=``."""
    if fragment.egg is None:
        return None, frozenset()
    name, extras = _split_extras(fragment.egg)
    if not _NAME.fullmatch(name):
        raise asked.problem(f"egg={fragment.egg!r} is no project's name", "write NAME @ URL")
    return name, extras


def _split_extras(text: str) -> tuple[str, frozenset[str]]:
    """``./pkg[a,b]`` → ``./pkg`` and its extras, normalised."""
    found = _EXTRAS.fullmatch(text)
    if found is None:
        return text, frozenset()
    names = (name.strip() for name in found["extras"].split(","))
    return found["head"], frozenset(canonicalize_name(name) for name in names if name)


def _marker(asked: Asked, text: str) -> Marker:
    try:
        return Marker(text)
    except InvalidMarker as error:
        raise asked.problem(f"its marker cannot be read: {_first_line(error)}") from None


def _requirement(asked: Asked, text: str) -> Requirement:
    try:
        return strangers.requirement(text.removesuffix(";"))  # an empty marker, which pip accepts
    except InvalidRequirement as error:
        raise asked.problem(_first_line(error), _suggestion(asked.shown)) from None


def _first_line(error: Exception) -> str:
    """packaging's reason; the lines below it repeat the text, with its secrets."""
    reason = str(error).partition("\n")[0]
    return f"{reason[:1].lower()}{reason[1:]}"


_SLIPS = (
    # What people type instead of a specifier, and what they meant.
    (re.compile(r"^([^=<>!~;@]+?)\s*=\s*([^=<>\s].*)$"), r"\1==\2"),
    (re.compile(r"^([^=<>!~;@]+?)\s*=([<>])\s*(.+)$"), r"\1\2=\3"),
    (re.compile(r"^([A-Za-z0-9][\w.-]*(?:\[[^\]]*\])?)\s+v?(\d[\w.]*)$"), r"\1==\2"),
    (re.compile(r"^([^=<>!~;@]+[<>=!~]+[^\s,<>=!~;]+)\s*([<>=!~]+[^\s,<>=!~;]+)$"), r"\1,\2"),
    (re.compile(r"^([^=<>!~;@]+?)\s*===?\s*v?(latest|any|\*)$"), r"\1"),
)


def _suggestion(text: str) -> str:
    """The requirement that was probably meant, if it would be one."""
    for slip, meant in _SLIPS:
        if slip.match(text):
            candidate = slip.sub(meant, text)
            try:
                Requirement(candidate)
            except InvalidRequirement:
                continue
            return f"did you mean {candidate} ?"
    return "a requirement reads like NAME, NAME==1.2, NAME[extra]>=1,<2 ; MARKER or NAME @ URL"
