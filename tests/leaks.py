"""
No test lets a secret get into a log.

All loggers speak at DEBUG, and all that they say during a test is searched at its end for what went over HTTP in this
process and is secret: passwords, API keys, second factors, reset tokens, results; and for anything that looks like a
token or a private key. The root logger has to have the same handlers and the same level after a test as before.

What is shorter than eight characters cannot be told from other text, and what processes of their own log is not seen.
"""

from __future__ import annotations

import base64
import logging
import re
import traceback

import pytest
import requests

SHORTEST, LONGEST = 8, 200

# In bodies of requests and answers. A long value is known by its beginning.
FIELDS = rb"password|current_password|new_password|api_key|otp_secret|reset_token|result"
SECRET = re.compile(rb'"(%b)": ?"([^"\\]{%d,%d})' % (FIELDS, SHORTEST, LONGEST))
UUID = re.compile(r"[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}")

BY_LOOK = {
    "a token": re.compile(r"eyJ[\w-]{8,}\.eyJ[\w-]{8,}"),
    "a private key": re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----"),
}


class Watch(logging.Handler):
    """Everything that was logged, and every secret that was seen, in one test."""

    def __init__(self):
        super().__init__(logging.DEBUG)
        self.said, self.secrets = [], {}

    def emit(self, record):
        """Keep what any handler could show of a record."""
        self.said.append(f"{record.name}: {record.getMessage()}")
        if record.exc_info and record.exc_info[0]:
            self.said.extend(traceback.format_exception(*record.exc_info))

    def learn(self, kind, text):
        """Take note of a secret."""
        if len(text) >= SHORTEST:
            self.secrets[text[:LONGEST]] = kind

    def overhear(self, body):
        """Take note of the secrets in the body of a request or an answer."""
        for field, value in SECRET.findall(body):
            kind, text = field.decode(), value.decode(errors="replace")
            if kind == "result" and UUID.fullmatch(text):
                continue  # the name of a blob, which is in addresses
            self.learn(kind, text)
            if kind == "result":
                self.learn(kind, decoded(text))

    def leaks(self):
        """Return the lines with a secret in them, each with what that is, and forget them."""
        said, secrets = self.said, self.secrets
        self.said, self.secrets = [], {}
        everything = "\n".join(said)
        found = {kind: pattern for kind, pattern in BY_LOOK.items() if pattern.search(everything)}
        found |= {kind: re.compile(re.escape(text)) for text, kind in secrets.items() if text in everything}
        return [(kind, line) for kind, pattern in found.items() for line in said if pattern.search(line)]


def decoded(text):
    """Return the text in base64, as far as it is any."""
    try:
        return base64.b64decode(text[: len(text) // 4 * 4]).decode(errors="ignore")
    except ValueError:
        return ""


WATCH = Watch()


def pytest_configure(config):
    """Listen to the wire and to all loggers."""
    from v6client._crypto import RSACryptor
    from v6mockserver._wsgi import DirectSession

    send, direct, decrypt = requests.Session.send, DirectSession.request, RSACryptor.decrypt

    def overheard(session, request, **how):
        response = send(session, request, **how)
        exchanged(request, response, **how)
        return response

    def overheard_directly(session, method, url, **how):
        response = direct(session, method, url, **how)
        exchanged(response.request, response, **how)
        return response

    def exchanged(request, response, *, stream=False, **_):
        if isinstance(request.body, bytes):
            WATCH.overhear(request.body)
        if not stream:  # then the body is for somebody else to read
            WATCH.overhear(response.content)

    def decrypted(cryptor, text):
        message = decrypt(cryptor, text)
        WATCH.learn("result", message[:LONGEST].decode(errors="ignore"))
        return message

    requests.Session.send, DirectSession.request, RSACryptor.decrypt = overheard, overheard_directly, decrypted
    root = logging.getLogger()
    root.addHandler(WATCH)
    root.setLevel(logging.DEBUG)


def root_logger():
    """Return what a test has to leave as it is; pytest's own handlers come and go."""
    root = logging.getLogger()
    return root.level, [handler for handler in root.handlers if type(handler).__module__ != "_pytest.logging"]


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_setup(item):
    """Remember the root logger, before any fixture."""
    item.stash[ROOT] = root_logger()
    return (yield)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_teardown(item):
    """Look at what was logged, after the last fixture."""
    outcome = yield
    leaks = WATCH.leaks()
    if leaks:
        pytest.fail("\n".join(f"{kind} was logged: {line}" for kind, line in leaks), pytrace=False)
    if root_logger() != item.stash[ROOT]:
        pytest.fail(f"the root logger was {item.stash[ROOT]} and is {root_logger()}", pytrace=False)
    return outcome


ROOT = pytest.StashKey()
