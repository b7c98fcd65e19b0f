"""requests' and urllib3's exceptions, told apart."""

from __future__ import annotations

import socket
import ssl
from typing import TYPE_CHECKING

import requests
import urllib3

from podwheel.index.problems import OFFLINE
from podwheel.index.urls import origin

if TYPE_CHECKING:
    from collections.abc import Iterator

    from podwheel.index.problems import Reason


def explain(url: str, error: Exception) -> Reason:
    """Why a request for *url* failed, and what to do; nothing of the exception's own text."""
    chain = list(_chain(error))
    host = origin(url)[1] or url
    simple = _explain_simple(chain)
    if simple is not None:
        return simple
    certificate = next((e for e in chain if isinstance(e, ssl.SSLError)), None)
    if certificate is not None or isinstance(error, requests.exceptions.SSLError):
        said = getattr(certificate, "verify_message", "") or getattr(certificate, "reason", "")
        return (
            f"its TLS certificate was not accepted ({said or 'no reason given'})",
            (
                "--cert FILE (or REQUESTS_CA_BUNDLE) names the certificates of your own authority",
                f"--trusted-host {host} does without the check",
            ),
        )
    if any(isinstance(e, socket.gaierror | urllib3.exceptions.NameResolutionError) for e in chain):
        return (
            f"the name {host} is not known here",
            ("check the name", "behind a proxy: --proxy URL, or HTTPS_PROXY", OFFLINE),
        )
    said = next((e.strerror for e in chain if isinstance(e, OSError) and e.strerror), None)
    return (
        said or "the connection broke",
        ("check the network", "behind a proxy: --proxy URL, or HTTPS_PROXY", OFFLINE),
    )


def _explain_simple(chain: list[BaseException]) -> Reason | None:
    """For what is known by the exception's class alone."""
    for error in chain:
        match error:
            case requests.exceptions.ProxyError() | urllib3.exceptions.ProxyError():
                return (
                    "the proxy cannot be reached, or refused",
                    ("--proxy URL, HTTPS_PROXY and NO_PROXY say which proxy is used",),
                )
            case requests.exceptions.TooManyRedirects():
                return "it redirects again and again", ()
            case requests.exceptions.InvalidSchema() if "SOCKS" in str(error):
                return "a SOCKS proxy needs PySocks", ("pip install pysocks",)
            case requests.exceptions.InvalidSchema():
                return "it redirects to something that is neither https nor http", ()
            case ValueError() if error is chain[0]:  # InvalidURL, and what urllib raises itself
                return "it is, or redirects to, something that is no URL", ()
            case urllib3.exceptions.NewConnectionError():
                return None  # not a timeout, though urllib3 derives it from one
            case requests.exceptions.Timeout() | urllib3.exceptions.TimeoutError():
                return (
                    "it did not answer in time",
                    ("--timeout SECONDS waits longer", "behind a proxy: --proxy URL", OFFLINE),
                )
    return None


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The exception and those inside it: urllib3 hands them on as arguments and as ``reason``."""
    waiting: list[object] = [error]
    seen: set[int] = set()
    while waiting:
        found = waiting.pop(0)
        if isinstance(found, BaseException) and id(found) not in seen:
            seen.add(id(found))
            yield found
            waiting += [
                *found.args,
                getattr(found, "reason", None),
                found.__cause__,
                found.__context__,
            ]
