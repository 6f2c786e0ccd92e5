"""The conversation with a server, against scripted answers and a real socket."""

from __future__ import annotations

import json
import logging
import re
import socket
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import jwt
import pytest
import requests
from requests.adapters import BaseAdapter

from v6client import exceptions
from v6client._http import Connection

URL = "http://server.invalid/api"


def token(name="access", lifetime=timedelta(hours=6)):
    """Return a token like the server's; only its age is ever read."""
    now = datetime.now(timezone.utc)  # noqa: TID251 -- the client lives in the real world
    return jwt.encode({"name": name, "iat": now, "exp": now + lifetime}, "k" * 32)


def tokens(name="access", lifetime=timedelta(hours=6)):
    """Return the answer to a login."""
    return {
        "access_token": token(name, lifetime),
        "refresh_token": token("refresh"),
        "refresh_url": "/api/token/refresh",
    }


class Script(BaseAdapter):
    """Plays answers in their order, and remembers what was asked."""

    def __init__(self, *answers):
        super().__init__()
        self.answers = list(answers)
        self.headers = {}
        self.requests = []
        self.limits = []

    def send(self, request, *, timeout, **_):
        """Play the next answer: a status and a body, or an exception."""
        self.requests.append(request)
        self.limits.append(timeout)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        response = requests.Response()
        response.status_code, body = answer
        response._content = body if isinstance(body, bytes) else json.dumps(body).encode()
        response._content_consumed = True
        response.headers.update(self.headers)
        response.url, response.request = request.url, request
        return response

    def close(self):
        """Nothing is open."""

    @property
    def asked(self):
        """Return methods and paths, in order."""
        return [f"{request.method} {request.path_url}" for request in self.requests]


def connected(*answers, logged_in=True):
    """Return a connection that is logged in, and the script it plays."""
    script = Script(*([(200, tokens())] if logged_in else []), *answers)
    session = requests.Session()
    session.mount("http://", script)
    connection = Connection(URL, session=session)
    if logged_in:
        connection.login("token/user", {"username": "u", "password": "p"})
        script.requests.clear()
    return connection, script


def test_an_answer_is_decoded_json():
    """A call gives what the server said, and sends the token along."""
    connection, script = connected((200, {"id": 3}))

    assert connection.request("GET", "task/3", params={"include": None, "page": 1}) == {"id": 3}
    assert script.asked == ["GET /api/task/3?page=1"]
    assert script.requests[0].headers["Authorization"] == f"Bearer {connection.token}"


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, exceptions.InvalidInputError),
        (403, exceptions.PermissionDeniedError),
        (404, exceptions.NotFoundError),
        (409, exceptions.ConflictError),
        (415, exceptions.InvalidInputError),
        (500, exceptions.ServerFailedError),
        (503, exceptions.ServerFailedError),
    ],
)
def test_a_refusal_is_an_exception(status, error):
    """Its class tells what to do, its attributes what was asked and what the server said."""
    connection, script = connected((status, {"msg": "no", "errors": {"name": ["too long"]}}))

    with pytest.raises(error) as caught:
        connection.request("POST", "task", json={})

    refused = caught.value
    assert (refused.status, refused.message, refused.method, refused.path) == (status, "no", "POST", "task")
    assert refused.errors == {"name": ["too long"]}
    assert refused.request is script.requests[0]
    assert script.asked == ["POST /api/task"]


def test_a_missing_rule_is_told_from_an_expired_token():
    """After a 401 the tokens are renewed once; a second 401 means that a rule is missing."""
    connection, script = connected((401, {"msg": "no"}), (200, tokens("new")), (401, {"msg": "no"}))

    with pytest.raises(exceptions.PermissionDeniedError) as caught:
        connection.request("POST", "task", json={})

    assert caught.value.missing_rules == ("task CREATE COLLABORATION", "task CREATE GLOBAL")
    assert script.asked == ["POST /api/task", "POST /api/token/refresh", "POST /api/task"]


def test_a_refusal_that_no_rule_would_help():
    """Nothing is advised where nothing is known, as where a proxy refuses what the server does not even have."""
    connection, _ = connected((403, {"msg": "not from here"}))

    with pytest.raises(exceptions.PermissionDeniedError) as caught:
        connection.request("GET", "metrics")

    assert caught.value.missing_rules == ()
    assert str(caught.value) == "GET metrics was refused with status 403: not from here"


