"""resolve(): every rule of choosing, with an index in memory."""

from __future__ import annotations

import itertools
import random

import pytest
import structlog
from packaging.version import Version
from resolve_helpers import (
    ANY,
    HERE,
    World,
    archive,
    chosen,
    day,
    directory,
    file,
    filenames,
    formats,
    git,
    line,
    lines,
    metadata,
    policy,
    sha,
    unusable,
)

from podwheel.errors import (
    HashesMissing,
    HashMismatch,
    HookFailed,
    MetadataUnusable,
    NoMatchingVersion,
    NoSource,
    RequirementsFileError,
    ResolutionConflict,
)
from podwheel.model import Hash, Pin
from podwheel.resolve import Policy

SOURCE = Policy()

# --------------------------------------------------------------------------- trees and pins


def test_a_tree_becomes_pins_with_their_edges() -> None:
    world = World(
        {
            "flask": {"3.1.0": ["Werkzeug>=3.1", "click"], "2.0": []},
            "werkzeug": {"3.1.3": ["markupsafe>=2.1.1"], "3.0": []},
            "click": {"8.1": []},
            "MarkupSafe": {"3.0": []},
        }
    )
    resolution = world.resolve("Flask", "markupsafe!=1")
    assert [str(pin) for pin in resolution.pins] == [
        "click 8.1",
        "flask 3.1.0",
        "markupsafe 3.0",
        "werkzeug 3.1.3",
    ]
    flask, werkzeug = resolution.get("flask"), resolution.get("Werkzeug")
    markupsafe = resolution.get("markupsafe")
    assert flask is not None
    assert werkzeug is not None
    assert markupsafe is not None
    assert flask.dependencies == ("click", "werkzeug")
    assert flask.wanted_by == ("requirements.txt:1 (Flask)",)
    assert werkzeug.wanted_by == ("flask 3.1.0 needs Werkzeug>=3.1",)
    assert markupsafe.wanted_by == (
        "requirements.txt:2 (markupsafe!=1)",
        "werkzeug 3.1.3 needs markupsafe>=2.1.1",
    )
    assert markupsafe.dependencies == ()
    assert flask.file is not None
    assert flask.file.filename == "flask-3.1.0.tar.gz"


def test_the_chain_is_handed_to_whoever_fetches_metadata() -> None:
    world = World({"a": {"1.0": ["b>=1"]}, "b": {"1.0": ["c"]}, "c": {"1.0": []}})
    world.resolve(line("a", 7))
    assert world.chains["c 1.0"] == (
        "b 1.0 needs c",
        "a 1.0 needs b>=1",
        "requirements.txt:7 (a)",
    )


def test_backtracking_across_three_levels() -> None:
    world = World(
        {
            "app": {"2.0": ["lib>=1"]},
            "lib": {"3.0": ["core>=3"], "2.0": ["core>=2,<3"], "1.0": ["core<2"]},
            "core": {"3.0": ["base>=3"], "2.0": ["base>=2"], "1.0": ["base"]},
            "base": {"3.0": [], "2.0": [], "1.0": []},
            "old": {"1.0": ["base<2"]},
        }
    )
    assert chosen(world.resolve("app", "old")) == {
        "app": "2.0",
        "lib": "1.0",
        "core": "1.0",
        "base": "1.0",
        "old": "1.0",
    }


def test_what_backtracking_left_behind_is_not_in_the_resolution() -> None:
    world = World(
        {
            "a": {"2.0": ["only-of-two", "c<2"], "1.0": []},
            "only-of-two": {"1.0": []},
            "b": {"1.0": ["c>=2"]},
            "c": {"2.0": [], "1.0": []},
        }
    )
    assert chosen(world.resolve("a", "b")) == {"a": "1.0", "b": "1.0", "c": "2.0"}


def test_cycles_at_run_time_are_fine() -> None:
    world = World({"a": {"1.0": ["b"]}, "b": {"1.0": ["a>=1"]}})
    resolution = world.resolve("a")
    assert chosen(resolution) == {"a": "1.0", "b": "1.0"}
    assert [pin.dependencies for pin in resolution.pins] == [("b",), ("a",)]


