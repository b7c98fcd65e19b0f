"""Core metadata, read as leniently as pip reads it, and no more.

Old packages have odd fields in plenty; only the few that a resolver needs can make a
candidate unusable, and the message then shows the line.
"""

from __future__ import annotations

from typing import Any

from packaging.metadata import RawMetadata, parse_email
from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion

from podwheel import log, strangers
from podwheel.errors import MetadataUnusable
from podwheel.model import Metadata

_MOST_REQUIREMENTS = 10_000


def parse_metadata(data: bytes, *, where: str) -> Metadata:
    """Read ``METADATA`` or ``PKG-INFO`` (the core metadata specification, any version).

    Args:
        data: The file's bytes.
        where: What to call it in messages, ``pkg-1.0.tar.gz: PKG-INFO``.

    Raises:
        MetadataUnusable: No usable name or version, or a ``Requires-Dist`` that PEP 508 does
            not allow. Like pip, an invalid ``Requires-Python`` counts as none.
    """
    return metadata_of(*read_fields(data, where=where), where=where)


def read_fields(data: bytes, *, where: str) -> tuple[RawMetadata, dict[str, list[str]]]:
    """The fields as `packaging.metadata.parse_email` gives them, and those it could not.

    Raises:
        MetadataUnusable: The bytes are no header block at all.
    """
    try:
        return parse_email(data)
    except Exception as error:  # the email package raises what it likes on hostile input
        raise MetadataUnusable(f"{where} cannot be read ({error})") from error


def metadata_of(fields: RawMetadata, unparsed: dict[str, list[str]], *, where: str) -> Metadata:
    """The metadata in what `read_fields` returned; see `parse_metadata`."""
    name = _single("name", fields, unparsed, where)
    written = _single("version", fields, unparsed, where)
    try:
        version = strangers.version(written)
    except InvalidVersion as error:
        raise MetadataUnusable(f"{where}: {written[:200]!r} is not a version (PEP 440)") from error
    if "requires-dist" in unparsed:
        raise MetadataUnusable(f"{where}: a Requires-Dist line is not UTF-8")
    required = fields.get("requires_dist") or ()
    if len(required) > _MOST_REQUIREMENTS:
        raise MetadataUnusable(f"{where} has {len(required)} requirements")
    return Metadata(
        name=name,
        version=version,
        requires=tuple(_requirement(line, where=where) for line in required),
        requires_python=_requires_python(fields, unparsed, where),
        extras=frozenset(canonicalize_name(extra) for extra in fields.get("provides_extra") or ()),
    )


def _single(field: str, fields: RawMetadata, unparsed: dict[str, list[str]], where: str) -> str:
    value: Any = fields.get(field)
    # Some old tools wrote a field twice; that is harmless where both say the same.
    values = {value} if value else set(unparsed.get(field, ()))
    if len(values) != 1:
        raise MetadataUnusable(f"{where} has {'no' if not values else 'more than one'} {field}")
    return str(values.pop()).strip()


def _requirement(line: str, *, where: str) -> Requirement:
    try:
        return strangers.requirement(line)
    except InvalidRequirement as error:
        raise MetadataUnusable(
            f"{where}: invalid requirement in the line `Requires-Dist: {line[:200]}`",
            said=str(error),
        ) from error


def _requires_python(
    fields: RawMetadata, unparsed: dict[str, list[str]], where: str
) -> SpecifierSet | None:
    written = fields.get("requires_python") or next(iter(unparsed.get("requires-python", ())), None)
    if not written:
        return None
    try:
        return strangers.specifiers(written)
    except InvalidSpecifier:
        log.get().debug("metadata.requires_python_ignored", where=where, value=written)
        return None
