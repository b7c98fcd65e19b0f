"""The index that pip on this machine is set up for: a few look-ups, one small download."""

from __future__ import annotations

import os
import zipfile
from typing import TYPE_CHECKING

import pytest
from packaging.metadata import parse_email
from packaging.utils import canonicalize_name

from podwheel.errors import ProjectNotFound
from podwheel.index import Index
from podwheel.model import Freshness
from podwheel.requirements import Arguments, read
from podwheel.settings import Settings
from podwheel.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = pytest.mark.network

NAME = canonicalize_name("iniconfig")
"""A wheel and a source of a few KiB, and no dependencies."""


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Callable[..., Index]]:
    request = read(
        Arguments(requirements=(NAME,)), environ=os.environ, cwd=tmp_path, settings=Settings()
    )
    store = Store(tmp_path / "store")
    indexes: list[Index] = []

    def make(freshness: Freshness = Freshness.NORMAL) -> Index:
        indexes.append(
            Index(
                indexes=request.indexes,
                network=request.network,
                store=store,
                freshness=freshness,
            )
        )
        return indexes[-1]

    yield make
    for index in indexes:
        index.close()


def test_a_project_its_metadata_and_its_wheel(made: Callable[..., Index]) -> None:
    index = made()
    files = index.files(NAME)
    wheel = next(f for f in reversed(files) if f.is_wheel and f.yanked is None)
    assert wheel.sha256 is not None
    metadata = index.wheel_metadata(wheel)
    assert parse_email(metadata)[0]["name"] == NAME
    names = index.wheel_names(wheel)
    path, digest = index.download(wheel)
    assert digest == wheel.sha256
    with zipfile.ZipFile(path) as archive:
        assert tuple(archive.namelist()) == names
        inside = next(n for n in names if n.endswith(".dist-info/METADATA"))
        assert archive.read(inside) == metadata

    offline = made(Freshness.OFFLINE)
    assert offline.files(NAME) == files
    assert offline.wheel_metadata(wheel) == metadata
    assert offline.download(wheel) == (path, digest)
    assert made(Freshness.REFRESH).files(NAME) == files


def test_a_name_that_nobody_has(made: Callable[..., Index]) -> None:
    with pytest.raises(ProjectNotFound):
        made().files(canonicalize_name("podwheel-tests-no-such-project"))
