"""What a person sees on stderr while it takes four minutes.

One line a step when it ends; on a terminal the running steps live below, with their time;
piped, a line now and then says what still runs, so that a CI log is never silent for long.
"""

from __future__ import annotations

import contextlib
import json
import sys
import threading
import time
from typing import TYPE_CHECKING, Any, Final

from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from podwheel.text import harmless

if TYPE_CHECKING:
    from collections.abc import Callable

    from podwheel.log import Event

_HEARTBEAT: Final = 30.0
"""Seconds of silence after which piped output says what is running."""
_MOST_SHOWN: Final = 8


def seconds(amount: float) -> str:
    """``0.4 s``, ``12 s``, ``3 min 05 s``."""
    if amount < 9.95:
        return f"{amount:.1f} s"
    if amount < 59.5:
        return f"{amount:.0f} s"
    minutes, rest = divmod(round(amount), 60)
    return f"{minutes} min {rest:02d} s"


def size(amount: int) -> str:
    """``812 B``, ``14 kB``, ``3.2 MB``."""
    if amount < 1000:
        return f"{amount} B"
    if amount < 999_500:
        return f"{amount / 1000:.0f} kB"
    return f"{amount / 1_000_000:.1f} MB"


class JsonDisplay:
    """``--log-format json``: every event as a line of JSON on stderr."""

    def __init__(self, *, verbose: bool) -> None:
        self._verbose = verbose

    def show(self, event: Event) -> None:
        if self._verbose or event["level"] != "debug":
            sys.stderr.write(json.dumps(event, default=str, ensure_ascii=True) + "\n")
            sys.stderr.flush()

    def close(self) -> None:
        """Nothing is held."""


class TerminalDisplay:
    """Lines for people.

    Args:
        verbose: Show the builds' own output, and debug events.
        quiet: Only warnings and errors.
    """

    def __init__(self, *, verbose: bool = False, quiet: bool = False) -> None:
        self._verbose, self._quiet = verbose, quiet
        self.console = Console(stderr=True, highlight=False, soft_wrap=True)
        self._running: dict[str, float] = {}
        self._last = time.monotonic()
        self._closed = threading.Event()
        self._live: Live | None = None
        if self.console.is_terminal and not quiet:
            self._live = Live(
                get_renderable=self._running_lines,
                console=self.console,
                refresh_per_second=4,
                transient=True,
            )
        elif not quiet:
            threading.Thread(target=self._beat, daemon=True).start()

    def show(self, event: Event) -> None:
        """Draw one event (called with the log's lock held, one at a time)."""
        # Names and words of packages are among the values: none may type into the terminal.
        event = {k: harmless(v) if isinstance(v, str) else v for k, v in event.items()}
        name, title = event["event"], str(event.get("title", ""))
        if name == "step.start":
            self._running[title] = time.monotonic()
            if self._live is not None:
                self._live.start()
        elif name in ("step.done", "step.failed", "step.waits", "step.lacks"):
            self._running.pop(title, None)
        line = self._line(name, title, event)
        if line is not None:
            self._last = time.monotonic()
            self.console.print(line)
        if self._live is not None and not self._running:
            self._live.stop()

    def close(self) -> None:
        """Leave the terminal as it was."""
        self._closed.set()
        if self._live is not None:
            self._live.stop()

    def _line(self, name: str, title: str, event: Event) -> Text | None:
        level = event["level"]
        if name == "step.output":
            return Text(f"  {title} │ {event['line']}", style="dim") if self._verbose else None
        if level == "debug":
            return Text(_plain(event), style="dim") if self._verbose else None
        if level in ("warning", "error") and name != "step.failed":
            return Text.assemble((f"{level}: ", "bold yellow"), _told(event))
        if self._quiet:
            return None
        drawn = _DRAWN.get(name)
        if drawn is not None:
            return drawn(title, event)
        return Text(f"  · {_told(event)}") if name in _WORDS else None

    def _running_lines(self) -> Group:
        now = time.monotonic()
        running = list(self._running.items())
        lines = [
            Text(f"  … {title}  {seconds(now - since)}", style="cyan")
            for title, since in running[:_MOST_SHOWN]
        ]
        if len(running) > _MOST_SHOWN:
            lines.append(Text(f"  … and {len(running) - _MOST_SHOWN} more", style="cyan"))
        return Group(*lines)

    def _beat(self) -> None:
        while not self._closed.wait(1.0):
            now = time.monotonic()
            if self._running and now - self._last > _HEARTBEAT:
                self._last = now
                running = ", ".join(
                    f"{title} ({seconds(now - since)})"
                    for title, since in list(self._running.items())
                )
                with contextlib.suppress(OSError):
                    self.console.print(Text(f"  … still running: {running}"))


def _done(title: str, event: Event) -> Text:
    return Text.assemble(
        ("  ✓ ", "green"), f"{title:<44} ", (f"{seconds(event['seconds']):>12}", "dim")
    )


def _failed(title: str, event: Event) -> Text:
    return Text.assemble(("  ✗ ", "bold red"), f"{title:<44} ", (str(event.get("what", "")), "red"))


def _lacking(title: str, event: Event) -> Text:
    return Text.assemble(("  + ", "yellow"), f"{title:<44} ", (str(event["lacks"]), "yellow"))


def _reused(title: str, _event: Event) -> Text:
    return Text.assemble(("  = ", "green"), f"{title:<44} ", ("   from store", "dim"))


