"""Do the wheels fit this system? Nothing is changed, and nothing of a wheel is run.

What they need is in ``bundle.json``, one entry a target: podwheel's seal/manifest.py writes it.
"""

from __future__ import print_function

import hashlib
import io
import os
import platform
import subprocess
import sys

try:
    import ctypes
except ImportError:  # an interpreter built without libffi
    ctypes = None

_CHUNK = 1 << 20
_SHOWN = 3

# What each level of x86-64 adds to the one before, as /proc/cpuinfo spells it.
_LEVELS = (
    ("x86-64", "lm"),
    ("x86-64-v2", "cx16 lahf_lm popcnt pni sse4_1 sse4_2 ssse3"),
    ("x86-64-v3", "abm avx avx2 bmi1 bmi2 f16c fma movbe xsave"),
    ("x86-64-v4", "avx512f avx512bw avx512cd avx512dq avx512vl"),
)


class Report(object):
    """What was found of one target."""

    def __init__(self, target):
        self.target = target
        self.facts = []
        """Lines for people: what was looked at."""
        self.reasons = []
        """Why the wheels do not fit; empty: they do."""
        self.packages = set()
        """The system's packages that would mend it."""

    @property
    def advice(self):
        if not self.packages:
            return []
        names = " ".join(sorted(self.packages))
        command = self.target["install"]
        if command and find(command.split()[0]):
            return ["as root, and then once more:", "    %s %s" % (command, names)]
        return ["the packages of %s: %s" % (self.target["name"], names)]


def damaged(root):
    """What of the bundle differs from its SHA256SUMS, one line each."""
    found = []
    with io.open(os.path.join(root, "SHA256SUMS"), encoding="utf-8") as sums:
        for line in sums:
            digest, _, name = line.rstrip("\n").partition("  ")
            actual = _sha256(os.path.join(root, name))
            if actual is None:
                found.append("%s is missing" % name)
            elif actual != digest:
                found.append("%s was changed" % name)
    return found


def _sha256(path):
    digest = hashlib.sha256()
    try:
        with io.open(path, "rb") as file:
            for chunk in iter(lambda: file.read(_CHUNK), b""):
                digest.update(chunk)
    except (IOError, OSError):
        return None
    return digest.hexdigest()


def report(root, target):
    """Everything that can be known before pip runs."""
    found = Report(target)
    _python(found)
    _machine(found)
    _cpu(found)
    if not found.reasons:  # else every tag differs, and says it less clearly
        _tags(found, os.path.join(root, target["pip"]))
    _libc(found)
    _libraries(found)
    _system_packages(found)
    return found


# ------------------------------------------------------------ the Python and the machine


def _python(found):
    wanted = found.target["python"]
    here = "%s %s" % (platform.python_implementation(), platform.python_version())
    found.facts.append("Python     %s, %s" % (here, sys.executable))
    series = "%d.%d" % sys.version_info[:2]
    implementation = platform.python_implementation()
    if (implementation.lower(), series) != (wanted["implementation"], wanted["series"]):
        spelled = {"cpython": "CPython", "pypy": "PyPy"}
        name = spelled.get(wanted["implementation"], wanted["implementation"])
        found.reasons.append(
            "they are for %s %s; %s is %s" % (name, wanted["series"], sys.executable, here)
        )


def _machine(found):
    wanted, here = found.target["machine"], platform.machine()
    if here != wanted or not sys.platform.startswith("linux"):
        found.reasons.append("they are for Linux on %s; this is %s" % (wanted, platform.platform()))


def _cpu(found):
    """Only where wheels were compiled for more than every machine of that kind has."""
    wanted = found.target["cpu"]
    if not wanted:
        return
    try:
        with io.open("/proc/cpuinfo", encoding="utf-8", errors="replace") as file:
            lines = [line.partition(":")[2].split() for line in file if line.startswith("flags")]
    except (IOError, OSError):  # no /proc in a chroot
        found.facts.append("not asked  which CPU this is: there is no /proc")
        return
    flags = set(lines[0]) if lines else set()
    names = [name for name, _ in _LEVELS]
    lacking = [bool(set(adds.split()) - flags) for _, adds in _LEVELS] + [True]
    level = lacking.index(True)  # how many of them this CPU has
    for cpu in wanted:
        if cpu["name"] not in names:
            found.facts.append(
                "not asked  whether this CPU is a %s, for %s" % (cpu["name"], _and_more(cpu["by"]))
            )
        elif names.index(cpu["name"]) >= level:
            found.reasons.append(
                "%s was compiled for %s; this CPU is %s"
                % (_and_more(cpu["by"]), cpu["name"], names[level - 1] if level else "older")
            )


def _tags(found, pip):
    """By the rules of the very pip that is to install them (PEP 425, 600, 656)."""
    sys.path.insert(0, pip)
    try:
        from pip._vendor.packaging.tags import sys_tags
    except Exception as error:  # a Python that lacks what pip needs
        found.reasons.append("the pip that the bundle brings does not run here (%s)" % error)
        return
    finally:
        sys.path.remove(pip)
    accepted = [str(tag) for tag in sys_tags()]
    refused = [w for w in found.target["wheels"] if not set(w["tags"]) & set(accepted)]
    for wheel in refused[:_SHOWN]:
        found.reasons.append(
            "%s: this Python does not take the tag %s (its own is %s)"
            % (wheel["file"], wheel["tags"][0], accepted[0])
        )
    if len(refused) > _SHOWN:
        found.reasons.append("and %d more wheels like these" % (len(refused) - _SHOWN))


