"""One PEP 517 hook, run by the build environment's Python in the source's root.

Follows pyproject_hooks' ``_in_process``: the backend is imported here and nowhere else. What
happened is written as JSON to the descriptor that the guest holds. The build can forge that
record, for it runs in this process: the host takes it as a claim.

    hook.py SPECIFICATION.json
"""

# ruff: noqa: E402
import sys

# The directory of this file comes first on sys.path, and holds a `build.py`: a backend that
# imports the project of that name must not find ours. Nothing may be imported before.
del sys.path[0]

import fcntl
import io
import json
import os
import traceback
from importlib import import_module

RECORD_FD = 3
ASKED_FD, TOLD_FD = 4, 5  # spare.py's ends of what leads to a process that waits for the next hook
METADATA_LIMIT = 2 << 20
DEBUG_INFO = "PODWHEEL_DEBUG_INFO"  # a variable of the step, and so in its identity


class NoBackend(Exception):
    """The backend cannot be imported, or came from elsewhere than ``backend-path``."""


class NoHook(Exception):
    """The backend does not have an optional hook."""


def load(backend, backend_path):
    """The backend object: ``module:object`` as in PEP 517, in-tree directories first."""
    directories = [os.path.abspath(path) for path in backend_path]
    sys.path[:0] = directories
    module, _, attributes = backend.partition(":")
    try:
        found = import_module(module)
    except ImportError:
        traceback.print_exc()
        raise NoBackend(describe(sys.exc_info()[1]))
    if directories:
        origin = os.path.realpath(found.__file__ or "")
        if not any(origin.startswith(os.path.realpath(path) + os.sep) for path in directories):
            raise NoBackend("%s was not loaded from backend-path, but from %s" % (module, origin))
    for attribute in attributes.split(".") if attributes else ():
        try:
            found = getattr(found, attribute)
        except AttributeError as error:
            raise NoBackend(describe(error))
    return found


def call(backend, specification):
    """The hook's value (PEP 517), with what the host wants to know beside it."""
    settings = specification.get("config_settings") or {}
    name = specification["hook"]
    if name == "get_requires_for_build_wheel":
        hook = getattr(backend, name, None)
        return list(hook(settings)) if hook else []
    directory = specification["directory"]
    if name == "prepare_metadata_for_build_wheel":
        hook = getattr(backend, name, None)
        if hook is None:
            raise NoHook(name)
        made = os.path.basename(hook(directory, settings))
        with io.open(
            os.path.join(directory, made, "METADATA"), encoding="utf-8", errors="replace"
        ) as file:
            return {"directory": made, "metadata": file.read(METADATA_LIMIT)}
    if name == "build_wheel":
        return os.path.basename(getattr(backend, name)(directory, settings, None))
    raise NoHook(name)


def describe(error):
    """``ModuleNotFoundError: No module named 'x'``, as a traceback's last line has it."""
    lines = traceback.format_exception_only(type(error), error)
    return "".join(lines).strip()[-8000:]


def attempt(specification):
    """Call the hook; a record of what came of it."""
    try:
        backend = load(specification["backend"], specification.get("backend_path") or [])
        if specification.get("spare"):
            specification = stand_by(specification)
        if specification["hook"] == "build_wheel":
            tune(specification)
        return {"ok": True, "value": call(backend, specification)}
    except NoBackend as error:
        return {"ok": False, "reason": "backend-import", "exception": str(error)}
    except NoHook as error:
        return {"ok": False, "reason": "no-hook", "exception": str(error)}
    except SystemExit as error:
        code = error.code if isinstance(error.code, int) else 0 if error.code is None else 1
        traceback.print_exc()
        return {"ok": False, "reason": "exited", "code": code, "exception": describe(error)}
    except BaseException as error:
        traceback.print_exc()
        return {"ok": False, "reason": "raised", "exception": describe(error)}


def stand_by(specification):
    """Leave a process that has the backend loaded, for the next hook (spare.py).

    Returns:
        What is to be done: in that process the next hook's specification, when it is wanted.
    """
    if len(os.listdir("/proc/self/task")) > 1:  # a fork has none of the backend's threads
        return specification
    sys.stdout.flush()
    sys.stderr.flush()
    try:
        pid = os.fork()
    except OSError:  # as many processes as there may be
        return specification
    if pid:
        os.write(TOLD_FD, ("%d\n" % pid).encode("ascii"))
        os.close(TOLD_FD)
        os.close(ASKED_FD)
        return specification
    os.setsid()
    os.dup2(TOLD_FD, RECORD_FD)
    os.close(TOLD_FD)
    close_on_exec(RECORD_FD)
    line = b""
    while not line.endswith(b"\n"):
        data = os.read(ASKED_FD, 4096)
        if not data:  # there is no next one
            os._exit(0)
        line += data
    os.close(ASKED_FD)
    with io.open(line.strip(), encoding="utf-8") as file:
        return json.load(file)


def close_on_exec(descriptor):
    fcntl.fcntl(descriptor, fcntl.F_SETFD, fcntl.FD_CLOEXEC)


def tune(specification):
    """How distutils compiles here: side by side (which needs Python 3), and without debug information."""
    if specification.get("jobserver") and sys.version_info >= (3, 6):
        neighbour("compilers")["side_by_side"](specification["jobserver"])
    if not os.environ.get(DEBUG_INFO):
        neighbour("debuginfo")["leave_out"]()


def neighbour(name):
    """What a module beside this file defines; no import can find it, nor must."""
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), name + ".py")
    defined = {"__name__": "podwheel_" + name}
    with io.open(path, encoding="utf-8") as file:
        exec(compile(file.read(), path, "exec"), defined)
    return defined


def is_listened_to():
    """Whether the guest holds the other end of the record (not when typed in `podwheel shell`)."""
    try:
        # Compilers below us have no business with it, and would keep the guest waiting.
        close_on_exec(RECORD_FD)
    except (IOError, OSError):
        return False
    return True


def main():
    with io.open(sys.argv[1], encoding="utf-8") as file:
        specification = json.load(file)
    listening = is_listened_to()
    if specification.get("spare"):
        close_on_exec(ASKED_FD)
        close_on_exec(TOLD_FD)
    record = attempt(specification)
    if listening:
        data = json.dumps(record).encode("ascii")
        while data:
            data = data[os.write(RECORD_FD, data) :]
    else:
        sys.stderr.write(json.dumps(record, indent=2) + "\n")
    sys.stdout.flush()
    return 0 if record["ok"] else 1


if __name__ == "__main__":
    sys.exit(main())
