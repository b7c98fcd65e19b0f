"""The import graph: rooms import only what is below them (DESIGN.md)."""

import ast
import importlib.util
from pathlib import Path

import pytest

import podwheel

ROOT = Path(podwheel.__file__).parent

# From the top down; a room may import those after it, and itself.
ROOMS = [
    "__main__",
    "cli",
    "doctor",
    "several",
    "pipeline",
    "proving",
    "failures",
    "run",
    "asked",
    "sweep",
    "seal",
    "prove",
    "build",
    "rust",
    "remedies",
    "toolchains",
    "syslibs",
    "resolve",
    "targets",
    "sandbox",
    "index",
    "requirements",
    "archives",
    "store",
    "process",
    "log",
    "text",
    "strangers",
    "settings",
    "model",
    "errors",
    "__init__",
]

# Programs that run elsewhere: in a container, and on a server.
FOREIGN = {"guest": ROOT / "sandbox" / "guest", "installer": ROOT / "seal/installer/program"}


def room_of(path: Path) -> str:
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


def imported(path: Path) -> set[str]:
    """Rooms that a module imports, wherever in it the import stands."""
    rooms = set()
    for node in ast.walk(ast.parse(path.read_text())):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, f"{path}: a relative import"
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        for name in names:
            parts = name.split(".")
            if parts[0] == "podwheel" and len(parts) > 1 and parts[1] in ROOMS:
                rooms.add(parts[1])
    return rooms


def modules() -> list[Path]:
    return [
        path
        for path in sorted(ROOT.rglob("*.py"))
        if not {"containerfiles", *FOREIGN} & {*path.parts}
    ]


def test_every_module_is_in_a_room() -> None:
    assert {room_of(path) for path in modules()} <= set(ROOMS)


def test_imports_point_down() -> None:
    wrong = [
        f"{path.relative_to(ROOT)} imports {room}"
        for path in modules()
        for room in imported(path)
        if ROOMS.index(room) < ROOMS.index(room_of(path))
    ]
    assert wrong == []


def test_only_the_door_imports_processes() -> None:
    doors = []
    for path in modules():
        for node in ast.walk(ast.parse(path.read_text())):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            if {n.split(".")[0] for n in names} & {"sh", "subprocess"}:
                doors.append(path.name)
    assert doors == ["process.py"]


@pytest.mark.parametrize("place", FOREIGN.values(), ids=FOREIGN)
def test_what_runs_elsewhere_imports_only_the_standard_library(place: Path) -> None:
    own = {path.stem for path in place.glob("*.py")}
    assert own
    for path in place.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            for name in names:
                top = name.split(".")[0]
                # pip: out of the wheel that a bundle brings.
                if top in own or (top == "pip" and path.name == "fit.py"):
                    continue
                if (
                    top == "distutils"
                ):  # until 3.11; setuptools, where it is, has one in front of it
                    continue
                assert top not in {"podwheel", "attrs", "structlog", "sh"}, (path, top)
                spec = importlib.util.find_spec(top)
                assert spec is None or "site-packages" not in str(spec.origin), (path, top)
