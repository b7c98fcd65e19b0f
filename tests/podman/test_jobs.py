"""Jobs: what a build's tools run at once is what the run's tokens allow, and changes no byte."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import NewPodwheel
    from local_index import LocalIndex
    from podwheel_cli import Podwheel

pytestmark = pytest.mark.podman


def counts(podwheel: Podwheel) -> dict[str, tuple[int, int]]:
    """By tool: how many jobs there were, and the most that ran at once."""
    text = (podwheel.wheelhouse / "logs/many-jobs-1.0.log").read_text()
    found = re.findall(r"(\w+): (\d+) jobs, (\d+) at once", text)
    return {tool: (int(jobs), int(most)) for tool, jobs, most in found}


def test_make_ninja_and_setuptools_share_the_tokens(
    podwheel: Podwheel, new_podwheel: NewPodwheel, index: LocalIndex
) -> None:
    """One container each: alone, with all tokens of ``-j 3``; and with ``-j 1``."""
    podwheel("build", "many-jobs", "--no-verify", "-j3")
    # The compiler compiles 6 sources, and links 3 extensions.
    assert counts(podwheel) == {"make": (6, 3), "ninja": (6, 3), "setuptools": (9, 3)}
    with new_podwheel(index) as other:
        other("build", "many-jobs", "--no-verify", "-j1")
        assert counts(other) == {"make": (6, 1), "ninja": (6, 1), "setuptools": (9, 1)}
        (name,) = other.wheels()
        assert (other.wheelhouse / name).read_bytes() == (podwheel.wheelhouse / name).read_bytes()