def test_the_same_lines_in_any_order_give_the_same_pins() -> None:
    projects: dict[str, dict[str, list[str]]] = {
        "a": {"2.0": ["x<2"], "1.0": []},
        "b": {"2.0": ["x>=2"], "1.0": []},
        "x": {"1.0": [], "2.0": []},
        "c": {"1.0": ["a", "b"]},
    }
    outcomes = set()
    for order in itertools.permutations(["a", "b", "x", "c"]):
        world = World({name: dict(reversed(projects[name].items())) for name in order})
        outcomes.add(tuple(chosen(world.resolve(*order)).items()))
    assert len(outcomes) == 1


def _large_world(seed: int, size: int) -> World:
    """Packages in layers, ten versions each; newer ones bound their dependencies from above."""
    chance = random.Random(seed)
    world = World()
    for number in range(size):
        below = range(number + 1, min(number + 40, size))
        for version in range(1, 11):
            picked = chance.sample(below, min(4, len(below)))
            requires = [f"p{n:03}>={chance.randint(1, 4)}" for n in picked[:3]]
            requires += [f"p{n:03}<={chance.randint(8, 10)}" for n in picked[3:]]
            world.add(f"p{number:03}", f"{version}.0", requires)
    return world


def test_a_large_graph_is_resolved_with_few_questions() -> None:
    world = _large_world(1, 300)
    resolution = world.resolve("p000", "p001", "p002")
    assert len(resolution.pins) > 200
    # Every project's page is read once, and hardly more metadata than what is pinned.
    assert max(world.asked_files.values()) == 1
    assert max(world.asked_metadata.values()) == 1
    assert sum(world.asked_metadata.values()) < 2 * len(resolution.pins)


def test_a_large_graph_is_the_same_every_time() -> None:
    first = _large_world(2, 100).resolve("p000", "p001", "p002")
    again = _large_world(2, 100).resolve("p002", "p000", "p001")
    assert chosen(first) == chosen(again)


def test_names_are_prefetched_as_soon_as_they_are_known() -> None:
    world = World(
        {"a": {"1.0": ["c", "b"]}, "b": {"1.0": []}, "c": {"1.0": ["d"]}, "d": {"1.0": []}}
    )
    world.resolve("a")
    assert world.prefetched == [("a",), ("b", "c"), ("d",)]


# --------------------------------------------------------------------------- markers and extras


@pytest.mark.parametrize(
    ("marker", "applies"),
    [
        ("python_version >= '3.13'", True),
        ("python_version < '3.13'", False),
        ("python_version < '3.9' or sys_platform == 'linux'", True),
        ("sys_platform == 'win32'", False),
        ("platform_machine == 'x86_64'", True),
        ("extra == 'fast'", False),
    ],
)
def test_markers_are_the_targets(marker: str, applies: bool) -> None:
    world = World({"a": {"1.0": [f"b ; {marker}"]}, "b": {"1.0": []}})
    assert ("b" in chosen(world.resolve("a"))) is applies
    assert chosen(world.resolve(f"a ; {marker}")) == (chosen(world.resolve("a")) if applies else {})


def _with_extras() -> World:
    world = World({"speed": {"2.0": [], "1.0": []}, "color": {"1.0": []}, "base": {"1.0": []}})
    world.add(
        "pkg",
        "2.0",
        [
            "base",
            "speed ; extra == 'fast'",
            "speed<2 ; extra == 'fast' and python_version < '3.12'",
            "color ; extra == 'Pretty_Print'",
            "pkg[fast, pretty-print] ; extra == 'all'",
        ],
        extras=["fast", "Pretty_Print", "all"],
    )
    return world


@pytest.mark.parametrize(
    ("wanted", "names", "extras"),
    [
        ("pkg", {"pkg", "base"}, set()),
        ("pkg[fast]", {"pkg", "base", "speed"}, {"fast"}),
        ("pkg[pretty.print]", {"pkg", "base", "color"}, {"pretty-print"}),
        ("pkg[all]", {"pkg", "base", "speed", "color"}, {"all", "fast", "pretty-print"}),
    ],
)
def test_extras(wanted: str, names: set[str], extras: set[str]) -> None:
    resolution = _with_extras().resolve(wanted)
    assert {pin.name for pin in resolution.pins} == names
    pin = resolution.get("pkg")
    assert pin is not None
    assert pin.extras == extras
    assert pin.name not in pin.dependencies
    assert pin.wanted_by == (f"requirements.txt:1 ({wanted})",)


