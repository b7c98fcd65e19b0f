"""What is said to the guest in one container of one project (sandbox/guest/build.py).

Every answer is the word of a container that has run third-party code: values are checked for
their types here, and for their truth by whoever uses them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from attrs import field, frozen

from podwheel.archives import parse_metadata
from podwheel.build import scm
from podwheel.build.step import Compilations
from podwheel.build.telling import shown_lines, telling_lines
from podwheel.errors import (
    BackendUnusable,
    HookFailed,
    HookKilled,
    PatchFailed,
    SourceUnusable,
    WheelRejected,
)
from podwheel.index.urls import is_plain_filename

if TYPE_CHECKING:
    from pathlib import Path

    from podwheel.build.project import Project
    from podwheel.errors import PodwheelError
    from podwheel.model import Metadata
    from podwheel.sandbox.session import Session

ARCHIVE: Final = "/podwheel/in/source"
PATCHES: Final = "/podwheel/in/patches"

_MOST_REQUIREMENTS: Final = 1000
_MOST_COMPILATIONS: Final = 10**9
_MOST_OF_EXCEPTION: Final = 8
"""Lines of an exception's own text that are shown."""


@frozen(kw_only=True)
class Conversation:
    """One container, its guest, and who is to blame."""

    session: Session
    project: Project
    title: str
    """``flask 3.1.0``: the subject of every message."""
    wanted_by: tuple[str, ...]
    log: Path
    asked: list[dict[str, Any]] = field(factory=list)
    """Every request so far, in order: what ``podwheel shell`` replays."""

    def unpack(self) -> None:
        """Unpack the source and apply the user's patches.

        Raises:
            SourceUnusable: The archive cannot be unpacked.
            PatchFailed: A patch does not apply.
        """
        reply = self._ask(
            {
                "op": "unpack",
                "archive": ARCHIVE,
                "subdirectory": self.project.source.subdirectory,
                "patches": [f"{PATCHES}/{n}" for n in range(len(self.project.settings.patches))],
                "place": [p.to_json() for one in self.project.inputs for p in one.places],
            }
        )
        if reply.get("ok") is True:
            return
        reason = _text(reply, "exception") or _text(reply, "output")
        if reply.get("reason") == "patch":
            raise PatchFailed(
                f"a patch does not apply to {self.title}",
                wanted_by=self.wanted_by,
                said=reason,
                hint=f"patches are listed in [package.{self.project.name}] of {self.project.settings_file}",
            )
        raise SourceUnusable(
            f"the source of {self.title} ({self.project.source.filename}) cannot be unpacked",
            wanted_by=self.wanted_by,
            said=reason,
        )

    def read(self, path: str) -> str | None:
        """A text file of the unpacked source; None: there is none."""
        reply = self.session.ask({"op": "read", "path": path})
        text = reply.get("text")
        return text if isinstance(text, str) else None

    def requires(self) -> tuple[str, ...]:
        """What `get_requires_for_build_wheel` asks for beside ``build-system.requires`` (PEP 517)."""
        value = self._hook("get_requires_for_build_wheel")
        if not isinstance(value, list) or not all(isinstance(v, str) for v in value):
            raise self._unusable("get_requires_for_build_wheel did not return a list of strings")
        if len(value) > _MOST_REQUIREMENTS:
            raise self._unusable(f"its backend asks for {len(value)} build requirements")
        return tuple(value)

    def metadata(self) -> Metadata | None:
        """What `prepare_metadata_for_build_wheel` says; None if the backend has no such hook."""
        value = self._hook("prepare_metadata_for_build_wheel", optional=True)
        if value is None:
            return None
        text = value.get("metadata") if isinstance(value, dict) else None
        if not isinstance(text, str):
            raise self._unusable("prepare_metadata_for_build_wheel made no METADATA file")
        return parse_metadata(
            text.encode("utf-8", "surrogateescape"), where=f"metadata of {self.title}"
        )

    def wheel(self, into: Path) -> Path:
        """Build the wheel and bring it out, unread, into the directory *into*.

        Returns:
            The file, which has the name that the backend gave it.
        """
        value = self._hook("build_wheel")
        if not isinstance(value, str) or not value.endswith(".whl") or not is_plain_filename(value):
            shown = repr(value)[:200]
            raise self._unusable(f"build_wheel returned {shown}, which is no wheel's file name")
        try:
            self.session.receive({"op": "send", "directory": "/build/wheel"}, into)
        except WheelRejected as error:
            raise WheelRejected(
                f"building {self.title}: {error.what}", wanted_by=self.wanted_by, log=self.log
            ) from error
        names = sorted(p.name for p in into.iterdir())
        if names != [value]:
            raise WheelRejected(
                f"building {self.title} left {', '.join(names) or 'nothing'} where {value} should be alone",
                wanted_by=self.wanted_by,
                log=self.log,
            )
        return into / value

    def lend_cache(self, limit: int, toolchain: str) -> bool:
        """Have the hooks that follow use the package's compiler cache; False: they cannot.

        Args:
            limit: Bytes that it may keep.
            toolchain: Names what the compilers are made of.
        """
        request = {"op": "ccache", "limit": limit, "toolchain": toolchain}
        return self.session.ask(request).get("ok") is True

    def take_cache(self, into: Path, limit: int) -> Compilations | None:
        """Bring the compiler cache out, unread, into the directory *into*; what it was asked for.

        Raises:
            WheelRejected: More came than *limit* bytes.
        """
        reply = self.session.receive({"op": "ccache-send"}, into, limit=limit)
        found: Any = reply.get("found")
        compiled: Any = reply.get("compiled")
        for count in (found, compiled):
            if type(count) is not int or not 0 <= count < _MOST_COMPILATIONS:
                return None
        return Compilations(found=found, compiled=compiled)

    def _hook(self, hook: str, *, optional: bool = False) -> Any:
        system = self.project.build_system
        reply = self._ask(
            {
                "op": "hook",
                "hook": hook,
                "backend": system.backend,
                "backend_path": list(system.backend_path),
                "config_settings": {
                    key: value if isinstance(value, str) else list(value)
                    for key, value in self.project.config_settings
                },
                "environment": {},
            }
        )
        if reply.get("ok") is True:
            return reply.get("value")
        if optional and reply.get("reason") == "no-hook":
            return None
        raise self._failure(hook, reply)

    def _ask(self, request: dict[str, Any]) -> dict[str, Any]:
        self.asked.append(request)
        return self.session.ask(request)

    def _failure(self, hook: str, reply: dict[str, Any]) -> PodwheelError:
        said = telling_lines(self.log)
        exception = shown_lines(_text(reply, "exception"))[-_MOST_OF_EXCEPTION:]
        if exception and exception[0] not in said:
            said = "\n".join([*said.splitlines(), *exception])
        again = f"podwheel shell {self.project.name}   # the same container, at the failing hook"
        if reply.get("reason") == "backend-import":
            return BackendUnusable(
                f"the build backend {self.project.build_system.backend} of {self.title} cannot be imported",
                wanted_by=self.wanted_by,
                said=said,
                log=self.log,
                hint=again,
            )
        how = {
            "killed": f"was killed by signal {reply.get('signal')}",
            "exited": f"ended with exit code {reply.get('code')}",
        }.get(str(reply.get("reason")), "raised an error")
        failed = HookKilled if reply.get("reason") == "killed" else HookFailed
        return failed(
            f"{self.title} could not be built: its backend's {hook} {how}",
            wanted_by=self.wanted_by,
            said=said,
            log=self.log,
            hint=(*scm.hints(said, self.project.name), again),
        )

    def _unusable(self, what: str) -> BackendUnusable:
        return BackendUnusable(f"{self.title}: {what}", wanted_by=self.wanted_by, log=self.log)


def _text(reply: dict[str, Any], key: str) -> str:
    value = reply.get(key)
    return value if isinstance(value, str) else ""
