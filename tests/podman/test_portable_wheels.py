"""Wheels that bring their libraries: auditwheel in a real container, proven where the libraries are not."""

from __future__ import annotations

import contextlib
import hashlib
import json
import zipfile
from platform import machine
from typing import TYPE_CHECKING, Any

import pytest
from attrs import evolve

from podwheel import log, pipeline, proving
from podwheel.archives.contents import open_wheel
from podwheel.asked import Options
from podwheel.build import portable
from podwheel.build.portable import Portability
from podwheel.errors import NotPortable
from podwheel.prove.verify import Verifier
from podwheel.requirements import Arguments
from podwheel.run import Run, opened

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from podwheel_cli import Podwheel

    from podwheel.build.grafted import Ported
    from podwheel.build.step import Built
    from podwheel.model import Wheel

# The libraries come from the distribution's mirror, into an image layer of their own.
pytestmark = [pytest.mark.podman, pytest.mark.network]

VORBIS = '[package.links-vorbis]\nsystem-packages = ["libvorbis-dev"]\n'
INFO = "links_vorbis-1.0.dist-info"


@contextlib.contextmanager
def running(podwheel: Podwheel, *asked: str) -> Iterator[Run]:
    """A run of the test's own, in this process."""
    options = Options(
        arguments=Arguments(requirements=asked),
        environ=podwheel.environment,
        cwd=podwheel.cwd,
        store=podwheel.store,
        jobs=2,
    )
    try:
        with opened(options) as run:
            yield run
    finally:
        if log._sinks.file is not None:  # a process of podwheel's own ends with it open
            log._sinks.file.close()
            log._sinks.file = None


def ported(run: Run, built: Sequence[Built], beside: Sequence[Wheel] = ()) -> list[Ported]:
    """All of them, as the pipeline does it."""
    brought = portable.tools(run.builder)
    run.workshop.scheduler.wait(brought)
    making = Portability(workshop=run.workshop, tools=brought.value(), beside=tuple(beside))
    tasks = [making.task(one) for one in built]
    for task in tasks:
        run.workshop.scheduler.wait(task)
    return [task.value() for task in tasks]


def imports_where_its_libraries_are_not(run: Run, wheel: Wheel) -> bool:
    """Installed and imported in the pristine container."""
    verifier = Verifier(
        workshop=run.workshop,
        pip=proving.pip_of_target(run),
        slots=1,
        image=run.workshop.target.runtime,
    )
    return verifier.verify([wheel], lost={}).ok


def read(wheel: Wheel, member: str) -> str:
    with zipfile.ZipFile(wheel.path) as archive:
        return archive.read(member).decode()


def test_a_wheel_brings_its_libraries(podwheel: Podwheel) -> None:
    """One test, for all that is looked at costs one build."""
    podwheel.write("podwheel.toml", VORBIS)
    with running(podwheel, "links-vorbis", "c-extension", "in-tree") as run:
        _, built = pipeline.resolved_and_built(run)
        made = {str(one.wheel.name): one for one in ported(run, built)}
        before = {str(one.wheel.name): one.wheel for one in built}
        vorbis = made["links-vorbis"]
        its_name_says_the_oldest_system(vorbis)
        both_libraries_are_inside(vorbis)
        so_are_their_licences_and_a_list(vorbis)
        it_is_otherwise_what_it_was(before["links-vorbis"], vorbis)
        assert not imports_where_its_libraries_are_not(run, before["links-vorbis"])
        assert imports_where_its_libraries_are_not(run, vorbis.wheel)
        one_without_libraries_gets_its_policy_only(made["c-extension"])
        one_without_compiled_files_stays(before["in-tree"], made["in-tree"])
    a_second_run_starts_no_container(podwheel, vorbis)
    the_same_again_gives_the_same_bytes(podwheel, vorbis)


def its_name_says_the_oldest_system(made: Ported) -> None:
    assert made.policy is not None
    assert made.policy.startswith("manylinux_2_")
    assert f"{made.policy}_{machine()}" in made.wheel.filename
    assert "-linux_" not in made.wheel.filename
    assert f"{made.policy}_{machine()}" in read(made.wheel, f"{INFO}/WHEEL")
    assert not made.reused


