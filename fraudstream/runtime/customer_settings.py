"""Settings of customers' metadata, shared by the job and by the servers that compute the same features.

A program adds `CustomerMetadataSettings` to the bases of its settings, as the first one, because the
configuration of the last base counts; and it gives the kernel `CustomerMetadataSettings.customer_options`.
"""

import re
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from pydantic import Field, field_validator

from fraudstream.domain.catalogue import Catalogue, CatalogueError
from fraudstream.runtime.settings import Duration, SettingsBase, path_errors_reported

TABLE_PREFIX: Final = "dynamodb:"
FILE_SUFFIXES: Final = (".jsonl", ".ndjson", ".json", ".csv")
"""Suffixes of files of customers, in either case; each may be followed by .gz."""
PATIENT_MS: Final = 5_000
"""Wait for a table's row where no transaction is in a hurry."""
_TABLE_NAME: Final = re.compile(r"[A-Za-z0-9_.-]{3,255}")


def is_customer_file(path: Path) -> bool:
    """Whether the name is that of a file of customers: JSON lines or CSV, plain or .gz."""
    return path.name.lower().removesuffix(".gz").endswith(FILE_SUFFIXES)


def table_of(source: str) -> str | None:
    """Return the table's name if metadata are in DynamoDB; None for a file's path."""
    return source.removeprefix(TABLE_PREFIX) if source.startswith(TABLE_PREFIX) else None


class CustomerMetadataSettings(SettingsBase):
    """Where the metadata of customers are, and the limits within which they are read."""

    customer_metadata: str | None = Field(
        None,
        description="Metadata of customers for features (segment, KYC level, start of the relationship): a "
        ".jsonl or .csv file, also .gz, or dynamodb:TABLE (default: none)",
    )
    customer_metadata_cache: int = Field(
        200_000,
        ge=1,
        le=10_000_000,
        description="Maximum number of customers in memory, about 200 bytes each: the rows of a file (more "
        "are an error), or the rows of a table that were used last",
    )
    customer_metadata_refresh: Duration = Field(
        timedelta(minutes=1),
        ge=timedelta(seconds=1),
        le=timedelta(days=1),
        description="Time after which a changed file is read again, or a row of a table",
    )
    customer_metadata_timeout: Duration = Field(
        timedelta(milliseconds=100),
        ge=timedelta(milliseconds=1),
        le=timedelta(seconds=5),
        description="Maximum time for which a transaction waits for a row of a table that is not in memory; "
        "without it, its metadata are unavailable",
    )

    @field_validator("customer_metadata")
    @classmethod
    def _is_a_file_or_a_table(cls, source: str | None) -> str | None:
        if source is None:
            return None
        table = table_of(source)
        if table is not None:
            if not _TABLE_NAME.fullmatch(table):
                msg = f"{table!r} is not a name of a DynamoDB table; write it like dynamodb:user-metadata"
                raise ValueError(msg)
            return source
        path = Path(source)
        if not is_customer_file(path):
            msg = f"{source!r} has another suffix; give a .jsonl or .csv, also .gz, or dynamodb:TABLE"
            raise ValueError(msg)
        with path_errors_reported():
            if not path.is_file():
                msg = "file not found; give the path of an existing file, or dynamodb:TABLE"
                raise ValueError(msg)
        return source

    def check_catalogue(self, catalogue: Catalogue, called: str) -> None:
        """Raise `CatalogueError` if a catalogue needs metadata and there are none, or has no use for them.

        ``called`` is its file, for messages.
        """
        of_customers = catalogue.of_customers
        if of_customers and self.customer_metadata is None:
            msg = f"feature {of_customers[0]!r} needs metadata of customers: set customer_metadata"
            raise CatalogueError(msg)
        if self.customer_metadata is not None and not of_customers:
            msg = (
                f"customer_metadata: {called} has no feature of them; add one with a column like "
                "customer_kyc_level, or omit customer_metadata"
            )
            raise CatalogueError(msg)

    def customer_options(
        self, *, region: str, endpoint_url: str | None, is_bounded: bool = False
    ) -> dict[str, Any] | None:
        """Return the options that the kernel's ``CustomerOptions`` reads; None without metadata.

        With ``is_bounded``, for a run over files: a file of metadata is read once, so that the run gives the
        same results again, and a row of a table is waited for patiently.
        """
        if self.customer_metadata is None:
            return None
        is_table = table_of(self.customer_metadata) is not None
        timeout_ms = round(self.customer_metadata_timeout / timedelta(milliseconds=1))
        refresh_ms = round(self.customer_metadata_refresh / timedelta(milliseconds=1))
        return {
            "source": self.customer_metadata if is_table else str(Path(self.customer_metadata).resolve()),
            "max_customers": self.customer_metadata_cache,
            "refresh_ms": 0 if is_bounded and not is_table else refresh_ms,
            "timeout_ms": PATIENT_MS if is_bounded else timeout_ms,
            "region": region,
            "endpoint": endpoint_url,
        }
