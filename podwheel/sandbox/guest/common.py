"""What every guest program shares: frames, children, and cleaning up after them.

Runs inside the container, on the target's own Python (2.7 and 3.6 to 3.14), with nothing
but the standard library. The host never imports it; podwheel/sandbox/frames.py is the
other end of the wire, and describes the frames.

Each package's container starts one: what few builds need is imported where it is needed.
"""

from __future__ import print_function

import errno
import fcntl
import json
import os
import resource
import select
import signal
import stat
import sys
import tarfile
import time

# Tests run the programs outside a container; inside, the root is always "".
ROOT = os.environ.pop("PODWHEEL_GUEST_ROOT", "")
BUILD = ROOT + "/build"
PODWHEEL = ROOT + "/podwheel"
HOME = BUILD + "/home"
GUEST = os.path.dirname(os.path.abspath(__file__))

CHUNK = 1 << 20
RECORD_LIMIT = 4 << 20  # a child's record; the host takes frames of twice that
OUTPUT_LIMIT = 16384  # bytes of a child's output in a reply
RECORD_FD = 3  # where a child of ours writes its record; what else it inherits comes behind
_PR_SET_DUMPABLE = 4
_PR_SET_CHILD_SUBREAPER = 36
_TICK = 0.1


class Refused(Exception):
    """A request that cannot be done, in words for the host: ``{"ok": false, "reason": ...}``."""

    def __init__(self, reason, **details):
        Exception.__init__(self, reason)
        self.body = dict(details, ok=False, reason=reason)


class HostGone(Exception):
    """Our standard input has ended while a child ran: nobody waits for an answer any more."""


def text(value):
    """*value* as text that JSON carries: bytes of a hostile build need not be UTF-8."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return value


def native(value):
    """Parsed JSON with ``str`` inside: Python 2's ``execve`` and ``open`` choke on unicode."""
    if sys.version_info[0] > 2:
        return value
    if isinstance(value, dict):
        return dict((native(k), native(v)) for k, v in value.items())
    if isinstance(value, list):
        return [native(v) for v in value]
    return (
        value.encode("utf-8") if not isinstance(value, str) and hasattr(value, "encode") else value
    )


def say(message):
    """A line for the log (standard error)."""
    sys.stderr.write("podwheel: %s\n" % message)
    sys.stderr.flush()


def harden():
    """Shut the doors between us and the build, which has our uid; whether /proc is shut too.

    Not dumpable, our /proc/1/fd belongs to root: without it a build opened the guest's own
    standard output and wrote frames (DESIGN.md). Signals with a handler would reach even
    PID 1 from inside; Python's only one is SIGINT's.
    """
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    os.umask(0o022)
    try:
        import ctypes

        prctl = ctypes.CDLL(None).prctl
        if ROOT:  # orphans come to us, as they come to PID 1
            prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        return prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0) == 0
    except Exception:  # a Python without ctypes: the hello says so
        return False


def write(descriptor, data):
    """All of *data*."""
    view = memoryview(data)
    while len(view):
        view = view[os.write(descriptor, view) :]


def _close_on_exec(descriptor):
    fcntl.fcntl(descriptor, fcntl.F_SETFD, fcntl.FD_CLOEXEC)
    return descriptor


class Channel(object):
    """The dialogue with the host, on what were standard input and output.

    Afterwards descriptor 0 is /dev/null and 1 is standard error, so that nothing that a
    child (or a library) prints can be taken for a frame.
    """

    def __init__(self):
        self._in = _close_on_exec(fcntl.fcntl(0, fcntl.F_DUPFD, 10))
        self._out = _close_on_exec(fcntl.fcntl(1, fcntl.F_DUPFD, 10))
        null = os.open(os.devnull, os.O_RDONLY)
        os.dup2(null, 0)
        os.close(null)
        os.dup2(2, 1)
        self._buffer = b""

    def fileno(self):
        return self._in

    def fill(self):
        """Take in what the host has sent; False at the end."""
        data = os.read(self._in, 1 << 16)
        self._buffer += data
        return bool(data)

    def request(self):
        """The next request, or None when the host has hung up."""
        while b"\n" not in self._buffer:
            if not self.fill():
                return None
        line, self._buffer = self._buffer.split(b"\n", 1)
        return native(json.loads(line.decode("utf-8")))

    def frame(self, header):
        write(self._out, json.dumps(header).encode("ascii") + b"\n")

    def write(self, data):
        """A data frame: makes the channel a file to write an archive to."""
        self.frame({"frame": "data", "length": len(data)})
        write(self._out, data)

    def reply(self, body):
        self.frame({"frame": "reply", "body": body, "usage": _usage()})


