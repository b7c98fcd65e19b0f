"""From what a run made to what `publish` writes: entries, lock and record."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any, Literal

from attrs import asdict, evolve, frozen

from podwheel import __version__, log
from podwheel.requirements.secrets import published
from podwheel.seal.entry import BuildRequirement, Entry, public_url
from podwheel.seal.joint import Share, joint_entries, make_joint_lock
from podwheel.seal.lock import make_lock
from podwheel.seal.publish import forget_stages, is_current, publish
from podwheel.seal.record import (
    RECORD,
    SCHEMA,
    BundledRecord,
    CompilationsRecord,
    EnvironmentRecord,
    InputRecord,
    PackageRecord,
    RunRecord,
    RuntimePackageRecord,
    ServerRecord,
    StepRecord,
    SystemPackageRecord,
    TargetRecord,
    joint_record,
    read_record,
    run_documents,
)
from podwheel.seal.trust import TrustRoot, behind
from podwheel.store import digest_of
from podwheel.targets.installed import installed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from podwheel.build.origins import Origins
    from podwheel.build.project import Supply
    from podwheel.build.step import Built, Step, Usage
    from podwheel.build.workshop import Workshop
    from podwheel.model import Image, Pin, Target
    from podwheel.prove.server import Server
    from podwheel.prove.verdict import Proof, Verdict
    from podwheel.seal.made import Made


_INSTALL = "system-packages{}.txt"
"""One line to paste on a server, before the wheels are installed; not there where it needs nothing."""


def seal(directory: Path, made: Sequence[Made]) -> None:
    """Publish a wheelhouse of what a run made; one that is there and is the same is left as it is.

    Args:
        directory: Absolute.
        made: Of several runs: one wheelhouse for all of their targets.

    Raises:
        WheelhouseUnusable: What is there is not ours to replace.
        WheelsClash: Wheels of two targets cannot lie beside each other.
        DiskFull, HostError: It cannot be written; what was there is there still.
    """
    forget_stages(directory)
    entries, lock = _contents([_share(one) for one in made])
    if is_current(directory, entries=entries, lock=lock) and _says_as_much(directory, made):
        log.get().debug("wheelhouse.current")
        return
    below = [f"{one.workshop.target.name}/" if len(made) > 1 else "" for one in made]
    requirements = [behind(one.built, one.origins) for one in made]
    records = [_record(*each) for each in zip(made, requirements, below, strict=True)]
    publish(
        directory,
        entries=entries,
        lock=lock,
        record=joint_record(records) if len(made) > 1 else records[0].to_json(),
        installs={
            _INSTALL.format(f"-{one.workshop.target.name}" if len(made) > 1 else ""): line
            for one in made
            if (line := one.server.line)
        },
        logs=[log for each in zip(made, requirements, below, strict=True) for log in _logs(*each)],
    )


def _share(made: Made) -> Share:
    pairs = zip(made.resolution.pins, made.built, strict=True)
    return Share(
        target=made.workshop.target,
        entries=tuple(_entry(pin, one) for pin, one in pairs),
        system_packages=_system_packages(made),
    )


def _contents(shares: Sequence[Share]) -> tuple[Sequence[Entry], Mapping[str, Any]]:
    """The wheels of a wheelhouse, and its lock."""
    if len(shares) > 1:
        return joint_entries(shares), make_joint_lock(shares, podwheel=__version__)
    (only,) = shares
    lock = make_lock(
        only.entries,
        target=only.target,
        podwheel=__version__,
        system_packages=only.system_packages,
    )
    return only.entries, lock


def _logs(made: Made, requirements: Sequence[Built], below: str) -> Iterator[tuple[str, Path]]:
    """The steps' logs: name in ``logs/``, and where each is now."""
    for built, name in (
        *((one, _log_name(one)) for one in made.built),
        *((one, _requirement_log(one)) for one in requirements),
    ):
        if (path := _log(made.workshop, built)) is not None:
            yield f"{below}{name}", path


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
        portable_step=built.ported.step if built.ported else None,
        bundled=tuple(b.path for b in built.ported.libraries) if built.ported else (),
        build_requires=()
        if step is None
        else tuple(BuildRequirement(name=n, version=v, sha256=s) for n, v, s in step.environment),
    )


def _log(workshop: Workshop, built: Built) -> Path | None:
    return None if built.log is None else workshop.store.blob(built.log)


def _log_name(built: Built) -> str:
    return f"{built.wheel.name}-{built.wheel.version}.log"


def _requirement_log(built: Built) -> str:
    """Unlike that of a wheel of the tree, or of another step of the same package."""
    assert built.step is not None, built.wheel.filename
    return f"{built.wheel.name}-{built.wheel.version}-{built.step.id[:12]}.log"


def _says_as_much(directory: Path, made: Sequence[Made]) -> bool:
    """Whether the record that is there says what one of these runs would."""
    there = run_documents(read_record(directory / RECORD))
    return len(there) == len(made) and all(
        record.get("schema") == SCHEMA
        and record.get("build_deps") == _build_deps(one.workshop)
        and (one.verdict is None or record.get("verdict") == _word(one.verdict))
        for record, one in zip(there, made, strict=True)
    )


def _build_deps(workshop: Workshop) -> Literal["wheel", "source"]:
    return "source" if workshop.from_source else "wheel"


# ------------------------------------------------------------ the record


