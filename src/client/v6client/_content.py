"""
Request bodies that never exist as a whole.

A task for fifty hospitals holds fifty ciphertexts of the same input. Each is made while it is sent, piece by piece, and
forgotten again. Its length is known ahead, so that the request has a `Content-Length` like any other: not every server
takes a chunked body.
"""

from __future__ import annotations

import json
from itertools import chain
from typing import TYPE_CHECKING, Any

from v6client.exceptions import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

JSON = "application/json"
BYTES = "application/octet-stream"

# Smaller pieces are put together: each one that is sent is a packet of its own.
ENOUGH = 64 * 1024


class Content:
    """
    Bytes that are made on their way, and can be made again, for a request that has to be repeated.

    Parameters
    ----------
    size
        How many they are.
    make
        Makes them, piece by piece, the same ones each time.
    media_type
        What they are.
    """

    __slots__ = ("_make", "_size", "media_type")

    def __init__(self, size: int, make: Callable[[], Iterable[bytes]], media_type: str = BYTES) -> None:
        self._size = size
        self._make = make
        self.media_type = media_type

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[bytes]:
        return _gathered(self._make())

    def whole(self) -> bytearray:
        """
        All of them at once.
        """
        made = bytearray(self._size)
        end = 0
        for piece in self:
            start, end = end, end + len(piece)
            made[start:end] = piece
        return made


def joined(parts: Sequence[bytes | Content], media_type: str) -> Content:
    """
    Several contents, one after the other.
    """

    def make() -> Iterator[bytes]:
        return chain.from_iterable([part] if isinstance(part, bytes) else part for part in parts)

    return Content(sum(map(len, parts)), make, media_type)


def task_body(fields: Mapping[str, Any], inputs: Iterable[tuple[int, bytes | Content]]) -> Content:
    """
    The JSON object of a new task.

    Parameters
    ----------
    fields
        Everything but the organizations.
    inputs
        The organizations, and what each gets, as text that JSON need not escape.
    """
    try:
        start = json.dumps(fields, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise UsageError(f"the task cannot be written as JSON: {error}") from error
    parts: list[bytes | Content] = [f'{start[:-1]}, "organizations": ['.encode()]
    for id_, input_ in inputs:
        comma = ", " if len(parts) > 1 else ""
        parts += [f'{comma}{{"id": {id_}, "input": "'.encode(), input_, b'"}']
    return joined([*parts, b"]}"], JSON)


def _gathered(pieces: Iterable[bytes]) -> Iterator[bytes]:
    waiting: list[bytes] = []
    size = 0
    for piece in pieces:
        waiting.append(piece)
        size += len(piece)
        if size >= ENOUGH:
            yield b"".join(waiting)
            waiting.clear()
            size = 0
    if waiting:
        yield b"".join(waiting)
