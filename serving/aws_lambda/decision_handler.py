"""Entry point of the Lambda function: its handler is ``serving.aws_lambda.decision_handler.handler``.

Importing it, which is the function's init phase, starts the application with its JVM and model. Raises
`SettingsError` or `StartupError` if that is impossible.
"""

from http import HTTPStatus
from typing import Any, Final

from fraudstream.web.http_server import configure_service_logging
from fraudstream.web.problem_details import Problem
from serving.aws_lambda.asgi_adapter import AsgiFunction
from serving.aws_lambda.proxy_events import ProxyResponse
from serving.serving_app import create_app
from serving.serving_names import NAMES, PROBLEMS
from serving.serving_settings import ServingSettings


def load_function() -> AsgiFunction:
    """Return the decision API as a function, with the settings of the environment."""
    settings = ServingSettings.load()
    configure_service_logging(NAMES, settings)
    return AsgiFunction(create_app(settings), _timeout_problem)


def _timeout_problem(scope: dict[str, Any]) -> ProxyResponse:
    detail = "no answer before the function's timeout: try again, or give the function more time or memory"
    response = PROBLEMS.response(scope, Problem(HTTPStatus.SERVICE_UNAVAILABLE, detail, {"Retry-After": "1"}))
    return ProxyResponse(response.status_code, response.raw_headers, bytes(response.body))


handler: Final = load_function()
