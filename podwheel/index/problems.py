"""What went wrong on the way to a server, said in our own words.

The text of requests' and urllib3's exceptions is never shown: it may hold URLs with credentials
or tokens, and says little to a person.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from podwheel.errors import IndexUnreachable
from podwheel.index.urls import masked, origin

if TYPE_CHECKING:
    from collections.abc import Sequence

Reason = tuple[str, tuple[str, ...]]
"""What happened, and hints."""

OFFLINE = "--offline uses what earlier runs brought"


def failures(*more: type[Exception]) -> tuple[type[Exception], ...]:
    """All that the reading of an answer may raise, and *more*, for ``except``.

    A function, because a run that needs no socket need not wait for requests to be imported.
    """
    import requests
    import urllib3

    # requests lets some of urllib3's through
    return requests.RequestException, urllib3.exceptions.HTTPError, *more


def unreachable(
    what: str, url: str, error: Exception, *, wanted_by: Sequence[str] = ()
) -> IndexUnreachable:
    """The error for a request that got no answer; *what* was asked for (``the index``)."""
    from podwheel.index.faults import explain

    reason, hints = explain(url, error)
    return IndexUnreachable(
        f"{what} {masked(url)} cannot be reached: {reason}", wanted_by=wanted_by, hint=hints
    )


def refused(
    what: str, url: str, status: int, *, wanted_by: Sequence[str] = (), hint: Sequence[str] = ()
) -> IndexUnreachable:
    """The error for an answer whose status is none that we can go on with."""
    reason, hints = _explain_status(url, status)
    return IndexUnreachable(
        f"{what} {masked(url)} answered {status}: {reason}",
        wanted_by=wanted_by,
        hint=(*hints, *hint),
    )


def insecure(what: str, url: str, *, wanted_by: Sequence[str] = ()) -> IndexUnreachable:
    """The error for plain http where nothing else says that the bytes are right."""
    host = origin(url)[1]
    return IndexUnreachable(
        f"{what} {masked(url)} is not used: over plain http anybody on the way can change it",
        wanted_by=wanted_by,
        hint=("use its https URL", f"--trusted-host {host} if you trust the network up to it"),
    )


def unusable_url(what: str, url: str, *, wanted_by: Sequence[str] = ()) -> IndexUnreachable:
    """The error for a text that is no URL we speak."""
    return IndexUnreachable(
        f"{what} {masked(url)} is no URL that can be asked (https, http and file can)",
        wanted_by=wanted_by,
    )


def _explain_status(url: str, status: int) -> Reason:
    host = origin(url)[1]
    match status:
        case 401:
            return (
                "it wants credentials, and none that it accepts were found",
                (
                    f"put a line for {host} into ~/.netrc",
                    f"or keep a password: keyring set {host} USER",
                    "or write them into --index-url (https://USER:PASSWORD@…)",
                ),
            )
        case 403:
            return "it does not allow this", ("check the credentials, and what they may read",)
        case 407:
            return "the proxy wants credentials", ("--proxy http://USER:PASSWORD@HOST:PORT",)
        case 429:
            return "too many requests", ("wait a while, then type the same command again",)
        case _ if status >= 500:
            return "the server has a fault", ("type the same command again later", OFFLINE)
        case _:
            return "that is no answer to use", ()
