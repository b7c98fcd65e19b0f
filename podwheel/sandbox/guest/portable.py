"""Making a wheel portable: auditwheel, then the licences of what it has put in.

    {"op": "repair", "wheel": "/podwheel/in/wheel/example-1.0-cp313-cp313-linux_x86_64.whl",
     "policies": ["auto", "manylinux_2_17_x86_64", ...], "exclude": ["libexample.so.1"]}
    {"op": "send"}

``policies`` are tried in their order. auditwheel before 6.4 does not know ``auto``, and with it none
knows what to do with a file that needs nothing of the C library; then it is given the target's own
policies instead, oldest first, until one holds. In reply

    {"ok": true, "changed": true, "libraries": [{"path": "example.libs/libogg-2c4a3b51.so.0.8.5",
     "original": "libogg.so.0.8.5", "package": "libogg0", "version": "1.3.5-3+b2",
     "licences": ["example-1.0.dist-info/licenses/libogg0/copyright"]}]}

and ``changed`` is false where auditwheel found nothing of this system in the wheel. Package and version
are null for a library that no package owns, and ``licences`` is empty where the system has no text.
"""

from __future__ import print_function

import base64
import hashlib
import io
import os
import re
import shutil
import sys
import zipfile

import common

AUDITWHEEL = common.PODWHEEL + "/env/bin/auditwheel"
OUT = common.BUILD + "/portable"
LINES = common.BUILD + "/lines"
LIST = "bundled-libraries.txt"
TEXT_LIMIT = 4 << 20  # of one licence

_UNKNOWN_POLICY = "invalid choice"  # argparse's words, and then the choices
_UNKNOWN_LIBC = "couldn't detect libc"
_TOO_RECENT = "too-recent versioned symbols"
# Messages of auditwheel's NonPlatformWheelError: data files that happen to be ELF, of some other system.
_NOT_OF_THIS_SYSTEM = ("not look like a platform wheel", "Invalid binary wheel: no ELF")

# auditwheel's copylib(): NAME-HASH.so.1.2, the hash being the first digits of the file's sha256.
_GRAFTED = re.compile(r"(?P<base>[^.]+)-(?P<hash>[0-9a-f]{8})(?P<rest>\..+)")
_PACKAGE = re.compile(r"[A-Za-z0-9][A-Za-z0-9+._-]*$")
_COMMON_LICENCE = re.compile(r"/usr/share/common-licenses/([A-Za-z0-9][A-Za-z0-9.+-]*[A-Za-z0-9+])")


class Library(object):
    """A library that auditwheel has put in, and what the distribution knows of it."""

    def __init__(self, member):
        self.member = member
        self.original, self.hash = original_name(member.rsplit("/", 1)[-1])
        self.package = self.version = None
        self.texts = []  # (path below licenses/, path in the image)

    def is_from(self, path):
        """Whether *path* is the file that was copied: variants of a library share a name."""
        if not os.path.isfile(common.ROOT + path):
            return False
        digest = hashlib.sha256()
        with open(common.ROOT + path, "rb") as file:
            for data in iter(lambda: file.read(common.CHUNK), b""):
                digest.update(data)
        return digest.hexdigest().startswith(self.hash)


def original_name(name):
    """The name that a grafted library had, and its hash's first digits."""
    match = _GRAFTED.match(name)
    return (match.group("base") + match.group("rest"), match.group("hash")) if match else (name, "")


def repair(channel, request):
    ended, said = _audit(channel, request)
    if ended.code != 0 and any(text in said for text in _NOT_OF_THIS_SYSTEM):
        return {"ok": True, "changed": False, "libraries": []}
    if ended.code != 0:
        return {"ok": False, "reason": "refused", "output": said}
    made = sorted(os.listdir(OUT))
    if not made:
        return {"ok": True, "changed": False, "libraries": []}
    wheel = os.path.join(OUT, made[0])
    libraries = _put_in(request["wheel"], wheel)
    if not libraries:
        return {"ok": True, "changed": True, "libraries": []}
    (_ask_dpkg if os.path.isdir(common.ROOT + "/var/lib/dpkg/info") else _ask_rpm)(
        channel, libraries
    )
    written = _add_licences(wheel, libraries)
    return {
        "ok": True,
        "changed": True,
        "libraries": [
            {
                "path": library.member,
                "original": library.original,
                "package": library.package,
                "version": library.version,
                "licences": [written[name] for name, _ in library.texts if name in written],
            }
            for library in libraries
        ],
    }


def _audit(channel, request):
    """How auditwheel ended with the first policy that holds, or the last that it knew, and what it said."""
    variables = dict(
        os.environ,
        PATH=os.path.dirname(AUDITWHEEL) + os.pathsep + os.environ.get("PATH", os.defpath),
        TMPDIR=common.BUILD + "/tmp",  # it unpacks the wheel there, and /tmp is small
    )
    if not os.path.isdir(variables["TMPDIR"]):
        os.makedirs(variables["TMPDIR"])
    excluded = ["--exclude=" + soname for soname in request["exclude"]]
    result, choices = None, None
    for policy in request["policies"]:
        if choices is not None and policy not in choices:
            continue
        shutil.rmtree(OUT, ignore_errors=True)
        os.makedirs(OUT)
        command = [AUDITWHEEL, "repair", "--plat", policy, "--wheel-dir", OUT]
        ended, said = common.run_telling(
            command + excluded + [request["wheel"]], common.BUILD, variables, channel
        )
        if _UNKNOWN_POLICY in said:
            choices = said
            result = result or (ended, said)
            continue
        result = ended, said
        if (_UNKNOWN_LIBC if policy == "auto" else _TOO_RECENT) not in said:
            break
    return result


