"""build/kept.py: a resolution is used again as long as what it was made from is as it was."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from attrs import evolve
from index_helpers import Bench, canonical, json_page
from packaging.version import Version

from podwheel.build.kept import KeptResolutions, Noting, has_login
from podwheel.errors import IndexUnreachable, OfflineMiss
from podwheel.model import File, Freshness, Hash, LocalDirectory, Metadata, Pin, Resolution, VcsUrl
from podwheel.resolve.metadata import StaticMetadata

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SHA256 = "ab" * 32
SOURCE = File(
    filename="demo-1.0.tar.gz",
    url="https://files.example.org/demo-1.0.tar.gz",
    hashes=(Hash(algorithm="sha256", digest=SHA256),),
)
FOUND = Resolution(pins=(Pin(name=canonical("demo"), version=Version("1.0"), file=SOURCE),))
ASKED = {canonical("demo"), canonical("gone")}


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    with Bench(tmp_path, monkeypatch) as made:
        publish(made, "1.0")
        yield made


def publish(bench: Bench, *versions: str, **more: Any) -> None:
    files = [{"filename": f"demo-{version}.tar.gz", **more} for version in versions]
    bench.server.routes["/simple/demo/"] = json_page(*files)


class Run:
    """What one run has of them."""

    def __init__(
        self, bench: Bench, *, freshness: Freshness = Freshness.NORMAL, **options: Any
    ) -> None:
        index = bench.index(freshness=freshness, **options)
        python: Any = SimpleNamespace(ranks={})
        self.static = StaticMetadata(
            files=index, store=bench.store, python=python, target="a-target", hook=never
        )
        workshop: Any = SimpleNamespace(
            index=index, store=bench.store, freshness=freshness, fresh_for=index.fresh_for
        )
        self.kept = KeptResolutions(workshop=workshop, static=self.static)

    def keep(self, resolution: Resolution = FOUND) -> None:
        self.kept.keep("key", resolution, ASKED)


def never(*_: object) -> Metadata:
    raise AssertionError


def refreshed(bench: Bench) -> Resolution | None:
    """What a run with --refresh knows."""
    return Run(bench, freshness=Freshness.REFRESH).kept.known("key")


def test_a_young_one_is_used_without_asking(bench: Bench) -> None:
    run = Run(bench)
    run.keep()
    asked = len(bench.server.seen)
    assert Run(bench).kept.known("key") == FOUND
    assert Run(bench).kept.known("another") is None
    assert len(bench.server.seen) == asked


def test_an_old_one_is_used_where_the_pages_are_the_same(bench: Bench) -> None:
    Run(bench).keep()
    asked = len(bench.server.seen)
    assert Run(bench, fresh_for=0.0).kept.known("key") == FOUND
    assert {seen.path for seen in bench.server.seen[asked:]} == {"/simple/demo/", "/simple/gone/"}
    asked = len(bench.server.seen)
    assert Run(bench).kept.known("key") == FOUND  # and is young again
    assert len(bench.server.seen) == asked
    assert refreshed(bench) == FOUND


@pytest.mark.parametrize(
    "change",
    [
        lambda bench: publish(bench, "1.0", "2.0"),
        lambda bench: publish(bench, "1.0", yanked=True),
        lambda bench: bench.server.routes.pop("/simple/demo/"),
        lambda bench: bench.server.routes.update({"/simple/gone/": json_page()}),
    ],
    ids=["a release", "yanked", "gone", "a new project"],
)
def test_not_where_a_page_has_changed(bench: Bench, change: Any) -> None:
    Run(bench).keep()
    change(bench)
    assert refreshed(bench) is None


def test_not_where_a_built_wheel_has_said_something_since(bench: Bench) -> None:
    run = Run(bench)
    run.keep()
    said = Metadata(name=canonical("demo"), version=Version("1.0"), requires=())
    run.static.learn(SHA256, said)
    assert refreshed(bench) is None
    run.keep()
    assert refreshed(bench) == FOUND
    run.static.learn(SHA256, evolve(said, extras=frozenset({canonical("more")})))
    assert refreshed(bench) is None


def test_not_where_a_file_could_change_unseen(bench: Bench) -> None:
    (pin,) = FOUND.pins
    vcs = VcsUrl(url="https://example.org/demo.git", ref="main")
    for one in (evolve(pin, file=evolve(SOURCE, hashes=())), evolve(pin, file=None, direct=vcs)):
        Run(bench).keep(Resolution(pins=(one,)))
        assert Run(bench).kept.known("key") is not None
        assert refreshed(bench) is None


def test_not_where_a_page_gives_logins(bench: Bench) -> None:
    publish(bench, "1.0", url="https://somebody:secret@files.example.org/demo-1.0.tar.gz")
    Run(bench).keep()
    assert refreshed(bench) is None


def test_one_of_a_directory_or_with_a_login_is_not_kept_at_all(
    bench: Bench, tmp_path: Path
) -> None:
    (pin,) = FOUND.pins
    url = "https://somebody:secret@files.example.org/demo-1.0.tar.gz"
    for one in (
        evolve(pin, file=None, direct=LocalDirectory(path=tmp_path)),
        evolve(pin, file=evolve(SOURCE, url=url)),
    ):
        Run(bench).keep(Resolution(pins=(one,)))
        assert Run(bench).kept.known("key") is None


def test_offline_it_is_used_however_old(bench: Bench) -> None:
    Run(bench).keep()
    offline = Run(bench, freshness=Freshness.OFFLINE, fresh_for=0.0)
    assert offline.kept.known("key") == FOUND
    with pytest.raises(OfflineMiss):
        offline.kept.workshop.index.files(canonical("never-asked"))


def test_an_index_that_cannot_be_reached_is_told(bench: Bench) -> None:
    Run(bench).keep()
    bench.server.routes["/simple/demo/"] = evolve(json_page(), status=500)
    with pytest.raises(IndexUnreachable):
        refreshed(bench)


def test_what_a_resolver_asks_for_is_noted(bench: Bench) -> None:
    noting = Noting(bench.index())
    noting.prefetch([canonical("gone")])
    assert [file.filename for file in noting.files(canonical("demo"))] == ["demo-1.0.tar.gz"]
    assert noting.asked == {canonical("demo")}


def test_a_login_is_found_anywhere() -> None:
    assert has_login({"a": [{"b": "https://u:p@example.org/"}]})
    assert not has_login({"a": ["git+ssh://git@example.org/x", 1, None]})
