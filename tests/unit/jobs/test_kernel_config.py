"""The kernel's configuration from the settings."""

from pathlib import Path

import pytest

from fraudstream.domain.catalogue import BUILT_IN, CUSTOMER_FEATURES, Catalogue
from jobs.connectors import connector_for
from jobs.job_settings import JobSettings
from jobs.kernel import job_config


@pytest.mark.parametrize(("arguments", "ttl_ms"), [([], -1), (["--source-ttl", "2m"], 120_000)])
def test_windows_decide_how_long_state_is_kept_unless_a_file_job_sets_its_own_time(
    arguments: list[str], ttl_ms: int
) -> None:
    settings = JobSettings.load(["--source", __file__, "--features-out", "a", *arguments], env_file=None)
    options = connector_for(settings).kernel_options
    assert job_config(settings, BUILT_IN, options, model_version="v1")["state_ttl_ms"] == ttl_ms


@pytest.mark.parametrize("arguments", [[], ["--source", __file__, "--features-out", "a"]])
def test_shared_entities_keep_the_future_tolerance_more_over_a_stream_and_over_a_file(
    arguments: list[str],
) -> None:
    settings = JobSettings.load([*arguments, "--future-tolerance", "2h"], env_file=None)
    options = connector_for(settings).kernel_options
    config = job_config(settings, BUILT_IN, options, model_version="v1")
    assert config["retention_tolerance_ms"] == 7_200_000
    assert config["future_tolerance_ms"] == (-1 if arguments else 7_200_000)


@pytest.mark.parametrize(
    ("arguments", "refresh_ms", "timeout_ms"),
    [([], 30_000, 20), (["--source", __file__, "--features-out", "a"], 0, 5_000)],
)
def test_a_run_over_files_reads_the_customers_once_and_waits_for_them(
    tmp_path: Path, arguments: list[str], refresh_ms: int, timeout_ms: int
) -> None:
    metadata = tmp_path / "customers.csv"
    metadata.touch()
    limits = ("--customer-metadata-refresh", "30s", "--customer-metadata-timeout", "20ms")
    settings = JobSettings.load(
        [*arguments, *limits, "--customer-metadata", str(metadata), "--customer-metadata-cache", "7"],
        env_file=None,
    )
    options = connector_for(settings).kernel_options
    config = job_config(settings, Catalogue(CUSTOMER_FEATURES), options, model_version="v1")
    assert config["customers"] == {
        "source": str(metadata),
        "max_customers": 7,
        "refresh_ms": refresh_ms,
        "timeout_ms": timeout_ms,
        "region": "ap-southeast-1",
        "endpoint": None,
    }
    assert job_config(settings, BUILT_IN, options, model_version="v1")["customers"] is None
