"""podwheel as a user runs it: a child process with an environment of its own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from podwheel.process import host_environment

if TYPE_CHECKING:
    import signal
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

MODULE = (sys.executable, "-m", "podwheel")


@dataclass(frozen=True)
class Result:
    """How a run ended."""

    code: int
    out: str
    err: str

    @property
    def errors(self) -> list[dict[str, Any]]:
        """With ``--log-format json``: the errors, in the order in which they were told."""
        return [event for event in self.events if event["event"] == "error"]

    @property
    def events(self) -> list[dict[str, Any]]:
        """With ``--log-format json``: everything on stderr."""
        return [json.loads(line) for line in self.err.splitlines()]

    def told(self, name: str) -> list[dict[str, Any]]:
        return [event for event in self.events if event["event"] == name]


class Podwheel:
    """Runs podwheel in a directory, with a store and an index of the test's own."""

    def __init__(self, *, cwd: Path, store: Path, index_url: str) -> None:
        self.cwd = cwd
        self.store = store
        self.environment = host_environment(
            PODWHEEL_STORE=str(store),
            PIP_INDEX_URL=index_url,
            PIP_CONFIG_FILE="/dev/null",  # pip's word for "no file at all"
            PYTHONDONTWRITEBYTECODE="1",
        )

    @property
    def wheelhouse(self) -> Path:
        return self.cwd / "wheelhouse"

    def __call__(
        self,
        *arguments: str | Path,
        code: int = 0,
        environment: Mapping[str, str] | None = None,
        before: Sequence[str] = (),
        timeout: float = 120,
    ) -> Result:
        """Run it to its end.

        Args:
            code: The exit code that is expected.
            environment: Over the usual one.
            before: A command that is to start podwheel, such as ``("podman", "unshare")``.
        """
        result = self.run(*arguments, environment=environment, before=before, timeout=timeout)
        assert result.code == code, f"exit code {result.code}\n{result.out}\n{result.err}"
        return result

    def run(
        self,
        *arguments: str | Path,
        environment: Mapping[str, str] | None = None,
        before: Sequence[str] = (),
        timeout: float = 120,
    ) -> Result:
        """The same, whatever its exit code."""
        done = subprocess.run(
            [*before, *MODULE, *map(str, arguments)],
            cwd=self.cwd,
            env={**self.environment, **(environment or {})},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=timeout,
            check=False,
        )
        return Result(done.returncode, done.stdout.decode(), done.stderr.decode())

    def start(self, *arguments: str | Path) -> Running:
        """Start it in a process group of its own, as a shell would."""
        return Running(
            subprocess.Popen(
                [*MODULE, *map(str, arguments)],
                cwd=self.cwd,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                process_group=0,
            )
        )

    def wheels(self, place: Path | None = None) -> list[str]:
        """Names of the wheels in a wheelhouse, sorted."""
        return sorted(path.name for path in (place or self.wheelhouse).glob("*.whl"))

    def write(self, name: str, text: str) -> Path:
        """A file in its directory."""
        path = self.cwd / name
        path.write_text(text, encoding="utf-8")
        return path

    def logs(self) -> Iterator[Path]:
        """The directories of its runs, oldest first."""
        yield from sorted(path.parent for path in self.store.glob("logs/*/run.jsonl"))

    def containers(self) -> list[str]:
        """Ids of its last run's containers, whatever their state."""
        run = max((path.name for path in self.logs()), default="none")
        done = subprocess.run(
            ["podman", "ps", "-aq", f"--filter=label=podwheel.run={run}"],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        return done.stdout.split()

    def leftovers(self) -> list[str]:
        """What no ended run may leave: half-made files."""
        return sorted(path.name for path in (self.store / "attempts").iterdir())


@dataclass(frozen=True)
class Running:
    """A podwheel that has not ended."""

    process: subprocess.Popen[str]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        if self.process.poll() is None:  # its test has failed
            self.process.kill()
            self.process.communicate()

    def signal(self, number: signal.Signals) -> None:
        """As a terminal does it: to the whole process group."""
        os.killpg(self.process.pid, number)

    def end(self, timeout: float = 60) -> Result:
        out, err = self.process.communicate(timeout=timeout)
        return Result(self.process.returncode, out, err)


@dataclass(frozen=True)
class Recorder:
    """A ``podman`` that writes its arguments down, and does what was asked."""

    environment: Mapping[str, str]
    log: Path

    def calls(self) -> list[str]:
        """The arguments of each call, in order."""
        return self.log.read_text().splitlines()


def recorded_podman(directory: Path) -> Recorder:
    """Put a recording ``podman`` and ``buildah`` in front on PATH."""
    places = directory / "bin"
    places.mkdir()
    log = directory / "calls"
    log.touch()
    for program in ("podman", "buildah"):
        real = shutil.which(program)
        recording = places / program
        recording.write_text(f'#!/bin/sh\necho "{program} $*" >>"{log}"\nexec "{real}" "$@"\n')
        recording.chmod(0o755)
    return Recorder({"PATH": f"{places}:{os.environ['PATH']}"}, log)
