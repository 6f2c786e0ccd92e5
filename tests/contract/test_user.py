"""Users: listing, creating, viewing, changing, deleting."""

from __future__ import annotations

import json

import pytest

from .network import DENIED, DONE, FAILED, GARBLED, INVALID, MISSING, NOT_JSON, REFUSED, deviates, outcome

pytestmark = pytest.mark.validated("4.15.2")

KEYS = {
    "id",
    "type",
    "username",
    "firstname",
    "lastname",
    "email",
    "ip",
    "last_seen",
    "status",
    "otp_secret",
    "last_email_failed_login_sent",
    "last_email_recover_password_sent",
    "organization",
    "roles",
    "rules",
}

ABSENT = 999_999_999


def names(answer):
    """Return the usernames on a page."""
    return sorted(user["username"] for user in answer.json()["data"])


@pytest.fixture
def team(server):
    """Two users of one organization that collaborates with another, and one of that other."""
    own, other = server.organization(), server.organization()
    server.collaboration(own, other)
    return server.user(own), server.user(own), server.user(other)


# ---- POST /user


def test_a_created_user_is_shown(server):
    """What was sent comes back, with links to the rest."""
    organization = server.organization()
    body = server.user_body(organization_id=organization["id"])
    answer = server.root.post("/user", body)
    user = answer.json()

    assert answer.status_code == 201
    assert user.keys() == KEYS
    assert {key: user[key] for key in ("username", "email", "firstname", "lastname")} == {
        key: body[key] for key in ("username", "email", "firstname", "lastname")
    }
    assert (user["type"], user["last_seen"], user["otp_secret"], user["ip"]) == ("user", None, None, None)
    assert user["organization"]["id"] == organization["id"]
    assert (user["roles"], user["rules"]) == (f"/api/role?user_id={user['id']}", f"/api/rule?user_id={user['id']}")


def test_a_user_belongs_to_the_organization_of_their_creator(server):
    """Without organization_id the caller's own organization counts."""
    admin = server.user(None, "user CREATE ORGANIZATION")

    user = admin.post("/user", server.user_body()).json()

    assert user["organization"]["id"] == admin.row["organization"]["id"]


BAD_FIELDS = [
    ("username", "ab"),
    ("username", "a" * 129),
    ("username", "1abc"),
    ("username", "with blank"),
    ("username", "12345"),
    ("username", 12345),
    ("username", None),
    ("username", ["name"]),
    ("password", "Aa1-567"),
    ("password", "Aa1-" + "x" * 125),
    ("password", "No-digits"),
    ("password", "no-upper-1"),
    ("password", "NO-LOWER-1"),
    ("password", "NoSpecial1"),
    ("password", "Accented1é"),
    ("password", 12345678),
    ("email", "a@b"),
    ("email", "a@b.c"),
    ("email", "a b@example.org"),
    ("email", "someone@example.org "),
    ("email", 5),
    ("firstname", "x" * 129),
    ("lastname", "x" * 129),
    ("firstname", None),
    ("lastname", 5),
    ("organization_id", 0),
    ("organization_id", -1),
    ("organization_id", "abc"),
    ("organization_id", "5.0"),
    ("organization_id", True),
    ("organization_id", None),
    ("organization_id", [1]),
    ("roles", 5),
    ("roles", "5"),
    ("roles", None),
    ("roles", {}),
    ("rules", [0]),
    ("rules", [True]),
    ("unknown", 1),
    ("id", 1),
]


@pytest.mark.parametrize(("field", "value"), BAD_FIELDS)
def test_a_bad_field_is_named(server, field, value):
    """A field that does not fit is refused under its own name, and nothing is created."""
    body = server.user_body() | {field: value}
    answer = server.root.post("/user", body)

    assert outcome(answer) == INVALID
    assert list(answer.json()["errors"]) == [field]
    assert server.root.get("/user", email=body["email"] if field != "email" else "x").json()["data"] == []


@pytest.mark.parametrize("field", ["username", "password", "email"])
def test_a_required_field_is_named(server, field):
    """A field that is missing is refused under its own name."""
    body = server.user_body()
    del body[field]
    answer = server.root.post("/user", body)

    assert outcome(answer) == INVALID
    assert list(answer.json()["errors"]) == [field]


