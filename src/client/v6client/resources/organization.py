"""
Organizations: whoever takes part with data, with users, or both.
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


class Organization(SubClient[models.Organization]):
    """
    Calls about organizations.
    """

    noun = "organization"

    @choosing_rows
    def list(
        self,
        name: str | None = None,
        country: str | None = None,
        collaboration: int | None = None,
        page: int | None = None,
        per_page: int | None = None,
        *,
        study: int | None = None,
    ) -> models.Page[models.Organization]:
        """
        View one page of the organizations.

        Parameters
        ----------
        name
            `%` stands for any text.
        country
            The exact country.
        collaboration
            Only members of this collaboration; without a study, by default of the default one.
        page, per_page
            Which page, of how many organizations; without them the server decides (the first ten).
        study
            Only members of this study. Needs a server of 4.3 or later.
        """
        self._require("list", study=study)
        where = self._within(collaboration, study)
        return self._list(page, per_page, name=name, country=country, collaboration_id=where, study_id=study)

    table = tabled(list)

    def iter(
        self,
        *,
        name: str | None = None,
        country: str | None = None,
        collaboration: int | None = None,
        study: int | None = None,
    ) -> Iterator[models.Organization]:
        """
        Walk all organizations, with the filters of `list`.
        """
        return walk(partial(self.list, name, country, collaboration, study=study))

    @choosing_fields
    def get(self, id_: int | None = None) -> models.Organization:
        """
        View one organization, your own if no id is given.
        """
        return self._get(self._own(id_))

    @choosing_fields
    def create(
        self,
        name: str,
        address1: str,
        address2: str,
        zipcode: str,
        country: str,
        domain: str,
        public_key: str | None = None,
    ) -> models.Organization:
        """
        Create an organization.

        Parameters
        ----------
        name, address1, address2, zipcode, country, domain
            What it is and where.
        public_key
            The base64 of its public key's PEM text; `setup_encryption` sets it later.
        """
        return self._create(
            name=name,
            address1=address1,
            address2=address2,
            zipcode=zipcode,
            country=country,
            domain=domain,
            public_key=public_key,
        )

    @choosing_fields
    def update(
        self,
        id_: int | None = None,
        name: str | None = None,
        address1: str | None = None,
        address2: str | None = None,
        zipcode: str | None = None,
        country: str | None = None,
        domain: str | None = None,
        public_key: str | None = None,
    ) -> models.Organization:
        """
        Change what is given of an organization.

        Parameters
        ----------
        id_
            The organization; your own if not given.
        name, address1, address2, zipcode, country, domain
            What it is and where.
        public_key
            The base64 of its public key's PEM text. What was encrypted for the former key stays so.
        """
        return self._update(
            self._own(id_),
            name=name,
            address1=address1,
            address2=address2,
            zipcode=zipcode,
            country=country,
            domain=domain,
            public_key=public_key,
        )

    def delete(self, id_: int, delete_dependents: bool = False) -> models.Message:
        """
        Delete an organization other than your own. Needs a server of 4.7 or later.

        Parameters
        ----------
        id_
            The organization.
        delete_dependents
            Whether its users, roles, nodes, runs and the tasks that it created go with it. If not, an organization
            that has some stays.
        """
        return self._delete(id_, delete_dependents=delete_dependents)

    def _own(self, id_: int | None) -> int:
        return self._me.organization_id if id_ is None else id_
