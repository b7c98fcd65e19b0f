"""What one run made, as it is sealed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import frozen

if TYPE_CHECKING:
    from podwheel.build.origins import Origins
    from podwheel.build.project import Project
    from podwheel.build.step import Built, Compilations
    from podwheel.build.workshop import Workshop
    from podwheel.model import Resolution
    from podwheel.prove.against import Fit
    from podwheel.prove.server import Server
    from podwheel.prove.verdict import Verdict
    from podwheel.seal.trust import Tool


@frozen(kw_only=True)
class Made:
    """A run that built everything, for one target."""

    workshop: Workshop
    resolution: Resolution
    built: tuple[Built, ...]
    """One a pin of the resolution, in its order."""
    server: Server
    """What a server needs beside the wheels."""
    supplied: tuple[Project, ...]
    """The projects whose builds needed packages of the distribution."""
    verdict: Verdict | None
    """None: verification was turned off."""
    origins: Origins
    """Where the wheels of build environments came from."""
    tools: tuple[Tool, ...] = ()
    """Upstream's wheels that podwheel itself worked with."""
    compilations: Compilations | None = None
    """What the compiler caches were asked for; None: none was."""
    fit: Fit | None = None
    """Whether the server that was captured has what they need; None: the target is no captured server."""
