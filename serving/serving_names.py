"""Names of the decision API in its document, logs, metrics, authentication challenges and problems."""

from typing import Final

from fraudstream.runtime.structured_logs import get_logger
from fraudstream.web.problem_details import ProblemFormat
from fraudstream.web.service_names import ServiceNames

NAMES: Final = ServiceNames(
    title="Decision API",
    version="1.0.0",
    description="Decides on bank transactions with the features and the model of the stream, and takes "
    "transactions and labels for it.",
    logger="decision_api",
    realm="decision-api",
)
METRIC_PREFIX: Final = "decision_api"
KEY_PREFIX: Final = "dec_"
"""Lets a key that leaked into a repository or a log be searched for."""
PROBLEMS: Final = ProblemFormat("urn:fraudstream:problem:")
LOGGER: Final = get_logger(NAMES.logger)
