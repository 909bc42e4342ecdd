"""The metadata that a server opens for the kernel's core, in a JVM of its own."""

import json
import subprocess
import sys
from pathlib import Path

from fraudstream.runtime.project_root import ROOT
from tests.job.job_helpers import outside_environment

SCRIPT = """
import json, sys
import jpype
from fraudstream.online.customer_lookup import CustomerMetadataError, customer_metadata
from fraudstream.runtime.aws_settings import AwsSettings
from fraudstream.runtime.customer_settings import CustomerMetadataSettings

def opened(path):
    return customer_metadata(CustomerMetadataSettings(customer_metadata=path), AwsSettings())

jpype.startJVM(classpath=["build/fraudstream-core.jar"])
good, wrong = sys.argv[1:]
nothing = opened(None).find("C1")
metadata = opened(good)
row = metadata.find("C1")
metadata.close()
try:
    opened(wrong)
    problem = None
except CustomerMetadataError as error:
    problem = str(error)
print(json.dumps({
    "nothing": [nothing.segment, nothing.version],
    "row": [str(row.segment), row.kycLevel, row.relationshipDays(0)],
    "problem": problem,
}))
"""


def test_a_file_gives_its_rows_none_gives_nulls_and_an_invalid_one_an_error_with_line_and_fix(
    tmp_path: Path,
) -> None:
    good = tmp_path / "good.csv"
    good.write_text("customer_id,segment,kyc_level,customer_since\nC1,mass,3,1969-12-31\n")
    wrong = tmp_path / "wrong.csv"
    wrong.write_text("customer_id,kyc_level\nC1,4\n")
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(good), str(wrong)],
        cwd=ROOT,
        env=outside_environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {
        "nothing": [None, None],
        "row": ["mass", 3.0, 1.0],
        "problem": f"customer_metadata: {wrong}: line 2: kyc_level is '4'; it must be 0, 1, 2 or 3: "
        "correct it, or omit it",
    }