@pytest.mark.parametrize("status", [401, 422])
def test_an_expired_token_is_renewed_once(status):
    """The caller never notices."""
    connection, script = connected((status, {"msg": "old"}), (200, tokens("new")), (200, {"id": 1}))

    assert connection.request("GET", "user/1") == {"id": 1}
    assert len(script.requests) == 3


def test_a_token_is_renewed_ahead_of_its_end():
    """A call does not start with a token that may expire on its way."""
    script = Script((200, tokens(lifetime=timedelta(0))), (200, tokens("new")), (200, {}))
    session = requests.Session()
    session.mount("http://", script)
    connection = Connection(URL, session=session)
    connection.login("token/user", {})

    connection.request("GET", "user/1")

    assert script.asked == ["POST /api/token/user", "POST /api/token/refresh", "GET /api/user/1"]


@pytest.mark.parametrize("status", [401, 422])
def test_tokens_that_cannot_be_renewed_end_the_session(status):
    """They have expired, or the server signs with another secret now; the error says to log in again."""
    connection, _ = connected((status, {"msg": "old"}), (status, {"msg": "too old"}))

    with pytest.raises(exceptions.SessionExpiredError, match="authenticate"):
        connection.request("GET", "user/1")


def test_a_server_that_fails_to_renew():
    """That does not end the session: later calls try again."""
    connection, _ = connected(
        (401, {"msg": "old"}), (503, {"msg": "busy"}), (401, {"msg": "old"}), (200, tokens("new")), (200, {"id": 1})
    )

    with pytest.raises(exceptions.ServerFailedError, match="token/refresh"):
        connection.request("GET", "user/1")

    assert connection.request("GET", "user/1") == {"id": 1}


def test_a_password_is_never_sent_twice():
    """Each refusal counts towards locking the account. Where the token is good, it is the password that was refused."""
    connection, script = connected((401, {"msg": "wrong"}), (200, {}))

    with pytest.raises(exceptions.AuthenticationError):
        connection.request("PATCH", "password/change", json={})

    assert script.asked == ["PATCH /api/password/change", "GET /api/rule/1"]


def test_a_second_factor_that_is_missing():
    """The server says so with status 200."""
    connection, _ = connected((200, {"msg": "code?"}), logged_in=False)

    with pytest.raises(exceptions.AuthenticationError, match="mfa_code") as caught:
        connection.login("token/user", {"password": "Secret-42"})

    assert caught.value.request.body is None


def test_a_call_before_the_login():
    """The server wants to know who asks, and the error says how to tell."""
    connection, _ = connected((401, {"msg": "who?"}), logged_in=False)

    with pytest.raises(exceptions.NotAuthenticatedError, match="authenticate"):
        connection.request("GET", "task")


@pytest.mark.parametrize("answer", [[], "text", {"access_token": "x"}, {"access_token": "x", "refresh_token": "y"}])
def test_a_login_that_gives_no_tokens(answer):
    """It is told from a refusal, and nobody is logged in."""
    connection, _ = connected((200, answer), logged_in=False)

    with pytest.raises(exceptions.MalformedAnswerError):
        connection.login("token/user", {})

    assert connection.token is None


def test_a_renewal_brings_no_ended_login_back():
    """Who closes a connection, or logs in anew, while another thread renews the tokens, has the last word."""
    connection, script = connected((401, {"msg": "expired"}), (200, tokens("renewed")))
    play = script.send

    def closing(request, **how):
        if "refresh" in request.url:
            connection.close()
        return play(request, **how)

    script.send = closing

    with pytest.raises(exceptions.NotAuthenticatedError, match="log in again"):
        connection.request("GET", "task")

    assert connection.token is None


NOT_JSON = [b"<html>Bad Gateway</html>", b'{"data": [1, 2', b"", b"\xff", pytest.param(b"[" * 100_000, id="deep")]
NO_OBJECT = ["Bad Gateway", ["bad", "gateway"], None]


@pytest.mark.parametrize("body", NOT_JSON)
@pytest.mark.parametrize("status", [200, 201, 400, 401])
def test_an_answer_that_is_not_json(status, body):
    """It is an error that asks whether the address is right, not a decoding error."""
    connection, _ = connected((status, body), *[(status, body)] * 2)

    with pytest.raises(exceptions.MalformedAnswerError, match=r"is there a .* at http://server\.invalid/api") as caught:
        connection.request("GET", "task")

    assert caught.value.status == status


@pytest.mark.parametrize("body", NO_OBJECT)
@pytest.mark.parametrize("status", [400, 401, 404])
def test_a_refusal_that_is_not_a_servers(status, body):
    """Servers refuse with an object; something else stands at this address, and the error asks whether it is right."""
    connection, _ = connected((status, body), logged_in=False)

    with pytest.raises(
        exceptions.MalformedAnswerError, match=r"no object: is there a .* at http://server\.invalid/api"
    ):
        connection.request("GET", "version")


