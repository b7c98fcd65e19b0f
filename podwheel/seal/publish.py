"""Writing a wheelhouse: whole, or not at all.

Everything is staged in a directory beside the place, flushed to the disk, and put there by one
rename. Wheels are copied, not linked: a file of the store that somebody can reach, and change,
under a second name would no longer be what its hash says.
"""

from __future__ import annotations

import contextlib
import fcntl
import glob
import hashlib
import json
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import tomli_w

from podwheel import log
from podwheel.errors import HostError, WheelhouseUnusable
from podwheel.seal.disk import flush_directory, telling_of
from podwheel.seal.exchange import exchange
from podwheel.seal.lock import LOCK
from podwheel.seal.record import RECORD, SCHEMA
from podwheel.seal.simple import simple_index
from podwheel.seal.sums import SUMS, foreign_files, is_ours, write_sums
from podwheel.store.store import held, remove_tree

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from podwheel.seal.entry import Entry

_STAGE = ".podwheel-new"
_CHUNK = 1 << 20


def publish(
    directory: Path,
    *,
    entries: Sequence[Entry],
    lock: Mapping[str, Any],
    record: Mapping[str, Any],
    logs: Sequence[tuple[str, Path]],
    installs: Mapping[str, str] | None = None,
    replace: bool = True,
) -> None:
    """Write a wheelhouse (docs/wheelhouse.md describes what is in it).

    Args:
        directory: Where; its parents are made. What is there is replaced only if it is empty or
            a wheelhouse of podwheel's with nothing of anybody else's in it.
        entries: The wheels, with the hashes that their files must still have.
        lock: From `make_lock`.
        record: `RunRecord.to_json`, or any JSON object.
        logs: File name in ``logs/`` (``numpy-2.0.log``) and where it is now.
        installs: By file name, the line that installs what a server needs beside the wheels.
        replace: False: an older wheelhouse is not replaced either.

    Raises:
        WheelhouseUnusable: What is there is not ours to replace.
        HostError: A file of the store is damaged; the directory cannot be written.
        DiskFull: No space. In every case what was there is there still.
    """
    place = directory.resolve()
    refuse_foreign(place, replace=replace)
    with telling_of(f"the wheelhouse {place}", option="--output DIR"), _stage(place) as stage:
        _fill(stage, entries=entries, lock=lock, record=record, logs=logs, installs=installs or {})
        _flush(stage)
        if place.exists() and any(place.iterdir()):
            exchange(stage, place)  # the stage is the old one now, and is removed
        else:
            stage.rename(place)  # rename(2) replaces an empty directory
        flush_directory(place.parent)
    log.get().debug("wheelhouse.published", wheels=len(entries))


def refuse_foreign(directory: Path, *, replace: bool = True) -> None:
    """Refuse, before any work, a place where `publish` could not write.

    Raises:
        WheelhouseUnusable: Says what is there and what to do.
        HostError: Nothing can be made beside it.
    """
    hint = "name a place that you may write with --output DIR"
    try:
        if directory.exists():
            _refuse_what_is_there(directory, replace=replace)
        beside = next(p for p in directory.resolve().parents if p.is_dir())
    except OSError as error:  # below a directory that is closed to us
        raise HostError(
            f"the wheelhouse {directory} cannot be written: {error.strerror or error}", hint=hint
        ) from error
    if not os.access(beside, os.W_OK | os.X_OK):
        raise HostError(
            f"the wheelhouse {directory} cannot be written: {beside} does not allow it", hint=hint
        )


def _refuse_what_is_there(directory: Path, *, replace: bool) -> None:
    hint = "name another directory with --output DIR, or move this one away"
    if not directory.is_dir():
        raise WheelhouseUnusable(f"{directory} is not a directory", hint=hint)
    if os.path.ismount(directory):
        raise WheelhouseUnusable(
            f"{directory} is a mount point, and cannot be replaced as a whole",
            hint=f"name a directory below it: --output {directory / 'wheelhouse'}",
        )
    if not any(directory.iterdir()):
        return
    if not is_ours(directory):
        raise WheelhouseUnusable(
            f"{directory} is neither empty nor a wheelhouse of podwheel's", hint=hint
        )
    if foreign := foreign_files(directory):
        raise WheelhouseUnusable(
            f"{directory} holds what podwheel did not put there, and would remove: "
            + ", ".join(foreign[:5])
            + (f" and {len(foreign) - 5} more" if len(foreign) > 5 else ""),
            hint="move it elsewhere first",
        )
    if not replace:
        raise WheelhouseUnusable(f"{directory} is a wheelhouse already", hint=hint)


