"""A value that is made once, by whichever thread needs it first."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Generic, TypeVar

from podwheel.errors import PodwheelError

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


class Once(Generic[T]):
    """Runs *make* once; an error of ours is its result too.

    Unlike a future it is made by the first who asks: who needs a value now does not wait behind
    what others merely look ahead for.
    """

    def __init__(self, make: Callable[[], T]) -> None:
        self._make = make
        self._lock = threading.Lock()
        self._value: list[T] = []
        self._error: PodwheelError | None = None

    @property
    def made(self) -> bool:
        """Whether there is a value already."""
        return bool(self._value)

    def get(self) -> T:
        """The value. Raises what *make* raised."""
        with self._lock:
            if self._error is not None:
                raise self._error
            if not self._value:
                try:
                    self._value.append(self._make())
                except PodwheelError as error:
                    self._error = error
                    raise
            return self._value[0]
