"""The trust root: which bytes of a wheelhouse, or behind one, did nobody here build?

Every step names its environment's wheels by their hashes. Those that a step made are followed to
that step, and on to its environment, until nothing is left but sources and what somebody else
built: the images, upstream's wheels, podwheel's own tools.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from attrs import frozen

from podwheel.seal.record import TrustRecord
from podwheel.targets.installed import installed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from podwheel.build.origins import Origins, Taken
    from podwheel.build.step import Built
    from podwheel.build.workshop import Workshop
    from podwheel.model import Image, Wheel


_TRUSTED_INPUTS = ("toolchain", "fetch")


@frozen(kw_only=True)
class Tool:
    """An upstream wheel that podwheel itself works with."""

    wheel: Wheel
    note: str
    """What for."""


def behind(built: Iterable[Built], origins: Origins) -> tuple[Built, ...]:
    """The steps that made the build requirements of *built*, and theirs; not those of *built* itself.

    Returns:
        Sorted by name, version and step.
    """
    found: dict[str, Built] = {}
    own = {one.step.id for one in built if one.step is not None}
    waiting = list(built)
    while waiting:
        for sha256 in _environment(waiting.pop()):
            maker = origins.maker(sha256)
            if maker is None or maker.step is None or maker.step.id in found:
                continue
            found[maker.step.id] = maker
            waiting.append(maker)
    rest = (one for step, one in found.items() if step not in own)
    return tuple(sorted(rest, key=lambda b: (b.wheel.name, b.wheel.version, _id(b))))


@frozen(kw_only=True)
class TrustRoot:
    """What the record says of one run.

    Args:
        built: The wheels of the wheelhouse.
        requirements: The steps `behind` them.
        tools: What podwheel itself worked with.
    """

    workshop: Workshop
    origins: Origins
    built: Sequence[Built]
    requirements: Sequence[Built]
    tools: Sequence[Tool] = ()

    def records(self) -> tuple[TrustRecord, ...]:
        """Sorted by kind, in the order of `seal.record.TrustRecord.kind`, then by name.

        Raises:
            ToolFailed: podman could not list an image's packages.
        """
        return (
            *self._images(),
            *self._wheels(),
            *self._inputs(),
            *self._shared(),
            *self._tools(),
        )

    def _shared(self) -> Iterator[TrustRecord]:
        """Wheels that somebody else built, from the same sources by their own word."""
        users: defaultdict[str, set[str]] = defaultdict(set)
        for one in (*self.built, *self.requirements):
            for sha256 in _environment(one):
                users[sha256].add(_title(one))
        for one in (*self.built, *self.requirements):
            if one.shared is not None:
                note = f"taken from {one.shared}"
                yield _record("shared", one.wheel, users[one.wheel.sha256], note)

    def _images(self) -> Iterator[TrustRecord]:
        users: defaultdict[str, set[str]] = defaultdict(set)
        images: dict[str, Image] = {}
        for one in (*self.built, *self.requirements):
            if one.image is not None:
                images[one.image.digest] = one.image
                users[one.image.digest].add(_title(one))
        runtime = self.workshop.target.runtime
        images.setdefault(runtime.digest, runtime)
        for image in sorted(images.values(), key=lambda i: i.reference):
            name, _, recipe = image.reference.rpartition("/")[2].partition(":")
            packages = installed(image, store=self.workshop.store)
            yield TrustRecord(
                kind="image",
                name=name,
                version=recipe,
                sha256=image.digest.removeprefix("sha256:"),
                used_by=tuple(sorted(users[image.digest])),
                note=f"{len(packages)} packages of the distribution" if packages else "",
            )

    def _wheels(self) -> tuple[TrustRecord, ...]:
        users: defaultdict[str, set[str]] = defaultdict(set)
        for one in (*self.built, *self.requirements):
            for sha256 in _environment(one):
                users[sha256].add(_title(one))
        here = {one.wheel.sha256: one.wheel for one in self.built if one.step is None}
        found = [
            _record("wheel", wheel, users[wheel.sha256], "in the wheelhouse")
            for wheel in here.values()
        ]
        for sha256, used_by in users.items():
            taken = self.origins.upstream(sha256)
            if taken is not None and sha256 not in here:
                kind = "seed" if taken.seed else "build-wheel"
                found.append(_record(kind, taken.wheel, used_by, self._why(taken)))
        order = ("seed", "wheel", "build-wheel")
        return tuple(sorted(found, key=lambda r: (order.index(r.kind), r.name, r.version or "")))

    def _why(self, taken: Taken) -> str:
        """Why it was taken, where there is more to say than that wheels are taken."""
        if taken.declared:
            return f"--only-binary {taken.wheel.name}"
        circles = self.origins.circles(taken.wheel.sha256)
        return "; ".join(
            f"opens {' → '.join((*c, c[0]))}" if c else "it has no source" for c in circles
        )

    def _inputs(self) -> Iterator[TrustRecord]:
        """Toolchains of this host, and declared downloads; crates are sources that the steps compiled."""
        users: defaultdict[tuple[str, str, str], set[str]] = defaultdict(set)
        for one in (*self.built, *self.requirements):
            for read in one.inputs:
                if read.kind in _TRUSTED_INPUTS:
                    users[read.kind, read.name, read.digest].add(_title(one))
        order = sorted(users, key=lambda k: (_TRUSTED_INPUTS.index(k[0]), *k[1:]))
        for kind, name, digest in order:
            title, _, version = name.rpartition(" ") if kind == "toolchain" else (name, "", "")
            yield TrustRecord(
                kind=kind,
                name=title,
                version=version or None,
                sha256=None if digest.startswith("git:") else digest,
                used_by=tuple(sorted(users[kind, name, digest])),
                note=digest if digest.startswith("git:") else "",
            )

    def _tools(self) -> Iterator[TrustRecord]:
        for tool in sorted(self.tools, key=lambda t: t.wheel.name):
            yield _record("tool", tool.wheel, (), tool.note)


def _record(kind: str, wheel: Wheel, used_by: Iterable[str], note: str) -> TrustRecord:
    return TrustRecord(
        kind=kind,
        name=wheel.name,
        version=str(wheel.version),
        sha256=wheel.sha256,
        used_by=tuple(sorted(used_by)),
        note=note,
    )


def _environment(one: Built) -> Iterator[str]:
    """The hashes of a step's environment; none for upstream's wheel."""
    return (sha256 for _, _, sha256 in (one.step.environment if one.step else ()))


def _id(one: Built) -> str:
    return one.step.id if one.step else ""


def _title(one: Built) -> str:
    return f"{one.wheel.name} {one.wheel.version}"
