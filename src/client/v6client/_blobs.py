"""
The blob store of a server: inputs and results that its runs have no room for, and name by a UUID instead.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from v6client.exceptions import MalformedAnswerError, ServerTooOldError

if TYPE_CHECKING:
    from collections.abc import Generator

    from v6client._content import Content
    from v6client._http import Connection

NAME = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


class BlobStore:
    """
    The blobs of one server.

    Parameters
    ----------
    connection
        The conversation with it.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._is_used: bool | None = None

    def is_used(self) -> bool:
        """
        Whether the server wants inputs and results as blobs; it is asked once.
        """
        if self._is_used is None:
            self._is_used = self._status()
        return self._is_used

    def stored(self, content: Content) -> str:
        """
        The name of a new blob with that content.
        """
        answer = self._connection.request("POST", "blobstream", content=content)
        if not isinstance(answer, dict) or "uuid" not in answer:
            raise MalformedAnswerError("POST blobstream was answered without the name of the blob")
        return str(answer["uuid"])

    def download(self, name: str) -> Generator[bytes, None, None]:
        """
        The content of a blob, in pieces as they come in.
        """
        # It becomes part of an address, and comes from whoever made the run.
        if not NAME.fullmatch(name):
            raise MalformedAnswerError(f"a run with a blob names it {name!r}, which is no UUID")
        return self._connection.download(f"blobstream/{name}")

    def _status(self) -> bool:
        try:
            answer = self._connection.request("GET", "blobstream/status")
        except ServerTooOldError:
            return False  # before 4.13 there are none
        return isinstance(answer, dict) and answer.get("blob_store_enabled") is True
