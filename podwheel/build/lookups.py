"""Between the resolver and the tasks.

The resolver is synchronous and never reaches up: it asks for metadata and gets it. Where that
needs a container (a backend's `prepare_metadata`), `Pending` is raised through it with the
task that will know; the caller waits for the task and resolves again, which costs little,
since all that was learned is remembered.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attrs import define, field

from podwheel import log
from podwheel.build.kept import KeptResolutions, Noting
from podwheel.build.subject import Subject
from podwheel.resolve.inputs import NOTHING_PREFERRED, Policy
from podwheel.resolve.metadata import StaticMetadata
from podwheel.resolve.needs import same_direct
from podwheel.resolve.resolver import resolve
from podwheel.resolve.stockroom import Stockroom

if TYPE_CHECKING:
    from collections.abc import Sequence

    from packaging.utils import NormalizedName

    from podwheel.build.builder import Builder
    from podwheel.build.step import Built
    from podwheel.build.task import Steps, Task
    from podwheel.build.workshop import Workshop
    from podwheel.model import (
        Direct,
        File,
        Formats,
        Hash,
        Metadata,
        Pin,
        Request,
        Resolution,
        Wanted,
    )
    from podwheel.resolve.candidates import Candidate
    from podwheel.resolve.inputs import Preferred


class Pending(Exception):
    """The answer is a task's, and the task has not ended."""

    def __init__(self, task: Task[Any]) -> None:
        super().__init__(task.title)
        self.task = task


def answer(task: Task[Any]) -> Any:
    """The task's result; raises what it raised, or `Pending`."""
    if not task.ended:
        raise Pending(task)
    return task.value()


@define(kw_only=True)
class Lookups:
    """What the resolver asks (`resolve.resolver.MetadataSource`), and resolutions kept for a while."""

    workshop: Workshop
    builder: Builder
    static: StaticMetadata = field(init=False)
    kept: KeptResolutions = field(init=False)
    stockroom: Stockroom = field(factory=Stockroom, init=False)

    def __attrs_post_init__(self) -> None:
        shop = self.workshop
        self.static = StaticMetadata(
            files=shop.index,
            store=shop.store,
            python=shop.target.python,
            target=shop.target.fingerprint,
            hook=self._prepared,
        )
        self.kept = KeptResolutions(workshop=shop, static=self.static)

    # ------------------------------------------------------------ the resolver's questions

    def of(self, candidate: Candidate, wanted_by: Sequence[str]) -> Metadata:
        """Metadata of an index's candidate: static where the PEPs say so, else its backend's."""
        return self.static.of(candidate, wanted_by)

    def ahead(self, candidate: Candidate) -> Metadata | None:
        """The same without a backend, in a thread of the index."""
        return self.static.ahead(candidate)

    def of_direct(
        self, direct: Direct, hashes: tuple[Hash, ...], wanted_by: Sequence[str]
    ) -> Metadata:
        """Metadata, name and version included, of a direct reference."""
        name = self._name_of(direct)
        subject = Subject.of_direct(direct, name=name, hashes=hashes, wanted_by=tuple(wanted_by))
        metadata: Metadata = answer(self.builder.description(subject))
        return metadata

    def _name_of(self, direct: Direct) -> NormalizedName | None:
        """The name that a line of the user's, or a ``source`` of podwheel.toml, gives it."""
        request = self.workshop.request
        lines = (*request.wanted, *request.constraints, *request.build_constraints)
        return next((w.name for w in lines if w.name and same_direct(w.direct, direct)), None)

    def repository(self, wheel: File) -> str | None:
        """The repository that a wheel's metadata names."""
        return self.static.repository(wheel)

    def surprises(self, resolution: Resolution, built: Sequence[Built]) -> bool:
        """Whether a built wheel requires something else than was resolved with.

        A wheel that upstream published, or a hook, spoke for the source then; now the wheel's
        own word counts, and is remembered for that source.
        """
        found = False
        for pin, one in zip(resolution.pins, built, strict=True):
            if one.step is None or one.source_sha256 is None or self._agrees(pin, one, resolution):
                continue
            metadata = one.wheel.metadata
            subdirectory = getattr(pin.direct, "subdirectory", None)
            if self.static.learned(one.source_sha256, subdirectory=subdirectory) == metadata:
                continue  # resolved with its own word already: another round would change nothing
            found = True
            log.get().warning(
                "metadata.differs",
                message=f"the built wheel of {pin} requires something else than was resolved with: resolving again",
                title=str(pin),
                requires=[str(r) for r in metadata.requires],
            )
            self.static.learn(one.source_sha256, metadata, subdirectory=subdirectory)
        return found

    def _agrees(self, pin: Pin, built: Built, resolution: Resolution) -> bool:
        if self.workshop.request.no_deps:
            return True
        markers = self.workshop.target.python.marker_environment
        names = set()
        for requirement in built.wheel.metadata.requires:
            if requirement.marker is not None and not any(
                requirement.marker.evaluate({**markers, "extra": extra})
                for extra in ("", *pin.extras)
            ):
                continue
            chosen = resolution.get(requirement.name)
            if chosen is None or not requirement.specifier.contains(
                chosen.version, prereleases=True
            ):
                return False
            names.add(chosen.name)
        return names - {pin.name} == set(pin.dependencies) - {pin.name}

    def _prepared(self, candidate: Candidate, wanted_by: Sequence[str]) -> Metadata:
        subject = Subject.of_candidate(candidate, tuple(wanted_by))
        metadata: Metadata = answer(self.builder.metadata(subject))
        return metadata

    # ------------------------------------------------------------ resolutions

    def resolution(
        self,
        wanted: Sequence[Wanted],
        *,
        constraints: Sequence[Wanted],
        policy: Policy,
        preferred: Preferred = NOTHING_PREFERRED,
        fresh: bool = False,
    ) -> Steps[Resolution]:
        """Resolve; or use the same question's answer again while it is fresh, or its grounds are the same.

        Args:
            fresh: Do not use a kept answer.
        """
        shop = self.workshop
        key = self.kept.question(wanted, constraints, policy, preferred)
        known = None if fresh else self.kept.known(key)
        if known is not None:
            return known
        while True:
            packages = Noting(shop.index)
            try:
                result = resolve(
                    wanted,
                    constraints=constraints,
                    python=shop.target.python,
                    packages=packages,
                    metadata=self,
                    policy=policy,
                    preferred=preferred,
                    stockroom=self.stockroom,
                    where=shop.target.name,
                )
            except Pending as pending:
                log.get().debug("resolve.waits", task=pending.task.title)
                yield (pending.task,)
            else:
                break
        self.kept.keep(key, result, packages.asked)
        return result


def policy_of(request: Request, *, formats: Formats | None = None) -> Policy:
    """The runtime tree's policy; for podwheel's own tools, with other *formats* and nothing else."""
    if formats is not None:
        return Policy(formats=formats, exclude_newer=request.exclude_newer)
    return Policy(
        formats=request.formats,
        prereleases=request.prereleases,
        no_deps=request.no_deps,
        require_hashes=request.require_hashes,
        exclude_newer=request.exclude_newer,
    )


def limits_of_tools(request: Request) -> tuple[Wanted, ...]:
    """The constraints of podwheel's own tools, which are upstream's wheels: versions alone count."""
    return tuple(limit for limit in request.build_constraints if limit.direct is None)
