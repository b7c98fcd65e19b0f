"""From what a run made to what `publish` writes: entries, lock and record."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Literal

from podwheel import __version__, log
from podwheel.seal.entry import BuildRequirement, Entry, public_url
from podwheel.seal.lock import make_lock
from podwheel.seal.publish import is_current, publish
from podwheel.seal.record import (
    RECORD,
    EnvironmentRecord,
    PackageRecord,
    RunRecord,
    StepRecord,
    TargetRecord,
    read_record,
)
from podwheel.store import digest_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from podwheel.build.step import Built, Step, Usage
    from podwheel.build.workshop import Workshop
    from podwheel.model import Pin, Resolution, Target
    from podwheel.prove.verdict import Proof, Verdict


def seal(
    workshop: Workshop,
    directory: Path,
    *,
    resolution: Resolution,
    built: Sequence[Built],
    verdict: Verdict | None,
) -> None:
    """Publish the wheelhouse of a run; one that is there and is the same is left as it is.

    Args:
        directory: Absolute.
        built: One a pin of *resolution*, in its order.

    Raises:
        WheelhouseUnusable: What is there is not ours to replace.
        DiskFull, HostError: It cannot be written; what was there is there still.
    """
    entries = [_entry(pin, one) for pin, one in zip(resolution.pins, built, strict=True)]
    lock = make_lock(entries, target=workshop.target, podwheel=__version__)
    if is_current(directory, entries=entries, lock=lock) and (
        verdict is None or read_record(directory / RECORD).get("verdict") == _word(verdict)
    ):
        log.get().debug("wheelhouse.current")
        return
    logs = [(_log_name(one), path) for one in built if (path := _log(workshop, one)) is not None]
    publish(
        directory,
        entries=entries,
        lock=lock,
        record=_record(workshop, resolution, built, verdict).to_json(),
        logs=logs,
    )


def _entry(pin: Pin, built: Built) -> Entry:
    step = built.step
    return Entry(
        wheel=built.wheel,
        source="upstream" if step is None else "built",
        pin=pin,
        url=built.url,
        sha256=built.wheel.sha256 if step is None else built.source_sha256,
        commit=built.commit,
        step=None if step is None else step.id,
        build_tag=None if step is None else step.build_tag,
        build_requires=()
        if step is None
        else tuple(BuildRequirement(name=n, version=v, sha256=s) for n, v, s in step.environment),
    )


def _log(workshop: Workshop, built: Built) -> Path | None:
    return None if built.log is None else workshop.store.blob(built.log)


def _log_name(built: Built) -> str:
    return f"{built.wheel.name}-{built.wheel.version}.log"


# ------------------------------------------------------------ the record


def _record(
    workshop: Workshop, resolution: Resolution, built: Sequence[Built], verdict: Verdict | None
) -> RunRecord:
    proofs = {p.name: p for p in verdict.proofs} if verdict else {}
    steps = [b.step for b in built if b.step is not None]
    return RunRecord(
        created=dt.datetime.now(dt.UTC),
        podwheel=__version__,
        request=tuple(w.text for w in workshop.request.wanted),
        target=_target(workshop.target),
        packages=tuple(
            _package(pin, one, proofs.get(one.wheel.name))
            for pin, one in zip(resolution.pins, built, strict=True)
        ),
        steps=tuple(_step(b, b.step, b.usage) for b in built if b.step and b.usage),
        environments=tuple({_environment_id(s): _environment(s) for s in steps}.values()),
        enforced=workshop.sandbox.enforced,
        verdict=_word(verdict),
    )


def _word(verdict: Verdict | None) -> Literal["passed", "not run"]:
    return "passed" if verdict else "not run"


def _target(target: Target) -> TargetRecord:
    return TargetRecord(
        name=target.name,
        fingerprint=target.fingerprint,
        runtime_image=target.runtime.digest,
        build_image=target.build.digest,
        python=target.python.version,
        libc=" ".join(target.python.libc),
        machine=target.python.machine,
    )


def _package(pin: Pin, built: Built, proof: Proof | None) -> PackageRecord:
    wheel = built.wheel
    return PackageRecord(
        name=wheel.name,
        version=str(wheel.version),
        filename=wheel.filename,
        sha256=wheel.sha256,
        size=wheel.size,
        origin="upstream" if built.step is None else "built",
        source_url=public_url(built.url),
        source_sha256=built.source_sha256,
        commit=built.commit,
        step=None if built.step is None else built.step.id,
        wanted_by=pin.wanted_by,
        modules=wheel.modules,
        extensions=wheel.extensions,
        installed=None if proof is None else proof.installed,
        imported=None if proof is None else proof.imported,
        lost=None if proof is None else proof.lost,
        notes=built.notes,
    )


def _step(built: Built, step: Step, usage: Usage) -> StepRecord:
    started = dt.datetime.fromisoformat(usage.started)
    return StepRecord(
        id=step.id,
        package=str(built.wheel.name),
        version=str(built.wheel.version),
        outcome="reused" if built.reused else "built",
        started=started,
        ended=started + dt.timedelta(seconds=usage.seconds),
        cpu_seconds=usage.cpu_seconds,
        peak_memory=usage.peak_memory,
        environment=_environment_id(step),
        backend=step.backend,
        variables=step.variables,
        enforced=usage.enforced,
        log=f"logs/{_log_name(built)}" if built.log else None,
    )


def _environment_id(step: Step) -> str:
    return digest_of(step.environment)


def _environment(step: Step) -> EnvironmentRecord:
    return EnvironmentRecord(id=_environment_id(step), wheels=step.environment)
