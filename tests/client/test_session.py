"""The session that a client makes itself: what is sent again, for how long, and what each process and thread has."""

from __future__ import annotations

import errno
import json
import os
import socket
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from io import BytesIO
from threading import Barrier, Event, Thread

import pytest
from urllib3.exceptions import ConnectTimeoutError, MaxRetryError, ProtocolError, ReadTimeoutError, SSLError

from v6client import UserClient, exceptions
from v6client._auth import Tokens
from v6client._http import Connection
from v6client._session import own_session, patience
from v6mockserver import MockServer

from .test_http import tokens

READING, WRITING = "GET", "POST"


@contextmanager
def scripted(*conversations, closed=None):
    """Listen on a port; each connection plays a conversation, a list of answers, and is closed without another word."""
    asked = []
    closed = closed or Event()

    def play(answers):
        link, _ = listener.accept()
        with link, link.makefile("rb") as incoming:
            for answer in answers:
                if not (line := incoming.readline()):
                    return
                asked.append(line.split()[0].decode())
                headers = dict(read.lower().split(b": ") for read in iter(incoming.readline, b"\r\n"))
                incoming.read(int(headers.get(b"content-length", 0)))
                link.sendall(answer)

    def listen():
        for answers in conversations:
            play(answers)
            closed.set()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(5)
        thread = Thread(target=listen, daemon=True)
        thread.start()
        connection = Connection(f"http://127.0.0.1:{listener.getsockname()[1]}/api", timeout=5)
        yield connection, asked
        connection.close()
        thread.join(5)


def answer(status=200, *headers, body="{}"):
    """Return an answer as it goes over the wire."""
    lines = [f"HTTP/1.1 {status} Said", f"Content-Length: {len(body)}", *headers, "", body]
    return "\r\n".join(lines).encode()


@pytest.mark.parametrize("method", [READING, WRITING])
def test_a_connection_that_was_closed_while_idle(method):
    """That is seen before anything is sent, so that every call takes a new one."""
    closed = Event()
    with scripted([answer()], [answer()], closed=closed) as (connection, asked):
        connection.request(READING, "version")
        assert closed.wait(5)

        assert connection.request(method, "task") == {}
        assert asked == [READING, method]


def test_a_connection_that_breaks_under_a_change():
    """Nobody knows whether the server has read it: it is not sent again."""
    with scripted([answer(), b""], [answer()]) as (connection, asked):
        connection.request(READING, "version")

        with pytest.raises(exceptions.ConnectionFailedError, match=r"task failed: \w.* closed connection"):
            connection.request(WRITING, "task")

        assert asked == [READING, WRITING]
        assert connection.request(READING, "version") == {}


def test_a_pause_that_the_server_asks_for():
    """It is made, if it is short."""
    with scripted([answer(503, "Retry-After: 0"), answer()]) as (connection, asked):
        assert connection.request(READING, "task") == {}
        assert asked == [READING, READING]


def test_a_pause_that_nobody_understands():
    """The call is tried again, as if the server had asked for none."""
    with scripted([answer(503, "Retry-After: soon"), answer()]) as (connection, asked):
        assert connection.request(READING, "task") == {}
        assert asked == [READING, READING]


@pytest.mark.parametrize("status", [429, 503])
def test_a_pause_that_is_too_long(status):
    """The caller is told at once, instead of waiting for an hour."""
    with scripted([answer(status, "Retry-After: 3600", body='{"msg": "later"}')]) as (connection, asked):
        with pytest.raises(exceptions.ServerRefusedError, match="later"):
            connection.request(READING, "task")

        assert asked == [READING]


@pytest.mark.parametrize("status", [200, 404])
def test_a_download_that_breaks_off(status):
    """Whatever it was about to say, the connection's end is not the end of that."""
    half = answer(status, body="half").replace(b"Length: 4", b"Length: 8")
    with scripted([half]) as (connection, _), pytest.raises(exceptions.MalformedAnswerError):
        list(connection.download("blobstream/x"))


def test_a_download_with_a_token_that_has_expired():
    """The refusal, the renewal and the download go over one connection, and the caller never notices."""
    expired, renewed = answer(401, body='{"msg": "expired"}'), answer(body=json.dumps(tokens("new")))
    with scripted([expired, renewed, answer(body="bytes")]) as (connection, asked):
        connection.tokens = Tokens("old", "refresh", None)

        assert b"".join(connection.download("blobstream/x")) == b"bytes"
        assert asked == [READING, WRITING, READING]


@pytest.mark.parametrize("method", [READING, WRITING])
def test_what_was_not_sent_is_tried_again(method):
    """Nobody listens, or not in time: that is safe for every call, and ends after three times."""
    tries = patience()
    for _ in range(3):
        tries = tries.increment(method, "/api/task", error=ConnectTimeoutError())

    with pytest.raises(MaxRetryError):
        tries.increment(method, "/api/task", error=ConnectTimeoutError())


@pytest.mark.parametrize("error", [ReadTimeoutError(None, "", ""), ProtocolError("reset")])
def test_what_may_have_been_sent_is_tried_again_where_it_changes_nothing(error):
    """Once, and never a change."""
    tries = patience().increment(READING, "/api/task", error=error)

    with pytest.raises(MaxRetryError):
        tries.increment(READING, "/api/task", error=error)
    with pytest.raises(type(error)):
        patience().increment(WRITING, "/api/task", error=error)


def test_a_certificate_that_is_refused_is_not_looked_at_again():
    """It would be refused again."""
    with pytest.raises(MaxRetryError):
        patience().increment(READING, "/api/task", error=SSLError("self-signed"))


