"""A registry's token: sent to that registry, and to nobody else.

cargo asks for ``config.json`` without it; after a 401, and for everything of a registry that says
``auth-required``, it sends ``Authorization: TOKEN`` (the Cargo book, "Registry Index", RFC 3139).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from podwheel import __version__
from podwheel.index.logins import Logins
from podwheel.index.session import make_session
from podwheel.index.urls import is_secure, origin

if TYPE_CHECKING:
    from collections.abc import Callable

    import requests

    from podwheel.model import Network


def token_session(
    network: Network, *, token: str, index_url: str
) -> tuple[requests.Session, Token]:
    """A session like all others, that has a token beside the logins.

    Args:
        index_url: The registry's index, ``https://…/``: the only place that may ask for the token.
    """
    session = make_session(network, user_agent=f"podwheel/{__version__}", logins=Logins())
    auth: Any = session.auth
    session.auth = with_token = Token(
        auth, token=token, index_url=index_url, trusted_hosts=network.trusted_hosts
    )
    return session, with_token


class Token:
    """What requests asks before each request.

    Args:
        otherwise: What is asked first, and decides for every other origin.
    """

    def __init__(
        self,
        otherwise: Callable[[requests.PreparedRequest], requests.PreparedRequest],
        *,
        token: str,
        index_url: str,
        trusted_hosts: tuple[str, ...],
    ) -> None:
        self._otherwise = otherwise
        self._token = token
        self._asking = origin(index_url)
        self._trusted_hosts = trusted_hosts
        self._always: set[tuple[str, str, int | None]] = set()

    def send_to(self, url: str) -> None:
        """Send the token with every request to the origin of *url* from now on."""
        self._always.add(origin(url))

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request = self._otherwise(request)
        assert request.url is not None
        if not is_secure(request.url, self._trusted_hosts):
            return request  # over plain http anybody could read it
        if origin(request.url) in self._always:
            request.headers["Authorization"] = self._token
        elif origin(request.url) == self._asking:
            request.register_hook("response", self._after)  # type: ignore[no-untyped-call]
        return request

    def _after(self, response: requests.Response, **options: Any) -> requests.Response:
        """After a 401 of the index: once more, with the token."""
        request = response.request
        if response.status_code != 401 or request.headers.get("Authorization") == self._token:
            return response
        if origin(response.url) != self._asking:  # a redirect takes this hook along
            return response
        again = request.copy()
        again.headers["Authorization"] = self._token
        _ = response.content  # read to its end, the connection can be used again
        response.close()
        answer: requests.Response = response.connection.send(again, **options)
        answer.history.append(response)
        answer.request = again
        return answer
