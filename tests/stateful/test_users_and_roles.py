"""Users and roles under random programs, against a model of sets: what a user holds, and what that lets them do."""

from __future__ import annotations

from itertools import count

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule

from .network import Network

KINDS = (
    ("organization", "VIEW", "GLOBAL"),
    ("organization", "VIEW", "COLLABORATION"),
    ("organization", "VIEW", "ORGANIZATION"),
    ("organization", "CREATE", "GLOBAL"),
    ("organization", "EDIT", "ORGANIZATION"),
    ("user", "EDIT", "OWN"),
)
picks = st.frozensets(st.sampled_from(range(len(KINDS))), max_size=3)


class UsersAndRoles(RuleBasedStateMachine):
    """Root gives and takes roles and rules; users can do what they hold, at once, and nothing else."""

    roles = Bundle("roles")
    users = Bundle("users")

    def __init__(self):
        super().__init__()
        self.network = Network()
        self.partners = set(self.network.nodes)
        self.home = min(self.partners)
        self.organizations = {1, *self.partners}
        every = self.root("GET", "rule", params={"no_pagination": 1})[1]["data"]
        ids = {(row["name"], row["operation"], row["scope"]): row["id"] for row in every}
        self.ids = [ids[kind] for kind in KINDS]
        self.role_rules, self.held, self.tokens = {}, {}, {}
        self.numbers = count()

    def root(self, method, path, **content):
        """Call the server as root."""
        return self.network.call(self.network.root, method, path, **content)

    def chosen(self, picks):
        """Return the ids of some rules."""
        return [self.ids[pick] for pick in sorted(picks)]

    @rule(target=roles, picks=picks)
    def create_role(self, picks):
        """A role of some rules."""
        body = {"name": f"role {next(self.numbers)}", "description": "", "rules": self.chosen(picks)}
        status, role = self.root("POST", "role", json={**body, "organization_id": self.home})
        assert status == 201
        self.role_rules[role["id"]] = set(picks)
        return role["id"]

    @rule(role=roles, picks=picks)
    def change_role(self, role, picks):
        """Its rules are replaced."""
        assert self.root("PATCH", f"role/{role}", json={"rules": self.chosen(picks)})[0] == 200
        self.role_rules[role] = set(picks)

    @rule(role=roles, pick=st.sampled_from(range(len(KINDS))), add=st.booleans())
    def move_a_rule(self, role, pick, add):
        """A rule is added or taken away; taking away what is not there is a mistake."""
        status, _ = self.root("POST" if add else "DELETE", f"role/{role}/rule/{self.ids[pick]}")
        held = self.role_rules[role]
        assert status == (201 if add else 200 if pick in held else 404)
        (held.add if add else held.discard)(pick)

    @rule(role=consumes(roles))
    def delete_role(self, role):
        """Whoever held it loses it."""
        assert self.root("DELETE", f"role/{role}", params={"delete_dependents": "1"})[0] == 200
        del self.role_rules[role]
        for roles, _ in self.held.values():
            roles.discard(role)

    @rule(target=users, picks=picks)
    def create_user(self, picks):
        """A user with some rules of their own."""
        name = f"user{next(self.numbers)}"
        person = {"username": name, "password": "Secret-42", "email": f"{name}@north.org"}
        person |= {"firstname": "", "lastname": "", "organization_id": self.home, "rules": self.chosen(picks)}
        status, user = self.root("POST", "user", json=person)
        assert status == 201
        self.held[user["id"]] = (set(), set(picks))
        self.tokens[user["id"]] = self.network._login("user", username=name, password="Secret-42")
        return user["id"]

    @rule(user=users, roles=st.lists(roles, max_size=2, unique=True))
    def give_roles(self, user, roles):
        """Their roles are replaced."""
        assert self.root("PATCH", f"user/{user}", json={"roles": roles})[0] == 200
        self.held[user] = (set(roles), self.held[user][1])

    @rule(user=users, picks=picks)
    def give_rules(self, user, picks):
        """Their own rules are replaced."""
        assert self.root("PATCH", f"user/{user}", json={"rules": self.chosen(picks)})[0] == 200
        self.held[user] = (self.held[user][0], set(picks))

    @rule(user=users)
    def create_organization(self, user):
        """Whoever holds the rule can do it."""
        body = {"name": f"organization {next(self.numbers)}"}
        status, row = self.network.call(self.tokens[user], "POST", "organization", json=body)
        assert status == (201 if KINDS[3] in self.kinds(user) else 401)
        if status == 201:
            self.organizations.add(row["id"])

    def kinds(self, user):
        """Return the rules that a user holds, directly or by a role."""
        roles, own = self.held[user]
        return {KINDS[pick] for pick in own.union(*(self.role_rules[role] for role in roles))}

    @invariant()
    def permissions_are_as_modelled(self):
        """The server tells of every user what the model knows."""
        for user in self.held:
            _, row = self.root("GET", f"user/{user}", params={"include_permissions": "1"})
            told = {KINDS[self.ids.index(id_)] for id_ in row["permissions"]["rules"]}
            assert told == self.kinds(user)

    @invariant()
    def organizations_are_seen_by_scope(self):
        """All, partners, the own one, or a refusal: the widest scope decides."""
        for user, token in self.tokens.items():
            scopes = {scope for name, operation, scope in self.kinds(user) if (name, operation) == KINDS[0][:2]}
            reach = {"GLOBAL": self.organizations, "COLLABORATION": self.partners, "ORGANIZATION": {self.home}}
            widest = next((reach[scope] for scope in reach if scope in scopes), None)
            status, answer = self.network.call(token, "GET", "organization", params={"per_page": 100})
            if widest is None:
                assert status == 401
            else:
                assert {row["id"] for row in answer["data"]} == widest


TestUsersAndRoles = UsersAndRoles.TestCase
TestUsersAndRoles.settings = settings(max_examples=15, stateful_step_count=20, deadline=None)
