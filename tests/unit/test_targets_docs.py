"""docs/targets.md: its documents and Containerfiles are read by the code that they explain."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from targets_helpers import CONTAINERFILE

from podwheel import targets
from podwheel.targets.recipe import recipe_of

GUIDE = (Path(__file__).parents[2] / "docs" / "targets.md").read_text("utf-8")
DOCUMENTS = [
    *re.findall(r"^```toml\n(.*?)^```", GUIDE, re.MULTILINE | re.DOTALL),
    *re.findall(r"\.toml <<'?END'?\n(.*?)^END$", GUIDE, re.MULTILINE | re.DOTALL),
]


def test_the_guide_has_documents() -> None:
    assert len(DOCUMENTS) == 11


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_document_can_be_used(tmp_path: Path, document: str) -> None:
    digest = "0" * 64
    for variable, value in (
        ("$PINNED", f"registry.example.org/team/server@sha256:{digest}"),
        ("$MIRROR", "http://mirror.example.org"),
        ("$(sha256sum rootfs.tar | cut -d' ' -f1)", digest),
    ):
        document = document.replace(variable, value)
    assert "$" not in document
    (tmp_path / "own").mkdir()
    for name in ("Containerfile", "own/Containerfile"):
        (tmp_path / name).write_text(CONTAINERFILE)
    (tmp_path / "ubuntu-keys.gpg").touch()
    (tmp_path / "a.toml").write_text(document)
    assert recipe_of(targets.load("a.toml", cwd=tmp_path))


def test_the_containerfile_has_every_stage(tmp_path: Path) -> None:
    (example,) = re.findall(
        r"> own/Containerfile <<'END'\n(.*?)^END$", GUIDE, re.MULTILINE | re.DOTALL
    )
    (tmp_path / "Containerfile").write_text(example)
    (tmp_path / "a.toml").write_text('containerfile = "Containerfile"\n[base]\nsuite = "x"\n')
    recipe = recipe_of(targets.load("a.toml", cwd=tmp_path))
    assert recipe.stages == {"runtime", "build", "extra", "server"}


def test_the_built_in_targets_are_all_listed() -> None:
    for definition in targets.builtin():
        assert f"| `{definition.name}`" in GUIDE