def _put_in(before, after):
    """What the second of two wheels has in a ``.libs`` directory, and the first has not."""
    with zipfile.ZipFile(before) as archive:
        had = set(archive.namelist())
    with zipfile.ZipFile(after) as archive:
        new = sorted(set(archive.namelist()) - had)
    return [Library(n) for n in new if n.split("/")[0].endswith(".libs") and not n.endswith("/")]


# ------------------------------------------------------------------ whose they are


def _ask_dpkg(channel, libraries):
    """By file name: the database has paths as they were before /lib became a link to /usr/lib."""
    for library in libraries:
        pattern = "*/" + re.sub(r"([*?\[\\])", r"\\\1", library.original)
        for line in _lines(channel, ["dpkg-query", "--search", pattern]):
            owners, found, path = line.partition(": /")
            owner = owners.split(",")[0]
            if not found or " " in owner or not library.is_from("/" + path):
                continue  # "diversion by x from: /path" is no owner
            shown = _lines(channel, ["dpkg-query", "--show", "--showformat=${Version}", owner])
            library.package = owner.split(":")[0]
            library.version = "".join(shown) or None
            library.texts = _debian_texts(library.package)
            break


def _debian_texts(package):
    """Its copyright file, and the common licences that it refers to instead of repeating them."""
    if not _PACKAGE.match(package):
        return []
    copyright_file = "/usr/share/doc/%s/copyright" % package
    text = _read(copyright_file)
    if text is None:
        return []
    named = set(_COMMON_LICENCE.findall(text.decode("utf-8", "replace")))
    common_texts = [("common-licenses/" + n, "/usr/share/common-licenses/" + n) for n in named]
    return [(package + "/copyright", copyright_file)] + sorted(common_texts)


def _ask_rpm(channel, libraries):
    # One pass over all files: rpm knows owners by path, and a path is what we have not.
    query = r"[%{=NAME}\t%{=VERSION}-%{=RELEASE}\t%{FILENAMES}\n]"
    names = set(library.original for library in libraries)
    for line in _lines(channel, ["rpm", "--query", "--all", "--queryformat", query]):
        if line.rsplit("/", 1)[-1] not in names or line.count("\t") != 2:
            continue
        package, version, path = line.split("\t")
        for library in libraries:
            if library.package is None and path.endswith("/" + library.original):
                if library.is_from(path):
                    library.package, library.version = package, version
    for library in libraries:
        if library.package and _PACKAGE.match(library.package):
            paths = _lines(channel, ["rpm", "--query", "--licensefiles", library.package])
            library.texts = [
                ("%s/%s" % (library.package, path.rsplit("/", 1)[-1]), path)
                for path in paths
                if path.startswith("/")
            ]


def _lines(channel, command):
    """The lines that a program prints, all of them; none if it is not there."""
    common.run(command, common.BUILD, dict(os.environ), channel, output=LINES)
    with io.open(LINES, encoding="utf-8", errors="replace") as file:
        lines = file.read().splitlines()
    os.unlink(LINES)
    return lines


def _read(path):
    """The bytes of a licence, or None: images are made without /usr/share/doc, too."""
    try:
        with open(common.ROOT + path, "rb") as file:
            return file.read(TEXT_LIMIT)
    except (IOError, OSError):
        return None


# ------------------------------------------------------------------ into the wheel


def _add_licences(wheel, libraries):
    """Write the wheel anew, with the licences and the list; returns members by path below licenses/."""
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    record = [n for n in names if re.match(r"[^/]+\.dist-info/RECORD$", n)][0]
    directory = os.path.dirname(record) + "/licenses/"
    members, written = {}, {}
    for library in libraries:
        for name, path in library.texts:
            text = _read(path)
            if text is not None:
                written[name] = directory + name
                members[directory + name] = text
    members[directory + LIST] = _list(libraries, written)
    for name in set(names).intersection(members):  # the project's own file of that name stays
        del members[name]
    _rewrite(wheel, record, members)
    return written


def _list(libraries, written):
    lines = [
        "Shared libraries of the system that this wheel was built on, put in by auditwheel:",
        "",
    ]
    for library in libraries:
        owner = "%s %s" % (library.package, library.version) if library.package else "(no package)"
        texts = [name for name, _ in library.texts if name in written]
        lines.append(
            "%s: %s; licence: %s"
            % (library.member, owner, ", ".join(texts) or "(not on that system)")
        )
    return ("\n".join(lines) + "\n").encode("utf-8")


def _rewrite(wheel, record, members):
    """Add *members* to a wheel and to its RECORD (PEP 427). The host brings all in order, and checks it."""
    new = wheel + ".new"
    with zipfile.ZipFile(wheel) as old, zipfile.ZipFile(new, "w", zipfile.ZIP_DEFLATED) as archive:
        for info in old.infolist():
            data = old.read(info)
            if info.filename == record:
                data = data.rstrip(b"\r\n") + b"\n" + b"".join(map(_row, sorted(members.items())))
            archive.writestr(info, data)
        for name, data in sorted(members.items()):
            info = zipfile.ZipInfo(name)  # of 1980: no clock goes into it
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = 0o100644 << 16
            archive.writestr(info, data)
    os.rename(new, wheel)


def _row(member):
    name, data = member
    digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode("ascii")
    return ("%s,sha256=%s,%d\n" % (name, digest, len(data))).encode("utf-8")


def send(channel, _request):
    return {"ok": True, "files": common.send_files(channel, OUT)}


if __name__ == "__main__":
    common.serve({"repair": repair, "send": send})
    sys.exit(0)