@pytest.mark.parametrize("body", [*NOT_JSON, *NO_OBJECT])
def test_a_failure_that_a_proxy_tells(body):
    """A proxy speaks for a server that is down: whatever it says, the server has failed."""
    connection, _ = connected((502, body))

    with pytest.raises(exceptions.ServerFailedError, match="status 502") as caught:
        connection.request("POST", "task", json={})

    assert caught.value.request.body is None


def test_a_route_that_the_server_does_not_have():
    """Servers answer an unknown route with HTML."""
    connection, _ = connected((404, b"<html>"))

    with pytest.raises(exceptions.ServerTooOldError, match="GET study"):
        connection.request("GET", "study")


def test_a_server_that_moved():
    """Nothing is sent to an address that the caller did not give; the error names it."""
    connection, script = connected((302, {}))
    script.headers = {"location": "https://elsewhere.invalid/"}

    with pytest.raises(exceptions.MalformedAnswerError, match=r"https://elsewhere\.invalid/"):
        connection.request("POST", "task", json={})

    assert len(script.requests) == 1


@pytest.mark.parametrize(
    ("failure", "error"),
    [
        (requests.ConnectTimeout(), exceptions.ConnectionTimeoutError),
        (requests.ReadTimeout(), exceptions.ConnectionTimeoutError),
        (requests.ConnectionError("reset"), exceptions.ConnectionFailedError),
        (ConnectionResetError(), exceptions.ConnectionFailedError),
        (requests.exceptions.ChunkedEncodingError("cut"), exceptions.MalformedAnswerError),
    ],
)
def test_no_answer_is_an_error_and_a_post_is_not_sent_again(failure, error):
    """What may have reached the server is never repeated."""
    connection, script = connected(failure)

    with pytest.raises(error):
        connection.request("POST", "task", json={})

    assert len(script.requests) == 1


@pytest.mark.parametrize("value", [float("nan"), object(), {1, 2}])
def test_a_body_that_is_no_json(value):
    """It is the caller's mistake, and nothing is sent."""
    connection, script = connected()

    with pytest.raises(exceptions.UsageError, match="JSON"):
        connection.request("POST", "task", json={"x": value})

    assert script.requests == []


@pytest.mark.parametrize("password", ["Secret-42", "Secret/42", "Secret:42", "Secret[42"])
def test_a_password_in_the_address(password):
    """Addresses are logged and shown."""
    with pytest.raises(exceptions.UsageError, match="authenticate") as caught:
        Connection(f"https://root:{password}@server.invalid/api")

    assert "Secret" not in str(caught.value)


@pytest.mark.parametrize("timeout", [0, -1, "5", True, float("nan"), float("inf"), (), (1, 2, 3), (1, "2"), {}])
def test_a_time_limit_that_is_none(timeout):
    """It is refused at once, and not by whatever stumbles over it first."""
    with pytest.raises(exceptions.UsageError, match="timeout is seconds"):
        Connection("https://server.invalid/api", timeout=timeout)


@pytest.mark.parametrize(("timeout", "limit"), [(None, None), (7, 7), ([2, 7.5], (2, 7.5)), ((2, None), (2, None))])
def test_a_time_limit(timeout, limit):
    """One for all, or one for a connection and one for an answer; None is as long as it takes."""
    script, session = Script((200, {})), requests.Session()
    session.mount("http://", script)

    Connection(URL, session=session, timeout=timeout).request("GET", "version")

    assert script.limits == [limit]


@pytest.mark.parametrize("proxies", ["http://proxy.invalid:3128", ["http://proxy.invalid:3128"]])
def test_proxies_that_are_none(proxies):
    """An address alone does not say what goes through it."""
    with pytest.raises(exceptions.UsageError, match="proxies is a dict"):
        Connection("https://server.invalid/api", proxies=proxies)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"session": 5}, "session is a session of `requests`, not 5"),
        ({"session": requests.Session}, "session is a session of `requests`, not <class"),
        ({"verify": 5}, "verify is True, False, or the path of a file with certificates, not 5"),
        ({"verify": ""}, "verify is empty"),
        ({"cert": 5}, "cert is the path of a certificate .* not 5"),
        ({"cert": ()}, "cert is the path of a certificate"),
        ({"cert": ("a.pem", "b.pem", "c.pem")}, "cert is the path of a certificate"),
        ({"cert": ("a.pem", None)}, "cert is the path of a certificate"),
        ({"proxies": {"https": 3128}}, "the proxy for https is an address, not 3128"),
    ],
)
def test_options_that_are_of_another_kind(options, said):
    """They are refused at once, and not by `requests` at the first call; nobody is trusted for want of a path."""
    with pytest.raises(exceptions.UsageError, match=said):
        Connection("https://server.invalid/api", **options)


