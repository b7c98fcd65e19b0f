"""What a target's image says about its Python: ``{"op": "probe"}``, one reply."""

from __future__ import print_function

import io
import os
import platform
import struct
import sys
import sysconfig

import common

try:
    import ctypes
except ImportError:  # an interpreter built without libffi
    ctypes = None


def markers():
    """The values of PEP 508's environment markers, without ``extra``."""
    implementation = getattr(sys, "implementation", None)
    return {
        "implementation_name": implementation.name if implementation else "",
        "implementation_version": _implementation_version(implementation.version)
        if implementation
        else "0",
        "os_name": os.name,
        "platform_machine": platform.machine(),
        "platform_python_implementation": platform.python_implementation(),
        "platform_release": platform.release(),
        "platform_system": platform.system(),
        "platform_version": platform.version(),
        "python_full_version": platform.python_version(),
        "python_version": ".".join(platform.python_version_tuple()[:2]),
        "sys_platform": sys.platform,
    }


def _implementation_version(info):
    version = "%d.%d.%d" % info[:3]
    return (
        version
        if info.releaselevel == "final"
        else version + info.releaselevel[0] + str(info.serial)
    )


def paths():
    """Where a *virtual environment* of this Python has its parts, relative to its root.

    Debian's and Fedora's own default schemes lead to /usr/local; 3.11 has a scheme named
    `venv` for this question, before it a virtual environment used `posix_prefix`.
    """
    scheme = "venv" if "venv" in sysconfig.get_scheme_names() else "posix_prefix"
    root = "/root"
    variables = dict.fromkeys(("base", "platbase", "installed_base", "installed_platbase"), root)
    found = {}
    for name in ("purelib", "platlib", "include", "scripts", "data"):
        path = os.path.relpath(sysconfig.get_path(name, scheme, variables), root)
        # Debian's Python 2.7 says dist-packages even for this scheme; virtualenv never did.
        found[name] = path.replace("dist-packages", "site-packages")
    if sys.version_info[0] == 2:
        # There `include` is a link to the system's headers, so pip puts those of packages beside it.
        found["include"] = os.path.join("include", "site", os.path.basename(found["include"]))
    return found


def standard_library():
    """The directories of the standard library, ``os.py``'s first."""
    own = os.path.realpath(common.GUEST)
    found = [path for path in sys.path if os.path.isdir(path) and os.path.realpath(path) != own]
    return sorted(found, key=lambda path: path != os.path.dirname(os.__file__))


def libc():
    """``["glibc", "2.41"]``, or what else is known; empty strings where nothing is."""
    try:
        name, _, version = os.confstr("CS_GNU_LIBC_VERSION").partition(" ")
        return [name, version]
    except (AttributeError, ValueError, OSError):  # musl; Debian's Python 2.7 on glibc
        pass
    try:
        version = ctypes.CDLL(None).gnu_get_libc_version
        version.restype = ctypes.c_char_p
        return ["glibc", version().decode("ascii")]
    except (AttributeError, OSError):  # musl
        return list(
            platform.libc_ver()
        )  # reads the interpreter's file: what it was linked for, at least


def os_release():
    """/etc/os-release as a mapping."""
    found = {}
    for path in ("/etc/os-release", "/usr/lib/os-release"):
        if os.path.exists(path):
            with io.open(path, encoding="utf-8", errors="replace") as file:
                for line in file:
                    key, equals, value = line.strip().partition("=")
                    if equals and not key.startswith("#"):
                        found[key] = value.strip("\"'")
            break
    return found


def probe(_channel, _request):
    variable = sysconfig.get_config_var
    facts = {
        "ok": True,
        "executable": sys.executable,
        "version": platform.python_version(),
        "version_info": list(sys.version_info[:3]),
        "implementation": platform.python_implementation().lower(),
        "markers": markers(),
        "paths": paths(),
        "platform": sysconfig.get_platform(),
        "ext_suffix": variable("EXT_SUFFIX") or variable("SO") or ".so",
        "soabi": variable("SOABI") or "",
        "abiflags": getattr(sys, "abiflags", ""),
        "unicode_size": 4 if sys.maxunicode > 0xFFFF else 2,  # cp27m or cp27mu
        "pointer_size": struct.calcsize("P"),
        "debug": bool(variable("Py_DEBUG")),
        "gil_disabled": bool(variable("Py_GIL_DISABLED")),
        "with_pymalloc": bool(variable("WITH_PYMALLOC")),
        "libc": libc(),
        "machine": platform.machine(),
        "os_release": os_release(),
    }
    if sys.version_info[0] == 2:  # the only one that has to be told where it is
        facts["stdlib"] = standard_library()
    return facts


if __name__ == "__main__":
    common.serve({"probe": probe})
    sys.exit(0)
