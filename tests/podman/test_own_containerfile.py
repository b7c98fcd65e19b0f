"""The guide's Containerfile of one's own (docs/targets.md), typed as it stands there."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from system_packages import record_of

from podwheel import process, targets
from podwheel.targets.recipe import recipe_of

if TYPE_CHECKING:
    from podwheel_cli import Podwheel

    from podwheel.model import Target

# Its stages ask the distribution's mirror.
pytestmark = [pytest.mark.podman, pytest.mark.network]

GUIDE = (Path(__file__).parents[2] / "docs/targets.md").read_text("utf-8")


def test_the_guides_own_words_build_and_prove_a_wheel(podwheel: Podwheel, target: Target) -> None:
    (block,) = re.findall(r"^```sh\n(mkdir -p own\n.*?)^```", GUIDE, re.MULTILINE | re.DOTALL)
    # The build image: what the stages install is there, and little is downloaded.
    seen = process.run(
        ["podman", "image", "inspect", "--format", "{{.Digest}}", target.build.digest]
    )
    pinned = f"{target.build.reference.partition(':')[0]}@{seen.text.strip()}"
    podwheel.write("requirements.txt", "c-extension\n")
    try:
        done = subprocess.run(
            ["sh", "-ec", block],
            cwd=podwheel.cwd,
            env={
                **podwheel.environment,
                "PATH": f"{Path(sys.executable).parent}:{podwheel.environment['PATH']}",
                "PINNED": pinned,
            },
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert done.returncode == 0, done.stderr
        assert "1 wheel (1 built from source, " in done.stdout
        assert "installed and imported: wheelhouse" in done.stdout
        assert record_of(podwheel)["target"]["name"] == "own"
        (image,) = [t for t in record_of(podwheel)["trust"] if t["name"] == "own-build"]
        assert re.fullmatch(r"\d{2,} packages of the distribution", image["note"])
    finally:
        recipe = recipe_of(targets.load("./own.toml", cwd=podwheel.cwd))
        for name in (recipe.build, recipe.runtime, recipe.base):
            process.run(["podman", "image", "rm", name])
