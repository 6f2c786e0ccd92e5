"""
Tasks and their results.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from v6client._cli.choices import chosen, common_options
from v6client._cli.nouns import NounGroup
from v6client._cli.output import show_row, show_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import TextIO

    from v6client._client import UserClient

RESULT_COLUMNS = ("run.id", "organization.name", "status", "result")

WAITING = (
    click.Option(
        ["--timeout"],
        type=click.FloatRange(min=0, min_open=True),
        metavar="S",
        help="Wait no longer than so many seconds.",
    ),
    click.Option(
        ["--interval"],
        type=click.FloatRange(min=0, min_open=True),
        metavar="S",
        default=1.0,
        help="Longest pause between two looks.",
    ),
)


def _create(wait: bool, timeout: float | None, interval: float, **task: Any) -> None:  # noqa: FBT001 -- click passes by name
    from v6client._cli.session import connected

    input_ = _input(task.pop("input_file"), task.pop("method"), task.pop("arguments"), task.pop("keywords"))
    with connected(with_key=True) as client:
        made = client.task.create(
            collaboration=task["collaboration"],
            organizations=list(task["organizations"]) or _all_of(client, task["collaboration"], task["study"]),
            name=task["name"] or input_.get("method", task["image"]),
            image=task["image"],
            description=task["description"],
            input_=input_,
            databases=list(task["databases"]),
            study=task["study"],
            store=task["store"],
        )
        if wait:
            _show_results(client.wait_for_results(made["id"], interval, timeout=timeout)["data"])
        else:
            show_row(made)


def _all_of(client: UserClient, collaboration: int | None, study: int | None) -> Sequence[int]:
    place: dict[str, Any] = (
        {"collaboration": collaboration or client.collaboration_id} if study is None else {"study": study}
    )
    if not any(place.values()):
        raise click.UsageError("name a collaboration, a study or organizations", click.get_current_context())
    return [organization["id"] for organization in client.organization.iter(**place)]


def _input(
    file: TextIO | None, method: str | None, arguments: Sequence[str], keywords: Sequence[str]
) -> dict[str, Any]:
    if (file is None) == (method is None):
        raise click.UsageError("give either --method or --input", click.get_current_context())
    if file is None:
        pairs = [keyword.partition("=") for keyword in keywords]
        return {
            "method": method,
            "args": [_value(text) for text in arguments],
            "kwargs": {name: _value(text) for name, _, text in pairs},
        }
    try:
        read = json.load(file)
    except ValueError as error:
        raise click.UsageError(f"{file.name} is not JSON: {error}", click.get_current_context()) from error
    if not isinstance(read, dict) or arguments or keywords:
        raise click.UsageError("--input has an object with method, args and kwargs", click.get_current_context())
    return read


def _value(text: str) -> Any:
    """
    What was typed, as JSON if it is that, so that 3 is a number and [1, 2] a list; else as text.
    """
    try:
        return json.loads(text)
    except ValueError:
        return text


def _keywords(context: click.Context, parameter: click.Parameter, values: Sequence[str]) -> Sequence[str]:
    for value in values:
        if not value.partition("=")[0].isidentifier() or "=" not in value:
            raise click.BadParameter(f"{value!r} is not such as column=age", context, parameter)
    return values


def _wait(id_: int, timeout: float | None, interval: float) -> None:
    from v6client._cli.session import connected

    with connected(with_key=True) as client:
        _show_results(client.wait_for_results(id_, interval, timeout=timeout)["data"])


def _results(id_: int) -> None:
    from v6client._cli.session import connected

    with connected(with_key=True) as client:
        _show_results(client.result.from_task(id_)["data"])


def _show_results(results: Sequence[Mapping[str, Any]]) -> None:
    if chosen().as_json:
        results = [{**row, "result": row["result"] and _value(row["result"])} for row in results]
    show_rows(results, RESULT_COLUMNS)


def _each(verb: str) -> Callable[..., None]:
    """
    Do something to each of several tasks, in their order; the first refusal ends it.
    """

    def run(ids: Sequence[int]) -> None:
        from v6client._cli.session import connected

        with connected() as client:
            answers = [{"id": id_, **getattr(client.task, verb)(id_)} for id_ in ids]
        show_rows(answers, ("id", "msg"))

    return run


def _id() -> click.Argument:
    return click.Argument(["id_"], type=int, metavar="ID")


def _ids() -> click.Argument:
    return click.Argument(["ids"], type=int, metavar="ID...", nargs=-1, required=True)


CREATION = (
    click.Option(["--collaboration"], type=int, help="Its collaboration; by default that of the profile."),
    click.Option(["--study"], type=int, help="Its study, instead of a collaboration."),
    click.Option(
        ["--organization", "organizations"],
        type=int,
        multiple=True,
        help="Who shall run it, repeated for several; by default everybody in it.",
    ),
    click.Option(["--image"], required=True, help="The Docker image with the algorithm."),
    click.Option(["--store"], type=int, help="The algorithm store that the image is from."),
    click.Option(["--name"], help="What to call it; by default as its method."),
    click.Option(["--description"], default="", help="What it is for."),
    click.Option(["--method"], help="The method of the algorithm."),
    click.Option(
        ["--arg", "arguments"],
        multiple=True,
        metavar="VALUE",
        help="An argument of the method, in JSON or as text; repeated for several.",
    ),
    click.Option(
        ["--kwarg", "keywords"], multiple=True, metavar="NAME=VALUE", callback=_keywords, help="The same by name."
    ),
    click.Option(
        ["--input", "input_file"],
        type=click.File(encoding="utf-8"),
        metavar="FILE",
        help="All of the input, in JSON, instead of a method and its arguments; - is standard input.",
    ),
    click.Option(
        ["--database", "databases"],
        multiple=True,
        metavar="LABEL",
        help="A database of the nodes; repeated for several.",
    ),
    click.Option(["--wait"], is_flag=True, help="Wait until it has ended, and show the results."),
)

TASK_COMMANDS = {
    "create": click.Command(
        "create", callback=_create, params=[*CREATION, *WAITING, *common_options()], help="Create a task."
    ),
    "wait": click.Command(
        "wait",
        callback=_wait,
        params=[_id(), *WAITING, *common_options()],
        help="Wait until a task has ended, and show its results.",
    ),
    "kill": click.Command(
        "kill", callback=_each("kill"), params=[_ids(), *common_options()], help="Stop tasks on all nodes."
    ),
    "delete": click.Command(
        "delete", callback=_each("delete"), params=[_ids(), *common_options()], help="Delete tasks and their runs."
    ),
}

COMMANDS: dict[str, click.Command] = {
    "task": NounGroup("task", TASK_COMMANDS),
    "result": click.Command(
        "result",
        callback=_results,
        params=[_id(), *common_options()],
        help="Show the results of a task, as far as they are there.",
    ),
}
