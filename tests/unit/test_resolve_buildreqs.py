"""The requirements of a build."""

from __future__ import annotations

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from resolve_helpers import World, archive, chosen, day, filenames

from podwheel.errors import BackendUnusable, SettingsError
from podwheel.model import Format, Formats
from podwheel.resolve import build_policy, build_requirements
from podwheel.resolve.buildreqs import build_constraints

SOURCE = "foo-1.0.tar.gz"
ASKED = "(from bar 2.0 needs foo (from requirements.txt:3 (bar)))"


def test_every_list_with_where_it_comes_from() -> None:
    found = build_requirements(
        SOURCE,
        declared=[Requirement("setuptools>=61"), "cython<3 ; python_version < '3.12'"],
        dynamic=["wheel"],
        extra=["numpy==2.*"],
        chain=("bar 2.0 needs foo", "requirements.txt:3 (bar)"),
    )
    assert [(w.text, str(w.origin)) for w in found] == [
        (
            "setuptools>=61",
            f"build-system.requires of foo-1.0.tar.gz {ASKED}",
        ),
        (
            "cython<3",
            f"build-system.requires of foo-1.0.tar.gz {ASKED}",
        ),
        (
            "wheel",
            f"get_requires_for_build_wheel of foo-1.0.tar.gz {ASKED}",
        ),
        ("numpy==2.*", "build_requires for foo-1.0.tar.gz"),
    ]
    assert found[1].requirement is not None
    assert str(found[1].requirement.marker) == 'python_version < "3.12"'


def test_they_resolve_together_for_the_target() -> None:
    world = World({"setuptools": {"80.0": [], "70.0": []}, "wheel": {"1.0": ["setuptools<75"]}})
    world.add("cython", "3.0")
    wanted = build_requirements(
        SOURCE, declared=["setuptools>=61", "cython ; python_version < '3.12'"], dynamic=["wheel"]
    )
    limits = build_constraints(SOURCE, ["setuptools!=70.1"])
    resolution = world.resolve(*wanted, constraints=limits, policy=build_policy(Formats()))
    assert chosen(resolution) == {"setuptools": "70.0", "wheel": "1.0"}


def test_a_direct_reference_lives_in_its_own_field() -> None:
    requirement = Requirement("bar[x] @ https://files.example.org/bar-1.0.zip")
    (found,) = build_requirements(SOURCE, declared=[requirement])
    assert found.direct == archive("https://files.example.org/bar-1.0.zip")
    assert found.requirement is not None
    assert (found.requirement.url, found.requirement.extras) == (None, {"x"})
    assert requirement.url == "https://files.example.org/bar-1.0.zip"  # the caller's is untouched
    assert found.text == "bar[x] @ https://files.example.org/bar-1.0.zip"


@pytest.mark.parametrize(
    "text", ["???", "x @ hg+https://hg.example.org/x", "x @ file:///etc/x.zip"]
)
def test_what_a_source_may_not_say(text: str) -> None:
    with pytest.raises(BackendUnusable) as caught:
        build_requirements(SOURCE, declared=[text])
    assert caught.value.what.startswith(f"build-system.requires of foo-1.0.tar.gz: {text!r}")


def test_a_project_of_the_users_own_may_refer_to_files() -> None:
    (found,) = build_requirements(SOURCE, declared=["x @ file:///srv/x-1.0.zip"], local=True)
    assert found.direct == archive("file:///srv/x-1.0.zip")


def test_a_users_own_slip() -> None:
    with pytest.raises(SettingsError, match="build_requires for foo"):
        build_requirements(SOURCE, declared=[], extra=["numpy=2"])
    with pytest.raises(SettingsError, match="build_constraints for foo"):
        build_constraints(SOURCE, ["numpy=2"])


@pytest.mark.parametrize(
    ("formats", "name", "expected"),
    [
        (Formats(), "x", Format.ANY),
        (Formats(no_binary=frozenset({":all:"})), "x", Format.ANY),
        (Formats(only_binary=frozenset({":all:"})), "x", Format.ANY),
        (Formats(no_binary=frozenset({"x"})), "x", Format.SOURCE),
        (Formats(only_binary=frozenset({"x"})), "x", Format.WHEEL),
        (Formats(prefer_binary=True), "x", Format.PREFER_WHEEL),
    ],
)
def test_formats_of_build_requirements(formats: Formats, name: str, expected: Format) -> None:
    assert build_policy(formats).formats.of(canonicalize_name(name)) is expected


def test_the_newest_version_as_a_wheel_where_one_fits() -> None:
    world = World()
    world.add("x", "2.0")
    world.add("x", "1.0", wheels=["py3-none-any"])
    world.add("y", "1.0", wheels=["py3-none-any"])
    found = build_requirements(SOURCE, declared=["x", "y"])
    resolution = world.resolve(*found, policy=build_policy(Formats()))
    assert filenames(resolution) == {"x": "x-2.0.tar.gz", "y": "y-1.0-py3-none-any.whl"}


def test_the_rest_of_the_policy() -> None:
    policy = build_policy(Formats(), prereleases=True, exclude_newer=day(1))
    assert (policy.prereleases, policy.exclude_newer) == (True, day(1))
    assert not policy.require_hashes
    assert not policy.no_deps


@pytest.mark.parametrize(
    ("formats", "name", "expected"),
    [
        (Formats(), "hatchling", Format.SOURCE),
        (Formats(prefer_binary=True), "hatchling", Format.SOURCE),
        (Formats(only_binary=frozenset({":all:"})), "hatchling", Format.SOURCE),
        (Formats(only_binary=frozenset({"cmake"})), "cmake", Format.WHEEL),
        (Formats(only_binary=frozenset({"cmake"})), "hatchling", Format.SOURCE),
    ],
)
def test_from_source_only_names_are_excepted(formats: Formats, name: str, expected: Format) -> None:
    policy = build_policy(formats, from_source=True)
    assert policy.formats.of(canonicalize_name(name)) is expected