def test_all_bad_fields_are_named_together(server):
    """Errors of several fields come at once; those of a list by the index as text."""
    answer = server.root.post("/user", {"username": "ab", "roles": ["x", 1, 0]})

    assert outcome(answer) == INVALID
    assert answer.json()["errors"].keys() == {"username", "password", "email", "roles"}
    assert answer.json()["errors"]["roles"].keys() == {"0", "2"}
    assert all(isinstance(text, str) for text in answer.json()["errors"]["username"])


GOOD_FIELDS = [
    ("username", "a.b-c_9{unique}"),
    ("username", "ends-with-a-line-{unique}\n"),
    ("email", "{unique}@localhost"),
    ("email", "ünïcode{unique}@example.org"),
    ("firstname", ""),
    ("lastname", "x" * 128),
    ("password", "Blank in 1"),
    ("organization_id", "1"),
    ("organization_id", " 1 "),
    ("roles", []),
    ("rules", [1, 1, 2]),
    ("rules", ["1"]),
]


@pytest.mark.parametrize(("field", "value"), GOOD_FIELDS)
def test_an_unusual_field_is_accepted(server, field, value):
    """The limits of what fits."""
    value = value.format(unique=server.name("x")) if isinstance(value, str) else value

    assert server.root.post("/user", server.user_body() | {field: value}).status_code == 201


@pytest.mark.parametrize("body", [[], [1], None, "text", 5])
def test_a_body_must_be_an_object(server, body):
    """JSON that is not an object is refused as a whole."""
    answer = server.root.request("POST", "/user", data=json.dumps(body), headers=JSON)

    assert outcome(answer) == INVALID
    assert list(answer.json()["errors"]) == ["_schema"]


JSON = {"Content-Type": "application/json"}

# The real server wraps these two routes so that what is no JSON ends as a 500; we answer as on all others.
UNREADABLE_BODIES = [
    ("", {}, deviates(mock=NOT_JSON, real=FAILED)),
    ("{}", {"Content-Type": "text/plain"}, deviates(mock=NOT_JSON, real=FAILED)),
    ("", JSON, deviates(mock=GARBLED, real=FAILED)),
    ("{", JSON, deviates(mock=GARBLED, real=FAILED)),
]


@pytest.mark.parametrize(("body", "headers", "expected"), UNREADABLE_BODIES)
@pytest.mark.parametrize(("method", "path"), [("POST", "/user"), ("PATCH", "/user/1")])
def test_a_body_that_is_not_json(server, method, path, body, headers, expected):
    """What cannot be read as JSON is refused as the framework does it."""
    answer = server.root.request(method, path, data=body, headers=headers)

    assert outcome(answer) == server.expected(expected)


@pytest.mark.parametrize("field", ["username", "email"])
def test_names_and_addresses_are_taken_once(server, field):
    """A second user with the same username or e-mail address is refused; case makes a difference."""
    first = server.user_body()
    server.root.post("/user", first)
    again = server.user_body() | {field: first[field]}
    shouted = server.user_body() | {field: first[field].upper()}

    assert outcome(server.root.post("/user", again)) == REFUSED
    assert server.root.post("/user", shouted).status_code == 201


def test_creating_in_an_unknown_organization(server):
    """With the global rule the organization is looked up; with a narrower one it is simply not reached."""
    admin = server.user(None, "user CREATE ORGANIZATION")

    assert outcome(server.root.post("/user", server.user_body(organization_id=ABSENT))) == MISSING
    assert outcome(admin.post("/user", server.user_body(organization_id=ABSENT))) == DENIED


def test_unknown_roles_and_rules_are_passed_over(server):
    """Creating a user with roles or rules that do not exist gives one without them."""
    answer = server.root.post("/user", server.user_body(roles=[ABSENT], rules=[ABSENT]))

    assert answer.status_code == 201
    assert server.root.get("/role", user_id=answer.json()["id"]).json()["data"] == []


