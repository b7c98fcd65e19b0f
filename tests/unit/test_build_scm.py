"""The version that a tag names, and how backends are told."""

from __future__ import annotations

from pathlib import Path

import pytest
from packaging.utils import canonicalize_name

from podwheel.build.project import variables_of
from podwheel.build.scm import hints, tag_version, told_version, variables
from podwheel.model import ArchiveUrl, Direct, LocalDirectory, Source, VcsUrl
from podwheel.settings import PackageSettings, Settings

NAME = canonicalize_name("some-sdk")
URL = "https://git.example.org/team/sdk.git"


def source(*tags: str, commit: str | None = "0" * 40) -> Source:
    return Source(
        identity="git:0",
        archive=Path("/nowhere"),
        sha256="0" * 64,
        filename="sdk.tar",
        url="git+https://git.example.org/team/sdk",
        commit=commit,
        tags=tags,
    )


@pytest.mark.parametrize(
    ("tag", "expected"),
    [
        ("v1.2.3", "1.2.3"),
        ("1.2.3", "1.2.3"),
        ("V1.2", "1.2"),
        ("v.1.2", "1.2"),
        ("v1", "1"),
        ("release-1.2.3", "1.2.3"),
        ("release/v1.2", "1.2"),
        ("Rel_1_2_3", "1.2.3"),
        ("version-2", "2"),
        ("v1.2rc1", "1.2rc1"),
        ("1.2.0-rc.1", "1.2.0rc1"),
        ("v1!2.0", "1!2.0"),
        ("some-sdk-1.2.3", "1.2.3"),
        ("Some_SDK-v1.2.3", "1.2.3"),
        ("some-sdk/v1.2", "1.2"),
        ("some-sdk@1.2", "1.2"),
        ("packages/some-sdk/v1.2", "1.2"),
        ("other-1.2.3", None),
        ("other/v1.2", None),
        ("python3-1.2", None),
        ("nightly", None),
        ("nightly-2026-01-31", None),
        ("v1.2-before-rewrite", None),
        ("2026-01-31", None),
        ("", None),
        ("v", None),
    ],
)
def test_tags(tag: str, expected: str | None) -> None:
    found = tag_version(tag, {NAME})
    assert (None if found is None else str(found)) == expected


def test_a_name_that_ends_with_a_digit() -> None:
    assert str(tag_version("py3-1.2", {"py3"})) == "1.2"


@pytest.mark.parametrize(
    ("direct", "tags", "expected"),
    [
        (VcsUrl(url=URL, ref="v1.2"), ("v1.2", "v1.3"), "1.2"),
        (VcsUrl(url=URL, ref="refs/tags/v1.2"), ("v1.2", "v1.3"), "1.2"),
        (VcsUrl(url=URL, ref="stable"), ("stable", "v1.2"), "1.2"),
        (VcsUrl(url=URL, ref="0" * 40), ("v1.10", "v1.9", "v1.10rc1"), "1.10"),
        (VcsUrl(url=URL, ref="0" * 40), (), None),
        (VcsUrl(url=URL, ref="1.2"), (), None),  # a branch for maintenance is called so
        (VcsUrl(url=URL), ("sdk-1.2",), "1.2"),
        (VcsUrl(url=URL, subdirectory="python"), ("sdk-1.2",), None),
        (VcsUrl(url=URL, subdirectory="python"), ("python-1.2", "v9"), "9"),
        (LocalDirectory(path=Path("/work/v1.2")), ("v1.2",), None),
        (None, (), None),
    ],
)
def test_of_a_repository(
    direct: Direct | None, tags: tuple[str, ...], expected: str | None
) -> None:
    found = told_version(source(*tags), direct, NAME)
    assert (None if found is None else str(found)) == expected


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("team/sdk/archive/v1.2.tar.gz", "1.2"),
        ("team/sdk/archive/refs/tags/v1.2.zip", "1.2"),
        ("team/sdk/-/archive/v1.2/sdk-v1.2.tar.bz2", "1.2"),
        ("files/some_sdk-1.2.tar.gz", "1.2"),
        ("team/sdk/archive/main.tar.gz", None),
        (f"team/sdk/archive/{'1' * 40}.tar.gz", None),
        ("team/sdk/archive/other-1.2.tar.gz", None),
    ],
)
def test_of_an_archive(path: str, expected: str | None) -> None:
    direct = ArchiveUrl(url=f"https://git.example.org/{path}")
    found = told_version(source(commit=None), direct, NAME)
    assert (None if found is None else str(found)) == expected


def test_what_backends_are_told() -> None:
    told = variables(tag_version("v1.2", ()), canonicalize_name("zope.some-sdk"), ())
    assert set(told.values()) == {"1.2"}
    assert set(told) == {
        "SETUPTOOLS_SCM_PRETEND_VERSION",
        "SETUPTOOLS_SCM_PRETEND_VERSION_FOR_ZOPE_SOME_SDK",
        "VCS_VERSIONING_PRETEND_VERSION",
        "VCS_VERSIONING_PRETEND_VERSION_FOR_ZOPE_SOME_SDK",
        "PBR_VERSION",
        "PDM_BUILD_SCM_VERSION",
        "POETRY_DYNAMIC_VERSIONING_BYPASS",
        "UV_DYNAMIC_VERSIONING_BYPASS",
    }


@pytest.mark.parametrize(
    "own", ["PBR_VERSION", "SETUPTOOLS_SCM_PRETEND_VERSION", "SETUPTOOLS_SCM_PRETEND_VERSION_FOR_X"]
)
def test_nothing_is_told_where_the_user_tells_it(own: str) -> None:
    assert variables(tag_version("v1.2", ()), NAME, ["CFLAGS", own]) == {}
    assert variables(tag_version("v1.2", ()), NAME, ["CFLAGS"])


def test_nothing_is_told_where_no_tag_names_a_version() -> None:
    assert variables(None, NAME, ()) == {}


def test_they_are_variables_of_the_build() -> None:
    settings, told = Settings(environment=(("A", "all"),)), {"A": "told", "B": "told"}
    found = dict(variables_of(settings, PackageSettings(), epoch=0, told=told))
    assert (found["A"], found["B"]) == ("all", "told")


@pytest.mark.parametrize(
    ("said", "known"),
    [
        ("LookupError: setuptools-scm was unable to detect version for /build/src.", True),
        ("Versioning for this project requires either an sdist tarball, or access to…", True),
        ("fatal error: foo.h: No such file or directory", False),
    ],
)
def test_a_hint_for_a_backend_that_found_none(said: str, known: bool) -> None:
    assert ("[package.some-sdk]" in " ".join(hints(said, NAME))) == known
