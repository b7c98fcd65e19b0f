"""What verification found, as plain data."""

from __future__ import annotations

from typing import Any

from attrs import asdict, frozen


@frozen(kw_only=True)
class Imported:
    """One module that was imported, or was not."""

    module: str
    ok: bool
    said: str = ""
    """The exception and the end of its traceback."""
    counts: bool = True
    """False for what a failure of says nothing of the wheel: a package's own tests, its
    extension modules one by one (some load only in their package's own order)."""


@frozen(kw_only=True)
class Proof:
    """What is proven of one distribution."""

    name: str
    version: str
    installed: bool
    imports: tuple[Imported, ...]
    test: bool | None = None
    """The user's test command succeeded; None: there is none."""
    test_said: str = ""
    lost: str | None = None
    """Upstream's wheel for this platform, where it has extension modules that ours has not; and
    which, if ours has others."""
    beside: tuple[str, ...] = ()
    """What it imports, was built with, and does not require: only beside these it was imported."""

    @property
    def imported(self) -> bool:
        return all(i.ok for i in self.imports if i.counts)

    @property
    def ok(self) -> bool:
        return self.installed and self.imported and self.test is not False


@frozen(kw_only=True)
class Verdict:
    """What is proven of a set of wheels on one target."""

    installed: bool
    """``pip install --no-index`` of all of them succeeded in the pristine container."""
    consistent: bool
    """``pip check`` found no broken requirement."""
    said: str
    """The end of pip's output, where either failed."""
    proofs: tuple[Proof, ...]
    """One a distribution, sorted by name."""

    @property
    def ok(self) -> bool:
        return self.installed and self.consistent and all(p.ok for p in self.proofs)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, document: dict[str, Any]) -> Verdict:
        """The inverse of `to_json`."""
        proofs = tuple(
            Proof(
                **{
                    **p,
                    "imports": tuple(Imported(**i) for i in p["imports"]),
                    "beside": tuple(p["beside"]),
                }
            )
            for p in document["proofs"]
        )
        return cls(**{**document, "proofs": proofs})
