"""The made-up graph of scripts/benchmark: it stands in for a private method, which no type checker sees."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from podwheel.process import host_environment

pytestmark = pytest.mark.podman

GRAPH = Path(__file__).parents[2] / "scripts/benchmark/graph.py"


@pytest.mark.usefixtures("target")
def test_a_small_graph_is_built_without_a_container_for_each(tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, GRAPH, "25", tmp_path],
        env=host_environment(),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    figures = json.loads(ended.stdout.splitlines()[-1])
    assert figures["steps"] == 25
    assert figures["cpu"] > 0
