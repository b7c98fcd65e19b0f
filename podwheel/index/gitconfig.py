"""git's environment: the user's credentials and proxies, none of the doors that podwheel keeps shut."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit, urlunsplit

from podwheel import process
from podwheel.index.urls import split_login

if TYPE_CHECKING:
    from podwheel.index.urls import Login
    from podwheel.model import Network

_KEPT = (
    "GIT_ASKPASS", "GIT_CONFIG_GLOBAL", "GIT_CONFIG_NOSYSTEM", "GIT_CONFIG_SYSTEM", "GIT_PROXY_COMMAND",
    "GIT_SSH", "GIT_SSH_COMMAND", "GIT_SSL_CAINFO", "GIT_SSL_CAPATH", "GIT_SSL_NO_VERIFY",
    "SSH_AUTH_SOCK", "SSL_CERT_DIR", "SSL_CERT_FILE",
    "ALL_PROXY", "HTTPS_PROXY", "NO_PROXY", "all_proxy", "http_proxy", "https_proxy", "no_proxy",
)  # fmt: skip

_TRANSPORTS = "https:http:ssh:git"

_SETTINGS = (
    ("core.hooksPath", os.devnull),
    ("core.fsmonitor", "false"),
    ("gc.auto", "0"),  # a commit that was fetched once stays, whatever its branch does
    ("fetch.unpackLimit", "1"),  # a pack appears whole or not at all; loose objects one by one
    ("maintenance.auto", "false"),
    ("fetch.recurseSubmodules", "false"),
    ("transfer.bundleURI", "false"),
    ("fetch.fsckObjects", "true"),
    # Faults of old tools in the history of well-known repositories; none of them can do harm.
    ("fetch.fsck.badTimezone", "ignore"),
    ("fetch.fsck.missingEmail", "ignore"),
    ("fetch.fsck.missingNameBeforeEmail", "ignore"),
    ("fetch.fsck.missingSpaceBeforeDate", "ignore"),
    ("fetch.fsck.missingSpaceBeforeEmail", "ignore"),
    ("fetch.fsck.multipleAuthors", "ignore"),
    ("fetch.fsck.zeroPaddedDate", "ignore"),
    ("fetch.fsck.zeroPaddedFilemode", "ignore"),
)


def git_environment(
    url: str, *, network: Network | None, local: bool, online: bool
) -> tuple[str, dict[str, str]]:
    """How git is run for *url*.

    Args:
        local: ``file:`` is allowed, because the user wrote the URL.
        online: The command talks to the server; else no transport at all is open to it.

    Returns:
        The URL for the command line, without credentials (any user of the host can read those
        of another's processes), and the environment, which holds them.
    """
    bare, login = split_login(url)
    settings = list(_SETTINGS)
    if login is not None and url.startswith("ssh:") and login[1] is None:
        bare = url  # ssh://git@…: a user name, no secret. (https://TOKEN@… is one.)
    elif login is not None and online:
        settings.append(_instead_of(bare, login))
    variables = process.host_environment(**_inherited())
    transports = "" if not online else "file" if local else _TRANSPORTS
    variables |= {
        # This list wins over all protocol.* configuration. (An empty one would not.)
        "GIT_ALLOW_PROTOCOL": transports or "none",
        "GIT_TERMINAL_PROMPT": "0",
        "SSH_ASKPASS_REQUIRE": "never",
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_NO_REPLACE_OBJECTS": "1",
        "GIT_OPTIONAL_LOCKS": "0",
        "LC_ALL": "C.UTF-8",
        **_of_network(network),
    }
    return bare, _with_settings(variables, settings)


def _inherited() -> dict[str, str]:
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    count = os.environ.get("GIT_CONFIG_COUNT", "")
    if count.isdecimal():  # settings that a CI system hands down, credentials mostly
        for number in range(int(count)):
            for kind in ("KEY", "VALUE"):
                name = f"GIT_CONFIG_{kind}_{number}"
                kept[name] = os.environ.get(name, "")
        kept["GIT_CONFIG_COUNT"] = count
    return kept


def _with_settings(variables: dict[str, str], settings: list[tuple[str, str]]) -> dict[str, str]:
    """Settings by the environment, after the user's: the last one counts."""
    first = int(variables.get("GIT_CONFIG_COUNT", "0"))
    for number, (key, value) in enumerate(settings, start=first):
        variables[f"GIT_CONFIG_KEY_{number}"] = key
        variables[f"GIT_CONFIG_VALUE_{number}"] = value
    variables["GIT_CONFIG_COUNT"] = str(first + len(settings))
    return variables


def _instead_of(bare: str, login: Login) -> tuple[str, str]:
    """Have git itself put the login into URLs of that host."""
    parts = urlsplit(bare)._replace(path="/", query="", fragment="")
    userinfo = ":".join(quote(part, safe="") for part in login if part is not None)
    with_login = parts._replace(netloc=f"{userinfo}@{parts.netloc}")
    return f"url.{urlunsplit(with_login)}.insteadOf", urlunsplit(parts)


def _of_network(network: Network | None) -> dict[str, str]:
    """podwheel's own options, in git's words; where they say nothing, what requests would use."""
    found: dict[str, str] = {}
    for name in ("CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE"):
        if os.environ.get(name) and "GIT_SSL_CAINFO" not in os.environ:
            found["GIT_SSL_CAINFO"] = os.environ[name]
    if network is None:
        return found
    if network.proxy is not None:
        found |= dict.fromkeys(("http_proxy", "https_proxy", "all_proxy"), network.proxy)
    if network.certificate is not None:
        found["GIT_SSL_CAINFO"] = str(network.certificate)
    if network.client_certificate is not None:
        found["GIT_SSL_CERT"] = str(network.client_certificate)
    return found
