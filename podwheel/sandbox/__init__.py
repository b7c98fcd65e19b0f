"""A `Job` → podman's arguments (pure) → a container that runs → reaped.

The host never runs third-party code and never trusts what comes out of a container. What
runs inside is guest/: small programs that speak JSON, on the target's own Python.
"""

from __future__ import annotations

from podwheel.sandbox.enforcement import Enforcement, measure
from podwheel.sandbox.job import Job, Limits, Mount
from podwheel.sandbox.log import visible
from podwheel.sandbox.session import Ended, GuestGone, Outcome, Sandbox, Session

__all__ = [
    "Ended",
    "Enforcement",
    "GuestGone",
    "Job",
    "Limits",
    "Mount",
    "Outcome",
    "Sandbox",
    "Session",
    "measure",
    "visible",
]
