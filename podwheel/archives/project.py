"""What a source says of its build backend and of its metadata, statically."""

from __future__ import annotations

import re
import tomllib
from typing import TYPE_CHECKING, Any

from attrs import frozen
from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier
from packaging.utils import InvalidSdistFilename, canonicalize_name, parse_sdist_filename
from packaging.version import InvalidVersion, Version

from podwheel import strangers
from podwheel.archives.metadata import metadata_of, read_fields
from podwheel.archives.streams import Unreadable, name_parts
from podwheel.errors import BackendUnusable, MetadataUnusable
from podwheel.model import Metadata

if TYPE_CHECKING:
    from packaging.utils import NormalizedName

    from podwheel.archives.sdist import Sdist

LEGACY_BACKEND = "setuptools.build_meta:__legacy__"
LEGACY_REQUIREMENT = "setuptools>=40.8.0"
"""What PEP 517 prescribes where a source names no backend, and pip uses."""

_BACKEND = re.compile(r"[A-Za-z_]\w*(\.\w+)*(:\w+(\.\w+)*)?")
_RESOLVED = frozenset({"name", "version", "requires-dist", "requires-python", "provides-extra"})
_PEP621 = frozenset({"dependencies", "optional-dependencies", "requires-python"})


@frozen(kw_only=True)
class BuildSystem:
    """``[build-system]`` (PEP 517, PEP 518), defaults filled in."""

    requires: tuple[Requirement, ...]
    backend: str
    """``module:object``."""
    backend_path: tuple[str, ...] = ()
    """Directories of the source that the backend is imported from, relative to it."""
    legacy: bool
    """No backend was named: setuptools, with the source's directory on ``sys.path``."""


def read_build_system(pyproject: str | None, *, filename: str) -> BuildSystem:
    """The build system that a source declares.

    Args:
        pyproject: Text of its ``pyproject.toml``; None: it has none.
        filename: The source's name, for messages.

    Raises:
        BackendUnusable: The file is no TOML, or the table is not what the PEPs say.
    """
    table = _load(pyproject or "", filename).get("build-system", {})

    def fail(problem: str) -> BackendUnusable:
        return BackendUnusable(f"{filename}: pyproject.toml: [build-system] {problem}")

    if not isinstance(table, dict):
        raise fail("is not a table")
    if table and "requires" not in table:
        raise fail("has no `requires` (PEP 518)")
    requires = _requirements(table.get("requires", [LEGACY_REQUIREMENT]), fail)
    backend = table.get("build-backend")
    backend_path = table.get("backend-path", [])
    if not (isinstance(backend_path, list) and all(isinstance(p, str) for p in backend_path)):
        raise fail("`backend-path` is not a list of strings")
    if backend is None:
        if backend_path:
            raise fail("has a `backend-path` and no `build-backend`")
        if all(canonicalize_name(r.name) != "setuptools" for r in requires):
            # Without it the default backend cannot even be imported; pip warns and fails.
            requires = (*requires, Requirement(LEGACY_REQUIREMENT))
        return BuildSystem(requires=requires, backend=LEGACY_BACKEND, legacy=True)
    if not isinstance(backend, str) or not _BACKEND.fullmatch(backend):
        raise fail(f"`build-backend` is not an object's path: {backend!r}")
    for directory in backend_path:
        try:
            name_parts(directory)
        except Unreadable as error:
            raise fail(f"`backend-path` leaves the source: {directory!r}") from error
    return BuildSystem(
        requires=requires,
        backend=backend,
        backend_path=tuple(backend_path),
        legacy=False,
    )


def static_metadata(sdist: Sdist) -> Metadata | None:
    """The metadata that every wheel of this source will have, where the source promises that.

    From ``PKG-INFO`` by PEP 643 (version 2.2 on, and nothing that a resolver needs is dynamic);
    else from ``[project]`` by PEP 621, the version from ``PKG-INFO`` where it is dynamic.

    Returns:
        None where only the backend can tell.

    Raises:
        MetadataUnusable: What is promised cannot be read, or is of another package than the
            file name says.
    """
    found = _from_pkg_info(sdist) or _from_pyproject(sdist)
    if found is not None:
        _check_filename(found, sdist.filename)
    return found


