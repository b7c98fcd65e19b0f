"""What every step of one run shares: the tools, the target, the settings. Frozen; handed down."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from attrs import field, frozen

from podwheel.build.project import parallelism
from podwheel.build.tokens import Slot
from podwheel.sandbox.job import Job, Limits, Mount

if TYPE_CHECKING:
    from pathlib import Path

    from podwheel.build.images import RunImages
    from podwheel.build.schedule import Scheduler
    from podwheel.build.shared import SharedSteps
    from podwheel.index import Index
    from podwheel.model import Freshness, Image, Request, SystemPackages, Target
    from podwheel.rust import Registries
    from podwheel.sandbox.session import Sandbox
    from podwheel.settings import Settings
    from podwheel.store import Store
    from podwheel.targets.definition import TargetDefinition


_TAKES_TOKENS: Final = "build.py"
"""The guest program that runs what can be many jobs."""


@frozen(kw_only=True)
class SystemPolicy:
    """Which packages of the distribution may be added to images, beside those of podwheel.toml."""

    find: bool = True
    """Those that are found missing; False: ``--no-system-packages``."""
    reviewed: SystemPackages | None = None
    """``--system-packages-from``: only these."""

    @property
    def looking(self) -> bool:
        """Whether what is lacking is looked for, and what is found may be installed."""
        return self.find and self.reviewed is None


@frozen(kw_only=True)
class HostRust:
    """Where a Rust toolchain may be found on this host."""

    places: tuple[Path, ...] = ()
    """Directories of toolchains."""
    named: str | None = None
    """``--rust`` or ``[toolchain] rust``: a path, or a name in `places`."""
    source: str = "--rust"
    """Who named it."""
    cwd: Path
    """What a relative path starts from."""


@frozen(kw_only=True)
class Workshop:
    """One run's tools."""

    run_id: str
    store: Store
    index: Index
    sandbox: Sandbox
    scheduler: Scheduler
    definition: TargetDefinition
    target: Target
    images: RunImages
    request: Request
    settings: Settings
    system: SystemPolicy = field(factory=SystemPolicy)
    freshness: Freshness
    logs: Path
    """The directory of this run's logs."""
    limits: Limits
    jobs: int
    """How many jobs the whole run may have at once."""
    fresh_for: float = 600.0
    """Seconds for which an index's answer, and what was resolved with it, is used again."""
    build_tag: str | None = None
    from_source: bool = False
    """``--build-deps source``: build requirements are built as well."""
    shared: SharedSteps
    registries: Registries
    """Where crates are."""
    rust: HostRust
    remedies: bool = True
    """False: ``--no-remedies``."""
    ccache: bool = False
    """Packages have compiler caches."""

    @property
    def written_down(self) -> tuple[SystemPackages, ...]:
        """What was written down for this target, and counts: the reviewed file alone, or the locks."""
        if self.system.reviewed is not None:
            return (self.system.reviewed,)
        if not self.system.find:
            return ()
        known = self.request.system_packages
        return tuple(one for one in known if one.target in (None, self.target.name))

    def log_file(self, name: str) -> Path:
        """A new log's path for a step of that name."""
        return self.logs / f"{re.sub(r'[^A-Za-z0-9._-]+', '-', name)}.log"

    def job(
        self,
        title: str,
        *,
        image: Image,
        program: str,
        mounts: tuple[Mount, ...],
        slot: Slot | int,
        variables: tuple[tuple[str, str], ...] = (),
        limits: Limits | None = None,
    ) -> Job:
        """The container of one step.

        Args:
            slot: The scheduler's, with the jobserver of the step; or, outside of it, a number that
                no other container has at the same time.
        """
        self.images.ready(image)
        if isinstance(slot, int):
            slot = Slot(number=slot, share=self.jobs)
        fifo = slot.fifo if program == _TAKES_TOKENS else None
        return Job(
            name=title,
            image=image.reference,
            python=self.target.python.executable,
            program=program,
            mounts=mounts,
            environment=(*parallelism(slot.share, tokens=fifo is not None).items(), *variables),
            slot=slot.number,
            jobserver=fifo,
            limits=self.limits if limits is None else limits,
        )
