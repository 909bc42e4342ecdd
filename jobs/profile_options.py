"""Options of the kernel for the profile store, and the jar with the stores' drivers."""

from pathlib import Path
from typing import Any, Final

from fraudstream.profiles.store_urls import parse_store_url
from fraudstream.runtime.project_root import ROOT
from fraudstream.runtime.settings_sources import SettingsError
from jobs.job_settings import JobSettings

JARS: Final = (
    ROOT / "build" / "fraudstream-profiles.jar",
    Path("/opt/flink/opt/fraudstream-profiles.jar"),
)
"""Places of the jar: that of `make setup`, and that of the image. It is used only with a profile store."""


def profile_options(settings: JobSettings, *, epoch_ms: int) -> dict[str, Any] | None:
    """Return the object that the kernel's ``ProfileOptions`` reads; None without a profile store.

    ``epoch_ms`` is the epoch of a job that starts without saved profiles.
    """
    if settings.profile_store is None:
        return None
    url = settings.profile_store.get_secret_value()
    parts = parse_store_url(settings.profile_store)
    if parts.scheme == "sqlite":
        # The tasks may run in another folder than this client.
        url = f"sqlite:{Path(parts.path).resolve()}"
    options = {"aws.region": settings.aws_region}
    if settings.endpoint_url is not None:
        options["aws.endpoint"] = settings.endpoint_url
    return {
        "url": url,
        "options": options,
        "interval_ms": round(settings.profile_interval.total_seconds() * 1000),
        "epoch_ms": epoch_ms,
        "rebuild": settings.profile_rebuild,
    }


def profile_jars(settings: JobSettings, *, is_on_cluster: bool) -> tuple[Path, ...]:
    """Return the jars that the profile store needs.

    On a cluster the drivers may be in the job's jar already, so that none is found. Raises
    `SettingsError` if the local mini cluster lacks the jar.
    """
    if settings.profile_store is None:
        return ()
    found = next((jar for jar in JARS if jar.is_file()), None)
    if found is None and not is_on_cluster:
        msg = f"profile_store: {JARS[0]} with the stores' drivers does not exist; run `make setup`"
        raise SettingsError(msg)
    return (found,) if found else ()
