"""The ports of the job in its local mini cluster: loopback only, and only reading on the REST port."""

import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from fraudstream.runtime.project_root import ROOT
from fraudstream.runtime.stop_signals import end_process
from fraudstream.streams.kinesis.kinesis_client import kinesis_client
from localrun.job_process import JobProcess, free_port
from localrun.logged_process import LoggedProcess
from localstack.streams import create_streams
from tests.stack.stack_helpers import settings_with_own_streams

LISTENS = "0A"
"""State of a listening socket in /proc/net/tcp."""
LOOPBACK = {"0100007F", "00000000000000000000000001000000", "0000000000000000FFFF00000100007F"}
"""127.0.0.1, ::1 and ::ffff:127.0.0.1, in words of little-endian bytes."""
OTHER = "http://evil.example"


@pytest.fixture(scope="module")
def job(
    embedded_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """Run the job; yield its process and the URL of its REST port.

    In process mode, Beam's own ports are on every network interface (docs/deploy.md).
    """
    log = tmp_path_factory.mktemp("job") / "job.log"
    port = free_port()
    with pytest.MonkeyPatch.context() as patch, log.open("wb") as output:
        settings = settings_with_own_streams(embedded_url, patch)
        create_streams(kinesis_client(settings), settings, wait_s=30)
        process = subprocess.Popen(
            [sys.executable, "jobs/feature_job.py", "--rest-port", str(port), "--python-mode", "thread"],
            cwd=ROOT,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        url = f"http://127.0.0.1:{port}"
        waiting = JobProcess(LoggedProcess(process, "the job", log), url)
        while not waiting.is_reading():
            waiting.check()
            time.sleep(0.3)
        yield process, url
    finally:
        end_process(process, 30)


def descendants(pid: int) -> set[int]:
    """Return a process and all that it started."""
    parents = {
        int(path.name): int((path / "stat").read_text().rpartition(")")[2].split()[1])
        for path in Path("/proc").glob("[0-9]*")
        if (path / "stat").exists()
    }
    found = {pid}
    while more := {child for child, parent in parents.items() if parent in found} - found:
        found |= more
    return found


def listening(pids: set[int]) -> dict[str, str]:
    """Return the address, by port, of each TCP socket on which these processes listen."""
    inodes = set()
    for path in (path for pid in pids for path in Path(f"/proc/{pid}/fd").iterdir()):
        if socket := re.fullmatch(r"socket:\[(\d+)]", str(path.readlink())):
            inodes.add(socket[1])
    rows = [
        row.split()
        for name in ("tcp", "tcp6")
        for row in Path("/proc/net", name).read_text().splitlines()[1:]
    ]
    sockets = [row[1].split(":") for row in rows if row[3] == LISTENS and row[9] in inodes]
    return {str(int(port, 16)): address for address, port in sockets}


def test_every_port_of_the_job_is_bound_to_loopback(job: tuple[subprocess.Popen[bytes], str]) -> None:
    process, url = job
    found = listening(descendants(process.pid))
    assert url.rpartition(":")[2] in found
    assert set(found.values()) <= LOOPBACK


def test_the_rest_port_can_be_read_and_nothing_else(job: tuple[subprocess.Popen[bytes], str]) -> None:
    _, url = job
    assert httpx.get(f"{url}/jobs/overview").json()["jobs"]
    refused = [
        httpx.post(f"{url}/jobs", files={"request": b"{}"}),
        httpx.post(f"{url}/jars/upload", files={"jarfile": b"PK"}),
        httpx.delete(f"{url}/cluster"),
        httpx.patch(f"{url}/jobs/1"),
        httpx.get(f"{url}/config", headers={"Origin": OTHER}),
        httpx.get(f"{url}/config", headers={"Host": "evil.example"}),
    ]
    assert [answer.status_code for answer in refused] == [403] * len(refused)
