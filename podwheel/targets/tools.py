"""The host's image tools: podman, buildah and mmdebstrap, with their output in a log."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from podwheel import process
from podwheel.errors import DiskFull, ImageBuildFailed, ToolFailed

if TYPE_CHECKING:
    from collections.abc import Sequence

_PROXIES = ("http_proxy", "https_proxy", "ftp_proxy", "all_proxy", "no_proxy")

_LONGEST = 3600.0
"""Seconds for one image: a mirror that stopped answering must not hold a run for ever."""

_GRACE = 20.0
"""Seconds for a tool to put its things away after SIGTERM; buildah and mmdebstrap take under one."""

_NEEDED = 2 << 30
"""Bytes that must be free: Debian's images take 0.6 GB, and each is written twice while committed."""

_UNREACHABLE = (
    "the mirror or registry cannot be reached: set http_proxy and https_proxy, or name a mirror of "
    "your own in a target file (docs/targets.md, locked-down networks)"
)
_UNSIGNED = (
    "the mirror's signature cannot be checked: install the distribution's keys (Debian's packages of "
    "them are debian-archive-keyring and, since Debian 13, ubuntu-keyring), or name a file of them "
    "with base.keyring; docs/targets.md, Ubuntu, shows how to get it"
)
_EXPIRED = "an archived suite: write base.mirrors as `deb [check-valid-until=no] URL SUITE main`"
_NOT_READY = "the host is not ready for rootless containers: podwheel doctor"
_NO_CONTEXT = 'a Containerfile that copies files needs `context = "DIRECTORY"` in its target file'

_NO_PACKAGE = (
    "the distribution has no package of that name: check system-packages in podwheel.toml, "
    "or the target file"
)
_HINTS = tuple(
    (re.compile(pattern), hint)
    for pattern, hint in (
        (r"[Cc]ould not resolve|Temporary failure|no such host", _UNREACHABLE),
        (r"[Cc]ould not connect|[Cc]onnection (?:timed out|refused)|i/o timeout", _UNREACHABLE),
        # apt, dnf, zypper, apk
        (
            r"Unable to locate package|No match for argument|No provider of|no such package",
            _NO_PACKAGE,
        ),
        (r"Failed to fetch|Unable to connect|Some index files failed", _UNREACHABLE),
        (r"NO_PUBKEY|is not signed|EXPKEYSIG|cannot read.*keyring", _UNSIGNED),
        (r"Release file .* expired|is expired|is not valid yet", _EXPIRED),
        (r"newuidmap|newgidmap|sub[ug]id|unshare|user namespace|net/tun|slirp4netns", _NOT_READY),
        (r"STEP .*: (?:COPY|ADD)\b(?:.*\n)*.*no such file|no items matching glob", _NO_CONTEXT),
    )
)


def environment(**extra: str) -> dict[str, str]:
    """For tools that reach a mirror or a registry: the host's tools' own, with the proxies."""
    proxies = {
        name: os.environ[name]
        for lower in _PROXIES
        for name in (lower, lower.upper())
        if name in os.environ
    }
    return process.host_environment(**proxies, **extra)


def run_logged(
    arguments: Sequence[str | Path], *, log: Path, environment: dict[str, str], what: str
) -> None:
    """Run a tool to its end, everything that it prints appended to *log*.

    Interrupted, it gets SIGTERM and time to put its things away: buildah its working container,
    mmdebstrap a directory whose files belong to subordinate ids.

    Args:
        what: The thing being made, for the message of a failure.

    Raises:
        ImageBuildFailed: It ended with another code than 0, or took longer than an hour.
        DiskFull: It failed for lack of space.
    """
    with log.open("ab") as out:
        child = process.start(arguments, environment=environment, stdout=out, stderr=out)
        try:
            code = child.wait(_LONGEST)
        except BaseException as error:
            child.signal(15)
            try:
                child.wait(_GRACE)
            except TimeoutError:
                child.signal(9)
                child.wait()
            if isinstance(error, TimeoutError):
                raise ImageBuildFailed(
                    f"making {what} took longer than {_LONGEST / 60:.0f} minutes", log=log
                ) from None
            raise
    if code != 0:
        raise _failure(str(arguments[0]), code, log=log, what=what)


def query(arguments: Sequence[str | Path], *, what: str, allowed: Sequence[int] = (0,)) -> str:
    """What a short command of podman's or buildah's prints.

    Raises:
        ToolFailed: Its exit code is not among *allowed*.
    """
    done = process.run(arguments)
    if done.code not in allowed:
        raise ToolFailed(
            f"{what} failed (exit code {done.code})",
            said=done.error_text.strip()[-2000:],
            hint="podwheel doctor",
        )
    return done.text


def graph_root() -> Path:
    """Where podman keeps images and containers."""
    said = query(["podman", "info", "--format", "{{.Store.GraphRoot}}"], what="podman info")
    return Path(said.strip())


def check_space(store: Path) -> None:
    """Say now what a tool would say after minutes.

    Raises:
        DiskFull: Too little room where podman keeps images, or where the store is.
    """
    for place, needed in ((graph_root(), _NEEDED), (store, _NEEDED // 4)):
        with contextlib.suppress(OSError):  # a place that cannot be asked is for the tool to judge
            free = shutil.disk_usage(place).free
            if free < needed:
                raise DiskFull(
                    f"{place} has {free / 1e9:.1f} GB left; making an image needs {needed / 1e9:.1f} GB",
                    hint="podman system df shows what images take; podman image prune frees some",
                )


def _failure(tool: str, code: int, *, log: Path, what: str) -> ImageBuildFailed | DiskFull:
    lines = log.read_text("utf-8", "replace").splitlines()
    said = "\n".join(line[:300] for line in lines[-15:])
    if re.search(r"No space left on device|Disk quota exceeded", said):
        return DiskFull(f"{tool} ran out of space while making {what}", said=said, log=log)
    end = "\n".join(lines[-40:])
    hints = dict.fromkeys(hint for pattern, hint in _HINTS if pattern.search(end))
    return ImageBuildFailed(
        f"{tool} could not make {what} (exit code {code})", said=said, log=log, hint=tuple(hints)
    )
