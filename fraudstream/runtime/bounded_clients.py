"""Clients of AWS whose calls always end, and which take up renewed credentials."""

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar, cast

from botocore.exceptions import HTTPClientError

from fraudstream.runtime.aws_credentials import export_aws_credentials
from fraudstream.runtime.aws_errors import AWS_ERRORS, AwsCredentialsError, is_of_credentials
from fraudstream.runtime.bounded_calls import BoundedCalls, CallTimeoutError, StopRequestedError
from fraudstream.runtime.settings_sources import SettingsError
from fraudstream.runtime.stop_signals import StopSignal

DEADLINE_S: Final = 45.0
"""Total deadline of a call with its retries; shorter than the lease of a claim."""
NO_DEADLINES: Final[Mapping[str, float]] = {}


Client = TypeVar("Client")


class BoundedClient:
    """Has the methods of a boto3 client, each with a total deadline, until ``stop`` is set.

    ``deadlines_s`` has the deadlines of methods by name, in seconds; the others have `DEADLINE_S`.

    ``make`` creates the client. It is called again after an error of the credentials, because boto3 reads
    static ones only once: new ones in ``.env`` or in a profile then apply without a restart. It
    is called after a missed deadline, too, and the old client is closed. A method raises
    `StopRequestedError` after a stop; every other exception is one of `AWS_ERRORS`. Paginators and waiters
    are those of the first client, without a deadline.
    """

    def __init__(
        self,
        make: Callable[[], object],
        stop: StopSignal,
        *,
        deadlines_s: Mapping[str, float] = NO_DEADLINES,
    ) -> None:
        self._make = make
        self._deadlines_s = deadlines_s
        self._calls = BoundedCalls(stop)
        self._client = make()

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the client has
        """Return the client's attribute; a method is bounded."""
        if not callable(getattr(self._client, name)):
            return getattr(self._client, name)

        def bounded(**request: Any) -> Any:  # noqa: ANN401 - as the method has them
            method: Callable[..., object] = getattr(self._client, name)
            try:
                return self._calls.run(lambda: method(**request), self._deadlines_s.get(name, DEADLINE_S))
            except StopRequestedError:
                raise
            except AWS_ERRORS as error:
                if is_of_credentials(error):
                    self._renew()
                raise
            except Exception as error:
                if isinstance(error, CallTimeoutError):
                    self._replace()
                # A malformed response, for example: botocore does not convert every exception.
                said = f"{name}: {type(error).__name__}: {error}"
                raise HTTPClientError(error=said) from error

        return bounded

    def _replace(self) -> None:
        """Close the client of an abandoned call: hanging calls would pile up connections in its pool."""
        hanging = self._client
        self._renew()
        if self._client is not hanging:
            cast("Any", hanging).close()

    def _renew(self) -> None:
        try:
            export_aws_credentials()
            self._client = self._make()
        except (AwsCredentialsError, SettingsError, *AWS_ERRORS, OSError):
            # The next call fails with the present credentials, and tries again.
            return


def bounded_client(
    make: Callable[[], Client], stop: StopSignal, *, deadlines_s: Mapping[str, float] = NO_DEADLINES
) -> Client:
    """Return a client made by ``make`` as a `BoundedClient`, with the type of that client."""
    return cast("Client", BoundedClient(make, stop, deadlines_s=deadlines_s))
