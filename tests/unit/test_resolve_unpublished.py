"""The repository that a wheel's metadata names: somebody else's text, shown to a user."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from resolve_helpers import file, python

from podwheel.errors import OfflineMiss
from podwheel.resolve.metadata import StaticMetadata
from podwheel.resolve.unpublished import repository_in
from podwheel.store import Store

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from podwheel.model import File, Hash, Metadata
    from podwheel.resolve import Candidate

HERE = "https://git.example.org/team/pkg"


def metadata(*lines: str) -> bytes:
    return "\n".join(["Metadata-Version: 2.4", "Name: pkg", "Version: 1.0", *lines, ""]).encode()


@pytest.mark.parametrize(
    "lines",
    [
        [f"Project-URL: Source, {HERE}"],
        [f"Project-URL: Source Code, {HERE}"],
        [f"Project-URL: repository, {HERE}/"],
        [f"Project-URL: GitHub, {HERE}.git"],
        [f"Project-URL: Homepage, {HERE}"],
        [f"Home-page: {HERE}"],
        [f"Project-URL: Source, {HERE}/tree/main/python"],
        [f"Project-URL: Repository, {HERE}/-/tree/main"],
        ["Project-URL: Homepage, https://gitlab.example.org/other/site", f"Project-URL: Source, {HERE}"],
        ["Project-URL: Source, https://docs.example.org/pkg/source", f"Home-page: {HERE}"],
    ],
)  # fmt: skip
def test_a_repository(lines: list[str]) -> None:
    assert repository_in(metadata(*lines)) == HERE


def test_a_group_in_a_group() -> None:
    assert repository_in(metadata(f"Project-URL: Source, {HERE}/core")) == f"{HERE}/core"


@pytest.mark.parametrize(
    "url",
    [
        "https://docs.example.org/pkg/source",
        "https://git.example.org/pkg",
        "http://git.example.org/team/pkg",
        "https://user:secret@git.example.org/team/pkg",
        "https://git.example.org/team/pkg\x1b[31m",
        'https://git.example.org/team/pkg"; rm -rf',
        "https://git.example.org/team/--upload-pack=x",
        "https://git.example.org/team/$(id)",
        "https://[::1/team/pkg",
        f"https://git.example.org/team/{'p' * 200}",
        "UNKNOWN",
    ],
)
def test_what_is_no_plain_url_of_a_forge(url: str) -> None:
    assert repository_in(metadata(f"Project-URL: Source, {url}")) is None


def test_metadata_that_says_nothing() -> None:
    assert repository_in(metadata()) is None
    assert repository_in(b"\xff\x00") is None


class Files:
    """An index with one wheel, or none."""

    def __init__(self, data: bytes | None) -> None:
        self._data = data

    def download(
        self, file: File, *, hashes: tuple[Hash, ...] = (), wanted_by: Sequence[str] = ()
    ) -> tuple[Path, str]:
        raise AssertionError("its METADATA is enough")

    def wheel_metadata(self, file: File, *, wanted_by: Sequence[str] = ()) -> bytes:
        if self._data is None:
            raise OfflineMiss("it is not in the store")
        return self._data


@pytest.mark.parametrize(
    ("data", "expected"), [(metadata(f"Project-URL: Source, {HERE}"), HERE), (None, None)]
)
def test_a_hint_that_cannot_be_had_is_no_error(
    tmp_path: Path, data: bytes | None, expected: str | None
) -> None:
    def hook(candidate: Candidate, wanted_by: Sequence[str]) -> Metadata:
        raise AssertionError("a hint runs nothing")

    static = StaticMetadata(
        files=Files(data), store=Store(tmp_path), python=python(), target="t", hook=hook
    )
    assert static.repository(file("pkg-1.0-py3-none-any.whl")) == expected
