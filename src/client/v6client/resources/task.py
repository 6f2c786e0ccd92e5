"""
Tasks: an algorithm, its input, and the organizations that shall run it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias, cast, overload

from v6client import _models as models
from v6client._answers import having
from v6client._content import task_body
from v6client._inputs import inputs_for
from v6client._paging import walk
from v6client._payloads import dumped
from v6client._tables import tabled
from v6client.exceptions import PermissionDeniedError, UsageError
from v6client.resources._base import SubClient, given, included, may_omit, switched, whole, wholes
from v6client.resources._selecting import choosing_fields, choosing_rows

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from v6client._client import UserClient

Database = Mapping[str, Any]
Databases: TypeAlias = "str | Database | Sequence[str | Database] | None"


class Task(SubClient[models.Task]):
    """
    Calls about tasks.
    """

    noun = "task"
    order = None
    _failing: ClassVar = {"run_id": "run=", "status": "status=", "store_id": "store="}

    def __init__(self, parent: UserClient) -> None:
        super().__init__(parent)
        # By study, its collaboration, which never changes.
        self._studies: dict[int, int] = {}

    @choosing_fields
    def get(self, id_: int, include_results: bool = False) -> models.Task:
        """
        View one task.

        Parameters
        ----------
        id_
            The task.
        include_results
            Whether `results` is a list instead of a link. These are as the server has them; `result.from_task`
            decrypts.
        """
        return self._get(id_, include=included(include_results, "results"))

    @choosing_rows
    def list(
        self,
        initiating_org: int | None = None,
        initiating_user: int | None = None,
        collaboration: int | None = None,
        image: str | None = None,
        parent: int | None = None,
        job: int | None = None,
        name: str | None = None,
        include_results: bool = False,
        description: str | None = None,
        database: str | None = None,
        run: int | None = None,
        status: str | None = None,
        user_created: bool | None = None,
        page: int | None = 1,
        per_page: int | None = 20,
        *,
        study: int | None = None,
        store: int | None = None,
    ) -> models.Page[models.Task]:
        """
        View one page of the tasks, newest first.

        Parameters
        ----------
        initiating_org, initiating_user, collaboration
            Only tasks by this organization or user, or in this collaboration; without a study, by default in the
            default one.
        image, name, description
            `%` stands for any text.
        parent, job
            Only subtasks of this task, or tasks of this job.
        include_results
            Whether `results` is a list instead of a link.
        database
            Only tasks that use the database with this label.
        run, status
            Only the task of this run, or tasks with this status. Servers up to 4.15 (at least) fail on both.
        user_created
            Only tasks made by users, or only those made by algorithms.
        page, per_page
            Which page, of how many tasks.
        study
            Only tasks of this study. Needs a server of 4.3 or later.
        store
            Only tasks with an algorithm of this store. Servers up to 4.15 (at least) fail on it.
        """
        self._require("list", study=study, store=store)
        return self._list(
            page,
            per_page,
            init_org_id=initiating_org,
            init_user_id=initiating_user,
            collaboration_id=self._within(collaboration, study),
            study_id=study,
            store_id=store,
            image=image,
            parent_id=parent,
            job_id=job,
            name=name,
            include=included(include_results, "results"),
            description=description,
            database=database,
            run_id=run,
            status=status,
            is_user_created=switched(user_created, "user_created"),
        )

    table = tabled(list)

    def iter(
        self,
        *,
        initiating_org: int | None = None,
        initiating_user: int | None = None,
        collaboration: int | None = None,
        image: str | None = None,
        parent: int | None = None,
        job: int | None = None,
        name: str | None = None,
        include_results: bool = False,
        description: str | None = None,
        database: str | None = None,
        run: int | None = None,
        status: str | None = None,
        user_created: bool | None = None,
        study: int | None = None,
        store: int | None = None,
    ) -> Iterator[models.Task]:
        """
        Walk all tasks, with the filters of `list`.
        """
        page = partial(self.list, initiating_org, initiating_user, collaboration, image, parent, job, name)
        page = partial(page, include_results, description, database, run, status, user_created)
        return walk(partial(page, study=study, store=store))

    @overload
    def create(
        self,
        collaboration: int | None,
        organizations: Sequence[int],
        name: str,
        image: str,
        description: str,
        input_: Any,
        databases: Databases = None,
        *,
        study: int | None = None,
        store: int | None = None,
        server_url: str | None = None,
    ) -> models.Task: ...

    @overload
    def create(
        self,
        *,
        organizations: Sequence[int],
        name: str,
        image: str,
        description: str,
        input_: Any,
        study: int | None = None,
        store: int | None = None,
        server_url: str | None = None,
        databases: Databases = None,
    ) -> models.Task: ...

    @overload
    def create(self, *args: Any, field: str, **kwargs: Any) -> dict[str, Any]: ...

    @overload
    def create(self, *args: Any, fields: Iterable[str], **kwargs: Any) -> dict[str, Any]: ...

    @may_omit("collaboration")
    @choosing_fields
    def create(
        self,
        collaboration: int | None,
        organizations: Sequence[int],
        name: str,
        image: str,
        description: str,
        input_: Any,
        databases: Databases = None,
        *,
        study: int | None = None,
        store: int | None = None,
        server_url: str | None = None,
    ) -> models.Task:
        """
        Create a task: each organization's node runs the algorithm, as soon as it is online.

        In an encrypted collaboration the input is encrypted for each organization on its own.

        Parameters
        ----------
        collaboration
            The collaboration whose nodes shall run it; that of the study, or else the one that `setup_collaboration`
            was told, if all arguments are given by name and this one is not.
        organizations
            The ids of those of its organizations that shall.
        name, description
            What to call it.
        image
            The Docker image with the algorithm.
        input_
            What the algorithm gets: `{"method": ..., "args": [...], "kwargs": {...}}`.
        databases
            One or several of the nodes' databases: their labels, or dicts with a `label` and, as the kind of database
            asks for them, `query`, `sheet_name` or `preprocessing`.
        study
            The study that it belongs to. Needs a server of 4.3 or later.
        store
            The algorithm store that knows the image; the one that `store.set` was told if not given. Needs a server of
            4.6 or later.
        server_url
            By what address the store knows the server, API path included, where the server does not know it itself.
            Needs a server of 4.8 or later.

        Raises
        ------
        NoPrivateKeyError
            The collaboration is encrypted and `setup_encryption` was not given a key; or it cannot be told whether it
            is, for lack of a rule, and `setup_encryption` was not called. Nothing was sent.
        EncryptionError
            One of the organizations has no public key. Nothing was sent.
        """
        store = self.parent.store.store_id if store is None else store
        self._require("create", study=study, store=store, server_url=server_url)
        where = self._collaboration_of(collaboration, study)
        fields = given(
            name=name,
            image=image,
            collaboration_id=where,
            study_id=study,
            store_id=store,
            server_url=server_url,
            description=description,
            databases=_databases(databases),
        )
        body = task_body(fields, inputs_for(self.parent, where, _receivers(organizations), dumped(input_)))
        return cast("models.Task", self.parent.connection.request("POST", self.noun, content=body))

    def delete(self, id_: int) -> models.Message:
        """
        Delete a task and its runs; what is still running is stopped.
        """
        return self._delete(id_)

    def kill(self, id_: int) -> models.Message:
        """
        Stop a task on all nodes. It stays on the server, and cannot be started again.
        """
        return cast("models.Message", self._request("POST", "kill/task", json={"id": whole(id_, "task")}))

    def _collaboration_of(self, collaboration: int | None, study: int | None) -> int:
        if collaboration is not None or study is None:
            return self._collaboration(collaboration)
        known = whole(study, "study")
        if known not in self._studies:
            try:
                row = having(self._request("GET", f"study/{known}"), f"study/{known}", "collaboration.id")
            except PermissionDeniedError as denied:
                # Who may create tasks for a study need not be allowed to look at it.
                return self._default_collaboration(known, denied)
            self._studies[known] = row["collaboration"]["id"]
        return self._studies[known]

    def _default_collaboration(self, study: int, denied: PermissionDeniedError) -> int:
        if self.parent.collaboration_id is None:
            raise UsageError(
                f"you may not view study {study}, so its collaboration is not known: give collaboration= too"
            ) from denied
        return self.parent.collaboration_id


def _receivers(organizations: Sequence[int]) -> Sequence[int]:
    receivers = wholes(organizations, "organization")
    if not receivers:
        raise UsageError("organizations is empty: name at least one that shall run the task")
    if len({*receivers}) < len(receivers):
        # Server quirk: 4.15 says that those without a node are to blame, and names none.
        raise UsageError(f"organizations has one of them twice: {receivers}; each runs a task once")
    return receivers


def _databases(databases: Databases) -> Sequence[Database]:
    """
    The databases in the one form that the server takes.
    """
    if databases is None:
        return []
    is_one = isinstance(databases, str | Mapping) or not isinstance(databases, Iterable)
    return [_database(one) for one in ([databases] if is_one else databases)]


def _database(given: object) -> Database:
    database = {"label": given} if isinstance(given, str) else given
    # The label becomes part of the name of an environment variable.
    if isinstance(database, Mapping) and isinstance(label := database.get("label"), str) and label.isidentifier():
        return database
    raise UsageError(
        "a database is a dict with a 'label' of letters, digits and underscores, such as {'label': 'default'}, "
        f"not {given!r}"
    )
