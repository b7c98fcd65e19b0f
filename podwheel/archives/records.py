"""RECORD: every member of a wheel, with its hash (PEP 427, PEP 376)."""

from __future__ import annotations

import base64
import csv
import hashlib
import io

from attrs import frozen

from podwheel.archives.streams import Unreadable

# PEP 427: "sha256 or better".
_ALGORITHMS = ("sha256", "sha384", "sha512")
SIGNATURES = ("RECORD.jws", "RECORD.p7s")
"""Files beside RECORD that it does not list (PEP 427)."""


@frozen(kw_only=True)
class Row:
    """What RECORD says of one member."""

    algorithm: str
    digest: bytes
    size: int | None
    """Bytes; None where the row has none."""


def encode_digest(digest: bytes) -> str:
    """A digest as RECORD writes it: URL-safe base64 without padding."""
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")


def read_record(data: bytes, *, own_name: str) -> dict[str, Row]:
    """The rows of a RECORD by member name, without its own.

    Args:
        data: The file.
        own_name: RECORD's own name in the archive, whose row has no hash.

    Raises:
        Unreadable: It is not such a file, a hash is missing or weak, or two rows disagree.
    """
    rows: dict[str, Row] = {}
    try:
        lines = list(csv.reader(io.StringIO(data.decode("utf-8"), newline="")))
    except (UnicodeDecodeError, csv.Error) as error:
        raise Unreadable(f"its RECORD cannot be read ({error})") from error
    for line in lines:
        if not line or line[0].endswith("/") or line[0] == own_name:
            continue  # some backends list directories, too
        if len(line) != 3:
            raise Unreadable(f"its RECORD has a row of {len(line)} columns: {line!r}")
        name = line[0].replace("\\", "/")  # written so by old backends on Windows
        row = _row(name, line[1], line[2])
        if rows.setdefault(name, row) != row:
            raise Unreadable(f"its RECORD has two different rows for {name}")
    return rows


def _row(name: str, hashed: str, size: str) -> Row:
    algorithm, _, encoded = hashed.partition("=")
    if not hashed:
        raise Unreadable(f"its RECORD has no hash for {name}")
    if algorithm not in _ALGORITHMS:
        raise Unreadable(f"its RECORD has a weak or unknown hash for {name}: {algorithm}")
    try:
        digest = base64.urlsafe_b64decode(
            encoded.rstrip("=") + "=" * (-len(encoded.rstrip("=")) % 4)
        )
        length = int(size) if size else None
    except ValueError as error:
        raise Unreadable(f"its RECORD has a damaged row for {name}") from error
    if len(digest) != hashlib.new(algorithm).digest_size:
        raise Unreadable(f"its RECORD has a hash of a wrong length for {name}")
    return Row(algorithm=algorithm, digest=digest, size=length)


def write_record(rows: list[tuple[str, bytes, int]], *, own_name: str) -> bytes:
    """A RECORD of (name, sha256 digest, size) rows in the order given, its own row last."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    for name, digest, size in rows:
        writer.writerow((name, f"sha256={encode_digest(digest)}", size))
    writer.writerow((own_name, "", ""))
    return out.getvalue().encode()
