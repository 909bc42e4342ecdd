import pytest
import typer
from botocore.exceptions import BotoCoreError, NoCredentialsError, PartialCredentialsError

from fraudstream.runtime.aws_errors import credentials_error
from fraudstream.streams.kinesis.kinesis_errors import stream_error
from fraudstream.streams.stream_commands import stream_errors_reported
from fraudstream.streams.stream_errors import StreamDeniedError, StreamError


@pytest.mark.parametrize("error", [StreamError("no stream: create it"), credentials_error(None)])
def test_a_missing_prerequisite_ends_a_command_with_one_line(
    error: Exception, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(typer.Exit) as ended, stream_errors_reported():
        raise error
    assert ended.value.exit_code == 1
    assert capsys.readouterr().err == f"{error}\n"


def test_a_programming_error_is_not_hidden() -> None:
    with pytest.raises(ZeroDivisionError), stream_errors_reported():
        raise ZeroDivisionError


@pytest.mark.parametrize(
    "error",
    [NoCredentialsError(), PartialCredentialsError(provider="env", cred_var="AWS_SECRET_ACCESS_KEY")],
)
def test_credentials_that_a_call_lacks_are_a_refusal_like_every_other(error: BotoCoreError) -> None:
    refused = stream_error(error, "Alerts")
    assert isinstance(refused, StreamDeniedError)
    assert str(refused).startswith(f"stream 'Alerts' can't be used: {type(error).__name__}: {error}; ")
    assert "use other credentials" in str(refused)
