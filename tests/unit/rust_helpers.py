"""Crates, locks and sources made by hand; a registry on 127.0.0.1."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from typing import TYPE_CHECKING

from podwheel.rust.registries import Registries

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from index_helpers import Bench, Server

CRATES_IO = "registry+https://github.com/rust-lang/crates.io-index"
COMMIT = "0123456789abcdef0123456789abcdef01234567"

Entry = tuple[str, str, str | None, str | None]
"""Name, version, source, checksum."""


def tar(
    members: Mapping[str, bytes | str], *, more: Iterable[tarfile.TarInfo] = (), mode: str = "w:gz"
) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=mode) as archive:  # type: ignore[call-overload]
        for name, content in members.items():
            data = content.encode() if isinstance(content, str) else content
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
        for info in more:
            archive.addfile(info)
    return out.getvalue()


def link(name: str, target: str, kind: bytes = tarfile.SYMTYPE) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type = kind
    info.linkname = target
    return info


def manifest(name: str, version: str = "1.0.0", more: str = "") -> str:
    return f'[package]\nname = "{name}"\nversion = "{version}"\n{more}\n'


def crate_file(name: str, version: str = "1.0.0", *, more: str = "") -> bytes:
    """A ``.crate`` with one source file."""
    top = f"{name}-{version}"
    return tar(
        {f"{top}/Cargo.toml": manifest(name, version, more), f"{top}/src/lib.rs": f"// {name}\n"}
    )


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def lock_text(*entries: Entry, number: int | None = 4) -> str:
    """A Cargo.lock of formats 2 to 4."""
    text = f"version = {number}\n" if number else ""
    for name, version, source, checksum in entries:
        text += f'\n[[package]]\nname = "{name}"\nversion = "{version}"\n'
        text += f'source = "{source}"\n' if source else ""
        text += f'checksum = "{checksum}"\n' if checksum else ""
    return text


def write_sdist(path: Path, files: Mapping[str, bytes | str], *, top: str = "demo-1.0") -> Path:
    path.write_bytes(tar({f"{top}/{name}": content for name, content in files.items()}))
    return path


def serve(server: Server, *crates: bytes, names: Iterable[str], download: str | None = None) -> str:
    """Put a sparse index at ``/index/`` and crates at ``/crates/NAME/VERSION/download``; its URL."""
    config = {"dl": download or f"{server.url}/crates", "api": server.url}
    server.routes["/index/config.json"] = json.dumps(config).encode()
    for name, data in zip(names, crates, strict=True):
        crate, _, version = name.partition(" ")
        server.routes[f"/crates/{crate}/{version}/download"] = data
    return f"sparse+{server.url}/index/"


def registries(bench: Bench, **options: object) -> Registries:
    from podwheel.model import Network

    options.setdefault("index", bench.index())
    options.setdefault("network", Network(retries=0, keyring="disabled"))
    made = Registries(store=bench.store, **options)  # type: ignore[arg-type]
    bench.stack.callback(made.close)
    return made
