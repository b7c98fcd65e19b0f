"""A program of the image's with the libraries that it needs, to be run in another image: ``{"op": "send", "program": "ccache"}``.

Files: the program by its name, ``loader``, and ``lib/`` with the rest. ldd runs the loader alone.
"""

from __future__ import print_function

import os
import re
import shutil

import common

PLACE = common.BUILD + "/collected"
# `libz.so.1 => /lib/libz.so.1 (0x00007f...)`, and the loader, which has no arrow.
_NEEDED = re.compile(r"\s*(?:(\S+) => )?(/\S+) \(0x[0-9a-f]+\)\s*\Z")


def send(channel, request):
    program = _find(request["program"])
    if program is None:
        raise common.Refused("no-program")
    ended, said = common.run_telling(["ldd", program], common.BUILD, dict(os.environ), channel, 60)
    found = [match.groups() for match in map(_NEEDED.match, said.splitlines()) if match]
    loaders = [path for name, path in found if name is None]
    if ended.code != 0 or len(loaders) != 1:
        raise common.Refused("not-dynamic", output=said)
    os.makedirs(PLACE + "/lib")
    shutil.copyfile(program, os.path.join(PLACE, request["program"]))
    shutil.copyfile(loaders[0], PLACE + "/loader")
    for name, path in found:
        if name is not None:
            shutil.copyfile(path, os.path.join(PLACE, "lib", os.path.basename(name)))
    return {"ok": True, "files": common.send_files(channel, PLACE)}


def _find(program):
    for directory in os.environ["PATH"].split(os.pathsep):
        place = os.path.join(directory, program)
        if os.path.isfile(place) and os.access(place, os.X_OK):
            return place
    return None


if __name__ == "__main__":
    common.serve({"send": send})
