"""Names of the Transaction API in its document, logs, metrics, authentication challenges and problems."""

from typing import Final

from fraudstream.runtime.structured_logs import get_logger
from fraudstream.web.problem_details import ProblemFormat
from fraudstream.web.service_names import ServiceNames

NAMES: Final = ServiceNames(
    title="Transaction API",
    version="1.0.0",
    description="Synthetic transactions of a simulated Vietnamese bank, for testing fraud detection. "
    "No transaction belongs to a real person, and none says whether it is fraud.",
    logger="transaction_api",
    realm="transaction-api",
)
METRIC_PREFIX: Final = "transaction_api"
KEY_PREFIX: Final = "txn_"
"""Lets a key that leaked into a repository or a log be searched for."""
PROBLEMS: Final = ProblemFormat("urn:fraudstream:problem:")
"""The names are listed in docs/transaction-api.md."""
LOGGER: Final = get_logger(NAMES.logger)
