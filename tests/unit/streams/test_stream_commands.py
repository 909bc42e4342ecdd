import pytest
import typer

from fraudstream.runtime.aws_errors import credentials_error
from fraudstream.streams.stream_commands import stream_errors_reported
from fraudstream.streams.stream_errors import StreamError


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
