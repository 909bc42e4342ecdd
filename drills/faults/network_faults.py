"""Faults of the network: a partition between JobManager and TaskManager, and a name that is not resolved."""

import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

from drills.cluster import (
    QUICK_HEARTBEAT,
    ROOM_FOR_JOBS,
    ClusterError,
    start_jobmanager,
    start_taskmanager,
    taskmanager_with,
)
from drills.faults.fault import Fault
from drills.stage import Stage
from drills.tcp_proxy import TcpProxy

HEARTBEAT_TIMEOUT: Final = "heartbeat.timeout=5000"
"""In milliseconds; with Flink's 50 s a partition of a minute would hardly be noticed."""
HOST: Final = "kinesis.drill"
"""Name of the endpoint, which only the TaskManager's hosts file has."""
HOSTS: Final = "drill-hosts"
UNRESOLVED: Final = "UnknownHostException"


class Partition:
    """A cluster whose two processes reach each other through two proxies, which can be cut together."""

    def __init__(self) -> None:
        self._proxies: tuple[TcpProxy, TcpProxy] | None = None

    @contextmanager
    def prepared(self, stage: Stage) -> Iterator[None]:
        """Replace JobManager and TaskManager by such ones while the block runs."""
        cluster, direct_port = stage.cluster, stage.cluster.rpc_port
        with closing(TcpProxy()) as to_jobmanager, closing(TcpProxy()) as to_taskmanager:
            self._proxies = (to_jobmanager, to_taskmanager)
            cluster.end("taskmanager")
            cluster.end("jobmanager")
            cluster.rpc_port = to_jobmanager.port
            bound = f"jobmanager.rpc.bind-port={to_jobmanager.target_port}"
            start_jobmanager(cluster, (QUICK_HEARTBEAT, HEARTBEAT_TIMEOUT, bound))
            own_ports = (
                f"taskmanager.rpc.port={to_taskmanager.port}",
                f"taskmanager.rpc.bind-port={to_taskmanager.target_port}",
            )
            start_taskmanager(cluster, (QUICK_HEARTBEAT, *ROOM_FOR_JOBS, HEARTBEAT_TIMEOUT, *own_ports))
            stage.wait("slots", cluster.has_slots)
            yield
            cluster.end("taskmanager")
            cluster.end("jobmanager")
        cluster.rpc_port = direct_port
        start_jobmanager(cluster)
        start_taskmanager(cluster)
        stage.wait("slots", cluster.has_slots)

    def cut(self, stage: Stage) -> None:
        """Cut both directions until the job has failed, and for the duration of the outage at least."""
        if self._proxies is None:
            msg = "the cluster is not prepared: there is nothing to cut"
            raise ClusterError(msg)
        one, other = self._proxies
        what = f"JobManager and TaskManager are parted for {stage.effort.outage_s:.0f} s"
        with stage.fault(what), one.cut(), other.cut():
            stage.pause(stage.effort.outage_s)
            stage.wait("the job's failure", lambda: not stage.job.is_running())
        if not one.held + other.held:
            msg = "no byte was held: JobManager and TaskManager bypass the drill's proxies"
            raise ClusterError(msg)


@contextmanager
def with_host_name(stage: Stage) -> Iterator[None]:
    """Let jobs reach the endpoint by a name that only the TaskManager resolves, from a file of the drill."""
    _write_hosts(stage, HOST)
    stage.call_endpoint(HOST)
    options = (f"-Djdk.net.hosts.file={_hosts(stage)}", "-Dsun.net.inetaddr.ttl=0")
    with taskmanager_with(stage.cluster, java_options=(*options, "-Dsun.net.inetaddr.negative.ttl=0")):
        yield


def lose_name(stage: Stage) -> None:
    """Break the job's connections and let the endpoint's name not be resolved for the outage.

    Raises `ClusterError` if the worker's log has no failed resolution.
    """
    with stage.fault(f"the endpoint's name is not resolved for {stage.effort.outage_s:.0f} s"):
        _write_hosts(stage)
        try:
            stage.endpoint.hang_up()
            stage.pause(stage.effort.outage_s)
        finally:
            _write_hosts(stage, HOST)
    if not stage.cluster.has_logged(UNRESOLVED):
        msg = f"no log has {UNRESOLVED}: the job does not resolve the endpoint's name"
        raise ClusterError(msg)


def _hosts(stage: Stage) -> Path:
    return stage.folder / HOSTS


def _write_hosts(stage: Stage, *names: str) -> None:
    lines = [f"127.0.0.1 {name}\n" for name in ("localhost", socket.gethostname(), *names)]
    _hosts(stage).write_text("".join(lines))


_PARTITION: Final = Partition()
PARTED: Final = Fault(
    name="jobmanager_parted",
    description="no byte passes between JobManager and TaskManager for a minute",
    strike=_PARTITION.cut,
    prepared=_PARTITION.prepared,
    # The TaskManager keeps working until it has missed heartbeats.
    pace=0.2,
    may_repeat=True,
    pairs=False,
)
NAME_LOST: Final = Fault(
    name="name_not_resolved",
    description="the host name of the Kinesis endpoint is not resolved for a minute, connections break",
    strike=lose_name,
    prepared=with_host_name,
    may_repeat=True,
    pairs=False,
)
