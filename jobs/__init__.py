"""Flink job: settings, connectors, kernel steps and the scoring function."""
