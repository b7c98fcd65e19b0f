"""From a pin to a source on the host, and to what its files say without being run."""

from __future__ import annotations

import contextlib
import json
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from attrs import evolve, field, frozen
from packaging.requirements import Requirement
from packaging.utils import InvalidName, NormalizedName, canonicalize_name

from podwheel import log
from podwheel.archives.sdist import (
    BuildSystem,
    pack_directory,
    read_build_system,
    read_sdist,
    static_metadata,
)
from podwheel.build.task import SLOT
from podwheel.build.telling import shown_lines
from podwheel.errors import SourceUnusable
from podwheel.index import fetch_git, file_of
from podwheel.index.urls import masked
from podwheel.model import ArchiveUrl, LocalDirectory, Source, VcsUrl
from podwheel.sandbox.job import Mount
from podwheel.sandbox.session import Ended, GuestGone
from podwheel.store import digest_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from podwheel.build.task import Steps
    from podwheel.build.tokens import Slot
    from podwheel.build.workshop import Workshop
    from podwheel.index import GitSource
    from podwheel.model import Direct, File, Hash, Metadata

_MOST_SHOWN: Final = 20
"""Lines of git's output in an error."""

EPOCH: Final = 315_532_800
"""1980-01-01, the first moment that a zip archive can tell: ``SOURCE_DATE_EPOCH`` of every build
(podwheel.toml can set another), so that the same source gives the same bytes from any index."""


@frozen(kw_only=True)
class Said:
    """What a source's files say of it, without being run."""

    name: NormalizedName | None
    """``project.name`` of pyproject.toml (PEP 621: never dynamic)."""
    versioned: bool
    """Its version is written in it: ``project.version``, or a PKG-INFO."""


