"""``Cargo.toml`` as data, and what a workspace's members inherit from its root.

The rules are cargo's own (the Cargo book, "The Manifest Format" and "Workspaces"; cargo's
workspace/parser). A manifest is a stranger's file: what is of a wrong type counts as absent, for
cargo itself will say so in the container.
"""

from __future__ import annotations

import posixpath
import tomllib
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, Final

from attrs import field, frozen

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from podwheel.rust.members import Parts

Table = dict[str, Any]

_DEPENDENCIES: Final = ("dependencies", "build-dependencies", "build_dependencies")
_FOR_TESTS: Final = ("dev-dependencies", "dev_dependencies")
_PATHS: Final = ("readme", "license-file")
"""Fields of a package that are relative to the workspace's root where they are inherited."""


@frozen(kw_only=True)
class Manifest:
    """One Cargo.toml and where it stands."""

    directory: Parts
    """Relative to the top of its source or repository."""
    table: Table = field(repr=False)

    @property
    def path(self) -> str:
        return "/".join((*self.directory, "Cargo.toml"))

    @property
    def package(self) -> Table | None:
        """``[package]``, or ``[project]`` as it was once called; None: only a workspace."""
        value = self.table.get("package", self.table.get("project"))
        return value if isinstance(value, dict) else None

    @property
    def workspace(self) -> Table | None:
        """``[workspace]``; None: this is no workspace's root."""
        value = self.table.get("workspace")
        return value if isinstance(value, dict) else None

    def inherited(self, key: str) -> Table:
        """``[workspace.KEY]``: what members can inherit."""
        return _table(self.workspace or {}, key)

    def said(self, key: str, root: Manifest) -> str | None:
        """A string of ``[package]``, taken from *root* where it says ``workspace = true``."""
        value = (self.package or {}).get(key)
        if _inherits(value):
            value = root.inherited("package").get(key)
        return value if isinstance(value, str) else None


@frozen(kw_only=True)
class Dependency:
    """One dependency of a manifest."""

    path: Parts | None
    """The directory of a crate in the same source; None: it comes from elsewhere."""
    optional: bool


def parse(text: str, directory: Parts) -> Manifest | None:
    """The manifest; None where the text is no TOML."""
    try:
        return Manifest(directory=directory, table=tomllib.loads(text))
    except (tomllib.TOMLDecodeError, RecursionError, ValueError):
        return None


def dependencies(manifest: Manifest, root: Manifest, *, tests: bool) -> Iterator[Dependency]:
    """The dependencies of a package, those for some platforms only included.

    Args:
        root: Of its workspace; may be the manifest itself.
        tests: With those that only tests and examples use. cargo locks them, and does not
            compile them for a build.
    """
    names = _DEPENDENCIES + (_FOR_TESTS if tests else ())
    for holder in (manifest.table, *_tables(_table(manifest.table, "target"))):
        for key in names:
            for name, value in _table(holder, key).items():
                base, directory = value, manifest.directory
                if _inherits(value):
                    base, directory = root.inherited("dependencies").get(name), root.directory
                path = base.get("path") if isinstance(base, dict) else None
                yield Dependency(
                    path=join(directory, path) if isinstance(path, str) else None,
                    optional=isinstance(value, dict) and value.get("optional") is True,
                )


def member_directories(root: Manifest, directories: list[Parts], key: str) -> list[Parts]:
    """Which of *directories* the workspace lists in ``members`` (or another list of patterns)."""
    workspace = root.workspace or {}
    written = (join(root.directory, pattern) for pattern in _strings(workspace, key))
    patterns = [pattern for pattern in written if pattern is not None]
    return [
        directory
        for directory in directories
        if any(_matches(directory, pattern) for pattern in patterns)
        and (key != "members" or not is_excluded(root, directory))
    ]


def is_excluded(root: Manifest, directory: Parts) -> bool:
    """Whether the workspace's ``exclude`` names *directory*, or one above it."""
    excluded = (join(root.directory, p) for p in _strings(root.workspace or {}, "exclude"))
    return any(p is not None and directory[: len(p)] == p for p in excluded)


def _matches(directory: Parts, pattern: Parts) -> bool:
    return len(directory) == len(pattern) and all(
        fnmatchcase(part, glob) for part, glob in zip(directory, pattern, strict=True)
    )


def join(directory: Parts, path: str) -> Parts | None:
    """*path*, written in a file of *directory*; None where it leads out of the source."""
    if path.startswith("/"):
        return None
    joined = posixpath.normpath(posixpath.join("/".join(directory), path))
    parts = tuple(part for part in joined.split("/") if part not in ("", "."))
    return None if ".." in parts else parts


