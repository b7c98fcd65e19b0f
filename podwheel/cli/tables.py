"""What goes to stdout: results, as tables for people or as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text

from podwheel.cli.terminal import seconds, size

if TYPE_CHECKING:
    from pathlib import Path

    from podwheel.prove.against import Fit
    from podwheel.prove.server import Server
    from podwheel.prove.verdict import Proof, Verdict
    from podwheel.seal.made import Made


def console() -> Console:
    """stdout; as wide as it must be when it is no terminal, so that nothing is cut in a log."""
    out = Console(highlight=False)
    return out if out.is_terminal else Console(highlight=False, width=160)


def table(*columns: str, right: tuple[str, ...] = ()) -> Table:
    """A table without a frame; *right* are the columns of numbers."""
    drawn = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        drawn.add_column(column, justify="right" if column in right else "left", no_wrap=True)
    return drawn


def heading(target: str) -> None:
    """The line above what is said of one target, where there are several."""
    console().print(Text(f"{target}:", style="bold"))


def closing(outcome: Made, target: str | None, output: Path | None, *, quiet: bool) -> None:
    """The verdict: built, installed, imported; with sizes and times.

    Args:
        target: Its name; None: there was only one.
        output: The wheelhouse; None: it was not published.
    """
    proofs = {p.name: p for p in outcome.verdict.proofs} if outcome.verdict else {}
    drawn = table(
        "package", "version", "wheel", "size", "time", "installed", "imported",
        right=("size", "time"),
    )  # fmt: skip
    for built in outcome.built:
        drawn.add_row(
            built.wheel.name,
            str(built.wheel.version),
            _how(built.step is not None, built.reused),
            size(built.wheel.size),
            "" if built.usage is None else seconds(built.usage.seconds),
            *_verdict_cells(proofs.get(built.wheel.name)),
        )
    out = console()
    if not quiet:
        if target is not None:
            heading(target)
        out.print(drawn)
    ours = sum(b.step is not None for b in outcome.built)
    total = size(sum(b.wheel.size for b in outcome.built))
    proven = ", installed and imported" if outcome.verdict and outcome.built else ""
    for_it = f" for {target}" if target else ""
    place = "not published" if output is None else output
    out.print(
        f"{counted(len(outcome.built), 'wheel')}{for_it} ({ours} built from source, {total}){proven}: {place}"
    )
    if outcome.compilations is not None:
        out.print(f"ccache: {outcome.compilations}")
    if outcome.fit is None:
        server(outcome.server)
    else:
        fit(outcome.fit)


def server(needs: Server) -> None:
    """The line to paste on the server, if it needs anything."""
    if needs.line:
        console().print(f"the server needs: {needs.line}", soft_wrap=True)  # one line, to be pasted


def fit(found: Fit) -> None:
    """What a captured server has of what the wheels need; what it lacks is an error's to tell."""
    out = console()
    what = " all that the wheels need" if found.ok else ""
    there = f": {' '.join(found.there)}" if found.there else ""
    if what or there:
        out.print(f"the server of {found.capture} has{what}{there}", soft_wrap=True)
    for one in found.differing:
        out.print(f"in another version: {one}", soft_wrap=True)


def verdict(found: Verdict) -> None:
    """What ``podwheel verify`` prints."""
    drawn = table("package", "version", "installed", "imported")
    for proof in found.proofs:
        drawn.add_row(proof.name, proof.version, *_verdict_cells(proof))
    console().print(drawn)


def counted(number: int, what: str, several: str = "") -> str:
    """``1 wheel``, ``2 wheels``."""
    return f"{number} {what}" if number == 1 else f"{number} {several or f'{what}s'}"


def _how(built: bool, reused: bool) -> str:
    if not built:
        return "upstream"
    return "from store" if reused else "built"


def _verdict_cells(proof: Proof | None) -> tuple[str, str]:
    if proof is None:
        return "-", "-"
    imported = "yes" if proof.imported else "NO"
    if proof.imported and proof.lost:
        imported = f"yes, but without what is compiled in {proof.lost}"
    elif proof.imported and proof.beside:
        imported = f"yes, with {', '.join(proof.beside)}, which it does not require"
    elif proof.imported and not any(i.counts for i in proof.imports):
        imported = "nothing to import"
    return "yes" if proof.installed else "NO", imported
