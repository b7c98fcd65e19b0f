"""How a build's tools get to its jobserver, each in the way that its version knows.

The FIFO is GNU make's since 4.4; ninja reads it since 1.13, cargo and rustc do. An older make dies
of it and wants descriptors, which Python closes on the way: there, make and ninja are called by
scripts of ours, which open the FIFO for the one and name it to the other.
"""

from __future__ import print_function

import io
import os
import re
import stat

import common

FIFO = common.PODWHEEL + "/jobs"
WRAPPERS = common.BUILD + "/podwheel-bin"
_SAID = common.BUILD + "/version"
_MAKE = (4, 4)
_NINJA = (1, 13)
_versions = {}

_CALLS_MAKE = """\
#!/bin/sh
# podwheel: this make knows a jobserver as descriptors only.
case $MAKEFLAGS in
'') MAKEFLAGS='{flags}' ;;
*fifo:{fifo}*) ;;
*) exec {program} "$@" ;;
esac
exec 8<>{fifo} 9<>{fifo}
while
    case $MAKEFLAGS in
    *fifo:{fifo}*) ;;
    *) false ;;
    esac
do
    MAKEFLAGS="${{MAKEFLAGS%%fifo:{fifo}*}}8,9${{MAKEFLAGS#*fifo:{fifo}}}"
done
export MAKEFLAGS
exec {program} "$@"
"""

_CALLS_NINJA = """\
#!/bin/sh
# podwheel: the jobserver, of which this image's make must not hear.
MAKEFLAGS=${{MAKEFLAGS:-'{flags}'}} exec {program} "$@"
"""


def joined(variables):
    """*variables* with what leads to the jobserver, where there is one; what a user has set stays."""
    if not is_there():
        return variables
    share, path = variables.get("MAX_JOBS", "1"), variables["PATH"]
    # The blank tells make that no single-letter flags come first.
    flags = " -j%s --jobserver-auth=fifo:%s" % (share, FIFO)
    more = {"CARGO_MAKEFLAGS": flags}
    make, ninja = _version("make", path), _version("ninja", path)
    if make and make < _MAKE:
        _wrap(("make", "gmake"), _CALLS_MAKE, flags, path)
        _wrap(("ninja",), _CALLS_NINJA, flags, path)
        path = WRAPPERS + os.pathsep + path
    else:
        more["MAKEFLAGS"] = flags
    if ninja and ninja < _NINJA:  # cmake would start it with no limit; make then goes by it as well
        more["CMAKE_BUILD_PARALLEL_LEVEL"] = share
    more.update(variables, PATH=path)
    return more


def is_there():
    try:
        return stat.S_ISFIFO(os.stat(FIFO).st_mode)
    except OSError:
        return False


def _wrap(names, script, flags, path):
    """Write the script that calls each of those programs that there are."""
    if not os.path.isdir(WRAPPERS):
        os.makedirs(WRAPPERS)
    for name in names:
        program = _find(name, path)
        if program is not None:
            place = os.path.join(WRAPPERS, name)
            with io.open(place, "w", encoding="utf-8") as file:
                file.write(common.text(script.format(flags=flags, fifo=FIFO, program=program)))
            os.chmod(place, 0o755)


def _version(program, path):
    """``(4, 3)``; None where there is no such program, or it does not say."""
    found = _find(program, path)
    if found not in _versions:  # each hook asks, and an environment only grows
        _versions[found] = found and _told(found, path)
    return _versions[found]


def _told(program, path):
    ended = common.run(
        [program, "--version"], common.BUILD, {"PATH": path, "LC_ALL": "C"}, output=_SAID
    )
    with io.open(_SAID, encoding="utf-8", errors="replace") as file:
        number = re.search(r"\b(\d+)\.(\d+)", file.read(4096))
    os.unlink(_SAID)
    return tuple(int(part) for part in number.groups()) if number and ended.code == 0 else None


def _find(program, path):
    for directory in path.split(os.pathsep):
        place = os.path.join(directory, program)
        if os.path.isfile(place) and os.access(place, os.X_OK):
            return place
    return None
