"""Assembly of the decision API's application."""

from fastapi import FastAPI

from fraudstream.runtime.metrics_registry import MetricsRegistry
from fraudstream.web.guarded_app import guarded_app
from serving.serving_names import METRIC_PREFIX, NAMES, PROBLEMS
from serving.serving_settings import ServingSettings


def create_app(settings: ServingSettings) -> FastAPI:
    """Return the application; raises `SettingsError` if the keys that the settings name can't be used."""
    return guarded_app(NAMES, settings, [], registry=MetricsRegistry(METRIC_PREFIX), problems=PROBLEMS)
