"""A wheelhouse as one file for a server: wheels, hashes, and a program that checks and installs.

docs/bundle.md describes what is in it. The same wheelhouse gives the same bytes.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import tarfile
import tempfile
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final

from attrs import frozen

from podwheel.build.records import known_wheel
from podwheel.build.sources import EPOCH
from podwheel.errors import HostError, UsageError, WheelhouseUnusable
from podwheel.seal.disk import flush_directory, telling_of
from podwheel.seal.lock import LOCK
from podwheel.seal.manifest import Share, manifest, requirements_of
from podwheel.seal.record import RECORD, records_of
from podwheel.seal.sums import SUMS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from io import BufferedRandom

    from podwheel.model import Wheel
    from podwheel.seal.record import RunRecord
    from podwheel.seal.wheelhouse import Wheelhouse
    from podwheel.store import Store

MANIFEST: Final = "bundle.json"
"""The archive's first file: by it a bundle is known."""
_INSTALL: Final = "install"
_INSTALLER: Final = Path(__file__).with_name("installer")


@frozen(kw_only=True)
class Bundle:
    """A bundle that was written."""

    path: Path
    directory: str
    """What it unpacks to."""
    sha256: str
    size: int
    """Bytes."""


def runs_of(house: Wheelhouse) -> tuple[RunRecord, ...]:
    """What a wheelhouse's record says, one a target.

    Raises:
        WheelhouseUnusable: It has none, so that nobody knows what system its wheels are for.
    """
    if house.record is None:
        raise WheelhouseUnusable(
            f"{house.directory} is no wheelhouse of podwheel's: nothing says what system its wheels are for",
            hint="podwheel build --output DIR makes one",
        )
    return records_of(house.record)


def pip_that_proved(record: RunRecord, *, store: Store) -> Wheel | None:
    """The very wheel of pip that installed these wheels when they were proven; None: it is not here."""
    hashes = [t.sha256 for t in record.trust if t.kind == "tool" and t.name == "pip" and t.sha256]
    return next((wheel for sha256 in hashes if (wheel := known_wheel(store, sha256))), None)


def default_output(house: Wheelhouse) -> Path:
    """Beside the wheelhouse."""
    return house.directory.with_name(f"{house.directory.name}-bundle.tar")


def bundle(house: Wheelhouse, *, pips: Mapping[str, Wheel], output: Path) -> Bundle:
    """Pack a wheelhouse of podwheel's into *output*: whole, or not at all.

    Args:
        pips: By target: a wheel of pip that runs on its Python.
        output: Absolute. A file that is there is replaced if it is a bundle.

    Raises:
        UsageError: Something else is there, or it would lie in the wheelhouse.
        WheelhouseUnusable: The wheelhouse has no record.
        HostError, DiskFull: It cannot be written; what was there is there still.
    """
    refuse_output(house, output)
    shares = [
        Share(record=record, wheels=house.of(record.target.name), pip=pips[record.target.name])
        for record in runs_of(house)
    ]
    directory = f"{house.directory.name}-bundle"
    texts = _texts(house, shares)
    wheels = {f"wheels/{wheel.filename}": wheel for wheel in house.wheels}
    wheels |= {f"pip/{share.pip.filename}": share.pip for share in shares}
    with (
        telling_of(f"the bundle {output}", option="--output FILE"),
        _staged(output) as (partial, file),
    ):
        with tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as archive:
            _fill(_Packer(archive=archive, top=directory), texts, wheels)
        file.flush()
        os.fsync(file.fileno())
        file.seek(0)
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        size = file.tell()
        partial.replace(output)
        flush_directory(output.parent)
    return Bundle(path=output, directory=directory, sha256=sha256, size=size)


def refuse_output(house: Wheelhouse, output: Path) -> None:
    """Refuse, before any work, a place where nothing of ours may be written.

    Raises:
        UsageError: Says what is there.
    """
    hint = "name another file with --output FILE"
    if output.resolve().is_relative_to(house.directory):
        raise UsageError(
            f"{output} would lie in the wheelhouse, which is only replaced as a whole", hint=hint
        )
    if output.is_dir():
        raise UsageError(f"{output} is a directory", hint=hint)
    if output.exists() and not _is_bundle(output):
        raise UsageError(f"{output} is there, and is no bundle of podwheel's", hint=hint)


def _is_bundle(path: Path) -> bool:
    try:
        with tarfile.open(path, "r:") as archive:
            first = archive.next()
    except (tarfile.TarError, OSError):
        return False
    return first is not None and first.name.rpartition("/")[2] == MANIFEST


@contextlib.contextmanager
def _staged(output: Path) -> Iterator[tuple[Path, BufferedRandom]]:
    """A new file beside *output*, which has its mode and is gone afterwards unless it was renamed."""
    output.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{output.name}.", suffix=".new", dir=output.parent)
    partial = Path(name)
    try:
        with os.fdopen(handle, "w+b") as file:
            partial.chmod(0o644)
            yield partial, file
    finally:
        partial.unlink(missing_ok=True)


def _texts(house: Wheelhouse, shares: Sequence[Share]) -> dict[str, bytes]:
    """Everything but wheels, by path."""
    document = manifest(house, shares)
    pythons = dict.fromkeys(share.series for share in shares)
    return {
        MANIFEST: json.dumps(document, indent=1, sort_keys=True).encode() + b"\n",
        _INSTALL: (_INSTALLER / _INSTALL).read_bytes(),
        "pythons": "".join(f"{series}\n" for series in pythons).encode(),
        **{share.requirements: requirements_of(share.wheels).encode() for share in shares},
        **{f"record/{name}": (house.directory / name).read_bytes() for name in (LOCK, RECORD)},
        **{
            f"program/{path.name}": path.read_bytes()
            for path in sorted((_INSTALLER / "program").glob("*.py"))
        },
    }


def _fill(packer: _Packer, texts: Mapping[str, bytes], wheels: Mapping[str, Wheel]) -> None:
    sums = {name: hashlib.sha256(data).hexdigest() for name, data in texts.items()}
    for name, data in texts.items():
        packer.add(
            name, io.BytesIO(data), size=len(data), mode=0o755 if name == _INSTALL else 0o644
        )
    for name, wheel in sorted(wheels.items()):
        with wheel.path.open("rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != wheel.sha256:
                raise HostError(f"{wheel.path} changed while it was packed")
            file.seek(0)
            packer.add(name, file, size=wheel.size, mode=0o644)
        sums[name] = wheel.sha256
    lines = "".join(f"{digest}  {name}\n" for name, digest in sorted(sums.items())).encode()
    packer.add(SUMS, io.BytesIO(lines), size=len(lines), mode=0o644)


@frozen(kw_only=True)
class _Packer:
    """Members whose headers say nothing of this host: one time, root's, plain modes."""

    archive: tarfile.TarFile
    top: str

    def add(self, name: str, file: IO[bytes], *, size: int, mode: int) -> None:
        member = tarfile.TarInfo(f"{self.top}/{name}")
        member.size, member.mode, member.mtime = size, mode, EPOCH
        self.archive.addfile(member, file)
