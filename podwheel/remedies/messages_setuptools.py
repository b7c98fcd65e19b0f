"""Messages of setuptools: what a newer one refuses, and what an older one does not know."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from podwheel.remedies.rung import Rule, as_of_upload, below, instead, rule

if TYPE_CHECKING:
    import re
    from collections.abc import Iterator

    from podwheel.remedies.remedy import Remedy
    from podwheel.remedies.rung import Rungs, Scene
    from podwheel.syslibs.logtext import Statement

_ERROR: Final = r"(?:[\w.]{1,80}: )?"
"""The exception's class, where a traceback says it."""
_REFUSED: Final = rf"^{_ERROR}(?:SystemExit: )?error in [^\n]{{1,100}} setup command: "


def _below(version: str) -> Rungs:
    def rungs(_: re.Match[str], statement: Statement, scene: Scene) -> Iterator[Remedy]:
        yield from below("setuptools", version, statement, scene)

    return rungs


def _instead(requirement: str) -> Rungs:
    def rungs(_: re.Match[str], statement: Statement, __: Scene) -> Iterator[Remedy]:
        yield instead(requirement, statement)

    return rungs


def _version(_: re.Match[str], statement: Statement, scene: Scene) -> Iterator[Remedy]:
    frame = statement.frame or ""
    if "/setuptools/" in frame or "/pkg_resources/" in frame or "/packaging/" in frame:
        yield from below("setuptools", "66", statement, scene)


def _refused(_: re.Match[str], statement: Statement, __: Scene) -> Iterator[Remedy]:
    yield as_of_upload(statement)


RULES: Final[tuple[Rule, ...]] = (
    # 58.0: "Setuptools no longer supports use_2to3"
    rule("use_2to3", rf"{_REFUSED}use_2to3 is invalid", _below("58")),
    # 66.0: only versions of PEP 440; 67.0: only specifiers of it
    rule("Invalid version", rf"^{_ERROR}InvalidVersion: Invalid version: '", _version),
    rule("_require", rf"{_REFUSED}'\w{{1,30}}_requires?' must be ", _below("67")),
    # 77.0: PEP 639
    rule("have been superseded", r"^[\w.]{1,60}InvalidConfigError: License classifiers have been superseded", _below("77")),
    rule("project.license", r"'?project\.license'? must be valid exactly by one definition", _instead("setuptools>=77")),
    # 78.0.0 and 78.0.1 refused these; others warn
    rule("key '", r"^[\w.]{1,60}InvalidConfigError: Invalid (?:dash-separated|uppercase) key '", _below("78")),
    # any other refusal of keys and values
    rule("setup command", rf"{_REFUSED}(?!use_2to3)", _refused),
    # setuptools 71 takes the environment's packaging, whatever it is
    rule("strip_trailing_zero", r"unexpected keyword argument 'strip_trailing_zero'", _instead("packaging>=22")),
)  # fmt: skip
