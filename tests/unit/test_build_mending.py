"""What the next attempt is given: which comes first, what is kept, what is told where nothing helps."""

from __future__ import annotations

import datetime as dt
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from podwheel.build.ladder import Ladder
from podwheel.build.mending import Mending, told_of
from podwheel.index.once import Once
from podwheel.model import NO_TREE
from podwheel.remedies.remedy import Remedy
from podwheel.settings import PackageSettings, Settings
from podwheel.store import Store
from podwheel.syslibs.plan import Plan

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

GONE = "ModuleNotFoundError: No module named 'pkg_resources'"
UPLOADED = dt.datetime(2019, 1, 1, tzinfo=dt.UTC)


@pytest.fixture
def workshop(tmp_path: Path) -> Any:
    return SimpleNamespace(
        store=Store(tmp_path / "store"),
        remedies=True,
        target=SimpleNamespace(python=SimpleNamespace(series=(3, 13))),
        definition=SimpleNamespace(name="debian-13"),
        settings=Settings(),
        request=SimpleNamespace(wanted=(), constraints=()),
    )


@pytest.fixture
def project(monkeypatch: pytest.MonkeyPatch) -> Any:
    """As much of a project as these rooms look at; `evolve` makes another of it."""

    def evolved(one: Any, **changes: Any) -> Any:
        return SimpleNamespace(**{**vars(one), **changes})

    monkeypatch.setattr("podwheel.build.ladder.evolve", evolved)
    return SimpleNamespace(
        name="demo",
        title="demo 1.0",
        source=SimpleNamespace(identity="sha256:0"),
        settings=PackageSettings(),
        variables=(("CFLAGS", "-O2"),),
        remedies=(),
        uploaded=UPLOADED,
        inputs=(),
    )


def planned(*, sure: bool) -> Plan:
    lack = SimpleNamespace(sure=sure)
    choice: Any = SimpleNamespace(
        lack=lack,
        candidate=SimpleNamespace(package="libx-dev", missing="header x.h", path="/x.h"),
        rivals=(),
    )
    return Plan(add=(choice,), hints=())


def mending(workshop: Any, plan: Plan) -> Mending:
    supplies: Any = SimpleNamespace(
        after_failure=lambda _project, _text: plan,
        with_more=lambda project, _plan: SimpleNamespace(**{**vars(project), "image": "more"}),
    )

    def equipped(project: Any) -> Iterator[Any]:
        yield from ()
        return SimpleNamespace(**{**vars(project), "inputs": ("crates",)})

    def newer(project: Any, remedy: Remedy) -> tuple[Any, Remedy]:
        return project, Remedy(name=remedy.name, reason=remedy.reason, rust="1.90")

    cargo: Any = Once(lambda: SimpleNamespace(newer=newer))
    return Mending(
        workshop=workshop,
        supplies=supplies,
        ladder=Ladder(workshop=workshop),
        cargo=cargo,
        with_crates=equipped,
    )


def asked(mender: Mending, project: Any, tmp_path: Path, text: str, said: str = "") -> Any:
    log = tmp_path / "log"
    log.write_text(text)
    return mender.after_failure(project, said, log, NO_TREE)


def finished(steps: Iterator[Any]) -> Any:
    try:
        next(steps)
    except StopIteration as stop:
        return stop.value
    raise AssertionError("it waits")


# ------------------------------------------------------------ which comes first


def test_what_answers_the_last_line_comes_first(
    workshop: Any, project: Any, tmp_path: Path
) -> None:
    mender = mending(workshop, planned(sure=True))
    mend, _ = asked(mender, project, tmp_path, f"{GONE}\n", said=GONE)
    assert told_of(mend) == f"setuptools-below-82 ({GONE})"


def test_what_a_tool_stopped_for_comes_before_the_ladder(
    workshop: Any, project: Any, tmp_path: Path
) -> None:
    mend, _ = asked(mending(workshop, planned(sure=True)), project, tmp_path, f"{GONE}\n")
    assert told_of(mend) == "libx-dev (header x.h)"


def test_what_was_looked_for_in_passing_comes_after_it(
    workshop: Any, project: Any, tmp_path: Path
) -> None:
    mender = mending(workshop, planned(sure=False))
    assert isinstance(asked(mender, project, tmp_path, f"{GONE}\n")[0], Remedy)
    assert told_of(asked(mender, project, tmp_path, "nothing\n")[0]) == "libx-dev (header x.h)"


