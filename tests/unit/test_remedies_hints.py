"""What the error says where no remedy is left; the logs are those of the remedies."""

from __future__ import annotations

import pytest
from remedies_helpers import FAILED, LOGS, log, names

from podwheel.remedies.hints import hints_for


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("undeclared-numpy", '  [package.my-pkg]\n  build-requires = ["numpy"]'),
        ("python-3.13-imp", "no longer has the module imp"),
        ("python-3.13-configparser", "no longer has configparser.SafeConfigParser"),
        ("python-c-api-gone", "older Python than 3.13 (Py_TRASHCAN_SAFE_BEGIN)"),
        ("python-header-gone", "older Python than 3.13 (longintrepr.h)"),
        ("generated-c-too-old", "older Python than 3.13"),
        ("numpy-distutils", "no NumPy for Python 3.12 and later has numpy.distutils"),
        ("setuptools-84-use-2to3", "its source is Python 2"),
    ],
)
def test_a_cause_that_only_a_person_can_deal_with_is_named(name: str, part: str) -> None:
    (hint,) = hints_for(log(FAILED, name), "My_Pkg", python=(3, 13))
    assert part in hint


def test_an_undeclared_module_on_python_2() -> None:
    (hint,) = hints_for("ImportError: No module named numpy.distutils.core\n", "x", python=(2, 7))
    assert hint.splitlines()[1:] == ["  [package.x]", '  build-requires = ["numpy"]']


@pytest.mark.parametrize(
    "name",
    [
        "setuptools-84-pkg-resources",
        "cmake-4-policy",
        "gcc-14-plain",
        "gcc-14-strict",
        "gcc-14-c++",
    ],
)
def test_what_has_a_remedy_or_is_plain_has_no_hint(name: str) -> None:
    assert hints_for(log(FAILED, name), "x", python=(3, 13)) == ()


def test_what_the_system_lacks_has_no_hint() -> None:
    assert not [n for n in names(LOGS) if hints_for(log(LOGS, n), "x", python=(3, 13))]


def test_on_an_older_python_there_is_still_a_remedy() -> None:
    assert hints_for(log(FAILED, "setuptools-84-use-2to3"), "x", python=(3, 11)) == ()
    assert hints_for(log(FAILED, "numpy-distutils"), "x", python=(3, 11)) == ()


def test_numpy_2() -> None:
    said = "a.c:7:9: error: 'PyArray_Descr' {aka 'struct _PyArray_Descr'} has no member named 'subarray'\n"
    hints = hints_for(said, "x", python=(3, 13))
    assert any('build-constraints = ["numpy<2"]' in hint for hint in hints)


def test_hints_are_few() -> None:
    text = "".join(log(FAILED, name) for name in sorted(names(FAILED)))
    assert len(hints_for(text, "x", python=(3, 13))) == 4
