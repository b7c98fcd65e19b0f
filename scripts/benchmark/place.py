"""Where the benchmark works: its directories, the mirror, the tools that it brings from the index."""

import contextlib
import json
import os
import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from podwheel import log
from podwheel.process import host_environment
from podwheel.sandbox import Sandbox
from podwheel.store import Store
from podwheel.targets import definition, images
from podwheel.targets.fileindex import file_index

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]

TOOLS = ("pip", "uv", "fromager")
"""Brought from the index; all but pip may be missing."""
INSIDE = "/benchmark"
"""Where their directory is in a container."""


@dataclass
class Place:
    """One benchmark's directories, and what was made ready in them."""

    root: Path
    """Kept from one benchmark to the next: the mirror, the tools, results."""
    work: Path
    """This benchmark's own; removed when it ends."""
    target: str
    limit: int
    """Seconds that one run may take."""
    latency: int = 0
    """Milliseconds that each answer of the mirror takes at least."""
    mirror: str = ""
    """The mirror's URL."""
    image: str = ""
    """The target's build image."""
    python: str = ""
    """The target's, ``3.13``."""
    missing: dict[str, str] = field(default_factory=dict)
    """Tools that could not be brought, and why."""

    @property
    def index(self) -> str:
        return f"{self.mirror}/simple/"

    @property
    def tools(self) -> Path:
        return self.root / "tools" / self.python

    @property
    def warm_store(self) -> Path:
        """A store of podwheel's that knows the target, and nothing else."""
        return self.root / "store"

    def environment(self, **more: str) -> dict[str, str]:
        """No configuration of pip's or podwheel's but the mirror, for all alike."""
        mine = host_environment(
            PIP_INDEX_URL=self.index, PIP_CONFIG_FILE=os.devnull, PIP_DISABLE_PIP_VERSION_CHECK="1"
        )
        return {**mine, **more}

    def cold_store(self, name: str) -> Path:
        """A new store, with the target ready."""
        store = self.work / name
        shutil.copytree(self.warm_store, store, symlinks=True, copy_function=os.link)
        return store

    def upstream_asked(self) -> int:
        """How often the mirror had to ask its index, so far."""
        with urllib.request.urlopen(f"{self.mirror}/-/asked") as answer:
            return int(answer.read())

    def in_container(self, out: Path, *command: str, **environment: str) -> list[str]:
        """A command in the target's build image, as root of a rootless container, on the host's network.

        *out* is /out in it. What isolation podwheel adds is not asked of the others.
        """
        return [
            "podman", "run", "--rm", "--pull=never", "--log-driver=none", "--network=host",
            f"--timeout={self.limit}",  # it ends by itself as well
            f"--volume={self.tools}:{INSIDE}:ro", f"--volume={out}:/out", "--workdir=/out",
            "--env=HOME=/out", "--env=LANG=C.UTF-8",
            *(f"--env={name}={value}" for name, value in environment.items()),
            self.image, *command,
        ]  # fmt: skip


@contextlib.contextmanager
def ready(place: Place) -> Iterator[Place]:
    """The mirror serves, the images are made, the tools are there."""
    (place.root / "mirror").mkdir(parents=True, exist_ok=True)
    place.work.mkdir(parents=True)
    mirror = subprocess.Popen(
        [sys.executable, str(HERE / "mirror.py"), str(place.root / "mirror"), str(place.latency)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert mirror.stdout is not None
        place.mirror = mirror.stdout.readline().strip()
        if not place.mirror:
            raise SystemExit("the benchmark's mirror did not start: see above")
        _prepare_target(place)
        _bring_tools(place)
        yield place
    finally:
        mirror.kill()
        shutil.rmtree(place.work, ignore_errors=True)


def _prepare_target(place: Place) -> None:
    chosen = definition.load(place.target, cwd=Path.cwd())
    log.configure(None)
    store = Store(place.warm_store)
    with store.attempt("benchmark") as work:
        sandbox = Sandbox(run_id=f"benchmark-{os.getpid()}", work=work)
        try:
            made = images.prepare(chosen, store=store, sandbox=sandbox)
            file_index(chosen, made, store=store)
        finally:
            sandbox.reap()
    place.image = made.build.reference
    place.python = "{}.{}".format(*made.python.series)


def _bring_tools(place: Place) -> None:
    """pip as a wheel; the others installed by it, in the target's build image, for its Python."""
    place.tools.mkdir(parents=True, exist_ok=True)
    for tool in TOOLS:
        if _version(place, tool):
            continue
        if tool == "pip":
            command = [
                sys.executable, "-m", "pip", "download", "--quiet", "--no-deps",
                "--only-binary=:all:", f"--python-version={place.python}",
                f"--dest={place.tools}", "pip",
            ]  # fmt: skip
        else:
            out = place.tools / tool
            out.mkdir(exist_ok=True)
            pip = (pip_in_container(place), "install", "--quiet", "--target=/out", tool)
            command = place.in_container(out, "python3", *pip, PIP_INDEX_URL=place.index)
        done = subprocess.run(
            command, env=place.environment(), stderr=subprocess.PIPE, text=True, check=False
        )
        if done.returncode != 0:
            place.missing[tool] = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
            if tool == "pip":  # which brings the others
                raise SystemExit(f"pip cannot be brought: {done.stderr}")


def versions(place: Place) -> dict[str, str]:
    """The version of each tool that is there."""
    found = {tool: _version(place, tool) for tool in TOOLS}
    return {tool: version for tool, version in found.items() if version}


def _version(place: Place, tool: str) -> str | None:
    if tool == "pip":
        names = [path.name for path in place.tools.glob("pip-*.whl")]
    else:
        names = [path.name for path in (place.tools / tool).glob(f"{tool}-*.dist-info")]
    return max(names).split("-")[1].removesuffix(".dist") if names else None


def pip_in_container(place: Place) -> str:
    """The image has no pip: Python runs it out of its wheel."""
    return f"{INSIDE}/{max(place.tools.glob('pip-*.whl')).name}/pip"


def record_of(wheelhouse: Path) -> dict | None:
    """The record of a run of podwheel's; None if it published none."""
    record = wheelhouse / "podwheel.json"
    return json.loads(record.read_bytes()) if record.exists() else None
