"""Compiler caches: whose each is, which steps have one, and that what a container says of it is a claim."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from attrs import evolve
from packaging.utils import canonicalize_name
from packaging.version import Version
from structlog.testing import capture_logs

from podwheel.build import ccache
from podwheel.build.ccache import CompilerCache, CompilerCaches, cache_of
from podwheel.build.conversation import Conversation
from podwheel.build.project import Project
from podwheel.build.step import Compilations, Usage
from podwheel.build.subject import Subject
from podwheel.errors import ImageBuildFailed
from podwheel.model import ArchiveUrl, File, Image, LocalDirectory, Source, VcsUrl
from podwheel.sandbox.job import Limits
from podwheel.settings import PackageSettings
from podwheel.store import Store
from podwheel.targets.installed import Installed

if TYPE_CHECKING:
    from collections.abc import Callable

PLAIN = Image(reference="localhost/podwheel/x-build:1", digest="sha256:1", content="c1")
WITH_LIBRARY = Image(reference="localhost/podwheel/x-extra:2", digest="sha256:2", content="c2")
WITH_NEWER = Image(reference="localhost/podwheel/x-extra:3", digest="sha256:3", content="c3")
UNLISTED = Image(reference="localhost/podwheel/x-extra:4", digest="sha256:4", content="c4")
INSTALLED: defaultdict[Image, list[Installed]] = defaultdict(
    list,
    {
        image: [Installed(name=n, version=v, architecture="amd64") for n, v in packages.items()]
        for image, packages in {
            PLAIN: {"binutils": "1", "gcc": "1"},
            WITH_LIBRARY: {"binutils": "1", "gcc": "1", "libpq-dev": "1"},
            WITH_NEWER: {"binutils": "2", "gcc": "1"},
        }.items()
    },
)
INDEX = "https://pypi.example.org/simple/"


def subject(name: str = "demo", **more: Any) -> Subject:
    return Subject(
        **{"name": canonicalize_name(name), "version": None, "file": None, "direct": None} | more
    )


def listed(filename: str, *, index: str | None = INDEX) -> File:
    return File(filename=filename, url=f"https://files.example.org/ab/{filename}", index=index)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    nothing: Any = SimpleNamespace(backend="b", backend_path=())
    return Project(
        name=canonicalize_name("demo"),
        version=Version("1.0"),
        source=Source(
            identity="sha256:0", archive=tmp_path, sha256="0", filename="demo-1.0.tar.gz", url="u"
        ),
        build_system=nothing,
        settings=PackageSettings(),
        settings_file="podwheel.toml",
        config_settings=(),
        variables=(),
        patches=(),
        image=PLAIN,
        wanted_by=(),
        local=False,
        cache="0123",
    )


@pytest.fixture
def caches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., CompilerCaches]:
    """Those of a run; with *missing*, of a distribution without ccache."""

    def make(
        limits: Limits | None = None, *, missing: bool = False, withheld: bool = False
    ) -> CompilerCaches:
        def program(_: Any) -> Path:
            if missing:
                raise ImageBuildFailed("no package ccache")
            return tmp_path / "program"

        monkeypatch.setattr(ccache, "known_program", lambda _: None)
        monkeypatch.setattr(ccache, "ccache_program", program)
        monkeypatch.setattr(ccache, "installed", lambda image, *, store: INSTALLED[image])
        workshop: Any = SimpleNamespace(
            store=Store(tmp_path / "store"),
            target=SimpleNamespace(name="debian-13", build=PLAIN),
            limits=limits or Limits(),
            scheduler=SimpleNamespace(withheld=withheld),
        )
        return CompilerCaches(workshop=workshop)

    return make


# ------------------------------------------------------------------ whose it is


def test_versions_of_a_project_share_one() -> None:
    first, second = (subject(file=listed(f"demo-{v}.tar.gz")) for v in ("1.0", "1.1"))
    assert cache_of(first, "debian-13") == cache_of(second, "debian-13")
    repository = [VcsUrl(url="https://git.example.org/demo", ref=ref) for ref in ("v1", "v2")]
    first, second = (subject(direct=one) for one in repository)
    assert cache_of(first, "debian-13") == cache_of(second, "debian-13")


def test_nobody_else_has_it() -> None:
    """Not by taking its name, and not for another target."""
    several = [
        subject(file=listed("demo-1.0.tar.gz")),
        subject("other", file=listed("demo-1.0.tar.gz")),
        subject(file=listed("demo-1.0.tar.gz", index="https://other.example.org/simple/")),
        subject(file=listed("demo-1.0.tar.gz", index=None)),
        subject(direct=VcsUrl(url="https://git.example.org/demo")),
        subject(direct=VcsUrl(url="https://git.example.org/demo", subdirectory="sub")),
        subject(direct=ArchiveUrl(url="https://git.example.org/demo-1.0.tar.gz")),
        subject(direct=LocalDirectory(path=Path("/home/somebody/demo"))),
    ]
    names = {cache_of(one, target) for one in several for target in ("debian-12", "debian-13")}
    assert len(names) == 2 * len(several)


# ------------------------------------------------------------------ who has one


def test_what_was_made_with_it_is_another_step(
    project: Project, caches: Callable[..., CompilerCaches]
) -> None:
    mine = caches()
    lent = mine.lent_to(project)
    assert lent.image is project.image
    assert lent.step((), None).id != project.step((), None).id
    assert mine.of(lent) is not None
    assert mine.of(project) is None


def test_what_compiles_nothing_has_none(
    project: Project, caches: Callable[..., CompilerCaches]
) -> None:
    plain = evolve(project, cache=None)
    assert caches().lent_to(plain) is plain
    assert plain.step((), None).id == project.step((), None).id


def test_a_plan_makes_nothing(project: Project, caches: Callable[..., CompilerCaches]) -> None:
    assert caches(withheld=True).lent_to(project) is project


def test_a_distribution_without_ccache_is_told_once(
    project: Project, caches: Callable[..., CompilerCaches]
) -> None:
    mine = caches(missing=True)
    with capture_logs() as logs:
        for name in ("demo", "other"):
            one = evolve(project, name=canonicalize_name(name))
            assert mine.lent_to(one) is one
    assert [entry["event"] for entry in logs] == ["ccache.missing"]


def test_another_compiler_finds_nothing_and_another_library_does_not_matter(
    project: Project, caches: Callable[..., CompilerCaches]
) -> None:
    def toolchain(image: Image) -> str:
        cache = mine.of(mine.lent_to(evolve(project, image=image)))
        assert cache is not None
        return cache.toolchain

    mine = caches()
    assert toolchain(PLAIN) == toolchain(WITH_LIBRARY) != toolchain(WITH_NEWER)
    assert toolchain(UNLISTED) != toolchain(evolve(UNLISTED, content="c5"))


def test_it_takes_a_part_of_the_scratch_and_of_the_output(
    project: Project, caches: Callable[..., CompilerCaches]
) -> None:
    def limit(limits: Limits) -> int:
        mine = caches(limits)
        cache = mine.of(mine.lent_to(project))
        assert cache is not None
        return cache.limit

    assert limit(Limits()) == 512 << 20
    assert limit(Limits(scratch=1 << 30)) == 128 << 20
    assert limit(Limits(output=80 << 20)) == 10 << 20


# ------------------------------------------------------------------ in and out


class Guest:
    """Answers as a container does that may say anything."""

    def __init__(self, body: dict[str, Any], files: dict[str, bytes] | None = None) -> None:
        self.body, self.files = body, files or {}
        self.limit: int | None = None

    def ask(self, request: dict[str, Any]) -> dict[str, Any]:
        return self.body

    def receive(self, request: dict[str, Any], into: Path, *, limit: int) -> dict[str, Any]:
        self.limit = limit
        for name, data in self.files.items():
            (into / name).write_bytes(data)
        return self.body


def conversation(guest: Guest, project: Project) -> Conversation:
    session: Any = guest
    return Conversation(
        session=session, project=project, title="demo 1.0", wanted_by=(), log=Path("/nowhere")
    )


@pytest.fixture
def cache(project: Project, caches: Callable[..., CompilerCaches]) -> CompilerCache:
    mine = caches()
    found = mine.of(mine.lent_to(project))
    assert found is not None
    return found


def test_it_is_kept_when_all_of_it_has_come(
    cache: CompilerCache, project: Project, tmp_path: Path
) -> None:
    guest = Guest({"ok": True, "found": 3, "compiled": 1}, {"cache.tar": b"x", "other": b"x"})
    assert [mount.target for mount in cache.mounts] == ["/podwheel/ccache"]
    counted = cache.take(conversation(guest, project), tmp_path)
    assert counted == Compilations(found=3, compiled=1)
    assert str(counted) == "3 of 4 compilations found"
    assert guest.limit is not None
    assert guest.limit < 514 << 20
    cache.keep(tmp_path)
    assert cache.path.read_bytes() == b"x"
    assert [mount.source for mount in cache.mounts] == [cache.program, cache.path]
    assert [path.name for path in cache.path.parent.iterdir()] == [cache.path.name]


def test_what_did_not_come_leaves_the_old_one(
    cache: CompilerCache, project: Project, tmp_path: Path
) -> None:
    cache.path.parent.mkdir(parents=True)
    cache.path.write_bytes(b"old")
    assert cache.take(conversation(Guest({"ok": False}), project), tmp_path) is None
    cache.keep(tmp_path)
    assert cache.path.read_bytes() == b"old"


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"found": 1},
        {"found": -1, "compiled": 1},
        {"found": True, "compiled": 1},
        {"found": "1", "compiled": 1},
        {"found": 1, "compiled": 10**30},
        {"found": float("nan"), "compiled": 1},
        {"found": [1], "compiled": {}},
    ],
)
def test_statistics_are_a_claim(said: dict[str, Any], project: Project, tmp_path: Path) -> None:
    assert conversation(Guest(said), project).take_cache(tmp_path, 1) is None


def test_they_are_added_up(caches: Callable[..., CompilerCaches]) -> None:
    mine = caches()
    mine.count(None)
    assert mine.asked is None
    for _ in range(2):
        mine.count(Compilations(found=1, compiled=2))
    assert mine.asked == Compilations(found=2, compiled=4)


@pytest.mark.parametrize("counted", [None, Compilations(found=1, compiled=2)])
def test_they_are_remembered(counted: Compilations | None) -> None:
    usage = Usage(
        started="", seconds=1.0, cpu_seconds=None, peak_memory=None,
        enforced=(("memory", "x"),), compilations=counted,
    )  # fmt: skip
    assert Usage.from_json(usage.to_json()) == usage
    older = usage.to_json()
    del older["compilations"]
    assert Usage.from_json(older).compilations is None
