"""Seeds: where a circle is opened, which wheel serves, and what is proposed where none was declared."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from archives_helpers import python
from packaging.utils import canonicalize_name
from packaging.version import Version

from podwheel.build.seeds import Seeds, members, where_to_cut
from podwheel.build.subject import Subject
from podwheel.build.task import Task
from podwheel.errors import HashMismatch, NoMatchingVersion, ProjectNotFound
from podwheel.model import File, Hash, LocalDirectory
from podwheel.settings import Seed, Settings

if TYPE_CHECKING:
    from pathlib import Path

    from packaging.utils import NormalizedName


def task(name: str, kind: str = "build", version: str | None = "1.0", **subject: Any) -> Task[Any]:
    about = Subject(
        name=canonicalize_name(name),
        version=None if version is None else Version(version),
        file=None,
        direct=None,
        **subject,
    )
    return Task(key=kind + name, title=f"{kind} {about}", steps=iter(()), number=0, about=about)  # type: ignore[arg-type]


def seed(name: str, version: str = "1.0", sha256: str = "aa" * 32) -> Seed:
    return Seed(name=canonicalize_name(name), version=Version(version), sha256=sha256)


def wheel(filename: str, sha256: str | None = "aa" * 32, size: int | None = 100) -> File:
    hashes = () if sha256 is None else (Hash(algorithm="sha256", digest=sha256),)
    return File(
        filename=filename, url=f"https://index.example/{filename}", hashes=hashes, size=size
    )


def seeds(*files: File, declared: tuple[Seed, ...] = ()) -> Seeds:
    """With an index that has *files*."""

    def of(name: NormalizedName) -> tuple[File, ...]:
        found = tuple(f for f in files if canonicalize_name(f.filename.split("-")[0]) == name)
        if not found:
            raise ProjectNotFound(name)
        return found

    workshop: Any = SimpleNamespace(
        index=SimpleNamespace(files=of),
        settings=Settings(seeds=declared),
        target=SimpleNamespace(python=python()),
    )
    return Seeds(workshop=workshop)


# ------------------------------------------------------------------ where a circle is opened


def test_without_seeds_who_closed_the_circle_is_told() -> None:
    assert where_to_cut(())([task("a"), task("b"), task("c")]) == 0


@pytest.mark.parametrize("turn", [0, 1, 2])
def test_who_waits_for_the_seed_is_told_wherever_the_circle_closed(turn: int) -> None:
    circle = [task("a"), task("b"), task("c")]  # a waits for b, b for c, c for a
    turned = circle[turn:] + circle[:turn]
    assert turned[where_to_cut([seed("c")])(turned)].about.name == "b"
    assert turned[where_to_cut([seed("a")])(turned)].about.name == "c"


def test_the_seed_that_was_declared_first_counts() -> None:
    circle = [task("a"), task("b"), task("c")]
    assert where_to_cut([seed("x"), seed("a"), seed("b")])(circle) == 2
    assert where_to_cut([seed("b"), seed("a")])(circle) == 0


def test_a_projects_own_tasks_are_no_edge() -> None:
    """Its metadata may wait for its own build; the seed has to be used by somebody else."""
    circle = [task("b", "metadata of"), task("b"), task("a")]
    assert where_to_cut([seed("b")])(circle) == 2


def test_a_project_that_requires_itself() -> None:
    assert where_to_cut([seed("a")])([task("a")]) == 0


def test_tasks_that_are_about_no_project_are_passed_over() -> None:
    other: Task[Any] = Task(key="x", title="resolve", steps=iter(()), number=0)  # type: ignore[arg-type]
    circle = [task("a"), other, task("b")]
    assert where_to_cut([seed("a")])(circle) == 2
    assert [m.name for m in members(circle)] == ["a", "b"]


def test_members_are_named_once() -> None:
    circle = [task("b", "metadata of"), task("b"), task("a")]
    assert [m.name for m in members(circle)] == ["b", "a"]


# ------------------------------------------------------------------ the seed's wheel


def test_the_wheel_of_the_declared_hash() -> None:
    ours = wheel("demo-1.0-cp313-cp313-linux_x86_64.whl", "bb" * 32)
    found = seeds(
        wheel("demo-1.0-py3-none-any.whl"), ours, wheel("demo-2.0-py3-none-any.whl", "bb" * 32)
    )
    pin = found.pin(seed("demo", sha256="bb" * 32))
    assert (pin.file, str(pin.version)) == (ours, "1.0")
    assert [str(h) for h in pin.hashes] == [f"sha256:{'bb' * 32}"]
    assert pin.wanted_by == ("[[seed]] demo of podwheel.toml",)


def test_an_index_without_hashes_is_checked_by_the_download() -> None:
    pin = seeds(wheel("demo-1.0-py3-none-any.whl", None)).pin(seed("demo"))
    assert [str(h) for h in pin.hashes] == [f"sha256:{'aa' * 32}"]


def test_another_hash_is_refused() -> None:
    with pytest.raises(HashMismatch, match=r"demo 1\.0 has the declared") as caught:
        seeds(wheel("demo-1.0-py3-none-any.whl", "cc" * 32)).pin(seed("demo"))
    assert caught.value.said.splitlines() == [
        f"declared  {'aa' * 32}",
        f"demo-1.0-py3-none-any.whl  {'cc' * 32}",
    ]


@pytest.mark.parametrize(
    "filename",
    ["demo-2.0-py3-none-any.whl", "demo-1.0.tar.gz", "demo-1.0-broken.whl"],
)
def test_no_wheel_of_that_version(filename: str) -> None:
    with pytest.raises(NoMatchingVersion, match=r"no wheel of demo 1\.0"):
        seeds(wheel(filename)).pin(seed("demo"))


def test_which_seed_was_declared() -> None:
    known = seeds(declared=(seed("demo"),))
    assert known.get(canonicalize_name("Demo")) == seed("demo")
    assert known.get(canonicalize_name("other")) is None


# ------------------------------------------------------------------ what is proposed


def test_a_small_pure_wheel_of_the_circle_is_proposed() -> None:
    found = seeds(
        wheel("a-1.0-cp313-cp313-linux_x86_64.whl", "11" * 32, size=1),
        wheel("b-1.0-py3-none-any.whl", "22" * 32, size=900),
        wheel("c-1.0-py3-none-any.whl", "33" * 32, size=800),
        wheel("c-2.0-py3-none-any.whl", "44" * 32, size=700),
        wheel("d-1.0-cp27-cp27m-win32.whl", "55" * 32, size=1),
    )
    circle = [task(name) for name in "abcd"]
    assert found.proposal(circle)[1:] == (
        "[[seed]]",
        'name = "c"',
        'version = "1.0"',
        f'sha256 = "{"33" * 32}"',
    )


def test_nothing_is_proposed_that_nobody_offers(tmp_path: Path) -> None:
    found = seeds(wheel("a-1.0.tar.gz"), wheel("b-1.0-py3-none-any.whl", None))
    own = task("c", version=None)
    local = task("d")
    local.about = Subject(
        name=canonicalize_name("d"),
        version=Version("1.0"),
        file=None,
        direct=LocalDirectory(path=tmp_path),
    )
    assert found.proposal([task("a"), task("b"), own, local]) == ()
