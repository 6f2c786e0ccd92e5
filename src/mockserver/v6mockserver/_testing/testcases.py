"""
Classes of `unittest` whose tests run with several server versions.

pytest does not parametrize such tests: each calls the method that it is named after. So there is a class beside theirs,
derived from it, which has each method once more for each version.
"""

from __future__ import annotations

import inspect
import types
from typing import TYPE_CHECKING

from v6mockserver.pytest_plugin import VERSION

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import pytest


def repeated(collector: pytest.Class, wanted: Mapping[str, Sequence[str]]) -> Iterable[pytest.Item | pytest.Collector]:
    """
    Yield the tests of a class.

    Parameters
    ----------
    collector : pytest.Class
        The class, as pytest sees it.
    wanted : mapping
        The versions by test, for those that are to run with several.
    """
    methods = {f"{name}[{version}]": (name, version) for name, versions in wanted.items() for version in versions}
    again = type(collector).from_parent(collector.parent, name=collector.name)
    again.obj = _derived(collector.obj, methods)
    for item in again.collect():
        if item.name in methods:
            _, item.stash[VERSION] = methods[item.name]
        if item.name not in wanted:
            yield item


def _derived(class_: type, methods: Mapping[str, tuple[str, str]]) -> type:
    body = {new: inspect.getattr_static(class_, name) for new, (name, _) in methods.items()}
    about = {name: getattr(class_, name) for name in ("__module__", "__qualname__", "__doc__")}
    return types.new_class(class_.__name__, (class_,), exec_body=lambda namespace: namespace.update(about | body))
