"""Import modules one by one, in the environment's own Python; a JSON line each on descriptor 3.

importer.py MODULE...
"""

# ruff: noqa: E402
import sys

# Under -I this file's directory is not on the path; Python 2 has no -I.
_names = sys.argv[1:]
if sys.path and sys.path[0] == __file__.rpartition("/")[0]:
    del sys.path[0]

import fcntl
import json
import os
import traceback
from importlib import import_module

RECORD_FD = 3


def attempt(name):
    try:
        import_module(name)
    except BaseException:  # SystemExit as well: a module that exits cannot be imported
        kind, error, _ = sys.exc_info()
        told = "".join(traceback.format_exception_only(kind, error)).strip()
        sys.stderr.write("%s: %s\n" % (name, told))
        return {"ok": False, "said": traceback.format_exc()[-4000:]}
    return {"ok": True, "said": ""}


def main():
    fcntl.fcntl(RECORD_FD, fcntl.F_SETFD, fcntl.FD_CLOEXEC)
    for name in _names:
        data = json.dumps(attempt(name)).encode("ascii") + b"\n"
        while data:
            data = data[os.write(RECORD_FD, data) :]
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)  # what it does at exit is not what was asked


if __name__ == "__main__":
    main()
