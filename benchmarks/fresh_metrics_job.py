"""The job over files with metrics that are at most a second old: ``python -m benchmarks.fresh_metrics_job``.

The options are those of ``jobs/feature_job.py``.
"""

import sys
from typing import Final

from jobs.connectors import CONNECTORS
from jobs.connectors.file_connector import FileConnector
from jobs.feature_job import main

FRESH_METRICS: Final = {"metrics.fetcher.update-interval": "1000"}
"""In milliseconds. With Flink's default, 10 s, the last answer would be from the middle of a short run."""


class FreshMetricsConnector(FileConnector):
    """Files as source and sinks, in a cluster that collects its metrics once per second."""

    @property
    def flink_options(self) -> dict[str, str]:
        """Flink's options, with the interval of the collection."""
        return super().flink_options | FRESH_METRICS


if __name__ == "__main__":
    CONNECTORS.insert(0, FreshMetricsConnector)
    sys.exit(main(sys.argv[1:]))
