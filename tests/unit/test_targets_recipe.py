"""An image's name: what changes it, and what does not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from targets_helpers import CONTAINERFILE, TARGET, write_target

from podwheel import targets
from podwheel.errors import TargetFileError
from podwheel.targets import recipe as module
from podwheel.targets.recipe import Recipe, recipe_of

if TYPE_CHECKING:
    from pathlib import Path


def recipe(directory: Path, document: str = TARGET, **parts: str) -> Recipe:
    directory.mkdir(exist_ok=True)
    write_target(directory, document, **parts)
    return recipe_of(targets.load("server.toml", cwd=directory))


def test_names_are_local_and_carry_the_hash(tmp_path: Path) -> None:
    found = recipe(tmp_path)
    tag = found.digest[:20]
    assert found.runtime == f"localhost/podwheel/server-runtime:{tag}"
    assert found.build == f"localhost/podwheel/server-build:{tag}"
    assert found.base.startswith("localhost/podwheel/base:")
    assert found.stages == {"runtime", "build", "extra", "server", "index"}


def test_where_the_files_are_does_not_matter(tmp_path: Path) -> None:
    assert recipe(tmp_path / "a") == recipe(tmp_path / "b")


def test_what_people_read_does_not_matter(tmp_path: Path) -> None:
    assert recipe(tmp_path) == recipe(tmp_path, TARGET.replace("a server", "another text"))


@pytest.mark.parametrize(
    ("document", "parts"),
    [
        (TARGET, {"containerfile": CONTAINERFILE + "# a word\n"}),
        (TARGET + '[arguments]\nA = "1"\n', {}),
    ],
)
def test_a_change_gives_another_image_on_the_same_base(
    tmp_path: Path, document: str, parts: dict[str, str]
) -> None:
    before, after = recipe(tmp_path), recipe(tmp_path, document, **parts)
    assert before.base == after.base
    assert before.digest != after.digest
    assert before.runtime != after.runtime


@pytest.mark.parametrize(
    "line",
    [
        'mirrors = ["http://mirror.example.org/debian"]',
        'components = ["main", "contrib"]',
        'include = ["ca-certificates"]',
        'keyring = "keys"',
    ],
)
def test_another_base_gives_other_images(tmp_path: Path, line: str) -> None:
    (tmp_path / "keys").write_bytes(b"key")
    before, after = recipe(tmp_path), recipe(tmp_path, f"{TARGET}{line}\n")
    assert before.base != after.base
    assert before.digest != after.digest


def test_a_keyring_counts_by_its_keys(tmp_path: Path) -> None:
    document = f'{TARGET}keyring = "keys"\n'
    (tmp_path / "keys").write_bytes(b"key")
    before = recipe(tmp_path, document)
    (tmp_path / "keys").write_bytes(b"other")
    assert recipe(tmp_path, document).base != before.base


def test_files_of_the_context_count_by_path_content_and_x(tmp_path: Path) -> None:
    document = f'context = "files"\n{TARGET}'
    files = tmp_path / "files"
    (files / "sub").mkdir(parents=True)
    one = files / "sub" / "one"
    one.write_text("1")
    seen = [recipe(tmp_path, document).digest]

    def changes() -> bool:
        seen.append(recipe(tmp_path, document).digest)
        return seen[-1] not in seen[:-1]

    one.chmod(0o664)  # a matter of the umask of a checkout
    assert not changes()
    one.chmod(0o744)
    assert changes()
    one.write_text("2")
    assert changes()
    one.rename(files / "one")
    assert changes()
    (files / "link").symlink_to("one")
    assert changes()


def test_a_context_that_is_somebodys_home_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = tmp_path / "files"
    files.mkdir()
    (files / "large").write_bytes(b"123456")
    monkeypatch.setattr(module, "_MOST_BYTES", 6)
    assert recipe(tmp_path, f'context = "files"\n{TARGET}')
    monkeypatch.setattr(module, "_MOST_BYTES", 5)
    with pytest.raises(TargetFileError, match="context"):
        recipe(tmp_path, f'context = "files"\n{TARGET}')
