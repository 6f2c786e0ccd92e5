"""
Sends one request over and over through many keep-alive connections, and prints how many were answered per second.

    python bench/load.py '{"port": ..., "token": ..., "method": ..., "path": ..., "body": ..., "seconds": ...}'

A process of its own, and one thread that sends whatever connection is free, so that it takes as little time as may be
from the server that it measures. It never sleeps: to wake it would cost the server that sends. Bounded by `seconds`.
"""

from __future__ import annotations

import json
import re
import selectors
import socket
import sys
from time import perf_counter
from typing import Any

CONNECTIONS = 32
LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)\r\n", re.IGNORECASE)


def main(*, port: int, token: str, method: str, path: str, body: Any, seconds: float) -> None:
    """
    Print the answers per second.
    """
    content = json.dumps(body).encode() if body else b""
    head = (
        f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
    )
    request = head.encode() + content
    answered = 0
    with selectors.DefaultSelector() as selector:
        for _ in range(CONNECTIONS):
            connection = socket.create_connection(("127.0.0.1", port), timeout=60)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            selector.register(connection, selectors.EVENT_READ, bytearray())
            connection.sendall(request)
        started = perf_counter()
        while perf_counter() < started + seconds:
            for key, _ in selector.select(timeout=0):
                received: bytearray = key.data
                received += key.fileobj.recv(1 << 16)  # type: ignore[union-attr]  # a socket
                if is_whole(received):
                    answered += 1
                    received.clear()
                    key.fileobj.sendall(request)  # type: ignore[union-attr]
        print(answered / (perf_counter() - started))


def is_whole(received: bytearray) -> bool:
    """
    Tell whether one answer, which must be a success, is complete.
    """
    end = received.find(b"\r\n\r\n")
    if end < 0:
        return False
    assert received.startswith(b"HTTP/1.1 2"), received[:200]
    length = LENGTH.search(received, 0, end + 2)
    assert length is not None, received[:200]
    return len(received) == end + 4 + int(length[1])


if __name__ == "__main__":
    main(**json.loads(sys.argv[1]))
