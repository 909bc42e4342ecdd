"""Print, as JSON, the name and uid of each operator of the job for the given arguments, in order.

Needs a separate process: the planner numbers operators for the lifetime of its JVM, and a real job is
planned in a fresh one.
"""

import json
import sys

from jobs import feature_job
from jobs.connectors import connector_for
from jobs.job_settings import JobSettings


def main() -> None:
    """Plan the job and read the operators' names and uids from its stream graph."""
    settings = JobSettings.load(sys.argv[1:], env_file=None)
    connector = connector_for(settings)
    catalogue = feature_job.load_catalogue(settings, has_labels=connector.has_labels)
    with connector.prepared():
        execution = feature_job.build(settings, catalogue, connector)
    graph = execution._j_stream_execution_environment.getStreamGraph(False)  # noqa: SLF001, FBT003 - PyFlink has no way of its own
    nodes = sorted(graph.getStreamNodes().toArray(), key=lambda node: node.getId())
    json.dump([[node.getOperatorName(), node.getTransformationUID()] for node in nodes], sys.stdout)


if __name__ == "__main__":
    main()
