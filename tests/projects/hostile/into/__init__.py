"""What the attacks of this directory are made with.

`attack` of each gets a `Stage`, prepares it, and returns what to type after ``podwheel build``.
"""

import gzip
import io
import json
import tarfile
import zipfile

PYPROJECT = b"""[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]

[project]
name = "prey"
version = "1.0"
"""
FILENAME = "prey-1.0.tar.gz"
PAGE = "/simple/prey/"


class Stage:
    """An index, a second one, and a podwheel that asks the first."""

    def __init__(self, index, second, podwheel):
        self.index, self.second, self.podwheel = index, second, podwheel

    def sdist(self, *members, plain=()):
        """Publish an sdist of a sound project and of *members*: names, or tarfile's headers."""
        return self.publish(tar(("prey-1.0/pyproject.toml", PYPROJECT), *members))

    def publish(self, data, filename=FILENAME):
        self.index.add(filename, data)
        return ["prey"]

    def project(self, **files):
        """Publish an sdist of these files; of ``pyproject_toml`` it is that of a sound project, and more."""
        named = {"pyproject.toml": PYPROJECT, **{name.replace("__", "/").replace("_toml", ".toml").replace("_lock", ".lock"): data for name, data in files.items()}}
        return self.publish(tar(*(("prey-1.0/" + name, data) for name, data in named.items())))

    def answers(self, body, kind="application/vnd.pypi.simple.v1+json", path=PAGE, status=200, **headers):
        """Have *path* answered so; a *body* that is a function is given the connection."""

        def answer(handler):
            handler.send_response(status)
            handler.send_header("Content-Type", kind)
            for name, value in headers.items():
                handler.send_header(name.replace("_", "-"), value)
            if callable(body):
                handler.send_header("Connection", "close")
                handler.end_headers()
                handler.close_connection = True
                body(handler.wfile)
            else:
                handler.send_header("Content-Length", str(len(body)))
                handler.end_headers()
                handler.wfile.write(body)

        self.index.answers[path] = answer
        return ["prey"]

    def listed(self, **changes):
        """Have the page list one file, with *changes* of its entry."""
        entry = {"filename": FILENAME, "url": self.index.root + "/files/" + FILENAME, "hashes": {}}
        page = {"meta": {"api-version": "1.1"}, "name": "prey", "files": [{**entry, **changes}]}
        return self.answers(json.dumps(page).encode())

    def written(self, name, text):
        self.podwheel.write(name, text)
        return ["-r", name]


def tar(*members):
    """A .tar.gz of (name, bytes) and tarfile's headers."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        for member in members:
            if isinstance(member, tarfile.TarInfo):
                archive.addfile(member)
            else:
                header = tarfile.TarInfo(member[0])
                header.size = len(member[1])
                archive.addfile(header, io.BytesIO(member[1]))
    return out.getvalue()


def special(name, kind, target=""):
    """The header of a link or a device."""
    header = tarfile.TarInfo("prey-1.0/" + name)
    header.type, header.linkname = kind, target
    header.devmajor, header.devminor = 1, 5
    return header


def bomb(size):
    """*size* zeros, compressed."""
    return gzip.compress(bytes(size), 9)


def zipped(*members):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members:
            archive.writestr(name, data)
    return out.getvalue()
