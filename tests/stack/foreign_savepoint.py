"""A savepoint that is not of this project's job."""

from pathlib import Path

from pyflink.java_gateway import get_gateway


def write_foreign_savepoint(folder: Path) -> None:
    """Write the savepoint of a job with a different stateful operator."""
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
