"""Seeds: the upstream wheels, declared by their hash, that a build from nothing but sources starts with.

With ``--build-deps source`` every build requirement is built too. Where that goes in a circle, one
wheel must come from elsewhere. Which one is the user's to say, for its bytes are trusted and not
built: ``[[seed]]`` in podwheel.toml. A seed serves where it opens a circle, or where its project
has no source at all; everywhere else the project is built.

A circle is always opened where something waits for its seed, whichever of its tasks came first.
With one seed in it the result is therefore the same in every run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import frozen
from packaging.utils import InvalidWheelFilename, parse_wheel_filename

from podwheel.errors import HashMismatch, NoMatchingVersion, PodwheelError
from podwheel.model import Format, Hash, Pin
from podwheel.resolve.candidates import Rules, stock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import Any

    from packaging.utils import NormalizedName

    from podwheel.build.subject import Subject
    from podwheel.build.task import Task
    from podwheel.build.workshop import Workshop
    from podwheel.model import File
    from podwheel.settings import Seed


def where_to_cut(seeds: Sequence[Seed]) -> Callable[[Sequence[Task[Any]]], int]:
    """Which task of a circle is told (`schedule.Told`): the one that waits for a seed's project.

    The seed that was declared first counts; without one, the task that closed the circle is told.
    """
    ranks = {seed.name: rank for rank, seed in enumerate(seeds)}

    def told(circle: Sequence[Task[Any]]) -> int:
        edges = []
        for place, waiting in enumerate(circle):
            asked = circle[(place + 1) % len(circle)]
            if waiting.about is None or asked.about is None:
                continue
            # Two tasks of one project, its metadata and its build, are no edge that can be cut.
            cuttable = asked is waiting or asked.about.name != waiting.about.name
            if cuttable and asked.about.name in ranks:
                edges.append((ranks[asked.about.name], waiting.title, place))
        return min(edges)[2] if edges else 0

    return told


def members(circle: Sequence[Task[Any]]) -> tuple[Subject, ...]:
    """What a circle's tasks are about, in its order; each project once."""
    about = (task.about for task in circle if task.about is not None)
    return tuple({one.name: one for one in about}.values())


@frozen(kw_only=True)
class Seeds:
    """The seeds of a run, as the indexes have them."""

    workshop: Workshop

    def get(self, name: NormalizedName) -> Seed | None:
        """The seed that was declared for a project."""
        return next((s for s in self.workshop.settings.seeds if s.name == name), None)

    def pin(self, seed: Seed) -> Pin:
        """The seed's wheel; its bytes are checked when it is downloaded.

        Raises:
            NoMatchingVersion: The indexes have no wheel of that version.
            HashMismatch: They have, and none has the declared hash.
            PodwheelError: As `Index.files`.
        """
        declared = (f"[[seed]] {seed.name} of {self.workshop.settings.path or 'podwheel.toml'}",)
        wheels = [file for file in self.workshop.index.files(seed.name) if _is_wheel_of(file, seed)]
        if not wheels:
            raise NoMatchingVersion(
                f"there is no wheel of {seed.name} {seed.version} to be had",
                wanted_by=declared,
                hint="--find-links DIRECTORY serves for a seed, too",
            )
        # An index that tells no hashes: the download itself is checked.
        fitting = [f for f in wheels if f.sha256 in (seed.sha256, None)]
        if not fitting:
            raise HashMismatch(
                f"no wheel of {seed.name} {seed.version} has the declared sha256",
                wanted_by=declared,
                said="\n".join(
                    [f"declared  {seed.sha256}", *(f"{f.filename}  {f.sha256}" for f in wheels)]
                ),
                hint="the seed was declared wrong, or what the index has is not what it was: do not use it",
            )
        best = next((f for f in fitting if f.sha256 is not None), fitting[0])
        return Pin(
            name=seed.name,
            version=seed.version,
            file=best,
            wanted_by=declared,
            hashes=(Hash(algorithm="sha256", digest=seed.sha256),),
        )

    def proposal(self, circle: Sequence[Task[Any]]) -> tuple[str, ...]:
        """Lines for podwheel.toml that would open the circle; none where the indexes offer no wheel."""
        offers = [found for one in members(circle) for found in self._offered(one)]
        if not offers:
            return ()
        _, name, version, sha256 = min(offers)
        return (
            "take upstream's wheel of one of them as a seed, in podwheel.toml:",
            "[[seed]]",
            f'name = "{name}"',
            f'version = "{version}"',
            f'sha256 = "{sha256}"',
        )

    def _offered(self, subject: Subject) -> Iterator[tuple[tuple[bool, int], str, str, str]]:
        """The best wheel of the subject's version that fits the target; a small pure one sorts first."""
        shop = self.workshop
        if subject.version is None or subject.direct is not None:
            return
        try:
            files = shop.index.files(subject.name)
        except PodwheelError:  # it is only for a hint
            return
        rules = Rules.of(shop.target.python, exclude_newer=None)
        for choice in stock(subject.name, files, form=Format.WHEEL, rules=rules).choices:
            file = choice.file
            if choice.version == subject.version and file.sha256 is not None:
                compiled = not file.filename.endswith("-none-any.whl")
                rank = (compiled, file.size or 0)
                yield rank, subject.name, str(subject.version), file.sha256
                return


def _is_wheel_of(file: File, seed: Seed) -> bool:
    if not file.is_wheel:
        return False
    try:
        name, version, _, _ = parse_wheel_filename(file.filename)
    except InvalidWheelFilename:
        return False
    return (name, version) == (seed.name, seed.version)
