"""One request, with everything around it that must never be forgotten.

A `Client` is the session together with the rules: no socket when offline, no plain http where
nothing else vouches for the bytes, bounded sizes, errors in our own words.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from attrs import field, frozen

from podwheel.errors import DownloadError, OfflineMiss
from podwheel.index import problems
from podwheel.index.urls import WEB, is_secure, masked, split_login

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import requests

    from podwheel.index.logins import Logins
    from podwheel.index.once import Once

CHUNK = 1 << 18

# We ask when our own answer is stale; a proxy's cache on the way is to ask too.
ANEW = {"Cache-Control": "max-age=0"}
# Servers call a .tar.gz gzip-encoded and let clients unpack it: the hash is of the file as it lies there.
AS_IT_IS = {"Accept-Encoding": "identity"}


@frozen(kw_only=True)
class Client:
    """What the modules of this room ask servers with; shared by threads."""

    session: Once[requests.Session] = field(repr=False)
    """Made for the first request: a run that needs none does not wait for requests and TLS."""
    logins: Logins
    trusted_hosts: tuple[str, ...] = ()
    offline: bool = False

    def learn(self, url: str, *, index: bool = False) -> str:
        """*url* without its login, which is kept for that origin.

        Raises:
            IndexUnreachable: It is no URL.
        """
        try:
            return self.logins.learn(url, index=index)
        except ValueError:
            raise problems.unusable_url("the URL", url) from None

    def is_secure(self, url: str) -> bool:
        return is_secure(url, self.trusted_hosts)

    @contextlib.contextmanager
    def get(
        self,
        url: str,
        *,
        what: str,
        headers: Mapping[str, str],
        vouched: bool,
        wanted_by: Sequence[str] = (),
    ) -> Iterator[requests.Response]:
        """A streamed answer of any status; what goes wrong while it is read is explained too.

        Args:
            what: For messages: ``the index``, ``the file``.
            vouched: A hash that we already hold will be checked: plain http will do.

        Raises:
            OfflineMiss: Nothing may be asked.
            IndexUnreachable: No answer came, or it broke off.
        """
        if self.offline:
            raise OfflineMiss(
                f"{what} {masked(url)} is needed, and --offline forbids asking for it",
                wanted_by=wanted_by,
                hint="podwheel fetch … (the same arguments) brings what a later --offline needs",
            )
        if urlsplit(url).scheme not in WEB:
            raise problems.unusable_url(what, url, wanted_by=wanted_by)
        self._check_secure(url, what, vouched=vouched, wanted_by=wanted_by)
        try:
            response = self.session.get().get(url, headers=dict(headers), stream=True)
        except problems.failures(OSError, ValueError) as error:
            # OSError: a certificate file that cannot be read; ValueError: a host that is no name
            raise problems.unreachable(what, url, error, wanted_by=wanted_by) from None
        with response:
            self._check_secure(response.url, what, vouched=vouched, wanted_by=wanted_by)
            try:
                yield response
            except problems.failures() as error:
                raise problems.unreachable(what, url, error, wanted_by=wanted_by) from None

    def _check_secure(
        self, url: str, what: str, *, vouched: bool, wanted_by: Sequence[str]
    ) -> None:
        if not vouched and not self.is_secure(url):
            raise problems.insecure(what, url, wanted_by=wanted_by)


def final_url(response: requests.Response) -> str:
    """Where an answer came from, after redirects; without a login that a redirect may have held."""
    return split_login(response.url)[0]


def read_bounded(response: requests.Response, limit: int, *, what: str, url: str) -> bytes:
    """The decoded body.

    Raises:
        DownloadError: It is longer than *limit* bytes (a compressed one when unpacked).
    """
    parts: list[bytes] = []
    length = 0
    for chunk in response.iter_content(CHUNK):
        length += len(chunk)
        if length > limit:
            raise DownloadError(
                f"{what} {masked(url)} is larger than {limit >> 20} MiB; not read on"
            )
        parts.append(chunk)
    return b"".join(parts)
