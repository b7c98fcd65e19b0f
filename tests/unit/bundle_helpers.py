"""A wheelhouse for the Python that runs the tests, its bundle, and the bundle unpacked."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import platform
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pip
from attrs import evolve, frozen
from seal_helpers import built, run_record, target, this_python, wheel

from podwheel.seal import make_lock, open_wheelhouse, publish
from podwheel.seal.bundle import bundle

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from podwheel.model import Wheel
    from podwheel.seal import Entry
    from podwheel.seal.record import RunRecord, ServerRecord

SERIES = "{}.{}".format(*sys.version_info)
LIBC = " ".join(platform.libc_ver())


def record(server: ServerRecord | None = None, *, flags: str = "-O2") -> RunRecord:
    """Of a run for this machine and this Python; *flags*: what the compiler was given."""
    made = run_record()
    steps = (evolve(made.steps[0], variables=(("CFLAGS", flags),)),)
    here = evolve(
        made.target,
        name="this-system",
        python=platform.python_version(),
        libc=LIBC,
        machine=platform.machine(),
    )
    return evolve(made, target=here, server=server, steps=steps)


def wheelhouse(
    directory: Path,
    entries: Sequence[Entry],
    *,
    server: ServerRecord | None = None,
    flags: str = "-O2",
) -> Path:
    place = directory / "app"
    publish(
        place,
        entries=entries,
        lock=make_lock(
            entries, target=evolve(target(this_python()), name="this-system"), podwheel="0.1.0"
        ),
        record=record(server, flags=flags).to_json(),
        logs=(),
    )
    return place


def pip_wheel(directory: Path) -> Wheel:
    """The installed pip as a wheel, as far as running it goes."""
    package = Path(pip.__file__).parent
    path = directory / f"pip-{pip.__version__}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(package.rglob("*")):
            if file.is_file() and file.suffix != ".pyc":
                archive.write(file, file.relative_to(package.parent))
    (directory / "stand-in").mkdir()
    data = path.read_bytes()
    return evolve(
        wheel(directory / "stand-in", "pip"),
        path=path,
        filename=path.name,
        sha256=hashlib.sha256(data).hexdigest(),
        size=len(data),
    )


def unpacked(
    directory: Path,
    pip_of_this: Wheel,
    *,
    entries: Sequence[Entry] | None = None,
    server: ServerRecord | None = None,
) -> Unpacked:
    """A wheelhouse of *entries* (default: one pure wheel), bundled and unpacked in *directory*."""
    (directory / "store").mkdir()
    made = wheelhouse(
        directory, [built(directory / "store")] if entries is None else entries, server=server
    )
    pips = {"this-system": pip_of_this}
    packed = bundle(open_wheelhouse(made), pips=pips, output=directory / "bundle.tar")
    subprocess.run(["tar", "-C", directory, "-xf", packed.path], check=True)
    return Unpacked(root=directory / packed.directory)


@frozen(kw_only=True)
class Unpacked:
    """A bundle on a server."""

    root: Path

    def __call__(self, *arguments: str | Path, code: int = 0, **variables: str) -> str:
        """Run its ``install``; what it printed, stderr last."""
        done = self.run(*arguments, **variables)
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr

    def run(self, *arguments: str | Path, **variables: str) -> subprocess.CompletedProcess[str]:
        directory = sysconfig.get_path("scripts")
        environment = {"PATH": f"{directory}:{os.defpath}", "HOME": str(self.root.parent)}
        return subprocess.run(
            [self.root / "install", *arguments],
            capture_output=True,
            text=True,
            cwd=self.root.parent,
            env={**environment, **variables},
        )

    @contextlib.contextmanager
    def falsified(self) -> Iterator[dict[str, Any]]:
        """What it says of its target, to be changed; its hashes agree afterwards."""
        path = self.root / "bundle.json"
        document = json.loads(path.read_text())
        (target_of,) = document["targets"]
        yield target_of
        self.change(path, json.dumps(document))

    def change(self, path: Path, text: str) -> None:
        """Another content of a file, whose hash is right all the same."""
        old, new = (hashlib.sha256(d).hexdigest() for d in (path.read_bytes(), text.encode()))
        path.write_text(text)
        sums = self.root / "SHA256SUMS"
        sums.write_text(sums.read_text().replace(old, new))