@pytest.mark.parametrize("name", ["firstname", "lastname"])
def test_leaving_out_a_name_fails(server, name):
    """Server quirk: both names are optional in the schema, but the server fails without them, and creates nothing."""
    body = server.user_body()
    del body[name]

    assert outcome(server.root.post("/user", body)) == FAILED
    assert server.root.get("/user", username=body["username"]).json()["data"] == []


def test_a_role_stays_in_its_organization(server):
    """A role that an organization owns cannot be given to a user of another one."""
    role = server.role(server.organization(), "user VIEW ORGANIZATION")
    body = server.user_body(organization_id=server.organization()["id"], roles=[role["id"]])

    assert outcome(server.root.post("/user", body)) == DENIED


# ---- GET /user


def test_without_collaboration_the_collaboration_scope_lists_the_own_organization(server):
    """Server quirk: the list shows the own organization's users although a single one of them is out of reach."""
    caller = server.user(None, "user VIEW COLLABORATION")
    colleague = server.root.post("/user", server.user_body(organization_id=caller.row["organization"]["id"])).json()

    assert names(caller.get("/user")) == sorted([caller.row["username"], colleague["username"]])
    assert outcome(caller.get(f"/user/{colleague['id']}")) == DENIED


def test_without_a_rule_only_oneself_is_found_by_name(server):
    """Who may view nobody can still find themselves by their exact username."""
    caller = server.user()
    name = caller.row["username"]

    assert outcome(caller.get("/user")) == DENIED
    assert outcome(caller.get("/user", username=name.upper())) == DENIED
    assert outcome(caller.get("/user", username="root")) == DENIED
    assert names(caller.get("/user", username=name)) == [name]


PATTERNS = [
    ("{}", True),
    ("{}%", True),
    ("%{}", True),
    ("{}_", False),
    ("{}x", False),
    ("", False),
]


@pytest.mark.parametrize(("pattern", "found"), PATTERNS)
@pytest.mark.parametrize("column", ["username", "firstname", "lastname", "email"])
def test_text_is_filtered_by_pattern(server, column, pattern, found):
    """Filters on text are SQL patterns on the whole value."""
    user = server.user(firstname=server.name("first"), lastname=server.name("last")).row
    query = {column: pattern.format(user[column]), "organization_id": user["organization"]["id"]}

    assert names(server.root.get("/user", **query)) == ([user["username"]] if found else [])


def test_filters_are_combined(server):
    """A user must meet all filters of a query."""
    user = server.user().row
    query = {"username": user["username"], "organization_id": user["organization"]["id"]}

    assert names(server.root.get("/user", **query)) == [user["username"]]
    assert names(server.root.get("/user", **query, lastname="nobody's")) == []


def test_the_collaboration_is_judged_last(server):
    """After whatever else users are filtered by."""
    viewer = server.user(None, "user VIEW ORGANIZATION")

    assert outcome(viewer.get("/user", collaboration_id=ABSENT)) == DENIED
    assert outcome(viewer.get("/user", collaboration_id=ABSENT, rule_id=ABSENT)) == REFUSED


def test_users_of_an_organization(server, team):
    """`organization_id` needs a rule that reaches the organization."""
    one, two, other = team
    viewer = server.user({"id": one.row["organization"]["id"]}, "user VIEW ORGANIZATION")
    own, foreign = one.row["organization"]["id"], other.row["organization"]["id"]

    expected = sorted([one.row["username"], two.row["username"], viewer.row["username"]])
    assert names(viewer.get("/user", organization_id=own)) == expected
    assert outcome(viewer.get("/user", organization_id=foreign)) == DENIED
    assert names(server.root.get("/user", organization_id=foreign)) == [other.row["username"]]
    assert names(server.root.get("/user", organization_id=ABSENT)) == []
    assert outcome(viewer.get("/user", organization_id=ABSENT)) == DENIED


def test_users_with_a_role(server):
    """`role_id` of a role that an organization owns needs a rule that reaches that organization."""
    organization = server.organization()
    role = server.role(organization, "user VIEW ORGANIZATION")
    user = server.user(organization, roles=[role["id"]])
    stranger = server.user(None, "user VIEW ORGANIZATION")

    assert names(user.get("/user", role_id=role["id"])) == [user.row["username"]]
    assert outcome(stranger.get("/user", role_id=role["id"])) == DENIED
    assert outcome(server.root.get("/user", role_id=ABSENT)) == REFUSED


