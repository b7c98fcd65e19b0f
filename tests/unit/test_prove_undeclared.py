"""What a distribution imports, was built with, and does not require."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from packaging.utils import NormalizedName, canonicalize_name
from packaging.version import Version

from podwheel.model import Metadata, Wheel
from podwheel.prove.undeclared import absent_module, undeclared

PYTHON_2 = "Traceback …\nImportError: No module named numpy.core\n"


def wheel(name: str, *modules: str) -> Wheel:
    return Wheel(
        path=Path("/nowhere"),
        filename=f"{name}-1.0-py2-none-any.whl",
        sha256="0" * 64,
        size=1,
        name=canonicalize_name(name),
        version=Version("1.0"),
        tags=frozenset(),
        metadata=Metadata(name=name, version=Version("1.0"), requires=()),
        modules=modules,
        extensions=(),
        root_is_purelib=True,
    )


WHEELS = (wheel("scipy", "scipy"), wheel("Num-Py", "numpy", "numpy.core"), wheel("other", "other"))
SCIPY, NUMPY = WHEELS[0].name, WHEELS[1].name


def names(**of: str) -> dict[NormalizedName, frozenset[NormalizedName]]:
    return {canonicalize_name(n): frozenset({canonicalize_name(v)}) for n, v in of.items()}


def failing(said: Any) -> dict[str, Any]:
    return {"scipy": {"modules": [{"module": "scipy", "ok": False, "said": said}]}}


@pytest.mark.parametrize(
    ("said", "module"),
    [
        (PYTHON_2, "numpy"),
        ("ModuleNotFoundError: No module named 'numpy'", "numpy"),
        ("ImportError: libx.so.1: cannot open shared object file", None),
        ("ImportError: cannot import name numpy", None),
    ],
)
def test_the_module_that_is_absent(said: str, module: str | None) -> None:
    assert absent_module(said) == module


def test_what_it_was_built_with_stands_beside_it() -> None:
    again = undeclared(WHEELS, failing(PYTHON_2), names(scipy="num-py"), {})
    assert again == {SCIPY: {NUMPY}}


def test_it_is_tried_once() -> None:
    known = names(scipy="num-py")
    assert undeclared(WHEELS, failing(PYTHON_2), known, known) == {}


def test_what_it_was_not_built_with_stays_missed() -> None:
    assert undeclared(WHEELS, failing(PYTHON_2), names(scipy="other"), {}) == {}
    assert undeclared(WHEELS, failing(PYTHON_2), {}, {}) == {}


@pytest.mark.parametrize(
    "said", [None, 7, ["No module named numpy"], "ImportError: No module named os"]
)
def test_a_container_cannot_ask_for_more(said: Any) -> None:
    assert undeclared(WHEELS, failing(said), names(scipy="num-py"), {}) == {}


def test_nothing_of_a_distribution_that_a_container_did_not_speak_of() -> None:
    assert undeclared(WHEELS, {"scipy": {"modules": "x"}}, names(scipy="num-py"), {}) == {}
    assert undeclared(WHEELS, {}, names(scipy="num-py"), {}) == {}