def test_a_marker_is_evaluated_once_for_each_extra() -> None:
    world = World({"x": {"1.0": []}, "y": {"1.0": []}})
    world.add(
        "pkg",
        "1.0",
        ["x ; extra == 'a' and extra != 'b'", "y ; extra == 'b' and extra == 'a'"],
        extras=["a", "b"],
    )
    assert chosen(world.resolve("pkg[a,b]")) == {"pkg": "1.0", "x": "1.0"}


def test_an_unknown_extra_is_told_once() -> None:
    world = World({"pkg": {"1.0": []}})
    with structlog.testing.capture_logs() as logs:
        resolution = world.resolve("pkg[nothing]")
    assert resolution.pins[0].extras == frozenset()
    assert [entry for entry in logs if entry["log_level"] == "warning"] == [
        {
            "event": "resolve.extra.unknown",
            "name": "pkg",
            "version": "1.0",
            "extra": "nothing",
            "log_level": "warning",
        }
    ]


def test_an_extra_goes_with_the_version_of_its_package() -> None:
    world = World({"dep": {"1.0": ["pkg<2"]}, "speed": {"1.0": []}})
    for version in ("1.0", "2.0"):
        world.add("pkg", version, ["speed ; extra == 'fast'"], extras=["fast"])
    resolution = world.resolve("pkg[fast]", "dep")
    assert chosen(resolution) == {"pkg": "1.0", "dep": "1.0", "speed": "1.0"}


def test_an_extra_can_be_what_must_be_backtracked_over() -> None:
    world = World({"speed": {"2.0": [], "1.0": []}, "slow": {"1.0": ["speed<2"]}})
    world.add("pkg", "2.0", ["speed>=2 ; extra == 'fast'"], extras=["fast"])
    world.add("pkg", "1.0", ["speed ; extra == 'fast'"], extras=["fast"])
    assert chosen(world.resolve("pkg[fast]", "slow"))["pkg"] == "1.0"


# --------------------------------------------------------------------------- Python, pre-releases, yanks


def test_requires_python_of_files() -> None:
    world = World()
    world.put("a", file("a-2.0.tar.gz", requires_python=">=3.14"), file("a-1.0.tar.gz"))
    assert chosen(world.resolve("a")) == {"a": "1.0"}
    assert chosen(world.resolve("a", version="3.14.0rc2")) == {"a": "2.0"}


def test_requires_python_of_metadata() -> None:
    world = World({"a": {"1.0": []}})
    world.add("a", "2.0", requires_python=">=3.14")
    assert chosen(world.resolve("a")) == {"a": "1.0"}


def test_prereleases_by_policy_and_by_specifier() -> None:
    world = World({"a": {"1.0": [], "2.0rc1": []}, "b": {"1.0": ["a>=2.0rc1"]}, "c": {"1.0a1": []}})
    assert chosen(world.resolve("a")) == {"a": "1.0"}
    assert chosen(world.resolve("a", policy=policy(prereleases=True))) == {"a": "2.0rc1"}
    assert chosen(world.resolve("a", "b"))["a"] == "2.0rc1"
    assert chosen(world.resolve("c")) == {"c": "1.0a1"}


def test_a_yanked_pin_is_taken_and_told_once() -> None:
    world = World({"a": {"1.0": []}})
    world.add("a", "2.0", yanked="a bad day")
    assert chosen(world.resolve("a")) == {"a": "1.0"}
    with structlog.testing.capture_logs() as logs:
        assert chosen(world.resolve("a==2.0", "a[x]")) == {"a": "2.0"}
    yanks = [entry for entry in logs if entry["event"] == "resolve.yanked"]
    assert yanks == [
        {
            "event": "resolve.yanked",
            "name": "a",
            "version": "2.0",
            "reason": "a bad day",
            "log_level": "warning",
        }
    ]


