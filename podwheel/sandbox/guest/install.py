"""Verification, first half: does the wheelhouse install on the pristine target?

    {"op": "install", "pip": "/podwheel/in/pip/pip-26.0-py3-none-any.whl",
     "wheelhouse": "/podwheel/in/wheelhouse", "requirements": ["name==1.0", ...]}

and in reply ``installed`` (pip's install ended well), ``consistent`` (pip check did) and ``output``.

A pristine target has ``python3`` and nothing else: the virtual environment is made without
pip, and pip runs from its own wheel.
"""

from __future__ import print_function

import os
import sys

import common

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
    if sys.version_info[0] == 2:
        return _failed("venv", "Python 2 has no venv module")
    variables = dict(os.environ)

    def run(*command):
        return common.run_telling(list(command), common.BUILD, variables, channel)

    ended, said = run(sys.executable, "-I", "-m", "venv", "--without-pip", VENV)
    if ended.code != 0:
        return _failed("venv", said)
    python = VENV + "/bin/python"
    pip = ["-c", _RUN_PIP, request["pip"]]
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
    ended, said = run(python, "-I", *(pip + ["", "install"] + wanted))
    if ended.code != 0:
        return _failed("install", said)
    # Without `site`: a .pth file of one wheel is code, and must not speak for all.
    packages = ":".join(_site_packages())
    ended, checked = run(python, "-I", "-S", *(pip + [packages, "check"] + quiet))
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
