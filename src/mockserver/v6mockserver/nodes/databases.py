"""
The databases of a node: where they are, and how an algorithm reads them.

Their types are those of a real node. Each is read as `vantage6-algorithm-tools` read it; what those do not read, plain
functions do not get either, and find for themselves.
"""

from __future__ import annotations

import csv
import sqlite3
from collections.abc import Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from v6mockserver._errors import AlgorithmError, MockUsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pandas as pd

SUFFIXES = {
    ".csv": "csv",
    ".parquet": "parquet",
    ".xlsx": "excel",
    ".xls": "excel",
    ".sqlite": "sql",
    ".sqlite3": "sql",
    ".db": "sql",
}
"""The type of a file, by its suffix."""

FILES = ("csv", "parquet", "excel")
"""The types that are always files; a data frame passes for any of them."""

TYPES = (*FILES, "sql", "sparql", "omop", "folder", "other")

ENTRY = ("uri", "type", "env")
"""What the configuration of a node says about a database, beside its label."""

SQLITE = "sqlite:///"
URI = "://"
SCHEMES_OF_NO_SQL = ("http://", "https://", "jdbc:")


@dataclass(frozen=True, slots=True)
class Database:
    """
    One database of a node.

    Attributes
    ----------
    label : str
        What tasks call it.
    source : DataFrame, Path or str
        The data, the file or folder that they are in, or a URI.
    type : str
        "csv", "parquet", "excel", "sql", "sparql", "omop", "folder" or "other".
    environment : mapping
        What algorithms are told about it, as variables `<LABEL>_DB_PARAM_<KEY>`.
    """

    label: str
    source: Any
    type: str
    environment: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def at(
        cls, label: str, source: Any, type_: str | None = None, environment: Mapping[str, Any] | None = None
    ) -> Database:
        """
        Describe a database; without a type its source tells what it is.

        Raises
        ------
        MockUsageError
            If the label or a name in its environment is no identifier, the type is unknown or does not fit the source,
            or there is no such file.
        """
        if not label.isidentifier():
            raise MockUsageError(f"the label {label!r} is not an identifier; use letters, digits and underscores")
        if type_ is not None and type_.lower() not in TYPES:
            raise MockUsageError(f"there is no type {type_!r} of databases; there are {', '.join(TYPES)}")
        place, kind = _located(label, source, type_ and type_.lower())
        variables = {name: str(value) for name, value in (environment or {}).items()}
        for name in variables:
            if not f"_{name}".isidentifier():
                raise MockUsageError(f"the database {label!r} cannot have a variable {name!r}; use letters and digits")
        return cls(label, place, kind, variables)

    @property
    def is_frame(self) -> bool:
        """
        Whether the data are in memory.
        """
        return hasattr(self.source, "columns")

    def columns(self) -> list[str]:
        """
        Return the names of the columns that a node tells its server: of what is in memory, and of CSV files.

        Of a file that is gone or is no CSV it tells none; a run that reads it says why it cannot.
        """
        if self.is_frame:
            return [str(column) for column in self.source.columns]
        if self.type != "csv":
            return []
        try:
            with self.source.open(encoding="utf-8-sig", errors="replace", newline="") as file:
                return next(csv.reader(file), [])
        except (OSError, csv.Error):
            return []

    def place(self, stem: Path) -> str:
        """
        Return where an algorithm finds the data; what is in memory is written to a file, named after a stem.
        """
        if not self.is_frame:
            return str(self.source)
        suffix, write = WRITERS[self.type]
        file = stem.with_suffix(suffix)
        with _extra(self):
            write(self.source, file)
        return str(file)

    def read(self, parameters: Mapping[str, Any]) -> pd.DataFrame:
        """
        Return the data, as a copy of the caller's own.

        Parameters
        ----------
        parameters : mapping
            What the task says about reading: `sheet_name` of an Excel file, `query` of SQL.

        Raises
        ------
        AlgorithmError
            If the data are gone, are nothing to read as a frame, or need a package that is missing.
        """
        if self.is_frame:
            frame: pd.DataFrame = self.source.copy()
            return frame
        if self.type not in READERS:
            raise AlgorithmError(
                f"the database {self.label!r} is of type {self.type!r}, which is not read as a data frame; "
                f"the algorithm finds it at {self.label.upper()}_DATABASE_URI in its environment"
            )
        if isinstance(self.source, Path) and not self.source.exists():
            raise AlgorithmError(f"the database {self.label!r} of this node is not there any more: {self.source}")
        with _extra(self):
            return READERS[self.type](self, parameters)


@contextmanager
def _extra(database: Database) -> Iterator[None]:
    """
    Say where the package that a type of database needs may come from.
    """
    try:
        yield
    except ImportError as error:
        raise AlgorithmError(
            f"the database {database.label!r} of type {database.type!r} needs a package that is not installed "
            f"({error}); pip install 'v6client[data]' brings those for Parquet, .xlsx and SQLAlchemy, but no drivers"
        ) from error


def _located(label: str, source: Any, type_: str | None) -> tuple[Any, str]:
    """
    Return where a database is, and its type.
    """
    if hasattr(source, "columns"):
        if type_ not in {None, *FILES}:
            raise MockUsageError(f"a data frame cannot be a database of type {type_!r}; it passes for {_any_of(FILES)}")
        return source, type_ or "csv"
    if not isinstance(source, (str, PathLike)):
        raise MockUsageError(f"the database {label!r} is a data frame, a path or a URI, not {source!r}")
    text = str(source)
    if type_ in {"sparql", "omop", "other"}:
        return text, type_
    if URI in text:
        return _located_by_uri(label, text, type_)
    return _located_by_path(label, Path(source).absolute(), type_)


