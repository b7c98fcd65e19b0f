"""The wire between a session and its guest (guest/common.py is the other end).

Requests go in as one JSON object a line. Out come frames, each a JSON line::

    {"frame": "hello", "undumpable": true}          once, when the guest is up
    {"frame": "data", "length": N}                  followed by N bytes
    {"frame": "reply", "body": {…}, "usage": {…}}   ends what one request asked for

The container is hostile: a line has a length limit, a data frame too, nothing is held that was
not asked for, and every wait asks the session's deadline.
"""

from __future__ import annotations

import json
import os
import select
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

LINE_LIMIT = 8 << 20
DATA_LIMIT = 4 << 20
_READ = 1 << 18
_TICK = 0.5
_DEPTH = 64


class Misspoken(Exception):
    """What came is no frame: the container is not (or no longer) our guest's."""


class HungUp(Exception):
    """The other end is closed."""


class Wire:
    """Frames over two descriptors, which it makes non-blocking and closes.

    Args:
        into: Where requests are written.
        out_of: Where frames are read.
        check: Called at least twice a second while waiting; raises what ends the wait.
    """

    def __init__(self, into: int, out_of: int, check: Callable[[], None]) -> None:
        self._into = into
        self._out_of = out_of
        self._check = check
        self._buffer = bytearray()
        os.set_blocking(into, False)
        os.set_blocking(out_of, False)

    def send(self, request: Mapping[str, Any]) -> None:
        """Write one request.

        Raises:
            HungUp: Nobody reads it.
        """
        rest = memoryview(json.dumps(request).encode("ascii") + b"\n")
        while rest:
            self._wait(self._into, select.POLLOUT)
            try:
                rest = rest[os.write(self._into, rest) :]
            except BlockingIOError:
                continue
            except BrokenPipeError:
                raise HungUp from None

    def frame(self) -> dict[str, Any]:
        """The next frame's header.

        Raises:
            HungUp: There is none.
            Misspoken: It is not one.
        """
        start = 0
        while (end := self._buffer.find(b"\n", start)) < 0:
            start = len(self._buffer)
            if start > LINE_LIMIT:
                raise Misspoken(f"a frame's header is longer than {LINE_LIMIT} bytes")
            self._fill()
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 1]
        try:
            header = clean(json.loads(line.decode("utf-8")))
        except (ValueError, RecursionError) as error:
            raise Misspoken(f"a frame's header is not JSON: {line[:80]!r}") from error
        if not isinstance(header, dict) or header.get("frame") not in ("hello", "data", "reply"):
            raise Misspoken(f"not a frame: {line[:80]!r}")
        return header

    def data(self, header: Mapping[str, Any]) -> bytes:
        """The bytes of a data frame whose header has been read."""
        length = header.get("length")
        if type(length) is not int or not 0 <= length <= DATA_LIMIT:
            raise Misspoken(f"a data frame of length {length!r}"[:120])
        while len(self._buffer) < length:
            self._fill()
        data = bytes(self._buffer[:length])
        del self._buffer[:length]
        return data

    def end_requests(self) -> None:
        """Close the way in: a guest that waits for a request goes."""
        if self._into >= 0:
            os.close(self._into)
            self._into = -1

    def close(self) -> None:
        """Close both ways."""
        self.end_requests()
        if self._out_of >= 0:
            os.close(self._out_of)
            self._out_of = -1

    def _fill(self) -> None:
        self._wait(self._out_of, select.POLLIN)
        try:
            data = os.read(self._out_of, _READ)
        except BlockingIOError:
            return
        if not data:
            raise HungUp
        self._buffer += data

    def _wait(self, descriptor: int, event: int) -> None:
        poll = select.poll()
        poll.register(descriptor, event)
        self._check()
        while not poll.poll(_TICK * 1000):
            self._check()


def clean(value: Any, depth: int = 0) -> Any:
    """Parsed JSON without the lone surrogates that JSON can spell and no file can hold.

    Raises:
        ValueError: It is nested deeper than anything a guest says.
    """
    if depth > _DEPTH:
        raise ValueError("nested too deeply")
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, list):
        return [clean(item, depth + 1) for item in value]
    if isinstance(value, dict):
        return {clean(k): clean(v, depth + 1) for k, v in value.items()}
    return value
