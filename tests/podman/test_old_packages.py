"""Builds that broke with age: tried again with what is known to help (docs/remedies.md)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from local_index import packed
from podwheel_cli import recorded_podman
from system_packages import lacked, record_of

if TYPE_CHECKING:
    from pathlib import Path

    from local_index import LocalIndex
    from podwheel_cli import Podwheel

pytestmark = pytest.mark.podman

JSON = ("--log-format", "json")
SETUP = """\
from setuptools import Extension, setup
{more}
setup(ext_modules=[Extension("{name}", ["module.c", "more.c"])])
"""
MODULE = """\
#include <Python.h>
static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, "NAME", NULL, -1, NULL};
PyMODINIT_FUNC PyInit_NAME(void) {
    if (from_elsewhere() != 4) return NULL;
    return PyModule_Create(&definition);
}
"""
DECLARED = "int from_elsewhere(void);\n"


def publish(
    index: LocalIndex, name: str, *, module: str = MODULE, more: str = "", requires: str = ""
) -> None:
    """An extension of two C files whose *module* calls a function of the other."""
    pyproject = f"""\
[build-system]
requires = ["setuptools"]
build-backend = "setuptools.build_meta"
[project]
name = "{name}"
version = "1.0"
dependencies = [{requires}]
"""
    files = {
        "pyproject.toml": pyproject,
        "setup.py": SETUP.format(name=name, more=more),
        "module.c": module.replace("NAME", name),
        "more.c": "int from_elsewhere(void) { return 4; }\n",
    }
    archive = packed({n: text.encode() for n, text in files.items()}, top=f"{name}-1.0")
    index.add(f"{name}-1.0.tar.gz", archive)


def test_c_that_newer_compilers_refuse(
    podwheel: Podwheel, index: LocalIndex, tmp_path: Path
) -> None:
    """gcc 14 made an implicit declaration an error; the function is there all the same."""
    publish(index, "oldc")
    done = podwheel("build", "oldc", *JSON)
    (told,) = lacked(done)["oldc"]
    assert "implicit declaration of function" in told
    (step,) = record_of(podwheel)["steps"]
    ((name, reason),) = step["remedies"]
    assert told == f"{name} ({reason})"
    assert ["CFLAGS", "-Wno-error=implicit-function-declaration"] in step["variables"]

    recorder = recorded_podman(tmp_path)
    again = podwheel("build", "oldc", *JSON, environment=recorder.environment)
    assert recorder.calls() == []
    assert lacked(again) == {}, "what helped is known"
    assert record_of(podwheel)["steps"][0]["remedies"] == step["remedies"]


def test_it_is_told_on_the_terminal(podwheel: Podwheel, index: LocalIndex) -> None:
    publish(index, "oldc")
    done = podwheel("build", "oldc", "--no-verify")
    assert "+ build oldc 1.0" in done.err
    assert "implicit declaration" in done.err


def test_without_remedies(podwheel: Podwheel, index: LocalIndex) -> None:
    publish(index, "oldc")
    done = podwheel("build", "oldc", "--no-remedies", *JSON, code=6)
    assert lacked(done) == {}
    assert "implicit declaration of function" in str(done.errors)
    assert not podwheel.wheelhouse.exists()


def test_users_flags_stay(podwheel: Podwheel, index: LocalIndex) -> None:
    """An option of theirs stands before ours, which counts."""
    publish(index, "oldc")
    flags = "-DTHEIRS -Werror=implicit-function-declaration"
    podwheel.write("podwheel.toml", f'[package.oldc.environment]\nCFLAGS = "{flags}"\n')
    podwheel("build", "oldc", "--no-verify")
    (step,) = record_of(podwheel)["steps"]
    ours = "-Wno-error=implicit-function-declaration"
    assert ["CFLAGS", f"{flags} {ours}"] in step["variables"]


def test_an_undeclared_import_of_what_is_in_the_tree(podwheel: Podwheel, index: LocalIndex) -> None:
    """Of the requirements' own tree, never by guessing a project from a module's name."""
    publish(
        index, "imports", module=DECLARED + MODULE, more="import pure_flit", requires='"pure-flit"'
    )
    done = podwheel("build", "imports", *JSON)
    (told,) = lacked(done)["imports"]
    assert told.startswith("requires-pure-flit ")
    steps = {step["package"]: step for step in record_of(podwheel)["steps"]}
    assert [name for name, _ in steps["imports"]["remedies"]] == ["requires-pure-flit"]


def test_an_undeclared_import_of_somebody_else(podwheel: Podwheel, index: LocalIndex) -> None:
    publish(index, "imports", module=DECLARED + MODULE, more="import pure_flit")
    done = podwheel("build", "imports", *JSON, code=6)
    assert lacked(done) == {}
    assert 'build-requires = ["pure_flit"]' in str(done.errors)


def test_an_error_that_no_option_mends(podwheel: Podwheel, index: LocalIndex) -> None:
    """It stands beside one that could be mended: compiled in vain, the attempt would tell no more."""
    publish(index, "broken", module=MODULE + "int x = undeclared;\n")
    done = podwheel("build", "broken", *JSON, code=6)
    assert lacked(done) == {}
    assert "undeclared" in str(done.errors)
