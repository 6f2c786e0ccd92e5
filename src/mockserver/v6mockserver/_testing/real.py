"""
A federation on a real server, for tests that may run there: what a client sees of it.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any, NoReturn
from urllib.parse import urlsplit

import pytest

from v6client import UserClient
from v6client.exceptions import V6ClientError


class RealFederation:
    """
    The collaboration that tests may use on a real server.

    Who they are is in the environment: `V6CLIENT_USERNAME`, `V6CLIENT_PASSWORD`, and where they are needed
    `V6CLIENT_OTP_SECRET`, `V6CLIENT_PRIVATE_KEY` and `V6CLIENT_COLLABORATION`.

    Parameters
    ----------
    url : str
        The server, with the path of its API if that is not /api.
    """

    def __init__(self, url: str) -> None:
        self.url = url

    @cached_property
    def client(self) -> UserClient:
        """
        The client of the user in the environment.
        """
        parts = urlsplit(self.url)
        host = f"{parts.scheme}://{parts.netloc}"
        try:
            return UserClient.from_profile(host=host, path=parts.path.strip("/") or "/api", progress=False)
        except V6ClientError as error:
            message = f"--v6-server={self.url}: {error} (V6CLIENT_USERNAME and V6CLIENT_PASSWORD say who logs in)"
            raise pytest.fail.Exception(message, pytrace=False) from None

    @cached_property
    def version(self) -> str:
        """
        The server's version, such as "4.15".
        """
        number = self.client.util.get_server_version()["version"]
        return ".".join(number.split(".")[:2])

    @cached_property
    def collaboration(self) -> int:
        """
        The id of the collaboration in the environment, else of the first one of the user's organization.
        """
        if self.client.collaboration_id is not None:
            return self.client.collaboration_id
        for one in self.client.collaboration.iter():
            return one["id"]
        pytest.skip("--v6-server: the user's organization is in no collaboration; V6CLIENT_COLLABORATION names another")

    @cached_property
    def organizations(self) -> list[int]:
        """
        The ids of its organizations.
        """
        return sorted(one["id"] for one in self.client.organization.iter(collaboration=self.collaboration))

    def login(self, *who: Any, **what: Any) -> UserClient:
        """
        Return the client; there is no other user.
        """
        if who or what:
            pytest.skip("--v6-server: a real server has the user of the environment only; this test logs in as others")
        return self.client

    def _absent(self) -> NoReturn:
        pytest.skip("--v6-server: this test asks its federation for what only a mock has")

    server: Any = property(_absent)
    nodes: Any = property(_absent)
    data: Any = property(_absent)