# --------------------------------------------------------------------------- formats


def _older(world: World, *wanted: str, rules: Policy = SOURCE) -> list[tuple[str, str, str]]:
    """What is told of older versions that were taken: (name, version, the newest)."""
    with structlog.testing.capture_logs() as logs:
        world.resolve(*wanted, policy=rules)
    told = [entry for entry in logs if entry["event"] == "resolve.older"]
    return [(entry["name"], entry["version"], entry["newest"]) for entry in told]


def _without_new_sources() -> World:
    world = World({"a": {"1.0": [], "1.1": []}})
    world.add("a", "2.0", sdist=False, wheels=["py3-none-any"])
    world.add("a", "2.1", sdist=False, wheels=["py3-none-win_amd64"])
    return world


def test_an_older_version_for_want_of_a_source_is_told() -> None:
    assert _older(_without_new_sources(), "a") == [("a", "1.1", "2.1")]
    assert _older(_without_new_sources(), "a<2.1") == [("a", "1.1", "2.0")]


def test_an_older_version_for_another_reason_is_not_told() -> None:
    world = _without_new_sources()
    assert _older(world, "a<2") == []
    assert _older(world, "a", rules=ANY) == []
    world = World({"a": {"1.0": []}})
    world.add("a", "2.0", sdist=False, wheels=["py3-none-any"], yanked="bad")
    world.add("a", "3.0rc1", sdist=False, wheels=["py3-none-any"])
    world.add("a", "4.0", wheels=["py3-none-any"], requires_python=">=3.14")
    assert _older(world, "a") == []


def _mixed() -> World:
    world = World()
    world.add("a", "3.0", wheels=["cp313-cp313-win_amd64"])
    world.add("a", "2.0", wheels=[HERE, "py3-none-any"], sdist=False)
    world.add("a", "1.0", wheels=["py3-none-any"])
    return world


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        (SOURCE, "a-3.0.tar.gz"),
        (ANY, "a-3.0.tar.gz"),
        (formats(prefer_binary=True), f"a-2.0-{HERE}.whl"),
        (formats(only_binary=frozenset({"a"})), f"a-2.0-{HERE}.whl"),
        (formats(only_binary=frozenset({":all:"})), f"a-2.0-{HERE}.whl"),
        (formats(prefer_binary=True, no_binary=frozenset({"a"})), "a-3.0.tar.gz"),
    ],
)
def test_formats(rules: Policy, expected: str) -> None:
    assert filenames(_mixed().resolve("a", policy=rules)) == {"a": expected}


def test_a_version_without_a_source_is_no_candidate() -> None:
    assert filenames(_mixed().resolve("a<3", policy=SOURCE)) == {"a": "a-1.0.tar.gz"}


def test_only_wheels_ends_the_search_rather_than_going_back_in_time() -> None:
    world = World({"a": {"2.0": ["w"], "1.0": []}})
    world.add("w", "1.0", sdist=False, wheels=["py3-none-any"])
    with pytest.raises(NoSource) as caught:
        world.resolve("a", policy=SOURCE)
    assert "a 1.0" not in world.asked_metadata
    assert caught.value.hint[0].endswith("--only-binary w")
    taken = Policy(formats=ANY.formats)
    assert chosen(world.resolve("a", policy=taken)) == {"a": "2.0", "w": "1.0"}


def test_siblings_are_the_other_readable_files_of_the_version() -> None:
    world = _mixed()
    world.resolve("a<2", policy=SOURCE)
    candidate = world.seen_candidates[-1]
    assert [f.filename for f in candidate.siblings] == ["a-1.0-py3-none-any.whl"]


def test_exclude_newer() -> None:
    world = World()
    world.put("a", file("a-2.0.tar.gz", uploaded=day(5)), file("a-1.0.tar.gz", uploaded=day(1)))
    assert chosen(world.resolve("a", policy=policy(exclude_newer=day(5)))) == {"a": "1.0"}
    assert chosen(world.resolve("a", policy=policy(exclude_newer=day(6)))) == {"a": "2.0"}


