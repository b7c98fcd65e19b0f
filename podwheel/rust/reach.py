"""Which crates of a source its build compiles, and which locks it reads.

The rule. The build starts from the manifests that ``pyproject.toml`` names (``[tool.maturin]
manifest-path``, ``[[tool.setuptools-rust.ext-modules]] path``), or from that of the project's own
directory if maturin is the backend. Else a setup.py or a hook may start cargo anywhere: every
outermost manifest counts that is not below a directory of tests, examples, benchmarks or fuzzers,
and that no other one reaches. From each of these the ``path`` dependencies are followed, but not
those for tests: these crates are *compiled*, and their ``rust-version`` holds. The other members
of their workspaces are only *loaded*: cargo must be able to read their manifests, no more.
"""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, Any, Final

from attrs import frozen
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from podwheel.rust.manifest import dependencies, is_excluded, join, member_directories

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from podwheel.rust.manifest import Manifest, Table
    from podwheel.rust.members import Parts

_ASIDE: Final = frozenset({"test", "tests", "testing", "fuzz", "bench", "benches", "benchmarks",
                           "example", "examples", "docs", "doc"})  # fmt: skip
_BACKENDS: Final = frozenset({"maturin", "setuptools-rust"})


@frozen(kw_only=True)
class Start:
    """Where a build starts cargo."""

    directories: tuple[Parts, ...]
    named: bool
    """pyproject.toml says so; False: it is only likely."""
    certain: bool
    """Its backend is one that runs cargo; False: the build may do without."""
    minimum: tuple[str, ...] = ()
    """``rust-version`` of setuptools-rust's table: specifiers."""


@frozen(kw_only=True)
class Reach:
    """What a build makes cargo read."""

    compiled: Mapping[Parts, bool]
    """Directories of the crates; whether they are compiled whatever the features are."""
    loaded: tuple[Parts, ...]
    """Directories of all manifests that cargo parses; sorted."""
    roots: tuple[Parts, ...]
    """Directories of the workspaces, where their locks stand; in the order in which they are met."""
    unlockable: frozenset[Parts]
    """Those of `roots` whose crates all come from the source itself: no lock is needed."""


