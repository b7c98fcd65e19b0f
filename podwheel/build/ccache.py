"""A compiler cache for each package: what an earlier build of it compiled, a later one finds (ccache).

A cache is kept as one archive, which the host hands out and takes back and never opens. One package of one
place has it, for one target, and it is mounted where that is built and nowhere else: who poisons it
poisons himself. A wheel made with it is another step's than one made without (`Project.step`).
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from attrs import define, evolve, field, frozen

from podwheel import log
from podwheel.build.ccache_program import ccache_program, known_program
from podwheel.errors import ImageBuildFailed, TargetFileError, ToolFailed
from podwheel.index.once import Once
from podwheel.model import LocalDirectory
from podwheel.sandbox.job import Mount
from podwheel.store import digest_of
from podwheel.targets.installed import installed

if TYPE_CHECKING:
    from pathlib import Path

    from podwheel.build.conversation import Conversation
    from podwheel.build.project import Project
    from podwheel.build.step import Compilations
    from podwheel.build.subject import Subject
    from podwheel.build.workshop import Workshop
    from podwheel.sandbox.job import Limits
    from podwheel.store import Store

DIRECTORY: Final = "ccache"
"""Of the store."""
_PROGRAM: Final = "/podwheel/ccache"
_ARCHIVE: Final = "/podwheel/in/ccache"
_FILE: Final = "cache.tar"
"""As guest/ccache.py sends it."""
_MOST: Final = 512 << 20
_SHARE: Final = 8
"""Of the scratch that it is unpacked into, and of what a step may hand out, at most the eighth part."""
_ENDS: Final = 1 << 20
"""Bytes by which the archive may be larger than what is in it."""


@frozen(kw_only=True)
class CompilerCache:
    """One package's, as one container has it."""

    store: Store
    path: Path
    """The archive in the store, if there is one."""
    toolchain: str
    """Names the packages of the build image: with others, nothing that was compiled is found."""
    limit: int
    """Bytes."""
    program: Path
    """A directory with ccache and its libraries."""

    @property
    def mounts(self) -> tuple[Mount, ...]:
        program = Mount(source=self.program, target=_PROGRAM)
        if not self.store.has(self.path):
            return (program,)
        return (program, Mount(source=self.path, target=_ARCHIVE))

    def lend(self, talk: Conversation) -> bool:
        """Have the hooks that follow use it; False: there is no ccache in that container."""
        return talk.lend_cache(self.limit, self.toolchain)

    def take(self, talk: Conversation, place: Path) -> Compilations | None:
        """Bring it out into the directory *place*, if it has something new; what it was asked for.

        Raises:
            WheelRejected: The guest sent something else.
            GuestGone: As `Session.receive`.
        """
        into = place / "ccache"
        into.mkdir()
        counted = talk.take_cache(into, self.limit + _ENDS)
        if (into / _FILE).exists():
            (into / _FILE).rename(place / _FILE)  # complete
        return counted

    def keep(self, place: Path) -> None:
        """Publish what `take` has brought, when the container is gone. Of two builds at once the later wins."""
        archive = place / _FILE
        if archive.exists():
            archive.chmod(0o644)  # read by a subordinate id
            self.path.parent.mkdir(parents=True, exist_ok=True)
            archive.replace(self.path)


@define(kw_only=True, eq=False)
class CompilerCaches:
    """Those of one run."""

    workshop: Workshop
    asked: Compilations | None = None
    """What all of them were asked for, by the builds that succeeded; None: none was."""
    _program: Once[Path | None] = field(init=False)
    _lock: threading.Lock = field(factory=threading.Lock, init=False)

    def __attrs_post_init__(self) -> None:
        self._program = Once(self._bring)

    def lent_to(self, project: Project) -> Project:
        """The project as it is built with its cache; itself, where there is none, or no ccache."""
        if project.cache is None or self._program.get() is None:
            return project
        return evolve(project, cached=True)

    def of(self, project: Project) -> CompilerCache | None:
        """The cache of what `lent_to` has returned; None: it is built without."""
        program = self._program.get() if project.cached else None
        if program is None:
            return None
        shop = self.workshop
        # Layers only add to it, as a rule; the compilers that one adds are known by their own bytes.
        base = {package.name for package in installed(shop.target.build, store=shop.store)}
        there = installed(project.image, store=shop.store)
        versions = [(p.name, p.version) for p in there if p.name in base]
        return CompilerCache(
            store=shop.store,
            path=shop.store.root / DIRECTORY / project.name / f"{project.cache}.tar",
            toolchain=digest_of(versions or project.image.content),
            limit=_limit(shop.limits),
            program=program,
        )

    def count(self, compilations: Compilations | None) -> None:
        if compilations is not None:
            with self._lock:
                self.asked = compilations if self.asked is None else self.asked + compilations

    def _bring(self) -> Path | None:
        known = known_program(self.workshop)
        if known is not None or self.workshop.scheduler.withheld:
            return known
        try:
            return ccache_program(self.workshop)
        except (ImageBuildFailed, TargetFileError, ToolFailed) as error:
            log.get().warning("ccache.missing", target=self.workshop.target.name, reason=str(error))
            return None


def cache_of(subject: Subject, target: str) -> str:
    """Names the compiler cache of a package: its name alone would let a source that calls itself by
    another's name into that one's cache."""
    if subject.file is not None:
        # A lock has no index, and a file's own URL is another the next time.
        where = [subject.file.index or urlsplit(subject.file.url).netloc]
    else:
        direct = subject.direct
        assert direct is not None
        place = str(direct.path) if isinstance(direct, LocalDirectory) else direct.url
        where = [place, direct.subdirectory or ""]
    return digest_of([target, subject.name, *where])[:32]


def _limit(limits: Limits) -> int:
    return min(_MOST, limits.scratch // _SHARE, limits.output // _SHARE)
