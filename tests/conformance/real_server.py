"""
Serves a real vantage6 server, as an oracle for the mock.

This file is run by the Python of an environment that has a real server, never imported by ours:

    <environment>/bin/python tests/conformance/real_server.py FOLDER '{"settings": {}}'

`servers.py` does so, and is what tests use. The server is the distributed one; what is changed in its process is what
makes it work on this Python, fast, and the same each time:

- enums format as on Python 3.10, without which no permission is found;
- passwords are hashed at the lowest cost;
- ids are never reused, as on the PostgreSQL of production (SQLite would);
- what it does behind the caller's back (counting failed logins, sending mail) is done before the answer is out;
- nodes stay online without a sign of life;
- mails are kept and not sent, from stand-ins for the templates that its distribution lacks;
- lists in no particular order are in that of ids, and so are equals in sorted ones;
- its database does not wait for the disk.

Beside the API it answers requests under `/oracle/`: see `Control`. It ends when its standard input does.
"""

from __future__ import annotations

import enum
import gc
import json
import logging
import os
import re
import socket
import sqlite3
import sys
from base64 import b64encode
from contextlib import suppress
from http import HTTPStatus
from pathlib import Path
from typing import Any

SECRET = "the-oracle-signs-with-this-secret"
CONTROL = "/oracle/"
LOWEST_COST = 4
VERBOSE = "V6_ORACLE_VERBOSE"
"""Set it to see the real server's troubles in `RealServer.errors`."""

FOR_EVER = 10**8


def _format_as_python_310(member: enum.Enum, spec: str) -> str:
    mixed_in = type(member)._member_type_
    if mixed_in is object or type(member).__str__ is not enum.Enum.__str__:
        return format(str(member), spec)
    return mixed_in.__format__(member.value, spec)


enum.Enum.__format__ = _format_as_python_310  # type: ignore[method-assign]

import bcrypt  # noqa: E402 -- what the server imports is prepared before it is
import gevent  # noqa: E402
import gevent.os  # noqa: E402
import sqlalchemy  # noqa: E402
import vantage6.server as real  # noqa: E402
import yaml  # noqa: E402
from gevent.pywsgi import WSGIHandler, WSGIServer  # noqa: E402
from in_process import send  # noqa: E402
from jinja2 import FunctionLoader, pass_context  # noqa: E402
from real_tables import FORMAT, counters, difference, dump, dump_some, kept_in, load  # noqa: E402
from sqlalchemy.orm import Query  # noqa: E402
from sqlalchemy.pool import QueuePool  # noqa: E402
from vantage6.server import db  # noqa: E402, F401 -- all tables are known once it is imported
from vantage6.server.model import base  # noqa: E402
from vantage6.server.resource import recover  # noqa: E402
from vantage6.server.resource.common import auth_helper  # noqa: E402

mails: list[dict[str, Any]] = []
behind_the_back: list[gevent.Greenlet] = []
written: set[str] = set()
"""The tables of the database that were written to of late."""

WRITING = re.compile(r'\s*(?:INSERT INTO|UPDATE|DELETE FROM)\s+"?(\w+)')


def configuration(folder: Path, settings: dict[str, Any]) -> str:
    """
    Write the server's configuration file, and return its path.
    """
    file = folder / "oracle.yaml"
    text = yaml.safe_dump(
        {
            "description": "oracle",
            "ip": "127.0.0.1",
            "port": 0,
            "api_path": "/api",
            "uri": f"sqlite:///{folder / 'database.sqlite'}",
            "allow_drop_all": True,
            "jwt_secret_key": SECRET,
            "logging": {
                "level": "WARNING",
                "file": "oracle.log",
                "use_console": False,
                "backup_count": 1,
                "max_size": 1024,
                "format": "%(message)s",
                "datefmt": "%H:%M:%S",
            },
            **settings,
        }
    )
    file.write_text(text)
    return str(file)


def hash_cheaply() -> None:
    """
    Lower the cost of hashing passwords.
    """
    expensive = bcrypt.gensalt
    bcrypt.gensalt = lambda: expensive(LOWEST_COST)


def never_reuse_ids() -> None:
    """
    Let ids of deleted rows stay used, in tables that are made from now on.
    """
    for table in base.Base.metadata.tables.values():
        columns = list(table.primary_key.columns)
        if len(columns) == 1 and not columns[0].foreign_keys:
            table.dialect_options["sqlite"]["autoincrement"] = True