def test_a_password_of_a_proxy():
    """It is not shown where the proxy is not given as it should be."""
    with pytest.raises(exceptions.UsageError, match="proxies is a dict") as caught:
        Connection("https://server.invalid/api", proxies="http://nora:Secret-42@proxy.invalid:3128")

    assert "Secret" not in str(caught.value)


@pytest.mark.parametrize("options", [{"verify": "/no/such/ca.pem"}, {"cert": "/no/such/client.pem"}])
def test_a_certificate_that_is_not_there(options):
    """The error says where to look."""
    connection = Connection("https://127.0.0.1:1/api", **options)

    with pytest.raises(exceptions.UsageError, match=r"/no/such/\w+\.pem.*verify, cert"):
        connection.request("GET", "version")


@pytest.mark.parametrize(
    "address", ["http://a b", "http://[::1", "http://a:b", "http://a:70000", "http://a:0", "http:"]
)
def test_an_address_that_is_none(address):
    """It is told from a server that is down."""
    with pytest.raises(exceptions.UsageError, match=f"{re.escape(address)}.*host"):
        Connection(f"{address}/api")


def test_a_closed_connection_forgets_its_tokens():
    """Nobody goes on with a login that was ended."""
    connection, _ = connected()

    connection.close()

    assert connection.token is None


def test_nothing_secret_is_logged(caplog):
    """At DEBUG there are methods, addresses and statuses, and nothing else."""
    with caplog.at_level(logging.DEBUG, logger="v6client"):
        connection, _ = connected((200, {"result": "secret-result"}))
        connection.request("GET", "result/1")

    assert "GET http://server.invalid/api/result/1" in caplog.text
    for secret in (connection.token, "secret-result", "password"):
        assert secret not in caplog.text


@pytest.fixture
def server():
    """An HTTP server on loopback that plays statuses in their order, and remembers what was asked."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            """Answer any method."""
            listener.asked.append(self.command)
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            status = listener.statuses.pop(0) if listener.statuses else 200
            body = json.dumps(tokens("new") if "token" in self.path else {"msg": "said"}).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET  # noqa: N815 -- the name is the library's

        def log_message(self, *_):
            """Print nothing."""

    listener = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    listener.asked, listener.statuses, listener.daemon_threads = [], [], True
    listener.url = f"http://127.0.0.1:{listener.server_port}/api"
    thread = Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield listener
    listener.shutdown()
    listener.server_close()
    thread.join()


@pytest.fixture
def connection(server):
    """A connection with a session of its own."""
    connection = Connection(server.url)
    yield connection
    connection.close()


def test_reading_is_tried_again(server, connection):
    """A server that is busy for a moment is no reason to fail."""
    server.statuses = [503]

    assert connection.request("GET", "task") == {"msg": "said"}
    assert server.asked == ["GET", "GET"]


def test_writing_is_not_tried_again(server, connection):
    """A task may have been created although the answer says otherwise."""
    server.statuses = [503]

    with pytest.raises(exceptions.ServerFailedError):
        connection.request("POST", "task", json={})

    assert server.asked == ["POST"]


def test_a_closed_port(connection):
    """Nobody listens: the error asks whether the server is up."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        url = f"http://127.0.0.1:{free.getsockname()[1]}"

    with pytest.raises(exceptions.ConnectionFailedError, match=r"version failed: Failed to .* Is the server up"):
        Connection(url).request("GET", "version")


def test_a_server_that_hangs():
    """Every call has a time limit."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        connection = Connection(f"http://127.0.0.1:{silent.getsockname()[1]}", timeout=0.05)

        with pytest.raises(exceptions.ConnectionTimeoutError, match="timeout="):
            connection.request("POST", "task", json={})

        connection.close()


def test_many_threads_renew_once(server, connection):
    """Of many threads with an expired token, one renews it and the others wait."""
    server.statuses = [200]
    connection.login("token/user", {})
    connection.tokens = type(connection.tokens)("old", "refresh", 0.0)
    server.asked.clear()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: connection.request("GET", "task"), range(8)))

    assert sorted(server.asked) == ["GET"] * 8 + ["POST"]
