"""The diagnosis: every line, in the order in which a person would mend them."""

from __future__ import annotations

import datetime as dt
import sys
from typing import TYPE_CHECKING

from attrs import evolve

from podwheel.doctor import account, around, engine, limits
from podwheel.doctor.check import Diagnosis
from podwheel.doctor.host import Identity
from podwheel.errors import PodwheelError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from podwheel.doctor.check import Check
    from podwheel.doctor.host import Host
    from podwheel.model import Request
    from podwheel.targets.definition import TargetDefinition

_SCRIPT_MENDS = frozenset(
    (
        "buildah", "git", "id helpers", "memory limit", "network of images", "OCI runtime",
        "package mirror", "podman", "podman works", "process limit", "runtime directory",
        "subordinate ids",
    )
)  # fmt: skip
"""What scripts/prepare-host knows how to mend."""


def examine(
    host: Host,
    *,
    store: Path,
    targets: Sequence[TargetDefinition],
    network: Request | None = None,
) -> Diagnosis:
    """Look at everything; nothing is changed, and nothing raised for what is found.

    Args:
        store: podwheel's store; need not exist.
        targets: The first of them that has an image here is tried.
        network: Whose indexes are asked; None: no socket is opened.
    """
    checks = (*_host(host), *_engine(host, store, targets))
    if network is not None:
        checks = (*checks, around.index(network))
    return Diagnosis(checks=checks, advice=_advice(host, checks))


def _host(host: Host) -> Iterator[Check]:
    yield account.account(host)
    yield around.locale(
        sys.getfilesystemencoding(), getattr(sys.stdout, "encoding", None) or "none"
    )
    yield around.clock(host, dt.datetime.now(dt.UTC))
    yield account.id_helpers(host)
    yield account.runtime_directory(host)


def _engine(host: Host, store: Path, targets: Sequence[TargetDefinition]) -> Iterator[Check]:
    """What depends on podman; where podman is silent, so are the lines that only it could fill."""
    podman, answer = _podman(host)
    info = answer if isinstance(answer, engine.Engine) else None
    yield account.namespaces(host, podman_works=info is not None)
    yield account.subordinate_ids(host, mapped=info.mapped if info else None)
    yield engine.podman(host, podman)
    if podman is not None and host.uid is not None:
        yield engine.works(host, answer)
    yield engine.buildah(host, _version(host, "buildah"), podman)
    yield engine.oci_runtime(host, info.runtime if info else None)
    if info is not None:
        yield engine.storage(host, info)
        yield around.room_for_images(host, info.graph_root)
    if host.uid is not None:
        yield around.store(host, store)
    image = _image(targets) if info and host.identity is not Identity.REAL_ROOT else None
    yield engine.image_network(
        host,
        podman,
        isolation=host.environ.get("BUILDAH_ISOLATION"),
        have_images=image is not None,
    )
    yield around.mirror(host)
    yield around.git(host)
    if info is not None:
        yield engine.seccomp(info)
        if host.identity is not Identity.REAL_ROOT:
            yield from _enforced(host, image)


def _enforced(host: Host, image: tuple[TargetDefinition, str] | None) -> Iterator[Check]:
    """What only the account itself can find out: its own limits, and a container of its own."""
    from podwheel.doctor import trial
    from podwheel.sandbox import measure

    try:
        enforcement = measure()
    except PodwheelError:
        return  # podman has just answered the same question: it says why under `podman works`
    yield limits.memory(host, enforcement)
    yield limits.processes(host, enforcement)
    yield limits.others(enforcement)
    if image is None:
        yield trial.untried()
    else:
        yield trial.trial(host, *image, enforcement)


def _podman(host: Host) -> tuple[engine.Version | None, engine.Engine | str]:
    """podman's version (None: not there), and what it says of itself, or its complaint."""
    if host.program("podman") is None:
        return None, ""
    if host.uid is not None:
        done = host.ask("podman", "info", "--format=json")
        if done is None:
            return _version(host, "podman"), "podman info gives no answer"
        if done.code == 0:
            try:
                info = engine.engine_of(done.out, done.error_text)
            except ValueError as error:
                return _version(host, "podman"), str(error)
            return info.version, info
        return _version(host, "podman"), done.error_text
    return _version(host, "podman"), ""


def _version(host: Host, tool: str) -> engine.Version | None:
    """The version of podman or buildah, which print it without looking at storage; None: not there."""
    if host.uid is None:  # as nobody, podman has no home to read its configuration in
        host = evolve(host, become=())
    done = host.ask(tool, "--version") if host.program(tool) else None
    return engine.version_in(done.text) if done is not None else None


def _image(targets: Sequence[TargetDefinition]) -> tuple[TargetDefinition, str] | None:
    """The first target that has its pristine image here, and that image."""
    from podwheel.targets import stages
    from podwheel.targets.recipe import recipe_of

    try:
        references = [(target, recipe_of(target).runtime) for target in targets]
        present = stages.ids(reference for _, reference in references)
    except PodwheelError:
        return None
    return next((found for found in references if found[1] in present), None)


def _advice(host: Host, checks: Sequence[Check]) -> str:
    """The one command for several lines."""
    prepare = host.mender.script("prepare-host")
    if prepare is None or host.identity is Identity.NAMESPACE_ROOT:
        return ""
    mended = [c.name for c in checks if c.mend and c.name in _SCRIPT_MENDS]
    return f"{prepare} mends: {', '.join(mended)}" if mended else ""
