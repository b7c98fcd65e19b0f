"""System packages that somebody wrote down: a lock of podwheel's, or a reviewed file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import tomli_w

from podwheel.errors import RequirementsFileError, SettingsError, UsageError
from podwheel.model import SystemPackages
from podwheel.requirements import read_system_packages
from podwheel.requirements.system import system_packages_of
from podwheel.seal import make_lock

if TYPE_CHECKING:
    from pathlib import Path

TABLE = {
    "install": "apt-get install libpq5",
    "build": [
        {
            "project": "Psycopg2",
            "version": "2.9",
            "packages": [
                {"name": "libpq-dev", "version": "17.6-0", "for": "program pg_config"},
                {"name": "libssl-dev"},
            ],
        }
    ],
    "run": [
        {
            "name": "libev4t64",
            "why": "loaded",
            "libraries": ["libev.so.4"],
            "needed-by": ["Loads.it", "psycopg2"],
        },
        {"name": "libpq5", "why": "linked", "libraries": ["libpq.so.5"], "needed-by": ["psycopg2"]},
    ],
}
LOAD = ("libev4t64", ("libev.so.4",))
READ = SystemPackages(
    source="lock",
    target="debian-13",
    projects=(("psycopg2", (("libpq-dev", "program pg_config"), ("libssl-dev", ""))),),  # type: ignore[arg-type]  # normalised
    loads=(("loads-it", (LOAD,)), ("psycopg2", (LOAD,))),  # type: ignore[arg-type]  # normalised
)


def lock(table: object) -> dict[str, object]:
    return {
        "lock-version": "1.0",
        "created-by": "podwheel",
        "packages": [],
        "tool": {"podwheel": {"target": {"name": "debian-13"}, "system-packages": table}},
    }


def test_what_a_lock_says_of_builds() -> None:
    (found,) = system_packages_of(lock(TABLE), source="lock")
    assert found == READ
    assert found.of("PSYCOPG2") == (("libpq-dev", "program pg_config"), ("libssl-dev", ""))
    assert found.of("other") == ()


@pytest.mark.parametrize("document", [{}, {"tool": {}}, {"tool": {"podwheel": {"version": "1"}}}])
def test_a_lock_that_says_nothing(document: dict[str, object]) -> None:
    assert system_packages_of(document, source="lock") == ()


@pytest.mark.parametrize(
    "table",
    [
        "libpq-dev",
        {"build": "libpq-dev"},
        {"build": [{"packages": []}]},
        {"build": [{"project": "x", "packages": ["libpq-dev"]}]},
        {"build": [{"project": "x", "packages": [{"name": 5}]}]},
        {"run": [{"name": "libpq5", "why": "loaded"}]},
        {"run": [{"name": 5, "why": "loaded", "needed-by": ["x"]}]},
    ],
)
def test_a_table_that_podwheel_did_not_write(table: object) -> None:
    with pytest.raises(RequirementsFileError, match=r"system-packages\] is not what podwheel"):
        system_packages_of(lock(table), source="lock")


@pytest.mark.parametrize("name", ["-o=APT::Get", "a b", "", "$(id)", "../x"])
def test_a_name_that_no_package_has(name: str) -> None:
    build = {"build": [{"project": "x", "packages": [{"name": name}]}]}
    run = {"run": [{"name": name, "why": "loaded", "needed-by": ["x"]}]}
    for table in (build, run):
        with pytest.raises(RequirementsFileError, match="cannot be a system package's name"):
            system_packages_of(lock(table), source="lock")


def test_a_reviewed_lock(tmp_path: Path) -> None:
    (tmp_path / "pylock.toml").write_text(tomli_w.dumps(lock(TABLE)))
    (found,) = read_system_packages("pylock.toml", cwd=tmp_path)
    assert found.target == "debian-13"
    assert (found.projects, found.loads) == (READ.projects, READ.loads)


def test_a_reviewed_lock_that_lists_none_allows_none(tmp_path: Path) -> None:
    (tmp_path / "pylock.toml").write_text('lock-version = "1.0"\ncreated-by = "x"\npackages = []\n')
    (found,) = read_system_packages("pylock.toml", cwd=tmp_path)
    assert found.projects == ()


def test_a_reviewed_file_like_podwheel_toml(tmp_path: Path) -> None:
    (tmp_path / "packages.toml").write_text(
        'target = "debian-12"\n[package.LXML]\nsystem-packages = ["libxml2-dev"]\n'
        'runtime-packages = ["libxml2"]\n'
        "[package.other]\nimport-modules = []\n"
    )
    (found,) = read_system_packages("packages.toml", cwd=tmp_path)
    assert found.target == "debian-12"
    assert found.of("lxml") == (("libxml2-dev", ""),)
    assert found.of("other") == ()
    assert found.loads == (("lxml", (("libxml2", ()),)),)


def test_a_file_that_names_none_is_a_mistake(tmp_path: Path) -> None:
    (tmp_path / "packages.toml").write_text("[package.lxml]\nimport-modules = []\n")
    with pytest.raises(SettingsError, match="names no system packages") as failed:
        read_system_packages("packages.toml", cwd=tmp_path)
    assert 'system-packages = ["libfoo-dev"]' in failed.value.hint


@pytest.mark.parametrize("text", [None, "{", '[package.x]\nsystem-packages = ["-o"]\n'])
def test_a_file_that_cannot_be_used(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        (tmp_path / "packages.toml").write_text(text)
    with pytest.raises(UsageError, match=r"packages\.toml"):
        read_system_packages("packages.toml", cwd=tmp_path)


def test_what_is_written_into_a_lock_is_read_from_it() -> None:
    from seal_helpers import target

    document = make_lock([], target=target(), podwheel="1", system_packages=TABLE)
    (found,) = system_packages_of(document, source="lock")
    assert found.projects == READ.projects
    assert found.target == target().name
