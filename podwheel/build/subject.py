"""What a task is about: a pin that was chosen, a candidate that may be, or a direct reference."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from attrs import field, frozen
from packaging.utils import NormalizedName, canonicalize_name

from podwheel.model import NO_TREE, LocalDirectory
from podwheel.resolve.why import paths

if TYPE_CHECKING:
    from packaging.version import Version

    from podwheel.model import Direct, File, Hash, Pin, Resolution
    from podwheel.resolve.candidates import Candidate


@frozen(kw_only=True)
class Subject:
    """One package at one version, and the file or reference that it comes from."""

    name: NormalizedName
    version: Version | None
    """None for a direct reference: only its metadata will tell."""
    file: File | None
    direct: Direct | None
    hashes: tuple[Hash, ...] = ()
    wanted_by: tuple[str, ...] = field(default=(), eq=False)
    """Innermost first."""

    @classmethod
    def of_pin(cls, pin: Pin, tree: Resolution = NO_TREE) -> Subject:
        """The pin; with *tree*, where it is in it, with the shortest chain to a line of a file."""
        chains = paths(tree, pin.name, limit=1) if tree.by_name.get(pin.name) == pin else ()
        return cls(
            name=pin.name,
            version=pin.version,
            file=pin.file,
            direct=pin.direct,
            hashes=pin.hashes,
            wanted_by=chains[0][::-1] if chains else pin.wanted_by,
        )

    @classmethod
    def of_candidate(cls, candidate: Candidate, wanted_by: tuple[str, ...]) -> Subject:
        return cls(
            name=candidate.name,
            version=candidate.version,
            file=candidate.file,
            direct=candidate.direct,
            hashes=candidate.hashes,
            wanted_by=wanted_by,
        )

    @classmethod
    def of_direct(
        cls,
        direct: Direct,
        *,
        name: NormalizedName | None,
        hashes: tuple[Hash, ...],
        wanted_by: tuple[str, ...],
    ) -> Subject:
        """Where nobody named it, it is called after the last part of its path until its metadata says better."""
        path = str(direct.path) if isinstance(direct, LocalDirectory) else urlsplit(direct.url).path
        stem = PurePosixPath(path).name.removesuffix(".git").partition("-")[0]
        return cls(
            name=name or canonicalize_name(stem or "source"),
            version=None,
            file=None,
            direct=direct,
            hashes=hashes,
            wanted_by=wanted_by,
        )

    @property
    def key(self) -> str:
        """The same for the same bytes of the same package."""
        where = repr(self.direct) if self.file is None else self.file.sha256 or self.file.url
        return f"{self.name} {self.version} {where}"

    def __str__(self) -> str:
        return self.name if self.version is None else f"{self.name} {self.version}"
