"""
Nodes: where an organization's data is, and where algorithms run on it.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, cast, overload

from v6client import _models as models
from v6client._paging import walk
from v6client._tables import tabled
from v6client.resources._base import SubClient, may_omit, switched, whole
from v6client.resources._selecting import choosing_fields, choosing_rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

STATUSES = {1: "online", 0: "offline", None: None}


class Node(SubClient[models.Node]):
    """
    Calls about nodes.
    """

    noun = "node"

    @choosing_rows
    def list(
        self,
        name: str | None = None,
        organization: int | None = None,
        collaboration: int | None = None,
        is_online: bool | None = None,
        ip: str | None = None,
        last_seen_from: str | None = None,
        last_seen_till: str | None = None,
        page: int | None = 1,
        per_page: int | None = 20,
        *,
        study: int | None = None,
    ) -> models.Page[models.Node]:
        """
        View one page of the nodes.

        Parameters
        ----------
        name
            `%` stands for any text.
        organization, collaboration
            Only nodes of this organization, or in this collaboration; without a study, by default in the default one.
        is_online
            Only those that are online, or only those that are offline. For a server of 4.0, one that has never been
            online is neither.
        ip
            The address within the collaboration's VPN.
        last_seen_from, last_seen_till
            When they were last seen, such as `2026-01-31`.
        page, per_page
            Which page, of how many nodes.
        study
            Only nodes of this study's organizations, in its collaboration. Needs a server of 4.3 or later.
        """
        self._require("list", study=study)
        return self._list(
            page,
            per_page,
            name=name,
            organization_id=organization,
            collaboration_id=self._within(collaboration, study),
            study_id=study,
            status=STATUSES[switched(is_online, "is_online")],
            ip=ip,
            last_seen_from=last_seen_from,
            last_seen_till=last_seen_till,
        )

    table = tabled(list)

    def iter(
        self,
        *,
        name: str | None = None,
        organization: int | None = None,
        collaboration: int | None = None,
        is_online: bool | None = None,
        ip: str | None = None,
        last_seen_from: str | None = None,
        last_seen_till: str | None = None,
        study: int | None = None,
    ) -> Iterator[models.Node]:
        """
        Walk all nodes, with the filters of `list`.
        """
        page = partial(self.list, name, organization, collaboration, is_online, ip)
        return walk(partial(page, last_seen_from, last_seen_till, study=study))

    @choosing_fields
    def get(self, id_: int) -> models.Node:
        """
        View one node.
        """
        return self._get(id_)

    @overload
    def create(
        self, collaboration: int | None, organization: int | None = None, name: str | None = None
    ) -> models.Node: ...

    @overload
    def create(self, *, organization: int | None = None, name: str | None = None) -> models.Node: ...

    @overload
    def create(self, *args: Any, field: str, **kwargs: Any) -> dict[str, Any]: ...

    @overload
    def create(self, *args: Any, fields: Iterable[str], **kwargs: Any) -> dict[str, Any]: ...

    @may_omit("collaboration")
    @choosing_fields
    def create(
        self, collaboration: int | None, organization: int | None = None, name: str | None = None
    ) -> models.Node:
        """
        Register a node.

        Parameters
        ----------
        collaboration
            The collaboration it works for; the default one if it is not given, nor anything else by position.
        organization
            Whose data it gives access to; your own organization's if not given.
        name
            What to call it; without one the server makes one up.

        Returns
        -------
        dict
            The node, and this one time its `api_key`, with which it logs in.
        """
        owner = self._me.organization_id if organization is None else organization
        return self._create(collaboration_id=self._collaboration(collaboration), organization_id=owner, name=name)

    @choosing_fields
    def update(
        self,
        id_: int,
        name: str | None = None,
        organization: int | None = None,
        collaboration: int | None = None,
        *,
        clear_ip: bool | None = None,
    ) -> models.Node:
        """
        Change what is given of a node.

        Parameters
        ----------
        id_
            The node.
        name
            What to call it.
        organization, collaboration
            Move it. Servers from 4.3 on refuse to.
        clear_ip
            Whether it forgets the address that the node had within the collaboration's VPN.
        """
        return self._update(
            id_, name=name, organization_id=organization, collaboration_id=collaboration, clear_ip=clear_ip
        )

    def delete(self, id_: int) -> models.Message:
        """
        Delete a node; its login ends at once.
        """
        return self._delete(id_)

    def kill_tasks(self, id_: int) -> models.Message:
        """
        Stop everything that runs on a node.
        """
        return cast("models.Message", self._request("POST", "kill/node/tasks", json={"id": whole(id_, "node")}))
