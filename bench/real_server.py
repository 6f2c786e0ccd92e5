"""
Serves a real vantage6 server as its own development server does; run by the Python of an environment that has it.

    <environment>/bin/python bench/real_server.py FOLDER PORT

Nothing is changed but the way Python formats enums, without which it finds no permission on Python 3.11.
"""

from __future__ import annotations

import enum
import sys
from pathlib import Path


def _format_as_python_310(member: enum.Enum, spec: str) -> str:
    mixed_in = type(member)._member_type_
    if mixed_in is object or type(member).__str__ is not enum.Enum.__str__:
        return format(str(member), spec)
    return mixed_in.__format__(member.value, spec)


enum.Enum.__format__ = _format_as_python_310

from vantage6.server import run_dev_server, run_server  # noqa: E402 -- what it imports is prepared before it is

CONFIGURATION = """
description: benchmark
ip: 127.0.0.1
port: {port}
api_path: /api
uri: sqlite:///{folder}/database.sqlite
allow_drop_all: true
jwt_secret_key: the-benchmark-signs-with-this-secret
logging:
  level: DEBUG
  file: server.log
  use_console: true
  backup_count: 5
  max_size: 1024
  format: "%(asctime)s - %(name)-14s - %(levelname)-8s - %(message)s"
  datefmt: "%Y-%m-%d %H:%M:%S"
  loggers:
    - {{name: urllib3, level: warning}}
    - {{name: socketIO-client, level: warning}}
    - {{name: socketio.server, level: warning}}
    - {{name: engineio.server, level: warning}}
    - {{name: sqlalchemy.engine, level: warning}}
    - {{name: requests_oauthlib.oauth2_session, level: warning}}
"""

if __name__ == "__main__":
    folder, port = Path(sys.argv[1]), int(sys.argv[2])
    file = folder / "server.yaml"
    file.write_text(CONFIGURATION.format(folder=folder, port=port))
    run_dev_server(run_server(str(file), system_folders=False), "127.0.0.1", port=port)