# --------------------------------------------------------------------------- hashes


def test_hashes_restrict_the_files() -> None:
    world = World({"a": {"2.0": [], "1.0": []}})
    wanted = line("a==1.0", hashes=(sha("a-1.0.tar.gz"), sha("elsewhere")))
    resolution = world.resolve(wanted)
    assert set(resolution.pins[0].hashes) == {sha("a-1.0.tar.gz"), sha("elsewhere")}
    assert set(world.seen_candidates[-1].hashes) == set(resolution.pins[0].hashes)
    with pytest.raises(HashMismatch, match="has a hash that was demanded") as caught:
        world.resolve(line("a==2.0", hashes=(sha("a-1.0.tar.gz"),)))
    assert caught.value.said == (
        f"demanded  {sha('a-1.0.tar.gz')}\na-2.0.tar.gz  {sha('a-2.0.tar.gz')}"
    )


def test_one_hash_demands_all() -> None:
    world = World({"a": {"1.0": ["b"]}, "b": {"1.0": []}})
    hashed = line("a==1.0", hashes=(sha("a-1.0.tar.gz"),))
    with pytest.raises(HashesMissing) as caught:
        world.resolve(hashed)
    assert f"b==1.0 --hash={sha('b-1.0.tar.gz')}" in caught.value.said
    both = line("b==1.0", 2, hashes=(sha("b-1.0.tar.gz"),))
    assert chosen(world.resolve(hashed, both)) == {"a": "1.0", "b": "1.0"}


def test_lines_without_hashes_are_refused_before_anything_is_read() -> None:
    world = World({"a": {"1.0": []}})
    with pytest.raises(HashesMissing):
        world.resolve("a==1.0", policy=policy(require_hashes=True))
    assert not world.asked_files
    assert not world.asked_metadata


def test_a_constraint_can_bring_pin_and_hash() -> None:
    world = World({"a": {"1.0": [], "2.0": []}})
    limit = line("a==1.0", source="constraints.txt", hashes=(sha("a-1.0.tar.gz"),))
    required = policy(require_hashes=True)
    assert chosen(world.resolve("a", constraints=[limit], policy=required)) == {"a": "1.0"}


def test_lines_that_demand_different_hashes() -> None:
    world = World({"a": {"1.0": []}})
    with pytest.raises(ResolutionConflict, match="different hashes of a"):
        world.resolve(line("a==1.0", 1, hashes=(sha("x"),)), line("a==1.0", 2, hashes=(sha("y"),)))


# --------------------------------------------------------------------------- constraints and locks


def test_constraints_limit_but_pull_nothing_in() -> None:
    world = World({"a": {"1.0": ["b"]}, "b": {"3.0": [], "2.0": [], "1.0": []}, "z": {"1.0": []}})
    limits = lines("b<3", "b!=2.0", "z", "b<1 ; sys_platform == 'win32'", source="constraints.txt")
    assert chosen(world.resolve("a", constraints=limits)) == {"a": "1.0", "b": "1.0"}
    assert "z" not in world.asked_files


def test_a_constraint_can_be_a_url() -> None:
    world = World({"a": {"1.0": ["b"]}, "b": {"3.0": []}})
    fork = git("https://git.example.org/b", "v9")
    world.refer(fork, metadata("b", "9.0"))
    limit = line("b", source="constraints.txt", direct=fork)
    resolution = world.resolve("a", constraints=[limit])
    assert chosen(resolution)["b"] == "9.0"
    assert resolution.pins[1].direct == fork
    assert chosen(world.resolve("a")) == {"a": "1.0", "b": "3.0"}


def test_constraints_cannot_have_extras() -> None:
    with pytest.raises(RequirementsFileError, match="cannot have extras"):
        World().resolve(constraints=[line("b[extra]<3", source="constraints.txt")])


