"""A commit of a bare repository, checked out where nothing of it can do harm.

    {"op": "checkout", "repository": "/podwheel/in/repo", "commit": "<sha>", "name": "source",
     "submodules": [{"path": "x/y", "repository": "/podwheel/in/sub/0", "commit": "<sha>"}]}
    {"op": "send"}

The repositories are mounted read-only; there is no network. The tree leaves as one regular
file, ``source.tar``: it may hold symbolic links, which no stream to the host may.
"""

from __future__ import print_function

import os
import sys
import tarfile
import tempfile

import common

SOURCE = common.BUILD + "/src"
_CONFIGURATION = """\
[safe]
	directory = *
[protocol]
	allow = never
[protocol "file"]
	allow = always
[core]
	hooksPath = /dev/null
	logAllRefUpdates = false
	fsmonitor = false
[advice]
	detachedHead = false
[gc]
	auto = 0
"""


def _git(channel, arguments, cwd):
    """Run git; a refusal with what it printed if it fails."""
    variables = dict(os.environ, GIT_TERMINAL_PROMPT="0", GIT_CONFIG_NOSYSTEM="1", HOME=common.HOME)
    ended, said = common.run_telling(["git"] + arguments, cwd, variables, channel)
    if ended.code != 0:
        raise common.Refused("git", command=" ".join(arguments), code=ended.code, output=said)


def _materialise(channel, repository, commit, directory):
    # By path git copies the objects as they are: a commit that no ref reaches any more is there too.
    _git(
        channel,
        ["clone", "--quiet", "--no-checkout", "--no-hardlinks", repository, directory],
        common.BUILD,
    )
    _git(channel, ["checkout", "--quiet", "--detach", commit], directory)
    # An index without stat data: the same bytes every time, and right after it was unpacked elsewhere.
    _git(channel, ["read-tree", "HEAD"], directory)


class Checkout(object):
    """The state of one dialogue: where the tree is."""

    def __init__(self):
        self.root = None

    def checkout(self, channel, request):
        # A file of our own: git before 2.38 ignores safe.directory from its command line.
        with open(os.path.join(common.HOME, ".gitconfig"), "wb") as file:
            file.write(_CONFIGURATION.encode("ascii"))
        if not os.path.isdir(SOURCE):
            os.makedirs(SOURCE)
        root = common.inside(SOURCE, request.get("name") or "source")
        _materialise(channel, request["repository"], request["commit"], root)
        for submodule in request.get("submodules") or ():
            path = common.inside(root, submodule["path"])
            _materialise(channel, submodule["repository"], submodule["commit"], path)
        self.root = root
        return {"ok": True, "root": root}

    def send(self, channel, request):
        """Stream the tree as ``source.tar``: sorted, owned by nobody, every time stamp the same."""
        root = request.get("directory") or self.root
        if root is None:
            raise common.Refused("nothing-checked-out")
        directory = tempfile.mkdtemp(dir=common.BUILD)
        with tarfile.open(
            os.path.join(directory, "source.tar"), "w", format=tarfile.GNU_FORMAT
        ) as archive:
            paths = [root]
            for base, directories, names in os.walk(root):
                paths += [os.path.join(base, name) for name in directories + names]
            for path in sorted(paths):
                name = os.path.join(os.path.basename(root), os.path.relpath(path, root))
                archive.add(path, os.path.normpath(name), recursive=False, filter=_plain)
        return {"ok": True, "files": common.send_files(channel, directory)}


def _plain(member):
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    member.mtime = int(os.environ.get("SOURCE_DATE_EPOCH") or 315532800)  # zip begins in 1980
    member.mode = 0o755 if member.isdir() or member.mode & 0o111 else 0o644
    return member


if __name__ == "__main__":
    state = Checkout()
    common.serve({"checkout": state.checkout, "send": state.send})
    sys.exit(0)
