"""Verification, second half: do the installed modules import, and do the packages' own tests pass?

    {"op": "import", "environments": [{"name": "example", "root": "/podwheel/envs/0",
     "modules": ["example"], "extensions": ["example._speedups"],
     "test": ["python", "-c", "..."] or null, "timeout": 120}]}

Each environment has a process of its own, and its leftovers are dead before the next begins: a
hostile ``.pth`` speaks for nobody but its own environment. In reply

    {"ok": true, "results": [{"name": "example", "modules": [{"module": "example", "ok": true,
     "said": ""}], "extensions": [...], "test": {"ok": true, "output": "..."} or null}]}
"""

from __future__ import print_function

import json
import os
import shutil
import sys
import tempfile

import common
from tidy import tidy

_TIMEOUT = 120


def imports(channel, request):
    return {"ok": True, "results": [_try(channel, one) for one in request["environments"]]}


def _try(channel, one):
    common.say("importing %s" % one["name"])
    timeout = one.get("timeout") or _TIMEOUT
    result = {"name": one["name"]}
    for kind in ("modules", "extensions"):
        result[kind] = _import_all(channel, one["root"], one.get(kind) or [], timeout)
    result["test"] = _test(channel, one, timeout) if one.get("test") else None
    tidy()  # the next environment finds nothing of this one
    return result


def _environment(root):
    return dict(os.environ, PATH=root + "/bin" + os.pathsep + os.environ.get("PATH", os.defpath))


def _import_all(channel, root, modules, timeout):
    """A result for each module, in order. A module that kills the process costs only itself."""
    results, left = [], list(modules)
    isolated = ["-E", "-s"] if sys.version_info[0] == 2 else ["-I"]
    while left:
        command = (
            [root + "/bin/python"] + isolated + [os.path.join(common.GUEST, "importer.py")] + left
        )
        ended = common.run(command, common.HOME, _environment(root), channel, timeout)
        done = _records(ended.record, left)
        results += done
        left = left[len(done) :]
        if left:
            results.append(_died(left.pop(0), ended))
    return results


def _records(data, expected):
    """The complete lines of the importer's record: one a module, in the order that was asked."""
    done = []
    for line, module in zip(data.decode("utf-8", "replace").split("\n")[:-1], expected):  # noqa: B905
        try:
            record = json.loads(line)
            done.append(
                {
                    "module": module,
                    "ok": record["ok"] is True,
                    "said": common.text(record["said"])[-4000:],
                }
            )
        except (ValueError, KeyError, TypeError, AttributeError):
            break
    return done


def _died(module, ended):
    if ended.timed_out:
        what = "it took too long"
    elif ended.signal:
        what = "killed by signal %d" % ended.signal
    else:
        what = "the process ended with code %s" % ended.code
    return {"module": module, "ok": False, "said": what}


def _test(channel, one, timeout):
    directory = tempfile.mkdtemp(dir=common.BUILD)
    try:
        ended, said = common.run_telling(
            one["test"], directory, _environment(one["root"]), channel, timeout
        )
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    if ended.timed_out:
        said += "it took longer than %s s\n" % timeout
    return {"ok": ended.code == 0, "code": ended.code, "signal": ended.signal, "output": said}


if __name__ == "__main__":
    common.serve({"import": imports})
    sys.exit(0)
