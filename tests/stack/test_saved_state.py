"""State that survives a killed worker, and state that a new release of the job restores."""

import os
import random
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Final
from unittest import mock

import numpy as np
import pytest
from py4j.protocol import Py4JJavaError
from pyflink.java_gateway import get_gateway

from deploy.package import package
from drills.cluster import ClusterError, session_cluster, start_taskmanager
from drills.emulator_environment import emulator_environment
from drills.live_job import Launcher, LiveJob
from drills.reference_comparison import Scored, last_copies, wrong_features, wrong_ordinals
from fraudstream.domain.catalogue import BUILT_IN, Catalogue, Entity, Feature, WindowFeature
from fraudstream.domain.duration import HOUR_MS, MINUTE_MS
from fraudstream.domain.transaction import Transaction, TransactionKey
from fraudstream.runtime.project_root import ROOT
from fraudstream.scoring.manifest import MANIFEST_NAME, Manifest, manifest_features
from jobs import feature_job
from jobs.connectors import connector_for
from jobs.environment import start_jvm
from jobs.hash_keys import hash_key
from jobs.job_settings import JobSettings
from jobs.savepoints import ACCOUNT
from models.members import KINDS
from producer.simulation import TrafficOptions, generate
from tests.stack.foreign_savepoint import write_foreign_savepoint
from tests.stack.job_refusals import refusal
from tests.stack.stack_helpers import settings_with_own_streams

START_MS: Final = 1_736_121_600_000
"""2025-01-06 00:00 UTC; the traffic below takes some hours from there."""
BACKENDS: Final = {"hashmap": "HashMapStateBackend", "rocksdb": "EmbeddedRocksDBStateBackend"}
"""The value of the setting, and Flink's name for it."""
NO_CHECKPOINTS: Final = {"FRAUDSTREAM_CHECKPOINT_INTERVAL": "1h"}
"""No checkpoints except those that a test requests."""
REFUSAL_TIMEOUT_S: Final = 120


def traffic(seed: int, count: int) -> list[Transaction]:
    """Return transactions of a small bank with recurring entities, up to half an hour out of order."""
    options = TrafficOptions(seed=seed, accounts=30, transactions_per_account_per_day=20, start_ms=START_MS)
    made = [labelled.transaction for labelled in islice(generate(options), count)]
    rng = random.Random(seed)
    return sorted(made, key=lambda each: each.event_time_ms + rng.randrange(30 * MINUTE_MS))


@pytest.fixture(scope="module")
def environment() -> Iterator[pytest.MonkeyPatch]:
    with pytest.MonkeyPatch.context() as patch:
        yield patch


@pytest.fixture(scope="module")
def launcher(
    embedded_url: str, environment: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Launcher]:
    folder = tmp_path_factory.mktemp("saved-state")
    package(folder / "fraudstream-python.zip")
    aws = emulator_environment(settings_with_own_streams(embedded_url, environment))
    (folder / "cluster").mkdir()
    with session_cluster(folder / "cluster", aws | NO_CHECKPOINTS) as cluster:
        yield Launcher(cluster, folder / "fraudstream-python.zip")


# ---- a worker is killed ----


@pytest.mark.parametrize("state_backend", BACKENDS)
def test_a_killed_worker_loses_no_transaction_and_no_window_count(
    state_backend: str, launcher: Launcher, embedded_url: str, environment: pytest.MonkeyPatch
) -> None:
    settings = settings_with_own_streams(embedded_url, environment)
    arrivals = traffic(seed=5, count=240)
    with launcher.running(settings, "--state-backend", state_backend) as job:
        score_across_a_worker_kill(job, arrivals[:90], arrivals[90:160], arrivals[160:])
        assert job.state_backend() == BACKENDS[state_backend]
        assert job.restored_from() is not None
        records = job.scored()
        assert last_copies(records).keys() == keys(arrivals)
        assert wrong_ordinals(BUILT_IN, arrivals, records) == {}
        assert wrong_features(BUILT_IN, arrivals, records) == []
        assert job.dead_letters() == []
        assert_one_alert_id_per_score_above_the_threshold(job, records)


