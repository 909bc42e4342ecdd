"""A reader of standard output that ends early, as ``head -1`` does, ends the run that prints for it."""

import os
import subprocess
import sys
from pathlib import Path

from fraudstream.runtime.project_root import ROOT

RUN = """
import alerts.commands.common
from alerts.__main__ import app
from tests.unit.alerts.alert_fakes import RetainingKinesis
from tests.unit.alerts.alert_samples import alert

kinesis = RetainingKinesis("s0")
kinesis.write("s0", alert(0))
alerts.commands.common.kinesis_client = lambda _settings: kinesis.client
app()
"""


def test_a_run_whose_output_nobody_reads_ends_with_code_1(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = subprocess.run(
            [sys.executable, "-c", RUN, "run", "--json"],
            check=False,
            cwd=tmp_path,
            env={
                **os.environ,
                "PYTHONPATH": str(ROOT),
                "AWS_ACCESS_KEY_ID": "test",
                "AWS_SECRET_ACCESS_KEY": "test",
                "ALERTS_STORE": f"sqlite:{tmp_path / 'store.sqlite'}",
                "ALERTS_REFUSED": str(tmp_path / "refused.jsonl"),
            },
            stdout=writing,
            stderr=subprocess.PIPE,
            text=True,
            timeout=300,
        )
    finally:
        os.close(writing)
    assert done.returncode == 1
    assert done.stderr.startswith("0 alerts handled")
    assert "Traceback" not in done.stderr