def test_a_lock_gives_the_only_files() -> None:
    world = World({"a": {"2.0": [], "1.0": ["b"]}, "b": {"2.0": []}})
    world.metadata["b", Version("1.0")] = metadata("b", "1.0")
    locked = (
        line("a==1.0", 1, files=(file("a-1.0.tar.gz"), file("a-1.0-py3-none-any.whl"))),
        line("b==1.0", 2, files=(file("b-1.0.tar.gz"),)),
    )
    resolution = world.resolve(*locked, policy=SOURCE)
    assert filenames(resolution) == {"a": "a-1.0.tar.gz", "b": "b-1.0.tar.gz"}
    assert not world.asked_files
    assert all("a" not in names and "b" not in names for names in world.prefetched)


def test_no_deps_asks_for_no_metadata() -> None:
    world = World({"a": {"1.0": ["b"]}})
    assert chosen(world.resolve("a", policy=policy(no_deps=True))) == {"a": "1.0"}
    assert not world.asked_metadata


# --------------------------------------------------------------------------- direct references


def test_a_nameless_directory_with_extras() -> None:
    world = World({"speed": {"1.0": []}})
    here = directory("/srv/project")
    world.refer(here, metadata("My.Pkg", "0.1", ["speed ; extra == 'fast'"], extras=["fast"]))
    resolution = world.resolve(line("./project[fast]", direct=here, extras=frozenset({"fast"})))
    pin = resolution.get("my-pkg")
    assert pin is not None
    assert pin.direct == here
    assert pin.file is None
    assert pin.extras == {"fast"}
    assert pin.wanted_by == ("requirements.txt:1 (./project[fast])",)
    assert pin.dependencies == ("speed",)


def test_a_direct_reference_satisfies_other_requirements_of_its_name() -> None:
    world = World({"a": {"1.0": ["b>=2"]}, "b": {"3.0": []}})
    fork = archive("https://files.example.org/b-2.5.zip")
    world.refer(fork, metadata("b", "2.5"))
    resolution = world.resolve("a", line("b", 2, direct=fork))
    assert chosen(resolution) == {"a": "1.0", "b": "2.5"}
    assert resolution.pins[1].direct == fork
    assert "b" not in world.asked_files


def test_a_dependency_can_be_a_direct_reference() -> None:
    url = "https://files.example.org/b-2.5.tar.gz"
    world = World({"a": {"1.0": [f"b[x] @ {url}#sha256={'ab' * 32}"]}, "b": {"3.0": []}})
    world.refer(archive(url), metadata("b", "2.5", ["c ; extra == 'x'"], extras=["x"]))
    world.add("c", "1.0")
    resolution = world.resolve("a", "b")
    assert chosen(resolution) == {"a": "1.0", "b": "2.5", "c": "1.0"}
    pin = resolution.get("b")
    assert pin is not None
    assert pin.direct == archive(url, hashes=(Hash(algorithm="sha256", digest="ab" * 32),))


def test_two_urls_of_one_name_conflict() -> None:
    world = World()
    one, other = git("https://git.example.org/b", "v1"), git("https://git.example.org/b", "v2")
    world.refer(one, metadata("b", "1.0"))
    world.refer(other, metadata("b", "1.0"))
    with pytest.raises(ResolutionConflict):
        world.resolve(line("b", 1, direct=one), line("b", 2, direct=other))
    assert chosen(world.resolve(line("b", 1, direct=one), line("b", 2, direct=one))) == {"b": "1.0"}


def test_credentials_do_not_make_two_urls_of_one() -> None:
    world = World()
    one = git("https://token@git.example.org/b", "v1")
    other = git("https://git.example.org/b", "v1")
    world.refer(one, metadata("b", "1.0"))
    assert chosen(world.resolve(line("b", 1, direct=one), line("b", 2, direct=other))) == {
        "b": "1.0"
    }


def test_a_direct_wheel_for_another_system() -> None:
    wheel = archive("https://files.example.org/b-1.0-cp313-cp313-win_amd64.whl")
    with pytest.raises(NoMatchingVersion, match="another system"):
        World().resolve(line("b", direct=wheel))


def test_a_package_of_an_index_may_not_point_into_the_host() -> None:
    world = World({"a": {"1.0": ["b @ file:///etc/secrets.tar.gz"]}})
    with pytest.raises(MetadataUnusable, match="may not point into this host"):
        world.resolve("a")


