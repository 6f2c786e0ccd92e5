"""
The world's clock: real time by default, under the test's control when wanted.

This is the one module of the package that reads the wall clock.
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from threading import Lock
from typing import Any


class Clock:
    """
    Tells the time of one world, in UTC.
    """

    __slots__ = ("_frozen_at", "_lock", "_offset")

    def __init__(self) -> None:
        # Only for what moves the clock: reading takes one look at each attribute.
        self._lock = Lock()
        self._offset = timedelta()
        self._frozen_at: datetime | None = None

    def now(self) -> datetime:
        """
        Return the world's time, aware, in UTC.
        """
        return self._frozen_at or datetime.now(timezone.utc) + self._offset

    @property
    def is_frozen(self) -> bool:
        """
        Whether it stands still.
        """
        return self._frozen_at is not None

    def text(self) -> str:
        """
        Return the world's time as the server writes it: ISO, UTC, without an offset.
        """
        return self.now().replace(tzinfo=None).isoformat()

    def epoch(self) -> int:
        """
        Return the world's time in whole seconds since 1970, as tokens carry it.
        """
        return int(self.now().timestamp())

    def freeze(self, at: datetime | None = None) -> None:
        """
        Stop the clock, now or at a given aware time.

        Parameters
        ----------
        at : datetime, optional
            Where the clock stands still; by default where it is.

        Raises
        ------
        ValueError
            If `at` is no time, or has no time zone.
        """
        if at is not None and not isinstance(at, datetime):
            msg = f"{at!r} is no datetime; give one such as datetime.datetime.now(datetime.timezone.utc)"
            raise ValueError(msg)
        if at is not None and at.tzinfo is None:
            msg = f"{at!r} has no time zone; give it one, such as tzinfo=datetime.timezone.utc"
            raise ValueError(msg)
        with self._lock:
            self._frozen_at = (at or self.now()).astimezone(timezone.utc)

    def unfreeze(self) -> None:
        """
        Let a frozen clock run on from where it stands.
        """
        with self._lock:
            if self._frozen_at is not None:
                self._offset = self._frozen_at - datetime.now(timezone.utc)
                self._frozen_at = None

    def advance(self, delta: timedelta | float) -> None:
        """
        Move the clock forward.

        Parameters
        ----------
        delta : timedelta or float
            How far; a number counts seconds.

        Raises
        ------
        ValueError
            If `delta` is no time, or negative: a server's time does not run backwards; or leads beyond the calendar.
        """
        with self._lock:
            try:
                step = delta if isinstance(delta, timedelta) else timedelta(seconds=delta)
                arrival = self.now() + step
            except (TypeError, ValueError, OverflowError) as error:
                msg = f"the clock cannot move by {delta!r}; give seconds or a timedelta that the calendar has room for"
                raise ValueError(msg) from error
            if step < timedelta():
                msg = f"the clock cannot go back by {-step}; freeze(at=...) sets any time"
                raise ValueError(msg)
            if self._frozen_at is not None:
                self._frozen_at = arrival
            else:
                self._offset += step

    def take(self, other: Clock) -> None:
        """
        Show the same time as another clock, and be moved on its own.
        """
        with other._lock:
            offset, frozen_at = other._offset, other._frozen_at
        with self._lock:
            self._offset, self._frozen_at = offset, frozen_at

    def dump(self) -> dict[str, Any]:
        """
        Return the clock as plain data: how far it is ahead of real time, and where it stands still.
        """
        frozen_at = self._frozen_at and self._frozen_at.replace(tzinfo=None).isoformat()
        return {"offset": self._offset.total_seconds(), "frozen_at": frozen_at}

    @classmethod
    def load(cls, *, offset: float, frozen_at: str | None) -> Clock:
        """
        Return the clock that was dumped.

        Parameters
        ----------
        offset : float
            The seconds that it is ahead of real time.
        frozen_at : str or None
            Where it stands still, in UTC.
        """
        clock = cls()
        clock._offset = timedelta(seconds=offset)
        if frozen_at is not None:
            clock.freeze(datetime.fromisoformat(frozen_at).replace(tzinfo=timezone.utc))
        return clock

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Clock) and self.dump() == other.dump()

    __hash__ = None  # type: ignore[assignment]  # a clock is moved
