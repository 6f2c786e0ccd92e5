"""
Asking others over HTTP, on behalf of the server.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import requests

from v6mockserver.state.talk import Reply

if TYPE_CHECKING:
    from v6mockserver.state.talk import Question

PATIENCE = 10.0
"""Seconds that the server waits for somebody to connect, and then for each part of the answer."""


def ask(session: requests.Session, question: Question) -> Reply:
    """
    Send a question and return the reply; whoever cannot be reached, or takes too long, has none.
    """
    try:
        response = session.request(
            question.method,
            question.url,
            headers=dict(question.headers),
            params=dict(question.query),
            json=question.body,
            timeout=PATIENCE,
        )
    except (requests.RequestException, UnicodeError):
        # An address may have characters in it that neither a name server nor a header takes.
        return Reply(None)
    try:
        return Reply(response.status_code, response.json())
    except requests.JSONDecodeError:
        return Reply(response.status_code)
