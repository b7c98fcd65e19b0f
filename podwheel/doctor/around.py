"""Disk, package mirror, git, locale, clock and index."""

from __future__ import annotations

import datetime as dt
import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

from packaging.utils import canonicalize_name

from podwheel.doctor.check import Check, degraded, fine, missing
from podwheel.errors import PodwheelError, ProjectNotFound
from podwheel.model import Freshness

if TYPE_CHECKING:
    from podwheel.doctor.host import Host
    from podwheel.model import Request

GB: Final = 10**9
IMAGES_NEED: Final = 2 << 30  # without it targets/tools.py refuses to make an image
IMAGES_WANT: Final = 10 * GB
STORE_NEEDS: Final = IMAGES_NEED // 4
STORE_WANTS: Final = 5 * GB

_KEYRING: Final = "/usr/share/keyrings/debian-archive-keyring.gpg"
_OLDEST_ZIP: Final = dt.datetime(1980, 1, 1, tzinfo=dt.UTC)
_WRITTEN: Final = dt.datetime(2026, 11, 1, tzinfo=dt.UTC)


def room_for_images(host: Host, graph_root: Path) -> Check:
    """Free space where podman keeps images and containers."""
    free = _free(graph_root)
    found = f"{free / GB:.0f} GB free, {graph_root}"
    # Dangling images only: what has a name is another target's, or somebody else's.
    mend = (host.as_account("podman system df"), host.as_account("podman image prune"))
    name = "room for images"
    if free < IMAGES_NEED:
        return missing(name, found, f"making an image needs {IMAGES_NEED / GB:.1f} GB; a full graph root leaves containers that podman cannot end", *mend)  # fmt: skip
    if free < IMAGES_WANT:
        return degraded(name, found, "making a target's images takes 2 GB for a while, and 0.6 GB stay: there is room for a few", *mend)  # fmt: skip
    return fine(name, found)


def store(host: Host, place: Path) -> Check:
    """podwheel's store: free space, and whether containers can read what is in it."""
    name = "store"
    existing = next(p for p in (place, *place.parents) if p.exists())
    elsewhere = "choose another place: --store DIR, or PODWHEEL_STORE"
    if any(character in ',"' or not character.isprintable() for character in str(place)):
        return missing(
            name, repr(str(place)), f"podman cannot mount a path with a comma, a quote or a control character; {elsewhere}"
        )  # fmt: skip
    if not host.become and not os.access(existing, os.W_OK | os.X_OK):
        return missing(name, f"{place}: {existing} is not writable", f"nothing can be kept; {elsewhere}")  # fmt: skip
    if os.statvfs(existing).f_flag & os.ST_NOEXEC:
        return missing(
            name,
            f"{place} is on a file system mounted noexec",
            f"build environments are mounted from it, and no compiled module of theirs would load; {elsewhere}",
        )
    free = _free(existing)
    found = f"{free / GB:.0f} GB free, {place}"
    if free < STORE_NEEDS:
        return missing(name, found, f"downloads and wheels have no room; {elsewhere}")
    if free < STORE_WANTS:
        return degraded(name, found, f"large requirements may fill it: sources, wheels and their unpacked copies; {elsewhere}")  # fmt: skip
    return fine(name, found)


def _free(place: Path) -> int:
    """Bytes free to the account on the file system of *place*, which need not exist yet."""
    return shutil.disk_usage(next(p for p in (place, *place.parents) if p.exists())).free


def mirror(host: Host) -> Check:
    """What makes a Debian base from a package mirror, without any registry."""
    name = "package mirror"
    lacking = []
    if host.program("mmdebstrap") is None:
        lacking.append("mmdebstrap")
    if not host.path(_KEYRING).exists():
        lacking.append("debian-archive-keyring")
    if not lacking:
        return fine(name, "mmdebstrap, debian-archive-keyring")
    return degraded(
        name,
        f"no {' and no '.join(lacking)}",
        "the built-in Debian targets cannot be made from a package mirror; targets whose base is a "
        "registry's image or an archive can (docs/targets.md)",
        # Elsewhere than on Debian and its derivatives the tool is rarely packaged.
        *(host.mender.install(*lacking) if host.mender.family == "apt" else ()),
    )


def git(host: Host) -> Check:
    """Only for ``git+`` requirements."""
    name = "git"
    if host.program("git") is None:
        return degraded(
            name, "not installed, or not on PATH", "`git+…` requirements cannot be fetched; all else can",
            *host.mender.install("git"),
        )  # fmt: skip
    answer = host.ask("git", "--version")
    words = answer.text.split() if answer is not None else []
    return fine(name, words[2] if len(words) > 2 else "installed")


def locale(file_names: str, output: str) -> Check:
    """The encodings of file names and of the terminal."""
    name = "locale"
    wrong = {e for e in (file_names, output) if e.replace("-", "").lower() != "utf8"}
    if not wrong:
        return fine(name, "UTF-8")
    return degraded(
        name,
        ", ".join(sorted(wrong)),
        "what is not ASCII in names and messages is garbled, and paths with it may not be found",
        "export LC_ALL=C.UTF-8",
    )


def clock(host: Host, now: dt.datetime) -> Check:
    """The time: archives and certificates depend on it."""
    name = "clock"
    found = f"{now:%Y-%m-%d %H:%M} UTC"
    set_it = host.mender.as_root("date -u -s 'YYYY-MM-DD HH:MM'")
    if now < _OLDEST_ZIP:
        return missing(name, found, "a wheel is a zip archive, which cannot hold a date before 1980", set_it)  # fmt: skip
    if now < _WRITTEN:
        return degraded(
            name, found, "in the past (podwheel itself is newer): certificates and Debian's signatures "
            "seem not to be valid yet", set_it,
        )  # fmt: skip
    return fine(name, found)


def index(request: Request) -> Check:
    """Whether the package index answers, asked past every cache.

    Args:
        request: Where the indexes are, and how to reach them.
    """
    from podwheel.index import Index
    from podwheel.index.urls import masked
    from podwheel.store import Store

    name = "index"
    asked = ", ".join(map(masked, (*request.indexes.urls, *request.indexes.find_links)))
    if not asked:
        return degraded(name, "--no-index, and no --find-links", "there is nowhere to take sources from")  # fmt: skip
    try:
        with (
            tempfile.TemporaryDirectory(prefix="podwheel-doctor-") as scratch,
            Index(
                indexes=request.indexes,
                network=request.network,
                store=Store(Path(scratch)),
                freshness=Freshness.REFRESH,
            ) as opened,
        ):
            opened.files(canonicalize_name("pip"))
    except ProjectNotFound:
        return degraded(
            name,
            f"{asked} answers, and has no pip",
            "verification installs with a wheel of pip that fits the target; without one, use --no-verify",
        )
    except PodwheelError as error:
        return missing(name, error.what, "; ".join(error.hint))
    return fine(name, f"answered: {asked}")
