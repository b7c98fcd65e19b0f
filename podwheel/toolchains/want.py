"""What a build asks of a tool: read from its files before anything runs, or from its messages."""

from __future__ import annotations

from attrs import frozen


@frozen(kw_only=True)
class Want:
    """One wish for a version of a tool, and who has it."""

    tool: str
    """``rust``, ``cmake``, ``go``: the tool, not a package of it."""
    minimum: str | None = None
    """The least version, ``1.88`` or ``1.88.0``; None: any."""
    channel: str | None = None
    """A toolchain by its name alone: ``nightly-2026-09-01``, ``1.94.0``; None: any that is new enough."""
    by: str
    """For messages: ``rust-version of Cargo.toml``, ``crates/core/rust-toolchain.toml``."""
    firm: bool = True
    """False: of a dependency that this build may not compile at all (another platform's, an optional one)."""
