"""Customers' metadata for the kernel's core in a server: the same classes and rules as in the job.

A server passes the result of `customer_metadata` to the constructor of the kernel's ``OnlineFeatures``. All
kernels of a process share it.
"""

import logging
from typing import Any, Final

from fraudstream.online.core_jvm import start_core
from fraudstream.profiles.customer_table import CustomerTable
from fraudstream.runtime.aws_settings import AwsSettings
from fraudstream.runtime.customer_settings import CustomerMetadataSettings

_LOG: Final = logging.getLogger(__name__)

CustomerMetadata = Any
"""A ``CustomerMetadata`` of the JVM, which JPype has no type for."""


class CustomerMetadataError(Exception):
    """The metadata can't be used; the message names the file, the line and the fix."""


def customer_metadata(settings: CustomerMetadataSettings, aws: AwsSettings) -> CustomerMetadata:
    """Open the metadata of the settings; without any, every column of the customer is null.

    Starts the JVM. The caller closes the result once (``close()``). ``aws`` has the region and the endpoint
    of a table, which is read with boto3. Raises `CustomerMetadataError` if a file is invalid.
    """
    customers = start_core().customers
    import jpype  # noqa: PLC0415 - without it, `start_core` has raised

    options = settings.customer_options(region=aws.aws_region, endpoint_url=aws.endpoint_url)
    if options is None:
        return customers.CustomerMetadata.NONE
    java = customers.CustomerOptions(
        options["source"],
        options["max_customers"],
        options["refresh_ms"],
        options["timeout_ms"],
        options["region"],
        options["endpoint"],
    )

    def open_table(_options: object) -> Any:  # noqa: ANN401 - an object of the JVM
        return _reader(CustomerTable.open(aws, str(java.table())))

    try:
        return customers.SharedCustomers.open(java, open_table, lambda message: _LOG.warning("%s", message))
    except jpype.JException as error:
        raise CustomerMetadataError(str(error.getMessage())) from None


def _reader(table: CustomerTable) -> Any:  # noqa: ANN401 - an object of the JVM
    """Return a ``CustomerReader`` of the JVM, whose thread calls it."""
    import jpype  # noqa: PLC0415 - imported by then

    hash_map = jpype.JClass("java.util.HashMap")

    @jpype.JImplements("fraudstream.kernel.customers.CustomerReader")
    class Reader:
        @jpype.JOverride  # type: ignore[untyped-decorator] # JPype has no types
        def read(self, ids: Any) -> Any:  # noqa: ANN401 - a list of the JVM, a map of the JVM
            found = hash_map()
            for id_, texts in table.read([str(id_) for id_ in ids]).items():
                found.put(id_, hash_map(texts))
            return found

        @jpype.JOverride  # type: ignore[untyped-decorator] # JPype has no types
        def close(self) -> None:
            """Do nothing: boto3's connections end with their client."""

    return Reader()
