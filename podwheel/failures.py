"""From what went wrong in many tasks to one error that tells each cause once."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, TypeVar

from packaging.utils import canonicalize_name

from podwheel.build.task import TaskFailed
from podwheel.errors import BuildsFailed, PodwheelError, TargetsFailed, VerificationFailed
from podwheel.targets.capture import AGAIN

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from podwheel.build.task import Task
    from podwheel.model import Wheel
    from podwheel.prove.against import Fit
    from podwheel.prove.verdict import Imported, Proof, Verdict
    from podwheel.run import Run

T = TypeVar("T")
_Summary = TypeVar("_Summary", bound=BuildsFailed)
_MISSING_LIBRARY = re.compile(r"(\S+): cannot open shared object file")


def results(run: Run, tasks: Sequence[Task[T]]) -> tuple[T, ...]:
    """Wait for all tasks.

    Raises:
        PodwheelError: As `raise_failed`.
    """
    for task in tasks:
        run.workshop.scheduler.wait(task)
    raise_failed(tasks)
    return tuple(task.value() for task in tasks)


def result(run: Run, task: Task[T]) -> T:
    """What `results` does, of one."""
    return results(run, [task])[0]


def raise_failed(tasks: Sequence[Task[Any]], *, but: type[BaseException] | tuple[()] = ()) -> None:
    """Raise if any of *tasks*, which have all ended, has failed.

    Args:
        but: Causes that are expected.

    Raises:
        PodwheelError: The one cause, where nothing else is to be told.
        BuildsFailed: Several causes, or tasks that could not even start because of one.
    """
    causes: dict[int, BaseException] = {}
    blocked = []
    for task in tasks:
        if task.error is None:
            continue
        roots = list(_roots(task))
        if isinstance(task.error, TaskFailed):
            blocked.append(f"{task.title} (needs {', '.join(r.title for r in roots)})")
        causes.update({id(root.error): root.error for root in roots if root.error is not None})
    errors = [e for e in causes.values() if not isinstance(e, but)]
    for error in errors:
        if not isinstance(error, PodwheelError):
            raise error  # a bug of ours: its traceback is wanted
    known = [e for e in errors if isinstance(e, PodwheelError)]
    if len(known) == 1 and (not blocked or len(tasks) == 1):
        raise known[0]
    if known:
        raise _summary(known, blocked)


def _summary(errors: list[PodwheelError], blocked: list[str]) -> BuildsFailed:
    summary = BuildsFailed(
        f"{len(errors)} {'step' if len(errors) == 1 else 'steps'} failed"
        + (f"; not tried because of that: {', '.join(sorted(blocked))}" if blocked else ""),
        failures=errors,
        hint="the same command goes on where it stopped: finished wheels are kept",
    )
    return _with_code(summary)


def of_targets(failed: Sequence[tuple[str, PodwheelError]], *, of: int) -> TargetsFailed:
    """The error of a command for several targets.

    Args:
        failed: Name and error of each that failed.
        of: How many targets there were.
    """
    names = [name for name, _ in failed]
    error = TargetsFailed(
        f"{len(failed)} of {of} targets failed: {', '.join(names)}",
        targets=names,
        failures=[error for _, error in failed],
    )
    return _with_code(error)


def _with_code(summary: _Summary) -> _Summary:
    """Where all failed alike, theirs is its exit code."""
    codes = {e.exit_code for e in summary.failures}
    if len(codes) == 1:
        summary.exit_code = codes.pop()  # type: ignore[misc]  # of this instance
    return summary


def _roots(task: Task[Any]) -> list[Task[Any]]:
    """The tasks that failed by themselves, below *task*; each once."""
    found: dict[int, Task[Any]] = {}
    stack, seen = [task], set()
    while stack:
        current = stack.pop()
        if id(current) in seen:
            continue
        seen.add(id(current))
        if isinstance(current.error, TaskFailed):
            stack.extend(current.error.failed)
        else:
            found[id(current)] = current
    return list(found.values())


def of_verdict(
    verdict: Verdict,
    logs: Path,
    *,
    wheels: Sequence[Wheel] = (),
    line: str = "",
    no_deps: bool = False,
) -> VerificationFailed:
    """The error of a verdict that is not good.

    Args:
        wheels: Those that it is about.
        line: What installs the packages that a server is said to need; empty: none.
        no_deps: What the wheels require was left out.
    """
    if not verdict.installed or not verdict.consistent:
        what = "do not install" if not verdict.installed else "contradict each other (pip check)"
        return VerificationFailed(
            f"the wheels {what} on the pristine target",
            said=verdict.said,
            log=logs,
            hint="--no-deps left out what they require; --no-verify publishes them unproven"
            if no_deps
            else (),
        )
    bad = [p for p in verdict.proofs if not p.ok]
    said = "\n".join(line for proof in bad for line in _lines(proof))
    return VerificationFailed(
        f"{len(bad)} of {len(verdict.proofs)} distributions do not work on the pristine target: "
        + ", ".join(f"{p.name} {p.version}" for p in bad),
        said=said,
        log=logs,
        hint=(
            *_missing_libraries(said, line),
            *_strangers(bad, wheels),
            f"[package.{bad[0].name}] of podwheel.toml: import-modules and test say what is imported and run",
        ),
    )


def of_fit(fit: Fit, *, published: Path | None = None) -> VerificationFailed:
    """The error of wheels that a captured server cannot use as it is.

    Args:
        published: Where they are all the same.
    """
    kept = f"the wheelhouse is published all the same: {published}" if published else ""
    if fit.unfit:
        return VerificationFailed(
            f"not for the server of {fit.capture}: {len(fit.unfit)} of the wheels do not fit it",
            said="\n".join(fit.unfit),
            hint=kept,
        )
    names = ", ".join(one.name for one in fit.lacking)
    return VerificationFailed(
        f"the server of {fit.capture} lacks what the wheels need: {names}",
        said="\n".join(map(str, fit.lacking)),
        hint=(
            f"on the server: {fit.line or 'install what has them'}",
            f"then capture it again, and say the same command: {AGAIN.format(fit.capture)}",
            kept,
        ),
    )


def _missing_libraries(said: str, line: str) -> list[str]:
    """What to do about shared libraries that the dynamic linker did not find."""
    names = sorted(set(_MISSING_LIBRARY.findall(said)))
    if not names:
        return []
    return [
        f"the pristine target lacks {', '.join(names)}, and so would a server like it",
        f"what the wheels are known to need: {line}" if line else "",
        "runtime-packages under [package.NAME] of podwheel.toml names packages that a server is to have",
    ]


def _strangers(bad: Sequence[Proof], wheels: Sequence[Wheel]) -> list[str]:
    """What to do where a wheel built here does not work with upstream's of what it requires.

    Upstream's portable wheels bring libraries of their own (PEP 600), which may be of other
    versions than the target's, against which ours are linked.
    """
    known = {wheel.name: wheel for wheel in wheels}
    failed = [known[canonicalize_name(p.name)] for p in bad if canonicalize_name(p.name) in known]
    names = {
        requirement
        for wheel in failed
        if wheel.extensions and not _portable(wheel)
        for requirement in (canonicalize_name(r.name) for r in wheel.metadata.requires)
        if requirement in known and known[requirement].extensions and _portable(known[requirement])
    }
    return [
        f"{name} is upstream's wheel, and brings libraries of its own: --no-binary {name} builds it "
        "against the target's"
        for name in sorted(names)
    ]


def _portable(wheel: Wheel) -> bool:
    return any("linux_2_" in t.platform or "linux20" in t.platform for t in wheel.tags)


def _lines(proof: Proof) -> list[str]:
    lines = [
        f"{proof.name}: import {imported.module}: {_last_line(imported)}"
        for imported in proof.imports
        if imported.counts and not imported.ok
    ]
    if proof.test is False:
        lines.append(f"{proof.name}: its test command failed")
        lines += [f"  {line}" for line in proof.test_said.splitlines()[-10:]]
    return lines


def _last_line(imported: Imported) -> str:
    lines = [line for line in imported.said.splitlines() if line.strip()]
    return lines[-1] if lines else "failed"
