"""Tables as Parquet files, written piece by piece; a file is there when it is whole, and not before."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

_TYPES: Mapping[str, Any] = {
    "text": pa.string(),
    "whole": pa.int64(),
    "number": pa.float64(),
    "day": pa.date32(),
    "moment": pa.timestamp("ms", tz="UTC"),
    "flag": pa.bool_(),
}


class File(NamedTuple):
    """One file to be: its path below the folder, the name and kind of each column, and what is said about it."""

    path: str
    columns: Sequence[tuple[str, str]]
    about: Mapping[str, str]


@contextmanager
def writing(folder: Path, files: Sequence[File]) -> Iterator["Writers"]:
    """Write some files; they take their names at the end, and none does where anything was raised before.

    Raises OSError.
    """
    with ExitStack() as held:
        made = Writers()
        for file in files:
            path = folder / file.path
            path.parent.mkdir(parents=True, exist_ok=True)
            half = path.with_name(f".{path.name}.part")
            held.callback(half.unlink, missing_ok=True)
            schema = pa.schema([pa.field(name, _TYPES[kind]) for name, kind in file.columns], metadata=dict(file.about))
            made.add(file.path, held.enter_context(pq.ParquetWriter(half, schema, compression="zstd")), schema)
        yield made
        made.close()
        for file in files:
            path = folder / file.path
            half = path.with_name(f".{path.name}.part")
            with half.open("rb") as whole:
                os.fsync(whole.fileno())
            half.replace(path)


class Writers:
    """The files under way."""

    def __init__(self) -> None:
        self._open: dict[str, tuple[Any, Any]] = {}
        self.rows: dict[str, int] = {}

    def add(self, path: str, writer: Any, schema: Any) -> None:
        """One more file."""
        self._open[path] = (writer, schema)
        self.rows[path] = 0

    def put(self, path: str, rows: Sequence[Sequence[Any]]) -> None:
        """Append rows to a file, values in the order of its columns."""
        if not rows:
            return
        writer, schema = self._open[path]
        columns = [
            pa.array(column, type=field.type) for column, field in zip(zip(*rows, strict=True), schema, strict=True)
        ]
        writer.write_table(pa.Table.from_arrays(columns, schema=schema))
        self.rows[path] += len(rows)

    def close(self) -> None:
        """End all files."""
        for writer, _ in self._open.values():
            writer.close()
