"""
Rules: what may be done to which noun, in which scope. They cannot be changed, only handed out.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from v6client import _models as models
from v6client._paging import walk
from v6client._tables import tabled
from v6client.resources._base import SubClient
from v6client.resources._selecting import choosing_fields, choosing_rows

if TYPE_CHECKING:
    from collections.abc import Iterator


class Rule(SubClient[models.Rule]):
    """
    Calls about rules.
    """

    noun = "rule"

    @choosing_fields
    def get(self, id_: int) -> models.Rule:
        """
        View one rule.
        """
        return self._get(id_)

    @choosing_rows
    def list(
        self,
        name: str | None = None,
        operation: str | None = None,
        scope: str | None = None,
        role: int | None = None,
        page: int | None = 1,
        per_page: int | None = 20,
    ) -> models.Page[models.Rule]:
        """
        View one page of the rules.

        Parameters
        ----------
        name
            The noun that the rule is about, such as `task`.
        operation
            `VIEW`, `EDIT`, `CREATE`, `DELETE`, `SEND` or `RECEIVE`.
        scope
            `OWN`, `ORGANIZATION`, `COLLABORATION` or `GLOBAL`.
        role
            Only rules of this role.
        page, per_page
            Which page, of how many rules.
        """
        return self._list(page, per_page, name=name, operation=operation, scope=scope, role_id=role)

    table = tabled(list)

    def iter(
        self,
        *,
        name: str | None = None,
        operation: str | None = None,
        scope: str | None = None,
        role: int | None = None,
    ) -> Iterator[models.Rule]:
        """
        Walk all rules, with the filters of `list`.
        """
        return walk(partial(self.list, name, operation, scope, role))