def libc():
    """``("glibc", "2.41")``; ``("", "")`` where it is another, or not known."""
    try:
        name, _, version = os.confstr("CS_GNU_LIBC_VERSION").partition(" ")
        return name, version
    except (AttributeError, ValueError, OSError):  # musl; Debian's Python 2.7 on glibc
        pass
    try:
        version = ctypes.CDLL(None).gnu_get_libc_version
        version.restype = ctypes.c_char_p
        return "glibc", version().decode("ascii")
    except (AttributeError, OSError):
        return "", ""


def _libc(found):
    name, version = libc()
    wanted = found.target["libc"]
    found.facts.append(
        "machine    %s, %s"
        % (platform.machine(), ("%s %s" % (name, version)).strip() or "no glibc")
    )
    if wanted is None:
        return
    if name != wanted["name"]:
        found.reasons.append("they need %s; this system has another C library" % wanted["name"])
    elif _numbers(version) < _numbers(wanted["version"]):
        found.reasons.append(
            "%s needs %s %s; this system has %s"
            % (_and_more(wanted["by"]), name, wanted["version"], version)
        )


def _numbers(version):
    return [int(part) for part in version.split(".") if part.isdigit()]


def _and_more(names):
    more = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (" and %d more" % more if more > 0 else "")


# ------------------------------------------------------------ the system's libraries and packages


def _libraries(found):
    """Each library, as the loader finds it, and the symbol versions that the wheels take from it."""
    libraries = found.target["libraries"]
    if libraries and ctypes is None:
        found.facts.append("libraries  not looked for: this Python has no ctypes")
        return
    missing = 0
    for library in libraries:
        lack = _lack(library)
        if lack is None:
            continue
        missing += 1
        package = library["package"]
        found.reasons.append(
            "%s (for %s): %s%s"
            % (
                library["name"],
                _and_more(library["by"]),
                lack,
                "; it is in the package %s" % package if package else "",
            )
        )
        if package:
            found.packages.add(package)
    if libraries:
        found.facts.append("libraries  %d of %d" % (len(libraries) - missing, len(libraries)))


def _lack(library):
    """What is wrong with one library; None: nothing."""
    try:
        handle = ctypes.CDLL(library["name"])
    except OSError as error:
        said = str(error)
        return "not there" if "No such file" in said else said
    for version, symbols in sorted(library["versions"].items()):
        if not any(_has(handle, symbol, version) for symbol in symbols):
            return "too old, it does not have %s" % version
    return None


def _has(handle, symbol, version):
    try:
        dlvsym = ctypes.CDLL(None).dlvsym  # of glibc
    except AttributeError:
        return True
    dlvsym.restype = ctypes.c_void_p
    dlvsym.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_char_p]
    at = handle._handle  # noqa: SLF001 - ctypes has no other name for it
    return bool(dlvsym(at, symbol.encode("ascii"), version.encode("ascii")))


def _system_packages(found):
    """Packages that are known by name alone (programs, data), and least versions: ask dpkg or rpm."""
    for package in found.target["packages"]:
        name, minimum = package["name"], package["minimum"]
        there = _installed(name)
        if there is None:
            found.facts.append("not asked  %s: neither dpkg nor rpm is here" % name)
        elif not there:
            if package["by_name"]:
                found.reasons.append(
                    "the package %s (for %s) is not installed" % (name, _and_more(package["by"]))
                )
                found.packages.add(name)
        elif minimum and _older(there, minimum):
            found.reasons.append(
                "the package %s (for %s) is %s; needed is %s"
                % (name, _and_more(package["by"]), there, minimum)
            )
            found.packages.add(name)


def _installed(name):
    """The installed version; empty: it is not installed; None: nobody can tell."""
    if find("dpkg-query"):
        code, out = _run(["dpkg-query", "--show", "--showformat=${Status}\t${Version}\n", name])
        lines = [line.split("\t") for line in out.splitlines() if "\t" in line]
        there = [version for status, version in lines if status.endswith(" installed")]
        return there[0] if code == 0 and there else ""
    if find("rpm"):
        code, out = _run(["rpm", "--query", "--queryformat", "%{VERSION}-%{RELEASE}\n", name])
        return out.splitlines()[0] if code == 0 else ""
    return None


def _older(there, minimum):
    """By dpkg's order; rpm's packages tell no least versions."""
    return bool(find("dpkg")) and _run(["dpkg", "--compare-versions", there, "lt", minimum])[0] == 0


def _run(command):
    variables = dict(os.environ, LC_ALL="C")
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=variables)
    out, _ = child.communicate()
    return child.returncode, out.decode("utf-8", "replace")


def find(program):
    """The path of a program, root's own places included; None: it is not here."""
    places = os.environ.get("PATH", os.defpath).split(os.pathsep) + ["/usr/sbin", "/sbin"]
    for directory in places:
        path = os.path.join(directory, program)
        if os.path.isfile(path) and os.access(path, os.X_OK):
            return path
    return None
