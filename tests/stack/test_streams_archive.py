"""``python -m streams archive`` against the emulator."""

import gzip
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from fraudstream.runtime.project_root import ROOT
from fraudstream.streams.kinesis.kinesis_client import kinesis_client
from jobs.job_settings import JobSettings
from localstack.streams import create_streams
from tests.stack.stack_helpers import run_module, settings_with_own_streams, write_all


@pytest.fixture
def streams(embedded_url: str, monkeypatch: pytest.MonkeyPatch) -> JobSettings:
    settings = settings_with_own_streams(embedded_url, monkeypatch)
    create_streams(kinesis_client(settings), settings, wait_s=30)
    return settings


def test_all_shards_are_archived_each_in_order(streams: JobSettings, tmp_path: Path) -> None:
    sent = [b'{"n":%d}' % number for number in range(500)]
    write_all(streams, streams.transactions_stream, sent)
    out = tmp_path / "out.jsonl.gz"
    done = run_module("streams", "archive", str(out))
    assert done.returncode == 0, done.stderr
    assert f"{out}: 500 records in 500 lines, all before 20" in done.stderr
    assert sorted(gzip.decompress(out.read_bytes()).splitlines()) == sorted(sent)
    assert list(tmp_path.iterdir()) == [out]


def test_an_empty_stream_gives_an_empty_file(streams: JobSettings, tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    done = run_module("streams", "archive", str(out), "--stream", streams.labels_stream)
    assert (done.returncode, out.read_bytes()) == (0, b"")


@pytest.mark.usefixtures("streams")
def test_a_missing_stream_is_reported_and_an_older_file_is_kept(tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    out.write_bytes(b"old")
    done = run_module("streams", "archive", str(out), "--stream", "Nowhere")
    assert done.returncode == 1
    assert "stream 'Nowhere' does not exist" in done.stderr
    assert (out.read_bytes(), list(tmp_path.iterdir())) == (b"old", [out])


@pytest.mark.usefixtures("streams")
@pytest.mark.parametrize(
    ("name", "complaint"),
    [("out.txt", "must end in .jsonl or .jsonl.gz"), ("no/out.jsonl", "its folder must exist")],
)
def test_an_unwritable_file_is_rejected_before_anything_is_read(
    tmp_path: Path, name: str, complaint: str
) -> None:
    done = run_module("streams", "archive", str(tmp_path / name))
    assert done.returncode == 2
    assert complaint in " ".join(done.stderr.replace("│", " ").split())


def test_ctrl_c_writes_the_records_read_so_far_and_exits_with_code_1(
    streams: JobSettings, tmp_path: Path
) -> None:
    write_all(streams, streams.transactions_stream, [b"{}"] * 20)
    out = tmp_path / "out.jsonl"
    command = [sys.executable, "-m", "streams", "archive", str(out), "--seconds", "600"]
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True) as process:
        try:
            while not (tmp_path / "out.jsonl.part").exists():
                assert process.poll() is None
            process.send_signal(signal.SIGINT)
            _, said = process.communicate(timeout=60)
        finally:
            process.kill()
    assert process.returncode == 1
    assert said.endswith("; stopped before the end\n")
    (records,) = re.findall(r": (\d+) records in", said)
    assert out.read_bytes() == b"{}\n" * int(records)
