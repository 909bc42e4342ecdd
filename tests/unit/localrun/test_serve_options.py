import json
import shlex
import socket
import stat
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from fraudstream.profiles.profile_rows import ProfileProgress
from fraudstream.web.api_keys import ApiKeys, read_keys
from fraudstream.web.scopes import Caller
from localrun.curl_lines import curl_lines, requests
from localrun.logged_process import ProcessEndedError, logged_process
from localrun.serve import main
from localrun.serve_view import ServeView, profile_lag_ms
from localrun.served_system import SCOPES, ServedSystem, new_hash_key
from producer.sending_statistics import Statistics
from tests.unit.waiting import wait_until

NOW_MS = 1_800_000_000_000


def serve(*arguments: str) -> Result:
    app = typer.Typer()
    app.command()(main)
    return CliRunner().invoke(app, arguments)


def system(folder: Path, *, has_auth: bool = True) -> ServedSystem:
    return ServedSystem(
        folder=folder,
        host="127.0.0.1",
        port=8_001,
        has_auth=has_auth,
        workers=1,
        store="redis://:pw@h:1/0",
        hash_key="ab" * 16,
    )


def test_an_occupied_port_is_refused_before_anything_starts_and_names_the_option() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        refused = serve("--port", str(port))
    assert refused.exit_code == 2
    assert f"--port {port}: cannot listen" in refused.output


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (("--auth", "maybe"), "--auth maybe: write on or off"),
        (("--auth", "off", "--host", "192.0.2.1"), "--auth off --host 192.0.2.1"),
        (("--store", "mysql://x"), "profile store"),
        (("--hash-key", "xyz"), "give 32 hexadecimal digits"),
    ],
)
def test_unusable_options_are_refused_with_the_remedy(options: tuple[str, ...], complaint: str) -> None:
    refused = serve("--port", "1", *options)
    assert refused.exit_code == 2
    assert complaint in " ".join(refused.output.replace("│", " ").split())
    assert "xyz" not in refused.output


def test_job_and_api_share_the_store_and_the_hash_key_and_no_option_has_them(tmp_path: Path) -> None:
    job, api = system(tmp_path).job_variables(), system(tmp_path).api_variables("http://127.0.0.1:4566")
    assert job["FRAUDSTREAM_PROFILE_STORE"] == api["DECISION_API_PROFILE_STORE"] == "redis://:pw@h:1/0"
    assert job["FRAUDSTREAM_HASH_KEY"] == api["DECISION_API_HASH_KEY"] == "ab" * 16
    assert (api["DECISION_API_AUTH"], api["DECISION_API_PORT"]) == ("on", "8001")
    assert api["AWS_ENDPOINT_URL"] == "http://127.0.0.1:4566"


def test_the_key_file_has_the_keys_hash_with_every_scope_and_is_private(tmp_path: Path) -> None:
    served = system(tmp_path)
    key = served.make_api_key()
    assert key is not None
    assert stat.S_IMODE(served.keys_file.stat().st_mode) == 0o600
    assert key not in served.keys_file.read_text()
    known = ApiKeys(read_keys(served.keys_file, "key"))
    assert known.identify(key) == Caller("key:serve", frozenset(SCOPES))


def test_without_authentication_there_is_no_key(tmp_path: Path) -> None:
    served = system(tmp_path, has_auth=False)
    assert served.make_api_key() is None
    variables = served.api_variables("http://e")
    assert variables["DECISION_API_AUTH"] == "off"
    assert "DECISION_API_KEYS_FILE" not in variables


def test_each_hash_key_is_new() -> None:
    assert len({new_hash_key() for _ in range(10)}) == 10
    assert len(new_hash_key()) == 32


def test_the_curl_lines_are_complete_commands_of_the_routes() -> None:
    for line, (path, body) in zip(
        curl_lines("http://h:1", "dec_k", NOW_MS), requests(NOW_MS).items(), strict=True
    ):
        words = shlex.split(line)
        assert words[:5] == ["curl", "-sS", "-X", "POST", f"http://h:1{path}"]
        assert "X-API-Key: dec_k" in words
        assert json.loads(words[-1]) == body


def test_without_a_key_the_curl_lines_send_none() -> None:
    assert all("X-API-Key" not in line for line in curl_lines("http://h:1", None, NOW_MS))


def test_the_line_has_the_rate_since_the_last_line_and_the_profiles_lag() -> None:
    statistics, times_s = Statistics(), iter([0.0, 2.0, 4.0])
    progress = [
        [ProfileProgress(entity="account_id", task=0, tasks=1, epoch_ms=1, written_until_ms=NOW_MS - 700)],
        None,
    ]
    view = ServeView(statistics, lambda: progress.pop(0), lambda: next(times_s), lambda: NOW_MS)
    statistics.sent_good = 200
    assert view.line() == "200 transactions sent (100/s); profiles 0.7 s behind"
    statistics.failed = 3
    assert view.line() == "200 transactions sent (0/s, 3 failed); the profile store does not answer"


def test_profiles_have_no_lag_before_every_task_has_reported() -> None:
    two = ProfileProgress(entity="device_id", task=0, tasks=2, epoch_ms=1, written_until_ms=NOW_MS)
    assert profile_lag_ms([], NOW_MS) is None
    assert profile_lag_ms([two], NOW_MS) is None


def test_the_end_of_a_part_is_an_error_with_the_end_of_its_log(tmp_path: Path) -> None:
    log = tmp_path / "logs" / "part.log"
    code = "import os, sys; print('because', os.environ['WORD']); sys.exit(3)"
    with logged_process(["-c", code], "the part", log, {"WORD": "of this"}) as process:

        def has_ended() -> bool:
            try:
                process.check()
            except ProcessEndedError:
                return True
            return False

        wait_until(has_ended)
        with pytest.raises(
            ProcessEndedError, match=r"the part exited with code 3; the end of .*part.log:\nbecause of this"
        ):
            process.check()