class Crates:
    """The manifests of a source, by directory, and the ways between them."""

    def __init__(self, manifests: Mapping[Parts, Manifest]) -> None:
        self._manifests = manifests

    def start(self, pyproject: str | None, project: Parts) -> Start:
        """Where the build of the Python project in the directory *project* starts."""
        document = _document(pyproject)
        backend = document.get("build-system")
        backend = backend if isinstance(backend, dict) else {}
        required = _required(backend)
        tools = document.get("tool")
        tools = tools if isinstance(tools, dict) else {}
        certain = not required.isdisjoint(_BACKENDS)
        paths, minimum = _named(tools)
        named = [self._directory(project, path) for path in paths]
        found = tuple(dict.fromkeys(d for d in named if d is not None))
        if found:
            return Start(directories=found, named=True, certain=certain, minimum=minimum)
        if project in self._manifests and "maturin" in required:
            return Start(directories=(project,), named=True, certain=True)
        return Start(directories=self._outermost(), named=False, certain=certain, minimum=minimum)

    def reach(self, start: Iterable[Parts]) -> Reach:
        """Everything that is reached from there."""
        compiled: dict[Parts, bool] = {}
        roots: dict[Parts, None] = {}
        for directory in start:
            root = self.root(directory)
            roots.setdefault(root.directory)
            for first in self._targets(self._manifests[directory]):
                self._compile(first, compiled, needed=True)
        loaded: set[Parts] = set()
        unlockable = set()
        for each in roots:
            within, elsewhere = self._load(self._manifests[each])
            loaded |= within
            if not elsewhere:
                unlockable.add(each)
        return Reach(
            compiled=compiled,
            loaded=tuple(sorted(loaded | set(compiled))),
            roots=tuple(roots),
            unlockable=frozenset(unlockable),
        )

    def root(self, directory: Parts) -> Manifest:
        """The root of the workspace that the crate in *directory* is a member of; maybe itself."""
        own = self._manifests[directory]
        if own.workspace is not None:
            return own
        pointer = (own.package or {}).get("workspace")
        if isinstance(pointer, str):
            pointed = join(directory, pointer)
            return own if pointed is None else self._manifests.get(pointed, own)
        for n in range(len(directory) - 1, -1, -1):
            above = self._manifests.get(directory[:n])
            if above is not None and above.workspace is not None:
                return own if is_excluded(above, directory) else above
        return own

    def _directory(self, project: Parts, path: str) -> Parts | None:
        """The directory of the manifest that pyproject.toml names; None: it is not there."""
        parts = join(project, path)
        return parts[:-1] if parts and parts[:-1] in self._manifests else None

    def _outermost(self) -> tuple[Parts, ...]:
        top = [
            directory
            for directory in sorted(self._manifests, key=lambda d: (len(d), d))
            if not any(directory[:n] in self._manifests for n in range(len(directory)))
        ]
        chosen = [directory for directory in top if not is_aside(directory)]
        reached: dict[Parts, set[Parts]] = {d: set(self.reach([d]).compiled) - {d} for d in chosen}
        return tuple(d for d in chosen if not any(d in reached[o] for o in chosen if o != d))

    def _targets(self, manifest: Manifest) -> list[Parts]:
        """What cargo builds in that directory: the package, else the workspace's default members."""
        if manifest.package is not None:
            return [manifest.directory]
        directories = list(self._manifests)
        return member_directories(manifest, directories, "default-members") or member_directories(
            manifest, directories, "members"
        )

    def _compile(self, first: Parts, compiled: dict[Parts, bool], *, needed: bool) -> None:
        waiting = [(first, needed)]
        while waiting:
            directory, needed = waiting.pop()
            known = compiled.get(directory)
            if directory not in self._manifests or (known is not None and known >= needed):
                continue
            compiled[directory] = needed
            own = self._manifests[directory]
            waiting += (
                (one.path, needed and not one.optional)
                for one in dependencies(own, self.root(directory), tests=False)
                if one.path is not None
            )

    def _load(self, root: Manifest) -> tuple[set[Parts], bool]:
        """All manifests of a workspace, and whether any has a dependency from elsewhere."""
        elsewhere = False
        loaded: set[Parts] = set()
        waiting = [root.directory, *member_directories(root, list(self._manifests), "members")]
        while waiting:
            directory = waiting.pop()
            if directory in loaded or directory not in self._manifests:
                continue
            loaded.add(directory)
            own = self._manifests[directory]
            for one in dependencies(own, self.root(directory), tests=True):
                if one.path is None:
                    elsewhere = True
                else:
                    waiting.append(one.path)
        return loaded, elsewhere


def is_aside(directory: Parts) -> bool:
    """Whether a crate is a fixture or an example: no build starts there."""
    return not _ASIDE.isdisjoint(directory)


def _document(pyproject: str | None) -> Table:
    try:
        return tomllib.loads(pyproject or "")
    except (tomllib.TOMLDecodeError, RecursionError, ValueError):
        return {}  # the backend's reader tells


def _required(backend: Table) -> set[str]:
    """The names of ``build-system.requires``, and the backend's module as one of them."""
    names = set()
    requires = backend.get("requires")
    for text in requires if isinstance(requires, list) else []:
        try:
            names.add(str(canonicalize_name(Requirement(str(text)).name)))
        except InvalidRequirement:
            continue
    module = backend.get("build-backend")
    if isinstance(module, str):
        names.add(str(canonicalize_name(module.partition(":")[0].partition(".")[0])))
    return names


def _named(tools: Table) -> tuple[list[str], tuple[str, ...]]:
    """The manifests that the tools' tables name, and setuptools-rust's least versions."""
    paths: list[str] = []
    minimum: list[str] = []
    maturin = tools.get("maturin")
    if isinstance(maturin, dict) and isinstance(maturin.get("manifest-path"), str):
        paths.append(maturin["manifest-path"])
    rust = tools.get("setuptools-rust")
    for key in ("ext-modules", "bins"):
        listed: Any = rust.get(key) if isinstance(rust, dict) else None
        for one in listed if isinstance(listed, list) else []:
            if isinstance(one, dict):
                path = one.get("path", "Cargo.toml")
                paths += [path] if isinstance(path, str) else []
                version = one.get("rust-version")
                minimum += [version] if isinstance(version, str) else []
    return paths, tuple(minimum)
