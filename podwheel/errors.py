"""Every error that a user can see.

One class each: what happened, who asked for it (the chain back to a file and its line), what
the build said, where the log is, and what to type next. Constructors do no I/O; only
``__main__`` prints an error and exits with its code. A traceback is for our own bugs only.

Exit codes (docs/cli.md lists them for users):

====  ======================================================
   0  done
   1  a question answered with "no" (``why``)
   2  usage: options, requirements files, podwheel.toml, target files
   3  host: podman, buildah, ids, disk, running as root; target images
   4  resolution: no version, a conflict, a name that no index has
   5  download: network, index, a hash that differs
   6  build: a backend failed or gave something unusable
   7  verification: a wheel does not install or import, or a captured server lacks what it needs
  70  a bug of podwheel's
 130  Ctrl-C; 143 SIGTERM
====  ======================================================
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


class PodwheelError(Exception):
    """Base of all errors that are shown without a traceback.

    Args:
        what: One sentence: what happened, with the names that matter.
        wanted_by: The chain of who asked, innermost first, ending at a file and line.
        said: The telling lines of what a tool or a build printed; shown indented.
        log: The file with the whole story.
        hint: What to do next, one line each; commands are given as they are typed.
    """

    exit_code: ClassVar[int] = 70

    def __init__(
        self,
        what: str,
        *,
        wanted_by: Sequence[str] = (),
        said: str = "",
        log: Path | None = None,
        hint: str | Sequence[str] = (),
    ) -> None:
        super().__init__(what)
        self.what = what
        self.wanted_by = tuple(wanted_by)
        self.said = said
        self.log = log
        self.hint = tuple(line for line in ((hint,) if isinstance(hint, str) else hint) if line)


# ------------------------------------------------------------------ 2: usage


class UsageError(PodwheelError):
    """An option or an argument that cannot be used."""

    exit_code = 2


class RequirementsFileError(UsageError):
    """A requirements or constraints file, dependency group or lock that cannot be read; names file and line."""


class SettingsError(UsageError):
    """podwheel.toml or pip's configuration says something that cannot be used; names the key."""


class TargetFileError(UsageError):
    """A target's definition is missing or wrong; names the key."""


# ------------------------------------------------------------------ 3: host


class HostError(PodwheelError):
    """The host lacks something, or refuses it."""

    exit_code = 3


class IsolationIncomplete(HostError):
    """``--require-isolation``, and this host does not hold all that is promised; says what, and what mends it."""


class RunningAsRoot(HostError):
    """podwheel was started by the real root; rootless is the point."""


class ToolMissing(HostError):
    """podman, buildah, git or another program is not on PATH."""


class ToolFailed(HostError):
    """A tool of the host's failed for a reason that is not the build's."""


class DiskFull(HostError):
    """A write failed for lack of space or inodes; says where."""


class ImageBuildFailed(HostError):
    """buildah or mmdebstrap could not make an image of a target."""


class FileIndexDamaged(HostError):
    """What a target's distribution says of its files, as kept in the store, cannot be read."""


class ProbeFailed(HostError):
    """A target's image did not describe its Python."""


class StoreBusy(HostError):
    """Another podwheel holds what this one needs, and did not let go."""


# ------------------------------------------------------------------ 4: resolution


class ResolutionError(PodwheelError):
    """The requirements cannot be satisfied for the target."""

    exit_code = 4


class ProjectNotFound(ResolutionError):
    """No index has a project of that name."""


class NoMatchingVersion(ResolutionError):
    """The project exists, but no version of it fits (specifier, Python, yanked, date, format)."""


class ResolutionConflict(ResolutionError):
    """Requirements contradict each other; the chain of each side is told."""


class NoSource(ResolutionError):
    """A package that must be built has no source on any index.

    Args:
        name: The package's normalised name.
    """

    def __init__(
        self,
        what: str,
        *,
        name: str,
        wanted_by: Sequence[str] = (),
        said: str = "",
        hint: str | Sequence[str] = (),
    ) -> None:
        super().__init__(what, wanted_by=wanted_by, said=said, hint=hint)
        self.name = name


