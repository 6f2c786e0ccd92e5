"""
Nodes: where an organization's data is, and where algorithms run on it.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, cast

from v6client import _models as models
from v6client._paging import PAGE_SIZE, walk
from v6client.resources._base import SubClient

if TYPE_CHECKING:
    from collections.abc import Iterator

STATUSES = {True: "online", False: "offline", None: None}


class Node(SubClient[models.Node]):
    """
    Calls about nodes.
    """

    noun = "node"

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
    ) -> models.Page[models.Node]:
        """
        View one page of the nodes.

        Parameters
        ----------
        name
            `%` stands for any text.
        organization, collaboration
            Only nodes of this organization, or in this collaboration.
        is_online
            Only those that are online, or only those that are offline.
        ip
            The address within the collaboration's VPN.
        last_seen_from, last_seen_till
            When they were last seen, such as `2026-01-31`.
        page, per_page
            Which page, of how many nodes.
        """
        return self._list(
            page,
            per_page,
            name=name,
            organization_id=organization,
            collaboration_id=collaboration,
            status=STATUSES[is_online],
            ip=ip,
            last_seen_from=last_seen_from,
            last_seen_till=last_seen_till,
        )

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
    ) -> Iterator[models.Node]:
        """
        Walk all nodes, with the filters of `list`.
        """
        page = partial(self.list, name, organization, collaboration, is_online, ip)
        return walk(partial(page, last_seen_from, last_seen_till, per_page=PAGE_SIZE))

    def get(self, id_: int) -> models.Node:
        """
        View one node.
        """
        return self._get(id_)

    def create(self, collaboration: int, organization: int | None = None, name: str | None = None) -> models.Node:
        """
        Register a node.

        Parameters
        ----------
        collaboration
            The collaboration it works for.
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
        return self._create(collaboration_id=collaboration, organization_id=owner, name=name)

    def update(
        self,
        id_: int,
        name: str | None = None,
        organization: int | None = None,
        collaboration: int | None = None,
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
            Move it. Servers from 4.15 on (at the latest) refuse to.
        """
        return self._update(id_, name=name, organization_id=organization, collaboration_id=collaboration)

    def delete(self, id_: int) -> models.Message:
        """
        Delete a node; its login ends at once.
        """
        return self._delete(id_)

    def kill_tasks(self, id_: int) -> models.Message:
        """
        Stop everything that runs on a node.
        """
        return cast("models.Message", self._request("POST", "kill/node/tasks", json={"id": id_}))
