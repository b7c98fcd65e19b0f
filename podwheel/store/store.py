"""The store's files (see the package's docstring)."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import json
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from podwheel import log
from podwheel.errors import DiskFull, HostError, StoreBusy
from podwheel.store import sound

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

TREE = "tree"
"""The kind of the documents that say what is in a tree."""
_CHUNK = 1 << 20
RUNNING = "running-"
"""What the marks in ``locks/`` begin with."""
_KEPT_DAMAGED = 20
# A store may be in a project that is built (--store ./store in CI), or in a home that is backed up.
_TAG = "CACHEDIR.TAG"
_TAG_TEXT = b"Signature: 8a477f597d28d172789f06886806bc55\n# podwheel's store: https://bford.info/cachedir/\n"


def digest_of(document: Any) -> str:
    """The sha256 (hex) of *document* written as canonical JSON: how everything here is named."""
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


@contextlib.contextmanager
def telling_full_disk(path: Path) -> Iterator[None]:
    """Turn "no space left" below *path* into an error that says where and what to do."""
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise DiskFull(
            f"no space left (or no inodes) on the file system of {path}",
            hint="free some, or name another place with --store DIR (PODWHEEL_STORE)",
        ) from error


def _unusable(root: Path, why: str) -> HostError:
    return HostError(
        f"the store {root} cannot be used: {why}",
        hint="name another place with --store DIR (PODWHEEL_STORE)",
    )


class Store:
    """A directory that podwheel owns; safe to share between podwheels of one account."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._used: set[Path] = set()
        self._sound: set[Path] = set()
        """Trees that this process has looked at."""
        self._making: Path | None = None
        """Where a running podwheel writes its blobs before they have a name."""
        try:
            with telling_full_disk(root):
                for name in ("blobs", "documents", "unpacked", "logs", "attempts", "locks"):
                    (root / name).mkdir(parents=True, exist_ok=True)
                if not (root / _TAG).exists():
                    write_whole(root / _TAG, _TAG_TEXT)
        except OSError as error:
            raise _unusable(root, error.strerror or str(error)) from error
        if not os.access(root / "attempts", os.W_OK):  # another account's, or mounted read-only
            raise _unusable(root, "it cannot be written")

    # ------------------------------------------------------------ what is in use

    def has(self, path: Path) -> bool:
        """Whether a file or directory of the store is there; no `prune` then takes it from this process.

        The first time it is dated as used now. `prune` looks at that date and removes what is older
        with nobody in between.
        """
        if path in self._used:
            return path.exists()
        with self.pruning(fcntl.LOCK_SH):
            try:
                _date_as_used(path)
            except OSError:
                return False
        self._used.add(path)
        return True

    @contextlib.contextmanager
    def pruning(self, how: int) -> Iterator[None]:
        """Hold the lock between those who use (``LOCK_SH``) and those who remove (``LOCK_EX``); for moments."""
        with (self.root / "locks" / "prune").open("a") as handle:
            fcntl.flock(handle, how)
            yield

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """Let `prune` know of a process that relies on all that it has used since now."""
        with tempfile.NamedTemporaryFile(prefix=RUNNING, dir=self.root / "locks") as mark:
            fcntl.flock(mark, fcntl.LOCK_SH)
            with self.attempt("blobs") as place:
                around, self._making = self._making, place
                try:
                    yield
                finally:
                    self._making = around

    # ------------------------------------------------------------ bytes by hash

    def blob_path(self, sha256: str) -> Path:
        """Where the bytes of that hash are, or would be."""
        return self.root / f"blobs/{sha256[:2]}/{sha256}"

    def blob(self, sha256: str) -> Path | None:
        """The file with those bytes, or None; one that was written to since is read, and set aside if
        it has other bytes."""
        path = self.blob_path(sha256)
        if not self.has(path):
            return None
        try:
            status = path.stat()
            if not sound.untouched(status):
                return self._read_again(path, used=status.st_atime)
        except FileNotFoundError:
            return None
        return path

    def _read_again(self, path: Path, *, used: float) -> Path | None:
        if sound.hash_of(path) != path.name:
            self.set_aside(path)
            return None
        sound.seal(path, used=used)  # it was copied, or is an older podwheel's
        return path

    def put(self, chunks: Iterable[bytes]) -> tuple[str, Path]:
        """Keep the bytes of *chunks*; returns their sha256 and their file.

        An exception from *chunks* leaves nothing behind, so a caller that checks while it
        yields (a hash, a length) publishes nothing that failed the check.
        """
        digest = hashlib.sha256()
        with contextlib.ExitStack() as stack, telling_full_disk(self.root):
            # One attempt for all of a run's: a directory a blob made half of what the store makes and
            # removes, and a file system that is slow to use an inode again (ext4 is) grows slower with each.
            place = self._making or stack.enter_context(self.attempt("blob"))
            handle, name = tempfile.mkstemp(dir=place)
            partial = Path(name)
            stack.callback(partial.unlink, missing_ok=True)  # where something is raised
            with os.fdopen(handle, "wb") as out:
                for chunk in chunks:
                    digest.update(chunk)
                    out.write(chunk)
                out.flush()
                os.fsync(out.fileno())
            sound.seal(partial)
            path = self.blob_path(digest.hexdigest())
            path.parent.mkdir(exist_ok=True)
            partial.replace(path)
        return digest.hexdigest(), path

    def put_file(self, file: Path | IO[bytes]) -> tuple[str, Path]:
        """Keep a copy of *file*'s bytes."""
        with contextlib.ExitStack() as stack:
            stream = stack.enter_context(file.open("rb")) if isinstance(file, Path) else file
            return self.put(iter(lambda: stream.read(_CHUNK), b""))

    # ------------------------------------------------------------ documents by key

    def document_path(self, kind: str, key: str) -> Path:
        return self.root / f"documents/{kind}/{key[:2]}/{key}.json"  # one join: these are many

    def read(self, kind: str, key: str) -> Any | None:
        """The document of that kind and key, or None; one that is damaged counts as absent."""
        path = self.document_path(kind, key)
        document = self.read_checked(path)
        if document is not None and path not in self._used:
            with contextlib.suppress(
                OSError
            ):  # no lock: should it go meanwhile, it was read all the same
                _date_as_used(path)
            self._used.add(path)
        return document

    def write(self, kind: str, key: str, document: Any) -> None:
        """Keep a JSON document; the last writer wins, readers see a whole one."""
        path = self.document_path(kind, key)
        with telling_full_disk(self.root):
            path.parent.mkdir(parents=True, exist_ok=True)
            text = json.dumps(document, indent=1, sort_keys=True).encode() + b"\n"
            write_whole(path, sound.with_check(text))

    def read_checked(self, path: Path) -> Any | None:
        """A document wherever it is in the store: None if it is not there; a damaged one is set aside."""
        try:
            return json.loads(sound.checked(path.read_bytes()))
        except FileNotFoundError:
            return None
        except ValueError:
            self.set_aside(path)
            return None

    # ------------------------------------------------------------ trees of files

    def tree(self, place: Path) -> Path | None:
        """The directory *place*, as `keep_tree` has left it, or None.

        Looked at once a process, by what the file system says of each file. One in which something
        is missing, or was written to, is set aside.
        """
        if place in self._sound:
            return place
        if not self.has(place):
            return None
        if not self._is_sound(place):
            with self.lock(f"tree {place.name}"):  # another podwheel may have made it anew
                if place.is_dir() and not self._is_sound(place):
                    self.set_aside(place)
                    return None
        self._sound.add(place)
        return place

    def keep_tree(self, tree: Path, place: Path) -> Path:
        """Move a directory that is complete to *place*; one that is there already stays.

        Whoever makes it again makes the same, files' times included.
        """
        known = {"listing": sound.listing(tree), "contents": sound.contents(tree)}
        self.write(TREE, self.tree_key(place), known)  # before it is there: never without
        place.parent.mkdir(parents=True, exist_ok=True)
        try:
            tree.rename(place)
        except OSError as error:
            if error.errno not in (errno.EEXIST, errno.ENOTEMPTY):
                raise
        return place

    def tree_key(self, place: Path) -> str:
        """What the document about a tree is named by: where in the store it is."""
        return digest_of(str(place.relative_to(self.root)))

    def _is_sound(self, place: Path) -> bool:
        known = self.read(TREE, self.tree_key(place))
        return known is not None and known["listing"] == sound.listing(place)

    def set_aside(self, path: Path) -> None:
        """Move what is damaged out of the way, to be looked at; what needs it makes it again."""
        aside = self.root / "damaged"
        aside.mkdir(exist_ok=True)
        for old in sorted(aside.iterdir(), key=lambda p: p.name)[:-_KEPT_DAMAGED]:
            remove_tree(old) if old.is_dir() else old.unlink(missing_ok=True)
        to = aside / f"{time.time_ns()}-{path.name}"
        with contextlib.suppress(FileNotFoundError):  # another podwheel has just done it
            path.rename(to)
        what = str(path.relative_to(self.root))
        log.get().warning("store.damaged", what=what, aside=str(to))

    # ------------------------------------------------------------ work in progress

    @contextlib.contextmanager
    def attempt(self, label: str) -> Iterator[Path]:
        """A new directory on the store's file system for something being made; gone afterwards."""
        with telling_full_disk(self.root), self._door(fcntl.LOCK_SH):
            place = Path(tempfile.mkdtemp(prefix=f"{label}-", dir=self.root / "attempts"))
            owner = os.open(place, os.O_RDONLY | os.O_DIRECTORY)
            fcntl.flock(owner, fcntl.LOCK_SH)  # tells abandoned() that somebody is alive in here
        try:
            yield place
        finally:
            remove_tree(place)
            os.close(owner)

    @contextlib.contextmanager
    def abandoned(self) -> Iterator[tuple[Path, ...]]:
        """The attempts of podwheels that were killed; ours alone while the context lasts."""
        owners: dict[Path, int] = {}
        try:
            with telling_full_disk(self.root), self._door(fcntl.LOCK_EX):
                for place in sorted((self.root / "attempts").iterdir()):
                    owner = held(place)
                    if owner is not None:
                        owners[place] = owner
            yield tuple(owners)
        finally:
            for owner in owners.values():
                os.close(owner)

    @contextlib.contextmanager
    def _door(self, how: int) -> Iterator[None]:
        """Shared by those who make an attempt; alone in it is who looks for abandoned ones: he
        would take one that was made, and not yet locked, for abandoned."""
        with (self.root / "locks" / "attempts").open("a") as door:
            fcntl.flock(door, how)
            yield

    @contextlib.contextmanager
    def lock(self, name: str, *, timeout: float = 3600.0) -> Iterator[None]:
        """Hold the lock *name* among all podwheels of this store; the kernel frees it if we die.

        Raises:
            StoreBusy: Another held it for *timeout* seconds.
        """
        path = self.root / "locks" / hashlib.sha256(name.encode()).hexdigest()[:32]
        with path.open("a") as handle:
            deadline = time.monotonic() + timeout
            while True:
                try:
                    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    if time.monotonic() > deadline:
                        raise StoreBusy(
                            f"another podwheel has been busy with {name} for {timeout:.0f} s",
                            hint="wait for it, or end it; a lock does not outlive its process",
                        ) from None
                    time.sleep(0.05)
            yield