def score_across_a_worker_kill(
    job: LiveJob, saved: list[Transaction], unsaved: list[Transaction], rest: list[Transaction]
) -> None:
    """Kill the worker after ``unsaved`` was scored but not checkpointed; it must be scored again.

    Some of the earlier transactions are sent again and detected as duplicates.
    """
    job.send(saved)
    job.wait_until_scored(saved)
    job.checkpoint()
    job.send(unsaved)
    job.wait_until_scored(unsaved)
    job.cluster.kill("taskmanager")
    start_taskmanager(job.cluster)
    doubled = [*saved[:10], *unsaved[:10]]
    job.send([*rest, *doubled])
    job.wait_for_scored(
        lambda records: has_all(records, once=[*saved, *rest], twice=unsaved, doubled=doubled)
    )


def has_all(
    records: list[Scored],
    once: Iterable[Transaction],
    twice: Iterable[Transaction],
    doubled: Iterable[Transaction],
) -> bool:
    copies = Counter(TransactionKey.of(record) for record in records if record["outcome"] == "new")
    return (
        keys(once) <= copies.keys()
        and all(copies[key] >= 2 for key in keys(twice))
        and keys(doubled) <= duplicates(records)
    )


def duplicates(records: Iterable[Scored]) -> set[TransactionKey]:
    return {TransactionKey.of(record) for record in records if record["outcome"] == "duplicate"}


def keys(transactions: Iterable[Transaction]) -> set[TransactionKey]:
    return {each.key for each in transactions}


def assert_one_alert_id_per_score_above_the_threshold(job: LiveJob, records: list[Scored]) -> None:
    threshold = Manifest.load(ROOT / "models" / "v1").threshold
    above = {key for key, record in last_copies(records).items() if record["score"] >= threshold}
    assert above
    # A separate sink: it may lag behind the sink of the scored transactions.
    job.cluster.wait_for("alerts", lambda: above <= alert_ids(job).keys())
    assert alert_ids(job).keys() == above
    assert {len(each) for each in alert_ids(job).values()} == {1}


def alert_ids(job: LiveJob) -> dict[TransactionKey, set[str]]:
    found: defaultdict[TransactionKey, set[str]] = defaultdict(set)
    for alert in job.alerts():
        found[TransactionKey.of(alert)].add(alert["alert_id"])
    return found


# ---- a new release starts from a savepoint of the previous one ----


def window(name: str, statistic: str, window_ms: int, column: str | None = None) -> WindowFeature:
    """Return a feature of the account."""
    spec = {"name": name, "entity": "account_id", "statistic": statistic, "window_ms": window_ms}
    return WindowFeature.model_validate(spec | ({"column": column} if column else {}))


def without(entity: Entity, features: Iterable[Feature]) -> tuple[Feature, ...]:
    """Return the features without an entity's windows, which no other feature may refer to."""
    return tuple(each for each in features if each.entity != entity)


FIRST: Final = Catalogue(
    (
        *without("merchant_id", BUILT_IN.features),
        window("other_window", "sum", HOUR_MS, "transaction_fees_vnd"),
        window("other_column", "sum", HOUR_MS, "transaction_fees_vnd"),
    )
)
MORE: Final = Catalogue(
    (
        *BUILT_IN.features,
        window("other_window", "sum", 12 * HOUR_MS, "transaction_fees_vnd"),
        window("other_column", "mean", 12 * HOUR_MS, "num_transactions"),
        window("added_without_column", "count", 2 * HOUR_MS),
        window("added_over_known_column", "sum", 2 * HOUR_MS, "transaction_amount_vnd"),
        window("added_over_new_column", "sum", 12 * HOUR_MS, "total_loans_vnd"),
    )
)
"""Adds the merchant's windows and new features, and redefines two names."""
FEWER: Final = Catalogue(without("counterparty_id", FIRST.features))
OVER_NEW_COLUMNS: Final = {"other_column", "added_over_new_column"}


def as_saved(transaction: Transaction) -> Transaction:
    """Return what the state of `FIRST` remembers of a transaction, as far as `MORE` reads it."""
    return replace(transaction, num_transactions=None, total_loans_vnd=None)


@dataclass(frozen=True)
class Stopped:
    """A job of `FIRST` that stopped with a savepoint, and transactions that no job has read yet."""

    empty_savepoint: str
    """Taken before the first transaction."""
    hashmap_savepoint: str
    """In the native format of the state backend, as checkpoints are."""
    savepoint: str
    settings: JobSettings
    before: list[Transaction]
    records: list[Scored]
    unread: list[Transaction]

    def successor(self, name: str) -> JobSettings:
        """Return settings for a job that resumes from there: its own scored stream, otherwise the same."""
        return self.settings.model_copy(update={"scored_stream": f"{self.settings.scored_stream}-{name}"})


