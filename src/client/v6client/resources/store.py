"""
Algorithm stores, as far as the server knows them. Servers have them since 4.3.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from v6client import _models as models
from v6client._paging import walk
from v6client._tables import tabled
from v6client.exceptions import UsageError
from v6client.resources._base import SubClient, switched
from v6client.resources._selecting import choosing_fields, choosing_rows

if TYPE_CHECKING:
    from collections.abc import Iterator

    from v6client._client import UserClient


class Store(SubClient[models.Store]):
    """
    Calls about algorithm stores.

    Attributes
    ----------
    store_id, url
        The store that `set` chose, None before.
    """

    noun = "algorithmstore"
    _needed = ("id", "url")

    def __init__(self, parent: UserClient) -> None:
        super().__init__(parent)
        self.store_id: int | None = None
        self.url: str | None = None

    @choosing_rows
    def list(
        self,
        name: str | None = None,
        url: str | None = None,
        collaboration: int | None = None,
        page: int | None = 1,
        per_page: int | None = 10,
    ) -> models.Page[models.Store]:
        """
        View one page of the algorithm stores.

        Parameters
        ----------
        name, url
            `%` stands for any text.
        collaboration
            Only those that this collaboration can use, by default the default one.
        page, per_page
            Which page, of how many stores.
        """
        return self._list(page, per_page, name=name, url=url, collaboration_id=self._within(collaboration))

    table = tabled(list)

    def iter(
        self, *, name: str | None = None, url: str | None = None, collaboration: int | None = None
    ) -> Iterator[models.Store]:
        """
        Walk all algorithm stores, with the filters of `list`.
        """
        return walk(partial(self.list, name, url, collaboration))

    @choosing_fields
    def get(self, id_: int) -> models.Store:
        """
        View one algorithm store.
        """
        return self._get(id_)

    def set(self, id_: int) -> models.Store:
        """
        Choose the algorithm store of calls that are not given one: `task.create`, and `update` and `delete` here.
        """
        store = self._get(id_)
        self.store_id, self.url = store["id"], store["url"]
        return store

    @choosing_fields
    def create(
        self,
        algorithm_store_url: str,
        name: str,
        collaboration: int | None = None,
        all_collaborations: bool = False,
        force: bool = False,
    ) -> models.Store:
        """
        Let a collaboration, or all of them, use an algorithm store.

        The server asks the store to take it in, by the address that this client has of the server.

        Parameters
        ----------
        algorithm_store_url
            The store's address, its API path included.
        name
            What to call it.
        collaboration
            The collaboration; the default one if not given.
        all_collaborations
            Whether all collaborations can use it.
        force
            Whether the server takes a store on its own machine, which is for development.
        """
        where = None if switched(all_collaborations, "all_collaborations") else self._collaboration(collaboration)
        return self._create(
            algorithm_store_url=algorithm_store_url,
            name=name,
            collaboration_id=where,
            force=force,
            server_url=self.parent.base_path,
        )

    @choosing_fields
    def update(
        self,
        id_: int | None = None,
        name: str | None = None,
        collaboration: int | None = None,
        all_collaborations: bool | None = None,
    ) -> models.Store:
        """
        Change what is given of an algorithm store.

        Parameters
        ----------
        id_
            The store; the one that `set` chose if not given.
        name
            What to call it.
        collaboration
            Which collaboration can use it from now on.
        all_collaborations
            No server can do this; `create` can.
        """
        if switched(all_collaborations, "all_collaborations"):
            raise UsageError(
                "no server can open a store that it knows to all collaborations: add it again with "
                "create(..., all_collaborations=True), which takes the place of what is there"
            )
        return self._update(self._chosen(id_), name=name, collaboration_id=collaboration)

    def delete(self, id_: int | None = None) -> models.Message:
        """
        Forget an algorithm store, and ask it to forget the server.

        Parameters
        ----------
        id_
            The store; the one that `set` chose if not given.
        """
        chosen = self._chosen(id_)
        message = self._delete(chosen, server_url=self.parent.base_path)
        if chosen == self.store_id:
            self.store_id = self.url = None
        return message

    def _chosen(self, id_: int | None) -> int:
        chosen = self.store_id if id_ is None else id_
        if chosen is None:
            raise UsageError("give a store, or choose one for all calls with store.set()")
        return chosen
