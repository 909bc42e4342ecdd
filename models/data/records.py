"""Columns of transactions and labels, and lookup of their ids in each other."""

from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from fraudstream.archives.accepted_records import read_accepted
from fraudstream.archives.archive_errors import ArchiveError
from fraudstream.archives.record_files import RecordType
from fraudstream.runtime.terminal import write_error
from fraudstream.scoring.manifest import ModelError


def read_records(path: Path, record_type: RecordType, columns: tuple[str, ...]) -> pa.Table:
    """Return columns of the records that the job accepts (`accepted_records.read_accepted`).

    Refused ones are counted by reason on standard error. Raises `ModelError` if the file can't be read, or
    all of its records are refused.
    """
    try:
        read = read_accepted(path, record_type, columns)
    except ArchiveError as error:
        raise ModelError(str(error)) from None
    refused = read.refused.counts.total()
    if refused:
        what = record_type.__name__.lower()
        if not len(read.table):
            msg = f"{path}: the job refuses every {what}: {read.refused}; correct the file"
            raise ModelError(msg)
        write_error(f"{path}: {refused:,} {what}s left out, as the job refuses them: {read.refused}")
    return read.table


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