def _located_by_uri(label: str, uri: str, type_: str | None) -> tuple[str, str]:
    if type_ not in {None, "sql"} or (type_ is None and uri.startswith(SCHEMES_OF_NO_SQL)):
        raise MockUsageError(
            f"the database {label!r} is at a URI, {uri}, which does not go with type {type_!r}; "
            f"pass type='sql', 'sparql', 'omop' or 'other'"
        )
    if not _is_plain_sqlite(uri):
        return uri, "sql"
    file = Path(uri.removeprefix(SQLITE)).absolute()
    if not file.is_file():
        raise MockUsageError(f"the database {label!r} has no file {file}")
    return f"{SQLITE}{file}", "sql"


def _is_plain_sqlite(uri: str) -> bool:
    return uri.startswith(SQLITE) and "?" not in uri


def _located_by_path(label: str, path: Path, type_: str | None) -> tuple[Any, str]:
    is_folder = path.is_dir()
    kind = type_ or ("folder" if is_folder else SUFFIXES.get(path.suffix.lower()))
    if kind is None:
        raise MockUsageError(f"{path} is of no known type; pass type=, one of {', '.join(TYPES)}")
    if not path.exists():
        raise MockUsageError(f"the database {label!r} has no file {path}; give the path of one that is there")
    if is_folder != (kind == "folder"):
        raise MockUsageError(
            f"the database {label!r} is of type {kind!r}, but {path} is a {'folder' if is_folder else 'file'}"
        )
    # The tools take a path for SQLite's by one suffix only.
    return (f"{SQLITE}{path}" if kind == "sql" and path.suffix != ".sqlite" else path), kind


def _any_of(names: tuple[str, ...]) -> str:
    return f"{', '.join(names[:-1])} or {names[-1]}"


def described(label: str, entry: Any, folder: Path = Path()) -> Database:
    """
    Return a database as a seed or a mapping of databases has it.

    Parameters
    ----------
    label : str
        What tasks call it.
    entry : DataFrame, path, str or mapping
        Its source, or what a node's configuration says: `uri`, and optionally `type` and `env`.
    folder : Path, optional
        What paths are relative to.

    Raises
    ------
    MockUsageError
        If it describes no database.
    """
    if isinstance(entry, Database):
        return entry
    content = entry if isinstance(entry, Mapping) else {"uri": entry}
    if "uri" not in content or not set(content) <= set(ENTRY):
        raise MockUsageError(f"a database is a path, or a mapping of {', '.join(ENTRY)}, not {dict(content)!r}")
    source = content["uri"]
    if isinstance(source, (str, PathLike)) and URI not in str(source) and content.get("type") != "other":
        source = folder / source
    return Database.at(label, source, content.get("type"), content.get("env"))


def chosen(databases: Mapping[str, Database], label: str) -> Database:
    """
    Return the database that a task asks for.

    Raises
    ------
    AlgorithmError
        If the node has none with that label.
    """
    if label not in databases:
        raise AlgorithmError(f"this node has no database {label!r}; it has {sorted(databases) or 'none'}")
    return databases[label]


def _read_csv(database: Database, _: Mapping[str, Any]) -> pd.DataFrame:
    import pandas as pd

    frame: pd.DataFrame = pd.read_csv(database.source)
    return frame


def _read_parquet(database: Database, _: Mapping[str, Any]) -> pd.DataFrame:
    import pandas as pd

    return pd.read_parquet(database.source)


def _read_excel(database: Database, parameters: Mapping[str, Any]) -> pd.DataFrame:
    import pandas as pd

    frame: pd.DataFrame = pd.read_excel(database.source, sheet_name=parameters.get("sheet_name", 0))
    return frame


def _read_sql(database: Database, parameters: Mapping[str, Any]) -> pd.DataFrame:
    query = parameters.get("query")
    if not query:
        raise AlgorithmError(
            f"the database {database.label!r} is SQL, and the task has no query for it; pass "
            f'databases=[{{"label": "{database.label}", "query": "SELECT ..."}}]'
        )
    uri = str(database.source)
    if isinstance(database.source, Path) or _is_plain_sqlite(uri):
        return _from_sqlite(Path(uri.removeprefix(SQLITE)), query)
    return _from_sqlalchemy(uri, query)


def _from_sqlite(file: Path, query: str) -> pd.DataFrame:
    import pandas as pd

    # Python has a reader of its own; told to make no file, which SQLite does otherwise.
    with closing(sqlite3.connect(f"file:{quote(str(file))}?mode=rw", uri=True)) as connection:
        return pd.read_sql_query(query, connection)


def _from_sqlalchemy(uri: str, query: str) -> pd.DataFrame:
    import pandas as pd
    import sqlalchemy

    engine = sqlalchemy.create_engine(uri)
    try:
        with engine.connect() as connection:
            return pd.read_sql_query(query, connection)
    finally:
        engine.dispose()


READERS: dict[str, Callable[[Database, Mapping[str, Any]], pd.DataFrame]] = {
    "csv": _read_csv,
    "parquet": _read_parquet,
    "excel": _read_excel,
    "sql": _read_sql,
}
"""How a type is read; types without a reader are not read as data frames."""

WRITERS: dict[str, tuple[str, Callable[[pd.DataFrame, Path], object]]] = {
    "csv": (".csv", lambda frame, file: frame.to_csv(file, index=False)),
    "parquet": (".parquet", lambda frame, file: frame.to_parquet(file, index=False)),
    "excel": (".xlsx", lambda frame, file: frame.to_excel(file, index=False)),
}
"""The file that a data frame becomes, by type."""
