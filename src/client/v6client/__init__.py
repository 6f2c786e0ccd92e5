"""
A Python client for vantage6 servers.
"""

from v6client._client import UserClient
from v6client.utils import LogLevel

Client = UserClient

__all__ = ["Client", "LogLevel", "UserClient"]
