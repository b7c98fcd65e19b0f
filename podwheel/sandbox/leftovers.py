"""What a run that was killed left in podman's hands: found by its label, and put away."""

from __future__ import annotations

from typing import TYPE_CHECKING

from podwheel import process
from podwheel.sandbox import container as containers
from podwheel.sandbox import groups
from podwheel.sandbox.enforcement import CGROUPS

if TYPE_CHECKING:
    from pathlib import Path

LABEL = "podwheel.run"
"""Of every container that podwheel makes."""


def prefix_of(run_id: str) -> str:
    """How the names of a run's containers, and of their control groups, begin."""
    return f"podwheel-{run_id}-"


def put_away(run_id: str, *, cgroups: Path = CGROUPS) -> None:
    """Remove the containers of a run that is dead, their processes and their control groups.

    Raises:
        ToolFailed: Some cannot be removed.
    """
    label = f"{LABEL}={run_id}"
    # A podman that had not made its container yet would make it after we have looked.
    process.kill_orphans(f"--label={label}")
    containers.remove_all(label)
    for name, left in groups.of_run(prefix_of(run_id), cgroups=cgroups).items():
        containers.Container(name, left).destroy()
        left.remove()
