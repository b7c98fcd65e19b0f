"""The one kind of HTTP session: requests with pip's habits.

It differs from a plain `requests.Session` where that one surprises: ``--cert`` and ``--proxy``
win over the environment (requests lets the environment win over a session's own settings), and
credentials are those of `Credentials`, bound to an origin.

There is no HTTP cache below it (pip has CacheControl): pages are kept parsed, files by their
hash, both with a freshness of our own. CacheControl would write every download to a temporary
file as well, keeps no page that has only a Last-Modified, and where ``Vary`` names
Authorization it writes the password to disk.
"""

from __future__ import annotations

import functools
import os
import ssl
from pathlib import Path
from typing import TYPE_CHECKING, Any

import requests
import truststore
import urllib3
from requests.adapters import HTTPAdapter
from requests.utils import DEFAULT_CA_BUNDLE_PATH
from urllib3.util.retry import Retry

from podwheel.errors import UsageError
from podwheel.index.auth import Credentials
from podwheel.index.logins import Logins

if TYPE_CHECKING:
    from collections.abc import Mapping

    from podwheel.model import Network

_THREADS = 16
_HOSTS = 16

_RETRIED = (500, 502, 503, 504, 520, 527)
"""Passing troubles of servers and of the caches before them (520 and 527 are Cloudflare's)."""

_LONGEST_WAIT = 30
"""Seconds. A ``Retry-After`` is the server's wish; it may not hang us for hours."""

_BUNDLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")


class _Retry(Retry):
    def get_retry_after(self, response: urllib3.BaseHTTPResponse) -> float | None:
        wished = super().get_retry_after(response)
        return None if wished is None else min(wished, _LONGEST_WAIT)


class _Adapter(HTTPAdapter):
    """Hands a TLS context to its pools, and to those behind a proxy (pip's issue 13288)."""

    def __init__(self, *, context: ssl.SSLContext | None = None, **options: Any) -> None:
        self._context = context
        super().__init__(**options)

    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
        if self._context is not None:
            options["ssl_context"] = self._context
        super().init_poolmanager(*arguments, **options)

    def cert_verify(self, conn: Any, url: Any, verify: Any, cert: Any) -> None:
        super().cert_verify(conn, url, verify, cert)  # type: ignore[no-untyped-call]
        if self._context is not None:
            conn.ca_certs = None  # else certifi's file is read for every connection

    def proxy_manager_for(self, proxy: Any, **options: Any) -> Any:
        if self._context is not None:
            options["ssl_context"] = self._context
            options["proxy_ssl_context"] = self._context
        return super().proxy_manager_for(proxy, **options)


class _UnverifiedAdapter(_Adapter):
    """For ``--trusted-host``: any certificate will do."""

    def send(self, request: Any, *arguments: Any, **options: Any) -> requests.Response:
        return super().send(request, *arguments, **{**options, "verify": False})


class _Session(requests.Session):
    def __init__(self, network: Network, logins: Logins) -> None:
        super().__init__()
        self._timeout = network.timeout
        self._proxy = network.proxy
        self.auth: Credentials = Credentials(logins, keyring=network.keyring)
        self.max_redirects = 20

    def request(self, method: Any, url: Any, *arguments: Any, **options: Any) -> requests.Response:
        options.setdefault("timeout", self._timeout)
        return super().request(method, url, *arguments, **options)

    def merge_environment_settings(
        self, url: Any, proxies: Any, stream: Any, verify: Any, cert: Any
    ) -> Any:
        """What ``--cert`` and ``--proxy`` said goes before the environment, as in pip."""
        if self._proxy is not None and not proxies:
            proxies = {"http": self._proxy, "https": self._proxy}
        if verify is None:
            verify = self.verify
        return super().merge_environment_settings(url, proxies, stream, verify, cert)


def make_session(
    network: Network, *, user_agent: str, logins: Logins | None = None
) -> requests.Session:
    """A session for many threads that speaks as pip does.

    Certificates: ``network.certificate``, else REQUESTS_CA_BUNDLE, else CURL_CA_BUNDLE, else the
    system's trust store (which itself honours SSL_CERT_FILE and SSL_CERT_DIR). Proxies:
    ``network.proxy``, else the environment's. Credentials: see `Credentials`.

    Args:
        user_agent: Sent with each request.
        logins: Those of the run's URLs; the session adds what keyring says.

    Raises:
        UsageError: A certificate file that was named does not exist or is none.
    """
    session = _Session(network, logins or Logins())
    session.headers.update({"User-Agent": user_agent, "Accept-Encoding": "gzip, deflate"})
    bundle = _bundle(network)
    session.verify = True if bundle is None else str(bundle)
    if network.client_certificate is not None:
        session.cert = str(_existing(network.client_certificate, "--client-cert"))
    retry = _Retry(
        total=network.retries,
        status_forcelist=_RETRIED,
        backoff_factor=0.25,
        raise_on_status=False,  # the last answer tells more than "too many 503 responses"
    )
    pool: dict[str, Any] = {
        "max_retries": retry,
        "pool_connections": _HOSTS,
        "pool_maxsize": _THREADS,
    }
    adapter = _Adapter(
        context=_system_context() if bundle is None else None,
        **pool,
    )
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    if network.trusted_hosts:
        _mount_trusted(session, network.trusted_hosts, pool)
    return session


def _mount_trusted(
    session: requests.Session, hosts: tuple[str, ...], pool: Mapping[str, Any]
) -> None:
    # The user has said so; a warning for each request says nothing new.
    urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
    adapter = _UnverifiedAdapter(**pool)
    for host in hosts:
        session.mount(f"https://{host}/", adapter)
        if ":" not in host.rpartition("]")[2]:  # no port: any port
            session.mount(f"https://{host}:", adapter)


def _bundle(network: Network) -> Path | None:
    if network.certificate is not None:
        return _existing(network.certificate, "--cert")
    for name in _BUNDLES:
        if os.environ.get(name):
            return _existing(Path(os.environ[name]), name)
    return None


def _existing(path: Path, said_by: str) -> Path:
    if not path.exists():
        raise UsageError(
            f"{said_by} names {path}, which does not exist",
            hint=f"correct or unset {said_by}; without it the system's certificates are used",
        )
    return path


@functools.cache
def _system_context() -> ssl.SSLContext:
    """One for all sessions: loading certificates takes tens of milliseconds.

    As in pip certifi's are beside the system's: a minimal container may have none of its own.
    """
    context = truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(DEFAULT_CA_BUNDLE_PATH)
    return context
