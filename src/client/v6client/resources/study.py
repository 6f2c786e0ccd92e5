"""
Studies: parts of a collaboration, with some of its organizations. Servers have them since 4.3.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from v6client import _models as models
from v6client._paging import walk
from v6client._tables import tabled
from v6client.resources._base import SubClient, included
from v6client.resources._selecting import choosing_fields, choosing_rows

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


class Study(SubClient[models.Study]):
    """
    Calls about studies.
    """

    noun = "study"

    @choosing_rows
    def list(
        self,
        name: str | None = None,
        organization: int | None = None,
        collaboration: int | None = None,
        include_organizations: bool = False,
        page: int | None = 1,
        per_page: int | None = 20,
    ) -> models.Page[models.Study]:
        """
        View one page of the studies.

        Parameters
        ----------
        name
            `%` stands for any text.
        organization, collaboration
            Only studies with this organization, or of this collaboration; also the default one is not assumed.
        include_organizations
            Whether `organizations` is a list instead of a link.
        page, per_page
            Which page, of how many studies.
        """
        return self._list(
            page,
            per_page,
            name=name,
            organization_id=organization,
            collaboration_id=collaboration,
            include=included(include_organizations, "organizations"),
        )

    table = tabled(list)

    def iter(
        self,
        *,
        name: str | None = None,
        organization: int | None = None,
        collaboration: int | None = None,
        include_organizations: bool = False,
    ) -> Iterator[models.Study]:
        """
        Walk all studies, with the filters of `list`.
        """
        page = partial(self.list, name, organization, collaboration, include_organizations)
        return walk(page)

    @choosing_fields
    def get(self, id_: int) -> models.Study:
        """
        View one study.
        """
        return self._get(id_)

    @choosing_fields
    def create(self, name: str, organizations: Sequence[int], collaboration: int | None = None) -> models.Study:
        """
        Create a study.

        Parameters
        ----------
        name
            What to call it.
        organizations
            The ids of its members, which are members of the collaboration.
        collaboration
            The collaboration that it is a part of; the default one if not given.
        """
        where = self._collaboration(collaboration)
        return self._create(name=name, organization_ids=organizations, collaboration_id=where)

    @choosing_fields
    def update(self, id_: int, name: str | None = None, organizations: Sequence[int] | None = None) -> models.Study:
        """
        Change what is given of a study.

        Parameters
        ----------
        id_
            The study.
        name
            What to call it.
        organizations
            Replaces all its members.
        """
        return self._update(id_, name=name, organization_ids=organizations)

    def delete(self, id_: int, *, delete_dependents: bool = False) -> models.Message:
        """
        Delete a study.

        Parameters
        ----------
        id_
            The study.
        delete_dependents
            Whether its tasks go with it. If not, a study that has some stays.
        """
        return self._delete(id_, delete_dependents=delete_dependents)

    def add_organization(self, organization: int, study: int) -> models.Organizations:
        """
        Add a member to a study.

        Parameters
        ----------
        organization
            The new member, which is a member of the collaboration.
        study
            The study.

        Returns
        -------
        list
            All its members.
        """
        return self._members("POST", study, organization)

    def remove_organization(self, organization: int, study: int) -> models.Organizations:
        """
        Remove a member from a study.

        Parameters
        ----------
        organization
            The member.
        study
            The study.

        Returns
        -------
        list
            The members that are left.
        """
        return self._members("DELETE", study, organization)
