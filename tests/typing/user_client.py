"""Uses of the public API that mypy and pyright must understand; this file is checked, never run."""

from __future__ import annotations

import requests

from v6client import Client, UserClient

client: UserClient = UserClient("https://example.org", 443)
client = UserClient("https://example.org", 443, path="/api", log_level="info", errors="return")
client = UserClient("https://example.org", None, session=requests.Session(), timeout=(1.0, 2.5))
alias: type[UserClient] = Client

client.authenticate("researcher", "password")
client.authenticate("researcher", password="password", mfa_code="123456")
client.authenticate("researcher", None, lambda: 123456)
client.authenticate("researcher", None, otp_secret="ABCD")

client.task.create(1, [2], "name", "image", "", {"method": "f"}, ["default"])
client.task.create(organizations=[2], name="name", image="image", description="", input_={}, study=3, store=4)
client.task.create(collaboration=1, organizations=[2], name="name", image="image", description="", input_={})
