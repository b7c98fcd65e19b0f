"""What counts as proven."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from attrs import evolve
from packaging.requirements import Requirement
from packaging.tags import Tag
from packaging.utils import canonicalize_name
from packaging.version import Version

from podwheel.errors import VerificationFailed
from podwheel.failures import of_verdict
from podwheel.model import Metadata, Wheel
from podwheel.prove.undeclared import for_an_extra
from podwheel.prove.verdict import Imported, Proof, Verdict
from podwheel.prove.verify import _counts, _imported, _module_of
from podwheel.settings import PackageSettings

SUFFIX = ".cpython-313-x86_64-linux-gnu.so"


def wheel(*modules: str, extensions: tuple[str, ...] = (), name: str = "pkg") -> Wheel:
    return Wheel(
        path=Path("/nowhere"),
        filename=f"{name}-1.0-py3-none-any.whl",
        sha256="0" * 64,
        size=1,
        name=canonicalize_name(name),
        version=Version("1.0"),
        tags=frozenset({Tag("py3", "none", "any")}),
        metadata=Metadata(name=name, version=Version("1.0"), requires=()),
        modules=modules,
        extensions=extensions,
        root_is_purelib=True,
    )


@pytest.mark.parametrize(
    ("extension", "module"),
    [
        (f"pkg/_speedups{SUFFIX}", "pkg._speedups"),
        (f"_cffi_backend{SUFFIX}", "_cffi_backend"),
        ("pkg/core.abi3.so", "pkg.core"),
        ("pkg/plain.so", "pkg.plain"),
        ("pkg-1.0.data/platlib/pkg/x.abi3.so", "pkg.x"),
        ("pkg/libfoo.so", None),
        ("pkg/libfoo.so.1", None),
        ("pkg.libs/libz-1234.so", None),
        ("pkg/not-an-identifier.so", None),
    ],
)
def test_extension_modules_by_their_paths(extension: str, module: str | None) -> None:
    assert _module_of(extension) == module


@pytest.mark.parametrize(
    ("module", "of", "counts"),
    [
        ("pkg", wheel("pkg"), True),
        ("tests", wheel("pkg", "tests"), False),
        ("tests", wheel("tests"), True),
        ("examples.one", wheel("examples.one", "pkg"), False),
        ("examples.one", wheel("examples.one", "examples.two"), True),
        ("_pkg", wheel("_pkg", "pkg"), False),
        ("_pkg", wheel("_pkg", "pkg", extensions=(f"_pkg{SUFFIX}",)), True),
        ("_pkg", wheel("_pkg"), True),
    ],
)
def test_which_imports_decide(module: str, of: Wheel, counts: bool) -> None:
    assert _counts(module, of, PackageSettings()) is counts


@pytest.mark.parametrize(
    ("said", "requires", "optional"),
    [
        ("ModuleNotFoundError: No module named 'IPython'", ("ipython; extra == 'shell'",), True),
        ("ModuleNotFoundError: No module named 'IPython.core'", ("ipython; extra == 'x'",), True),
        ("ModuleNotFoundError: No module named 'forgotten'", ("ipython; extra == 'x'",), False),
        ("ModuleNotFoundError: No module named 'ipython'", ("ipython",), False),
        (
            "ModuleNotFoundError: No module named 'ipython'",
            ("ipython", "ipython>=9; extra == 'x'"),
            False,
        ),
        ("ImportError: cannot import name 'IPython'", ("ipython; extra == 'x'",), False),
    ],
)
def test_a_part_that_only_an_extra_makes_work(
    said: str, requires: tuple[str, ...], optional: bool
) -> None:
    of = wheel("pkg.base", "pkg.shell")
    of = evolve(of, metadata=evolve(of.metadata, requires=tuple(map(Requirement, requires))))
    failed = Imported(module="pkg.shell", ok=False, said=f"Traceback …\n{said}")
    assert for_an_extra(failed, of) is optional


def test_what_a_user_names_always_decides() -> None:
    settings = PackageSettings(import_modules=("tests",))
    assert _counts("tests", wheel("pkg", "tests"), settings)


@pytest.mark.parametrize(
    "found",
    [
        None,
        "yes",
        [],
        [{"module": "other", "ok": True}],
        [{"module": "pkg", "ok": "true"}],
        [{"module": "pkg", "ok": 1}],
        [["pkg", True]],
    ],
)
def test_a_container_cannot_talk_its_way_to_a_yes(found: Any) -> None:
    assert not _imported(found, "pkg", counts=True).ok


def test_a_container_that_says_true_is_believed() -> None:
    assert _imported([{"module": "pkg", "ok": True, "said": ""}], "pkg", counts=True).ok


def test_terminal_control_in_an_error_is_harmless() -> None:
    found = [{"module": "pkg", "ok": False, "said": "\x1b[2J\x1b]0;x\x07Error"}]
    assert "\x1b" not in _imported(found, "pkg", counts=True).said


def proof(**changes: Any) -> Proof:
    good = {
        "name": "pkg",
        "version": "1.0",
        "installed": True,
        "imports": (Imported(module="pkg", ok=True),),
    }
    return Proof(**{**good, **changes})


@pytest.mark.parametrize(
    ("changes", "ok"),
    [
        ({}, True),
        ({"installed": False}, False),
        ({"imports": (Imported(module="pkg", ok=False, said="x"),)}, False),
        ({"imports": (Imported(module="tests", ok=False, counts=False),)}, True),
        ({"test": True}, True),
        ({"test": False}, False),
        ({"lost": "pkg-1.0-cp313.whl"}, True),
        ({"imports": ()}, True),
    ],
)
def test_when_a_distribution_is_proven(changes: dict[str, Any], ok: bool) -> None:
    assert proof(**changes).ok is ok


def test_verdicts_survive_the_store() -> None:
    verdict = Verdict(
        installed=True, consistent=True, said="", proofs=(proof(test=True, lost="x"),)
    )
    assert Verdict.from_json(verdict.to_json()) == verdict


def test_a_bad_verdict_names_the_module_and_its_last_line() -> None:
    said = "Traceback …\n  File …\nImportError: libfoo.so.1: cannot open shared object file"
    bad = proof(imports=(Imported(module="pkg", ok=False, said=said),))
    error = of_verdict(
        Verdict(installed=True, consistent=True, said="", proofs=(bad, proof(name="fine"))),
        Path("/l"),
    )
    assert isinstance(error, VerificationFailed)
    assert "1 of 2" in error.what
    assert "pkg 1.0" in error.what
    assert error.said == (
        "pkg: import pkg: ImportError: libfoo.so.1: cannot open shared object file"
    )
    assert "pristine target lacks libfoo.so.1" in error.hint[0]
    assert "[package.pkg]" in error.hint[-1]


@pytest.mark.parametrize(
    ("ours", "theirs", "said"),
    [
        ("linux_x86_64", "manylinux_2_28_x86_64", True),
        ("linux_x86_64", "manylinux2014_x86_64", True),
        ("linux_x86_64", "linux_x86_64", False),
        ("manylinux_2_41_x86_64", "manylinux_2_28_x86_64", False),
    ],
)
def test_upstreams_libraries_beside_the_targets_are_named(
    ours: str, theirs: str, said: bool
) -> None:
    def native(name: str, platform: str, *requires: str) -> Wheel:
        made = wheel(name, extensions=(f"{name}{SUFFIX}",), name=name)
        metadata = evolve(made.metadata, requires=tuple(map(Requirement, requires)))
        return evolve(made, metadata=metadata, tags=frozenset({Tag("cp313", "cp313", platform)}))

    bad = proof(name="ours", imports=(Imported(module="ours", ok=False, said="mismatch"),))
    error = of_verdict(
        Verdict(installed=True, consistent=True, said="", proofs=(bad, proof(name="theirs"))),
        Path("/l"),
        wheels=[native("ours", ours, "Theirs>=1", "missing"), native("theirs", theirs)],
    )
    assert any("--no-binary theirs" in hint for hint in error.hint) is said


@pytest.mark.parametrize("no_deps", [True, False])
def test_wheels_without_what_they_require_may_be_published_unproven(no_deps: bool) -> None:
    verdict = Verdict(installed=False, consistent=True, said="ERROR: No matching …", proofs=())
    error = of_verdict(verdict, Path("/l"), no_deps=no_deps)
    assert any("--no-verify" in hint for hint in error.hint) is no_deps
