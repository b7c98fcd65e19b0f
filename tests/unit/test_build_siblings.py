"""Libraries that a wheel finds in another one, as the loader would."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from attrs import evolve
from packaging.utils import canonicalize_name
from portable_helpers import compiled, shared_object

from podwheel.build.siblings import found_in_siblings

if TYPE_CHECKING:
    from pathlib import Path

    from podwheel.model import Wheel

NEEDED = ("libother.so.1", "libc.so.6")


def needing(tmp_path: Path, place: str, runpath: str) -> Wheel:
    return compiled(tmp_path / "one", {place: shared_object(needed=NEEDED, runpath=runpath)})


def bringing(tmp_path: Path, *places: str) -> Wheel:
    wheel = compiled(tmp_path / "two", dict.fromkeys(places, shared_object()))
    return evolve(wheel, name=canonicalize_name("other"))


@pytest.mark.parametrize(
    ("place", "runpath", "theirs"),
    [
        ("demo/x.so", "$ORIGIN/../other/lib", "other/lib/libother.so.1"),
        ("demo/x.so", "/usr/lib:${ORIGIN}/../other/lib/", "other/lib/libother.so.1"),
        ("demo/x.so", "$ORIGIN", "demo/libother.so.1"),
        ("x.so", "$ORIGIN/other.libs", "other.libs/libother.so.1"),
        ("demo-1.0.data/platlib/demo/x.so", "$ORIGIN/../other", "other/libother.so.1"),
        ("demo/x.so", "$ORIGIN/../other", "demo-1.0.data/purelib/other/libother.so.1"),
    ],
)
def test_found_by_its_run_path(place: str, runpath: str, theirs: str, tmp_path: Path) -> None:
    wheel = needing(tmp_path, place, runpath)
    assert found_in_siblings(wheel, [wheel, bringing(tmp_path, theirs)]) == ("libother.so.1",)


@pytest.mark.parametrize(
    ("runpath", "theirs"),
    [
        ("", "other/lib/libother.so.1"),
        ("$ORIGIN/../other", "other/lib/libother.so.1"),
        ("/other/lib", "other/lib/libother.so.1"),
        ("$ORIGINAL/../other/lib", "other/lib/libother.so.1"),
        ("$ORIGIN/../other/lib", "other/lib/libother.so.1.2"),
    ],
)
def test_the_same_name_elsewhere_is_another_library(
    runpath: str, theirs: str, tmp_path: Path
) -> None:
    wheel = needing(tmp_path, "demo/x.so", runpath)
    assert found_in_siblings(wheel, [bringing(tmp_path, theirs)]) == ()


def test_its_own_library_is_no_siblings(tmp_path: Path) -> None:
    wheel = compiled(
        tmp_path / "one",
        {
            "demo/x.so": shared_object(needed=NEEDED, runpath="$ORIGIN"),
            "demo/libother.so.1": shared_object(),
        },
    )
    assert found_in_siblings(wheel, [wheel]) == ()


def test_a_damaged_file_finds_nothing(tmp_path: Path) -> None:
    whole = shared_object(needed=NEEDED, runpath="$ORIGIN/../other")
    wheel = compiled(tmp_path / "one", {"demo/x.so": whole, "demo/damaged.so": whole[:70]})
    other = bringing(tmp_path, "other/libother.so.1")
    assert found_in_siblings(wheel, [other]) == ("libother.so.1",)
