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
    to : str, optional
        The address whose mails these are; by default everybody's.
    """

    def __init__(self, mails: Callable[[], Sequence[Mail]], *, to: str | None = None) -> None:
        self._all = mails
        self._to = to

    def _mails(self) -> Sequence[Mail]:
        return [mail for mail in self._all() if self._to in {None, mail.to}]

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

    def where(self, *, to: str) -> Outbox:
        """
        Return the mails to one address; like all of them, they grow as the server mails.

        Parameters
        ----------
        to : str
            The address.
        """
        return Outbox(self._all, to=to)

    @property
    def last(self) -> Mail:
        """
        The newest mail, with its `token` if it has one.

        Raises
        ------
        MockUsageError
            If there is none.
        """
        mails = self._mails()
        if not mails:
            addresses = ", ".join(sorted({mail.to for mail in self._all()})) or "nobody"
            raise MockUsageError(f"there is no mail to {self._to or 'anybody'}; the server mailed {addresses}")
        return mails[-1]
