"""Verification, first half: does the wheelhouse install on the pristine target?

    {"op": "install", "pip": "/podwheel/in/pip/pip-26.0-py3-none-any.whl",
     "frame": "/podwheel/in/frame",
     "wheelhouse": "/podwheel/in/wheelhouse", "requirements": ["name==1.0", ...]}

and in reply ``installed`` (pip's install ended well), ``consistent`` (pip check did) and ``output``.

A pristine target has its Python and nothing else: the virtual environment is made without
pip, and pip runs from its own wheel. Python 2 cannot make one: it gets a copy of ``frame``, a
virtual environment with no packages that the host has put together.
"""

from __future__ import print_function

import os
import shutil
import sys

import common

_ISOLATED = ["-E", "-s"] if sys.version_info[0] == 2 else ["-I"]
VENV = common.BUILD + "/venv"

# Debian 11's python3 has a distutils without its commands, where pip asks it for its locations unless
# it is told otherwise (`sysconfig._PIP_USE_SYSCONFIG` is pip's own door for distributors).
_RUN_PIP = """\
import runpy, sys, sysconfig
try:
    import distutils.cmd
except ImportError:
    sysconfig._PIP_USE_SYSCONFIG = True
wheel = sys.argv.pop(1)
sys.path[:0] = [wheel]
sys.path += filter(None, sys.argv.pop(1).split(":"))
runpy.run_module("pip", run_name="__main__", alter_sys=True)
"""


def install(channel, request):
    variables = dict(os.environ)

    def run(*command):
        return common.run_telling(list(command), common.BUILD, variables, channel)

    if sys.version_info[0] == 2:
        shutil.copytree(request["frame"], VENV, symlinks=True)
    else:
        ended, said = run(sys.executable, "-I", "-m", "venv", "--without-pip", VENV)
        if ended.code != 0:
            return _failed("venv", said)
    pip = _ISOLATED + ["-c", _RUN_PIP, request["pip"]]
    options = [
        "--no-index",
        "--find-links",
        request["wheelhouse"],
        "--only-binary",
        ":all:",
        "--no-cache-dir",
    ]
    quiet = ["--disable-pip-version-check", "--no-input"]
    wanted = options + quiet + ["--progress-bar", "off"] + request["requirements"]
    ended, said = run(VENV + "/bin/python", *(pip + ["", "install"] + wanted))
    if ended.code != 0:
        return _failed("install", said)
    # Without `site`: a .pth file of one wheel is code, and must not speak for all. Python 2 finds
    # its library only with it, so this is the system's own, to which the packages are shown.
    packages = ":".join(_site_packages())
    ended, checked = run(sys.executable, "-S", *(pip + [packages, "check"] + quiet))
    if ended.code != 0:
        return dict(_failed("check", checked), installed=True)
    return {"ok": True, "installed": True, "consistent": True, "output": said + checked}


def _failed(reason, said):
    return {"ok": False, "reason": reason, "installed": False, "consistent": False, "output": said}


def _site_packages():
    """The environment's package directories: one, or two where lib64 is a place of its own."""
    found = []
    for base in ("lib", "lib64"):
        path = "%s/%s/python%d.%d/site-packages" % ((VENV, base) + sys.version_info[:2])
        if os.path.isdir(path) and os.path.realpath(path) not in found:
            found.append(os.path.realpath(path))
    return found


if __name__ == "__main__":
    common.serve({"install": install})
    sys.exit(0)
