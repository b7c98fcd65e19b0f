"""A wheel that left a container: hostile until it was read here, canonical afterwards."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import evolve

from podwheel.archives import expect, normalise, read_wheel
from podwheel.archives.elf import check_machine
from podwheel.build.records import remember_wheel
from podwheel.build.sources import EPOCH
from podwheel.errors import PodwheelError

if TYPE_CHECKING:
    from pathlib import Path

    from packaging.utils import NormalizedName
    from packaging.version import Version

    from podwheel.build.workshop import Workshop
    from podwheel.model import Wheel


def take_in(
    raw: Path,
    *,
    workshop: Workshop,
    name: NormalizedName,
    version: Version | None,
    build_tag: str | None,
    wanted_by: tuple[str, ...],
    log: Path,
) -> Wheel:
    """Read and check a wheel, write its canonical archive, and keep that in the store.

    Args:
        raw: The file, under the name that the container gave it, in an attempt's directory.
        name: Whose it must be.
        version: None: any.
        build_tag: As for `archives.normalise`.
        log: The container's, for the error.

    Raises:
        WheelRejected: It is not a sound wheel of that project for the target.
    """
    try:
        wheel = read_wheel(raw, filename=raw.name)
        python = workshop.target.python
        expect(wheel, name=name, version=version, tags=python.tags, built=True)
        check_machine(wheel, python)
    except PodwheelError as error:
        error.wanted_by = error.wanted_by or wanted_by
        error.log = error.log or log
        raise
    tidy = raw.parent / "tidy"
    tidy.mkdir()
    path, filename = normalise(raw, filename=raw.name, build_tag=build_tag, epoch=EPOCH, into=tidy)
    sha256, kept = workshop.store.put_file(path)
    wheel = evolve(wheel, path=kept, filename=filename, sha256=sha256, size=kept.stat().st_size)
    remember_wheel(workshop.store, wheel)
    return wheel
