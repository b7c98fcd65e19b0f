"""The dialogue of a build: unpack, hooks, and the wheel's bytes.

One JSON object a line (see common.serve); the source's root is where the hooks run:

    {"op": "unpack", "archive": "/podwheel/in/source/x-1.0.tar.gz", "subdirectory": null, "patches": []}
    {"op": "hook", "hook": "build_wheel", "backend": "setuptools.build_meta:__legacy__",
     "backend_path": [], "config_settings": {}, "environment": {}}
    {"op": "read", "path": "pyproject.toml"}
    {"op": "send", "directory": "/build/wheel"}
    {"op": "ccache", "limit": 536870912, "toolchain": "..."}: for the hooks after it
    {"op": "ccache-send"}
    {"op": "exit"}
"""

from __future__ import print_function

import io
import json
import os
import shutil
import sys

import common
import jobserver
import spare
import unpack

PYTHON = common.PODWHEEL + "/env/bin/python"
SPECIFICATION = common.BUILD + "/hook.json"
READ_LIMIT = 1 << 20
_DIRECTORIES = {
    "prepare_metadata_for_build_wheel": common.BUILD + "/metadata",
    "build_wheel": common.BUILD + "/wheel",
}


def environment(extra):
    """What a hook sees: the container's own variables, the build environment in front, *extra*."""
    variables = dict(os.environ, **extra)
    variables["PATH"] = os.path.dirname(PYTHON) + os.pathsep + variables.get("PATH", os.defpath)
    return jobserver.joined(variables)


def prepare(request):
    """Write down the hook that *request* asks for; the command that runs it."""
    specification = dict(request, directory=_DIRECTORIES.get(request["hook"]))
    if jobserver.is_there():
        specification["jobserver"] = jobserver.FIFO
    directory = specification["directory"]
    if directory:  # a hook may be called twice; the second must not find the first one's leavings
        shutil.rmtree(directory, ignore_errors=True)
        os.makedirs(directory)
    with io.open(SPECIFICATION, "wb") as file:
        file.write(json.dumps(specification).encode("ascii"))
    return [PYTHON, os.path.join(common.GUEST, "hook.py"), SPECIFICATION]


class Build(object):
    """The state of one dialogue: where the source is, the compiler cache, who waits for the next hook."""

    def __init__(self):
        self.root = None
        self.compiler_cache = None
        self.spare = None

    def unpack(self, _channel, request):
        body = unpack.unpack(request)
        self.root = body["root"]
        return body

    def hook(self, channel, request):
        if self.root is None:
            raise common.Refused("nothing-unpacked")
        variables = environment(request.get("environment") or {})
        if self.compiler_cache is not None:
            variables = self.compiler_cache.joined(variables)
        ended = self.done_by_spare(channel, request, variables)
        if ended is not None:
            return verdict(ended)
        if not spare.is_worth_it(request):
            return verdict(common.run(prepare(request), self.root, variables, channel))
        left = spare.Spare(request, variables)
        command = prepare(dict(request, spare=True))
        body = verdict(common.run(command, self.root, variables, channel, spare=left))
        if body.get("ok") and not body.get("value"):
            self.spare = left
        else:  # what was asked for would be news to a backend that is loaded already
            left.end()
        return body

    def done_by_spare(self, channel, request, variables):
        """How the hook ended in the process that the one before left for it; None: there is none."""
        waiting, self.spare = self.spare, None
        if waiting is None:
            return None
        if not waiting.is_for(request, variables):
            waiting.end()
            return None
        prepare(request)
        return waiting.go(SPECIFICATION, channel)

    def read(self, _channel, request):
        """A text file of the source, ``null`` where there is none."""
        if self.root is None:
            raise common.Refused("nothing-unpacked")
        path = common.inside(self.root, request["path"])
        if not os.path.isfile(path):
            return {"ok": True, "text": None}
        with io.open(path, encoding="utf-8-sig", errors="replace") as file:
            return {"ok": True, "text": file.read(READ_LIMIT)}

    def send(self, channel, request):
        return {"ok": True, "files": common.send_files(channel, request["directory"])}

    def cache(self, channel, request):
        import ccache

        path = environment({})["PATH"]
        self.compiler_cache = ccache.Cache(channel, path, request["limit"], request["toolchain"])
        return {"ok": True}

    def send_cache(self, _channel, _request):
        """What the cache holds now, and how often it served; nothing, where there was none."""
        if self.compiler_cache is None:
            raise common.Refused("no-ccache")
        return self.compiler_cache.send()


def verdict(ended):
    """The reply for a hook's end: its own record, unless it died before it could write one."""
    if len(ended.record) > common.RECORD_LIMIT:
        what = "what it returned has more than %d bytes" % common.RECORD_LIMIT
        return {"ok": False, "reason": "raised", "exception": what}
    if ended.signal:
        return {"ok": False, "reason": "killed", "signal": ended.signal}
    try:
        record = json.loads(ended.record.decode("ascii"))
        if not isinstance(record, dict):
            raise ValueError(record)
    # os._exit in a setup.py, an interpreter that does not start; nested too deep for a parser
    except (ValueError, RuntimeError):
        return {"ok": False, "reason": "exited", "code": ended.code}
    return record


if __name__ == "__main__":
    build = Build()
    common.serve(
        {
            "unpack": build.unpack,
            "hook": build.hook,
            "read": build.read,
            "send": build.send,
            "ccache": build.cache,
            "ccache-send": build.send_cache,
        }
    )
    sys.exit(0)