@pytest.fixture(scope="module")
def stopped(
    launcher: Launcher,
    embedded_url: str,
    environment: pytest.MonkeyPatch,
    tmp_path_factory: pytest.TempPathFactory,
) -> Stopped:
    folder = tmp_path_factory.mktemp("savepoints")
    settings = settings_with_own_streams(embedded_url, environment)
    job = launcher.start(settings, *catalogue_file(folder, FIRST))
    arrivals = traffic(seed=6, count=200)
    before, unread = arrivals[:120], arrivals[120:]
    job.wait_until_running()
    empty_savepoint = job.savepoint(folder)
    job.send(before)
    job.wait_until_scored(before)
    hashmap_savepoint = job.savepoint(folder, "NATIVE")
    savepoint = job.stop_with_savepoint(folder)
    job.send(unread)
    return Stopped(empty_savepoint, hashmap_savepoint, savepoint, settings, before, job.scored(), unread)


def catalogue_file(folder: Path, catalogue: Catalogue) -> tuple[str, ...]:
    """Return the options for a catalogue and a model that uses only the account's features."""
    path = folder / f"{catalogue.version}.json"
    path.write_text(catalogue.to_json())
    return "--catalogue", str(path), "--model", str(account_model(folder))


def account_model(folder: Path) -> Path:
    """Write a model trained on the account's features, which all catalogues of this module have."""
    accounts = Catalogue(without("merchant_id", without("counterparty_id", BUILT_IN.features)))
    version = folder / "accounts"
    version.mkdir(exist_ok=True)
    rows = np.random.default_rng(1).normal(1e6, 1e6, (200, accounts.width)).astype(np.float32)
    trees = KINDS["xgboost"].fit(rows, rows[:, 0] > 2e6, accounts, seed=1)
    files = {"xgboost.ubj": trees.to_bytes()}
    (version / "xgboost.ubj").write_bytes(files["xgboost.ubj"])
    own = Manifest.load(ROOT / "models" / "v1")
    manifest = own.model_copy(
        update={"features": manifest_features(accounts), "catalogue_version": accounts.version}
    )
    (version / MANIFEST_NAME).write_text(manifest.with_digests(files).to_text())
    return version


def test_a_savepoint_restores_with_more_tasks_and_other_features_under_flink_run_s(
    launcher: Launcher, stopped: Stopped, tmp_path: Path
) -> None:
    """Windows over remembered fields have their whole history at once; others fill from then on."""
    with launcher.running(
        stopped.successor("more").model_copy(update={"parallelism": 2}),
        *catalogue_file(tmp_path, MORE),
        flink_options=("-s", stopped.savepoint),
    ) as job:
        assert job.parallelism() == 2
        job.wait_until_scored(stopped.unread)
        # The client has generated another hash key, and has to continue with the saved one.
        job.send(stopped.before[-5:])
        job.wait_for_scored(lambda records: len(duplicates(records)) == 5)
    records = stopped.records + job.scored()

    known = [as_saved(each) for each in stopped.before]
    assert wrong_ordinals(MORE, stopped.unread, records, before=known) == {}
    assert wrong_features(MORE, stopped.unread, records, before=known) == []
    # With all of a transaction in the state, or nothing of it, these values would differ.
    past_missing = wrong_features(MORE, stopped.unread, records, before=stopped.before)
    assert {each.feature for each in past_missing} == OVER_NEW_COLUMNS
    past_there = wrong_features(MORE, stopped.unread, records)
    assert {each.feature for each in past_there} > {
        *("account_count_30d", "device_count_1h", "other_window"),
        *("added_without_column", "added_over_known_column"),
    }
    assert job.dead_letters() == []


def test_a_removed_step_may_drop_its_state_on_request(
    launcher: Launcher, stopped: Stopped, tmp_path: Path
) -> None:
    with launcher.running(
        stopped.successor("fewer"),
        *("--from-savepoint", stopped.savepoint, "--allow-dropped-state", "true"),
        *catalogue_file(tmp_path, FEWER),
    ) as job:
        job.wait_until_scored(stopped.unread)
    records = stopped.records + job.scored()

    assert wrong_ordinals(FEWER, stopped.unread, records, before=stopped.before) == {}
    assert wrong_features(FEWER, stopped.unread, records, before=stopped.before) == []
    new = last_copies(job.scored()).values()
    assert not any("counterparty_id" in record["ordinals"] for record in new)


