"""Whether code that was compiled for one CPU runs on another: x86-64's four levels, by their names."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from podwheel import log
from podwheel.build.project import variables_of
from podwheel.errors import SettingsError
from podwheel.settings import PackageSettings

if TYPE_CHECKING:
    from collections.abc import Iterable

    from podwheel.settings import Settings
    from podwheel.targets.capture import Capture

_LEVELS: Final = ("x86-64", "x86-64-v2", "x86-64-v3", "x86-64-v4")
_ASKED: Final = re.compile(r"(?:-march=|target-cpu=)([\w.+-]+)", re.ASCII)  # gcc and clang; rustc


def asked_of(variables: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    """The CPUs that a build's environment variables ask compilers to compile for, each once, in their order."""
    return tuple(dict.fromkeys(cpu for _, value in variables for cpu in _ASKED.findall(value)))


def runs(cpu: str, server: str) -> bool | None:
    """Whether code for *cpu* runs on a CPU of the level *server*; None: these words cannot be compared."""
    if cpu not in _LEVELS or server not in _LEVELS:
        return None
    return _LEVELS.index(cpu) <= _LEVELS.index(server)


def refuse_settings(settings: Settings, capture: Capture | None) -> None:
    """See that podwheel.toml does not ask for code that the server cannot run.

    A name that is no level (``haswell``, ``native``) is told, since nothing can be said of it.

    Raises:
        SettingsError: It does; nothing has been built for it yet.
    """
    if capture is None or not capture.cpu:
        return
    for where, package in (("", PackageSettings()), *settings.packages):
        for cpu in asked_of(variables_of(settings, package, epoch=0, told={})):
            fits = runs(cpu, capture.cpu)
            if fits is False:
                raise SettingsError(
                    f"{settings.path}: code for {cpu} does not run on the server of {capture.source}, "
                    f"whose CPU is {capture.cpu}"
                    + (f" (asked for by [package.{where}])" if where else ""),
                    hint=f'cpu = "{capture.cpu}" is the most that it can',
                )
            if fits is None:
                log.get().warning(
                    "capture.cpu", asked=cpu, server=capture.cpu, capture=capture.source
                )