def test_nothing_helps(workshop: Any, project: Any, tmp_path: Path) -> None:
    mender = mending(workshop, Plan(add=(), hints=("of the system",)))
    text = (
        "fatal: unable to access 'https://git.example.org/x.git/': Could not resolve host: git.example.org\n"
        "ModuleNotFoundError: No module named 'somebody'\n"
    )
    mend, hints = asked(mender, project, tmp_path, text)
    assert mend is None
    assert hints[0].startswith("it wants to download git https://git.example.org/x.git: no step")
    assert "  [[package.demo.fetch]]" in hints
    assert any('build-requires = ["somebody"]' in hint for hint in hints)
    assert hints[-1] == "of the system"


def test_without_remedies(workshop: Any, project: Any, tmp_path: Path) -> None:
    workshop.remedies = False
    mender = mending(workshop, Plan(add=(), hints=()))
    assert asked(mender, project, tmp_path, f"{GONE}\n", said=GONE)[0] is None


# ------------------------------------------------------------ what it does


def test_packages_bring_crates_where_a_toolchain_is_among_them(workshop: Any, project: Any) -> None:
    mended = finished(mending(workshop, planned(sure=True)).mended(project, planned(sure=True)))
    assert (mended.image, mended.inputs) == ("more", ("crates",))


def test_a_newer_toolchain_is_named_by_its_version(workshop: Any, project: Any) -> None:
    remedy = Remedy(name="newer-rust", reason="E0658", rust="newer")
    mended = finished(mending(workshop, planned(sure=True)).mended(project, remedy))
    assert [one.rust for one in mended.remedies] == ["1.90"]


def test_options_go_behind_the_users_and_variables_of_theirs_stay(
    workshop: Any, project: Any
) -> None:
    project.settings = PackageSettings(environment=(("THEIRS", "1"),))
    project.variables = (("CFLAGS", "-O2"), ("THEIRS", "1"))
    remedy = Remedy(
        name="x", reason="", cflags=("-fcommon",), environment=(("OURS", "2"), ("THEIRS", "2"))
    )
    climbed = Ladder(workshop=workshop).climbed(project, remedy)
    assert climbed.variables == (("CFLAGS", "-O2 -fcommon"), ("OURS", "2"), ("THEIRS", "1"))


def test_a_rung_is_not_tried_twice(workshop: Any, project: Any) -> None:
    ladder = Ladder(workshop=workshop)
    names = []
    while (remedy := ladder.next(project, GONE, NO_TREE)) is not None:
        names.append(remedy.name)
        project = ladder.climbed(project, remedy)
    assert names == ["setuptools-below-82", "build-requirements-as-of-upload"]


def test_the_day_of_the_upload_must_be_known(workshop: Any, project: Any) -> None:
    project.uploaded = None
    ladder = Ladder(workshop=workshop)
    first = ladder.next(project, GONE, NO_TREE)
    assert first is not None
    assert ladder.next(ladder.climbed(project, first), GONE, NO_TREE) is None


# ------------------------------------------------------------ what is kept


def test_what_helped_is_known_the_next_time(workshop: Any, project: Any) -> None:
    ladder = Ladder(workshop=workshop)
    assert ladder.known(project).remedies == ()
    remedy = Remedy(name="x", reason="said", cflags=("-fcommon",))
    ladder.keep(ladder.climbed(project, remedy))
    again = ladder.known(project)
    assert again.remedies == (remedy,)
    assert again.variables == (("CFLAGS", "-O2 -fcommon"),)
    workshop.remedies = False
    assert ladder.known(project).remedies == ()
    ladder.keep(project)
    workshop.remedies = True
    assert ladder.known(project).remedies == (remedy,), "what was not asked for is still known"


@pytest.mark.parametrize("place", ["wanted", "constraints"])
def test_a_project_that_the_request_names_is_known(workshop: Any, project: Any, place: str) -> None:
    """Also while versions are resolved, when there is no tree."""
    text = "ImportError: No module named zope_interface\n"
    ladder = Ladder(workshop=workshop)
    assert ladder.next(project, text, NO_TREE) is None
    setattr(
        workshop.request,
        place,
        (SimpleNamespace(name=None), SimpleNamespace(name="zope-interface")),
    )
    remedy = ladder.next(project, text, NO_TREE)
    assert remedy is not None
    assert remedy.build_requires == ("zope-interface",)


def test_a_line_of_the_log_is_read_in_its_place(
    workshop: Any, project: Any, tmp_path: Path
) -> None:
    """What the error repeats of it has lost what stood before: here, that it was only tried."""
    read: list[str] = []
    mender = mending(workshop, planned(sure=True))
    mender.supplies.after_failure = lambda _project, text: read.append(text) or planned(sure=True)  # type: ignore[method-assign]
    log = "cc a.o -lx -o /tmp/t/a.out\n/usr/bin/ld: cannot find -lx\n"
    asked(mender, project, tmp_path, log, said="/usr/bin/ld: cannot find -lx\nKeyError: 'x'")
    assert read == [f"{log}\nKeyError: 'x'"]