def _usage():
    ours = resource.getrusage(resource.RUSAGE_SELF)
    theirs = resource.getrusage(resource.RUSAGE_CHILDREN)
    children = theirs.ru_utime + theirs.ru_stime
    return {
        "cpu_seconds": ours.ru_utime + ours.ru_stime + children,
        "children_cpu_seconds": children,
        "largest_process": max(ours.ru_maxrss, theirs.ru_maxrss) * 1024,
    }


def serve(handlers):
    """Answer requests until ``exit`` or the end of input.

    Args:
        handlers: From ``op`` to a function of (channel, request) that returns the reply's body.
    """
    undumpable = harden()
    channel = Channel()
    if not os.path.isdir(HOME):
        os.makedirs(HOME)
    channel.frame({"frame": "hello", "undumpable": undumpable})
    while True:
        request = channel.request()
        if request is None:
            return
        if request.get("op") == "exit":
            channel.reply({"ok": True})
            return
        try:
            if request.get("op") not in handlers:
                raise Refused("unknown-operation")
            body = handlers[request["op"]](channel, request)
        except Refused as refusal:
            body = refusal.body
        except HostGone:
            return
        except Exception:
            import traceback

            body = {"ok": False, "reason": "guest", "exception": text(traceback.format_exc())}
        channel.reply(body)


# ------------------------------------------------------------------ children


class Ended(object):
    """How a child ended: ``code`` or ``signal`` is None; ``record`` is what it wrote to RECORD_FD."""

    def __init__(self, status, record, timed_out):
        self.signal = os.WTERMSIG(status) if os.WIFSIGNALED(status) else None
        self.code = None if self.signal else os.WEXITSTATUS(status)
        self.record = record
        self.timed_out = timed_out


def run(arguments, cwd, environment, channel=None, timeout=None, output=None, spare=None):
    """Run a child to its end, and kill whatever it left running.

    Its standard input is empty, its output goes to our standard error. Every orphan is ours
    to reap: we are PID 1.

    Args:
        channel: Watched meanwhile; None on a terminal, where the child shares our session
            so that Ctrl-C reaches it.
        timeout: Seconds, then it is killed.
        output: A file that gets its output instead of the log; it is copied there at the end.
        spare: A `spare.Spare`: the child may leave a process behind, which lives on if it is the only one.

    Raises:
        HostGone: The host hung up; the child is dead.
    """
    reading, writing = os.pipe()
    sys.stdout.flush()
    sys.stderr.flush()
    child = os.fork()
    if child == 0:
        inherited = [writing] + (spare.inherited if spare else [])
        _become(arguments, cwd, environment, inherited, channel is not None, output)
    os.close(writing)
    try:
        return follow(child, reading, channel, timeout)
    finally:
        os.close(reading)
        if not (spare and spare.is_left_alone()):
            sweep(child)


def _become(arguments, cwd, environment, inherited, own_session, output):
    """In the child: arrange descriptors, then exec. Never returns."""
    try:
        if own_session:
            os.setsid()
        # Python ignores these two, and a build must not inherit that.
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
        if output:
            os.dup2(os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644), 2)
        os.dup2(2, 1)
        # First out of the way: one may have the number of another's place.
        aside = [fcntl.fcntl(one, fcntl.F_DUPFD, 64) for one in inherited]
        for place, one in enumerate(aside, RECORD_FD):
            os.dup2(one, place)
        os.closerange(RECORD_FD + len(aside), 256)  # Python 2's are inherited
        os.chdir(cwd)
        os.execvpe(arguments[0], arguments, environment)
    except BaseException as error:
        os.write(
            2, ("podwheel: cannot run %s: %s\n" % (arguments[0], error)).encode("utf-8", "replace")
        )
    finally:
        os._exit(127)


