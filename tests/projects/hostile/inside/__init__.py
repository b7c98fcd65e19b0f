"""Runs every attack beside it, and prints what each got: a line of JSON on standard error.

A module here is one attack. Its docstring says what it tries and what must come of it; `attempts`
yields labels and functions. A function that returns without an exception has got something.
"""

import ctypes
import importlib
import json
import os
import pathlib
import select
import signal
import sys

HERE = pathlib.Path(__file__).parent
_LIBC = ctypes.CDLL(None, use_errno=True)
_PATIENCE = 20


def names():
    return sorted(path.stem for path in HERE.glob("[a-z]*.py"))


def call(function, *arguments):
    """A function of the C library; OSError where it returns -1."""
    ctypes.set_errno(0)
    value = getattr(_LIBC, function)(*arguments)
    if value == -1:
        raise OSError(ctypes.get_errno(), "%s is refused" % function)
    return value


def need(held, otherwise="no"):
    """An attempt that found *held* to be nothing got nothing."""
    if not held:
        raise OSError(otherwise)


def run(stage, host=None, only=None):
    """Every attack, each in a process of its own.

    Args:
        stage: Where we are: the name of a hook, ``import``, or of a control.
        host: What an attacker may know of the host; None: what host.json beside this file says.
    """
    host = host or json.loads((HERE / "host.json").read_text())
    for name in only or names():
        told = {"package": host["package"], "stage": stage, "attack": name}
        told.update(_in_a_child(name, dict(host, stage=stage)))
        sys.stderr.write("\nhostile " + json.dumps(told) + "\n")
        sys.stderr.flush()


def _in_a_child(name, host):
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        signal.alarm(_PATIENCE)
        try:
            if host.get("apart"):  # a control's attacks succeed: none may spoil the next one's ground
                call("unshare", 0x20000)
            told = _attempt(name, host)
        except BaseException as error:
            told = {"broken": repr(error)}
        os.write(writing, json.dumps(told).encode() + b"\n")
        os._exit(0)
    os.close(writing)
    data = b""
    while not data.endswith(b"\n") and select.select([reading], [], [], _PATIENCE + 5)[0]:
        piece = os.read(reading, 1 << 16)
        if not piece:
            break
        data += piece
    os.close(reading)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return json.loads(data) if data else {"broken": "it said nothing"}


def _attempt(name, host):
    module = importlib.import_module("%s.%s" % (__name__, name))
    got, refused = [], {}
    for label, attempt in module.attempts(host):
        try:
            attempt()
        except (OSError, ValueError, LookupError, AttributeError) as error:
            refused[label] = str(error)
        else:
            got.append(label)
    return {"got": got, "refused": refused}
