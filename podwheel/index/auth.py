"""Credentials: from URLs, netrc and keyring, each sent to its own origin only.

Looked for in pip's order: the URL that is asked, the index of the same origin, netrc; keyring
only after a server answered 401. A login found once is kept in memory for the run, never on disk.
"""

from __future__ import annotations

import importlib
import json
import os
import shutil
import threading
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlsplit

from requests.auth import AuthBase, HTTPBasicAuth
from requests.utils import get_netrc_auth

from podwheel import log, process
from podwheel.index.urls import masked, split_login

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    import requests

    from podwheel.index.logins import Logins
    from podwheel.index.urls import Login

_KEYRING_SECONDS = 60.0


class Keyring(Protocol):
    """Something that keeps passwords for the user."""

    def login(self, service: str, user: str | None) -> Login | None:
        """The login kept for a URL or a host (and a user, if one is given), or None."""


class _Disabled:
    def login(self, _service: str, _user: str | None) -> Login | None:
        return None


class _Imported:
    """The `keyring` module of our own environment."""

    def __init__(self) -> None:
        # Not a dependency: it is there if the user installed it.
        self._keyring: Any = importlib.import_module("keyring")

    def login(self, service: str, user: str | None) -> Login | None:
        found = self._keyring.get_credential(service, user)
        return None if found is None else (found.username, found.password)


class _Program:
    """The `keyring` program, as ``--keyring-provider subprocess`` of pip's uses it."""

    def login(self, service: str, user: str | None) -> Login | None:
        if user is not None:
            password = self._get(service, user)
            return None if password is None else (user, password.rstrip("\r\n"))
        answer = self._get(service, options=("--mode=creds", "--output=json"))  # since keyring 25.2
        try:
            found = json.loads(answer or "")
            return str(found["username"]), str(found["password"])
        except (ValueError, TypeError, KeyError):
            return None

    def _get(self, *names: str, options: tuple[str, ...] = ()) -> str | None:
        backend = {k: v for k, v in os.environ.items() if k.startswith("PYTHON_KEYRING_")}
        done = process.run(
            ["keyring", *options, "get", *names],
            environment=process.host_environment(PYTHONIOENCODING="utf-8", **backend),
            timeout=_KEYRING_SECONDS,
        )
        return done.text if done.code == 0 else None


def keyring_of(provider: str) -> Keyring:
    """The keyring that *provider* (``Network.keyring``) names.

    ``auto`` takes the module if it can be imported, else the program if it is on PATH.
    """
    if provider in ("import", "auto"):
        try:
            return _Imported()
        except Exception as error:  # noqa: BLE001 - a backend may raise anything when it is loaded
            if provider == "import":
                log.get().warning("index.keyring.unusable", reason=type(error).__name__)
                return _Disabled()
    if provider == "subprocess" or (provider == "auto" and shutil.which("keyring")):
        return _Program()
    return _Disabled()


class Credentials(AuthBase):
    """What requests asks before each request, and after a 401; safe to share between threads."""

    def __init__(self, logins: Logins, *, keyring: str) -> None:
        self._logins = logins
        self._provider = keyring
        self._keyring: Keyring | None = None
        self._asking = threading.Lock()

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        assert request.url is not None
        request.url = self._logins.learn(request.url)
        login = self._logins.known(request.url)
        if login is None or login[1] is None:
            found = get_netrc_auth(request.url)
            if found is not None and (login is None or login[0] == found[0]):
                login = found
        if login is not None and login[1] is not None:
            HTTPBasicAuth(login[0], login[1])(request)
        request.register_hook("response", self._after)  # type: ignore[no-untyped-call]
        return request

    def _after(self, response: requests.Response, **options: Any) -> requests.Response:
        """After a 401: once more with a login that was not yet tried, if there is one."""
        if response.status_code != 401:
            return response
        url = split_login(response.url)[0]
        refused = response.request.headers.get("Authorization")
        for login in self._candidates(response.url):
            request = response.request.copy()
            HTTPBasicAuth(login[0], login[1] or "")(request)
            if request.headers["Authorization"] != refused:
                break
        else:
            return response
        _ = response.content  # read to its end, the connection can be used again
        response.close()
        again: requests.Response = response.connection.send(request, **options)
        again.history.append(response)
        again.request = request
        if again.status_code != 401:
            self._logins.keep(url, login)
        return again

    def _candidates(self, url: str) -> Iterator[Login]:
        """Complete logins for *url*: in it (a redirect's), learnt since, keyring's."""
        bare, given = split_login(url)
        known = self._logins.known(bare)
        for login in (given, known):
            if login is not None and login[1] is not None:
                yield login
        user = given[0] if given else known[0] if known else None
        with self._asking:  # sixteen threads meet the same 401; keyring may ask a person
            since = self._logins.known(bare)
            if since is not None and since != known:
                yield since
                return
            found = self._ask_keyring(bare, user)
        if found is not None and found[1] is not None:
            yield found

    def _ask_keyring(self, url: str, user: str | None) -> Login | None:
        if self._keyring is None:
            self._keyring = keyring_of(self._provider)
        services = [index] if (index := self._logins.index_of(url)) else []
        try:
            for service in (*services, urlsplit(url).netloc):
                found = self._keyring.login(service, user)
                if found is not None:
                    return found
        except Exception as error:  # noqa: BLE001 - a locked or broken backend raises what it likes
            log.get().warning("index.keyring.failed", url=masked(url), reason=type(error).__name__)
            self._keyring = _Disabled()
        return None
