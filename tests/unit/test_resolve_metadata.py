"""StaticMetadata: the cheapest way that can be believed, and what built wheels said."""

from __future__ import annotations

import hashlib
import io
import tarfile
from typing import TYPE_CHECKING

import pytest
from attrs import evolve
from packaging.utils import canonicalize_name
from packaging.version import Version
from resolve_helpers import HERE, file, metadata, python, sha

from podwheel.errors import MetadataUnusable, SourceUnusable
from podwheel.resolve import Candidate, StaticMetadata
from podwheel.store import Store

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from podwheel.model import File, Hash, Metadata

STATIC = "Metadata-Version: 2.2\nName: pkg\nVersion: 1.0\nRequires-Dist: from-sdist\n"
DYNAMIC = STATIC + "Dynamic: Requires-Dist\n"
OLD = STATIC.replace("2.2", "1.2")
WHEEL = "Metadata-Version: 2.1\nName: pkg\nVersion: 1.0\nRequires-Dist: from-wheel\n"


def sdist(pkg_info: str, pyproject: str | None = None) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        for name, text in (("PKG-INFO", pkg_info), ("pyproject.toml", pyproject)):
            if text is not None:
                info = tarfile.TarInfo(f"pkg-1.0/{name}")
                info.size = len(text)
                archive.addfile(info, io.BytesIO(text.encode()))
    return out.getvalue()


