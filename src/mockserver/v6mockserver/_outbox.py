"""
What a server mailed, for tests to read.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import overload

from v6mockserver._errors import MockUsageError
from v6mockserver.state.mails import Mail


class Outbox(Sequence[Mail]):
    """
    The mails that a server sent, oldest first: a sequence that grows as the server sends.

    Parameters
    ----------
    mails : callable
        Returns the mails of the server as it is now.
    """

    def __init__(self, mails: Callable[[], Sequence[Mail]]) -> None:
        self._mails = mails

    def __len__(self) -> int:
        return len(self._mails())

    @overload
    def __getitem__(self, index: int) -> Mail: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Mail]: ...
    def __getitem__(self, index: int | slice) -> Mail | Sequence[Mail]:
        return self._mails()[index]

    def __repr__(self) -> str:
        return f"<Outbox: {len(self)} mails>"

    def last(self, *, to: str | None = None) -> Mail:
        """
        Return the newest mail.

        Parameters
        ----------
        to : str, optional
            The address that it went to; by default any.

        Returns
        -------
        Mail
            The mail, with its `token` if it has one.

        Raises
        ------
        MockUsageError
            If there is none.
        """
        for mail in reversed(self._mails()):
            if to in {None, mail.to}:
                return mail
        addresses = ", ".join(sorted({mail.to for mail in self})) or "nobody"
        raise MockUsageError(f"there is no mail to {to or 'anybody'}; the server mailed {addresses}")
