"""The trust root: what a record says that nobody here built, and the command that prints it."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from attrs import asdict, evolve
from click.testing import CliRunner
from packaging.utils import canonicalize_name
from packaging.version import Version
from seal_helpers import run_record, target

from podwheel.build.inputs import Input
from podwheel.build.origins import Origins, Taken
from podwheel.build.step import Built, Step
from podwheel.cli.trust import command
from podwheel.errors import WheelhouseUnusable
from podwheel.model import Image, Metadata, Wheel
from podwheel.seal import RunRecord, read_runs
from podwheel.seal import trust as trusting
from podwheel.seal.record import TrustRecord
from podwheel.seal.trust import Tool, TrustRoot, behind

if TYPE_CHECKING:
    from collections.abc import Sequence

BUILD = Image(reference="localhost/podwheel/debian-13-build:5ec1be", digest="sha256:b1")


def wheel(name: str) -> Wheel:
    """Its hash is its name, to be read in the tests."""
    return Wheel(
        path=Path("/nowhere"), filename=f"{name}-1.0-py3-none-any.whl", sha256=f"#{name}", size=1,
        name=canonicalize_name(name), version=Version("1.0"), tags=frozenset(),
        metadata=Metadata(name=name, version=Version("1.0"), requires=()),
        modules=(name,), extensions=(), root_is_purelib=True,
    )  # fmt: skip


def built(name: str, *environment: str, image: Image | None = BUILD) -> Built:
    step = Step(
        name=name, version="1.0", source=f"sha256:{name}", image="i",
        environment=tuple((one, "1.0", f"#{one}") for one in environment), backend="b",
        backend_path=(), config_settings=(), variables=(), patches=(), build_tag=None,
    )  # fmt: skip
    return Built(
        wheel=wheel(name), step=step, reused=False, usage=None, log=None, url="u",
        source_sha256="0", image=image,
    )  # fmt: skip


def upstream(name: str) -> Built:
    return evolve(built(name, image=None), step=None)


def origins(
    *made: Built,
    seeds: Sequence[str] = (),
    taken: Sequence[str] = (),
    declared: Sequence[str] = (),
) -> Origins:
    found = Origins()
    for one in made:
        found.built(one)
    for name in (*seeds, *taken, *declared):
        found.taken(Taken(wheel=wheel(name), seed=name in seeds, declared=name in declared))
    return found


def root(known: Origins, *tree: Built, tools: Sequence[Tool] = ()) -> list[TrustRecord]:
    workshop: Any = SimpleNamespace(target=target(), store=None)
    made = TrustRoot(
        workshop=workshop,
        origins=known,
        built=tree,
        requirements=behind(tree, known),
        tools=tools,
    )
    return list(made.records())


@pytest.fixture(autouse=True)
def packages(monkeypatch: pytest.MonkeyPatch) -> None:
    lists = {"sha256:b1": 212, "sha256:runtime": 0}
    monkeypatch.setattr(
        trusting, "installed", lambda image, *, store: range(lists.get(image.digest, 7))
    )


# ------------------------------------------------------------------ what is behind a wheel


def test_steps_are_followed_down() -> None:
    flit, tool = built("flit"), built("tool", "flit")
    unused = built("unused", "flit")
    known = origins(flit, tool, unused)
    assert [one.wheel.name for one in behind([built("app", "tool")], known)] == ["flit", "tool"]


def test_a_wheel_of_the_tree_is_not_behind_it() -> None:
    lib = built("lib", "flit")
    known = origins(lib, built("flit"))
    assert [one.wheel.name for one in behind([built("app", "lib"), lib], known)] == ["flit"]


def test_circles_end() -> None:
    a, b = built("a", "b"), built("b", "a")
    assert [one.wheel.name for one in behind([built("app", "a")], origins(a, b))] == ["a", "b"]


def test_of_two_steps_with_the_same_bytes_it_is_always_the_same() -> None:
    one, other = built("a"), built("a", "x")
    assert origins(one, other).maker("#a") is origins(other, one).maker("#a")
    assert origins(one).product(one.step.id if one.step else "") == "#a"
    assert origins(one).product("another") is None


# ------------------------------------------------------------------ records


def test_images_with_who_was_built_in_them() -> None:
    more = evolve(BUILD, reference="localhost/podwheel/debian-13-build:zz", digest="sha256:b2")
    found = root(origins(built("flit")), built("app", "flit"), built("lib", image=more))
    assert [(r.kind, r.name, r.version, r.sha256, r.used_by, r.note) for r in found] == [
        ("image", "debian-13-build", "5ec1be", "b1", ("app 1.0", "flit 1.0"), "212 packages of the distribution"),
        ("image", "debian-13-build", "zz", "b2", ("lib 1.0",), "7 packages of the distribution"),
        ("image", "debian-13-runtime", "1", "runtime", (), ""),
    ]  # fmt: skip


def test_every_upstream_wheel_is_named_once_with_its_users() -> None:
    known = origins(
        built("tool", "seed"), seeds=["seed"], taken=["plain", "lib"], declared=["cmake"]
    )
    known.opened(wheel("seed"), ("tool", "seed"))
    tree = (
        built("app", "tool", "plain", "lib"),
        built("native", "cmake", "plain"),
        upstream("lib"),
    )
    found = [r for r in root(known, *tree) if r.kind != "image"]
    assert [(r.kind, r.name, r.sha256, r.used_by, r.note) for r in found] == [
        ("seed", "seed", "#seed", ("tool 1.0",), "opens tool → seed → tool"),
        ("wheel", "lib", "#lib", ("app 1.0",), "in the wheelhouse"),
        ("build-wheel", "cmake", "#cmake", ("native 1.0",), "--only-binary cmake"),
        ("build-wheel", "plain", "#plain", ("app 1.0", "native 1.0"), ""),
    ]


def test_what_only_a_question_was_asked_with_is_not_named() -> None:
    """A wheel that served to prepare metadata, say, is behind no wheel of the wheelhouse."""
    assert [r.kind for r in root(origins(taken=["asked"]), built("app"))] == ["image", "image"]


def test_a_seed_for_what_has_no_source() -> None:
    known = origins(seeds=["seed"])
    known.opened(wheel("seed"), ())
    assert root(known, built("app", "seed"))[-1].note == "it has no source"


def test_the_wheel_that_opened_a_circle_where_wheels_are_taken_anyway() -> None:
    known = origins(taken=["lib"])
    known.opened(wheel("lib"), ("app", "lib"))
    last = root(known, built("app", "lib"))[-1]
    assert (last.kind, last.note) == ("build-wheel", "opens app → lib → app")


def test_what_steps_read_beside_their_environment() -> None:
    """Crates are sources, which the steps compiled."""
    kinds = {"crates": "2 crates", "toolchain": "rust 1.95.0", "fetch": "https://example.org/x.tar"}
    reads = tuple(
        Input(kind=kind, name=name, digest=f"#{kind}", target="/podwheel/x")  # type: ignore[arg-type]  # a Literal
        for kind, name in kinds.items()
    )
    git = evolve(reads[2], digest="git:0ab", name="https://example.org/y.git")
    one = evolve(built("one"), inputs=reads)
    two = evolve(built("two"), inputs=(*reads[1:], git))
    found = [
        (r.kind, r.name, r.version, r.sha256, r.used_by, r.note)
        for r in root(origins(), one, two)
        if r.kind != "image"
    ]
    both = ("one 1.0", "two 1.0")
    assert found == [
        ("toolchain", "rust", "1.95.0", "#toolchain", both, ""),
        ("fetch", "https://example.org/x.tar", None, "#fetch", both, ""),
        ("fetch", "https://example.org/y.git", None, None, both[1:], "git:0ab"),
    ]


def test_tools_are_told_as_such() -> None:
    tools = [Tool(wheel=wheel("pip"), note="proves")]
    last = root(origins(), built("app"), tools=tools)[-1]
    assert (last.kind, last.name, last.used_by, last.note) == ("tool", "pip", (), "proves")


# ------------------------------------------------------------------ the record and the command

TRUST = (
    TrustRecord(kind="image", name="debian-13-build", version="5" * 64, sha256="b" * 64,
                used_by=("a 1", "b 1", "c 1", "d 1", "e 1")),
    TrustRecord(kind="seed", name="flit", version="1.0", sha256="f" * 64, note="opens a → b → a"),
    TrustRecord(kind="crate", name="libc", version="0.2", sha256="c" * 64),
)  # fmt: skip


def house(tmp_path: Path, **changes: Any) -> Path:
    record = evolve(run_record(), trust=TRUST, build_deps="source").to_json()
    (tmp_path / "podwheel.json").write_text(json.dumps(record | changes))
    return tmp_path


def test_it_comes_back(tmp_path: Path) -> None:
    (record,) = read_runs(house(tmp_path))
    assert record.trust == TRUST
    assert record.build_deps == "source"


def test_older_records_are_read_and_have_none(tmp_path: Path) -> None:
    document = json.loads(json.dumps(run_record().to_json()))
    for key in ("trust", "build_deps"):
        del document[key]
    assert RunRecord.from_json({**document, "schema": 2}).trust == ()
    (tmp_path / "podwheel.json").write_text(json.dumps({**document, "schema": 2}))
    with pytest.raises(WheelhouseUnusable, match="did not note the trust root"):
        read_runs(tmp_path)


def test_a_directory_without_a_record(tmp_path: Path) -> None:
    with pytest.raises(WheelhouseUnusable, match=r"it has no podwheel\.json"):
        read_runs(tmp_path)


def test_the_command_prints_a_table(tmp_path: Path) -> None:
    result = CliRunner().invoke(command, [str(house(tmp_path))], catch_exceptions=False)
    head, image, seed, crate, last = result.output.splitlines()
    assert head.split() == ["trusted", "name", "version", "sha256", "used", "by", "note"]
    assert image.split()[:4] == ["image", "debian-13-build", "5" * 12, "b" * 12]
    assert "a 1, b 1 and 3 more" in image
    assert seed.split()[:4] == ["seed", "flit", "1.0", "f" * 12]
    assert seed.rstrip().endswith("opens a → b → a")
    assert crate.split()[0] == "crate"
    assert last == "the rest was built from source: 1 wheel"


def test_the_command_prints_json(tmp_path: Path) -> None:
    result = CliRunner().invoke(command, ["--json", str(house(tmp_path))], catch_exceptions=False)
    assert json.loads(result.output) == json.loads(json.dumps([asdict(t) for t in TRUST]))


def test_a_directory_that_is_not_there() -> None:
    result = CliRunner().invoke(command, ["/no/such/wheelhouse"])
    assert result.exit_code == 2
