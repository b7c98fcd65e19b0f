"""Resolutions and metadata as JSON, for the store: versioned, complete, and read with distrust.

Reading gives None for anything that is not exactly what this module writes (another version
of podwheel, a damaged file): like an absent document, it is simply made again.
"""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import NormalizedName, canonicalize_name
from packaging.version import InvalidVersion, Version

from podwheel.model import (
    ArchiveUrl,
    Direct,
    File,
    Hash,
    LocalDirectory,
    Metadata,
    Pin,
    Resolution,
    VcsUrl,
)

VERSION = 1
"""Of both kinds of document; a change of any field below is a new one."""

Document = dict[str, Any]

_DAMAGE = (
    KeyError, TypeError, ValueError, AttributeError, InvalidVersion, InvalidRequirement, InvalidSpecifier,
)  # fmt: skip


def resolution_to_json(resolution: Resolution) -> Document:
    """*resolution* as a JSON document, everything in it included."""
    return {
        "format": "podwheel-resolution",
        "version": VERSION,
        "pins": [_pin_to_json(pin) for pin in resolution.pins],
    }


def resolution_from_json(document: object) -> Resolution | None:
    """The resolution that `resolution_to_json` wrote; None if *document* is not one."""
    try:
        body = _opened(document, "podwheel-resolution")
        return Resolution(pins=tuple(_pin(pin) for pin in body["pins"]))
    except _DAMAGE:
        return None


def metadata_to_json(metadata: Metadata) -> Document:
    """*metadata* as a JSON document."""
    requires_python = metadata.requires_python
    return {
        "format": "podwheel-metadata",
        "version": VERSION,
        "name": metadata.name,
        "release": str(metadata.version),
        "requires": [str(requirement) for requirement in metadata.requires],
        "requires_python": None if requires_python is None else str(requires_python),
        "extras": sorted(metadata.extras),
    }


def metadata_from_json(document: object) -> Metadata | None:
    """The metadata that `metadata_to_json` wrote; None if *document* is not one."""
    try:
        body = _opened(document, "podwheel-metadata")
        requires_python = _optional_text(body["requires_python"])
        return Metadata(
            name=_text(body["name"]),
            version=Version(_text(body["release"])),
            requires=tuple(Requirement(_text(r)) for r in _list(body["requires"])),
            requires_python=None if requires_python is None else SpecifierSet(requires_python),
            extras=frozenset(_names(body["extras"])),
        )
    except _DAMAGE:
        return None


def _opened(document: object, form: str) -> Document:
    if not isinstance(document, dict) or document.get("format") != form:
        raise TypeError(form)
    if document["version"] != VERSION:
        raise ValueError(document["version"])
    return document


# --------------------------------------------------------------------------- pins


def _pin_to_json(pin: Pin) -> Document:
    return {
        "name": pin.name,
        "version": str(pin.version),
        "extras": sorted(pin.extras),
        "file": None if pin.file is None else _file_to_json(pin.file),
        "direct": None if pin.direct is None else _direct_to_json(pin.direct),
        "dependencies": list(pin.dependencies),
        "wanted_by": list(pin.wanted_by),
        "hashes": _hashes_to_json(pin.hashes),
    }


def _pin(document: Document) -> Pin:
    file, direct = document["file"], document["direct"]
    return Pin(
        name=_name(document["name"]),
        version=Version(_text(document["version"])),
        extras=frozenset(_names(document["extras"])),
        file=None if file is None else _file(file),
        direct=None if direct is None else _direct(direct),
        dependencies=_names(document["dependencies"]),
        wanted_by=tuple(_text(line) for line in _list(document["wanted_by"])),
        hashes=_hashes(document["hashes"]),
    )


def _file_to_json(file: File) -> Document:
    return {
        "filename": file.filename,
        "url": file.url,
        "hashes": _hashes_to_json(file.hashes),
        "requires_python": file.requires_python,
        "yanked": file.yanked,
        "size": file.size,
        "uploaded": None if file.uploaded is None else file.uploaded.isoformat(),
        "metadata": None if file.metadata is None else _hashes_to_json(file.metadata),
        "index": file.index,
    }


def _file(document: Document) -> File:
    size, uploaded, metadata = document["size"], document["uploaded"], document["metadata"]
    if size is not None and (isinstance(size, bool) or not isinstance(size, int)):
        raise TypeError(size)
    return File(
        filename=_text(document["filename"]),
        url=_text(document["url"]),
        hashes=_hashes(document["hashes"]),
        requires_python=_optional_text(document["requires_python"]),
        yanked=_optional_text(document["yanked"]),
        size=size,
        uploaded=None if uploaded is None else datetime.datetime.fromisoformat(_text(uploaded)),
        metadata=None if metadata is None else _hashes(metadata),
        index=_optional_text(document["index"]),
    )


def _direct_to_json(direct: Direct) -> Document:
    match direct:
        case ArchiveUrl():
            return {
                "kind": "archive",
                "url": direct.url,
                "subdirectory": direct.subdirectory,
                "hashes": _hashes_to_json(direct.hashes),
            }
        case VcsUrl():
            return {
                "kind": "git",
                "url": direct.url,
                "ref": direct.ref,
                "subdirectory": direct.subdirectory,
            }
        case LocalDirectory():
            return {
                "kind": "directory",
                "path": str(direct.path),
                "subdirectory": direct.subdirectory,
            }


def _direct(document: Document) -> Direct:
    subdirectory = _optional_text(document["subdirectory"])
    match document["kind"]:
        case "archive":
            return ArchiveUrl(
                url=_text(document["url"]),
                subdirectory=subdirectory,
                hashes=_hashes(document["hashes"]),
            )
        case "git":
            return VcsUrl(
                url=_text(document["url"]),
                ref=_optional_text(document["ref"]),
                subdirectory=subdirectory,
            )
        case "directory":
            return LocalDirectory(path=Path(_text(document["path"])), subdirectory=subdirectory)
        case kind:
            raise ValueError(kind)


# --------------------------------------------------------------------------- small things


def _hashes_to_json(hashes: tuple[Hash, ...]) -> list[str]:
    return [str(h) for h in hashes]


def _hashes(document: object) -> tuple[Hash, ...]:
    found = []
    for text in _list(document):
        algorithm, colon, digest = _text(text).partition(":")
        if not colon:
            raise ValueError(text)
        found.append(Hash(algorithm=algorithm, digest=digest))
    return tuple(found)


def _list(document: object) -> list[Any]:
    if not isinstance(document, list):
        raise TypeError(document)
    return document


def _text(document: object) -> str:
    if not isinstance(document, str):
        raise TypeError(document)
    return document


def _optional_text(document: object) -> str | None:
    return None if document is None else _text(document)


def _name(document: object) -> NormalizedName:
    text = _text(document)
    if canonicalize_name(text) != text:
        raise ValueError(text)
    return NormalizedName(text)


def _names(document: object) -> tuple[NormalizedName, ...]:
    return tuple(_name(name) for name in _list(document))