def is_current(directory: Path, *, entries: Sequence[Entry], lock: Mapping[str, Any]) -> bool:
    """Whether *directory* already is the wheelhouse of these wheels; by names and sizes, not by hash.

    The lock names every wheel by its hash, its source and its step: an equal lock beside files
    of the right sizes is the same wheelhouse, except for the record's times.
    """
    try:
        return (directory / LOCK).read_bytes() == _lock_bytes(lock) and all(
            (directory / e.wheel.filename).stat().st_size == e.wheel.size for e in entries
        )
    except OSError:
        return False


@contextlib.contextmanager
def _stage(place: Path) -> Iterator[Path]:
    """A directory beside *place*; gone afterwards, whatever it then is."""
    place.parent.mkdir(parents=True, exist_ok=True)
    with _alone(place.parent):
        stage = Path(tempfile.mkdtemp(prefix=f".{place.name}.", suffix=_STAGE, dir=place.parent))
        owner = held(stage)
    try:
        stage.chmod(0o755)
        yield stage
    finally:
        remove_tree(stage)
        if owner is not None:
            os.close(owner)


def forget_stages(directory: Path) -> None:
    """Remove what podwheels that were killed in `publish` left beside *directory*."""
    place = directory.resolve()
    if not place.parent.is_dir():
        return
    with _alone(place.parent):
        for stage in place.parent.glob(f".{glob.escape(place.name)}.*{_STAGE}*"):
            if stage.is_dir() and (owner := held(stage)) is not None:
                remove_tree(stage)
                os.close(owner)


@contextlib.contextmanager
def _alone(directory: Path) -> Iterator[None]:
    """With the lock of a directory: between making a stage and locking it nobody takes it for a dead one's."""
    handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _fill(
    stage: Path,
    *,
    entries: Sequence[Entry],
    lock: Mapping[str, Any],
    record: Mapping[str, Any],
    logs: Sequence[tuple[str, Path]],
    installs: Mapping[str, str],
) -> None:
    sums: dict[str, str] = {}
    for entry in entries:
        wheel = entry.wheel
        sums[wheel.filename] = _copy(wheel.path, stage / wheel.filename)
        if sums[wheel.filename] != wheel.sha256:
            raise HostError(
                f"{wheel.filename} is damaged in the store ({wheel.path})",
                hint="podwheel cache check sets it aside; the same command then makes it again",
            )
    (stage / "logs").mkdir()
    for name, source in logs:
        (stage / "logs" / name).parent.mkdir(exist_ok=True)
        sums[f"logs/{name}"] = _copy(source, stage / "logs" / name)
    document = {"schema": SCHEMA, **record}
    texts = {
        LOCK: _lock_bytes(lock),
        RECORD: json.dumps(document, indent=1, sort_keys=True).encode() + b"\n",
        **{path: page.encode() for path, page in simple_index(e.wheel for e in entries).items()},
        **{name: line.encode() + b"\n" for name, line in installs.items()},
    }
    for path, data in texts.items():
        (stage / path).parent.mkdir(parents=True, exist_ok=True)
        (stage / path).write_bytes(data)
        sums[path] = hashlib.sha256(data).hexdigest()
    write_sums(stage / SUMS, sums)
    for root, directories, files in os.walk(stage):
        for name in directories:
            Path(root, name).chmod(0o755)
        for name in files:
            Path(root, name).chmod(0o644)


def _lock_bytes(lock: Mapping[str, Any]) -> bytes:
    return tomli_w.dumps(lock).encode()


def _copy(source: Path, to: Path) -> str:
    """Copy a file to a name that is not taken; returns the sha256 of what was copied."""
    digest = hashlib.sha256()
    with source.open("rb") as old, to.open("xb") as new:
        while chunk := old.read(_CHUNK):
            digest.update(chunk)
            new.write(chunk)
    return digest.hexdigest()


def _flush(stage: Path) -> None:
    """Force everything to the disk: a rename may survive a crash that the contents do not."""
    for root, _, files in os.walk(stage, topdown=False):
        for name in files:
            with Path(root, name).open("rb") as file:
                os.fsync(file.fileno())
        flush_directory(Path(root))
