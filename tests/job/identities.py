"""Prints, as JSON, each operator of the job that the arguments describe, in order, and its identity.

A process of its own: the planner numbers operators through the life of its JVM, and a job is
planned in a fresh one.
"""

import json
import sys

from jobs import feature_job
from jobs.inputs import source_lines
from jobs.job_settings import JobSettings


def main() -> None:
    """Plan the job and read the identities off its stream graph."""
    settings = JobSettings.load(sys.argv[1:], env_file=None)
    with source_lines(settings) as lines:
        execution = feature_job.build(settings, feature_job.load_catalogue(settings), lines)
    graph = execution._j_stream_execution_environment.getStreamGraph(False)  # noqa: SLF001, FBT003 - PyFlink has no way of its own
    nodes = sorted(graph.getStreamNodes().toArray(), key=lambda node: node.getId())
    json.dump([[node.getOperatorName(), node.getTransformationUID()] for node in nodes], sys.stdout)


if __name__ == "__main__":
    main()
