"""Wheels as documents of the store: a wheel that was read and checked once is known by its hash."""

from __future__ import annotations

from typing import TYPE_CHECKING

from packaging.tags import parse_tag
from packaging.utils import canonicalize_name

from podwheel.model import Wheel
from podwheel.resolve.documents import metadata_from_json, metadata_to_json

if TYPE_CHECKING:
    from podwheel.store import Store

_SCHEMA = 1


def remember_wheel(store: Store, wheel: Wheel) -> None:
    """Keep what reading *wheel* told, so that its bytes need not be read again."""
    store.write(
        "wheel",
        wheel.sha256,
        {
            "schema": _SCHEMA,
            "filename": wheel.filename,
            "size": wheel.size,
            "tags": sorted(str(t) for t in wheel.tags),
            "metadata": metadata_to_json(wheel.metadata),
            "modules": list(wheel.modules),
            "extensions": list(wheel.extensions),
            "root_is_purelib": wheel.root_is_purelib,
        },
    )


def known_wheel(store: Store, sha256: str) -> Wheel | None:
    """The wheel of that hash, if its bytes are in the store and were read before."""
    document, path = store.read("wheel", sha256), store.blob(sha256)
    if document is None or path is None or document["schema"] != _SCHEMA:
        return None
    if path.stat().st_size != document["size"]:
        return None  # damaged on disk: read, and refused, as if it were new
    metadata = metadata_from_json(document["metadata"])
    if metadata is None:
        return None
    return Wheel(
        path=path,
        filename=document["filename"],
        sha256=sha256,
        size=document["size"],
        name=canonicalize_name(metadata.name),
        version=metadata.version,
        tags=frozenset(tag for text in document["tags"] for tag in parse_tag(text)),
        metadata=metadata,
        modules=tuple(document["modules"]),
        extensions=tuple(document["extensions"]),
        root_is_purelib=document["root_is_purelib"],
    )