class HashesMissing(ResolutionError):
    """``--require-hashes`` holds, and a requirement has none or is not pinned."""


class MetadataUnusable(ResolutionError):
    """A candidate's metadata cannot be read, or disagrees with its file name."""


# ------------------------------------------------------------------ 5: download


class DownloadError(PodwheelError):
    """A file or an index page could not be had."""

    exit_code = 5


class IndexUnreachable(DownloadError):
    """A connection, TLS, proxy or server error; credentials are never in the text."""


class HashMismatch(DownloadError):
    """The bytes are not those that were asked for; nothing of them was read."""


class DownloadTruncated(DownloadError):
    """Fewer bytes came than were announced."""


class OfflineMiss(DownloadError):
    """``--offline``, and the store does not have it."""


class GitFetchFailed(DownloadError):
    """A repository, ref or submodule could not be fetched."""


class RegistryUnusable(DownloadError):
    """A registry of Rust crates cannot be asked: only a git index, no usable ``config.json``, no token."""


# ------------------------------------------------------------------ 6: build


class BuildError(PodwheelError):
    """A step failed."""

    exit_code = 6


class HookFailed(BuildError):
    """A backend's hook raised, or a compiler failed below it."""


class HookKilled(HookFailed):
    """A signal ended a backend's hook."""


class BackendUnusable(BuildError):
    """The backend cannot be imported, or the source has no usable ``pyproject.toml``."""


class ToolchainTooOld(BuildError):
    """No toolchain serves: each is too old, or cannot run on the target; told before anything is compiled."""


class CargoLockMissing(BuildError):
    """A source has Rust code and no Cargo.lock: which crates are meant, and their hashes, nobody wrote down."""


class CargoLockUnusable(BuildError):
    """A Cargo.lock cannot be read, or names a crate that cannot be fetched by hash."""


class CrateUnusable(BuildError):
    """A Rust crate or its repository cannot be laid out: members that escape, no such package inside."""


class SourceUnusable(BuildError):
    """An sdist cannot be read: not an archive, members that escape, no project inside."""


class BuildCycle(BuildError):
    """Building a package needs, in the end, the package itself; the chain is told."""


class WheelRejected(BuildError):
    """What left the container is not the wheel that was asked for."""


class StepTimedOut(BuildError):
    """A step was longer, or longer silent, than its limit."""


class StepKilled(BuildError):
    """The container died (out of memory, a signal); not the build's own exit."""


class PatchFailed(BuildError):
    """A patch of podwheel.toml does not apply."""


class NotPortable(BuildError):
    """``--portable``, and auditwheel refuses the wheel: no policy holds, or a library is not found."""


class BuildsFailed(BuildError):
    """The run's summary error: some steps failed; each was told by itself.

    Args:
        failures: The errors, one a failed step.
    """

    def __init__(
        self, what: str, *, failures: Sequence[PodwheelError], hint: str | Sequence[str] = ()
    ) -> None:
        super().__init__(what, hint=hint)
        self.failures = tuple(failures)


class TargetsFailed(BuildsFailed):
    """The summary error of a command for several targets: some failed; each was told by itself.

    Args:
        targets: Their names, in the order of *failures*.
    """

    def __init__(
        self,
        what: str,
        *,
        targets: Sequence[str],
        failures: Sequence[PodwheelError],
        hint: str | Sequence[str] = (),
    ) -> None:
        super().__init__(what, failures=failures, hint=hint)
        self.targets = tuple(targets)


# ------------------------------------------------------------------ 7: verification


class VerificationFailed(PodwheelError):
    """A wheelhouse that does not install, is inconsistent, or does not import on the pristine target."""

    exit_code = 7


class WheelhouseUnusable(UsageError):
    """A directory that is no wheelhouse of ours, or was changed since."""


class WheelsClash(UsageError):
    """``--one-wheelhouse``, and two targets would need different wheels under one name."""


class Interrupted(PodwheelError):
    """A step that was given up because podwheel is ending (Ctrl-C, SIGTERM): no failure of its own."""

    exit_code = 130
