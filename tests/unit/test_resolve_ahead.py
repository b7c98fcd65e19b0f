"""What is looked up in the background before the resolver comes to it; it changes no outcome."""

from __future__ import annotations

from packaging.utils import canonicalize_name
from packaging.version import Version
from resolve_helpers import World, chosen, file, line, metadata, policy

from podwheel.errors import MetadataUnusable
from podwheel.model import Pin


def looking(world: World) -> World:
    world.looks_ahead = True
    return world


def test_the_whole_tree_is_looked_at_before_anything_is_pinned() -> None:
    projects = {"a": {"1.0": ["b", "c"]}, "b": {"1.0": ["d"]}, "c": {"1.0": []}, "d": {"1.0": []}}
    world = looking(World(projects))
    resolution = world.resolve("a")
    assert world.ahead_of == ["a 1.0", "b 1.0", "d 1.0", "c 1.0"]
    assert chosen(resolution) == chosen(World(projects).resolve("a"))


def test_the_candidate_is_the_one_that_would_be_tried_first() -> None:
    world = looking(World({"a": {"3.0": [], "2.0": [], "1.0": []}}))
    world.resolve("a<3", constraints=[line("a<2", source="limits.txt")])
    assert world.ahead_of == ["a 1.0"]


def test_a_wrong_guess_changes_nothing() -> None:
    """The newest a is looked at, and what it needs; b asks for an older one."""
    projects = {"a": {"2.0": ["gone"], "1.0": []}, "b": {"1.0": ["a<2"]}}
    world = looking(World(projects))
    assert chosen(world.resolve("a", "b")) == {"a": "1.0", "b": "1.0"}
    assert "a 2.0" in world.ahead_of


def test_what_fails_ahead_is_told_only_by_who_needs_it() -> None:
    world = looking(World({"a": {"2.0": [], "1.0": []}}))
    world.broken["a-2.0.tar.gz"] = MetadataUnusable("a 2.0 is broken")
    assert chosen(world.resolve("a")) == {"a": "1.0"}


def test_what_is_settled_is_not_looked_up() -> None:
    world = looking(World({"a": {"1.0": ["b"]}, "b": {"1.0": []}, "c": {"1.0": []}}))
    ours = Pin(name=canonicalize_name("b"), version=Version("1.0"), file=file("b-1.0.tar.gz"))
    locked = line("c==1.0", files=(file("c-1.0.tar.gz"),))
    world.resolve("a", locked, preferred=[ours])
    assert world.prefetched == [("a",)]


def test_requirements_of_extras_and_of_other_systems_wait() -> None:
    requires = ["b; extra == 'more'", "c; sys_platform == 'win32'", "d"]
    world = looking(World({"a": {"1.0": requires}, "d": {"1.0": []}}))
    world.metadata["a", Version("1.0")] = metadata("a", "1.0", requires, extras=["more"])
    world.resolve("a")
    assert world.prefetched == [("a",), ("d",)]


def test_without_dependencies_no_metadata_is_looked_up() -> None:
    world = looking(World({"a": {"1.0": ["b"]}}))
    world.resolve("a", policy=policy(no_deps=True))
    assert world.ahead_of == []
