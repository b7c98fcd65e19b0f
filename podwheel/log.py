"""structlog, set up once.

Events are constants (``"step.done"``), variables are keys. Every event goes to a JSON-lines
file; what a person sees on stderr is drawn from the same events by a *display* (cli/).
stdout carries results only.
"""

from __future__ import annotations

import contextlib
import functools
import json
import threading
import time
from typing import IO, TYPE_CHECKING, Any, Protocol

import structlog

from podwheel.errors import Interrupted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, MutableMapping
    from pathlib import Path

Event = dict[str, Any]

OUTPUT = "step.output"
"""A line that a build printed, for the display."""


class Display(Protocol):
    """Draws events for people (or, with ``--log-format json``, for programs)."""

    def show(self, event: Event) -> None:
        """Show one event: ``event`` (its name), ``level``, ``timestamp`` and its keys.

        Every event comes, ``debug`` ones too: how much is shown is the display's choice.
        """


class _Sinks:
    """The last processor: one event to the file and to the display, never interleaved."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.file: IO[str] | None = None
        self.display: Display | None = None

    def __call__(self, _logger: Any, _method: str, event: MutableMapping[str, Any]) -> str:
        with self.lock:
            # What builds print is in their own logs, which have a limit; this file has none.
            if self.file is not None and event["event"] != OUTPUT:
                self._write(self.file, json.dumps(event, default=str, ensure_ascii=True))
            if self.display is not None:
                with contextlib.suppress(OSError):  # a terminal that is gone ends no build
                    self.display.show(dict(event))
        raise structlog.DropEvent

    def _write(self, file: IO[str], line: str) -> None:
        """To the file, as long as there is room: what the disk is needed for will tell that it is full."""
        try:
            file.write(f"{line}\n")
            file.flush()
        except OSError:
            self.file = None
            with contextlib.suppress(OSError):
                file.close()


_sinks = _Sinks()


def configure(display: Display | None) -> None:
    """Send all events from now on to *display*; `add_file` adds the run's file."""
    _sinks.display = display
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            _sinks,
        ],
        wrapper_class=structlog.BoundLogger,
        cache_logger_on_first_use=False,
    )


def add_file(file: Path) -> None:
    """Append all events from now on to *file* as JSON lines; the one before it is closed."""
    file.parent.mkdir(parents=True, exist_ok=True)
    opened = file.open("a", encoding="utf-8")
    with _sinks.lock:
        if _sinks.file is not None:
            _sinks.file.close()
        _sinks.file = opened


def get() -> structlog.BoundLogger:
    """A logger; bind a wheel's context to it once."""
    logger: structlog.BoundLogger = structlog.get_logger()
    return logger


class Step:
    """A step that is being told of; made by `step`."""

    def __init__(self, log: structlog.BoundLogger) -> None:
        self.log = log
        self._ended_as: Callable[..., Any] = functools.partial(log.info, "step.done")

    def waits(self) -> None:
        """It ends here without having come to its end, and will start again."""
        self._ended_as = functools.partial(self.log.info, "step.waits")

    def lacks(self, what: str) -> None:
        """It ends here for lack of *what*, which is brought, and will start again."""
        self._ended_as = functools.partial(self.log.info, "step.lacks", lacks=what)

    def fails(self, what: str) -> None:
        """Its end is a failure, though not an exception."""
        self._ended_as = functools.partial(self.log.error, "step.failed", what=what)

    def end(self, seconds: float) -> None:
        """Tell how it ended."""
        self._ended_as(seconds=round(seconds, 3))


@contextlib.contextmanager
def step(title: str, **bound: Any) -> Iterator[Step]:
    """Tell of one step: ``step.start``, then ``step.done`` or ``step.failed``, with its seconds.

    Args:
        title: ``build numpy 2.1``; its first word is the step's ``kind``.
        bound: Keys of all its events.
    """
    told = Step(get().bind(title=title, kind=title.split(maxsplit=1)[0].rstrip(":"), **bound))
    started = time.monotonic()
    told.log.info("step.start")
    try:
        yield told
    except Interrupted:
        told.waits()
        raise
    except Exception as error:
        told.fails(str(error))
        raise
    except BaseException:
        told.waits()
        raise
    finally:
        told.end(time.monotonic() - started)