def test_users_with_a_rule_of_their_own(server):
    """`rule_id` finds users who hold the rule directly, not through a role."""
    organization = server.organization()
    role = server.role(organization, "port VIEW ORGANIZATION")
    server.user(organization, roles=[role["id"]])
    direct = server.user(organization, "port VIEW ORGANIZATION").row["username"]
    query = {"rule_id": server.rules["port VIEW ORGANIZATION"], "organization_id": organization["id"]}

    assert names(server.root.get("/user", **query)) == [direct]
    assert outcome(server.root.get("/user", rule_id=ABSENT)) == REFUSED


def test_users_of_a_collaboration_are_never_found(server):
    """Server quirk: `collaboration_id` compares text with a number and finds nobody; permission counts nevertheless."""
    organization = server.organization()
    collaboration = server.collaboration(organization)
    member = server.user(organization, "user VIEW COLLABORATION")
    reader = server.user(organization, "user VIEW ORGANIZATION")

    assert names(server.root.get("/user", collaboration_id=collaboration["id"])) == []
    assert names(member.get("/user", collaboration_id=collaboration["id"])) == []
    assert outcome(reader.get("/user", collaboration_id=collaboration["id"])) == DENIED


@pytest.mark.parametrize("name", ["organization_id", "role_id", "rule_id", "collaboration_id"])
def test_an_id_that_is_text(server, name):
    """An id to filter by must be a number; the real server fails where it counts on it."""
    answer = server.root.get("/user", **{name: "abc"})

    assert outcome(answer) == server.expected(TEXT_IDS[name])


TEXT_IDS = {
    "organization_id": deviates(mock=REFUSED, real=FAILED),
    "role_id": REFUSED,
    "rule_id": REFUSED,
    "collaboration_id": deviates(mock=REFUSED, real=FAILED),
}


def test_users_seen_in_a_period(server):
    """`last_seen_from` and `last_seen_till` are inclusive; who was never seen is not found."""
    user = server.user()
    user.get("/rule/1")
    seen = server.root.get(f"/user/{user.id}").json()["last_seen"]
    never = server.root.post("/user", server.user_body()).json()["username"]

    def found(name, **bounds):
        return names(server.root.get("/user", username=name, **bounds)) == [name]

    assert found(user.row["username"], last_seen_from="2024-01-01", last_seen_till="2999-01-01")
    assert not found(user.row["username"], last_seen_from="2999-01-01")
    assert not found(user.row["username"], last_seen_till=seen[:10])
    assert not found(never, last_seen_from="2024-01-01")
    assert not found(never, last_seen_till="2999-01-01")


# ---- GET /user/<id>


def test_everybody_may_view_themselves(server):
    """One's own account needs no rule; a user who does not exist is missing for everybody."""
    caller = server.user()

    assert caller.get(f"/user/{caller.id}").json().keys() == KEYS
    assert outcome(caller.get(f"/user/{ABSENT}")) == MISSING


@pytest.mark.parametrize(("flag", "shown"), [("1", True), ("true", True), ("false", True), ("0", True), ("", False)])
def test_permissions_on_request(server, flag, shown):
    """Server quirk: any text sets the flag `include_permissions`, also "false"."""
    caller = server.user()

    assert ("permissions" in caller.get(f"/user/{caller.id}", include_permissions=flag).json()) is shown


def test_permissions_are_complete(server):
    """Roles, the rules of both kinds, and the organizations that share a collaboration."""
    own, other = server.organization(), server.organization()
    server.collaboration(own, other)
    role = server.role(own, "user VIEW ORGANIZATION")
    caller = server.user(own, "role VIEW ORGANIZATION", "user VIEW ORGANIZATION", roles=[role["id"]])

    permissions = caller.get(f"/user/{caller.id}", include_permissions=1).json()["permissions"]

    assert {key: sorted(ids) for key, ids in permissions.items()} == {
        "roles": [role["id"]],
        "rules": sorted(server.ids(["user VIEW ORGANIZATION", "role VIEW ORGANIZATION"])),
        "orgs_in_collabs": sorted([own["id"], other["id"]]),
    }


