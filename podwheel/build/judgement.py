"""What the end of a build's container means, in a user's words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from podwheel.build.telling import telling_lines
from podwheel.errors import HookKilled, PodwheelError, StepKilled, StepTimedOut, ToolFailed
from podwheel.sandbox.session import Ended

if TYPE_CHECKING:
    from pathlib import Path

    from podwheel.build.project import Project
    from podwheel.sandbox.job import Limits
    from podwheel.sandbox.session import Outcome

_LIMITS: Final = (
    "--memory, --scratch-size and -j say how much it may have; podwheel doctor shows the limits"
)


def judge(
    outcome: Outcome, failure: Exception | None, project: Project, log_file: Path, limits: Limits
) -> None:
    """Raise what a container's end means; nothing, where all went well.

    Args:
        failure: What its dialogue ended with: a claim of the container's, or that it was cut off.
        limits: Those that it had.

    Raises:
        StepTimedOut, StepKilled, ToolFailed: How the container ended says more than the dialogue.
        PodwheelError: *failure*, where that is one.
    """
    if outcome.ended is Ended.TIMED_OUT:
        what = f"took longer than {limits.wall:.0f} s"
        hint = "give it more with --step-timeout SECONDS"
    elif outcome.ended is Ended.SILENT:
        what = f"printed nothing for {limits.silence:.0f} s"
        hint = "give it more with --silence-timeout SECONDS"
    elif isinstance(failure, HookKilled) and outcome.out_of_memory:
        # The kernel ends the largest process: here the hook, and the guest lived to tell.
        raise StepKilled(
            f"{failure.what}: its memory limit was reached",
            wanted_by=project.wanted_by,
            said=failure.said,
            log=log_file,
            hint=_LIMITS,
        )
    elif isinstance(failure, PodwheelError):
        raise failure
    elif outcome.ended is Ended.OK and failure is None:
        return
    elif outcome.ended is Ended.ENGINE:
        raise ToolFailed(
            f"podman could not run the container of {project.title}",
            wanted_by=project.wanted_by,
            said=outcome.reason,
            log=log_file,
            hint="podwheel doctor checks this host",
        )
    else:
        raise StepKilled(
            f"the container of {project.title} died: {outcome.reason or outcome.ended.value}",
            wanted_by=project.wanted_by,
            said=telling_lines(log_file),
            log=log_file,
            hint=_LIMITS,
        )
    raise StepTimedOut(
        f"{project.title} {what} and was ended",
        wanted_by=project.wanted_by,
        log=log_file,
        hint=hint,
    )
