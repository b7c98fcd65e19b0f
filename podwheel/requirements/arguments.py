"""What the command line, or pip's configuration, said: plain values, nothing interpreted."""

from __future__ import annotations

from attrs import frozen


@frozen(kw_only=True)
class Arguments:
    """The values of pip's options that podwheel has too, under pip's names.

    Relative paths are relative to the working directory that `read` is given.
    """

    requirements: tuple[str, ...] = ()
    """Positional: specifiers, paths, URLs."""
    editables: tuple[str, ...] = ()
    """``-e``; built as source."""
    requirement_files: tuple[str, ...] = ()
    """``-r``: requirements files, or one ``pylock.toml`` (``pylock.toml[extra]`` as with pip)."""
    groups: tuple[str, ...] = ()
    """``--group``: ``name``, ``path/pyproject.toml:name`` or ``path/pylock.toml:name``."""
    constraint_files: tuple[str, ...] = ()
    build_constraint_files: tuple[str, ...] = ()

    index_url: str | None = None
    extra_index_urls: tuple[str, ...] = ()
    no_index: bool = False
    find_links: tuple[str, ...] = ()

    trusted_hosts: tuple[str, ...] = ()
    proxy: str | None = None
    cert: str | None = None
    client_cert: str | None = None
    timeout: float | None = None
    """Seconds."""
    retries: int | None = None
    keyring_provider: str | None = None

    formats: tuple[tuple[str, str], ...] = ()
    """``("no-binary", value)`` and ``("only-binary", value)`` in the order they were given."""
    prefer_binary: bool = False
    pre: bool = False
    no_deps: bool = False
    require_hashes: bool = False
    no_require_hashes: bool = False
    exclude_newer: str | None = None
    """A date, an RFC 3339 moment, or ``P7D`` (seven days ago)."""
