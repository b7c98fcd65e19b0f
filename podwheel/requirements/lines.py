"""A requirements file's bytes, decoded and split into logical lines, by pip's rules.

The order is pip's and it matters: lines are joined, then comments removed, then variables
expanded (https://pip.pypa.io/en/stable/reference/requirements-file-format/). So a ``#`` in
a variable's value starts no comment, and a comment line ends a continuation.
"""

from __future__ import annotations

import codecs
import re
from typing import TYPE_CHECKING

from attrs import field, frozen

from podwheel.model import Origin
from podwheel.requirements.problems import mask, problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

MAX_BYTES = 16 << 20
MAX_LINES = 100_000
_SECRET_CHARACTERS = 4  # shorter ones are no secrets, and would be found in any word

# UTF-32's little-endian mark begins with UTF-16's, so it is tried first.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_CODING = re.compile(rb"coding[:=]\s*([-\w.]+)")  # PEP 263, in one of the first two lines
_COMMENT = re.compile(r"(^|\s+)#.*$")
_VARIABLE = re.compile(r"\$\{([A-Z0-9_]+)\}")


@frozen(kw_only=True)
class Line:
    """One logical line that is not empty."""

    number: int
    """1-based, of its first physical line."""
    raw: str
    """Joined, without comment; variables as written."""
    text: str = field(repr=False)
    """With variables expanded: may hold secrets, so messages show `shown` instead."""
    values: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    """The variables that were expanded, with what they hold."""
    unset: tuple[str, ...] = ()
    """Variables that the environment does not have; they stand as they were written."""

    @property
    def shown(self) -> str:
        return mask(self.raw)

    def hide(self, text: str) -> str:
        """*text* (a message about this line) with variables named in place of their values."""
        for name, value in self.values:
            if len(value) >= _SECRET_CHARACTERS:
                text = text.replace(value, f"${{{name}}}")
        return text


def load(path: Path, origin: Origin) -> bytes:
    """The bytes of *path*, which may be a pipe (``-r <(…)``).

    Args:
        origin: Where the file was asked for; its source is the file's name for messages.

    Raises:
        RequirementsFileError: It cannot be read, or is larger than `MAX_BYTES`.
    """
    try:
        with path.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise problem(origin, "no such file") from None
    except IsADirectoryError:
        hint = f"a project's directory is given without -r: podwheel build {origin.source}"
        raise problem(origin, "is a directory, not a file", hint=hint) from None
    except OSError as error:
        raise problem(origin, f"cannot be read: {error.strerror}") from error
    if len(data) > MAX_BYTES:
        raise problem(origin, f"is larger than {MAX_BYTES >> 20} MiB")
    return data


def decode(data: bytes, origin: Origin) -> str:
    """The text of *data*: by its byte order mark, its coding comment, else UTF-8.

    pip would fall back to the locale's encoding; podwheel does not, so that one file means
    the same on every host.
    """
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return _decoded(data[len(mark) :], encoding, origin)
    for line in data.split(b"\n", 2)[:2]:
        if line.startswith(b"#") and (found := _CODING.search(line)):
            return _decoded(data, found[1].decode("ascii", "replace"), origin)
    return _decoded(data, "utf-8", origin)


def _decoded(data: bytes, encoding: str, origin: Origin) -> str:
    try:
        return data.decode(encoding)
    except LookupError:  # unknown, or from bytes to bytes like "hex"
        raise problem(
            origin, f"its coding comment names {encoding!r}: no such text encoding"
        ) from None
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        at = Origin(source=origin.source, line=line, parent=origin.parent)
        raise problem(
            at,
            f"byte 0x{data[error.start]:02x} is not {encoding}",
            hint='save the file as UTF-8, or begin it with "# -*- coding: latin-1 -*-"',
        ) from None
    except UnicodeError as error:  # what "idna" or "undefined" raise
        raise problem(origin, f"cannot be read as {encoding}: {error}") from None


def logical(text: str, origin: Origin, environ: Mapping[str, str]) -> Iterator[Line]:
    """The logical lines of *text*.

    Raises:
        RequirementsFileError: More than `MAX_LINES` lines.
    """
    physical = text.splitlines()
    if len(physical) > MAX_LINES:
        raise problem(origin, f"has more than {MAX_LINES} lines")
    for number, joined in _join(enumerate(physical, start=1)):
        raw = _COMMENT.sub("", joined).strip()
        if raw:
            names = sorted(set(_VARIABLE.findall(raw)))
            expanded = _VARIABLE.sub(lambda found: environ.get(found[1]) or found[0], raw)
            yield Line(
                number=number,
                raw=raw,
                text=expanded,
                values=tuple((name, environ[name]) for name in names if environ.get(name)),
                unset=tuple(name for name in names if not environ.get(name)),
            )


def _join(physical: Iterable[tuple[int, str]]) -> Iterator[tuple[int, str]]:
    """Lines that end in a backslash, joined to the next; a comment line ends a continuation."""
    first = 0
    parts: list[str] = []
    for number, line in physical:
        comment = _COMMENT.match(line) is not None
        first = first if parts else number
        if line.endswith("\\") and not comment:
            parts.append(line.strip("\\"))
            continue
        # The blank keeps "#" at the start of a word when it is joined: a comment still.
        parts.append(f" {line}" if comment else line)
        yield first, "".join(parts)
        parts = []
    if parts:  # the file's last line ends in a backslash
        yield first, "".join(parts)
