"""guest/spare.py: the second hook of a package runs in a process of its own, which the first one left for it."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

import pytest
from guest_helpers import Guest, environment, every_python, guest, sdist

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BACKEND = """
import io, os, threading
def note(text):
    with io.open(os.environ["NOTES"], "ab") as file:
        file.write((text + chr(10)).encode("ascii"))
STATE = ["loaded"]
note("loaded")
{loading}
def get_requires_for_build_wheel(settings=None):
    STATE.append("changed")
    note("requires %d" % os.getpid())
    {asked}
def build_wheel(directory, settings=None, metadata=None):
    note("wheel %d" % os.getpid())
    print("chatter of the second")
    assert STATE == ["loaded"], STATE
    assert os.getcwd().endswith("thing-1.0") and os.listdir(directory) == []
    {built}
    return "thing-1.0-py3-none-any.whl"
"""
THREAD = "other = threading.Timer(60, len)\nother.daemon = True\nother.start()"
NO_FORK = """
def fork():
    raise OSError(11, "as many as there may be")
os.fork = fork
"""
SIBLING = """
for one in io.open("/proc/self/task/%d/children" % os.getpid()).read().split():
        os.kill(int(one), 9)
    return []
"""


@pytest.fixture
def builder(tmp_path: Path, python: str) -> Iterator[Guest]:
    environment(tmp_path, python)
    with guest("build.py", tmp_path, python) as running:
        yield running


pytestmark = every_python


def begin(builder: Guest, *, loading: str = "", asked: str = "return []", built: str = "") -> None:
    """Unpack a source whose backend comes from its environment."""
    modules = builder.root / "modules"
    modules.mkdir()
    code = textwrap.dedent(BACKEND).format(loading=loading, asked=asked.strip(), built=built)
    (modules / "backend.py").write_text(code)
    archive = sdist(builder.root / "thing.tar.gz", {"pyproject.toml": ""})
    assert builder.ask("unpack", archive=str(archive))["ok"] is True


def hook(builder: Guest, name: str, **variables: str) -> dict[str, Any]:
    found = {
        "PYTHONPATH": str(builder.root / "modules"),
        "NOTES": str(builder.root / "notes"),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    return builder.ask(
        "hook", hook=name, backend="backend", backend_path=[], config_settings={},
        environment=found | variables,
    )  # fmt: skip


def both(builder: Guest, **variables: str) -> tuple[dict[str, Any], list[str]]:
    """Call the two hooks, the second with more variables; its reply, and what the backend noted."""
    assert hook(builder, "get_requires_for_build_wheel")["ok"] is True
    reply = hook(builder, "build_wheel", **variables)
    return reply, (builder.root / "notes").read_text().split("\n")[:-1]


BUILT = {"ok": True, "value": "thing-1.0-py3-none-any.whl"}


def test_a_backend_is_loaded_once_and_each_hook_has_a_process(builder: Guest) -> None:
    begin(builder)
    reply, notes = both(builder)
    assert reply == BUILT
    assert [note.split()[0] for note in notes] == ["loaded", "requires", "wheel"]
    assert notes[1].split()[1] != notes[2].split()[1]
    assert "chatter of the second" in builder.log.read_text()
    assert builder.usage["children_cpu_seconds"] > 0
    assert hook(builder, "build_wheel") == BUILT  # once more: nobody waits for that
    assert builder.ask("exit") == {"ok": True}
    assert builder.process.wait(20) == 0


def test_what_the_second_hook_raises_is_told(builder: Guest) -> None:
    begin(builder, built="raise ValueError('no good')")
    reply, _ = both(builder)
    assert (reply["reason"], reply["exception"]) == ("raised", "ValueError: no good")


def test_a_second_hook_that_dies(builder: Guest) -> None:
    begin(builder, built="os.kill(os.getpid(), 9)")
    assert both(builder)[0] == {"ok": False, "reason": "killed", "signal": 9}


@pytest.mark.parametrize(
    ("code", "variables"),
    [
        ({}, {"COLOUR": "red"}),
        ({"asked": "return ['wheel']"}, {}),
        ({"loading": THREAD}, {}),
        ({"loading": NO_FORK}, {}),
        ({"asked": SIBLING}, {}),
    ],
    ids=["other variables", "something is asked for", "a thread", "no process", "it was killed"],
)
def test_else_it_is_loaded_again(
    builder: Guest, code: dict[str, str], variables: dict[str, str]
) -> None:
    begin(builder, **code)
    reply, notes = both(builder, **variables)
    assert reply == BUILT
    assert [note.split()[0] for note in notes] == ["loaded", "requires", "loaded", "wheel"]


def test_the_guest_ends_while_one_waits(builder: Guest) -> None:
    begin(builder)
    assert hook(builder, "get_requires_for_build_wheel") == {"ok": True, "value": []}
    assert builder.ask("exit") == {"ok": True}
    assert builder.process.wait(20) == 0
