"""A container's standard error: to a file, to a watcher, and to the clock that measures silence."""

from __future__ import annotations

import os
import threading
import time
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_READ = 1 << 16
_LONGEST_LINE = 8192  # for the watcher; a progress bar without newlines is cut into pieces
_TAIL = 4096


def visible(text: str) -> str:
    """*text* with control characters spelled out: a build must not write escape sequences to a terminal."""
    return text if text.isprintable() else text.translate(_SPELT)


class _Spelling(dict[int, str]):
    """What each character is shown as; a flood of them must not cost us more than the build."""

    def __missing__(self, code: int) -> str:
        c = chr(code)
        plain = c.isprintable() or c == "\t"
        self[code] = c if plain else c.encode("unicode_escape", "replace").decode()
        return self[code]


_SPELT = _Spelling()


class Pump(threading.Thread):
    """Drains *source* to its end, whatever becomes of the file or the watcher.

    Args:
        source: A descriptor; closed at the end.
        log: The file; what is there already stays.
        limit: Bytes kept in it; then one line says that it was cut.
        watch: Gets each line, decoded and made visible. An exception of its own stops the watching.
    """

    def __init__(
        self, source: int, log: Path, limit: int, watch: Callable[[str], None] | None
    ) -> None:
        super().__init__(name="podwheel-log", daemon=True)
        self.last_heard = time.monotonic()
        """When the last byte came."""
        self.trouble: Exception | None = None
        """Why the log is not complete (a full disk), or the watcher's own error."""
        self._source = source
        self._left = limit
        self._limit = limit
        self._watch = watch
        self._tail = b""
        log.parent.mkdir(parents=True, exist_ok=True)
        self._file: IO[bytes] | None = log.open("ab", buffering=0)

    @property
    def tail(self) -> str:
        """The last lines, for messages."""
        return "\n".join(
            visible(line) for line in self._tail.decode("utf-8", "replace").splitlines()
        )

    def run(self) -> None:
        line = b""
        try:
            while data := os.read(self._source, _READ):
                self.last_heard = time.monotonic()
                self._tail = (self._tail + data)[-_TAIL:]
                self._keep(data)
                line = self._show(line + data)
            if line:
                self._tell(line)
        finally:
            os.close(self._source)
            if self._file is not None:
                self._file.close()

    def _keep(self, data: bytes) -> None:
        if self._file is None:
            return
        try:
            self._file.write(data[: self._left])
            self._left -= len(data)
            if self._left < 0:
                self._file.write(
                    b"\npodwheel: the log was cut here, at its limit of %d bytes\n" % self._limit
                )
        except OSError as error:  # the build goes on: it does not depend on its log
            self.trouble = error
            self._left = -1
        if self._left < 0:
            self._file.close()
            self._file = None

    def _show(self, data: bytes) -> bytes:
        """Tell the complete lines of *data*; the rest."""
        if self._watch is None:
            return b""
        *lines, rest = data.split(b"\n")
        for line in lines:
            self._tell(line)
        while len(rest) > _LONGEST_LINE:
            self._tell(rest[:_LONGEST_LINE])
            rest = rest[_LONGEST_LINE:]
        return rest

    def _tell(self, line: bytes) -> None:
        if self._watch is None:
            return
        try:
            self._watch(visible(line[:_LONGEST_LINE].rstrip(b"\r").decode("utf-8", "replace")))
        except Exception as error:  # noqa: BLE001 - kept for the session; draining must go on
            self.trouble = error
            self._watch = None
