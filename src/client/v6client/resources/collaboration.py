"""
Collaborations: organizations that run algorithms on each other's data.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from v6client import _models as models
from v6client._paging import walk
from v6client._tables import tabled
from v6client.exceptions import UsageError
from v6client.resources._base import SubClient, switched, whole
from v6client.resources._selecting import choosing_fields, choosing_rows

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


class Collaboration(SubClient[models.Collaboration]):
    """
    Calls about collaborations.
    """

    noun = "collaboration"

    @choosing_rows
    def list(
        self,
        scope: str = "organization",
        name: str | None = None,
        encrypted: bool | None = None,
        organization: int | None = None,
        page: int | None = 1,
        per_page: int | None = 20,
        *,
        algorithm_store: int | None = None,
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
        algorithm_store
            Only those that can use this algorithm store. Needs a server of 4.5 or later.
        """
        self._require("list", algorithm_store=algorithm_store)
        return self._list(
            page,
            per_page,
            name=name,
            # Server quirk: on SQLite it compares with 1 and 0 and knows no words for them.
            encrypted=switched(encrypted, "encrypted"),
            organization_id=self._member(scope, organization),
            algorithm_store_id=algorithm_store,
        )

    table = tabled(list)

    def iter(
        self,
        *,
        scope: str = "organization",
        name: str | None = None,
        encrypted: bool | None = None,
        organization: int | None = None,
        algorithm_store: int | None = None,
    ) -> Iterator[models.Collaboration]:
        """
        Walk all collaborations, with the filters of `list`.
        """
        page = partial(self.list, scope, name, encrypted, organization, algorithm_store=algorithm_store)
        return walk(page)

    @choosing_fields
    def get(self, id_: int) -> models.Collaboration:
        """
        View one collaboration.
        """
        return self._get(id_)

    @choosing_fields
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

    @choosing_fields
    def update(
        self,
        id_: int | None = None,
        name: str | None = None,
        encrypted: bool | None = None,
        organizations: Sequence[int] | None = None,
    ) -> models.Collaboration:
        """
        Change what is given of a collaboration.

        Parameters
        ----------
        id_
            The collaboration; the default one if not given.
        name
            What to call it.
        encrypted
            Whether inputs and results are encrypted. What is there already stays as it is.
        organizations
            Replaces all its members.
        """
        return self._update(self._collaboration(id_), name=name, encrypted=encrypted, organization_ids=organizations)

    def delete(self, id_: int | None = None, delete_dependents: bool = False) -> models.Message:
        """
        Delete a collaboration.

        Parameters
        ----------
        id_
            The collaboration; the default one if not given.
        delete_dependents
            Whether its tasks, nodes and studies go with it. If not, a collaboration that has some stays.
        """
        return self._delete(self._collaboration(id_), delete_dependents=delete_dependents)

    def add_organization(self, organization: int, collaboration: int | None = None) -> models.Organizations:
        """
        Add a member to a collaboration.

        Parameters
        ----------
        organization
            The new member.
        collaboration
            The collaboration; the default one if not given.

        Returns
        -------
        list
            All its members.
        """
        return self._members("POST", self._collaboration(collaboration), organization)

    def remove_organization(self, organization: int, collaboration: int | None = None) -> models.Organizations:
        """
        Remove a member from a collaboration; its node there and its place in studies stay.

        Parameters
        ----------
        organization
            The member.
        collaboration
            The collaboration; the default one if not given.

        Returns
        -------
        list
            The members that are left.
        """
        return self._members("DELETE", self._collaboration(collaboration), organization)

    def _member(self, scope: str, organization: int | None) -> int | None:
        """
        The organization to filter by.
        """
        if scope == "global":
            return organization
        if scope != "organization":
            raise UsageError(f"scope is 'organization' or 'global', not {scope!r}")
        own = self._me.organization_id
        if organization is not None and whole(organization, "organization") != own:
            raise UsageError(f"to filter by organization {organization}, which is not yours, give scope='global'")
        return own