@frozen(kw_only=True)
class Sources:
    """Brings sources to the host. Nothing in them is executed here, or unpacked on the host."""

    workshop: Workshop
    _known: dict[tuple[str, str | None], dict[str, Any]] = field(
        factory=dict, init=False, eq=False, repr=False
    )
    """What this run has read already, by the archive's hash and the subdirectory."""

    def of_file(
        self, file: File, *, hashes: tuple[Hash, ...], wanted_by: tuple[str, ...]
    ) -> Source:
        """Download an sdist; its hashes are checked before it is read."""
        path, sha256 = self.workshop.index.download(file, hashes=hashes, wanted_by=wanted_by)
        return Source(
            identity=f"sha256:{sha256}",
            archive=path,
            sha256=sha256,
            filename=file.filename,
            url=masked(file.url),
        )

    def of_direct(
        self, direct: Direct, *, hashes: tuple[Hash, ...], wanted_by: tuple[str, ...]
    ) -> Steps[Source]:
        """Bring a direct reference's source to the host.

        Raises:
            DownloadError: It cannot be had.
            SourceUnusable: A local directory cannot be packed.
        """
        if isinstance(direct, ArchiveUrl):
            source = self.of_file(file_of(direct), hashes=hashes, wanted_by=wanted_by)
            return _in_subdirectory(source, direct.subdirectory)
        if isinstance(direct, LocalDirectory):
            return self._packed(direct)
        return (yield from self._checked_out(direct, wanted_by))

    def build_system(self, source: Source) -> BuildSystem:
        """What the archive's pyproject.toml says of its build (PEP 517, 518), read as data."""
        return _system_from_json(self._declared(source))

    def external(self, source: Source) -> Mapping[str, Any]:
        """The ``[external]`` table (PEP 725) of the archive's pyproject.toml; empty where there is none."""
        external: Mapping[str, Any] = self._declared(source)["external"]
        return external

    def said(self, source: Source) -> Said:
        """What the archive's files say for certain of its name and version."""
        declared = self._declared(source)
        name = None
        with contextlib.suppress(InvalidName):  # it comes to be part of files' names here
            name = canonicalize_name(declared["name"], validate=True)
        return Said(name=name, versioned=declared["versioned"])

    def compiled(self, source: Source) -> int:
        """How much of the archive a compiler may read (`Sdist.compiled`)."""
        size: int = self._declared(source)["compiled"]
        return size

    def has_crates(self, source: Source) -> bool:
        """Whether there may be Rust code in the archive (`Sdist.has_crates`)."""
        crates: bool = self._declared(source)["crates"]
        return crates

    def _declared(self, source: Source) -> dict[str, Any]:
        """What is kept of a source's pyproject.toml, which is read once."""
        asked = source.sha256, source.subdirectory
        if asked not in self._known:
            self._known[asked] = self._read(source)
        return self._known[asked]

    def _read(self, source: Source) -> dict[str, Any]:
        key = digest_of([source.sha256, source.subdirectory or ""])
        known: dict[str, Any] | None = self.workshop.store.read("build-system", key)
        if known is None or "crates" not in known:
            sdist = read_sdist(
                source.archive, filename=source.filename, subdirectory=source.subdirectory
            )
            system = read_build_system(sdist.pyproject, filename=source.filename)
            document = tomllib.loads(sdist.pyproject or "")
            external, project = _table(document, "external"), _table(document, "project")
            name = project.get("name")
            # A date is no JSON, and means nothing in this table.
            known = {
                **_system_to_json(system),
                "external": json.loads(json.dumps(external, default=str)),
                "name": name if isinstance(name, str) else "",
                "versioned": sdist.pkg_info is not None or "version" in project,
                "compiled": sdist.compiled,
                "crates": sdist.has_crates,
            }
            self.workshop.store.write("build-system", key, known)
        return known

    def static_metadata(self, source: Source) -> Metadata | None:
        """What the archive's files say for certain (PEP 643, PEP 621); None: only its backend knows."""
        return static_metadata(
            read_sdist(source.archive, filename=source.filename, subdirectory=source.subdirectory)
        )

    def _packed(self, direct: LocalDirectory) -> Source:
        name = direct.path.name or "source"
        with self.workshop.store.attempt("pack") as place:
            archive = place / "source.tar.gz"
            with archive.open("xb") as out:
                pack_directory(direct.path, out, epoch=EPOCH, subdirectory=direct.subdirectory)
            sha256, path = self.workshop.store.put_file(archive)
        return _in_subdirectory(
            Source(
                identity=f"sha256:{sha256}",
                archive=path,
                sha256=sha256,
                filename=f"{name}.tar.gz",
                url=f"directory:{name}",
            ),
            direct.subdirectory,
        )

    def _checked_out(self, vcs: VcsUrl, wanted_by: tuple[str, ...]) -> Steps[Source]:
        got = fetch_git(
            vcs,
            store=self.workshop.store,
            network=self.workshop.request.network,
            freshness=self.workshop.freshness,
            wanted_by=wanted_by,
        )
        name = Path(urlsplit(got.url).path).name.removesuffix(".git") or "source"
        key = digest_of([got.url, got.commit, [(s.path, s.url, s.commit) for s in got.submodules]])
        known = self.workshop.store.read("checkout", key)
        if known is None or self.workshop.store.blob(known["sha256"]) is None:
            slot = yield SLOT
            try:
                sha256 = self._check_out_in_sandbox(got, name, slot)
            finally:
                self.workshop.scheduler.release(slot)
            self.workshop.store.write("checkout", key, {"sha256": sha256})
        else:
            sha256 = known["sha256"]
        path = self.workshop.store.blob(sha256)
        assert path is not None
        source = Source(
            identity=f"git:{got.commit}",
            archive=path,
            sha256=sha256,
            filename=f"{name}-{got.commit[:12]}.tar",
            url=f"git+{masked(got.url)}@{got.commit}",
            commit=got.commit,
            tags=got.tags,
        )
        return _in_subdirectory(source, vcs.subdirectory)

    def _check_out_in_sandbox(self, got: GitSource, name: str, slot: Slot) -> str:
        """Check a commit out where its attributes, filters and names can do no harm."""
        mounts = [Mount(source=got.repository, target="/podwheel/in/repo")]
        submodules = []
        for number, sub in enumerate(got.submodules):
            place = f"/podwheel/in/sub/{number}"
            mounts.append(Mount(source=sub.repository, target=place))
            submodules.append({"path": sub.path, "repository": place, "commit": sub.commit})
        title = f"checkout {name} {got.commit[:12]}"
        log_file = self.workshop.log_file(f"checkout-{name}")
        job = self.workshop.job(
            title,
            image=self.workshop.target.build,
            program="checkout.py",
            mounts=tuple(mounts),
            slot=slot,
        )
        reply: dict[str, Any] = {}
        with log.step(title), self.workshop.store.attempt("checkout") as place_on_host:
            with (
                self.workshop.sandbox.session(job, log=log_file) as session,
                contextlib.suppress(GuestGone),  # why it is gone, the outcome says
            ):
                reply = session.ask(
                    {
                        "op": "checkout",
                        "repository": "/podwheel/in/repo",
                        "commit": got.commit,
                        "submodules": submodules,
                        "name": name,
                    }
                )
                if reply.get("ok") is True:
                    session.receive({"op": "send"}, place_on_host)
            if session.outcome.ended is not Ended.OK or reply.get("ok") is not True:
                why = str(reply.get("output") or reply.get("exception") or "")
                raise SourceUnusable(
                    f"commit {got.commit[:12]} of {masked(got.url)} cannot be checked out",
                    said="\n".join(shown_lines(why)[-_MOST_SHOWN:]) or session.outcome.reason,
                    log=log_file,
                )
            sha256, _ = self.workshop.store.put_file(place_on_host / "source.tar")
        return sha256


def _table(document: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    table = document.get(key)
    return table if isinstance(table, dict) else {}


def _in_subdirectory(source: Source, subdirectory: str | None) -> Source:
    if subdirectory is None:
        return source
    return evolve(source, subdirectory=subdirectory, identity=f"{source.identity}#{subdirectory}")


def _system_to_json(system: BuildSystem) -> dict[str, Any]:
    return {
        "requires": [str(r) for r in system.requires],
        "backend": system.backend,
        "backend_path": list(system.backend_path),
        "legacy": system.legacy,
    }


def _system_from_json(document: dict[str, Any]) -> BuildSystem:
    return BuildSystem(
        requires=tuple(Requirement(r) for r in document["requires"]),
        backend=document["backend"],
        backend_path=tuple(document["backend_path"]),
        legacy=document["legacy"],
    )
