"""A process of the first hook's that has loaded the backend already, for the second one.

To load one takes longer than most of its hooks do. PEP 517 wants a process of its own for each hook: so
hook.py, with the backend loaded and before it calls anything, forks another one, which waits here.
It is used for the same backend with the same variables, in an environment that has not
changed, where the first hook left no other process; else it is killed with the rest.

The package's code can do with it what it likes, as with everything in its container.
"""

import fcntl
import os
import signal

import common

_PID_LIMIT = 32


def is_worth_it(request):
    """Whether another hook of that backend is likely, and nobody can tell that it was loaded before.

    A backend of the source's own tree may read there, as it is loaded, what the first hook writes.
    """
    return request["hook"] == "get_requires_for_build_wheel" and not request.get("backend_path")


class Spare(object):
    """What waits, or will: the guest's ends of two pipes."""

    def __init__(self, request, variables):
        self._about = self._key(request, variables)
        asked, self._asking = os.pipe()
        self._told, telling = os.pipe()
        self.inherited = [asked, telling]  # the child's, as the descriptors behind its record
        for one in (self._asking, self._told):
            fcntl.fcntl(one, fcntl.F_SETFD, fcntl.FD_CLOEXEC)
        self._pid = None

    @staticmethod
    def _key(request, variables):
        return request["backend"], request.get("backend_path") or [], dict(variables)

    def is_left_alone(self):
        """Whether the child, which has ended, left that process, and no other."""
        pid = self._left()
        if pid is not None and _is_all_there_is(pid):
            self._pid = pid
        return self._pid is not None

    def _left(self):
        """The process that was left, as the child says; None if there is none."""
        for one in self.inherited:
            os.close(one)
        self.inherited = []
        fcntl.fcntl(self._told, fcntl.F_SETFL, os.O_NONBLOCK)
        try:
            pid = int(os.read(self._told, _PID_LIMIT))
        except (OSError, ValueError):
            return None
        return pid if pid > 1 else None

    def is_for(self, request, variables):
        """Whether it has loaded what that hook needs."""
        return self._pid is not None and self._key(request, variables) == self._about

    def go(self, specification, channel):
        """Have it call the hook; an `Ended`, as of a child that was started for that. None: it is gone."""
        try:
            try:
                os.write(self._asking, specification.encode("ascii") + b"\n")
            except OSError:
                return None
            return common.follow(self._pid, self._told, channel)
        finally:
            self.end()

    def end(self):
        """It is not wanted, or has done its work."""
        os.close(self._asking)
        os.close(self._told)
        if self._pid is not None:
            common.sweep(self._pid)


def _is_all_there_is(pid):
    """Whether that process is alive, and has no company but us: nobody moves while we look."""
    if os.getpid() != 1:
        return True
    try:
        os.kill(-1, signal.SIGSTOP)
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
        found = [int(name) for name in os.listdir("/proc") if name.isdigit()]
        if sorted(found) != [1, pid]:
            return False
        os.kill(pid, signal.SIGCONT)
    except OSError:
        return False
    return True
