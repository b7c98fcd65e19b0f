"""--portable: what a container's word is worth, what is kept, and what the errors say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from archives_helpers import METADATA, python
from attrs import evolve
from packaging.tags import Tag, parse_tag
from portable_helpers import (
    EXTENSION,
    PORTABLE_TAG,
    Container,
    built,
    compiled,
    shared_object,
    workshop,
)

from podwheel.build.grafted import (
    Bundled,
    Ported,
    libraries_of,
    policies_of,
    policy_of_wheel,
    refusal,
)
from podwheel.build.portable import Portability, _Porting
from podwheel.build.task import SLOT
from podwheel.errors import Interrupted, NotPortable, StepKilled, WheelRejected
from podwheel.sandbox.session import Ended
from podwheel.store import Store

if TYPE_CHECKING:
    from pathlib import Path

    from podwheel.model import Wheel

LIBRARY = "demo.libs/libogg-2c4a3b51.so.0.8.5"
LICENCE = "demo-1.0.dist-info/licenses/libogg0/copyright"
CONTENT = {EXTENSION: shared_object(), LIBRARY: shared_object(), LICENCE: b"Copyright"}
SAID = {
    "path": LIBRARY,
    "original": "libogg.so.0.8.5",
    "package": "libogg0",
    "version": "1.3.5-3",
    "licences": [LICENCE],
}


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


@pytest.fixture
def wheel(tmp_path: Path) -> Wheel:
    return compiled(tmp_path / "built")


def leaving(directory: Path, **changes: Any) -> Any:
    """Leave the wheel that *changes* describe."""
    made = compiled(directory, **{"files": CONTENT, "tag": PORTABLE_TAG, **changes})
    return lambda into: (into / made.filename).write_bytes(made.path.read_bytes())


def porting(
    store: Store, container: Container, wheel: Wheel, *, upstream: bool = False, **changes: Any
) -> _Porting:
    one = built(store, wheel)
    return _Porting(
        **{
            "workshop": workshop(store, container),
            "tools": (),
            "beside": (),
            "wheel": one.wheel,
            "image": None if upstream else one.image,
            "wanted_by": ("requirements.txt:1",),
            **changes,
        }
    )


def result(work: _Porting) -> Ported:
    """Of its steps, which ask for nothing but a slot."""
    steps = work.steps()
    try:
        asked = next(steps)
        assert asked is SLOT
        steps.send(1)
    except StopIteration as stop:
        made: Ported = stop.value
        return made
    raise AssertionError("it asked for more than a slot")


def changed(*libraries: Any) -> dict[str, Any]:
    return {"ok": True, "changed": True, "libraries": list(libraries)}


# --------------------------------------------------------------------------- a wheel's way


def test_what_comes_out_is_checked_and_kept(store: Store, wheel: Wheel, tmp_path: Path) -> None:
    container = Container(reply=changed(SAID), leaves=leaving(tmp_path / "left"))
    made = result(porting(store, container, wheel))
    assert made.wheel.filename == f"demo-1.0-{PORTABLE_TAG}.whl"
    assert made.wheel.path == store.blob(made.wheel.sha256)
    assert made.policy == "manylinux_2_41"
    assert made.libraries == (
        Bundled(
            path=LIBRARY,
            original="libogg.so.0.8.5",
            package="libogg0",
            version="1.3.5-3",
            licences=(LICENCE,),
        ),
    )
    assert not made.reused
    assert made.log is not None
    kept_log = store.blob(made.log)
    assert kept_log is not None
    assert kept_log.read_text() == "auditwheel said this\n"


def test_the_container_is_that_of_its_build(store: Store, wheel: Wheel, tmp_path: Path) -> None:
    container = Container(reply=changed(SAID), leaves=leaving(tmp_path / "left"))
    result(porting(store, container, wheel))
    (job,) = container.jobs
    assert (job.image, job.program, job.slot) == ("example.org/build:1", "portable.py", 1)
    assert {m.target for m in job.mounts} == {
        f"/podwheel/in/wheel/{wheel.filename}",
        "/podwheel/env",
    }
    assert dict(job.environment)["SOURCE_DATE_EPOCH"] == "315532800"
    repair, send = container.requests
    assert repair == {
        "op": "repair",
        "wheel": f"/podwheel/in/wheel/{wheel.filename}",
        "policies": ["auto", "manylinux_2_41_x86_64"],
        "exclude": [],
    }
    assert send == {"op": "send"}


def test_the_second_time_no_container_is_started(
    store: Store, wheel: Wheel, tmp_path: Path
) -> None:
    first = result(
        porting(store, Container(reply=changed(SAID), leaves=leaving(tmp_path / "l")), wheel)
    )
    container = Container()
    again = result(porting(store, container, wheel))
    assert container.jobs == []
    assert again == evolve(first, reused=True)


@pytest.mark.parametrize("changed_input", ["image", "tools", "beside"])
def test_other_inputs_are_another_step(
    changed_input: str, store: Store, tmp_path: Path, wheel: Wheel
) -> None:
    wheel = compiled(
        tmp_path / "needs",
        {EXTENSION: shared_object(needed=("libother.so.1",), runpath="$ORIGIN/other.libs")},
    )
    other = evolve(
        compiled(tmp_path / "other", {"other.libs/libother.so.1": shared_object()}), name="other"
    )
    container = Container(reply=changed(SAID), leaves=leaving(tmp_path / "left"))
    first = porting(store, container, wheel)
    assert first.image is not None
    change: dict[str, Any] = {
        "image": {"image": evolve(first.image, content="c1")},
        "tools": {"tools": (compiled(tmp_path / "tool", {"demo.py": b""}),)},
        "beside": {"beside": (other,)},
    }[changed_input]
    second = evolve(first, **change)
    assert result(first).step != result(second).step
    assert len(container.jobs) == 2


def test_a_siblings_library_is_left_out(store: Store, tmp_path: Path) -> None:
    wheel = compiled(
        tmp_path / "needs",
        {EXTENSION: shared_object(needed=("libother.so.1",), runpath="$ORIGIN/other.libs")},
    )
    other = evolve(
        compiled(tmp_path / "other", {"other.libs/libother.so.1": shared_object()}), name="other"
    )
    container = Container(reply=changed(), leaves=leaving(tmp_path / "left"))
    result(porting(store, container, wheel, beside=(wheel, other)))
    assert container.requests[0]["exclude"] == ["libother.so.1"]


def test_upstreams_wheel_stays_as_it_is(store: Store, wheel: Wheel) -> None:
    container = Container()
    assert result(porting(store, container, wheel, upstream=True)) == Ported(wheel=wheel)
    assert container.jobs == []


def test_a_wheel_without_compiled_files_stays_as_it_is(store: Store, tmp_path: Path) -> None:
    pure, container = compiled(tmp_path / "pure", {"demo.py": b"X = 1\n"}), Container()
    assert result(porting(store, container, pure)) == Ported(wheel=pure)
    assert container.jobs == []


def test_files_of_another_system_stay_as_they_are(store: Store, wheel: Wheel) -> None:
    """auditwheel finds nothing of this system; that is kept as well."""
    container = Container(reply={"ok": True, "changed": False, "libraries": []})
    first = result(porting(store, container, wheel))
    assert (first.wheel, first.policy, first.libraries) == (wheel, None, ())
    again = result(porting(store, container, wheel))
    assert again.reused
    assert again.wheel.sha256 == wheel.sha256
    assert len(container.jobs) == 1


def test_a_task_a_wheel(store: Store, wheel: Wheel) -> None:
    tasks: dict[str, str] = {}
    shop = workshop(store, Container())
    shop.scheduler.task = lambda key, title, _steps: tasks.setdefault(key, title)
    making = Portability(workshop=shop, tools=(), beside=())
    assert (
        making.task(built(store, wheel)) == making.task(built(store, wheel)) == "portable demo 1.0"
    )  # type: ignore[comparison-overlap]
    assert len(tasks) == 1


# --------------------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"metadata": METADATA + b"Requires-Dist: evil\n"}, "its metadata is not what it was"),
        ({"files": {LIBRARY: shared_object()}}, "the module demo is gone"),
        ({"tag": "cp313-cp313-manylinux_2_99_x86_64"}, "does not fit the target"),
        ({"files": {**CONTENT, "../x": b""}}, "not a sound wheel"),
        (
            {"files": {EXTENSION: shared_object().replace(b"\x3e\0", b"\xb7\0", 1)}},
            "is for aarch64, the target is x86_64",
        ),
    ],
)
def test_another_wheel_than_was_asked_for(
    changes: dict[str, Any], why: str, store: Store, wheel: Wheel, tmp_path: Path
) -> None:
    left = tmp_path / "left"
    left.mkdir()
    path = _written(left, changes)
    container = Container(
        reply=changed(SAID), leaves=lambda into: (into / path.name).write_bytes(path.read_bytes())
    )
    with pytest.raises(WheelRejected, match=why) as rejected:
        result(porting(store, container, wheel))
    assert rejected.value.wanted_by == ("requirements.txt:1",)
    assert rejected.value.log is not None
    assert list((store.root / "documents").glob("portable/*/*")) == []


def _written(directory: Path, changes: dict[str, Any]) -> Path:
    """A wheel that need not be sound."""
    from archives_helpers import make_wheel

    tag = changes.get("tag", PORTABLE_TAG)
    text = f"Wheel-Version: 1.0\nRoot-Is-Purelib: false\nTag: {tag}\n".encode()
    return make_wheel(
        directory,
        changes.get("files", CONTENT),
        filename=f"demo-1.0-{tag}.whl",
        wheel=text,
        metadata=changes.get("metadata", METADATA),
    )


@pytest.mark.parametrize("names", [(), ("a.whl", "b.whl")])
def test_not_one_file(names: tuple[str, ...], store: Store, wheel: Wheel) -> None:
    container = Container(
        reply=changed(), leaves=lambda into: [(into / name).touch() for name in names]
    )
    with pytest.raises(WheelRejected, match=rf"{len(names)} files came"):
        result(porting(store, container, wheel))


def test_a_container_that_dies(store: Store, wheel: Wheel) -> None:
    with pytest.raises(StepKilled, match=r"“portable demo 1\.0” died: so"):
        result(porting(store, Container(ended=Ended.KILLED), wheel))


def test_its_word_counts_only_when_it_ended_well(
    store: Store, wheel: Wheel, tmp_path: Path
) -> None:
    container = Container(
        reply=changed(SAID), leaves=leaving(tmp_path / "left"), ended=Ended.FAILED
    )
    with pytest.raises(StepKilled):
        result(porting(store, container, wheel))
    assert list((store.root / "documents").glob("portable/*/*")) == []


def test_ctrl_c_is_no_failure_of_the_wheel(store: Store, wheel: Wheel) -> None:
    container = Container(ended=Ended.KILLED)
    container.closing = True
    with pytest.raises(Interrupted):
        result(porting(store, container, wheel))


def test_auditwheel_refuses(store: Store, wheel: Wheel) -> None:
    said = (
        "INFO:auditwheel.main_repair:Repairing demo\nTraceback (most recent call last):\n"
        '  File "repair.py", line 1\n'
        'ValueError: Cannot repair wheel, because required library "liblost.so.3" could not be located\n'
    )
    container = Container(reply={"ok": False, "reason": "refused", "output": said})
    with pytest.raises(NotPortable) as refused:
        result(porting(store, container, wheel))
    error = refused.value
    assert (
        error.what
        == f"{wheel.filename} cannot be made portable: liblost.so.3 is nowhere to be found"
    )
    assert error.said == said.splitlines()[-1]
    assert "system-packages" in error.hint[0]
    assert error.wanted_by == ("requirements.txt:1",)


@pytest.mark.parametrize(
    ("said", "hint"),
    [
        (
            "cannot repair because of the presence of too-recent versioned symbols.",
            "older --target",
        ),
        ("cannot repair because it depends on unsupported ISA extensions.", "lower cpu"),
        ("found the following shared library/libraries in purelib folder:\n\tx.so", "pure Python"),
        ("cannot repair because it depends on black-listed symbols.", "no policy allows"),
    ],
)
def test_every_refusal_says_what_to_do(said: str, hint: str, wheel: Wheel, tmp_path: Path) -> None:
    error = refusal(wheel, said=f"usage: auditwheel\n{said}", wanted_by=(), log_file=tmp_path)
    assert hint in error.hint[0]
    assert "without --portable" in error.hint[1]
    assert said.splitlines()[0] in error.said
    assert "usage" not in error.said


def test_a_refusal_is_harmless_to_show(wheel: Wheel, tmp_path: Path) -> None:
    error = refusal(wheel, said="error: \x1b[2J\x07gone", wanted_by=(), log_file=tmp_path)
    assert error.said == "error: \\x07gone"


# --------------------------------------------------------------------------- what was put in


def test_the_files_tell_what_was_put_in(wheel: Wheel, tmp_path: Path) -> None:
    """Not the container: what it does not tell is listed all the same, what is not there is not."""
    made = compiled(tmp_path / "made", CONTENT, tag=PORTABLE_TAG)
    absent = {**SAID, "path": "demo.libs/libabsent-00000000.so.1"}
    (library,) = libraries_of(made, before=wheel, said=[absent])
    assert (library.path, library.package, library.licences) == (LIBRARY, None, ())
    assert library.original == "libogg-2c4a3b51.so.0.8.5"


@pytest.mark.parametrize(
    "said", [None, "x", [None, 7, {"path": LIBRARY, "package": 3, "licences": "x"}]]
)
def test_a_hostile_word(said: Any, wheel: Wheel, tmp_path: Path) -> None:
    made = compiled(tmp_path / "made", CONTENT, tag=PORTABLE_TAG)
    (library,) = libraries_of(made, before=wheel, said=said)
    assert (library.package, library.version, library.licences) == (None, None, ())


def test_a_licence_must_be_in_the_wheel(wheel: Wheel, tmp_path: Path) -> None:
    made = compiled(tmp_path / "made", CONTENT, tag=PORTABLE_TAG)
    said = {
        **SAID,
        "licences": [LICENCE, "demo-1.0.dist-info/licenses/absent"],
        "package": "lib\x1b[1m",
    }
    (library,) = libraries_of(made, before=wheel, said=[said])
    assert library.licences == (LICENCE,)
    assert library.package == "lib"


def test_a_program_that_moved_is_no_library(wheel: Wheel, tmp_path: Path) -> None:
    """auditwheel moves programs out of scripts, and leaves a small script in their place."""
    made = compiled(
        tmp_path / "made",
        {EXTENSION: shared_object(), "demo.scripts/tool": shared_object()},
        tag=PORTABLE_TAG,
    )
    assert libraries_of(made, before=wheel, said=[]) == ()


def test_a_library_without_a_licence_is_told(wheel: Wheel) -> None:
    bare = Bundled(
        path=LIBRARY, original="libogg.so.0", package="libogg0", version="1", licences=()
    )
    nobodys = evolve(bare, package=None)
    whole = evolve(bare, licences=(LICENCE,))
    notes = Ported(wheel=wheel, libraries=(bare, nobodys, whole)).notes
    assert len(notes) == 2
    assert notes[0].startswith("libogg.so.0 of libogg0 was put in without its licence")
    assert "is of no package" in notes[1]


# --------------------------------------------------------------------------- policies


def test_policies_are_those_of_the_target_oldest_first() -> None:
    tags = [
        t
        for platform in (
            "linux_x86_64", "manylinux_2_17_x86_64", "manylinux2014_x86_64", "manylinux_2_5_x86_64",
            "manylinux_2_31_x86_64",
        )
        for t in parse_tag(f"cp39-cp39-{platform}")
    ]  # fmt: skip
    assert policies_of(python(tags=tuple(tags))) == (
        "manylinux_2_5_x86_64",
        "manylinux_2_17_x86_64",
        "manylinux_2_31_x86_64",
    )


@pytest.mark.parametrize(
    ("platforms", "policy"),
    [
        (("manylinux_2_17_x86_64", "manylinux2014_x86_64"), "manylinux_2_17"),
        (("manylinux_2_34_x86_64", "manylinux_2_5_x86_64", "manylinux1_x86_64"), "manylinux_2_5"),
        (("musllinux_1_2_aarch64",), "musllinux_1_2"),
        (("linux_x86_64",), None),
    ],
)
def test_the_policy_that_a_name_claims(
    platforms: tuple[str, ...], policy: str | None, wheel: Wheel
) -> None:
    tags = frozenset(Tag("cp313", "cp313", p) for p in platforms)
    assert policy_of_wheel(evolve(wheel, tags=tags)) == policy
