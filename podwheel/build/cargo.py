"""Rust in a build without a network: the crates of its locks, and a toolchain that is new enough.

What is certain to run cargo has both before any of its code runs, or fails here with what is
missing. A source that only has Rust code somewhere gets them once it turns out that a toolchain is
wanted: a failed attempt asked for one, an earlier run found one, a user wrote one down.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from attrs import define, evolve, field

from podwheel import log
from podwheel.build.inputs import Input, Inputs, Placement
from podwheel.errors import PodwheelError, ToolchainTooOld
from podwheel.index.once import Once
from podwheel.model import VcsUrl
from podwheel.remedies.remedy import NEWER
from podwheel.rust.tree import read_tree
from podwheel.rust.vendor import PREFIX, repositories, vendor
from podwheel.sandbox.arguments import CONSTANT_ENVIRONMENT
from podwheel.store import digest_of
from podwheel.toolchains import choose, host, provision
from podwheel.toolchains.distribution import of_distribution
from podwheel.toolchains.want import Want

if TYPE_CHECKING:
    from collections.abc import Sequence

    from podwheel.build.project import Project
    from podwheel.build.sources import Sources
    from podwheel.build.supplies import Supplies
    from podwheel.build.task import Steps
    from podwheel.build.workshop import Workshop
    from podwheel.remedies.remedy import Remedy
    from podwheel.rust import Git
    from podwheel.rust.tree import Tree
    from podwheel.rust.vendor import Vendored
    from podwheel.toolchains.distribution import Candidate
    from podwheel.toolchains.host import Toolchain, Unusable

_TOOL: Final = "rust"
_LOCK: Final = "/podwheel/in/Cargo.lock"
_HOME: Final = "home/.cargo"
"""``$CARGO_HOME``, relative to the container's own directory."""


