"""The error of a job that stops at startup."""

import os
from unittest import mock

import pytest

from jobs import feature_job


def refusal(capfd: pytest.CaptureFixture[str], *arguments: str) -> str:
    """Start the job in this process with options that it rejects; return the error message."""
    capfd.readouterr()
    # The job sets variables for the JVM that it starts; other tests must not see them.
    with mock.patch.dict(os.environ):
        assert feature_job.main(list(arguments)) == 2
    said = capfd.readouterr().err
    assert "Traceback" not in said
    assert "\n\tat " not in said
    return said.partition("\nerror: ")[2]