def test_permissions_of_a_user_in_no_collaboration(server):
    """An organization that is in no collaboration does not even share one with itself."""
    caller = server.user()

    permissions = caller.get(f"/user/{caller.id}", include_permissions=1).json()["permissions"]

    assert permissions == {"roles": [], "rules": [], "orgs_in_collabs": []}


# ---- PATCH /user/<id>


def test_changing_a_user(server):
    """What is sent is changed, the rest stays."""
    user = server.user().row
    changes = {"firstname": "New", "lastname": "", "email": f"{server.name()}@example.org"}
    answer = server.root.patch(f"/user/{user['id']}", changes)

    assert answer.status_code == 200
    assert answer.json() == server.root.get(f"/user/{user['id']}").json()
    assert {**user, **changes} == answer.json() | {"last_seen": user["last_seen"]} | {
        "organization": user["organization"]
    }


def test_changing_nothing(server):
    """An empty object changes nothing."""
    user = server.user()

    assert server.root.patch(f"/user/{user.id}", {}).status_code == 200


def test_an_organization_cannot_be_changed(server):
    """`organization_id` is read and passed over."""
    user = server.user()
    answer = server.root.patch(f"/user/{user.id}", {"organization_id": 1})

    assert answer.json()["organization"]["id"] == user.row["organization"]["id"]
    assert outcome(server.root.patch(f"/user/{user.id}", {"organization_id": 0})) == INVALID


EDIT_ORDER = [
    ("absent", {"unknown": 1}, MISSING),
    ("colleague", {"unknown": 1}, INVALID),
    ("colleague", {"password": "weak"}, INVALID),
    ("colleague", {"password": "Good-enough-1"}, REFUSED),
    ("colleague", {"lastname": "X"}, DENIED),
    ("colleague", {"username": "root"}, DENIED),
]


@pytest.mark.parametrize(("whom", "body", "expected"), EDIT_ORDER)
def test_in_which_order_a_change_is_judged(server, whom, body, expected):
    """Existence, body, password, rules: what comes first is answered."""
    organization = server.organization()
    caller, colleague = server.user(organization), server.user(organization)
    id_ = {"absent": ABSENT, "colleague": colleague.id}[whom]

    assert outcome(caller.patch(f"/user/{id_}", body)) == expected


def test_only_the_owner_changes_a_username(server):
    """Taken names are refused first; then only the owner may change it. Sending the same name changes nothing."""
    user = server.user(None, "user EDIT OWN")
    path, name = f"/user/{user.id}", server.name("renamed")

    assert outcome(server.root.patch(path, {"username": name})) == REFUSED
    assert outcome(user.patch(path, {"username": "root"})) == REFUSED
    assert server.root.patch(path, {"username": user.row["username"]}).status_code == 200
    assert user.patch(path, {"username": name}).json()["username"] == name
    assert server.login(name).id == user.id


def test_a_taken_address_is_refused(server):
    """An e-mail address that another user has is refused; one's own is not."""
    user, other = server.user(), server.user()

    assert outcome(server.root.patch(f"/user/{user.id}", {"email": other.row["email"]})) == REFUSED
    assert server.root.patch(f"/user/{user.id}", {"email": user.row["email"]}).status_code == 200


def role_ids(server, user):
    """Return the ids of a user's roles."""
    return sorted(role["id"] for role in server.root.get("/role", user_id=user.id).json()["data"])


def test_roles_replace_the_whole_set(server):
    """`roles` is the new set; an empty list takes all away."""
    user = server.user(roles=["Viewer"])
    path = f"/user/{user.id}"
    server.root.patch(path, {"roles": [server.roles["Researcher"], server.roles["node"]]})
    replaced = role_ids(server, user)
    server.root.patch(path, {"roles": []})

    assert replaced == sorted([server.roles["Researcher"], server.roles["node"]])
    assert role_ids(server, user) == []