@define(kw_only=True)
class Cargo:
    """Gives projects with Rust code what cargo needs."""

    workshop: Workshop
    sources: Sources
    supplies: Supplies
    inputs: Inputs
    _host: Once[tuple[Toolchain | Unusable, ...]] = field(init=False)
    _distribution: Once[tuple[Candidate, ...]] = field(init=False)

    def __attrs_post_init__(self) -> None:
        shop = self.workshop
        self._host = Once(lambda: host.installed(shop.rust.places, store=shop.store))
        self._distribution = Once(self._candidates)

    def equipped(self, project: Project) -> Steps[Project]:
        """The project with a toolchain and its crates, where its build runs cargo; twice changes nothing.

        Raises:
            ToolchainTooOld: No toolchain is new enough.
            CargoLockMissing, CargoLockUnusable, CrateUnusable, DownloadError: Its crates cannot be had.
            ImageBuildFailed: The distribution's toolchain cannot be installed.
        """
        if any(one.kind == "crates" for one in project.inputs):
            return project
        tree = self._tree(project)
        if tree is None or not (tree.certain or self._is_wanted(project)):
            return project
        try:
            return (yield from self._equipped(project, tree))
        except PodwheelError as error:
            if tree.certain:
                raise
            log.get().warning("cargo.without", project=project.title, reason=str(error))
            return project

    def _is_wanted(self, project: Project) -> bool:
        """Whether a toolchain was written down or found, or the user speaks of the project's crates."""
        if project.settings.cargo_lock is not None or self._written(project):
            return True
        # Nothing can be found missing where there is no index of files.
        return self.workshop.rust.named is not None and not self._distribution.get()

    def newer(self, project: Project, remedy: Remedy) -> tuple[Project, Remedy]:
        """The project with a newer toolchain than the one that it failed with, and how new that is.

        Raises:
            ToolchainTooOld: There is none.
            ImageBuildFailed: It cannot be installed.
        """
        tree = self._tree(project)
        wants = () if tree is None else tree.wants
        written = self._written(project)
        if remedy.rust == NEWER:
            failed = self._choice(project, wants, written).taken.version
            remedy = evolve(remedy, rust=f"{failed.major}.{failed.minor + 1}")
        wants = (*wants, Want(tool=_TOOL, minimum=remedy.rust, by=remedy.reason))
        bare = evolve(
            project, inputs=tuple(one for one in project.inputs if one.kind != "toolchain")
        )
        if not self._by_hand(project, written):
            bare = self._without(bare)
        return self._with_toolchain(bare, wants), remedy

    def _tree(self, project: Project) -> Tree | None:
        """What its source says of Rust; that this is nothing is kept."""
        source, store = project.source, self.workshop.store
        key = digest_of([source.sha256, source.subdirectory or ""])
        if store.read("no-rust", key) is not None:
            return None
        tree = read_tree(source.archive, filename=source.filename, subdirectory=source.subdirectory)
        if tree is None:
            store.write("no-rust", key, {"source": source.filename})
        return tree

    def _equipped(self, project: Project, tree: Tree) -> Steps[Project]:
        own = project.settings.cargo_lock
        if own is not None:
            text = own.read_text("utf-8", "replace")
            tree = tree.with_lock(text, where=str(own))
            project = self._with_lock(project, tree, own)
        tree.check_locked(package=project.name, wanted_by=project.wanted_by)
        self._chosen(project, tree.wants)  # told before anything is fetched for it
        vendored = yield from self._vendored(project, tree)
        project = self._with_toolchain(project, (*tree.wants, *vendored.wants))
        crates = Input(
            kind="crates",
            name=f"{vendored.crates} crate{'s' * (vendored.crates != 1)}",
            digest=vendored.digest,
            target=PREFIX,
            places=(
                Placement(source=f"{PREFIX}/config.toml", to=f"{_HOME}/config.toml", base="build"),
            ),
            reason=", ".join(path for path, _ in tree.locks),
        )
        self.inputs.offer(crates, lambda: vendored.directory)
        return evolve(project, inputs=(*project.inputs, crates))

    def _with_lock(self, project: Project, tree: Tree, own: Path) -> Project:
        sha256, kept = self.workshop.store.put_file(own)
        lock = Input(
            kind="lock",
            name=tree.lock_path,
            digest=sha256,
            target=_LOCK,
            places=(Placement(source=_LOCK, to=tree.lock_path, base="top"),),
            reason=f"cargo-lock under [package.{project.name}] of {project.settings_file}",
        )
        return evolve(project, inputs=(*project.inputs, self.inputs.offer(lock, lambda: kept)))

    # ------------------------------------------------------------ crates

    def _vendored(self, project: Project, tree: Tree) -> Steps[Vendored]:
        store = self.workshop.store
        checkouts: dict[Git, Path] = {}
        for git in repositories(tree.needed, store=store):
            source = yield from self.sources.of_direct(
                VcsUrl(url=git.url, ref=git.commit),
                hashes=(),
                wanted_by=(f"Cargo.lock of {project.source.filename}", *project.wanted_by),
            )
            checkouts[git] = source.archive
        return vendor(
            tree.needed,
            registries=self.workshop.registries,
            store=store,
            checkout=checkouts.__getitem__,
            wanted_by=(project.title, *project.wanted_by),
        )

    # ------------------------------------------------------------ the toolchain

    def _with_toolchain(self, project: Project, wants: Sequence[Want]) -> Project:
        """The best toolchain there is, in the project's image or mounted."""
        project, choice = self._chosen(project, wants)
        chosen = provision.provision(choice, store=self.workshop.store)
        told = _told(choice)
        name = f"{_TOOL} {choice.taken.release if isinstance(choice.taken, host.Toolchain) else choice.taken.version}"
        reason = name + f" ({told})" * bool(told)
        written = self._written(project) if chosen.mounts else ()
        if written and not self._by_hand(project, written):
            project = self._without(project)  # of an earlier run: one toolchain is enough
        project = self.supplies.with_packages(project, chosen.packages, reason)
        for mount in chosen.mounts:
            assert chosen.sha256 is not None, mount  # what is mounted is the host's
            one = Input(
                kind="toolchain",
                name=name,
                digest=chosen.sha256,
                target=mount.target,
                reason=told,
            )
            self.inputs.offer(one, partial(Path, mount.source))
            project = evolve(project, inputs=(*project.inputs, one))
        return _in_path(project, chosen.path)

    def _chosen(self, project: Project, wants: Sequence[Want]) -> tuple[Project, choose.Choice]:
        """The best toolchain, and the project without one that was found for another version of it."""
        known = (Want(tool=_TOOL, minimum=r.rust, by=r.reason) for r in project.remedies if r.rust)
        wants = (*wants, *known)
        written = self._written(project)
        try:
            return project, self._choice(project, wants, written)
        except ToolchainTooOld:
            if not written or not self.workshop.system.looking or self._by_hand(project, written):
                raise
        project = self._without(project)
        return project, self._choice(project, wants, ())

    def _by_hand(self, project: Project, written: Sequence[Candidate]) -> bool:
        """Whether the user wrote one of these toolchains down, who then has the last word."""
        names = {name for one in written for name in one.packages}
        return any(one.name in names and not one.found for one in project.supplies)

    def _choice(
        self, project: Project, wants: Sequence[Want], written: tuple[Candidate, ...]
    ) -> choose.Choice:
        looking = self.workshop.system.looking
        return choose.choose(
            _TOOL,
            wants,
            project=project.title,
            target=self.workshop.target,
            distribution=written or (self._distribution.get() if looking else ()),
            host=self._host.get(),
            configured=self._configured(),
        )

    def _configured(self) -> Toolchain | Unusable | None:
        rust = self.workshop.rust
        if rust.named is None:
            return None
        return host.named(
            rust.named,
            source=rust.source,
            places=rust.places,
            cwd=rust.cwd,
            store=self.workshop.store,
        )

    def _candidates(self) -> tuple[Candidate, ...]:
        files = self.supplies.files
        return () if files is None else of_distribution(_TOOL, files)

    def _written(self, project: Project) -> tuple[Candidate, ...]:
        """The distribution's toolchain that is written down, or was found before: it alone counts."""
        have = {supply.name for supply in project.supplies}
        if not have:
            return ()
        return tuple(one for one in self._distribution.get() if have.intersection(one.packages))

    def _without(self, project: Project) -> Project:
        """The project without the distribution's toolchains, and without a place for one in PATH."""
        candidates = self._distribution.get()
        bare = self.supplies.without(project, {name for one in candidates for name in one.packages})
        places = {place for one in candidates for place in one.path}
        variables = dict(bare.variables)
        if "PATH" in variables:
            variables["PATH"] = ":".join(
                place
                for place in variables["PATH"].split(":")
                if place not in places and not place.startswith(provision.PLACE)
            )
        return evolve(bare, variables=tuple(sorted(variables.items())))


def _told(choice: choose.Choice) -> str:
    """Who asked for which version, for the record."""
    lines = (
        f"{want.channel or want.minimum}: {want.by}" + " (not fulfilled)" * (want in choice.unmet)
        for want in choice.wants
        if want.channel or want.minimum
    )
    return "; ".join(dict.fromkeys(lines))


def _in_path(project: Project, directories: Sequence[str]) -> Project:
    if not directories:
        return project
    variables = dict(project.variables)
    path = variables.get("PATH") or dict(CONSTANT_ENVIRONMENT)["PATH"]
    variables["PATH"] = ":".join([*directories, path])
    return evolve(project, variables=tuple(sorted(variables.items())))
