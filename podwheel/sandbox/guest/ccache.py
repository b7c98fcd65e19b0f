"""A package's compiler cache: unpacked into the scratch, put in front of the compilers, packed again.

The archive is what earlier builds of the package left, and as hostile as they were. Nothing in it is
more than ccache's own files, and none is read but by ccache; one that cannot be used is left out.
"""

from __future__ import print_function

import io
import os
import re
import shutil
import stat
import tarfile

import common
from common import BUILD, Refused, say, text

ARCHIVE = common.PODWHEEL + "/in/ccache"
PROGRAM = common.PODWHEEL + "/ccache"
_COMMAND = [PROGRAM + "/loader", "--library-path", PROGRAM + "/lib", PROGRAM + "/ccache"]
PLACE = BUILD + "/ccache"
COMPILERS = BUILD + "/podwheel-ccache"
TOOLCHAIN = BUILD + "/ccache-toolchain"
_OUT = BUILD + "/ccache-out"
_OUTPUT = BUILD + "/ccache-output"
_PATIENCE = 60
_SAID = 1 << 16

# Also with a target's three or four words in front, and a version behind.
_COMPILER = re.compile(
    r"([a-z0-9_]+(-[a-z0-9_]+){1,3}-)?(cc|c\+\+|gcc|g\+\+|clang|clang\+\+)(-[0-9.]+)?\Z"
)
# Results and statistics are in directories of one digit; its configuration is not.
_ENTRY = re.compile(r"[0-9a-f](/[0-9a-f]){0,7}/[A-Za-z0-9_-][A-Za-z0-9._-]{0,79}\Z")

_IN_FRONT = """\
#!/bin/sh
exec {command} {compiler} "$@"
"""


class Cache(object):
    """ccache with its directory in this container's scratch.

    It is mounted with its own loader and libraries, and on nobody's PATH: Meson would call every compiler
    by it, and write that into what it makes.

    Args:
        channel: The host's, watched while ccache itself runs.
        path: Where programs are found.
        limit: Bytes that it may keep.
        toolchain: Names what the compilers are made of beside their own files.
    """

    def __init__(self, channel, path, limit, toolchain):
        self._channel = channel
        if not os.path.exists(PROGRAM):
            raise Refused("no-ccache")
        self._limit = limit
        for directory in (PLACE, COMPILERS):
            _make(directory)
        with io.open(TOOLCHAIN, "w", encoding="ascii") as file:
            file.write(common.text(toolchain))
        self._variables = {
            "CCACHE_DIR": PLACE,
            "CCACHE_CONFIGPATH": os.devnull,
            "CCACHE_MAXSIZE": "%dM" % (limit >> 20),
            "CCACHE_COMPILERCHECK": "content",
            "CCACHE_EXTRAFILES": TOOLCHAIN,
            # Only what the preprocessor makes of a source decides: a header that is there now, and was
            # not, is seen by nothing less.
            "CCACHE_NODIRECT": "1",
        }
        self._restore()
        self._run(["--zero-stats"])
        _put_in_front(path)

    def joined(self, variables):
        """*variables* with the cache in front of the compilers; what a user has set stays."""
        more = dict(self._variables, **variables)
        more["PATH"] = COMPILERS + os.pathsep + variables["PATH"]
        return more

    def send(self):
        """Pack it, if it has something new, and send that; the body of the reply."""
        found, compiled = self._counts()
        files = 0
        if compiled:
            _make(_OUT)
            _pack(os.path.join(_OUT, "cache.tar"), self._limit)
            files = common.send_files(self._channel, _OUT)
            shutil.rmtree(_OUT)
        return {"ok": True, "files": files, "found": found, "compiled": compiled}

    def _restore(self):
        if not os.path.exists(ARCHIVE):
            return
        try:
            _unpack(ARCHIVE, self._limit)
        except Exception as error:
            say("the compiler cache is of no use: %s: %s" % (type(error).__name__, error))
            _make(PLACE)

    def _counts(self):
        """How many compilations were found, and how many were not."""
        counts = {}
        for line in self._run(["--print-stats"]).splitlines():
            name, _, value = line.partition("\t")
            if value.isdigit() and len(value) < 16:
                counts[name] = int(value)
        found = counts.get("direct_cache_hit", 0) + counts.get("preprocessed_cache_hit", 0)
        return found, counts.get("cache_miss", 0)

    def _run(self, arguments):
        """What ccache prints; it may hang or die of what the directory holds."""
        if os.path.lexists(_OUTPUT):
            os.unlink(_OUTPUT)
        variables = dict(os.environ, **self._variables)
        common.run(_COMMAND + arguments, BUILD, variables, self._channel, _PATIENCE, _OUTPUT)
        with open(_OUTPUT, "rb") as file:
            return text(file.read(_SAID))