def test_a_local_project_may() -> None:
    world = World()
    near = archive("file:///srv/b-1.0.tar.gz")
    world.refer(directory("/srv/a"), metadata("a", "1.0", ["b @ file:///srv/b-1.0.tar.gz"]))
    world.refer(near, metadata("b", "1.0"))
    assert chosen(world.resolve(line("./a", direct=directory("/srv/a"))))["b"] == "1.0"


# --------------------------------------------------------------------------- unusable metadata


@pytest.mark.parametrize("said", [("other", "2.0"), ("a", "2.1")])
def test_metadata_of_something_else_is_passed_over_with_a_warning(said: tuple[str, str]) -> None:
    world = World({"a": {"2.0": [], "1.0": []}})
    world.metadata["a", Version("2.0")] = metadata(*said)
    with structlog.testing.capture_logs() as logs:
        assert chosen(world.resolve("a")) == {"a": "1.0"}
    warned = [entry for entry in logs if entry["log_level"] == "warning"]
    assert [(w["event"], w["version"]) for w in warned] == [("resolve.candidate.unusable", "2.0")]


def test_the_next_file_of_the_version_has_its_turn_first() -> None:
    world = World({"a": {"2.0": [], "1.0": []}}, wheels=["py3-none-any"])
    world.broken["a-2.0-py3-none-any.whl"] = unusable("a-2.0-py3-none-any.whl: no METADATA")
    assert filenames(world.resolve("a")) == {"a": "a-2.0.tar.gz"}


def test_nothing_else_left() -> None:
    world = World({"a": {"1.0": []}})
    world.broken["a-1.0.tar.gz"] = unusable("a-1.0.tar.gz: PKG-INFO has no name")
    with pytest.raises(MetadataUnusable, match="has no name") as caught:
        world.resolve("a")
    assert caught.value.wanted_by == ("requirements.txt:1 (a)",)


def test_a_failed_hook_ends_the_search() -> None:
    world = World({"a": {"2.0": [], "1.0": []}})
    world.broken["a-2.0.tar.gz"] = HookFailed("a 2.0: the backend raised")
    with pytest.raises(HookFailed):
        world.resolve("a")


def test_a_marker_that_cannot_be_evaluated() -> None:
    world = World({"a": {"2.0": ["b ; os_name ~= '1'"], "1.0": []}})
    found = chosen(world.resolve("a"))
    assert found == {"a": "1.0"}


# --------------------------------------------------------------------------- build environments


def _pin(version: str = "1.5", **fields: object) -> Pin:
    found: dict[str, object] = {
        "name": "numpy",
        "version": Version(version),
        "file": file(f"numpy-{version}.tar.gz"),
    }
    return Pin(**(found | fields))  # type: ignore[arg-type]


def test_a_pin_of_the_runtime_tree_is_the_candidate() -> None:
    world = World({"numpy": {"2.0": []}}, wheels=["py3-none-any"])
    world.metadata["numpy", Version("1.5")] = metadata("numpy", "1.5")
    resolution = world.resolve("numpy>=1", preferred=[_pin()])
    assert filenames(resolution) == {"numpy": "numpy-1.5.tar.gz"}
    assert not world.asked_files
    assert world.prefetched == []


def test_a_pin_that_does_not_satisfy_is_not() -> None:
    world = World({"numpy": {"2.0": []}}, wheels=["py3-none-any"])
    resolution = world.resolve("numpy>=1.6", preferred=[_pin()])
    assert filenames(resolution) == {"numpy": "numpy-2.0-py3-none-any.whl"}


def test_a_preferred_direct_reference_and_prerelease() -> None:
    world = World({"b": {"1.0": ["numpy"]}})
    fork = git("https://git.example.org/numpy", "main")
    world.refer(fork, metadata("numpy", "3.0.dev1"))
    resolution = world.resolve("b", preferred=[_pin("3.0.dev1", file=None, direct=fork)])
    assert chosen(resolution) == {"b": "1.0", "numpy": "3.0.dev1"}
    assert resolution.pins[1].direct == fork
