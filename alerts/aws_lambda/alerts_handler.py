"""Entry point of the Lambda function: its handler is ``alerts.aws_lambda.alerts_handler.handler``.

Importing it, which is the function's init phase, reads the settings and makes the clients. It raises
`SettingsError` if a setting is invalid.
"""

from typing import Final

from alerts.aws_lambda.alerts_function import LOGGER_NAME, AlertsFunction
from fraudstream.runtime.structured_logs import configure_logging

configure_logging("INFO", [LOGGER_NAME])
handler: Final = AlertsFunction.load()
