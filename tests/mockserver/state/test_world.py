"""Worlds, their clocks and their tables: copies are independent, ids are never reused."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from v6mockserver.state.clock import Clock
from v6mockserver.state.entities import Port
from v6mockserver.state.passwords import check_password, hash_password
from v6mockserver.state.query import like
from v6mockserver.state.tables import Relation, Table
from v6mockserver.state.world import World

NOON = datetime(2026, 1, 1, 12, tzinfo=timezone.utc)

TABLES = range(3)
steps = st.lists(
    st.tuples(
        st.sampled_from(["add", "replace", "remove", "take"]),
        st.sampled_from(TABLES),
        st.integers(1, 8),
        st.integers(1, 3),
    ),
    max_size=40,
)


def change(table, model, step, id_, value):
    """Make one change to a table and to the dictionary that models it, if it can be made."""
    row = Port(id=id_, port=value, run_id=value % 2)
    if step == "add" and id_ not in model:
        model[id_] = table.add(row)
    elif step == "replace" and id_ in model:
        model[id_] = table.replace(row)
    elif step == "remove" and id_ in model:
        assert table.remove(id_) == model.pop(id_)


@given(steps=steps)
def test_a_table_is_a_dictionary_with_indexes(steps):
    """Whatever is added, replaced, removed and copied: rows, order and every index are those of a scan."""
    tables, models = [Table("run_id", "port") for _ in TABLES], [{} for _ in TABLES]
    for step, number, id_, value in steps:
        if step == "take":
            tables[number].take(tables[id_ % len(TABLES)])
            models[number] = models[id_ % len(TABLES)].copy()
        else:
            change(tables[number], models[number], step, id_, value)

    for table, model in zip(tables, models, strict=True):
        assert list(table.ids()) == sorted(model)
        assert {row.id: row for row in table} == model
        for column in ("run_id", "port"):
            for value in range(4):
                expected = sorted(id_ for id_, row in model.items() if getattr(row, column) == value)
                assert list(table.where(column, value)) == expected


@given(steps=steps)
def test_a_relation_is_a_set_of_pairs(steps):
    """Whatever is added, removed and copied, both sides are those of a scan."""
    relations, models = [Relation() for _ in TABLES], [set() for _ in TABLES]
    for step, number, left, right in steps:
        if step == "take":
            relations[number].take(relations[left % len(TABLES)])
            models[number] = models[left % len(TABLES)].copy()
        elif step == "remove":
            relations[number].discard(left, right)
            models[number].discard((left, right))
        else:
            relations[number].add(left, right)
            models[number].add((left, right))

    for relation, model in zip(relations, models, strict=True):
        assert set(relation) == model
        for id_ in range(9):
            assert relation.rights(id_) == {right for left, right in model if left == id_}
            assert relation.lefts(id_) == {left for left, right in model if right == id_}


def test_a_taken_id_is_refused():
    """A row that is there is replaced, not added."""
    table = Table()
    table.add(Port(id=1, port=1, run_id=1))

    with pytest.raises(KeyError, match=r"replace\(\)"):
        table.add(Port(id=1, port=2, run_id=1))

    assert table[1].port == 1


def test_a_copy_is_independent():
    """What happens in one does not happen in the other."""
    world = World.fresh()
    copy = world.copy()
    copy.organization.replace(replace(copy.organization[1], name="other"))
    copy.user.remove(1)
    copy.user_role.discard(1, 1)
    copy.clock.advance(60)
    copy.next_id("task")

    assert world.organization[1].name == "root"
    assert (list(world.organization.where("name", "root")), 1 in world.user, (1, 1) in world.user_role) == (
        [1],
        True,
        True,
    )
    assert copy.clock.now() > world.clock.now()
    assert world.next_id("task") == 1


def test_ids_are_never_reused():
    """Users and nodes draw from one sequence, all others from their own."""
    world = World.fresh()

    assert [world.next_id(table) for table in ("user", "node", "user", "task")] == [2, 3, 4, 1]


def test_a_seed_repeats_keys_and_not_secrets():
    """Api keys can be repeated; a token of one server means nothing to another."""
    one, other, third = World.fresh(random_seed=1), World.fresh(random_seed=1), World.fresh(random_seed=2)

    assert one.next_uuid() == other.next_uuid() != third.next_uuid()
    assert one.secret != other.secret


def test_the_clock_is_moved():
    """It stands still, jumps ahead, and runs on from where it stands."""
    clock = Clock()
    clock.freeze(NOON)
    assert clock.text() == "2026-01-01T12:00:00"
    clock.advance(90)
    assert clock.now() == NOON + timedelta(seconds=90)
    clock.unfreeze()
    clock.advance(timedelta(hours=1))
    assert timedelta(hours=1) <= clock.now() - NOON < timedelta(hours=2)


def test_a_clock_does_not_run_backwards():
    """The error says what does."""
    clock = Clock()
    clock.freeze(NOON)

    with pytest.raises(ValueError, match="freeze"):
        clock.advance(-1)

    assert clock.now() == NOON


def test_a_time_without_a_zone_is_refused():
    """It could mean anything."""
    with pytest.raises(ValueError, match="time zone"):
        Clock().freeze(datetime(2026, 1, 1))  # noqa: DTZ001 -- that is the mistake


@given(password=st.text(max_size=100), other=st.text(max_size=100))
def test_passwords(password, other):
    """Only the password itself opens; like bcrypt, 72 bytes of it count."""
    stored = hash_password(password, salt="salt")

    assert check_password(password, stored)
    assert check_password(other, stored) == (other.encode()[:72] == password.encode()[:72])


@given(value=st.text("aB%_.", max_size=5), pattern=st.text("ab%_.", max_size=5))
def test_like_is_that_of_sql(value, pattern):
    """% stands for any run, _ for one character, and the case of letters does not count."""

    def matches(text, rest):
        if not rest:
            return not text
        if rest[0] == "%":
            return any(matches(text[start:], rest[1:]) for start in range(len(text) + 1))
        return bool(text) and rest[0] in {"_", text[0].lower()} and matches(text[1:], rest[1:])

    class Row:
        name = value

    assert like("name", pattern)(Row) == matches(value, pattern)