def _from_pkg_info(sdist: Sdist) -> Metadata | None:
    if sdist.pkg_info is None:
        return None
    where = f"{sdist.filename}: PKG-INFO"
    fields, unparsed = read_fields(_encoded(sdist.pkg_info), where=where)
    try:
        version = tuple(int(part) for part in fields.get("metadata_version", "0").split("."))
    except ValueError:
        return None
    dynamic = {name.lower() for name in fields.get("dynamic") or ()}
    if version < (2, 2) or dynamic & _RESOLVED or "dynamic" in unparsed:
        return None
    return metadata_of(fields, unparsed, where=where)


def _from_pyproject(sdist: Sdist) -> Metadata | None:
    try:
        project = _load(sdist.pyproject or "", sdist.filename).get("project")
    except BackendUnusable:
        return None  # building it will tell
    if not isinstance(project, dict) or not isinstance(project.get("name"), str):
        return None
    dynamic = project.get("dynamic", [])
    if not isinstance(dynamic, list) or not _PEP621.isdisjoint(map(str, dynamic)):
        return None
    version = _version(project.get("version"), sdist)
    if version is None:
        return None
    where = f"{sdist.filename}: pyproject.toml: [project]"

    def fail(problem: str) -> MetadataUnusable:
        return MetadataUnusable(f"{where} {problem}")

    optional = project.get("optional-dependencies", {})
    if not isinstance(optional, dict):
        raise fail("`optional-dependencies` is not a table")
    requires = list(_requirements(project.get("dependencies", []), fail))
    extras: set[NormalizedName] = set()
    for extra, listed in optional.items():
        extras.add(canonicalize_name(extra))
        requires += (_with_extra(r, canonicalize_name(extra)) for r in _requirements(listed, fail))
    try:
        written = project.get("requires-python")
        requires_python = strangers.specifiers(written) if isinstance(written, str) else None
    except InvalidSpecifier as error:
        raise fail(f"`requires-python` is invalid: {error}") from error
    return Metadata(
        name=project["name"],
        version=version,
        requires=tuple(requires),
        requires_python=requires_python,
        extras=frozenset(extras),
    )


def _version(stated: Any, sdist: Sdist) -> Version | None:
    try:
        if isinstance(stated, str):
            return strangers.version(stated)
        if sdist.pkg_info is None:
            return None
        fields, _ = read_fields(_encoded(sdist.pkg_info), where=f"{sdist.filename}: PKG-INFO")
        return strangers.version(fields.get("version", ""))
    except InvalidVersion:
        return None


def _with_extra(requirement: Requirement, extra: str) -> Requirement:
    condition = f'extra == "{extra}"'
    marker = f"({requirement.marker}) and {condition}" if requirement.marker else condition
    bare = Requirement(str(requirement))
    bare.marker = None
    return Requirement(f"{bare} ; {marker}")


def _requirements(listed: Any, fail: Any) -> tuple[Requirement, ...]:
    if not (isinstance(listed, list) and all(isinstance(item, str) for item in listed)):
        raise fail("has requirements that are not a list of strings")
    requirements = []
    for item in listed:
        try:
            requirements.append(strangers.requirement(item))
        except InvalidRequirement as error:
            raise fail(f"has an invalid requirement, {item[:200]!r}") from error
    return tuple(requirements)


def _load(text: str, filename: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError, ValueError) as error:
        raise BackendUnusable(
            f"{filename}: pyproject.toml is not valid TOML", said=str(error)
        ) from error


def _check_filename(metadata: Metadata, filename: str) -> None:
    try:
        name, version = parse_sdist_filename(filename)
    except InvalidSdistFilename:
        return  # main.zip, or a packed directory: it promises nothing
    if canonicalize_name(metadata.name) != name or metadata.version != version:
        raise MetadataUnusable(f"{filename} has the metadata of {metadata.name} {metadata.version}")


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
