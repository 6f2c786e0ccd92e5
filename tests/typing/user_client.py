"""Uses of the public API that mypy and pyright must understand; this file is checked, never run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import requests

import v6client
from v6client import Client, Profile, UserClient

if TYPE_CHECKING:
    from collections.abc import Iterator

    from v6client import types

version: str = v6client.__version__
root: type[Exception] = v6client.exceptions.V6ClientError
misspelled = v6client.UserCleint  # type: ignore[attr-defined]  # names are loaded late, and checked all the same

client: UserClient = UserClient("https://example.org", 443)
client = UserClient("https://example.org", 443, path="/api", log_level="info", errors="return")
client = UserClient("https://example.org", None, session=requests.Session(), timeout=(1.0, 2.5))
alias: type[UserClient] = Client

client.authenticate("researcher", "password")
client.authenticate("researcher", password="password", mfa_code="123456")
client.authenticate("researcher", None, lambda: 123456)
client.authenticate("researcher", None, otp_secret="ABCD")
client = UserClient.from_profile()
client = UserClient.from_profile("test", config="config.toml", login=False, port=443, timeout=(1, 2.5))
profile: Profile | None = client.profile

client.task.create(1, [2], "name", "image", "", {"method": "f"}, ["default"])
client.task.create(organizations=[2], name="name", image="image", description="", input_={}, study=3, store=4)
client.task.create(collaboration=1, organizations=[2], name="name", image="image", description="", input_={})

# What selects from an answer changes its type.
page_of_tasks: types.Page[types.Task] = client.task.list(name="n%", study=3, page=2)
names_of_tasks: list[dict[str, Any]] = client.task.list(field="name")
open_tasks: list[types.Task] = client.task.list(filter_=("status", "pending"))
one_study: types.Study = client.study.get(1)
part_of_one: dict[str, Any] = client.study.get(1, fields=["id", "name"])
part_of_a_new_task: dict[str, Any] = client.task.create(1, [2], "name", "image", "", {}, field="id")
a_new_node: types.Node = client.node.create(organization=2)
members: list[types.Organization] = client.collaboration.add_organization(3)
store_for_all: types.Store = client.store.create("https://store.example/api", "store", all_collaborations=True)
every_study: Iterator[types.Study] = client.study.iter(include_organizations=True)
said: types.Message = client.organization.delete(3, delete_dependents=True)
