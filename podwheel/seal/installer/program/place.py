"""Where the wheels go, and pip, which puts them there."""

from __future__ import print_function

import os
import shutil
import subprocess
import sys
import sysconfig

HERE = os.path.dirname(os.path.abspath(__file__))

_CHOICES = (
    "choose another place:",
    "    ./install --venv DIR      a virtual environment of its own, made if it is not there",
    "    ./install --target DIR    a directory that programs find with PYTHONPATH",
)


class Unusable(Exception):
    """A place that cannot be used, whatever the wheels are."""


class PipFailed(Exception):
    """The wheels were not installed."""


def enter(venv, arguments):
    """Go on as the Python of the virtual environment *venv*, if it is there: that one has to fit.

    Raises:
        Unusable: There is something else.
    """
    if venv is None:
        return
    python = os.path.join(venv, "bin", "python")
    if not os.path.exists(python):
        if os.path.exists(venv) and not (os.path.isdir(venv) and not os.listdir(venv)):
            raise Unusable("%s is there, and is no virtual environment" % venv)
        if sys.version_info[0] == 2:
            raise Unusable(
                "Python 2 cannot make %s: make it with virtualenv first, or use --target DIR" % venv
            )
    elif not _is_this(venv):
        os.execv(python, [python, "-B", HERE] + arguments)


def _is_this(venv):
    return os.path.realpath(sys.prefix) == os.path.realpath(venv)


def closed(asked):
    """Why the chosen place is not ours to change, and what to do; empty: it is.

    A distribution marks its own Python so (PEP 668): what pip puts there can break the system.
    """
    if asked.venv or asked.target or _is_virtual():
        return []
    marker = os.path.join(sysconfig.get_path("stdlib"), "EXTERNALLY-MANAGED")
    if not os.path.exists(marker):
        return []
    return [
        "%s belongs to the system's package manager (%s, PEP 668)" % (sys.executable, marker)
    ] + list(_CHOICES)


def _is_virtual():
    return hasattr(sys, "real_prefix") or sys.prefix != getattr(sys, "base_prefix", sys.prefix)


def install(root, target, asked):
    """Run pip; returns where the wheels are now.

    Raises:
        PipFailed: pip said why. A virtual environment that was made for them is gone again.
    """
    into = []
    if asked.target:
        # --upgrade: else what an earlier run left there is kept, with no more than a warning.
        into = ["--target", asked.target, "--upgrade"]
    elif asked.user:
        into = ["--user"]
    if not asked.venv or _is_this(asked.venv):
        _pip(sys.executable, root, target, into)
        return asked.target or ("your own %s" % _user_base() if asked.user else sys.prefix)
    there = os.path.isdir(asked.venv)
    try:
        _make(asked.venv)
        _pip(os.path.join(asked.venv, "bin", "python"), root, target, into)
    except BaseException:
        for name in os.listdir(asked.venv) if os.path.isdir(asked.venv) else ():
            _remove(os.path.join(asked.venv, name))
        if not there and os.path.isdir(asked.venv):
            os.rmdir(asked.venv)
        raise
    return asked.venv


def _remove(path):
    if os.path.isdir(path) and not os.path.islink(path):
        shutil.rmtree(path)
    else:
        os.unlink(path)


def _user_base():
    import site

    return site.getuserbase()


def _make(venv):
    """Without pip: Debian keeps ensurepip in a package of its own, and ours is at hand."""
    command = [sys.executable, "-I", "-m", "venv", "--without-pip", venv]
    if subprocess.call(command) != 0:
        raise PipFailed("no virtual environment could be made in %s" % venv)


def _pip(python, root, target, into):
    variables = {k: v for k, v in os.environ.items() if not k.startswith("PIP_")}
    variables["PIP_CONFIG_FILE"] = os.devnull  # an index or a place of somebody else's choice
    command = [
        python,
        "-B",
        os.path.join(HERE, "run_pip.py"),
        os.path.join(root, target["pip"]),
        "install",
        "--no-index",
        "--find-links",
        os.path.join(root, "wheels"),
        "--only-binary",
        ":all:",
        "--require-hashes",
        "--requirement",
        os.path.join(root, target["requirements"]),
        "--no-cache-dir",
        "--disable-pip-version-check",
        "--no-input",
        "--no-warn-script-location",
        "--progress-bar",
        "off",
        "--quiet",
    ]
    sys.stdout.flush()
    code = subprocess.call(command + into, env=variables)
    if code != 0:
        raise PipFailed("pip failed (exit code %d); what it said is above" % code)
