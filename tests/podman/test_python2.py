"""A target with Python 2.7: sources as they were then, built, installed and imported."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from backends import downloaded
from local_index import LocalIndex, packed
from system_packages import lacked, record_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from conftest import NewPodwheel
    from podwheel_cli import Podwheel, Result

    from podwheel.store import Store

pytestmark = pytest.mark.podman

JSON = ("--log-format", "json")
TARGET = ("--target", "debian-11-py27")
LISTING = Path(__file__).parents[1] / "backends-python-2.txt"

PURE = {
    "setup.py": "from distutils.core import setup\nsetup(name='old-pure', version='1.0', py_modules=['old_pure'])\n",
    "old_pure.py": "print >> __import__('sys').stderr, 'imported'\ndefine = [('ANSWER', '42')]\n",
}
"""It has not even heard of setuptools."""

SETUP = """\
import sys
from setuptools import setup, Extension
import old_pure  # and declares it nowhere
print "prefix", sys.prefix, hasattr(sys, "real_prefix")
setup(
    name="Old_C", version="1.0", setup_requires=["old-tool"], packages=["old_c"],
    ext_modules=[Extension("old_c._native", ["native.c"], define_macros=old_pure.define)],
    data_files=[("share/old", ["data.txt"])],
    entry_points={"console_scripts": ["old-answer = old_c:main"]},
)
"""
NATIVE = """\
#include <Python.h>
static PyObject *answer(PyObject *self, PyObject *args) { return PyInt_FromLong(ANSWER); }
static PyMethodDef methods[] = {{"answer", answer, METH_NOARGS, ""}, {NULL, NULL, 0, NULL}};
PyMODINIT_FUNC init_native(void) { Py_InitModule("_native", methods); }
"""
PACKAGE = """\
import sys
import old_pure  # nor here
from _native import answer

def main():
    print "%d %s" % (answer(), sys.executable)
"""
EXTENSION = {
    "setup.py": SETUP,
    "native.c": NATIVE,
    "old_c/__init__.py": PACKAGE,
    "data.txt": "data",
    "PKG-INFO": "Metadata-Version: 1.1\nName: Old_C\nVersion: 1.0\n",
}
TOOL = {"setup.py": "from setuptools import setup\nsetup(name='old-tool', version='1.0')\n"}

TESTED = """\
[package.old-c]
test = ["sh", "-c", '''test "$(old-answer)" = "42 /podwheel/env/bin/python" && python2 -c "
import subprocess, sys, old_c
assert sys.prefix == '/podwheel/env' and sys.path[0] == '', sys.path
assert open(sys.prefix + '/share/old/data.txt').read() == 'data'
assert subprocess.call([sys.executable, '-c', 'import old_c']) == 0
"''']
"""


def sdist(files: Mapping[str, str], top: str) -> bytes:
    return packed({name: text.encode() for name, text in files.items()}, top=top)


def zipped(files: Mapping[str, str], top: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(f"{top}/{name}", text)
    return out.getvalue()


def step_of(podwheel: Podwheel, name: str) -> dict[str, Any]:
    """The record's word on how a package was built."""
    (step,) = (s for s in record_of(podwheel)["steps"] if s["package"] == name)
    return step


@pytest.fixture(scope="module")
def old(store: Store, backends: dict[str, bytes], new_podwheel: NewPodwheel) -> Iterator[Podwheel]:
    """podwheel with the old projects, and both the tools of today and the last for Python 2.7."""
    of_then = {name: path.read_bytes() for name, path in downloaded(store, LISTING).items()}
    with LocalIndex({**backends, **of_then}) as index:
        index.add("old-pure-1.0.tar.gz", sdist(PURE, "old-pure-1.0"))
        index.add("old-tool-1.0.tar.gz", sdist(TOOL, "old-tool-1.0"))
        index.add("Old_C-1.0.zip", zipped(EXTENSION, "Old_C-1.0"))
        with new_podwheel(index) as podwheel:
            yield podwheel


@pytest.fixture(scope="module")
def built(old: Podwheel) -> Result:
    """The wheels of both, in one run; with the images, where they are not there yet."""
    old.write("podwheel.toml", TESTED)
    return old("build", *TARGET, *JSON, "old-c", "old-pure", timeout=600)


def test_legacy_sources_become_wheels_that_its_python_takes(old: Podwheel, built: Result) -> None:
    """Also: verified in the pristine image, where a command of the package's own runs."""
    assert old.wheels() == [
        "Old_C-1.0-cp27-cp27mu-linux_x86_64.whl",
        "old_pure-1.0-py2-none-any.whl",
    ]
    assert record_of(old)["verdict"] == "passed"
    (package,) = (p for p in record_of(old)["packages"] if p["name"] == "old-c")
    assert package["extensions"] == ["old_c/_native.so"]
    assert built.told("error") == []


def test_what_it_imports_and_was_built_with_is_told(old: Podwheel, built: Result) -> None:
    """It is imported beside what it forgot to require; there is no other sign of it on the server."""
    assert built.told("verify.undeclared")[0]["beside"] == ["old-pure"]
    assert "yes, with old-pure, which it does not require" in built.out
    (package,) = (p for p in record_of(old)["packages"] if p["name"] == "old-c")
    assert package["notes"] == [
        "it imports old-pure, with which it was built, and does not require it: install both"
    ]


def test_tools_are_the_last_that_run_on_it(old: Podwheel, built: Result) -> None:
    step = step_of(old, "old-c")
    (wheels,) = (
        e["wheels"] for e in record_of(old)["environments"] if e["id"] == step["environment"]
    )
    assert {name: version for name, version, _ in wheels} == {
        "old-pure": "1.0", "old-tool": "1.0", "setuptools": "44.1.1", "wheel": "0.37.1",
    }  # fmt: skip


def test_what_setup_py_imports_undeclared_is_told(built: Result, old: Podwheel) -> None:
    """It is in the requirements, so it is known which project that is."""
    ((told,),) = lacked(built).values()
    assert told == "requires-old-pure (ImportError: No module named old_pure)"
    assert step_of(old, "old-c")["remedies"] == [
        ["requires-old-pure", "ImportError: No module named old_pure"]
    ]
