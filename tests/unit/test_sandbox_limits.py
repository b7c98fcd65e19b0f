"""What a step may use, and who looks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from podwheel.cli.main import cli
from podwheel.errors import SettingsError
from podwheel.requirements import load_settings
from podwheel.requirements.tables import size_of
from podwheel.sandbox import Limits
from podwheel.sandbox.capacity import default_limits, limits_of, memory_here
from podwheel.sandbox.watch import Watch
from podwheel.settings import LimitSettings

if TYPE_CHECKING:
    from pathlib import Path

GIB = 1 << 30


def test_memory_is_shared_out() -> None:
    assert default_limits(1, memory=24 * GIB).memory == 22 * GIB
    assert default_limits(8, memory=24 * GIB).memory == 11 * GIB
    small = default_limits(2, memory=4 * GIB)
    assert (small.memory, small.scratch) == (7 * GIB // 4, 2 * GIB)


def test_the_container_around_us_may_have_less(tmp_path: Path) -> None:
    all_of_it = memory_here(cgroups=tmp_path)
    (tmp_path / "memory.max").write_text("max\n")
    assert memory_here(cgroups=tmp_path) == all_of_it
    (tmp_path / "memory.max").write_text("123456\n")
    assert memory_here(cgroups=tmp_path) == 123456


def test_what_was_said_last_counts() -> None:
    found = limits_of(2, LimitSettings(memory=5, processes=70), LimitSettings(memory=7, wall=1.5))
    assert (found.memory, found.processes, found.wall, found.log) == (7, 70, 1.5, Limits().log)


def test_limits_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "podwheel.toml").write_text(
        '[limits]\nstep-timeout = 60\nsilence-timeout = 1.5\nmemory = "2G"\nprocesses = 99\n'
        'scratch-size = 4096\noutput-size = "1MiB"\nlog-size = "3K"\n'
    )
    assert load_settings(None, cwd=tmp_path).limits == LimitSettings(
        wall=60, silence=1.5, memory=2 * GIB, processes=99, scratch=4096, output=1 << 20, log=3072
    )


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("memory = 0", "limits.memory: '0' is no size"),
        ("memory = true", "limits.memory: is a boolean, not a size"),
        ("processes = -1", "limits.processes: is -1: a number above zero is wanted"),
        ("step-timeout = inf", "limits.step-timeout: is inf"),
        ('step-timeout = "1h"', "limits.step-timeout: is a string, not a number"),
        ("memmory = 1", "unknown key limits.memmory"),
    ],
)
def test_limits_that_are_none(tmp_path: Path, line: str, said: str) -> None:
    (tmp_path / "podwheel.toml").write_text(f"[limits]\n{line}\n")
    with pytest.raises(SettingsError) as refused:
        load_settings(None, cwd=tmp_path)
    assert said in refused.value.what


def test_sizes() -> None:
    assert [size_of(t) for t in ("8G", "512M", "1.5k", "7", "2GiB", "1TB")] == [
        8 * GIB, 512 << 20, 1536, 7, 2 * GIB, 1 << 40,
    ]  # fmt: skip
    for text in ("", "G", "-1", "many", "1e999"):
        with pytest.raises(ValueError, match="is no size"):
            size_of(text)


def test_every_limit_has_an_option() -> None:
    told = CliRunner().invoke(cli, ["build", "--help"]).output
    for name in ("step-timeout", "silence-timeout", "memory", "processes", "scratch-size", "output-size", "log-size"):  # fmt: skip
        assert f"--{name}" in told
    assert "--require-isolation" in told


def process(proc: Path, pid: int, *, anonymous: int, children: str = "") -> None:
    task = proc / f"{pid}/task/{pid}"
    task.mkdir(parents=True)
    (task / "children").write_text(children)
    (proc / f"{pid}/status").write_text(f"Name:\tx\nRssAnon:\t{anonymous} kB\nRssFile:\t900 kB\n")


def test_a_family_is_counted_by_what_is_its_own(tmp_path: Path) -> None:
    pidfile = tmp_path / "pid"
    watch = Watch(pidfile, proc=tmp_path)
    assert watch.used() == 0, "it has not started"
    process(tmp_path, 5, anonymous=10, children="6 7 ")
    process(tmp_path, 6, anonymous=20, children="8")
    process(tmp_path, 8, anonymous=40)
    process(tmp_path, 9, anonymous=5000)
    pidfile.write_text("5")
    assert Watch(pidfile, proc=tmp_path).used() == 70 << 10
    assert watch.used() == 0, "asked again within the second"
