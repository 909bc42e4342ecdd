"""Faults of the alert consumer: killed, and restarted later."""

from typing import Final

from alerts.clients import dynamodb_client
from drills.cluster import ClusterError
from drills.faults.fault import Fault
from drills.stage import Stage


def kill_consumer(stage: Stage) -> None:
    """Kill the consumer while alerts arrive, and restart it later from its store."""
    stage.wait("alerts at the handler", lambda: bool(stage.consumer.records))
    with stage.fault(f"the alert consumer is killed, and down for {stage.effort.absence_s:.0f} s"):
        stage.consumer.kill()
        stage.pause(stage.effort.absence_s)
        if not stage.unhandled_alerts():
            msg = "no alert came while the consumer was down; give more --transactions or --absence-seconds"
            raise ClusterError(msg)
        stage.consumer.start()


def kill_consumer_in_outage(stage: Stage) -> None:
    """Kill the consumer, let the endpoint be gone for producer and job, and restart the consumer after it."""
    stage.wait("alerts at the handler", lambda: bool(stage.consumer.records))
    with stage.fault(f"consumer down and endpoint gone for {stage.effort.outage_s:.0f} s"):
        stage.consumer.kill()
        with stage.endpoint.gone():
            stage.pause(stage.effort.outage_s)
        stage.wait_for_more()
        stage.consumer.start()


def delete_table(stage: Stage) -> None:
    """Delete the table of the consumer's progress while alerts arrive, and create it again later.

    Raises `ClusterError` if the consumer did not say that its table is gone.
    """
    stage.wait("alerts at the handler", lambda: bool(stage.consumer.records))
    with stage.fault(f"the consumer's table is gone for {stage.effort.outage_s:.0f} s"):
        dynamodb_client(stage.settings).delete_table(TableName=stage.consumer.table)
        stage.pause(stage.effort.outage_s)
        stage.wait("the consumer's report of the outage", lambda: _says_that_table_is_gone(stage))
        stage.consumer.create_table()


def _says_that_table_is_gone(stage: Stage) -> bool:
    return f"DynamoDB table {stage.consumer.table!r} not found" in stage.consumer.messages()


CONSUMER_TABLE_DELETED: Final = Fault(
    name="consumer_table_deleted",
    description="the DynamoDB table of the alert consumer is deleted, and created again after a minute",
    strike=delete_table,
    has_consumer=True,
    has_consumer_table=True,
    pairs=False,
)
CONSUMER_DOWN_IN_OUTAGE: Final = Fault(
    name="consumer_down_in_outage",
    description="the alert consumer is killed while the endpoint is gone, and restarted after both",
    strike=kill_consumer_in_outage,
    has_consumer=True,
    may_repeat=True,
)
CONSUMER_DOWN: Final = Fault(
    name="consumer_down",
    description="the alert consumer is killed, and restarted after two minutes",
    strike=kill_consumer,
    has_consumer=True,
)
