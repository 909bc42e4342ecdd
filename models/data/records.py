"""Columns of transactions and labels, and lookup of their ids in each other."""

from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from fraudstream.archives import record_columns
from fraudstream.archives.archive_errors import ArchiveError
from fraudstream.archives.record_columns import Kind
from fraudstream.scoring.manifest import ModelError


def read_columns(path: Path, columns: Mapping[str, Kind]) -> pa.Table:
    """Return columns as `record_columns.read_columns` does; raises `ModelError` if the file can't be read."""
    try:
        return record_columns.read_columns(path, columns)
    except ArchiveError as error:
        raise ModelError(str(error)) from None


def keys_of(table: pa.Table) -> pa.ChunkedArray:
    """Return a text for the account and the transaction id of each row; null if it lacks one of them."""
    # Accepted ids have no control characters, so no two pairs of them give the same text.
    return pc.binary_join_element_wise(
        table["account_id"].cast(pa.large_string()),
        table["transaction_id"].cast(pa.large_string()),
        pa.scalar("\x1f", pa.large_string()),
    )


def places_in(ids: pa.ChunkedArray, known: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return the first place of each id in ``known``; null if it is not there."""
    return pc.index_in(ids.cast(known.type), value_set=known.combine_chunks())