def both_libraries_are_inside(made: Ported) -> None:
    found = [(b.original.split(".so.")[0], b.package) for b in made.libraries]
    assert found == [("libogg", "libogg0"), ("libvorbis", "libvorbis0a")]
    assert {b.path for b in made.libraries} <= set(made.wheel.extensions)
    for one in made.libraries:
        assert one.path.startswith("links_vorbis.libs/")
        assert one.version
        assert one.note is None


def so_are_their_licences_and_a_list(made: Ported) -> None:
    ogg, vorbis = made.libraries
    assert f"{INFO}/licenses/libogg0/copyright" in ogg.licences
    assert f"{INFO}/licenses/libvorbis0a/copyright" in vorbis.licences
    for one in made.libraries:
        for text in one.licences:
            assert "opyright" in read(made.wheel, text)
    listed = read(made.wheel, f"{INFO}/licenses/bundled-libraries.txt")
    for one in made.libraries:
        assert (
            f"{one.path}: {one.package} {one.version}; licence: {one.package}/copyright" in listed
        )
    components = json.loads(read(made.wheel, f"{INFO}/sboms/auditwheel.cdx.json"))["components"]
    assert {"libogg0", "libvorbis0a"} <= {c["name"] for c in components}


def it_is_otherwise_what_it_was(before: Wheel, made: Ported) -> None:
    assert made.wheel.metadata == before.metadata
    assert made.wheel.modules == before.modules == ("links_vorbis",)
    assert set(before.extensions) <= set(made.wheel.extensions)
    with open_wheel(made.wheel.path, filename=made.wheel.filename, linked=True) as contents:
        names = list(contents.files)
    assert names[-1] == f"{INFO}/RECORD"


def one_without_libraries_gets_its_policy_only(made: Ported) -> None:
    assert made.policy is not None
    assert made.libraries == ()
    with zipfile.ZipFile(made.wheel.path) as archive:
        assert not any(".libs/" in n or "/licenses/" in n for n in archive.namelist())


def one_without_compiled_files_stays(before: Wheel, made: Ported) -> None:
    assert made.wheel == before
    assert (made.policy, made.step) == (None, None)


def a_second_run_starts_no_container(podwheel: Podwheel, first: Ported) -> None:
    with running(podwheel, "links-vorbis") as run:
        _, built = pipeline.resolved_and_built(run)
        (again,) = ported(run, built)
    assert again.reused
    assert (again.wheel, again.libraries, again.step) == (first.wheel, first.libraries, first.step)


def the_same_again_gives_the_same_bytes(podwheel: Podwheel, first: Ported) -> None:
    """Another container, with other names for its temporary directories."""
    (kept,) = podwheel.store.glob(f"documents/portable/*/{first.step}.json")
    kept.unlink()
    with running(podwheel, "links-vorbis") as run:
        _, built = pipeline.resolved_and_built(run)
        (again,) = ported(run, built)
    assert not again.reused
    assert again.wheel.sha256 == first.wheel.sha256
    assert again.wheel.sha256 == hashlib.sha256(again.wheel.path.read_bytes()).hexdigest()


def test_a_library_that_is_nowhere(podwheel: Podwheel) -> None:
    """Built with the library, and made portable in an image that does not have it."""
    podwheel.write("podwheel.toml", VORBIS)
    with running(podwheel, "links-vorbis") as run:
        _, (built,) = pipeline.resolved_and_built(run)
        elsewhere = evolve(built, image=run.workshop.target.build)
        with pytest.raises(NotPortable) as refused:
            ported(run, [elsewhere])
    error = refused.value
    assert "libvorbis.so.0 is nowhere to be found" in error.what
    assert "could not be located" in error.said
    assert "system-packages" in error.hint[0]
    assert "without --portable" in error.hint[-1]
    assert error.log is not None
    assert "libvorbis.so.0" in error.log.read_text()


def test_the_option(podwheel: Podwheel) -> None:
    """The way of a user: needs ``podwheel build --portable`` of the command line."""
    podwheel.write("podwheel.toml", VORBIS)
    done = podwheel("build", "links-vorbis", "--portable", timeout=300)
    assert "installed and imported" in done.out
    (name,) = podwheel.wheels()
    assert "manylinux_2_" in name
    record: dict[str, Any] = json.loads((podwheel.wheelhouse / "podwheel.json").read_text())
    assert "libvorbis0a" in json.dumps(record)
    with zipfile.ZipFile(podwheel.wheelhouse / name) as archive:
        assert f"{INFO}/licenses/libvorbis0a/copyright" in archive.namelist()
