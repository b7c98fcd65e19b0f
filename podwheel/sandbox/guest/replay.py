"""``podwheel shell``: the failed step again, up to the hook that failed, then a shell.

/podwheel/in/replay.json holds the same requests that build.py took:

    {"operations": [{"op": "unpack", ...}, {"op": "hook", ...}], "stop": 1}

``stop`` is the index of the operation that is not run (null: run them all).
"""

from __future__ import print_function

import io
import json
import os
import signal
import sys

import build
import common
import unpack

REPLAY = common.PODWHEEL + "/in/replay.json"


def replay(operations, stop):
    """Run *operations* before *stop*; (the source's root, the extra environment, the next command)."""
    root, extra = common.BUILD, {}
    for index, operation in enumerate(operations):
        if operation["op"] == "unpack":
            if index == stop:
                return root, extra, None
            root = unpack.unpack(operation)["root"]
            common.say("unpacked to %s" % root)
        elif operation["op"] == "hook":
            extra = operation.get("environment") or {}
            command = build.prepare(operation)
            if index == stop:
                return root, extra, command
            common.say("running %s" % operation["hook"])
            outcome = build.verdict(common.run(command, root, build.environment(extra)))
            if not outcome["ok"]:
                common.say("it failed: %s" % (outcome.get("exception") or outcome["reason"]))
                return root, extra, command
    return root, extra, None


def main():
    common.harden()
    if not os.path.isdir(common.HOME):
        os.makedirs(common.HOME)
    with io.open(REPLAY, encoding="utf-8") as file:
        document = common.native(json.load(file))
    try:
        root, extra, command = replay(document["operations"], document.get("stop"))
    except common.Refused as refusal:
        common.say("cannot go on: %s" % json.dumps(refusal.body))
        root, extra, command = common.BUILD, {}, None
    if command:
        common.say("the next command is\n\n    %s\n" % " ".join(command))
    common.say("this shell is inside the sandbox: no network, nothing is kept")
    os.chdir(root)
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    for shell in ("/bin/bash", "/bin/sh"):
        if os.path.exists(shell):
            words = [shell, "-i"] if sys.stdin.isatty() else [shell]
            os.execve(shell, words, build.environment(extra))
    sys.exit("no shell in this image")


if __name__ == "__main__":
    main()
