"""
The databases of a node: where they are, and how an algorithm reads them.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from v6mockserver._errors import AlgorithmError, MockUsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

TYPES = {".csv": "csv", ".parquet": "parquet", ".xlsx": "excel", ".xls": "excel"}
"""The type of a database file, by its suffix."""

FRAME = "csv"
"""A data frame in memory passes for the simplest kind of file."""


@dataclass(frozen=True, slots=True)
class Database:
    """
    One database of a node.

    Attributes
    ----------
    label : str
        What tasks call it.
    source : DataFrame or Path
        The data, or where they are.
    type : str
        "csv", "parquet" or "excel".
    """

    label: str
    source: Any
    type: str

    @classmethod
    def at(cls, label: str, source: Any, type_: str | None = None) -> Database:
        """
        Describe a database; its type follows from the file's suffix where none is given.

        Raises
        ------
        MockUsageError
            If the label is no identifier, or the type is unknown.
        """
        if not label.isidentifier():
            raise MockUsageError(f"the label {label!r} is not an identifier; use letters, digits and underscores")
        if hasattr(source, "columns"):
            return cls(label, source, FRAME)
        type_ = type_ or TYPES.get(Path(source).suffix, "")
        if type_ not in TYPES.values():
            raise MockUsageError(f"{source} is of no known type; pass type=, one of {sorted(set(TYPES.values()))}")
        return cls(label, Path(source), type_)

    def columns(self) -> list[str]:
        """
        Return the names of the columns, as far as they can be told without reading the data.
        """
        return [str(column) for column in self.source.columns] if hasattr(self.source, "columns") else []

    def place(self, stem: Path) -> str:
        """
        Return where an algorithm finds the data; what is in memory is written to a file, named after a stem.
        """
        if hasattr(self.source, "columns"):
            file = stem.with_suffix(".csv")
            self.source.to_csv(file, index=False)
            return str(file)
        return str(self.source.absolute())

    def read(self, parameters: Mapping[str, Any]) -> pd.DataFrame:
        """
        Return the data, as a copy of the caller's own.

        Parameters
        ----------
        parameters : mapping
            What the task says about reading; `sheet_name` counts for Excel files.

        Raises
        ------
        AlgorithmError
            If the file is not there.
        """
        if hasattr(self.source, "columns"):
            frame: pd.DataFrame = self.source.copy()
            return frame
        import pandas as pd

        if not self.source.exists():
            raise AlgorithmError(f"the database {self.label!r} of this node is not there: {self.source}")
        if self.type == "excel":
            sheet: pd.DataFrame = pd.read_excel(self.source, sheet_name=parameters.get("sheet_name", 0))
            return sheet
        return pd.read_parquet(self.source) if self.type == "parquet" else pd.read_csv(self.source)


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
