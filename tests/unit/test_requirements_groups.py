"""``--group``: PEP 735."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from requirements_helpers import ask, names, write

from podwheel.errors import RequirementsFileError, UsageError

if TYPE_CHECKING:
    from pathlib import Path

PROJECT = """
[dependency-groups]
Dev_Tools = ["a>=1", {include-group = "docs"}, "b ; os_name == 'posix'"]
docs = ["c @ https://u:geheim@example.org/c-1.tar.gz"]
loop = [{include-group = "pool"}]
pool = [{include-group = "loop"}]
bad = ["x=1"]
text = "x"
"""


def test_a_group_with_what_it_includes(tmp_path: Path) -> None:
    write(tmp_path, {"pyproject.toml": PROJECT})
    request = ask(tmp_path, groups=("dev-tools",))
    assert names(request) == ["a>=1", "c", 'b; os_name == "posix"']
    assert [str(w.origin) for w in request.wanted] == [
        "pyproject.toml group dev-tools",
        "pyproject.toml group docs (from pyproject.toml group dev-tools)",
        "pyproject.toml group dev-tools",
    ]
    assert "geheim" not in request.wanted[1].text


def test_a_group_of_another_project(tmp_path: Path) -> None:
    write(tmp_path, {"sub/pyproject.toml": PROJECT})
    (wanted,) = ask(tmp_path, groups=("sub/pyproject.toml:docs",)).wanted
    assert str(wanted.origin) == "sub/pyproject.toml group docs"


@pytest.mark.parametrize(
    ("group", "said", "hint"),
    [
        ("none", "'none' not found", "Dev_Tools, bad, docs"),
        ("loop", "Cyclic", "docs"),
        ("bad", "xpected semicolon", "docs"),
        ("text", "string rather than a list", "docs"),
        ("gone/pyproject.toml:x", "gone/pyproject.toml: no such file", ""),
        ("empty/pyproject.toml:x", "has no [dependency-groups] table", "PEP 735"),
        ("broken/pyproject.toml:x", "is not TOML", ""),
    ],
)
def test_errors(tmp_path: Path, group: str, said: str, hint: str) -> None:
    write(
        tmp_path,
        {"pyproject.toml": PROJECT, "empty/pyproject.toml": "", "broken/pyproject.toml": "a ="},
    )
    with pytest.raises(RequirementsFileError) as caught:
        ask(tmp_path, groups=(group,))
    assert said in caught.value.what
    assert hint in " ".join(caught.value.hint)


@pytest.mark.parametrize("group", ["setup.cfg:x", "pyproject.toml:", "sub:x"])
def test_a_group_is_of_a_pyproject(tmp_path: Path, group: str) -> None:
    with pytest.raises(UsageError, match="a group is NAME"):
        ask(tmp_path, groups=(group,))
