"""All faults of the drill, in the order in which they are injected."""

from typing import Final

from drills.faults.consumer_faults import CONSUMER_DOWN
from drills.faults.endpoint_faults import ENDPOINT_GONE, THROTTLED
from drills.faults.fault import Fault
from drills.faults.process_faults import JOBMANAGER_KILLED, PYTHON_WORKER_KILLED, TASKMANAGER_KILLED
from drills.faults.record_faults import BROKEN_RECORDS, CLOCK_WRONG, DOUBLED_AND_LATE
from drills.faults.release_faults import CATALOGUE_UPGRADED, PARALLELISM_CHANGED
from drills.faults.shard_faults import SHARD_IDLE, SHARDS_CHANGED
from drills.faults.storage_faults import CHECKPOINT_STORAGE_FULL

FAULTS: Final[dict[str, Fault]] = {
    fault.name: fault
    for fault in (
        TASKMANAGER_KILLED,
        JOBMANAGER_KILLED,
        PYTHON_WORKER_KILLED,
        ENDPOINT_GONE,
        THROTTLED,
        SHARDS_CHANGED,
        SHARD_IDLE,
        PARALLELISM_CHANGED,
        CATALOGUE_UPGRADED,
        BROKEN_RECORDS,
        CHECKPOINT_STORAGE_FULL,
        DOUBLED_AND_LATE,
        CLOCK_WRONG,
        CONSUMER_DOWN,
    )
}
