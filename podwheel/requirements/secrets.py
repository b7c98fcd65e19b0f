"""Variables of podwheel.toml that look like secrets: what a build is given is no secret any more.

The package's code can read them and write them into its wheel. podwheel at least does not publish them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from podwheel import log
from podwheel.requirements.problems import mask

if TYPE_CHECKING:
    from collections.abc import Iterable

    from podwheel.settings import Settings

WITHHELD: Final = "(withheld: it looks like a secret)"
"""What the record has instead of a value."""

_NAME: Final = re.compile(
    r"(?:^|_)(?:TOKEN|SECRETS?|PASSW(?:OR)?D|PASSPHRASE|CREDENTIALS?|(?:API|ACCESS|PRIVATE)_?KEY)(?:_|$)",
    re.IGNORECASE,
)


def looks_secret(name: str, value: str) -> bool:
    """Whether a variable is named like a secret, or is a URL with a login in it."""
    return _NAME.search(name) is not None or mask(value) != value


def published(variables: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """A build's variables as a record may hold them."""
    return tuple((n, WITHHELD if looks_secret(n, v) else v) for n, v in variables)


def tell_secrets(settings: Settings) -> None:
    """Say which variables a build's code will be able to read, though they look like secrets."""
    tables = [("[environment]", settings.environment)]
    tables += [
        (f"[package.{name}.environment]", own.environment) for name, own in settings.packages
    ]
    for where, variables in tables:
        if names := [n for n, v in variables if looks_secret(n, v)]:
            log.get().warning("settings.secret", where=where, names=names)
