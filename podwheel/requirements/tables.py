"""One table of a TOML file that a user wrote, read key by key with the type that is wanted.

Every error names the file and the full key, and says what would be right.
"""

from __future__ import annotations

import difflib
import re
import shlex
from typing import TYPE_CHECKING, Any

from attrs import frozen

from podwheel.errors import SettingsError
from podwheel.requirements.urls import absolute

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_UNITS = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}
_SHA256 = re.compile(r"[0-9a-f]{64}")


@frozen(kw_only=True)
class Table:
    """The values of one table. What reads them raises `SettingsError` for a wrong type."""

    file: Path
    """Absolute; relative paths start at its directory."""
    prefix: str = ""
    """Of its keys, for messages: ``package.numpy.``, ``seed 2: ``."""
    values: Mapping[str, Any]

    def check_keys(self, known: Collection[str]) -> None:
        """See that there is no key but the *known*."""
        for key, value in self.values.items():
            if key in known:
                continue
            close = difflib.get_close_matches(key.replace("_", "-"), known, n=1)
            hint = f"did you mean {close[0]} ?" if close else f"known here: {', '.join(known)}"
            if self.prefix and not close and isinstance(value, dict):
                name = f"{self.prefix.removeprefix('package.')}{key}".replace('"', "")
                hint = f'a name with a dot is quoted: [package."{name}"]'
            what = f"{self.file}: unknown key {self.prefix}{quoted(key)}"
            raise SettingsError(what, hint=hint)

    def wrong(self, key: str, why: str, hint: str = "") -> SettingsError:
        """The error for what *key* says; an empty key is the table itself."""
        name = f"{self.prefix}{key}" if key else self.prefix.rstrip(".: ")
        return SettingsError(f"{self.file}: {name}: {why}", hint=hint)

    # ------------------------------------------------------------ single values

    def string(self, key: str) -> str | None:
        """A string that is not empty; None where there is none."""
        value = self.values.get(key)
        if value is not None and (not isinstance(value, str) or not value):
            what = "an empty string" if value == "" else kind(value)
            raise self.wrong(key, f"is {what}, not a string", f'{key} = "…"')
        return value

    def amount(self, key: str) -> float | None:
        """A number above zero; None where there is none."""
        value = self.values.get(key)
        if value is None:
            return None
        if not isinstance(value, (int, float)) or isinstance(value, bool):
            raise self.wrong(key, f"is {kind(value)}, not a number", f"{key} = 60")
        if not 0 < value < float("inf"):
            raise self.wrong(key, f"is {value}: a number above zero is wanted")
        return value

    def size(self, key: str) -> int | None:
        """Bytes: a number, or ``"8G"``; None where there is none."""
        value = self.values.get(key)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, (int, str)):
            raise self.wrong(key, f"is {kind(value)}, not a size", f'{key} = "8G"')
        try:
            return size_of(str(value))
        except ValueError as error:
            raise self.wrong(key, str(error), f'{key} = "8G"') from None

    def needed(self, key: str) -> str:
        """A string that must be there."""
        value = self.string(key)
        if value is None:
            raise self.wrong(key, "is missing", f'{key} = "…"')
        return value

    def boolean(self, key: str) -> bool:
        """False where there is none."""
        value = self.values.get(key, False)
        if not isinstance(value, bool):
            raise self.wrong(key, f"is {kind(value)}, not a boolean", f"{key} = true")
        return value

    def sha256(self, key: str = "sha256") -> str:
        """64 hex digits, lower-case; ``sha256:`` may stand before them."""
        digest = self.needed(key).lower().removeprefix("sha256:")
        if not _SHA256.fullmatch(digest):
            raise self.wrong(key, "is no sha256: 64 hex digits are wanted")
        return digest

    def file_at(self, key: str, name: str) -> Path:
        """The file that a value of *key* names."""
        path = absolute(name, self.file.parent)
        if not path.is_file():
            hint = f"paths are relative to {self.file.parent}"
            raise self.wrong(key, f"there is no file {path}", hint)
        return path

    # ------------------------------------------------------------ lists and tables

    def strings(self, key: str) -> tuple[str, ...]:
        """A list of strings that are not empty."""
        value = self.values.get(key, [])
        if not isinstance(value, list):
            raise self.wrong(key, f"is {kind(value)}, not a list", f'{key} = ["…"]')
        for one in value:
            if not isinstance(one, str) or not one.strip():
                what = "an empty string" if isinstance(one, str) else kind(one)
                raise self.wrong(key, f"holds {what}: strings are wanted")
        return tuple(value)

    def words(self, key: str) -> tuple[str, ...]:
        """A list of words, or a string that a shell would split into them (nothing is expanded)."""
        value = self.values.get(key)
        if not isinstance(value, str):
            return self.strings(key)
        try:
            return tuple(shlex.split(value))
        except ValueError as error:
            raise self.wrong(key, f"cannot be split: {error}") from None

    def table(self, key: str) -> Table:
        """``[key]``; empty where there is none."""
        value = self.values.get(key, {})
        if not isinstance(value, dict):
            raise self.wrong(key, f"is {kind(value)}, not a table")
        return Table(file=self.file, prefix=f"{self.prefix}{key}.", values=value)

    def tables(self, key: str) -> tuple[Table, ...]:
        """``[[key]]``, numbered from 1 in messages."""
        value = self.values.get(key, [])
        if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
            raise self.wrong(key, "is no list of tables", f"[[{self.prefix}{key}]]")
        return tuple(
            Table(file=self.file, prefix=f"{self.prefix}{key} {number}: ", values=one)
            for number, one in enumerate(value, 1)
        )

    def variables(self, key: str) -> tuple[tuple[str, str], ...]:
        """Environment variables, sorted by name."""
        table = self.table(key)
        for name, value in table.values.items():
            if not VARIABLE.fullmatch(name):
                raise table.wrong(quoted(name), "is no variable's name")
            if not isinstance(value, str):
                hint = f'{name} = "{value}"'
                raise table.wrong(quoted(name), f"is {kind(value)}, not a string", hint)
            if "\0" in value:
                raise table.wrong(quoted(name), "holds a NUL character")
        return tuple(sorted(table.values.items()))


def size_of(text: str, *, least: int = 1) -> int:
    """``8G``, ``512M`` or a number of bytes.

    Raises:
        ValueError: It is no size.
    """
    bare = text.strip().upper().removesuffix("IB").removesuffix("B")
    number, unit = (bare[:-1], _UNITS[bare[-1]]) if bare[-1:] in _UNITS else (bare, 1)
    try:
        amount = int(float(number) * unit)
    except (ValueError, OverflowError):
        amount = -1
    if amount < least:
        raise ValueError(f"{text!r} is no size; write 512M, 8G or a number of bytes")
    return amount


def kind(value: Any) -> str:
    """What a TOML value is, as people say it."""
    kinds = {bool: "a boolean", str: "a string", int: "a number", float: "a number"}
    if isinstance(value, list):
        return "a list"
    if isinstance(value, dict):
        return "a table"
    return kinds.get(type(value), f"a {type(value).__name__}")


def quoted(key: str) -> str:
    """*key* as TOML spells it."""
    return key if re.fullmatch(r"[A-Za-z0-9_-]+", key) else f'"{key}"'
