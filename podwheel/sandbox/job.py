"""What is to run, as a value. It has no field for privilege or network: nothing to forget."""

from __future__ import annotations

import posixpath
import re
from pathlib import Path
from typing import Any

from attrs import Attribute, field, frozen, validators

_PROGRAM = re.compile(r"[a-z]+\.py")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def _below_podwheel(_job: Any, _attribute: Attribute[str], value: str) -> None:
    if not value.startswith("/podwheel/") or posixpath.normpath(value) != value:
        raise ValueError(f"a mount's target is below /podwheel: {value!r}")


def _variables(
    _job: Any,
    _attribute: Attribute[tuple[tuple[str, str], ...]],
    value: tuple[tuple[str, str], ...],
) -> None:
    for name, content in value:
        # `--env=NAME` without a value would take the host's.
        if not _VARIABLE.fullmatch(name) or "\0" in content:
            raise ValueError(f"not an environment variable: {name!r}")


@frozen(kw_only=True)
class Mount:
    """A file or directory of the host that the container reads. There is no other kind.

    Its files must be readable by others: inside, they are read by a subordinate id.
    """

    source: Path = field(validator=validators.instance_of(Path))
    target: str = field(validator=_below_podwheel)
    """Absolute, below ``/podwheel/``."""


@frozen(kw_only=True)
class Limits:
    """How much one container may use. Which of these the host enforces is `Enforcement`'s to say."""

    wall: float = 14400
    """Seconds that requests may take, all together; time in which the host thinks does not count."""
    silence: float = 1800
    """Seconds without a line of output while a request runs."""
    memory: int | None = None
    """Bytes, scratch included; None: no limit."""
    processes: int = 4096
    """Processes and threads."""
    scratch: int = 8 << 30
    """Bytes of /build."""
    output: int = 4 << 30
    """Bytes of files that it may send."""
    log: int = 256 << 20
    """Bytes of its output that are kept."""


@frozen(kw_only=True)
class Job:
    """One container: an image, a guest program, and what it may read."""

    name: str
    """For people: ``build numpy 2.1.0``. The container's own name is made from it."""
    image: str
    """A reference or an id in the account's storage; never pulled."""
    python: str = "/usr/bin/python3"
    """The image's own Python, which runs the guest; never the build environment's."""
    program: str = field(validator=validators.matches_re(_PROGRAM))
    """A file of guest/."""
    mounts: tuple[Mount, ...] = ()
    environment: tuple[tuple[str, str], ...] = field(default=(), validator=_variables)
    """Beside the constant ones (`arguments.CONSTANT_ENVIRONMENT`), over which it wins."""
    slot: int = field(default=0, validator=[validators.ge(0), validators.lt(50000)])
    """Which of the places that run at the same time: decides the uid."""
    limits: Limits = field(factory=Limits)
    jobserver: Path | None = None
    """A FIFO of this step's own, which the container reads and writes: job tokens, and nothing else."""
    labels: tuple[tuple[str, str], ...] = ()
