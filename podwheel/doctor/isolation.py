"""``--require-isolation``: no build where anything that docs/isolation.md promises does not hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from podwheel.doctor import limits, trial
from podwheel.doctor.check import State
from podwheel.errors import IsolationIncomplete
from podwheel.targets import images

if TYPE_CHECKING:
    from podwheel.doctor.host import Host
    from podwheel.sandbox import Sandbox
    from podwheel.store import Store
    from podwheel.targets.definition import TargetDefinition


def require(host: Host, chosen: TargetDefinition, *, store: Store, sandbox: Sandbox) -> None:
    """Measure the limits, and ask a real container what it may do.

    Args:
        chosen: The target in whose image it is asked; made, if it is not there.

    Raises:
        IsolationIncomplete: The kernel does not hold everything; says what, and how to mend it.
    """
    image = images.prepare(chosen, store=store, sandbox=sandbox).build
    enforcement = sandbox.enforcement
    checks = (
        limits.memory(host, enforcement),
        limits.processes(host, enforcement),
        trial.trial(host, chosen, image.reference, enforcement),
    )
    weak = [check for check in checks if check.state is not State.FINE]
    if not weak:
        return
    raise IsolationIncomplete(
        f"--require-isolation: this host does not hold {', '.join(c.name for c in weak)}",
        said="\n".join(f"{check.name}: {check.found}; {check.means}" for check in weak),
        hint=[*(command for check in weak for command in check.mend), "podwheel doctor"],
    )
