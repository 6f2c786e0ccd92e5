"""
Users.
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
    from collections.abc import Iterator, Sequence


class User(SubClient[models.User]):
    """
    Calls about users.
    """

    noun = "user"

    @choosing_rows
    def list(
        self,
        username: str | None = None,
        organization: int | None = None,
        firstname: str | None = None,
        lastname: str | None = None,
        email: str | None = None,
        role: int | None = None,
        rule: int | None = None,
        last_seen_from: str | None = None,
        last_seen_till: str | None = None,
        page: int | None = 1,
        per_page: int | None = 20,
    ) -> models.Page[models.User]:
        """
        View one page of the users.

        Parameters
        ----------
        username, firstname, lastname, email
            `%` stands for any text.
        organization
            Only users of this organization.
        role
            Only users with this role.
        rule
            Only users with this rule, given to them beside their roles.
        last_seen_from, last_seen_till
            When they were last seen, such as `2026-01-31`.
        page, per_page
            Which page, of how many users.
        """
        return self._list(
            page,
            per_page,
            username=username,
            organization_id=organization,
            firstname=firstname,
            lastname=lastname,
            email=email,
            role_id=role,
            rule_id=rule,
            last_seen_from=last_seen_from,
            last_seen_till=last_seen_till,
        )

    table = tabled(list)

    def iter(
        self,
        *,
        username: str | None = None,
        organization: int | None = None,
        firstname: str | None = None,
        lastname: str | None = None,
        email: str | None = None,
        role: int | None = None,
        rule: int | None = None,
        last_seen_from: str | None = None,
        last_seen_till: str | None = None,
    ) -> Iterator[models.User]:
        """
        Walk all users, with the filters of `list`.
        """
        page = partial(self.list, username, organization, firstname, lastname, email, role, rule)
        return walk(partial(page, last_seen_from, last_seen_till))

    @choosing_fields
    def get(self, id_: int | None = None) -> models.User:
        """
        View one user, yourself if no id is given.
        """
        return self._get(self._own(id_))

    @choosing_fields
    def create(
        self,
        username: str,
        firstname: str,
        lastname: str,
        password: str,
        email: str,
        organization: int | None = None,
        # The API reference documents these two defaults. They are lists shared by all calls, so nothing may ever be
        # added to them; here they are sent and forgotten.
        roles: Sequence[int] = [],
        rules: Sequence[int] = [],
    ) -> models.User:
        """
        Create a user.

        Parameters
        ----------
        username, password
            To log in with. The name can only be changed by the user.
        firstname, lastname, email
            Who it is.
        organization
            Where the user belongs; your own organization if not given.
        roles, rules
            The ids of roles, and of rules beside them. You can only hand out rules that you have yourself.
        """
        return self._create(
            username=username,
            firstname=firstname,
            lastname=lastname,
            password=password,
            email=email,
            organization_id=organization,
            roles=roles,
            rules=rules,
        )

    @choosing_fields
    def update(
        self,
        id_: int | None = None,
        firstname: str | None = None,
        lastname: str | None = None,
        organization: int | None = None,
        rules: Sequence[int] | None = None,
        roles: Sequence[int] | None = None,
        email: str | None = None,
    ) -> models.User:
        """
        Change what is given of a user.

        Parameters
        ----------
        id_
            The user; yourself if not given.
        firstname, lastname, email
            Who it is.
        organization
            Where the user belongs. Servers ignore it.
        rules, roles
            Replace all that the user had. Nobody can change their own.
        """
        return self._update(
            self._own(id_),
            firstname=firstname,
            lastname=lastname,
            organization_id=organization,
            rules=rules,
            roles=roles,
            email=email,
        )

    def delete(self, id_: int, *, delete_dependents: bool = False) -> models.Message:
        """
        Delete a user; their login ends at once.

        Parameters
        ----------
        id_
            The user.
        delete_dependents
            Whether the tasks that they created go with them. If not, a user who has created some stays.
        """
        return self._delete(id_, delete_dependents=delete_dependents)

    def _own(self, id_: int | None) -> int:
        return self._me.id_ if id_ is None else id_
