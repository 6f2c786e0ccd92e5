"""
What the mock adds to a request in process: the same through a Flask application with one trivial route.
"""

from __future__ import annotations

import flask
import requests
from timing import measure, print_table

from v6mockserver import MockServer
from v6mockserver._wsgi import WSGIAdapter


def main() -> None:
    """
    Compare a trivial Flask route, without and with `requests`, with routes of the mock.
    """
    bare = bare_application()
    trivial = requests.Session()
    trivial.trust_env = False
    trivial.mount("http://", WSGIAdapter(bare))
    server = MockServer()
    client = server.client()
    session = server.session()
    session.headers["Authorization"] = f"Bearer {client.token}"

    def get(path: str) -> None:
        assert session.get(f"{server.url}/api/{path}").ok

    subjects = {
        "bare Flask through requests": lambda: trivial.get("http://bare.invalid/trivial"),
        "GET /version": lambda: get("version"),
        "GET /organization (token, rules, page)": lambda: get("organization"),
        "GET /user/1": lambda: get("user/1"),
        "client.organization.list()": client.organization.list,
    }
    print_table("request in process", measure(subjects, rounds=300))


def bare_application() -> flask.Flask:
    """
    Return a Flask application with one trivial route.
    """
    app = flask.Flask("bare")
    app.add_url_rule("/trivial", view_func=lambda: {"version": "0"}, endpoint="trivial")
    return app