class Index:
    """Bytes by file name; counts what was asked."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.bytes: dict[str, bytes] = {}
        self.wheels: dict[str, str] = {}
        self.asked: list[str] = []
        self.chains: list[tuple[str, ...]] = []
        self.hashes: list[tuple[Hash, ...]] = []

    def download(
        self, file: File, *, hashes: tuple[Hash, ...] = (), wanted_by: Sequence[str] = ()
    ) -> tuple[Path, str]:
        self.asked.append(file.filename)
        self.hashes.append(hashes)
        self.chains.append(tuple(wanted_by))
        data = self.bytes[file.filename]
        path = self.place / file.filename
        path.write_bytes(data)
        return path, hashlib.sha256(data).hexdigest()

    def wheel_metadata(self, file: File, *, wanted_by: Sequence[str] = ()) -> bytes:
        self.asked.append(f"METADATA of {file.filename}")
        self.chains.append(tuple(wanted_by))
        return self.wheels[file.filename].encode()


class Bench:
    """A `StaticMetadata` with everything around it."""

    def __init__(self, place: Path) -> None:
        self.index = Index(place)
        self.store = Store(place / "store")
        self.hooked: list[Candidate] = []
        self.static = self.for_target("one")

    def for_target(self, target: str) -> StaticMetadata:
        return StaticMetadata(
            files=self.index, store=self.store, python=python(), target=target, hook=self._hook
        )

    def _hook(self, candidate: Candidate, _wanted_by: Sequence[str]) -> Metadata:
        self.hooked.append(candidate)
        return metadata("pkg", "1.0", ["from-hook"])

    def source(self, pkg_info: str, pyproject: str | None = None) -> File:
        self.index.bytes["pkg-1.0.tar.gz"] = sdist(pkg_info, pyproject)
        return file("pkg-1.0.tar.gz", hashes=())

    def wheel(self, tag: str, text: str = WHEEL) -> File:
        name = f"pkg-1.0-{tag}.whl"
        self.index.wheels[name] = text
        return file(name)

    def ask(self, candidate: Candidate) -> list[str]:
        found = self.static.of(candidate, ("requirements.txt:1 (pkg)",))
        return [str(requirement) for requirement in found.requires]


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def candidate(chosen: File, *siblings: File, **fields: object) -> Candidate:
    return Candidate(
        name=canonicalize_name("pkg"),
        version=Version("1.0"),
        file=chosen,
        siblings=siblings,
        **fields,  # type: ignore[arg-type]
    )


def test_a_wheel_tells_its_own(bench: Bench) -> None:
    wheel = bench.wheel("py3-none-any")
    assert bench.ask(candidate(wheel, bench.source(STATIC))) == ["from-wheel"]
    assert bench.index.asked == ["METADATA of pkg-1.0-py3-none-any.whl"]
    assert bench.index.chains == [("requirements.txt:1 (pkg)",)]


def test_the_best_fitting_wheel_of_the_version_speaks_for_a_source(bench: Bench) -> None:
    source = bench.source(STATIC)
    wheels = [bench.wheel("py3-none-any"), bench.wheel(HERE), bench.wheel("cp39-cp39-win32")]
    assert bench.ask(candidate(source, *wheels)) == ["from-wheel"]
    assert bench.index.asked == [f"METADATA of pkg-1.0-{HERE}.whl"]


def test_wheels_for_other_systems_do_not(bench: Bench) -> None:
    source = bench.source(STATIC)
    other = bench.wheel("cp313-cp313-win_amd64")
    assert bench.ask(candidate(source, other)) == ["from-sdist"]
    assert bench.index.asked == ["pkg-1.0.tar.gz"]


@pytest.mark.parametrize(
    "text",
    ["", WHEEL.replace("pkg", "other"), WHEEL.replace("1.0", "1.1"), WHEEL + "Requires-Dist: ==\n"],
)
def test_a_wheel_that_talks_nonsense_is_not_asked_again(bench: Bench, text: str) -> None:
    assert bench.ask(candidate(bench.source(STATIC), bench.wheel(HERE, text))) == ["from-sdist"]


def test_a_chosen_wheel_that_talks_nonsense_is_unusable(bench: Bench) -> None:
    with pytest.raises(MetadataUnusable, match=r"pkg-1\.0-py3-none-any\.whl: METADATA"):
        bench.ask(candidate(bench.wheel("py3-none-any", "Name: pkg\n")))


@pytest.mark.parametrize("pkg_info", [DYNAMIC, OLD])
def test_the_backend_is_asked_last(bench: Bench, pkg_info: str) -> None:
    asked = candidate(bench.source(pkg_info))
    assert bench.ask(asked) == ["from-hook"]
    assert bench.hooked == [asked]


def test_a_pyproject_that_promises(bench: Bench) -> None:
    pyproject = '[project]\nname = "pkg"\nversion = "1.0"\ndependencies = ["from-pyproject"]\n'
    assert bench.ask(candidate(bench.source(OLD, pyproject))) == ["from-pyproject"]
    assert not bench.hooked


def test_demanded_hashes_let_nothing_be_read_in_part(bench: Bench) -> None:
    demanded = (sha("x"),)
    source = bench.source(STATIC)
    found = bench.ask(candidate(source, bench.wheel(HERE), hashes=demanded))
    assert found == ["from-sdist"]
    assert bench.index.asked == ["pkg-1.0.tar.gz"]
    assert bench.index.hashes == [demanded]


def test_a_hashed_wheel_is_read_as_a_whole(bench: Bench) -> None:
    wheel = bench.wheel("py3-none-any")
    bench.index.bytes[wheel.filename] = b"this is no zip"
    with pytest.raises(MetadataUnusable) as caught:
        bench.ask(candidate(wheel, hashes=(sha("x"),)))
    assert caught.value.wanted_by == ("requirements.txt:1 (pkg)",)
    assert bench.index.asked == [wheel.filename]


def test_a_source_that_is_none_is_told(bench: Bench) -> None:
    source = bench.source(STATIC)
    bench.index.bytes[source.filename] = b"<html>not found</html>"
    with pytest.raises(SourceUnusable):
        bench.ask(candidate(source))


def test_what_a_built_wheel_said_comes_first(bench: Bench) -> None:
    source = bench.source(STATIC)
    digest = hashlib.sha256(bench.index.bytes[source.filename]).hexdigest()
    learned = metadata("pkg", "1.0", ["from-build"])
    bench.static.learn(digest, learned)
    # The index tells no hash: the file must be brought first.
    assert bench.ask(candidate(source)) == ["from-build"]
    from podwheel.model import Hash

    known = evolve(source, hashes=(Hash(algorithm="sha256", digest=digest),))
    bench.index.asked.clear()
    assert bench.ask(candidate(known, bench.wheel(HERE))) == ["from-build"]
    assert bench.index.asked == []
    assert bench.static.learned(digest) == learned


def test_what_was_learned_is_of_one_target_and_one_project(bench: Bench) -> None:
    learned = metadata("pkg", "1.0", ["from-build"])
    bench.static.learn("ab" * 32, learned, subdirectory="python")
    assert bench.static.learned("ab" * 32, subdirectory="python") == learned
    assert bench.static.learned("ab" * 32) is None
    assert bench.for_target("two").learned("ab" * 32, subdirectory="python") is None


def test_ahead_of_the_question_no_backend_is_asked(bench: Bench) -> None:
    dynamic = file("pkg-1.0.tar.gz", size=1000)
    bench.index.bytes["pkg-1.0.tar.gz"] = sdist(DYNAMIC)
    assert bench.static.ahead(candidate(dynamic)) is None
    assert bench.hooked == []


def test_ahead_of_the_question_only_a_small_source_is_brought(bench: Bench) -> None:
    bench.index.bytes["pkg-1.0.tar.gz"] = sdist(STATIC)
    for size in (None, 1 << 30):
        assert bench.static.ahead(candidate(file("pkg-1.0.tar.gz", size=size))) is None
    assert bench.index.asked == []
    found = bench.static.ahead(candidate(file("pkg-1.0.tar.gz", size=1000)))
    assert found is not None
    assert [str(r) for r in found.requires] == ["from-sdist"]


def test_what_was_read_once_is_not_read_again(bench: Bench) -> None:
    wheel = file("pkg-1.0-py3-none-any.whl")
    bench.index.wheels[wheel.filename] = WHEEL
    assert bench.static.ahead(candidate(wheel)) is bench.static.of(candidate(wheel), ())
    assert bench.index.asked == [f"METADATA of {wheel.filename}"]
