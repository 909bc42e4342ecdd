"""All faults of the drill, in the order in which they are injected."""

from typing import Final

from drills.faults.clock_faults import CLOCK_STEPPED
from drills.faults.consumer_faults import CONSUMER_DOWN, CONSUMER_DOWN_IN_OUTAGE, CONSUMER_TABLE_DELETED
from drills.faults.disk_faults import ROCKSDB_DISK_FULL
from drills.faults.early_faults import KILLED_EARLY, KILLED_EARLY_LATEST
from drills.faults.endpoint_faults import (
    ALERTS_DENIED,
    ALERTS_REFUSED,
    ANSWERS_LOST,
    BLACK_HOLE,
    CREDENTIALS_EXPIRED,
    ENDPOINT_GONE,
    SCORED_DENIED,
    SCORED_THROTTLED,
    THROTTLED,
)
from drills.faults.fault import Fault
from drills.faults.network_faults import NAME_LOST, PARTED
from drills.faults.operator_faults import MODEL_DAMAGED, SECOND_JOB
from drills.faults.pressure_faults import LONG_PAUSE, OUT_OF_MEMORY
from drills.faults.process_faults import JOBMANAGER_KILLED, PYTHON_WORKER_KILLED, TASKMANAGER_KILLED
from drills.faults.record_faults import (
    BROKEN_RECORDS,
    CLOCK_WRONG,
    CONFLICTING,
    DOUBLED_AND_LATE,
    HOT_ACCOUNT,
    LETTER_FLOOD,
)
from drills.faults.release_faults import CATALOGUE_UPGRADED, PARALLELISM_CHANGED
from drills.faults.shard_faults import SHARD_IDLE, SHARDS_CHANGED
from drills.faults.storage_faults import CHECKPOINT_STORAGE_FULL, CHECKPOINT_TRUNCATED, KILLED_WHILE_FULL
from drills.faults.stream_faults import STREAM_RECREATED

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
        KILLED_EARLY,
        KILLED_WHILE_FULL,
        CHECKPOINT_TRUNCATED,
        OUT_OF_MEMORY,
        LONG_PAUSE,
        BLACK_HOLE,
        ANSWERS_LOST,
        CREDENTIALS_EXPIRED,
        ALERTS_DENIED,
        SCORED_DENIED,
        SCORED_THROTTLED,
        ALERTS_REFUSED,
        LETTER_FLOOD,
        HOT_ACCOUNT,
        CONFLICTING,
        CONSUMER_DOWN_IN_OUTAGE,
        KILLED_EARLY_LATEST,
        STREAM_RECREATED,
        CONSUMER_TABLE_DELETED,
        SECOND_JOB,
        CLOCK_STEPPED,
        PARTED,
        NAME_LOST,
        ROCKSDB_DISK_FULL,
        MODEL_DAMAGED,
    )
}