def never_wait_for_the_disk() -> None:
    """
    Keep connections to the database, and let them trust the machine to stay up.
    """
    module = sys.modules[base.BaseDatabase.__module__] if hasattr(base, "BaseDatabase") else base
    create = module.create_engine

    def create_engine(uri: str, **options: Any) -> Any:
        options |= {"poolclass": QueuePool, "pool_pre_ping": False, "connect_args": {"check_same_thread": False}}
        engine = create(uri, **options)
        sqlalchemy.event.listen(engine, "connect", lambda connection, _: prepare(connection))
        return engine

    module.create_engine = create_engine


def hasten(connection: sqlite3.Connection) -> None:
    """
    Let a connection trust the machine to stay up.
    """
    for pragma in ("synchronous = OFF", "journal_mode = MEMORY", "temp_store = MEMORY"):
        connection.execute(f"PRAGMA {pragma}")


def order_pages_by_id() -> None:
    """
    Let pages have an order where they have none: whatever SQLite's indexes suggest is not what production shows.
    """
    distinct = Query.distinct

    def ordered(query: Any, *columns: Any) -> Any:
        return distinct(query, *columns).order_by(query.column_descriptions[0]["entity"].id)

    Query.distinct = ordered


def prepare(connection: sqlite3.Connection) -> None:
    """
    Hasten a connection of the server's, and note the tables that it writes to.
    """
    hasten(connection)
    connection.set_trace_callback(_note_written)


def _note_written(statement: str) -> None:
    found = WRITING.match(statement)
    if found is not None:
        written.add(found[1])


def finish_what_is_started() -> None:
    """
    Remember what the server starts behind the caller's back, so that it can be waited for.
    """

    class Remembered(gevent.Greenlet):
        def start(self) -> None:
            behind_the_back.append(self)
            super().start()

    def thread(target: Any, args: Any) -> gevent.Greenlet:
        return Remembered(_until_it_exits, target, *args)

    def spawn_later(_: float, function: Any, *args: Any) -> None:
        Remembered(function, *args).start()

    if hasattr(auth_helper, "Thread"):
        auth_helper.Thread = thread
    if hasattr(recover, "gevent"):
        recover.gevent = type("Spawning", (), {"spawn_later": staticmethod(spawn_later)})


def _until_it_exits(target: Any, *args: Any) -> None:
    # To leave a thread is not to leave the process.
    with suppress(SystemExit):
        target(*args)


def leave_nodes_alone() -> None:
    """
    Keep the server from setting nodes offline that give no sign of life; there are none here.
    """
    real.PING_INTERVAL_SECONDS = FOR_EVER


def keep_mails(app: Any) -> None:
    """
    Keep mails instead of sending them; their text is what the template would have been given, as JSON.
    """

    @pass_context
    def everything(context: Any) -> str:
        return json.dumps({key: value for key, value in context.parent.items() if isinstance(value, (str, int))})

    def send_email(_: object, subject: str, sender: str, recipients: list[str], text_body: str, html_body: str) -> None:
        del html_body
        mails.append({"subject": subject, "from": sender, "to": recipients, "data": json.loads(text_body)})

    app.jinja_env.loader = FunctionLoader(lambda _: "{{ everything() }}")
    app.jinja_env.autoescape = False
    app.jinja_env.globals["everything"] = everything
    real.MailService.send_email = send_email


