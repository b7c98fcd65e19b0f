"""distutils without the ``-g`` that the target's Python was compiled with, and hands down to every extension.

Debug information is most of what such an extension weighs, a third of the time that its compiler
takes, and names the directory that it was built in; a server seldom has a use for it. What was
asked for stays: a ``-g`` of the package's own, or one in CFLAGS or CXXFLAGS.

hook.py loads this by its path into the process of the backend; on Python 2.7 as well.
"""

import os
import re
import sys

_HANDED_DOWN = re.compile(r"(?<!\S)-g(?!\S)")
_ASKED = re.compile(r"(?<!\S)-g")


def leave_out():
    """Let the backend's distutils, if it has come with one, be told nothing of ``-g`` by its Python."""
    if "setuptools" not in sys.modules and "distutils" not in sys.modules:
        return
    try:
        from distutils.ccompiler import CCompiler
    except Exception:  # an old setuptools on a new Python: whatever it needs, it will say
        return
    original = CCompiler.set_executables

    def set_executables(self, **commands):
        flags = [os.environ.get(name, "") for name in ("CFLAGS", "CXXFLAGS")]
        if not any(_ASKED.search(one) for one in flags):
            for name, command in commands.items():
                if isinstance(command, type("")):
                    commands[name] = _HANDED_DOWN.sub("", command)
        return original(self, **commands)

    CCompiler.set_executables = set_executables
