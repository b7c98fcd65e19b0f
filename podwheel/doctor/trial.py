"""A real container, asked from inside what it may do: what the flags promise, proven."""

from __future__ import annotations

import secrets
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from podwheel.doctor.check import Check, degraded, fine, missing
from podwheel.doctor.symptoms import diagnose, telling_line
from podwheel.errors import PodwheelError
from podwheel.sandbox import GuestGone, Job, Limits, Sandbox

if TYPE_CHECKING:
    from collections.abc import Mapping

    from podwheel.doctor.host import Host
    from podwheel.sandbox import Enforcement
    from podwheel.targets.definition import TargetDefinition

NAME: Final = "trial container"
_PATIENCE: Final = 30.0


def untried() -> Check:
    """Without an image there is nothing to start."""
    return degraded(
        NAME,
        "not tried: no target's image is here yet",
        "what a container may and may not do on this host is promised, not proven",
        "podwheel target build",
    )


def trial(host: Host, definition: TargetDefinition, image: str, enforcement: Enforcement) -> Check:
    """Start a step's sandbox, let it describe itself, and see it gone.

    Args:
        image: The reference of an image of *definition*'s.
    """
    try:
        facts = _ask(definition, image, enforcement)
    except GuestGone as gone:
        symptom = diagnose(str(gone))
        return missing(
            NAME,
            f"it does not start: {telling_line(str(gone))}",
            symptom.means or "no step can run",
            *symptom.commands(host),
        )
    except PodwheelError as error:
        return missing(NAME, error.what, error.said, *error.hint)
    broken = broken_promises(facts)
    if broken:
        return missing(
            NAME,
            "; ".join(broken),
            "a build would have more than podwheel promises. Something on this host overrides what "
            "podman was told: look into containers.conf and the OCI runtime.",
        )
    return fine(
        NAME,
        f"{definition.name}: no capabilities, no new privileges or namespaces, seccomp on, "
        "no network but lo, root read-only",
    )


def _ask(definition: TargetDefinition, image: str, enforcement: Enforcement) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="podwheel-doctor-") as scratch:
        work = Path(scratch)
        sandbox = Sandbox(
            run_id=f"doctor-{secrets.token_hex(3)}", work=work, enforcement=enforcement
        )
        job = Job(
            name="trial",
            image=image,
            python=definition.python,
            program="trial.py",
            limits=Limits(wall=_PATIENCE, silence=_PATIENCE, scratch=16 << 20, output=0),
        )
        try:
            with sandbox.session(job, log=work / "log") as session:
                return session.ask({"op": "trial"})
        finally:
            sandbox.reap()


def broken_promises(facts: Mapping[str, Any]) -> tuple[str, ...]:
    """What the container says of itself that a sandbox may not be, in words; empty: all is kept.

    Args:
        facts: The reply of guest/trial.py.
    """
    status = facts.get("status")
    if facts.get("ok") is not True or not isinstance(status, dict) or "CapEff" not in status:
        return (f"it could not describe itself: {str(facts.get('exception', ''))[-200:]}",)
    broken = [
        f"it has capabilities ({name} {value})"
        for name, value in sorted(status.items())
        if name.startswith("Cap") and set(str(value)) != {"0"}
    ]
    if status.get("NoNewPrivs") != "1":
        broken.append("it can gain privileges (NoNewPrivs is not 1)")
    if status.get("Seccomp") != "2":
        broken.append("no seccomp filter holds (Seccomp is not 2)")
    if facts.get("uid") == 0:
        broken.append("it runs as its root")
    if facts.get("interfaces") != ["lo"]:
        broken.append(f"it has network interfaces: {facts.get('interfaces')}")
    if facts.get("writable"):
        broken.append(f"it can write to {facts['writable']}")
    if facts.get("new_user_namespace"):
        broken.append("it can make a user namespace, with all capabilities inside")
    return tuple(broken)
