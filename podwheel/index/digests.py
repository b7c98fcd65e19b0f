"""Which hashes a file must have, and whether it has them."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from attrs import frozen

from podwheel.errors import HashMismatch
from podwheel.model import File, Hash

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

KNOWN = frozenset(n for n in hashlib.algorithms_guaranteed if not n.startswith("shake"))
"""What can be checked everywhere; a shake's digest has no length of its own."""

_LENGTHS = {n: 2 * hashlib.new(n, usedforsecurity=False).digest_size for n in KNOWN}
"""Of digests, in hexadecimal digits."""
_HEX = frozenset("0123456789abcdef")


def checked_hash(algorithm: str, digest: str) -> Hash | None:
    """The hash; None for an algorithm that we do not know, or what is no digest of it."""
    algorithm, digest = algorithm.lower(), digest.lower()
    if len(digest) != _LENGTHS.get(algorithm) or not _HEX.issuperset(digest):
        return None
    return Hash(algorithm=algorithm, digest=digest)


def sha256_of(hashes: Iterable[Hash]) -> str | None:
    """The one sha256 among *hashes*, fit to be part of a path; None if there is none, or several."""
    found = {
        h.digest for h in hashes if h.algorithm == "sha256" and checked_hash("sha256", h.digest)
    }
    return found.pop() if len(found) == 1 else None


class Sums:
    """Several digests of the same bytes, in one go."""

    def __init__(self, algorithms: Iterable[str]) -> None:
        # MD5 and SHA-1 only ever check what an index said; identity is always the sha256.
        self._sums = {
            name: hashlib.new(name, usedforsecurity=False) for name in {*algorithms, "sha256"}
        }
        self.length = 0

    def update(self, chunk: bytes) -> None:
        self.length += len(chunk)
        for each in self._sums.values():
            each.update(chunk)

    def digests(self) -> dict[str, str]:
        return {name: each.hexdigest() for name, each in self._sums.items()}


@frozen(kw_only=True)
class Expected:
    """What a file must be: by its index or lock, and by the user's ``--hash``."""

    file: File
    demanded: tuple[Hash, ...] = ()
    """The user's: any of them will do, as in pip."""
    wanted_by: tuple[str, ...] = ()

    @property
    def listed(self) -> tuple[Hash, ...]:
        """The index's or the lock's that can be checked: each algorithm must agree."""
        return tuple(h for h in self.file.hashes if h.algorithm in KNOWN)

    @property
    def algorithms(self) -> frozenset[str]:
        return frozenset(h.algorithm for h in (*self.listed, *self.demanded)) & KNOWN

    @property
    def hashed(self) -> bool:
        """Whether anything vouches for the bytes."""
        return bool(self.listed or self.demanded)

    def key(self) -> list[Any]:
        """What a download is known by when the sha256 is not known beforehand."""
        return [self.file.url, sorted(str(h) for h in self.listed)]

    def check_claims(self) -> None:
        """Before any byte is fetched: does the index itself say another hash than the user?

        Raises:
            HashMismatch: It does.
        """
        said = {h.algorithm: h.digest for h in self.listed}
        if self.demanded and all(h.algorithm in said for h in self.demanded):
            self._check_demanded(said, length=None)

    def check(self, digests: Mapping[str, str], *, length: int) -> None:
        """Compare with what the bytes are.

        Raises:
            HashMismatch: They are others.
        """
        by_algorithm: dict[str, list[str]] = {}
        for each in self.listed:
            by_algorithm.setdefault(each.algorithm, []).append(each.digest)
        for name, allowed in by_algorithm.items():
            if digests[name] not in allowed:
                where = f"the index {self.file.index}" if self.file.index else "its URL or lock"
                raise self._mismatch(
                    f"{name}:{digests[name]}", [f"{name}:{d}" for d in allowed], where, length
                )
        self._check_demanded(digests, length=length)
        if not self.hashed and self.file.size not in (None, length):
            raise self._mismatch(
                f"{length} bytes",
                [f"{self.file.size} bytes"],
                f"the index {self.file.index}",
                length,
            )

    def _check_demanded(self, digests: Mapping[str, str], *, length: int | None) -> None:
        if self.demanded and not any(digests.get(h.algorithm) == h.digest for h in self.demanded):
            got = ", ".join(
                f"{n}:{digests[n]}"
                for n in sorted({h.algorithm for h in self.demanded} & set(digests))
            )
            raise self._mismatch(got, [str(h) for h in self.demanded], "--hash", length)

    def _mismatch(
        self, got: str, wanted: Sequence[str], where: str, length: int | None
    ) -> HashMismatch:
        size = "" if length is None else f" ({length} bytes)"
        return HashMismatch(
            f"{self.file.filename} is not the file that was asked for{size}",
            said=f"got       {got}\nexpected  {' or '.join(wanted)}   (from {where})",
            wanted_by=self.wanted_by,
            hint=(
                "if upstream published it anew, put the new hash where the old one is",
                "otherwise it was changed on its way, or by the index: do not use it",
            ),
        )
