"""Faults of the transaction stream itself: deleted, and created again."""

from typing import Final

from drills.cluster import ClusterError
from drills.faults.fault import Fault
from drills.stage import Stage
from localstack.streams import create_streams

CREATION_TIMEOUT_S: Final = 60.0
REFUSAL: Final = "did not come from this stream"
"""Words in which the stream refuses a position of its predecessor."""
SUCCESSOR: Final = "-again"


def recreate_stream(stage: Stage) -> None:
    """Delete the stream while nothing is being sent, create it again, and then one of another name.

    The recreated stream refuses the job's positions, so the job must fail visibly and score nothing. The
    remedy of docs/deploy.md must work: a stream of another name, and the job from its retained checkpoint.
    Raises `ClusterError` if the job does not fail, or for another reason.
    """
    stage.wait("a pause of the sender", lambda: stage.sender.is_idle)
    stage.wait("the scores of all that was sent", lambda: len(stage.scored_keys) == stage.sender.sent)
    completed = stage.job.completed_checkpoints()
    stage.wait("a checkpoint", lambda: stage.job.completed_checkpoints() > completed)
    recreated = stage.settings
    stage.tell("the transaction stream is deleted")
    stage.move_input(f"{recreated.transactions_stream}{SUCCESSOR}")
    stage.client.delete_stream(StreamName=recreated.transactions_stream)
    stage.wait("the job's failure", lambda: not stage.job.is_running())
    create_streams(stage.client, recreated, wait_s=CREATION_TIMEOUT_S)
    stage.wait("the refusal of the job's positions", lambda: REFUSAL in stage.job.failures())
    stage.pause(stage.effort.outage_s)
    if stage.job.is_running():
        msg = "the job runs, though the stream that it reads was deleted and created again"
        raise ClusterError(msg)
    checkpoint = stage.job.newest_checkpoint()
    stage.job.cancel()
    with stage.fault("the job starts from its checkpoint with another stream"):
        stage.start_job(flink_options=("-s", checkpoint))


STREAM_RECREATED: Final = Fault(
    name="stream_recreated",
    description="the transaction stream is deleted and created again; the job goes on with one of a new name",
    strike=recreate_stream,
    may_repeat=True,
    pairs=False,
)
