"""Variables that look like secrets: told, and not published."""

from __future__ import annotations

import pytest

from podwheel.requirements.secrets import WITHHELD, looks_secret, published


@pytest.mark.parametrize(
    ("name", "value", "secret"),
    [
        ("GITHUB_TOKEN", "x", True),
        ("token", "x", True),
        ("DB_PASSWORD", "x", True),
        ("AWS_SECRET_ACCESS_KEY", "x", True),
        ("MY_APIKEY_2", "x", True),
        ("INDEX", "https://user:word@index.example.org/simple/", True),
        ("INDEX", "https://index.example.org/simple/", False),
        ("TOKENIZERS_PARALLELISM", "false", False),
        ("CFLAGS", "-O2 -DKEY=1", False),
        ("KEYBOARD", "x", False),
    ],
)
def test_what_looks_like_a_secret(name: str, value: str, secret: bool) -> None:
    assert looks_secret(name, value) is secret
    assert published([(name, value)]) == ((name, WITHHELD if secret else value),)
