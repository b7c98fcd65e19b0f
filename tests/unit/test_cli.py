"""The command line: options become plain values, errors become messages and exit codes."""

from __future__ import annotations

import errno
import json
import os
import signal
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

from podwheel import __main__, errors, failures, log, run
from podwheel.cli import options
from podwheel.cli.main import _COMMANDS, cli
from podwheel.cli.terminal import seconds, size
from podwheel.model import Freshness


def parsed(*arguments: str) -> Any:
    """`Options` of a command line, through the real decorators."""
    got: list[Any] = []

    @click.command(cls=options.RequirementsCommand)
    @options.requirement_options
    @options.building_options
    @options.build_deps_option
    @options.compiling_options
    def command(**given: Any) -> None:
        got.append(options.options_of(given))

    result = CliRunner().invoke(command, arguments, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return got[0]


def test_every_command_has_a_line_of_help() -> None:
    result = CliRunner().invoke(cli, ["--help"])
    assert result.exit_code == 0
    for name, line in _COMMANDS.items():
        assert name in result.output
        assert line.endswith(".")


@pytest.mark.parametrize("name", sorted(_COMMANDS))
def test_every_command_can_be_asked_for_help(name: str) -> None:
    result = CliRunner().invoke(cli, [name, "--help"])
    assert result.exit_code == 0, result.output
    assert "Usage:" in result.output


def test_a_compiler_cache_is_asked_for_or_refused_or_left_to_the_settings() -> None:
    given = [parsed(*line, "x").ccache for line in (["--ccache"], ["--no-ccache"], [])]
    assert given == [True, False, None]


def test_debug_information_is_asked_for_or_refused_or_left_to_the_settings() -> None:
    given = [parsed(*line, "x").debug_info for line in (["--debug-info"], ["--no-debug-info"], [])]
    assert given == [True, False, None]


def test_formats_keep_the_order_of_the_line() -> None:
    given = parsed("--no-binary=:all:", "x", "--only-binary", "numpy", "--no-binary", "numpy")
    assert given.arguments.formats == (
        ("no-binary", ":all:"),
        ("only-binary", "numpy"),
        ("no-binary", "numpy"),
    )
    assert given.arguments.requirements == ("x",)


def test_values_that_look_like_the_options_are_not_taken_for_them() -> None:
    given = parsed("--index-url", "https://index.example/--no-binary", "x", "--only-binary=a")
    assert given.arguments.formats == (("only-binary", "a"),)


def test_freshness() -> None:
    assert parsed("x").freshness is Freshness.NORMAL
    assert parsed("x", "--refresh").freshness is Freshness.REFRESH
    assert parsed("x", "--offline").freshness is Freshness.OFFLINE


def test_build_deps() -> None:
    assert parsed("x").build_deps == "wheel"
    assert parsed("x", "--build-deps", "source").build_deps == "source"


def test_limits() -> None:
    limits = parsed("x", "--scratch-size", "2G", "--memory=512M", "--step-timeout", "60").limits
    assert (limits.scratch, limits.memory, limits.wall) == (2 << 30, 512 << 20, 60.0)


def test_the_store_is_absolute(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert parsed("x").store == tmp_path / "podwheel"
    monkeypatch.chdir(tmp_path)
    assert parsed("x", "--store", "here").store == tmp_path / "here"


@pytest.mark.parametrize("text", ["0", "-1", "1.5Q", "G", "ten", "nan", "inf"])
def test_sizes_that_are_none(text: str) -> None:
    with pytest.raises(click.BadParameter, match="no size"):
        options.Size().convert(text, None, None)


@pytest.mark.parametrize(
    ("text", "amount"),
    [("1", 1), ("2k", 2048), ("1.5M", 3 << 19), ("8GiB", 8 << 30), ("3 GB", 3 << 30)],
)
def test_sizes(text: str, amount: int) -> None:
    assert options.Size().convert(text, None, None) == amount


@pytest.mark.parametrize(
    ("amount", "shown"), [(0.04, "0.0 s"), (9.94, "9.9 s"), (12.3, "12 s"), (59.6, "1 min 00 s"), (185, "3 min 05 s")]
)  # fmt: skip
def test_durations(amount: float, shown: str) -> None:
    assert seconds(amount) == shown


@pytest.mark.parametrize(
    ("amount", "shown"), [(0, "0 B"), (999, "999 B"), (1500, "2 kB"), (999_600, "1.0 MB"), (3_240_000, "3.2 MB")]
)  # fmt: skip
def test_amounts(amount: int, shown: str) -> None:
    assert size(amount) == shown


# ------------------------------------------------------------ errors and exit codes


def run_main(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        __main__.main(list(arguments))
    return int(ended.value.code or 0)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--no-such-option"], "No such option"),
        (["bulid", "-r", "x"], "did you mean 'build'?"),
        (["build", "--refresh", "--offline", "x"], "give one of them"),
        (["build", "--scratch-size=much", "x"], "is no size"),
        (["build", "-j", "0", "x"], "0 is not in the range"),
        (["build", "--build-deps", "sauce", "x"], "'sauce' is not one of"),
        (["verify", "/no/such/directory"], "does not exist"),
        (["target", "biuld"], "No such command"),
    ],
)
def test_wrong_usage_is_2_and_says_what(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_main(*arguments) == 2
    assert message.lower() in capsys.readouterr().err.lower()


def raising(error: BaseException) -> Any:
    def command(**_given: Any) -> None:
        raise error

    return command


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.RequirementsFileError("r.txt:3: what"), 2),
        (errors.ToolMissing("podman"), 3),
        (errors.ResolutionConflict("conflict"), 4),
        (errors.HashMismatch("hash"), 5),
        (errors.HookFailed("failed"), 6),
        (errors.VerificationFailed("no import"), 7),
        (KeyboardInterrupt(), 130),
        (__main__.Terminated(signal.SIGTERM), 143),
        (__main__.Terminated(signal.SIGHUP), 129),
        (RuntimeError("a bug"), 70),
    ],
)
def test_each_kind_of_error_has_its_code(
    error: BaseException,
    code: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(run, "opened", raising(error))
    monkeypatch.setattr(cli, "main", lambda **_: raising(error)())
    assert run_main("build", "x") == code
    said = capsys.readouterr().err
    assert ("Traceback" in said) == (code == 70)


def test_a_path_in_a_closed_directory_is_no_bug_of_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    is_dir = type(tmp_path).is_dir

    def closed(path: Path, **_options: Any) -> bool:
        if not str(path).startswith("/root"):
            return is_dir(path)
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(log, "add_file", lambda _path: None)
    monkeypatch.setattr(type(tmp_path), "is_dir", closed)
    assert run_main("build", f"--store={tmp_path / 'store'}", "/root/project") == 2
    assert "error: /root/project cannot be read: Permission denied" in capsys.readouterr().err


def test_an_error_tells_the_whole_story(capsys: pytest.CaptureFixture[str]) -> None:
    __main__.show(
        errors.HookFailed(
            "numpy 2.1 could not be built",
            wanted_by=["pandas 2.2 needs numpy>=1.26", "requirements.txt:3 (pandas)"],
            said="fatal error: x.h\ncompilation terminated.",
            log=Path("/logs/numpy.log"),
            hint=["podwheel shell numpy", "or give it up"],
        )
    )
    assert capsys.readouterr().err == (
        "error: numpy 2.1 could not be built\n"
        "  wanted by  pandas 2.2 needs numpy>=1.26\n"
        "  wanted by  requirements.txt:3 (pandas)\n"
        "  │ fatal error: x.h\n"
        "  │ compilation terminated.\n"
        "  log   /logs/numpy.log\n"
        "  next  podwheel shell numpy\n"
        "        or give it up\n"
    )


def test_errors_as_json(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    both = errors.BuildsFailed(
        "2 failed", failures=[errors.HookFailed("one"), errors.HashMismatch("two")]
    )
    monkeypatch.setattr(cli, "main", lambda **_: raising(both)())
    assert run_main("build", "--log-format", "json", "x") == 6
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [line["kind"] for line in lines] == ["HookFailed", "HashMismatch", "BuildsFailed"]
    assert [line["exit_code"] for line in lines] == [6, 5, 6]


def test_a_disk_that_is_full_is_no_bug(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    full = OSError(errno.ENOSPC, "No space left on device", "/tmp/x")
    monkeypatch.setattr(cli, "main", lambda **_: raising(full)())
    assert run_main("build", "x") == 3
    said = capsys.readouterr().err
    assert "error: no space left" in said
    assert "/tmp/x" in said


def test_a_log_on_a_disk_that_is_full_ends_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    log.configure(None)
    log.add_file(Path("/dev/full"))
    log.get().info("run.start")
    log.get().info("run.start")


# ------------------------------------------------------------ from tasks to one error


class Ended:
    """A task that has ended, as far as `failures` looks at it."""

    def __init__(self, title: str, error: BaseException | None = None) -> None:
        self.title, self.error = title, error


def failed(*tasks: Any) -> errors.PodwheelError:
    with pytest.raises(errors.PodwheelError) as raised:
        failures.raise_failed(tasks)
    return raised.value


def test_no_failure_is_no_error() -> None:
    tasks: Any = [Ended("a"), Ended("b")]
    failures.raise_failed(tasks)


def test_one_failure_is_told_as_it_is() -> None:
    error = errors.HookFailed("a failed")
    assert failed(Ended("a", error), Ended("b")) is error


def test_what_could_not_start_is_named_with_what_it_needs() -> None:
    from podwheel.build.task import TaskFailed

    cause = Ended("build a", errors.HookFailed("a failed"))
    middle = Ended("build b", TaskFailed([cause]))  # type: ignore[list-item]  # a stand-in
    top = Ended("build c", TaskFailed([middle, cause]))  # type: ignore[list-item]  # a stand-in
    error = failed(top, middle, cause)
    assert isinstance(error, errors.BuildsFailed)
    assert error.failures == (cause.error,)
    assert "build b (needs build a), build c (needs build a)" in error.what


def test_failures_of_one_kind_keep_their_code() -> None:
    error = failed(
        Ended("a", errors.HashMismatch("one")), Ended("b", errors.DownloadTruncated("two"))
    )
    assert error.exit_code == 5
    mixed = failed(Ended("a", errors.HashMismatch("one")), Ended("b", errors.HookFailed("two")))
    assert mixed.exit_code == 6


def test_a_bug_in_a_task_keeps_its_traceback() -> None:
    tasks: Any = [Ended("a", ValueError("bug")), Ended("b", errors.HookFailed("x"))]
    with pytest.raises(ValueError, match="bug"):
        failures.raise_failed(tasks)
