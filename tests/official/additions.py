"""
What came with 4.15: studies, and algorithm stores as a vantage6 server remembers them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from network import (
    FAR,
    IMAGE,
    INPUT,
    NORTH,
    OPEN,
    SOUTH,
    UNKNOWN,
    WEST,
)

if TYPE_CHECKING:
    from recorder import Recorded


def studies(root: Recorded) -> None:
    """
    Studies of a collaboration, and what is done to them.
    """
    study = root.study
    id_ = study.create("Pilot", [NORTH, SOUTH], OPEN)["id"]
    study.create("Pilot", [NORTH], OPEN)
    study.create("Foreign", [WEST], OPEN)
    study.create("Alone", organizations=[NORTH])
    study.create("Nowhere", [NORTH], UNKNOWN)
    root.setup_collaboration(OPEN)
    passing = study.create("Passing", [NORTH], field="id")["id"]
    root.target.collaboration_id = None
    study.get(id_)
    study.get(UNKNOWN, field="name")
    study.list()
    study.list(name="pi%", organization=NORTH, collaboration=OPEN, include_organizations=True, per_page=1)
    study.update(id_, name="Main")
    study.update(passing, organizations=[NORTH, SOUTH])
    study.update(passing, organizations=[WEST])
    study.update(UNKNOWN, "x")
    study.remove_organization(SOUTH, passing)
    study.add_organization(organization=SOUTH, study=passing)
    study.add_organization(WEST, passing)
    study.add_organization(SOUTH)
    root.organization.list(study=id_)
    root.node.list(study=id_)
    study.delete(passing)
    study.delete(passing)
    study.delete()


def students(carla: Recorded, wim: Recorded) -> None:
    """
    Studies, as an administrator of the collaboration and a stranger see them; the one that is left has id 1.
    """
    carla.study.list(fields=["name"])
    carla.study.update(1, name="Pilot")
    wim.study.get(1)
    wim.study.list()
    wim.study.delete(1)


def stores(root: Recorded, url: str) -> None:
    """
    Algorithm stores, as the server remembers them; the store at this address takes everything.
    """
    store = root.store
    store.create(url, "For one", OPEN, force=True)
    store.create(url, "For none")
    store.create(url, "Not forced", all_collaborations=True)
    id_ = store.create(url, "For all", all_collaborations=True, force=True)["id"]
    store.create(f"{url}/", "Again", all_collaborations=True, force=True)
    store.create("nonsense", "No address", all_collaborations=True)
    store.get(id_)
    store.get(id_, field="name")
    store.get(UNKNOWN)
    store.list()
    store.list(name="for%", url="%", collaboration=OPEN)
    store.list(collaboration=UNKNOWN)
    root.collaboration.list(scope="global", algorithm_store=id_)
    store.update()
    store.set(id_)
    store.set(UNKNOWN)
    store.set(id_)
    store.update(name="For everybody")
    store.update(id_, all_collaborations=True)
    store.update(UNKNOWN, name="x")
    store.delete(UNKNOWN)


def store_ends(root: Recorded) -> None:
    """
    A store is given to one collaboration, and taken from it.
    """
    root.store.update(collaboration=OPEN)
    root.store.list(collaboration=OPEN)
    root.store.list(collaboration=FAR)
    root.store.delete()
    root.store.list()
    root.store.delete()


def tasks(nora: Recorded, study: int, store: int) -> None:
    """
    Tasks in a study, in the default collaboration, and of an algorithm in a store.
    """
    create = nora.task.create
    nora.check_if_blob_store_enabled()
    create([NORTH], "in a study", IMAGE, "", INPUT, study=study)
    create([NORTH], "in both", IMAGE, "", INPUT, collaboration=OPEN, study=study)
    create([NORTH], "in neither", IMAGE, "", INPUT)
    nora.setup_collaboration(OPEN)
    create([NORTH], "by default", IMAGE, "", INPUT)
    nora.task.list(name="by default")
    nora.node.list(fields=["name"])
    nora.organization.list(field="name")
    nora.target.collaboration_id = None
    server = {"server_url": f"{nora.target.host}:{nora.target.port}/api"}
    create([NORTH], "in a store", IMAGE, "", INPUT, OPEN, store=store, **server)
    create([NORTH], "not in it", "unknown", "", INPUT, OPEN, store=store, **server)
    create([NORTH], "no store", IMAGE, "", INPUT, OPEN, store=UNKNOWN, **server)
    nora.task.list(study=study)
    nora.store.list()
    nora.store.get(store)
