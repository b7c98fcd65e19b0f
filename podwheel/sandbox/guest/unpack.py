"""Sources into a tree: sdists, zips, patches. Shared by build.py and replay.py."""

from __future__ import print_function

import os
import shutil
import stat
import tarfile
import time

from common import BUILD, OUTPUT_LIMIT, Refused, inside, text, write

SOURCE = BUILD + "/src"  # constant: a path that varies ends up in debug info and error messages

# Compressions whose module the target's Python may lack; the distribution's program then serves.
_PROGRAMS = (
    (b"\x1f\x8b", "gzip"),
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ\x00", "xz"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
)


def unpack(request):
    """Unpack an archive, patch it and bring what else belongs to it: the body of the reply.

    Its ``root`` is the project's directory, ``top`` the archive's own (they differ where there is
    a subdirectory).
    """
    if os.path.isdir(SOURCE):
        shutil.rmtree(SOURCE)
    _unpack_into(SOURCE, request["archive"])
    top = _top(SOURCE)
    for patch in request.get("patches") or ():
        _apply(patch, top)
    root = inside(top, request.get("subdirectory") or ".")
    if not os.path.isdir(root):
        raise Refused("no-subdirectory", path=request["subdirectory"])
    for placement in request.get("place") or ():
        _place(placement, {"source": root, "top": top, "build": BUILD})
    return {"ok": True, "root": root, "top": top}


def _unpack_into(into, archive):
    """Unpack *archive* to the new directory *into*."""
    os.makedirs(into)
    try:
        if not _is_tar(archive) and _is_zip(archive):
            _unpack_zip(archive, into)
        else:
            _unpack_tar(archive, into)
    except Refused:
        raise
    except Exception as error:  # truncated, no archive at all, names that no file system takes
        raise Refused("archive", exception=text("%s: %s" % (type(error).__name__, error)))


def _place(placement, bases):
    """Bring a mounted file, or what is in it, to where the build expects it.

    ``to`` is relative to ``base``. What was there, a submodule's empty directory mostly, makes room.
    """
    base = bases[placement["base"]]
    target = inside(base, placement["to"])
    if target == os.path.realpath(base):
        raise Refused("outside", path=placement["to"])
    if os.path.isdir(target):
        shutil.rmtree(target)
    elif os.path.lexists(target):
        os.remove(target)
    if not os.path.isdir(os.path.dirname(target)):
        os.makedirs(os.path.dirname(target))
    if not placement.get("unpack"):
        shutil.copyfile(placement["from"], target)
        return
    import tempfile

    scratch = tempfile.mkdtemp(dir=BUILD)
    tree = os.path.join(scratch, "tree")
    try:
        _unpack_into(tree, placement["from"])
        names = os.listdir(tree)
        alone = os.path.join(tree, names[0]) if len(names) == 1 else tree
        shutil.move(alone if os.path.isdir(alone) else tree, target)
    finally:
        shutil.rmtree(scratch)


def _is_tar(archive):
    """Whether it opens as a tar: a zip inside an uncompressed tar would fool ``is_zipfile``."""
    try:
        return tarfile.is_tarfile(archive)
    except Exception:
        return False


def _is_zip(archive):
    import zipfile

    return zipfile.is_zipfile(archive)


def _unpack_tar(archive, into):
    try:
        opened = tarfile.open(archive)
    except tarfile.ReadError:
        opened = tarfile.open(fileobj=_decompressed(archive))
    with opened:
        members = [member for member in opened if _wanted(member)]
        if hasattr(tarfile, "data_filter"):  # checked above, the same way on every Python
            opened.extractall(into, members, filter="fully_trusted")
        else:
            opened.extractall(into, members)


def _decompressed(archive):
    with open(archive, "rb") as file:
        head = file.read(8)
    program = next((program for magic, program in _PROGRAMS if head.startswith(magic)), None)
    if program is None:
        raise Refused("archive", exception="no archive that we know, or a damaged one")
    import subprocess
    import tempfile

    plain = tempfile.TemporaryFile(dir=BUILD)
    try:
        code = subprocess.call([program, "-dc", archive], stdout=plain)
    except OSError as error:
        raise Refused("archive", exception="%s is needed to unpack it: %s" % (program, error))
    if code:
        raise Refused("archive", exception="%s ended with %d" % (program, code))
    plain.seek(0)
    return plain


def _wanted(member):
    """Check a tar's member, and give it the owner and mode that pip would."""
    if not (member.isreg() or member.isdir() or member.issym() or member.islnk()):
        raise Refused("archive", exception="%s is a device or a pipe" % text(member.name))
    _check_name(member.name)
    if member.issym():
        _check_name(os.path.join(os.path.dirname(member.name), member.linkname))
    elif member.islnk():
        _check_name(member.linkname)
    member.uid, member.gid, member.uname, member.gname = os.getuid(), os.getgid(), "", ""
    if not member.issym():
        member.mode = _mode(member.mode, member.isdir())
    return os.path.normpath(member.name) != "."


def _mode(mode, directory):
    return 0o755 if directory or mode & 0o111 else 0o644


def _check_name(name):
    path = os.path.normpath(name)
    if os.path.isabs(path) or path == ".." or path.startswith("../"):
        raise Refused("archive", exception="%s leads out of the archive" % text(name))


def _unpack_zip(archive, into):
    import zipfile

    with zipfile.ZipFile(archive) as opened:
        for member in opened.infolist():
            _check_name(member.filename)
            path = opened.extract(member, into)
            if os.path.isdir(path):
                continue
            os.chmod(path, _mode(member.external_attr >> 16, False))
            stamp = time.mktime(member.date_time + (0, 0, -1))  # TZ is UTC
            os.utime(path, (stamp, stamp))


def _top(place):
    """The one directory that an sdist unpacks to (PEP 625); else the place where it was unpacked."""
    names = [name for name in os.listdir(place) if not name.startswith("._")]
    directories = [
        name for name in names if stat.S_ISDIR(os.lstat(os.path.join(place, name)).st_mode)
    ]
    if len(directories) == 1 and not _is_project(place):
        return os.path.join(place, directories[0])
    if not names:
        raise Refused("archive", exception="nothing in it")
    return place


def _is_project(directory):
    return any(
        os.path.exists(os.path.join(directory, name)) for name in ("pyproject.toml", "setup.py")
    )


def _apply(patch, top):
    import subprocess

    # `patch` must not ask, guess a reversed patch, or keep .orig files that a wheel would pick up.
    command = ["patch", "-p1", "--batch", "--forward", "--no-backup-if-mismatch", "-i", patch]
    try:
        child = subprocess.Popen(command, cwd=top, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    except OSError as error:
        raise Refused("patch", patch=patch, output="cannot run patch: %s" % error)
    output = child.communicate()[0]
    write(2, output)
    if child.returncode:
        raise Refused("patch", patch=patch, output=text(output[-OUTPUT_LIMIT:]))
