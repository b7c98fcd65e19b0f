"""What the runs of a set say, as figures and as a table for people."""

from collections.abc import Sequence
from typing import Any

from benchmark import figures

OURS = "podwheel"
_MEDIANS = (
    "seconds", "cpu", "user", "peak", "chain", "concurrency", "containers_cpu", "hooks_cpu", "steps",
)  # fmt: skip


def summary(runs: Sequence[dict[str, Any]], cores: int) -> dict[str, dict[str, float | None]]:
    """Of each tool the medians of its runs that succeeded, and our ratio to it, round by round."""
    good = [run for run in runs if run["code"] == 0]
    names = list(dict.fromkeys(run["tool"] for run in good))
    return {name: _of_tool(name, good, cores) for name in names}


def _of_tool(name: str, good: Sequence[dict[str, Any]], cores: int) -> dict[str, float | None]:
    mine = [run for run in good if run["tool"] == name]
    found = {
        key: figures.median(run[key] for run in mine if run.get(key) is not None)
        for key in _MEDIANS
    }
    if all("chain" in run for run in mine):
        floors = [figures.floor(run["cpu"], run["chain"], cores) for run in mine]
        found["floor"] = figures.median(floors)
        found["to_floor"] = figures.paired([run["seconds"] for run in mine], floors)
    ours = _ours(name, good)
    if ours:
        both = {run["round"]: run["seconds"] for run in mine}
        shared = [number for number in ours if number in both]
        found["ours_to_it"] = figures.paired(
            [ours[number] for number in shared], [both[number] for number in shared]
        )
    packages = mine[0].get("packages")
    if packages:
        found["seconds_each"] = figures.ratio(found["seconds"], packages)
        found["cpu_each"] = figures.ratio(found["cpu"], packages)
        own = [run["cpu"] - run["hooks_cpu"] for run in mine if "hooks_cpu" in run]
        found["own_cpu_each"] = figures.ratio(figures.median(own), packages)
    return {key: value for key, value in found.items() if value is not None}


def _ours(name: str, good: Sequence[dict[str, Any]]) -> dict[int, float]:
    """Our seconds, by round, where *name* is another tool's; ``uv fresh`` goes with ``podwheel fresh``."""
    first, space, rest = name.partition(" ")
    if first == OURS or not any(run["tool"] == f"{OURS}{space}{rest}" for run in good):
        return {}
    return {run["round"]: run["seconds"] for run in good if run["tool"] == f"{OURS}{space}{rest}"}


def lines(name: str, table: dict[str, dict[str, float | None]], cores: int) -> list[str]:
    """For people: one line a tool."""
    head = f"{'':24}{'seconds':>9}{'CPU s':>9}{'peak MB':>9}{'ours/it':>9}{'floor':>9}{'/floor':>8}"
    told = [head]
    for tool, row in table.items():
        cells = [
            _cell(row.get("seconds"), 9), _cell(row.get("cpu"), 9), _cell(row.get("peak"), 9, 1e-6, 0),
            _cell(row.get("ours_to_it"), 9), _cell(row.get("floor"), 9), _cell(row.get("to_floor"), 8),
        ]  # fmt: skip
        told.append(f"{tool:24}{''.join(cells)}")
    told += [
        _more(tool, row, cores) for tool, row in table.items() if "packages" in row or _has(row)
    ]
    if name == "graph":
        told.append(_growth(table))
    return told


def _has(row: dict[str, float | None]) -> bool:
    return "chain" in row or "cpu_each" in row or "user" in row


def _more(tool: str, row: dict[str, float | None], cores: int) -> str:
    parts = []
    if row.get("user") is not None:
        parts.append(f"{row['user']:.2f} s of the CPU time not the kernel's")
    if row.get("chain") is not None:
        parts.append(
            f"CPU/{cores} cores {(row['cpu'] or 0) / cores:.2f} s, longest chain {row['chain']:.2f} s"
        )
    if row.get("concurrency") is not None:
        parts.append(f"{row['concurrency']:.2f} steps at once")
    if row.get("containers_cpu") is not None:
        parts.append(f"{row['containers_cpu']:.2f} s of the CPU time in containers")
    if row.get("cpu_each") is not None:
        parts.append(f"{row['seconds_each']:.3f} s and {row['cpu_each']:.3f} s of CPU a package")
    if row.get("own_cpu_each") is not None:
        parts.append(f"{row['own_cpu_each']:.3f} s of that without its hooks")
    return f"  {tool}: {', '.join(parts)}"


def _growth(table: dict[str, dict[str, float | None]]) -> str:
    sizes = [int(tool.split()[0]) for tool in table]
    powers = [
        figures.growth(sizes, [row.get(key) or 0.0 for row in table.values()])
        for key in ("cpu", "user", "peak")
    ]
    time, user, memory = ("?" if power is None else f"{power:.2f}" for power in powers)
    return (
        "  grows with the number of steps to the power of: "
        f"CPU time {time} (without the kernel's {user}), memory {memory}"
    )


def _cell(value: float | None, width: int, scale: float = 1, digits: int = 2) -> str:
    return f"{'':>{width}}" if value is None else f"{value * scale:>{width}.{digits}f}"
