"""
Which requests are meant: by method, path, caller and status.

A path is written as the routes are, below the API path: `*` stands for one segment and `**` for any number of them, so
that `/task/*` is every single task, and `/task/**` everything below tasks. A compiled regular expression does as well.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from v6mockserver._errors import MockUsageError
from v6mockserver.api._links import API_PATH

if TYPE_CHECKING:
    from collections.abc import Container

    from v6mockserver.state.tokens import Owner

WILDCARDS = {"**": ".*", "*": "[^/]+"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Criteria:
    """
    What a request must be like; what is None does not matter.

    Attributes
    ----------
    method : str or None
        The HTTP method, in any case.
    path : str or compiled regular expression or None
        The path, below the API path or from the root.
    caller : str or None
        Who sends it: a name such as "root", or kind and name such as "node Cleveland".
    status : int or container of int or None
        The status of the answer, or the ones it may have, such as `range(400, 500)`.

    Raises
    ------
    MockUsageError
        If the path or the status can never match.
    """

    method: str | None = None
    path: str | re.Pattern[str] | None = None
    caller: str | None = None
    status: int | Container[int] | None = None

    def __post_init__(self) -> None:
        if isinstance(self.path, str) and not self.path.startswith(("/", "*")):
            raise MockUsageError(f"no path matches {self.path!r}; write it as in the routes, such as '/task/*'")
        if isinstance(self.status, str):
            raise MockUsageError(f"no status is {self.status!r}; it is a number, or several such as range(400, 500)")

    def __str__(self) -> str:
        path = self.path.pattern if isinstance(self.path, re.Pattern) else self.path
        words = [self.method.upper() if self.method else "any method", path or "any path"]
        words += [f"by {self.caller}"] if self.caller else []
        words += [f"answered {self.status}"] if self.status is not None else []
        return " ".join(words)

    def admits(self, method: str, path: str, caller: Owner | None) -> bool:
        """
        Tell whether a request is meant.
        """
        if self.method is not None and self.method.upper() != method:
            return False
        if self.caller is not None and (caller is None or self.caller not in {caller.name, str(caller)}):
            return False
        return self.path is None or _fits(self.path, path)

    def admits_status(self, status: int | None) -> bool:
        """
        Tell whether an answer with this status is meant.
        """
        if self.status is None or isinstance(self.status, int):
            return self.status is None or self.status == status
        return status is not None and status in self.status


def _fits(wanted: str | re.Pattern[str], path: str) -> bool:
    pattern = _pattern(wanted) if isinstance(wanted, str) else wanted
    return any(pattern.fullmatch(one) for one in (path, path.removeprefix(API_PATH)))


@cache
def _pattern(path: str) -> re.Pattern[str]:
    parts = re.split(r"(\*\*|\*)", path)
    return re.compile("".join(WILDCARDS.get(part) or re.escape(part) for part in parts))