def run_telling(arguments, cwd, environment, channel, timeout=None):
    """`run`, and the end of what the child printed (which is in the log as well): (Ended, text)."""
    path = os.path.join(BUILD, "output")
    ended = run(arguments, cwd, environment, channel, timeout, path)
    said = b""
    if os.path.exists(path):
        with open(path, "rb") as file:
            for data in iter(lambda: file.read(CHUNK), b""):
                write(2, data)
                said = (said + data)[-OUTPUT_LIMIT:]
        os.unlink(path)
    return ended, text(said)


def follow(child, reading, channel, timeout=None):
    """Wait for the end of a child of ours; an `Ended`, with what came out of the descriptor *reading*."""
    deadline = None if timeout is None else time.time() + timeout
    poll = select.poll()
    poll.register(reading, select.POLLIN)
    if channel is not None:
        poll.register(channel.fileno(), select.POLLIN)
    record, tick, timed_out = b"", _TICK, False
    while True:
        for descriptor, _ in _poll(poll, tick):
            if descriptor != reading:
                if not channel.fill():
                    raise HostGone
                continue
            data = os.read(reading, 1 << 16)
            record = (record + data)[: RECORD_LIMIT + 1]
            if len(record) > RECORD_LIMIT:  # it would go on until its time is over
                os.kill(child, signal.SIGKILL)
            if (
                not data
            ):  # it exits in a moment, or it closed the descriptor: soon we ask less often
                poll.unregister(reading)
                tick = 0.002
        status = _reap(child)
        if status is not None:
            return Ended(status, _rest(reading, record), timed_out)
        if deadline is not None and time.time() > deadline:
            os.kill(child, signal.SIGKILL)
            timed_out, deadline = True, None
        if tick < _TICK:
            tick = min(tick * 2, _TICK)


def _rest(reading, record):
    """The record and what still lies in its pipe (leftovers may hold the other end open)."""
    fcntl.fcntl(reading, fcntl.F_SETFL, os.O_NONBLOCK)
    try:
        while len(record) <= RECORD_LIMIT:
            data = os.read(reading, 1 << 16)
            if not data:
                break
            record += data
    except (IOError, OSError) as error:
        if error.errno != errno.EAGAIN:
            raise
    return record


def _poll(poll, seconds):
    try:
        return poll.poll(int(seconds * 1000))
    except (select.error, OSError) as error:  # Python 2 does not retry
        if error.args[0] != errno.EINTR:
            raise
        return []


def _reap(child):
    """The status of *child* if it has ended; orphans that became ours are reaped by the way."""
    while True:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if pid == child:
            return status
        if pid == 0:
            return None


def sweep(child):
    """Kill what a child left behind: a daemon of one hook must not watch the next one."""
    # As PID 1, all processes of the container; in tests they would be the user's.
    group = -1 if os.getpid() == 1 else -child
    while True:
        try:
            os.kill(group, signal.SIGKILL)
            os.waitpid(group, 0)
        except OSError as error:
            if error.errno in (errno.ESRCH, errno.ECHILD, errno.EPERM):
                return
            if error.errno != errno.EINTR:
                raise


# ------------------------------------------------------------------ files


def send_files(channel, directory):
    """Stream the regular files below *directory* as a tar of GNU headers; how many there were."""
    count = 0
    archive = tarfile.open(fileobj=channel, mode="w|", format=tarfile.GNU_FORMAT, bufsize=CHUNK)
    for base, directories, names in os.walk(directory):
        directories.sort()
        for name in sorted(names):
            path = os.path.join(base, name)
            if not stat.S_ISREG(os.lstat(path).st_mode):
                continue
            with open(path, "rb") as source:
                member = tarfile.TarInfo(os.path.relpath(path, directory))
                member.size = os.fstat(source.fileno()).st_size
                archive.addfile(member, source)
            count += 1
    archive.close()
    return count


def inside(directory, relative):
    """The path *relative* below *directory*, or a refusal: ``..`` and links may lead out."""
    path = os.path.realpath(os.path.join(directory, relative))
    if path != os.path.realpath(directory) and not path.startswith(
        os.path.realpath(directory) + os.sep
    ):
        raise Refused("outside", path=relative)
    return path