def test_a_server_without_a_name():
    """An unknown host is an address that is wrong, or a network that is down."""
    with pytest.raises(exceptions.ConnectionFailedError, match="address"):
        Connection("http://nowhere.invalid/api").request(READING, "version")


def test_credentials_of_the_environment_stay_out(monkeypatch, tmp_path):
    """A .netrc file says nothing about who is logged in here."""
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login somebody password else\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    with MockServer() as server, UserClient(server.url, progress=False) as client:
        client.authenticate("root", "root")
        client.user.get()

        assert server.journal.last.headers["Authorization"] == "Bearer [user root]"


THREADS = 20


@pytest.fixture
def crowd():
    """A client that many threads share, on a server on a port whose tokens have expired."""
    with MockServer() as server:
        server.clock.freeze()
        with UserClient(server.url, progress=False) as client:
            client.authenticate("root", "root")
            server.clock.advance(7 * 3600)
            server.journal.clear()
            yield server, client


def at_once(call):
    """Let all threads make a call at the same moment, and return what comes of it."""
    gate = Barrier(THREADS)

    def wait_and_call(_):
        gate.wait(10)
        try:
            return call()
        except exceptions.V6ClientError as error:
            return error

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(wait_and_call, range(THREADS)))


def test_many_threads_renew_an_expired_token_once(crowd):
    """All calls get their answer, and one of them has renewed the token for all."""
    server, client = crowd

    names = at_once(lambda: client.user.get()["username"])

    assert names == ["root"] * THREADS
    assert len(server.journal.where(path="/token/refresh")) == 1


def test_many_threads_learn_at_once_that_the_session_is_over(crowd):
    """Those that wait for a renewal do not ask in turn when it has failed."""
    server, client = crowd
    server.clock.advance(50 * 3600)

    errors = at_once(client.user.get)

    assert {type(error) for error in errors} == {exceptions.SessionExpiredError}
    assert len(server.journal.where(path="/token/refresh")) < THREADS


def test_threads_do_not_mix_their_answers(crowd):
    """Each gets what it asked for."""
    server, client = crowd
    names = [f"Org {number}" for number in range(THREADS)]

    with ThreadPoolExecutor(THREADS) as pool:
        made = list(pool.map(lambda name: client.organization.create(name, "", "", "", "NL", ""), names))

    assert [row["name"] for row in made] == names
    assert len(server.journal.where(method="POST", path="/organization", status=201)) == THREADS


@pytest.mark.skipif(not hasattr(os, "fork"), reason="only some systems fork processes")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")  # which threads have to fear that hold locks
def test_a_forked_process_has_connections_of_its_own():
    """It goes on with the login, and does not read the answers of its parent."""
    with MockServer() as server, UserClient(server.url, timeout=5, progress=False) as client:
        client.authenticate("root", "root")
        before = client.connection._session
        receiving, sending = os.pipe()
        child = os.fork()
        if not child:
            names = [client.user.get()["username"] for _ in range(3)]
            os.write(sending, json.dumps([names, client.connection._session is before]).encode())
            os._exit(0)
        assert client.user.get()["username"] == "root"
        os.waitpid(child, 0)

        assert json.loads(os.read(receiving, 1000)) == [["root"] * 3, False]
        assert client.connection._session is before


def test_a_login_that_was_renewed_elsewhere():
    """A renewal that somebody else has finished is taken, not repeated."""
    server = MockServer()
    client = server.client()
    old, new = Tokens("old", "old", 0.0), client.connection.tokens
    client.connection.tokens = new

    assert client.connection._renewed(old) is new
    assert len(server.journal.where(path="/token/refresh")) == 0


class Wire:
    """A socket that has an answer, and notes how it is set, unless it knows nothing of that."""

    def __init__(self, *, knows=True):
        self.knows = knows
        self.options = []

    def setsockopt(self, *option):
        """Note an option."""
        if not self.knows:
            raise OSError(errno.ENOPROTOOPT, "Protocol not available")
        self.options.append(option)

    def makefile(self, *_):
        """Return what comes in."""
        return BytesIO(answer())

    def sendall(self, data):
        """Take anything."""

    settimeout = close = sendall


def over(wire, scheme):
    """Make two requests over a socket, as a client's own session does, and return the statuses that come."""
    session = own_session("http://server.invalid")
    pool = session.get_adapter(f"{scheme}://").poolmanager.connection_from_url(f"{scheme}://server.invalid")
    connection = pool.ConnectionCls("server.invalid")
    connection.sock = wire
    statuses = []
    for _ in range(2):
        connection.request("GET", "/")
        came = connection.getresponse()
        came.read()
        statuses.append(came.status)
    return statuses


@pytest.mark.skipif(not hasattr(socket, "TCP_QUICKACK"), reason="only Linux puts acknowledgements off, and can be told")
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_answers_are_acknowledged_promptly(scheme):
    """Linux forgets that it was told to, so that it is told for each."""
    wire = Wire()

    over(wire, scheme)

    assert wire.options == [(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)] * 2


@pytest.mark.parametrize("option", [None, getattr(socket, "TCP_QUICKACK", 12)])
def test_answers_where_nobody_can_be_told(monkeypatch, option):
    """On other systems than Linux, and where something else passes for it, they come all the same."""
    monkeypatch.setattr("v6client._session.QUICK", option)
    wire = Wire(knows=False)

    assert over(wire, "http") == [200, 200]
