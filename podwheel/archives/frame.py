"""The frame of a virtual environment: an interpreter and no packages, made without running it.

It may be mounted read-only, anywhere. Since Python 3.3 the interpreter finds ``pyvenv.cfg`` beside
its own ``bin`` (PEP 405). Python 2.7 does what virtualenv made use of: from the name that it was
called by, it looks upwards for ``lib/python2.7/os.py``, and takes what it finds for its prefix.
virtualenv copied the interpreter to be called by such a name. Here a script of two lines calls it
by that name instead: nothing of an image is copied.
"""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Final

from podwheel.errors import TargetFileError

if TYPE_CHECKING:
    from pathlib import Path

    from podwheel.model import Interpreter

WITH_VENV: Final = (3, 3)
"""The first Python that knows ``pyvenv.cfg``."""

_CALL: Final = """\
#!{executable} -ESs
import os, sys
os.execv({executable!r}, [os.path.abspath(sys.argv[0]), "-s"] + sys.argv[1:])
"""
"""``bin/python2.7``. ``-s``: there is no user in a build, and Debian's Python looks for one's packages."""

_SITE: Final = """\
# The first module that Python 2 imports. The standard library is the system's; packages are not.
# `real_prefix` tells distutils, pip and Debian that this is an environment, as virtualenv's does.
import sys
sys.real_prefix = {prefix!r}
_here = __file__.rpartition("/")[0]
_own = (_here, _here.rpartition("/")[0] + "/python{digits}.zip")
sys.path[:] = [path for path in sys.path if not path.startswith(_own)] + {stdlib!r}
_kept = sys.modules.pop(__name__) # with its last reference a module would lose its names
import site
site.addsitedir(sys.prefix + {packages!r})
"""
"""``lib/python2.7/site.py``."""


def virtual_environment(into: Path, python: Interpreter) -> None:
    """Make the frame of a virtual environment of the target's Python.

    Args:
        into: The environment's root; made if it is not there.

    Raises:
        TargetFileError: The Python is 3.0 to 3.2, or did not say where its standard library is.
    """
    (into / "bin").mkdir(parents=True, exist_ok=True)
    for directory in {with_plain_lib(python.purelib), with_plain_lib(python.platlib)}:
        (into / directory).mkdir(parents=True, exist_ok=True)
    (into / "lib64").symlink_to("lib")
    if python.series >= WITH_VENV:
        _with_configuration(into, python)
    elif python.series == (2, 7) and python.stdlib:
        _with_landmark(into, python)
    else:
        raise TargetFileError(f"Python {python.version} knows no virtual environments (PEP 405)")


def reserved(python: Interpreter) -> frozenset[str]:
    """The frame's own files, by their paths in it: no wheel may replace one."""
    series = "{}.{}".format(*python.series)
    common = {"lib64", "bin/python", f"bin/python{series[0]}", f"bin/python{series}"}
    if python.series >= WITH_VENV:
        return frozenset(common | {"pyvenv.cfg"})
    own = (f"lib/python{series}/{name}" for name in ("os.py", "site.py", "lib-dynload"))
    return frozenset(common | {*own, f"include/python{series}"})


def with_plain_lib(path: str) -> str:
    """``lib64/…`` as ``lib/…``: in a virtual environment the one is a link to the other."""
    return f"lib/{path.removeprefix('lib64/')}" if path.startswith("lib64/") else path


def _with_configuration(into: Path, python: Interpreter) -> None:
    home = PurePosixPath(python.executable)
    name = "python{}.{}".format(*python.series)
    (into / "bin" / name).symlink_to(home)
    _alias(into, python, name)
    (into / "pyvenv.cfg").write_text(
        f"home = {home.parent}\n"
        "include-system-site-packages = false\n"
        f"version = {python.version}\n"
        f"executable = {home}\n",
        encoding="utf-8",
    )


def _with_landmark(into: Path, python: Interpreter) -> None:
    name = "python{}.{}".format(*python.series)
    own = into / "lib" / name
    library = PurePosixPath(python.stdlib[0])
    prefix = library.parents[1]
    call = into / "bin" / name
    call.write_text(_CALL.format(executable=python.executable), encoding="utf-8")
    call.chmod(0o755)
    _alias(into, python, name)
    (own / "os.py").symlink_to(library / "os.py")
    (own / "lib-dynload").symlink_to(library / "lib-dynload")  # else it says that it looks in vain
    (own / "site.py").write_text(
        _SITE.format(
            prefix=str(prefix),
            digits="".join(map(str, python.series)),
            stdlib=list(python.stdlib),
            packages=f"/{with_plain_lib(python.purelib)}",
        ),
        encoding="utf-8",
    )
    (into / "include").mkdir(exist_ok=True)
    (into / "include" / name).symlink_to(prefix / "include" / name)


def _alias(into: Path, python: Interpreter, name: str) -> None:
    for alias in ("python", f"python{python.series[0]}"):
        (into / "bin" / alias).symlink_to(name)
