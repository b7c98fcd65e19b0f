"""Steps that others took: a shared store claims that a step made a wheel.

Which wheel a step makes cannot be checked without taking it: who names a shared store trusts who
fills it, and the record says so. What can be checked is: bytes by their hash, and the wheel as if
it came out of a container. What does not pass is built here.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import re
from typing import TYPE_CHECKING, Any, Final

from attrs import frozen

from podwheel import log
from podwheel.archives import expect, read_wheel
from podwheel.archives.elf import check_machine
from podwheel.build.records import remember_wheel
from podwheel.build.step import Usage
from podwheel.errors import PodwheelError, WheelRejected

if TYPE_CHECKING:
    from podwheel.build.project import Project
    from podwheel.build.step import Step
    from podwheel.index.shared import SharedStore
    from podwheel.model import Interpreter
    from podwheel.store import Store

_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_MOST_REQUIRED: Final = 1000
_MOST_COST: Final = 1e15


@frozen(kw_only=True)
class SharedSteps:
    """Brings what a shared store has of this run's steps into the own store."""

    store: Store
    shared: SharedStore | None
    python: Interpreter
    """The target's."""

    def step(self, step: Step, project: Project) -> dict[str, Any] | None:
        """The document of a step that others took, now in the own store with its wheel; None: there is none."""
        claim = None if self.shared is None else self.shared.document("step", step.id)
        if self.shared is None or claim is None:
            return None
        try:
            document = self._brought(self.shared, claim, project)
        except (PodwheelError, KeyError, TypeError, ValueError, AttributeError) as error:
            log.get().warning(
                "shared.refused", title=project.title, store=self.shared.shown, reason=str(error)
            )
            return None
        self.store.write("step", step.id, document)
        return document

    def requires(self, question: str) -> dict[str, Any] | None:
        """What a backend asked for when others asked it; a claim, too: another answer is another step."""
        claim = None if self.shared is None else self.shared.document("requires", question)
        asked = claim.get("requires") if isinstance(claim, dict) else None
        if not isinstance(asked, list) or len(asked) > _MOST_REQUIRED:
            return None
        if not all(isinstance(one, str) for one in asked):
            return None
        document = {"requires": asked}
        self.store.write("requires", question, document)
        return document

    def _brought(self, shared: SharedStore, claim: Any, project: Project) -> dict[str, Any]:
        sha256 = _digest(claim["wheel"])
        known = shared.document("wheel", sha256)
        path = shared.blob(sha256)
        if known is None or path is None:
            raise WheelRejected("it has the step, and not its wheel")
        wheel = read_wheel(path, filename=str(known["filename"]), linked=True)
        expect(wheel, name=project.name, version=project.version, tags=self.python.tags, built=True)
        check_machine(wheel, self.python)
        written = _digest(claim["log"])
        usage = _usage(claim["usage"])
        with contextlib.suppress(PodwheelError):  # the wheel is good without it
            shared.blob(written)
        remember_wheel(self.store, wheel)
        return {
            "wheel": sha256,
            "log": written,
            "usage": usage.to_json(),
            "notes": [f"taken from a shared store ({shared.shown}): not built here"],
            "shared": shared.shown,
        }


def _usage(claim: Any) -> Usage:
    """What it cost, by their word; checked for what a record can hold."""
    usage = Usage.from_json(claim)
    dt.datetime.fromisoformat(usage.started)
    counted = usage.compilations
    asked = () if counted is None else (counted.found, counted.compiled)
    optional = (usage.cpu_seconds, usage.hooks_cpu_seconds, usage.peak_memory)
    numbers = [usage.seconds, *asked, *(n for n in optional if n is not None)]
    if not all(isinstance(n, int | float) and 0 <= n < _MOST_COST for n in numbers):
        raise WheelRejected("what it says of the step's cost is no number")
    return usage


def _digest(value: Any) -> str:
    if not isinstance(value, str) or not _SHA256.fullmatch(value):
        raise WheelRejected("what it says of the step is no hash")
    return value
