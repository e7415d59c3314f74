"""Pairs listed in a CSV file."""

import csv
from pathlib import Path

from imgan.config.translation import PairSource
from imgan.errors import DataError

_COLUMNS = ("a", "b")
_MOST_LINES = 5  # wrong ones that a message shows


def read_manifest(source: PairSource) -> list[tuple[Path, Path]]:
    """Return the files of each row of a manifest, in their order.

    The first line names columns, of which `a` and `b` count. Paths are relative to the
    folder of the manifest. UTF-8, with or without a mark at its beginning.

    Raises:
        DataError: Names the lines that lack a path, name a file that is not there, or
            repeat another line.
    """
    path = source.manifest
    if path is None:
        raise ValueError(f"source must name a manifest. Received: {source!r}")
    rows = read_rows(path)
    faults = []
    first: dict[tuple[Path, Path], int] = {}
    pairs = []
    for line, row in rows:
        empty = [name for name, value in zip(_COLUMNS, row, strict=True) if not value]
        if empty:
            faults.append(f"line {line} has no {' and no '.join(empty)}")
            continue
        pair = (path.parent / row[0], path.parent / row[1])
        faults += [f"line {line}: no file {file}" for file in pair if not is_file(file)]
        if pair in first:
            faults.append(f"line {line} repeats line {first[pair]}")
        first.setdefault(pair, line)
        pairs.append(pair)
    if faults:
        more = len(faults) - _MOST_LINES
        raise DataError(
            f"{path}: {'; '.join(faults[:_MOST_LINES])}"
            f"{f'; and {more} more' * (more > 0)}. Paths are relative to "
            f"{path.parent.absolute()}."
        )
    if not pairs:
        raise DataError(f"{path} names no pairs. Expected lines below the header a,b.")
    return pairs


def read_rows(path: Path) -> list[tuple[int, tuple[str, str]]]:
    """Return the columns a and b of all rows, each with its line.

    Raises:
        DataError: If the manifest cannot be read, or has no such columns.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            header = [name.strip().casefold() for name in next(reader, [])]
            places = _places(path, header)
            return [
                (reader.line_num, (_field(row, places[0]), _field(row, places[1])))
                for row in reader
                if any(field.strip() for field in row)
            ]
    except OSError as error:
        raise DataError(f"Cannot read the manifest {path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is not in UTF-8. Save it as CSV in UTF-8") from error
    except csv.Error as error:
        raise DataError(f"{path} is not valid CSV: {error}") from error


def _places(path: Path, header: list[str]) -> tuple[int, int]:
    twice = [name for name in _COLUMNS if header.count(name) > 1]
    if twice or any(name not in header for name in _COLUMNS):
        hint = " Separate values by commas." if ";" in "".join(header) else ""
        raise DataError(
            f"{path} must begin with a line that names the columns a and b, once each. "
            f"Received: {','.join(header) or 'nothing'}.{hint}"
        )
    return header.index("a"), header.index("b")


def _field(row: list[str], place: int) -> str:
    return row[place].strip() if place < len(row) else ""


def is_file(path: Path) -> bool:
    """Return whether a row's name is that of a file; some can be that of none."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False
