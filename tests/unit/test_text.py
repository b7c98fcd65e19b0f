"""Hostile text, made harmless."""

import pytest

from podwheel.text import plain, without_escapes


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\tb", "a\tb"),
        ("\x1b[1;31mred\x1b[0m", "red"),
        ("bell\x07", "bell\\x07"),
        ("Ünïcode", "Ünïcode"),
    ],
)
def test_plain(text: str, shown: str) -> None:
    assert plain(text) == shown


def test_only_escapes_are_taken_away() -> None:
    assert without_escapes("\x1b]0;title\x07\x1b[1merror\x1b[0m:\ta\x08") == "error:\ta\x08"
