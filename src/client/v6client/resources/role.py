"""
Roles: named sets of rules.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from v6client import _models as models
from v6client._paging import walk
from v6client._tables import tabled
from v6client.resources._base import SubClient, switched
from v6client.resources._selecting import choosing_fields, choosing_rows

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


class Role(SubClient[models.Role]):
    """
    Calls about roles.
    """

    noun = "role"

    @choosing_rows
    def list(
        self,
        name: str | None = None,
        description: str | None = None,
        organization: int | None = None,
        rule: int | None = None,
        user: int | None = None,
        include_root: bool | None = None,
        page: int | None = 1,
        per_page: int | None = 20,
    ) -> models.Page[models.Role]:
        """
        View one page of the roles.

        Parameters
        ----------
        name, description
            `%` stands for any text.
        organization
            Only roles of this organization.
        rule
            Only roles with this rule.
        user
            Only roles of this user.
        include_root
            With `organization`: also the roles that belong to none.
        page, per_page
            Which page, of how many roles.
        """
        return self._list(
            page,
            per_page,
            name=name,
            description=description,
            organization_id=organization,
            rule_id=rule,
            user_id=user,
            # Server quirk: any text counts as true, `False` too.
            include_root=True if switched(include_root, "include_root") else None,
        )

    table = tabled(list)

    def iter(
        self,
        *,
        name: str | None = None,
        description: str | None = None,
        organization: int | None = None,
        rule: int | None = None,
        user: int | None = None,
        include_root: bool | None = None,
    ) -> Iterator[models.Role]:
        """
        Walk all roles, with the filters of `list`.
        """
        return walk(partial(self.list, name, description, organization, rule, user, include_root))

    @choosing_fields
    def get(self, id_: int) -> models.Role:
        """
        View one role.
        """
        return self._get(id_)

    @choosing_fields
    def create(self, name: str, description: str, rules: Sequence[int], organization: int | None = None) -> models.Role:
        """
        Create a role.

        Parameters
        ----------
        name, description
            What to call it.
        rules
            The ids of its rules. You can only hand out rules that you have yourself.
        organization
            Whose role it is; your own organization's if not given.
        """
        owner = self._me.organization_id if organization is None else organization
        return self._create(name=name, description=description, rules=rules, organization_id=owner)

    @choosing_fields
    def update(
        self,
        role: int,
        name: str | None = None,
        description: str | None = None,
        rules: Sequence[int] | None = None,
    ) -> models.Role:
        """
        Change what is given of a role.

        Parameters
        ----------
        role
            The role's id.
        name, description
            What to call it.
        rules
            Replaces all its rules. If one of your own roles loses some, so do you.
        """
        return self._update(role, name=name, description=description, rules=rules)

    def delete(self, role: int, *, delete_dependents: bool = False) -> models.Message:
        """
        Delete a role, also if it is one of your own.

        Parameters
        ----------
        role
            The role's id.
        delete_dependents
            Whether users who have it lose it. If not, a role that somebody has stays.
        """
        return self._delete(role, delete_dependents=delete_dependents)
