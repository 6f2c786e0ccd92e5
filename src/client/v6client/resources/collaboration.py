"""
Collaborations: organizations that run algorithms on each other's data.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from v6client import _models as models
from v6client._paging import PAGE_SIZE, walk
from v6client.exceptions import UsageError
from v6client.resources._base import SubClient

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


class Collaboration(SubClient[models.Collaboration]):
    """
    Calls about collaborations.
    """

    noun = "collaboration"

    def list(
        self,
        scope: str = "organization",
        name: str | None = None,
        encrypted: bool | None = None,
        organization: int | None = None,
        page: int | None = 1,
        per_page: int | None = 20,
    ) -> models.Page[models.Collaboration]:
        """
        View one page of the collaborations.

        Parameters
        ----------
        scope
            `organization` for those of your own organization, `global` for all that you may see.
        name
            `%` stands for any text.
        encrypted
            Only those that are encrypted, or only those that are not.
        organization
            With scope `global`: only those of this organization.
        page, per_page
            Which page, of how many collaborations.
        """
        return self._list(
            page,
            per_page,
            name=name,
            # Server quirk: on SQLite it compares with 1 and 0 and knows no words for them.
            encrypted=None if encrypted is None else int(encrypted),
            organization_id=self._member(scope, organization),
        )

    def iter(
        self,
        *,
        scope: str = "organization",
        name: str | None = None,
        encrypted: bool | None = None,
        organization: int | None = None,
    ) -> Iterator[models.Collaboration]:
        """
        Walk all collaborations, with the filters of `list`.
        """
        return walk(partial(self.list, scope, name, encrypted, organization, per_page=PAGE_SIZE))

    def get(self, id_: int) -> models.Collaboration:
        """
        View one collaboration.
        """
        return self._get(id_)

    def create(self, name: str, organizations: Sequence[int], encrypted: bool = False) -> models.Collaboration:
        """
        Create a collaboration.

        Parameters
        ----------
        name
            What to call it.
        organizations
            The ids of its members.
        encrypted
            Whether inputs and results are encrypted end to end. Every node has to be set up the same way.
        """
        return self._create(name=name, organization_ids=organizations, encrypted=encrypted)

    def _member(self, scope: str, organization: int | None) -> int | None:
        """
        The organization to filter by.
        """
        if scope == "global":
            return organization
        if scope != "organization":
            raise UsageError(f"scope is 'organization' or 'global', not {scope!r}")
        own = self._me.organization_id
        if organization not in {None, own}:
            raise UsageError(f"to filter by organization {organization}, which is not yours, give scope='global'")
        return own