def test_a_replay_uses_the_generated_key_of_a_savepoint(stopped: Stopped) -> None:
    with mock.patch.dict(os.environ):
        settings = JobSettings.load(["--hash-key-from", stopped.savepoint], env_file=None)
        start_jvm({})
        savepoint = get_gateway().jvm.fraudstream.kernel.stream.Savepoint.open(stopped.savepoint)
        savepoint.checkKey(ACCOUNT, hash_key(settings, is_bounded=True))
        published = hash_key(JobSettings.load(env_file=None), is_bounded=True)
        with pytest.raises(Py4JJavaError, match="are hashed with the key"):
            savepoint.checkKey(ACCOUNT, published)


# ---- rejected savepoints ----


def test_another_max_parallelism_is_rejected_in_one_line(stopped: Stopped) -> None:
    arguments = ("--from-savepoint", stopped.savepoint, "--max-parallelism", "64")
    refused = subprocess.run(
        [sys.executable, "jobs/feature_job.py", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=REFUSAL_TIMEOUT_S,
    )
    assert refused.returncode == 2
    error = refused.stderr.splitlines()[-1]
    assert error.startswith(f"error: {stopped.savepoint} was made with a max_parallelism of 128")
    assert error.endswith("give --max-parallelism 128")


def test_flink_run_s_shows_the_rejection_and_submits_nothing(launcher: Launcher, stopped: Stopped) -> None:
    jobs = launcher.cluster.job_states()
    with pytest.raises(ClusterError, match="give --max-parallelism 128"):
        launcher.start(stopped.settings, "--max-parallelism", "64", flink_options=("-s", stopped.savepoint))
    assert launcher.cluster.job_states() == jobs


def test_state_of_an_entity_without_a_step_is_rejected(
    stopped: Stopped, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    error = refusal(capfd, "--from-savepoint", stopped.savepoint, *catalogue_file(tmp_path, FEWER))
    assert "contains state this job does not use (counterparty_id)" in error
    assert "--allow-dropped-state true" in error


def test_state_of_a_stream_that_is_now_off_is_rejected(
    stopped: Stopped, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    arguments = ("--from-savepoint", stopped.savepoint, "--scored-stream", "off")
    error = refusal(capfd, *arguments, *catalogue_file(tmp_path, FIRST))
    assert "contains state this job does not use (scored_transactions)" in error
    assert "--allow-dropped-state true" in error


def test_a_savepoint_of_the_other_state_backend_is_rejected(
    stopped: Stopped, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    arguments = ("--from-savepoint", stopped.hashmap_savepoint, "--state-backend", "rocksdb")
    error = refusal(capfd, *arguments, *catalogue_file(tmp_path, FIRST))
    assert "of the state backend hashmap, which rocksdb can't read: give --state-backend hashmap" in error


@pytest.mark.parametrize("name", ["nothing-here", ".", "a-file"])
def test_a_path_without_a_savepoint_is_rejected(
    name: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a-file").write_text("{}")
    path = str(tmp_path / name)
    assert refusal(capfd, "--from-savepoint", path).startswith(f"no readable savepoint at {path}")


def test_the_savepoint_of_another_job_is_rejected(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with mock.patch.dict(os.environ):
        start_jvm(connector_for(JobSettings.load(env_file=None)).jvm_variables)
        write_foreign_savepoint(tmp_path)
    error = refusal(capfd, "--from-savepoint", tmp_path.as_uri())
    assert error.startswith(f"{tmp_path.as_uri()} is not a savepoint of this job (no account state)")


def test_a_savepoint_taken_before_the_first_transaction_can_be_restored(
    stopped: Stopped, tmp_path: Path
) -> None:
    options = ["--from-savepoint", stopped.empty_savepoint, *catalogue_file(tmp_path, FIRST)]
    with mock.patch.dict(os.environ):
        settings = JobSettings.load(options, env_file=None)
        catalogue = feature_job.load_catalogue(settings, has_labels=False)
        feature_job.build(settings, catalogue, connector_for(settings))
