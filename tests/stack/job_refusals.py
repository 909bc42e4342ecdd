"""Savepoints that the job refuses before it is submitted, and what it says."""

import os
from pathlib import Path
from unittest import mock

import pytest
from pyflink.java_gateway import get_gateway

from jobs import feature_job


def refusal(capfd: pytest.CaptureFixture[str], *arguments: str) -> str:
    """Start the job in this process; return what it says of options that it refuses."""
    capfd.readouterr()
    # The job sets variables for the JVM that it starts; no other test may find them.
    with mock.patch.dict(os.environ):
        assert feature_job.main(list(arguments)) == 2
    said = capfd.readouterr().err
    assert "Traceback" not in said
    assert "\n\tat " not in said
    return said.partition("\nerror: ")[2]


def write_foreign_savepoint(folder: Path) -> None:
    """Write the savepoint of a job that has some other operator with state."""
    jvm = get_gateway().jvm
    runtime = jvm.org.apache.flink.runtime
    groups = runtime.state.KeyGroupRangeOffsets(0, 127)
    keyed = runtime.state.KeyGroupsStateHandle(
        groups, runtime.state.memory.ByteStreamStateHandle("keyed", b"state")
    )
    task = runtime.checkpoint.OperatorSubtaskState.builder().setManagedKeyedState(keyed).build()
    operator = runtime.checkpoint.OperatorState(runtime.jobgraph.OperatorID(), 1, 128)
    operator.putState(0, task)
    metadata = runtime.checkpoint.metadata.CheckpointMetadata(1, [operator], [])
    target = jvm.java.io.DataOutputStream(jvm.java.io.FileOutputStream(str(folder / "_metadata")))
    runtime.checkpoint.Checkpoints.storeCheckpointMetadata(metadata, target)
    target.close()
