"""A build backend in a page: [project] of pyproject.toml and the modules beside it, as a wheel."""

import base64
import hashlib
import pathlib
import tomllib
import zipfile


def build_wheel(directory, settings=None, metadata=None):
    with open("pyproject.toml", "rb") as file:
        project = tomllib.load(file)["project"]
    requires = list(project.get("dependencies", ()))
    for extra, listed in project.get("optional-dependencies", {}).items():
        requires += ['%s ; extra == "%s"' % (requirement, extra) for requirement in listed]
    modules = {p.name: p.read_bytes() for p in pathlib.Path().glob("*.py") if p.name != "backend.py"}
    return write(directory, project["name"], project["version"], requires, modules)


def write(directory, name, version, requires, files):
    """A pure wheel of *files* (names to bytes); returns its name."""
    stem = name.replace("-", "_") + "-" + version
    info = stem + ".dist-info"
    metadata = ["Metadata-Version: 2.2", "Name: " + name, "Version: " + version]
    metadata += ["Requires-Dist: " + requirement for requirement in requires]
    metadata += ["Provides-Extra: " + r.split('"')[1] for r in requires if "extra ==" in r]
    wheel = ["Wheel-Version: 1.0", "Generator: tiny", "Root-Is-Purelib: true", "Tag: py3-none-any"]
    files = dict(files)
    files[info + "/METADATA"] = "\n".join(metadata + [""]).encode()
    files[info + "/WHEEL"] = "\n".join(wheel + [""]).encode()
    record = "".join("%s,sha256=%s,%d\n" % (path, digest(data), len(data)) for path, data in files.items())
    files[info + "/RECORD"] = (record + info + "/RECORD,,\n").encode()
    filename = stem + "-py3-none-any.whl"
    with zipfile.ZipFile(pathlib.Path(directory, filename), "w", zipfile.ZIP_DEFLATED) as archive:
        for path, data in files.items():
            archive.writestr(path, data)
    return filename


def digest(data):
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
