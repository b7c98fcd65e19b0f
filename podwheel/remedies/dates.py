"""As of when build requirements are taken for an old sdist."""

from __future__ import annotations

import datetime as dt
from typing import Final

_RELEASED: Final = {
    (3, 6): dt.date(2016, 12, 23),
    (3, 7): dt.date(2018, 6, 27),
    (3, 8): dt.date(2019, 10, 14),
    (3, 9): dt.date(2020, 10, 5),
    (3, 10): dt.date(2021, 10, 4),
    (3, 11): dt.date(2022, 10, 24),
    (3, 12): dt.date(2023, 10, 2),
    (3, 13): dt.date(2024, 10, 7),
    (3, 14): dt.date(2025, 10, 7),
}
"""The first final release of each Python, as its release schedule (PEP 494 to PEP 745) has it."""

_SETTLED: Final = dt.timedelta(days=60)
"""What the tools of packaging take to work on a new Python."""

_HOOKS: Final = dt.datetime(2019, 3, 1, tzinfo=dt.UTC)
"""Older tools cannot be spoken to: setuptools has PEP 517's hooks since 40.8, of February 2019."""


def as_of(uploaded: dt.datetime, python: tuple[int, int]) -> dt.datetime:
    """The moment whose newest build requirements an sdist is built with.

    Tools that are older than the target's Python mostly cannot run on it (setuptools before 66.1
    does not start on Python 3.12), so this is never before that Python was out and settled; nor
    before there were tools that PEP 517 can speak to.

    Args:
        uploaded: When the sdist was uploaded; aware.
        python: The target's Python. One that is not known here was released after all that are.
    """
    series = min(python, max(_RELEASED))
    released = _RELEASED.get(series)
    if released is None:
        return max(uploaded, _HOOKS)
    settled = dt.datetime.combine(released, dt.time(), dt.UTC) + _SETTLED
    return max(uploaded, settled, _HOOKS)
