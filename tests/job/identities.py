"""Prints, as JSON, the identity of each operator with state of the job that the arguments describe.

A process of its own: the planner numbers operators through the life of its JVM, and a job is
planned in a fresh one.
"""

import json
import re
import sys
from typing import Any

from pyflink.datastream import StreamExecutionEnvironment

from fraudstream.settings import Settings
from jobs import feature_job

STATEFUL = re.compile(r"Source: transactions|OverAggregate|dead_letters|alerts")


def main() -> None:
    """Plan the job and read the identities off its stream graph."""
    executions: list[Any] = []
    create = StreamExecutionEnvironment.get_execution_environment

    def remember(*_arguments: object) -> object:
        executions.append(create())
        return executions[-1]

    StreamExecutionEnvironment.get_execution_environment = remember
    feature_job.build(Settings.load(sys.argv[1:], env_file=None)).attach_as_datastream()
    graph = executions[0]._j_stream_execution_environment.getStreamGraph(False)  # noqa: SLF001, FBT003 - PyFlink has no way of its own
    nodes = graph.getStreamNodes().toArray()
    identities = {node.getOperatorName(): node.getTransformationUID() for node in nodes}
    json.dump({name: uid for name, uid in identities.items() if STATEFUL.match(name)}, sys.stdout)


if __name__ == "__main__":
    main()
