"""The snippets of docs/sdk.md run as they are written, against a server with the document's answer."""

import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Final

import orjson
import pytest

from fraudstream.runtime.project_root import ROOT
from tests.unit.sdk.canned_service import CHECKED

PAGE: Final = (ROOT / "docs" / "sdk.md").read_text()
SNIPPETS: Final = re.findall(r"^```python\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
DOCUMENT: Final = """\
from src.fraud_detector import FraudDetector

detector = FraudDetector()

# Check single transaction
result = detector.predict({
    'user_id': 'USER001',
    'amount': 1500.00,
    'merchant_id': 'MERCH001',
    'timestamp': '2025-11-26T00:47:38Z'
})

print(f"Fraud Score: {result['fraud_score']:.2f}")
print(f"Risk Level: {result['risk_level']}")
"""
"""The snippet of the document "Real-Time Fraud Analytics System", section "Python SDK"."""


class CheckHandler(BaseHTTPRequestHandler):
    """Answers ``POST /api/check-fraud`` to a client with the key."""

    def do_POST(self) -> None:
        """Answer as the document shows, with a low risk below 1,000 dollars."""
        asked = orjson.loads(self.rfile.read(int(self.headers["Content-Length"])))
        is_known = self.path == "/api/check-fraud" and self.headers["X-API-Key"] == "dec_key"
        level = "HIGH" if asked["amount"] > 1_000 else "LOW"
        self.send_response(200 if is_known else 401)
        self.end_headers()
        self.wfile.write(orjson.dumps(CHECKED | {"risk_level": level}))

    def log_message(self, *_: object) -> None:
        """Keep the test's output clean."""


@pytest.fixture(scope="module", name="url")
def fixture_url() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), CheckHandler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_the_page_has_the_snippet_of_the_document_with_this_packages_name() -> None:
    assert SNIPPETS[0] == DOCUMENT.replace("from src.fraud_detector import", "from fraudstream import")


@pytest.mark.parametrize(
    ("snippet", "printed"),
    [(SNIPPETS[0], "Fraud Score: 0.87\nRisk Level: HIGH\n"), (SNIPPETS[1], "['LOW', 'HIGH']\n")],
    ids=["first call", "asynchronous"],
)
def test_a_snippet_of_the_page_runs(url: str, snippet: str, printed: str, tmp_path: Path) -> None:
    variables = {"DECISION_API_URL": url, "DECISION_API_KEY": "dec_key", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", snippet],
        cwd=tmp_path,
        env=variables,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stdout) == (0, printed), done.stderr


@pytest.mark.skipif(shutil.which("node") is None, reason="there is no Node to run the snippet in")
def test_the_javascript_snippet_of_the_page_runs(url: str) -> None:
    (snippet,) = re.findall(r"^```javascript\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
    client = (ROOT / "serving" / "javascript" / "decisions.mjs").as_uri()
    code = snippet.replace("./decisions.mjs", client).replace("http://127.0.0.1:8000", url)
    done = subprocess.run(
        ["node", "--input-type=module", "-e", code],  # noqa: S607 - whichever the machine has
        env={"DECISION_API_KEY": "dec_key"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stdout) == (0, "0.87 HIGH\n"), done.stderr
