"""``pylock.toml`` of a wheelhouse (PEP 751).

It serves two readers. An installer on the offline server finds every wheel by a path relative
to the lock, with its hash, and refuses another system by ``environments``. ``podwheel build -r
pylock.toml`` finds, per package, the source that the wheel was built from: as ``sdist`` where
PEP 751 has words for it, and always in ``[packages.tool.podwheel]``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from packaging.markers import Marker
from packaging.pylock import Package, PackageSdist, PackageWheel, Pylock
from packaging.utils import InvalidSdistFilename, parse_sdist_filename
from packaging.version import Version

from podwheel.model import ArchiveUrl, LocalDirectory, VcsUrl
from podwheel.seal.entry import public_url

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from podwheel.model import Interpreter, Target
    from podwheel.seal.entry import Entry

LOCK = "pylock.toml"
# What of a system decides whether these wheels fit it; the rest of the markers may differ.
MARKERS = ("implementation_name", "platform_machine", "python_version", "sys_platform")


def make_lock(
    entries: Sequence[Entry],
    *,
    target: Target,
    podwheel: str,
    system_packages: Mapping[str, Any] | None = None,
) -> Mapping[str, Any]:
    """The lock of a wheelhouse, ready for `tomli_w`.

    It holds no time and nothing of this run or host: the same wheels give the same lock.

    Args:
        entries: The wheelhouse's wheels, one a package.
        target: The system that they are for.
        podwheel: Our own version.
        system_packages: ``[tool.podwheel.system-packages]``: what the builds, and what a server,
            need of the distribution; without None in it.
    """
    names = {entry.wheel.name for entry in entries}
    tool: dict[str, Any] = {"version": podwheel, "target": target_of(target)}
    if system_packages:
        tool["system-packages"] = dict(system_packages)
    lock = Pylock(
        lock_version=Version("1.0"),
        created_by="podwheel",
        environments=_environments(target.python),
        packages=[
            package_of(entry, _dependencies(entry, names), provenance_of(entry))
            for entry in sorted(entries, key=lambda e: e.wheel.name)
        ],
        tool={"podwheel": tool},
    )
    return document_of(lock)


def document_of(lock: Pylock) -> Mapping[str, Any]:
    """The lock as a document, read once more to be sure of it.

    `Pylock.validate` would make a document of its own for that, which takes as long as the reading.

    Raises:
        PylockValidationError: A bug of ours: it is not a lock that others could read.
    """
    document: Mapping[str, Any] = lock.to_dict()
    Pylock.from_dict(document)
    return document


def _environments(python: Interpreter) -> list[Marker] | None:
    marker = marker_of(python, MARKERS)
    return [marker] if marker else None


def marker_of(python: Interpreter, names: Iterable[str]) -> Marker | None:
    """The marker that holds where *names* are what they are for that Python; None: of nothing."""
    known = python.marker_environment
    said = [f'{name} == "{known[name]}"' for name in names if name in known]
    return Marker(" and ".join(said)) if said else None


def target_of(target: Target) -> dict[str, Any]:
    """``[tool.podwheel.target]``."""
    libc, libc_version = target.python.libc
    return {
        "name": target.name,
        "fingerprint": target.fingerprint,
        "runtime-image": target.runtime.digest,
        "build-image": target.build.digest,
        "python": target.python.version,
        "implementation": target.python.implementation,
        "machine": target.python.machine,
        "libc": f"{libc} {libc_version}",
    }


def _dependencies(entry: Entry, names: Iterable[str]) -> list[dict[str, Any]]:
    return [{"name": name} for name in entry.pin.dependencies if name in names]


def package_of(
    entry: Entry,
    dependencies: Sequence[Mapping[str, Any]],
    provenance: Mapping[str, Any],
    *,
    marker: Marker | None = None,
) -> Package:
    """``[[packages]]`` of one wheel.

    Args:
        dependencies: Each as the keys that tell which package of the lock is meant.
        provenance: ``[packages.tool.podwheel]``.
        marker: Where it is installed; None: everywhere.
    """
    wheel, pin = entry.wheel, entry.pin
    index = public_url(pin.file.index) if pin.file else None
    return Package(
        name=wheel.name,
        version=wheel.version,
        marker=marker,
        requires_python=wheel.metadata.requires_python,
        dependencies=list(dependencies) or None,
        index=index,
        sdist=_sdist(entry),
        wheels=[
            PackageWheel(path=wheel.filename, size=wheel.size, hashes={"sha256": wheel.sha256})
        ],
        tool={"podwheel": dict(provenance)},
    )


def _sdist(entry: Entry) -> PackageSdist | None:
    """The source, where it is one that PEP 751 can name: a published sdist of that version."""
    file, direct = entry.pin.file, entry.pin.direct
    if entry.source != "built" or (direct is not None and not _plain(direct)):
        return None
    published = public_url(file.url if file else entry.url)
    hashes = {h.algorithm: h.digest for h in file.hashes} if file else {}
    if entry.sha256:
        hashes["sha256"] = entry.sha256
    filename = file.filename if file else (published or "").rpartition("/")[2]
    try:
        name, version = parse_sdist_filename(filename)
    except InvalidSdistFilename:
        return None
    # A build may have added a local version to the source's.
    if (
        published is None
        or not hashes
        or (name, version) != (entry.wheel.name, entry.wheel.version)
    ):
        return None
    return PackageSdist(
        name=filename,
        url=published,
        size=file.size if file else None,
        upload_time=file.uploaded if file else None,
        hashes=dict(sorted(hashes.items())),
    )


def _plain(direct: ArchiveUrl | VcsUrl | LocalDirectory) -> bool:
    return isinstance(direct, ArchiveUrl) and not direct.subdirectory


def provenance_of(entry: Entry) -> dict[str, Any]:
    """``[packages.tool.podwheel]``; keys without a value are left out, TOML has no null."""
    direct = entry.pin.direct
    subdirectory = direct.subdirectory if direct is not None else None
    source = {
        "kind": _kind(entry),
        "url": public_url(entry.url),
        "sha256": entry.sha256,
        "commit": entry.commit,
        "subdirectory": subdirectory,
    }
    provenance: dict[str, Any] = {
        "origin": entry.source,
        "source": _present(source),
        "step": entry.step,
        "build-tag": entry.build_tag,
        "portable-step": entry.portable_step,
        "bundled": list(entry.bundled) or None,
        "build-requires": [
            {"name": r.name, "version": r.version, "sha256": r.sha256}
            for r in sorted(entry.build_requires, key=lambda r: r.name)
        ]
        or None,
    }
    return _present(provenance)


def _kind(entry: Entry) -> str:
    match entry.pin.direct:
        case VcsUrl():
            return "git"
        case LocalDirectory():
            return "directory"
        case _:
            return "wheel" if entry.source == "upstream" else "sdist"


def _present(table: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in table.items() if value is not None}