class Control:
    """
    What can be asked beside the API; all by POST, with and for JSON.

    `/oracle/dump` answers all tables; `/oracle/save` and `/oracle/restore` take `{"name": ...}` and keep the whole
    database under that name or put it back; `/oracle/changes` takes the same and answers the tables that differ from
    the one of that name; `/oracle/play` plays requests on the database of a name, each on its own, and tells what came
    of them; `/oracle/load` takes tables and makes the database hold them; `/oracle/grant` decides what a
    user holds; `/oracle/mails` answers the mails so far and forgets them.
    """

    def __init__(self, file: Path) -> None:
        self._database = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
        hasten(self._database)
        self._saved: dict[str, sqlite3.Connection] = {}
        self._tables: dict[str, dict[str, list[Any]]] = {}
        self.application: Application

    def __call__(self, order: str, data: dict[str, Any]) -> Any:
        """Carry out one order."""
        return getattr(self, f"do_{order}")(**data)

    def do_dump(self) -> dict[str, Any]:
        """Return everything."""
        version = ".".join(real.__version__.split(".")[:2])
        server = {"secret": SECRET, "counters": counters(self._database)}
        return {"format": FORMAT, "version": version, "tables": dump(self._database), "server": server}

    def do_save(self, name: str) -> dict[str, Any]:
        """Keep the database."""
        copy = self._saved[name] = sqlite3.connect(":memory:", check_same_thread=False)
        self._database.backup(copy)
        self._tables[name] = dump(self._database)
        return {}

    def do_restore(self, name: str) -> dict[str, Any]:
        """Put a database back."""
        _forget_sessions()
        self._saved[name].backup(self._database)
        return {}

    def do_changes(self, name: str) -> dict[str, Any]:
        """Return what became of the tables since they were saved."""
        return difference(self._tables[name], dump(self._database))

    def do_play(self, name: str, requests: list[dict[str, Any]]) -> list[Any]:
        """Answer requests, and put the database back after each; tells status, headers, body and changes of each."""
        return [self._play(name, **request) for request in requests]

    def _play(self, name: str, grant: dict[str, Any] | None, body: str | None, **request: Any) -> list[Any]:
        written.clear()
        if grant is not None:
            self.do_grant(**grant)
        reply = send(self.application, **request, body=None if body is None else body.encode())
        tables = {table for theirs in written for table in kept_in(theirs)}
        if grant is not None:
            tables |= {"user_rule", "user_role"}
        changes = difference(self._tables[name], dump_some(self._database, tables))
        if tables:
            self.do_restore(name)
        return [reply.status, reply.headers, b64encode(reply.body).decode(), changes]

    def do_load(self, tables: dict[str, list[Any]]) -> dict[str, Any]:
        """Fill the database."""
        _forget_sessions()
        load(self._database, tables)
        return {}

    def do_grant(self, user: int, rules: list[int], roles: list[int]) -> dict[str, Any]:
        """Let a user hold these rules and roles, and no others."""
        self._database.execute("BEGIN")
        for table, column, held in (("UserPermission", "rule_id", rules), ("Permission", "role_id", roles)):
            self._database.execute(f'DELETE FROM "{table}" WHERE user_id = ?', [user])  # noqa: S608 -- ours
            query = f'INSERT INTO "{table}" (user_id, {column}) VALUES (?, ?)'  # noqa: S608 -- ours
            self._database.executemany(query, [(user, id_) for id_ in held])
        self._database.execute("COMMIT")
        return {}

    def do_mails(self) -> list[dict[str, Any]]:
        """Hand out the mails."""
        taken = mails[:]
        mails.clear()
        return taken


def _forget_sessions() -> None:
    base.Database().session_a.remove()
    base.Database().session_b.remove()


class Application:
    """
    The API and the control beside it, as one WSGI application.
    """

    def __init__(self, app: Any, control: Control) -> None:
        self._app = app
        self._control = control
        control.application = self

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        """Answer once everything that the request started is done."""
        path = environ["PATH_INFO"]
        if path.startswith(CONTROL):
            return self._controlled(path.removeprefix(CONTROL), environ, start_response)
        chunks = self._app(environ, start_response)
        answer = list(chunks)
        if hasattr(chunks, "close"):
            chunks.close()
        while behind_the_back:
            behind_the_back.pop().join()
        return answer

    def _controlled(self, order: str, environ: dict[str, Any], start_response: Any) -> list[bytes]:
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        answer = json.dumps(self._control(order, json.loads(body or b"{}"))).encode()
        headers = [("Content-Type", "application/json"), ("Content-Length", str(len(answer)))]
        start_response(f"{HTTPStatus.OK.value} OK", headers)
        return [answer]


class Handler(WSGIHandler):
    """
    One connection, on which no answer waits for the caller's acknowledgement of its headers.
    """

    def __init__(self, connection: Any, address: Any, server: Any) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        super().__init__(connection, address, server)


def serve(folder: Path, settings: dict[str, Any]) -> None:
    """
    Serve on a free loopback port, and say which on standard output.
    """
    hash_cheaply()
    never_reuse_ids()
    never_wait_for_the_disk()
    order_pages_by_id()
    finish_what_is_started()
    leave_nodes_alone()
    server = real.run_server(configuration(folder, settings), system_folders=False)
    keep_mails(server.app)
    logging.disable(logging.ERROR if VERBOSE not in os.environ else logging.INFO)
    application = Application(server.app, Control(folder / "database.sqlite"))
    listener = WSGIServer(("127.0.0.1", 0), application, log=None, handler_class=Handler, error_log=sys.stderr)
    listener.start()
    # What is there by now stays; looking through it again and again takes a sixth of the time.
    gc.freeze()
    announcement = {"url": f"http://127.0.0.1:{listener.server_port}", "version": real.__version__, "secret": SECRET}
    os.write(announce_on, f"{json.dumps(announcement)}\n".encode())
    while gevent.os.tp_read(sys.stdin.fileno(), 1):
        pass
    # Nothing is worth saving, and there are threads that never end.
    os._exit(0)


if __name__ == "__main__":
    # The server prints as it starts; its standard output is ours to announce the address on.
    announce_on = os.dup(1)
    os.dup2(2, 1)
    serve(Path(sys.argv[1]), json.loads(sys.argv[2]))