class _Member(tarfile.TarInfo):
    """A header of a regular file; no other is acted on."""

    @classmethod
    def frombuf(cls, buf, *arguments):
        # Python 2's is given the block alone.
        member = super(_Member, cls).frombuf(buf, *arguments)
        if member.type not in (tarfile.REGTYPE, tarfile.AREGTYPE) or not _ENTRY.match(member.name):
            raise ValueError("%r is not a file of ccache's" % member.name)
        return member


def _unpack(archive, limit):
    opened = tarfile.open(archive, "r:", tarinfo=_Member)
    left = limit
    try:
        for member in opened:
            left -= _cost(member.size)
            if left < 0 or member.size < 0:
                raise ValueError("it has more than %d bytes" % limit)
            place = os.path.join(PLACE, member.name)
            if not os.path.isdir(os.path.dirname(place)):
                os.makedirs(os.path.dirname(place))
            source = opened.extractfile(member)
            with open(place, "wb") as file:
                shutil.copyfileobj(source, file, common.CHUNK)
            os.utime(place, (member.mtime, member.mtime))  # the longest unused go first
    finally:
        opened.close()


def _pack(archive, limit):
    """Move ccache's files into an archive, the last used first, as many as may be."""
    entries = sorted(_entries(), key=lambda entry: -entry[1].st_mtime)
    opened = tarfile.open(archive, "w:", format=tarfile.GNU_FORMAT)
    left = limit
    try:
        for name, status in entries:
            left -= _cost(status.st_size)
            if left < 0:
                break
            place = os.path.join(PLACE, name)
            member = tarfile.TarInfo(name)
            member.size, member.mtime = status.st_size, int(status.st_mtime)
            with open(place, "rb") as file:
                opened.addfile(member, file)
            os.unlink(place)  # the scratch is memory: not both of them
    finally:
        opened.close()


def _cost(size):
    """Bytes of the archive for a file of that size."""
    return 2 * tarfile.BLOCKSIZE + size


def _entries():
    for base, _, names in os.walk(PLACE):
        for name in names:
            place = os.path.join(base, name)
            status = os.lstat(place)
            relative = os.path.relpath(place, PLACE)
            if stat.S_ISREG(status.st_mode) and _ENTRY.match(relative):
                yield relative, status


def _put_in_front(path):
    """A script for every compiler's name that calls the first of that name by ccache."""
    for directory in path.split(os.pathsep):
        for name in sorted(os.listdir(directory)) if os.path.isdir(directory) else ():
            script = os.path.join(COMPILERS, name)
            compiler = os.path.join(directory, name)
            if (
                _COMPILER.match(name)
                and not os.path.exists(script)
                and os.access(compiler, os.X_OK)
            ):
                with io.open(script, "w", encoding="utf-8") as file:
                    file.write(
                        text(_IN_FRONT.format(command=" ".join(_COMMAND), compiler=compiler))
                    )
                os.chmod(script, 0o755)


def _make(directory):
    """A new, empty directory, whatever was in its place."""
    if os.path.islink(directory) or os.path.isfile(directory):
        os.unlink(directory)
    elif os.path.isdir(directory):
        shutil.rmtree(directory)
    os.makedirs(directory)