def _record(made: Made, requirements: Sequence[Built], below: str) -> RunRecord:
    workshop, built, verdict = made.workshop, made.built, made.verdict
    root = TrustRoot(
        workshop=workshop,
        origins=made.origins,
        built=built,
        requirements=requirements,
        tools=made.tools,
    )
    proofs = {p.name: p for p in verdict.proofs} if verdict else {}
    steps = [b.step for b in (*built, *requirements) if b.step is not None]
    told = _Steps(workshop=workshop, origins=made.origins, logs=f"logs/{below}")
    return RunRecord(
        created=dt.datetime.now(dt.UTC),
        podwheel=__version__,
        request=tuple(w.text for w in workshop.request.wanted),
        target=_target(workshop.target),
        packages=tuple(
            _package(pin, one, proofs.get(one.wheel.name))
            for pin, one in zip(made.resolution.pins, built, strict=True)
        ),
        steps=(
            *told.records(built, requirement=False),
            *told.records(requirements, requirement=True),
        ),
        environments=tuple({_environment_id(s): _environment(s) for s in steps}.values()),
        enforced=workshop.sandbox.enforced(workshop.limits),
        server=_server(made.server),
        verdict=_word(verdict),
        build_deps=_build_deps(workshop),
        trust=root.records(),
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
        policy=built.ported.policy if built.ported else None,
        bundled=tuple(BundledRecord(**asdict(b)) for b in built.ported.libraries)
        if built.ported
        else (),
        notes=(*built.notes, *_beside(proof)),
    )


def _beside(proof: Proof | None) -> tuple[str, ...]:
    return tuple(
        f"it imports {name}, with which it was built, and does not require it: install both"
        for name in (proof.beside if proof else ())
    )


def _server(server: Server) -> ServerRecord:
    return ServerRecord(
        line=server.line,
        packages=tuple(RuntimePackageRecord(**asdict(p)) for p in server.packages),
        unprovided=tuple((u.library, u.needed_by) for u in server.unprovided),
    )


def _supplies(
    workshop: Workshop, image: Image | None, supplies: Sequence[Supply]
) -> tuple[SystemPackageRecord, ...]:
    there = installed(image, store=workshop.store) if image and supplies else ()
    versions = {package.name: package.version for package in there}
    return tuple(
        SystemPackageRecord(
            name=s.name,
            version=versions.get(s.name.partition("=")[0].partition(":")[0]),
            reason=s.reason,
            path=s.path,
            rivals=s.rivals,
        )
        for s in supplies
    )


def _system_packages(made: Made) -> dict[str, Any]:
    """``[tool.podwheel.system-packages]``: what is installed up front the next time, anywhere."""
    workshop, server = made.workshop, made.server
    build = [
        {
            "project": str(project.name),
            **({} if project.version is None else {"version": str(project.version)}),
            "packages": [
                _present({"name": p.name, "version": p.version, "for": p.reason})
                for p in _supplies(workshop, project.image, project.supplies)
            ],
        }
        for project in sorted(made.supplied, key=lambda p: p.name)
    ]
    run = [
        _present(
            {
                "name": package.name,
                "why": package.why,
                "minimum": package.minimum,
                "libraries": list(package.libraries),
                "needed-by": list(package.needed_by),
            }
        )
        for package in server.packages
        if not package.present
    ]
    return {
        key: value
        for key, value in (("install", server.line), ("build", build), ("run", run))
        if value
    }


def _present(table: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in table.items() if value is not None}


@frozen(kw_only=True)
class _Steps:
    """Writes records of steps."""

    workshop: Workshop
    origins: Origins
    logs: str
    """Where their logs are in the wheelhouse: ``logs/``."""

    def records(self, built: Sequence[Built], *, requirement: bool) -> Iterator[StepRecord]:
        for one in built:
            if one.step is None or one.usage is None:
                continue
            # What --portable put libraries into afterwards is no longer what the step made.
            made = None if one.ported and one.ported.step else one.wheel.sha256
            log_name = _requirement_log(one) if requirement else _log_name(one)
            yield evolve(
                _step(self.workshop, one, one.step, one.usage),
                requirement=requirement,
                log=f"{self.logs}{log_name}" if one.log else None,
                wheel=self.origins.product(one.step.id) or made,
            )


def _step(workshop: Workshop, built: Built, step: Step, usage: Usage) -> StepRecord:
    started = dt.datetime.fromisoformat(usage.started)
    return StepRecord(
        id=step.id,
        package=str(built.wheel.name),
        version=str(built.wheel.version),
        outcome="reused" if built.reused else "built",
        started=started,
        ended=started + dt.timedelta(seconds=usage.seconds),
        cpu_seconds=usage.cpu_seconds,
        hooks_cpu_seconds=usage.hooks_cpu_seconds,
        peak_memory=usage.peak_memory,
        ccache=None
        if usage.compilations is None
        else CompilationsRecord(**asdict(usage.compilations)),
        environment=_environment_id(step),
        backend=step.backend,
        variables=published(step.variables),
        enforced=usage.enforced,
        system_packages=_supplies(workshop, built.image, built.supplies),
        inputs=tuple(
            InputRecord(kind=one.kind, name=one.name, digest=one.digest, reason=one.reason)
            for one in built.inputs
        ),
        remedies=tuple((one.name, one.reason) for one in built.remedies),
        source_url=public_url(built.url),
        source_sha256=built.source_sha256,
        commit=built.commit,
    )


def _environment_id(step: Step) -> str:
    return digest_of(step.environment)


def _environment(step: Step) -> EnvironmentRecord:
    return EnvironmentRecord(id=_environment_id(step), wheels=step.environment)
