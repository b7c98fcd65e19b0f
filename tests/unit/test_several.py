"""Several targets in one command: which, what came of each, and how it is told."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import capture_helpers
import click
import pytest
from attrs import frozen
from click.testing import CliRunner

from podwheel import __main__, errors, several
from podwheel.asked import Options, asked, system_policy
from podwheel.cli import options
from podwheel.cli.main import cli
from podwheel.requirements import Arguments
from podwheel.targets import definition

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


def options_in(cwd: Path, *targets: str, **more: Any) -> Options:
    arguments = Arguments(requirements=("example",))
    return Options(arguments=arguments, environ={}, cwd=cwd, store=cwd, targets=targets, **more)


# ------------------------------------------------------------ which targets


def parsed(*arguments: str, environment: Mapping[str, str] | None = None) -> Options:
    got: list[Options] = []

    @click.command(cls=options.RequirementsCommand)
    @options.requirement_options
    def command(**given: Any) -> None:
        got.append(options.options_of(given))

    result = CliRunner().invoke(command, arguments, env=environment, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return got[0]


def test_targets_on_the_command_line() -> None:
    assert parsed("x").targets == ()
    assert parsed("x", "--target", "debian-12", "-t", "./s.toml").targets == (
        "debian-12",
        "./s.toml",
    )


def test_targets_in_the_environment() -> None:
    environment = {"PODWHEEL_TARGET": "debian-12 debian-13"}
    assert parsed("x", environment=environment).targets == ("debian-12", "debian-13")
    assert parsed("x", "-t", "debian-11", environment=environment).targets == ("debian-11",)


def names(given: Options) -> list[str]:
    return [one.name for one in asked(given)[2]]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", ["debian-13"]),
        ('target = "debian-12"', ["debian-12"]),
        ('target = ["debian-12", "debian-11"]', ["debian-12", "debian-11"]),
        ("target = []", ["debian-13"]),
    ],
)
def test_targets_of_the_settings(tmp_path: Path, text: str, found: list[str]) -> None:
    (tmp_path / "podwheel.toml").write_text(text)
    assert names(options_in(tmp_path)) == found
    assert names(options_in(tmp_path, "debian-11")) == ["debian-11"]


@pytest.mark.parametrize("text", ["target = 5", "target = [5]", 'target = ["", "debian-12"]'])
def test_settings_that_name_no_target(tmp_path: Path, text: str) -> None:
    (tmp_path / "podwheel.toml").write_text(text)
    with pytest.raises(errors.SettingsError, match="target"):
        asked(options_in(tmp_path))


def target_file(place: Path, name: str, description: str = "") -> str:
    place.mkdir(exist_ok=True)
    (place / "server.toml").write_text(
        f'name = "{name}"\ndescription = "{description}"\n'
        'containerfile = "podwheel:debian/Containerfile"\ncontext = "podwheel:debian"\n'
        '[base]\nsuite = "trixie"\n'
    )
    return f"./{place.name}/server.toml"


def test_a_target_that_is_named_twice_is_one(tmp_path: Path) -> None:
    file = target_file(tmp_path / "here", "server")
    assert names(options_in(tmp_path, "debian-12", file, "debian-12", file)) == [
        "debian-12",
        "server",
    ]


def test_two_targets_of_one_name_are_refused(tmp_path: Path) -> None:
    files = [target_file(tmp_path / d, "server", description=d) for d in ("here", "there")]
    with pytest.raises(errors.UsageError, match="both called 'server'") as caught:
        asked(options_in(tmp_path, *files))
    assert "here/server.toml" in caught.value.what
    assert "there/server.toml" in caught.value.what


def test_two_servers_of_one_system_share_a_wheelhouse(tmp_path: Path) -> None:
    """Built for one of them; the other is asked whether it fits."""
    for file in ("web1.json", "web2.json"):
        capture_helpers.write(tmp_path, file, sources=[file])
    with pytest.raises(errors.UsageError, match="both called 'debian-13'") as caught:
        asked(options_in(tmp_path, "web1.json", "web2.json"))
    assert "podwheel verify --against web2.json DIR" in caught.value.hint[0]


def test_a_mistyped_one_is_told_before_anything_starts(tmp_path: Path) -> None:
    with pytest.raises(errors.TargetFileError, match="debain-13"):
        asked(options_in(tmp_path, "debian-12", "debain-13"))


def test_each_target_gets_the_system_packages_that_were_reviewed_for_it(tmp_path: Path) -> None:
    (tmp_path / "packages.toml").write_text(
        'target = ["debian-12", "debian-13"]\n[package.lxml]\nsystem-packages = ["libxml2-dev"]\n'
    )
    given = options_in(tmp_path, system_packages_from="packages.toml")
    for name in ("debian-12", "debian-13"):
        reviewed = system_policy(given, definition.load(name, cwd=tmp_path)).reviewed
        assert reviewed is not None
        assert reviewed.target == name
    with pytest.raises(errors.UsageError, match="is for debian-12 and debian-13"):
        system_policy(given, definition.load("debian-11", cwd=tmp_path))


# ------------------------------------------------------------ what came of each


@frozen
class Named:
    name: str


class Session:
    """As far as `several` looks at it; the run of a target is its name."""

    def __init__(self, *names: str, unready: Sequence[str] = ()) -> None:
        self.targets = [Named(name) for name in names]
        self._unready = unready

    def run(self, chosen: Named) -> str:
        if chosen.name in self._unready:
            raise errors.ImageBuildFailed(f"no image of {chosen.name}")
        return chosen.name


def results(session: Session, failing: Mapping[str, Exception] | None = None) -> Any:
    def do(run: str) -> str:
        if failing and run in failing:
            raise failing[run]
        return run.upper()

    return several.each(session, do)  # type: ignore[arg-type]  # a stand-in


def test_each_target_has_its_turn() -> None:
    found = results(Session("a", "b"))
    assert found.done == (("a", "A"), ("b", "B"))
    found.check()


def test_a_target_that_fails_hides_no_other() -> None:
    found = results(Session("a", "b", "c", unready=["a"]), {"b": errors.HookFailed("no")})
    assert found.done == (("c", "C"),)
    with pytest.raises(errors.TargetsFailed, match="2 of 3 targets failed: a, b") as caught:
        found.check()
    assert caught.value.targets == ("a", "b")
    assert caught.value.exit_code == 6
    alike = results(Session("a", "b", unready=["a", "b"]))
    with pytest.raises(errors.TargetsFailed) as caught:
        alike.check()
    assert caught.value.exit_code == 3


def test_a_single_target_has_its_own_error() -> None:
    with pytest.raises(errors.ImageBuildFailed):
        results(Session("a", unready=["a"])).check()


@pytest.mark.parametrize("error", [errors.Interrupted("ending"), ValueError("a bug")])
def test_what_is_no_targets_failure_ends_it_all(error: Exception) -> None:
    with pytest.raises(type(error)):
        results(Session("a", "b"), {"a": error})


# ------------------------------------------------------------ how it is told

BOTH = errors.TargetsFailed(
    "2 of 3 targets failed: a, b",
    targets=["a", "b"],
    failures=[errors.HookFailed("one"), errors.BuildsFailed("all", failures=[errors.HookFailed("two")])],
)  # fmt: skip


def test_each_error_is_told_below_its_target(capsys: pytest.CaptureFixture[str]) -> None:
    __main__.show(BOTH)
    assert capsys.readouterr().err.split("\n") == [
        "a:", "error: one", "", "b:", "error: two", "", "error: all", "",
        "error: 2 of 3 targets failed: a, b", "",
    ]  # fmt: skip


def test_programs_are_told_the_target_too(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def failing(**_given: Any) -> None:
        raise BOTH

    monkeypatch.setattr(cli, "main", failing)
    with pytest.raises(SystemExit):
        __main__.main(["build", "--log-format", "json", "x"])
    told = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [(e["what"], e.get("target")) for e in told] == [
        ("one", "a"),
        ("two", "b"),
        ("all", "b"),
        ("2 of 3 targets failed: a, b", None),
    ]