def test_rules_replace_the_whole_set(server):
    """`rules` is the new set of extra rules; roles stay."""
    user = server.user(None, "user VIEW GLOBAL", roles=["container"])
    server.root.patch(f"/user/{user.id}", {"rules": [server.rules["user EDIT GLOBAL"]]})
    held = {rule["id"] for rule in server.root.get("/rule", user_id=user.id, no_pagination=1).json()["data"]}
    of_role = server.root.get("/rule", role_id=server.roles["container"], no_pagination=1).json()["data"]

    assert held == {server.rules["user EDIT GLOBAL"]} | {rule["id"] for rule in of_role}


@pytest.mark.parametrize("what", ["roles", "rules"])
def test_unknown_permissions_are_missing(server, what):
    """Unlike when creating, roles and rules that do not exist are refused; also for oneself."""
    user = server.user()

    assert outcome(server.root.patch(f"/user/{user.id}", {what: [ABSENT]})) == MISSING
    assert outcome(server.root.patch(f"/user/{server.root.id}", {what: [ABSENT]})) == MISSING


@pytest.mark.parametrize("what", ["roles", "rules"])
def test_nobody_changes_their_own_permissions(server, what):
    """Not even root, and not even to what they are already."""
    assert outcome(server.root.patch(f"/user/{server.root.id}", {what: []})) == DENIED
    assert outcome(server.root.patch(f"/user/{server.root.id}", {what: [1]})) == DENIED


@pytest.mark.parametrize("what", ["roles", "rules"])
def test_giving_and_taking_need_the_rule(server, what):
    """A permission that the caller does not hold can neither be given nor taken, nor named as one that stays."""
    organization = server.organization()
    admin = server.user(organization, "user EDIT ORGANIZATION", "user VIEW ORGANIZATION")

    def ids(rule):
        return [server.rules[rule]] if what == "rules" else [server.role(organization, rule)["id"]]

    held, not_held = ids("user VIEW ORGANIZATION"), ids("user DELETE ORGANIZATION")
    user = server.root.post("/user", server.user_body(organization_id=organization["id"]) | {what: not_held}).json()
    path = f"/user/{user['id']}"

    assert outcome(admin.patch(path, {what: []})) == DENIED
    assert outcome(admin.patch(path, {what: not_held + held})) == DENIED
    assert outcome(admin.patch(path, {what: not_held})) == DENIED
    assert outcome(admin.patch(f"/user/{server.user(organization).id}", {what: not_held})) == DENIED
    assert admin.patch(f"/user/{server.user(organization).id}", {what: held}).status_code == 200


def test_a_role_of_another_organization_is_refused(server):
    """A role that an organization owns cannot be given to a user of another one."""
    role = server.role(server.organization(), "user VIEW ORGANIZATION")

    assert outcome(server.root.patch(f"/user/{server.user().id}", {"roles": [role["id"]]})) == DENIED


def test_a_change_of_roles_counts_at_once(server):
    """Rules are looked up at every request, whatever the token says."""
    user = server.user()
    before = user.get("/user/1").status_code
    server.root.patch(f"/user/{user.id}", {"roles": [server.roles["Root"]]})

    assert (before, user.get("/user/1").status_code) == (401, 200)


# ---- DELETE /user/<id>


def test_deleting_oneself(server):
    """With the rule for OWN one can delete oneself; the token is dead at once."""
    user = server.user(None, "user DELETE OWN")

    assert outcome(user.delete(f"/user/{user.id}")) == DONE
    assert outcome(user.get("/rule/1")) == DENIED
    assert outcome(server.root.get(f"/user/{user.id}")) == MISSING


def test_deleting_nobody(server):
    """A user who does not exist is missing, also for who may delete nobody."""
    assert outcome(server.user().delete(f"/user/{ABSENT}")) == MISSING


def test_a_user_with_tasks_stays(server):
    """Unless their tasks may go as well."""
    organization = server.organization()
    collaboration = server.collaboration(organization)
    server.node(organization, collaboration)
    user = server.user(organization, roles=["Researcher"])
    task = server.task(user, collaboration, organization)
    path = f"/user/{user.id}"

    assert outcome(server.root.delete(path)) == REFUSED
    assert outcome(server.root.delete(path, delete_dependents="")) == REFUSED
    assert outcome(server.root.delete(path, delete_dependents="false")) == DONE
    assert outcome(server.root.get(f"/task/{task['id']}")) == MISSING
