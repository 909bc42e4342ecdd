"""Saved state of layout 3, kept as files, restored by the current job: features to the last digit.

The Kinesis positions are part of the state, but the emulator that issued them no longer exists. A new
emulator numbers the records of a shard 1, 2, 3, … as that one did: streams of the same names, with one
shard each, get as many unreadable records as the job had read, followed by the new transactions. A
restored job that keeps its positions starts with these; otherwise each record that it reads again is an
unexpected dead letter. No state is dropped. All input comes from one shard, so its order is fixed.
`tests.golden.make_saved_state` describes the state.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from deploy.package import package
from drills.cluster import session_cluster
from drills.emulator_environment import emulator_environment
from drills.live_job import Launcher
from jobs.job_settings import JobSettings
from localstack.emulator import embedded_emulator
from tests.golden import saved_state
from tests.stack.job_refusals import refusal
from tests.stack.stack_helpers import settings_with_own_streams

NO_CHECKPOINTS: Final = {"FRAUDSTREAM_CHECKPOINT_INTERVAL": "1h"}
EXACT_ROWS: Final = 4_160
"""The maximum number of exact transactions in a history, besides those of the last hour."""
EXPECTED: Final = saved_state.read_lines(saved_state.SCORED)
DEAD_LETTERS: Final = saved_state.read_lines(saved_state.DEAD_LETTERS)
FEATURES: Final = {each["transaction_id"]: each["features"] for each in EXPECTED}


@pytest.fixture(scope="module")
def settings() -> Iterator[JobSettings]:
    """Fill the streams that all restored jobs read, each from the same position."""
    with (
        pytest.MonkeyPatch.context() as patch,
        embedded_emulator(*saved_state.NUMBERED_FROM_ONE) as url,
    ):
        settings = settings_with_own_streams(url, patch)
        saved_state.fill_sources(saved_state.golden_settings(settings, "sources"))
        yield settings


@pytest.fixture(scope="module")
def launcher(settings: JobSettings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Launcher]:
    folder = tmp_path_factory.mktemp("golden-state")
    package(folder / "fraudstream-python.zip")
    (folder / "cluster").mkdir()
    with session_cluster(folder / "cluster", emulator_environment(settings) | NO_CHECKPOINTS) as cluster:
        yield Launcher(cluster, folder / "fraudstream-python.zip")


@pytest.mark.parametrize("name", saved_state.STATE_BACKENDS)
def test_a_job_resumes_from_saved_state_of_the_first_release_with_its_layout(
    name: str, launcher: Launcher, settings: JobSettings, tmp_path: Path
) -> None:
    uri = saved_state.unpack(tmp_path)[name]
    with saved_state.restored(launcher, settings, name, uri) as job:
        job.wait_for_scored(lambda records: len(records) >= len(EXPECTED))
        job.cluster.wait_for("dead letters", lambda: len(job.dead_letters()) >= len(DEAD_LETTERS))
        assert saved_state.comparable(job.scored()) == saved_state.comparable(EXPECTED)
        assert saved_state.comparable(job.dead_letters()) == DEAD_LETTERS


# ---- what is refused, before a job is submitted ----


@pytest.mark.parametrize("name", saved_state.STATE_BACKENDS)
def test_state_of_the_layout_before_is_refused_with_the_way_on(
    name: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    uri = saved_state.unpack(tmp_path, saved_state.EARLIER_LAYOUT)[name]
    options = saved_state.job_options(saved_state.STATE_BACKENDS[name])
    error = refusal(capfd, *options, "--from-savepoint", uri)
    assert error.startswith(f"{uri} can't be continued: saved state has layout version 2; this release reads")
    assert "(start_position TRIM_HORIZON): alerts that were delivered before are recognised" in error


@pytest.mark.parametrize("name", saved_state.STATE_BACKENDS)
def test_state_of_another_hash_key_is_refused_by_the_fingerprints(
    name: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    uri = saved_state.unpack(tmp_path)[name]
    other = "f" * 32
    options = saved_state.job_options(saved_state.STATE_BACKENDS[name], other)
    error = refusal(capfd, *options, "--from-savepoint", uri)
    assert error.startswith(f"{uri} can't be continued: its ids and texts are hashed with the key ")
    assert error.strip().endswith("give that key as hash_key")
    assert other not in error
    assert saved_state.HASH_KEY not in error


def test_state_whose_hash_key_came_from_settings_needs_it_again(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    uri = saved_state.unpack(tmp_path)["savepoint"]
    rest = saved_state.job_options("hashmap")[2:]
    error = refusal(capfd, *rest, "--from-savepoint", uri)
    assert "hashed with a key from settings, which the state does not have" in error
    error = refusal(capfd, *rest, "--hash-key-from", uri)
    assert error.startswith(
        f"hash_key_from: {uri} gives no hash key: its ids and texts are hashed with a key"
    )


def test_the_golden_state_has_panes_of_each_entity() -> None:
    busy = FEATURES["after-1"]
    assert busy["account_count_30d"] > EXACT_ROWS
    ordinals = next(each["ordinals"] for each in EXPECTED if each["transaction_id"] == "after-1")
    assert all(ordinals[entity] > EXACT_ROWS for entity in ("account_id", "merchant_id", "counterparty_id"))


def test_the_golden_state_has_labels_that_wait_for_their_transactions() -> None:
    """Check transactions that arrive after the state was saved, with fraud labels from before."""
    assert FEATURES["after-100"]["merchant_fraud_rate_24h_delay_7d"] == 1
    assert FEATURES["after-103"]["device_fraud_rate_24h_delay_7d"] == 1
    assert FEATURES["after-103"]["counterparty_fraud_rate_24h_delay_7d"] == 1
    # This label was withdrawn before the state was saved.
    assert FEATURES["after-104"]["merchant_fraud_rate_24h_delay_7d"] == 0