# --------------------------------------------------------------------------- inheritance


def resolve_inheritance(manifest: Table, workspace: Table, *, up: str) -> Table:
    """A member's manifest that says itself what it inherits, as ``cargo vendor`` writes it.

    A directory source has no workspaces: a crate that was a member of one in its repository must
    stand for itself. Dependencies keep their ``path``: in such a source cargo takes its presence
    for "from the same source", and does not follow it.

    Args:
        manifest: The member's Cargo.toml; not changed.
        workspace: The ``[workspace]`` table of its root.
        up: From the member's directory to the root's: ``../..``.

    Returns:
        The manifest without any ``workspace``. What the root does not say is left out.
    """
    made = {key: value for key, value in manifest.items() if key != "workspace"}
    for key in ("package", "project"):
        if isinstance(made.get(key), dict):
            made[key] = _package(made[key], _table(workspace, "package"), up=up)
    shared = _table(workspace, "dependencies")
    new = _edition(made) >= "2024"
    made = _with_dependencies(made, shared, up=up, new=new)
    if isinstance(made.get("target"), dict):
        made["target"] = {
            name: _with_dependencies(value, shared, up=up, new=new)
            if isinstance(value, dict)
            else value
            for name, value in made["target"].items()
        }
    if _inherits(made.get("lints")):
        made["lints"] = _table(workspace, "lints")
    return made


def inherits_anything(manifest: Table) -> bool:
    """Whether a manifest cannot stand without its workspace's root."""
    holders = [manifest, *_tables(_table(manifest, "target"))]
    values = [manifest.get("lints")]
    for key in ("package", "project"):
        values += _table(manifest, key).values()
    for holder in holders:
        for key in (*_DEPENDENCIES, *_FOR_TESTS):
            values += _table(holder, key).values()
    return any(map(_inherits, values)) or "workspace" in _table(manifest, "package")


def _package(package: Table, shared: Table, *, up: str) -> Table:
    made: Table = {}
    for key, value in package.items():
        if key == "workspace":  # where the root is
            continue
        if not _inherits(value):
            made[key] = value
        elif key in shared:
            found = shared[key]
            moved = key in _PATHS and isinstance(found, str)
            made[key] = posixpath.normpath(posixpath.join(up, found)) if moved else found
    return made


def _with_dependencies(holder: Table, shared: Table, *, up: str, new: bool) -> Table:
    made = dict(holder)
    for key in (*_DEPENDENCIES, *_FOR_TESTS):
        if isinstance(made.get(key), dict):
            made[key] = {
                name: _dependency(value, shared.get(name), up=up, new=new)
                if _inherits(value)
                else value
                for name, value in made[key].items()
            }
    return made


def _dependency(own: Table, shared: Any, *, up: str, new: bool) -> Table:
    """One dependency: the root's, and the features, defaults and optionality that the member adds.

    *new*: since edition 2024 a member may switch default features off (RFC 3945); before, it
    can only switch them on.
    """
    made: Table = {"version": shared} if isinstance(shared, str) else dict(shared or {})
    if isinstance(made.get("path"), str):
        made["path"] = posixpath.normpath(posixpath.join(up, made["path"]))
    features = [*_strings(made, "features"), *_strings(own, "features")]
    if features:
        made["features"] = features
    defaults = own.get("default-features", own.get("default_features"))
    known = made.pop("default_features", None)
    known = made.get("default-features", known)
    if (new and defaults is not None) or (defaults is True and known is False):
        made["default-features"] = defaults
    elif known is not None:
        made["default-features"] = known
    for key in ("optional", "public"):
        if key in own:
            made[key] = own[key]
    return made


def _edition(manifest: Table) -> str:
    package = _table(manifest, "package") or _table(manifest, "project")
    edition = package.get("edition")
    return edition if isinstance(edition, str) else ""


def _inherits(value: Any) -> bool:
    return isinstance(value, dict) and value.get("workspace") is True


def _table(holder: Mapping[str, Any], key: str) -> Table:
    value = holder.get(key)
    return value if isinstance(value, dict) else {}


def _tables(holder: Mapping[str, Any]) -> list[Table]:
    return [value for value in holder.values() if isinstance(value, dict)]


def _strings(holder: Mapping[str, Any], key: str) -> list[str]:
    value = holder.get(key)
    return [v for v in value if isinstance(v, str)] if isinstance(value, list) else []