def _resolved(_title: str, event: Event) -> Text:
    number = event["packages"]
    return Text.assemble(
        ("  ✓ ", "green"), f"resolved {number} {'package' if number == 1 else 'packages'}"
    )


def _image(_title: str, event: Event) -> Text:
    return Text(f"  … making the image {event['image']}", style="cyan")


def _image_done(_title: str, event: Event) -> Text:
    return _done(f"image {event['image']}", event)


def _target(_title: str, event: Event) -> Text:
    return Text(f"{event['target']}:", style="bold")


_DRAWN: Final[dict[str, Callable[[str, Event], Text]]] = {
    "step.done": _done,
    "step.failed": _failed,
    "step.lacks": _lacking,
    "step.reused": _reused,
    "resolve.done": _resolved,
    "image.building": _image,
    "image.built": _image_done,
    "target.start": _target,
}

_WORDS: Final = {
    "build.cycle": "{title} needs itself to be built: upstream's wheel of {bootstrap} breaks the circle",
    "build.seed": "{title} is built with the seed {seed}: there is no source of it",
    "ccache.missing": "ccache is not to be had on {target} ({reason}): what is compiled is compiled without a cache",
    "cargo.without": "{project} is built without the crates of its Rust code: {reason}",
    "crates.fetch": "crates fetched: {number}, in {seconds} s",
    "external.unread": "{project}: of its [external] table (PEP 725) these cannot be read: {entries}",
    "git.fetch": "fetching {url}",
    "git.submodule.undeclared": "{url}: the submodule at {path} is not in .gitmodules, and is left out",
    "index.find_links.missing": "--find-links {location}: there is nothing",
    "index.keyring.failed": "the keyring failed ({reason}) and is not asked again",
    "index.keyring.unusable": "the keyring cannot be used ({reason})",
    "index.no_hashes": "{index} gives no hashes: what comes from it is recorded by its own",
    "requirements.also_directory": "{origin}: {name} is taken from the index; the directory here is ./{name}",
    "requirements.editable": "{origin}: {requirement} is built as source; a wheel is never editable",
    "requirements.empty": "no requirement in {files}",
    "requirements.find_links_missing": "{origin}: --find-links {path}: there is no such directory",
    "requirements.option_ignored": "{origin}: {option} means nothing here, and is ignored",
    "requirements.unset_variable": "{origin}: not set, and left as written: {variables}",
    "resolve.candidate.unusable": "{name} {version} is passed over: {reason}",
    "resolve.extra.unknown": "{name} {version} has no extra {extra}",
    "resolve.older": "{name} {newest} has no source, only wheels: {version} is built instead",
    "resolve.nothing": "nothing of what was asked is for {target}: the markers exclude it all",
    "resolve.yanked": "{name} {version} was yanked by its maintainers: {reason}",
    "sandbox.dumpable": "{container}: the guest could not make itself undumpable",
    "sandbox.weak": "the kernel does not hold every step to its {limits} here: podwheel doctor tells what holds, and how to mend it",
    "sandbox.log_incomplete": "a log is incomplete: {error}",
    "sandbox.survivors": "{container} left processes behind, which were killed: {processes}",
    "settings.misspelt": "[package.{name}] of {file}: nothing of that name was built or resolved; did you mean {near}?",
    "shared.failed": "the shared store {store} is not asked again: {reason}",
    "shared.refused": "{title}: what the shared store {store} has is not taken, and built here: {reason}",
    "supplies.degraded": "{title} left its compiled part out: again with {lacks}",
    "supplies.programs": "{title} asks the index for what the distribution has: {programs}",
    "supplies.unusable": "{project}: what it was known to need cannot be installed any more ({packages}: {reason})",
    "capture.cpu": "compiled for {asked}; whether the server's CPU ({server}, says {capture}) can run that is not known",
    "server.unprovided": "{library} is in no wheel and in no package of the target: {needed_by}",
    "settings.secret": "{where} of podwheel.toml: {names} looks like a secret, and the package's code can read it",
    "store.damaged": "{what} of the store is damaged: it is set aside ({aside}), and made again when it is needed",
    "sweep.done": "put away what killed podwheels had half made: {attempts} in all",
    "sweep.failed": "{place}, left by a podwheel that was killed, cannot be put away: {error}",
    "verify.loads": "an import loads what the target has not: again with {packages}",
    "wheelhouse.newer": "on {target} pip may prefer {other} to {own}, as long as the requirements allow: install from pylock.toml there",
    "verify.undeclared": "{title} imports what it was built with and does not require: again with {beside}",
    "verify.kept": "these wheels were installed and imported on this {target} before: not again",
}
"""Events that are told in a sentence; the keys are the event's."""


def _told(event: Event) -> str:
    """An event in words: its ``message``, or a sentence of `_WORDS`, else its name and keys."""
    if "message" in event:
        return str(event["message"])
    words = _WORDS.get(event["event"])
    if words is None:
        return _plain(event)
    return words.format_map({k: _listed(v) for k, v in event.items()})


def _listed(value: Any) -> Any:
    return harmless(", ".join(map(str, value))) if isinstance(value, list | tuple) else value


def _plain(event: Event) -> str:
    keys = ((k, v) for k, v in event.items() if k not in ("event", "level", "timestamp"))
    return " ".join([str(event["event"]), *(f"{k}={v}" for k, v in keys)])