def _date_as_used(path: Path) -> None:
    """The time of last access, whatever the file system's own idea of it is; the content's stays."""
    os.utime(path, ns=(time.time_ns(), path.stat().st_mtime_ns))


def held(directory: Path) -> int | None:
    """A descriptor of *directory* with its lock, exclusively; None if somebody else has it.

    The kernel frees the lock when its owner dies, however it dies.
    """
    try:
        owner = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    except OSError:
        return None
    try:
        fcntl.flock(owner, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(owner)
        return None
    return owner


def write_whole(path: Path, data: bytes, *, lasting: bool = True) -> None:
    """Write a file so that a reader sees either the old bytes or all of the new ones.

    Args:
        lasting: Also after a power cut. False: it may then be empty, and its reader takes that for
            absent; nobody waits for the disk.
    """
    handle, partial = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as out:
            out.write(data)
            if lasting:
                out.flush()
                os.fsync(out.fileno())
        Path(partial).chmod(0o644)
        Path(partial).replace(path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            Path(partial).unlink()
        raise


def remove_tree(path: Path) -> None:
    """Remove a directory of ours, read-only directories inside included; another podwheel may do the same."""

    def unlock(function: Any, failed: str, error: Any) -> None:
        cause = error[1] if isinstance(error, tuple) else error
        if isinstance(cause, FileNotFoundError):
            return
        place = Path(failed)
        with contextlib.suppress(FileNotFoundError):
            place.parent.chmod(0o700)
            if function in (os.unlink, os.rmdir):
                function(failed)
                return
            place.chmod(0o700)  # a directory that could not be entered
            if not os.access(place, os.R_OK | os.X_OK):
                raise cause
            remove_tree(place)

    if sys.version_info >= (3, 12):  # onerror is deprecated there, and 3.11 does not know onexc
        shutil.rmtree(path, onexc=unlock)
    else:
        shutil.rmtree(path, onerror=unlock)
