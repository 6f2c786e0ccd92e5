"""
Sends one request over and over through many keep-alive connections, and prints how many were answered per second.

    python bench/load.py '{"port": ..., "token": ..., "method": ..., "path": ..., "body": ..., "seconds": ...}'

A process of its own, so that it takes no time from the server that it measures; bounded by `seconds`.
"""

from __future__ import annotations

import json
import socket
import sys
from threading import Thread
from time import perf_counter
from typing import Any

CONNECTIONS = 32


def main(*, port: int, token: str, method: str, path: str, body: Any, seconds: float) -> None:
    """
    Print the answers per second.
    """
    content = json.dumps(body).encode() if body else b""
    head = (
        f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
    )
    counts = [0] * CONNECTIONS
    started = perf_counter()

    def ask(number: int) -> None:
        with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            answers = connection.makefile("rb")
            while perf_counter() < started + seconds:
                connection.sendall(head.encode() + content)
                read(answers)
                counts[number] += 1

    threads = [Thread(target=ask, args=(number,)) for number in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(sum(counts) / (perf_counter() - started))


def read(answers: Any) -> None:
    """
    Read one answer, which must be a success.
    """
    status = answers.readline().split()[1]
    assert status.startswith(b"2"), status
    length = 0
    while (line := answers.readline()) != b"\r\n":
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
    answers.read(length)


if __name__ == "__main__":
    main(**json.loads(sys.argv[1]))
