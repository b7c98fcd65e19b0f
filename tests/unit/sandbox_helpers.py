"""A fake podman on PATH: records how it was called, and plays a container that a test describes."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

GUEST = Path(__file__).parents[2] / "podwheel/sandbox/guest"

USAGE = {"cpu_seconds": 1.5, "children_cpu_seconds": 1.25, "largest_process": 7}
HELLO = 'say({"frame": "hello", "undumpable": True})'
ANSWERS = f"""{HELLO}
for line in sys.stdin:
    say({{"frame": "reply", "body": {{"ok": True, "heard": json.loads(line)}}, "usage": {USAGE}}})
    if json.loads(line)["op"] == "exit":
        break
"""

_PODMAN = """#!{python} -ISB
import json, os, sys, time
here = os.path.dirname(os.path.abspath(__file__))
state = json.load(open(os.path.join(here, "state.json")))
with open(os.path.join(here, "calls"), "a") as calls:
    calls.write(json.dumps(sys.argv[1:]) + "\\n")
def say(frame):
    sys.stdout.write(json.dumps(frame) + "\\n"); sys.stdout.flush()
command = next(a for a in sys.argv[1:] if not a.startswith("-"))
if command == "run":
    exec(state["run"])
elif command == "info":
    print(json.dumps(state["info"]))
elif command == "container":
    sys.exit(0 if state["exists"] else 1)
elif command == "ps":
    print("\\n".join(state["ps"]))
    state["ps"] = []
    json.dump(state, open(os.path.join(here, "state.json"), "w"))
"""

INFO = {
    "host": {
        "cgroupVersion": "v1",
        "cgroupControllers": [],
        "ociRuntime": {"name": "crun", "path": "/usr/bin/crun"},
    }
}


class FakePodman:
    """Put its directory on PATH."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        directory.mkdir()
        program = directory / "podman"
        program.write_text(_PODMAN.format(python=sys.executable))
        program.chmod(0o755)
        self.plays(run=ANSWERS)

    def plays(self, run: str = ANSWERS, **state: Any) -> None:
        """What `podman run` does (Python), and what the other commands say."""
        whole = {"run": run, "info": INFO, "exists": False, "ps": [], **state}
        (self.directory / "state.json").write_text(json.dumps(whole))

    @property
    def calls(self) -> list[list[str]]:
        file = self.directory / "calls"
        return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []

    @property
    def commands(self) -> list[str]:
        return [next(a for a in call if not a.startswith("-")) for call in self.calls]
