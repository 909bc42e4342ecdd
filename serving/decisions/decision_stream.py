"""Decisions on their way to their stream: no answer waits for it, and what finds no room is dropped."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, Final

import orjson

from fraudstream.streams.protocols import Record
from serving.decisions.decision_metrics import DecisionMetrics
from serving.gateway.record_batcher import QueueFullError, RecordBatcher, Written

SCHEMA_VERSION: Final = 1
"""Version of the records: the fields of the answer of ``POST /v1/decisions``, ``asked_by`` and this one."""


class DecisionStream:
    """Puts the answers on decisions onto a stream, through a bounded batcher."""

    def __init__(self, batcher: RecordBatcher, metrics: DecisionMetrics) -> None:
        self._batcher = batcher
        self._metrics = metrics
        self._tasks: set[asyncio.Task[None]] = set()

    def offer(self, answers: Sequence[Mapping[str, Any]], caller: str) -> None:
        """Send answers of the caller with that name, in the background; never raises."""
        records = [
            Record(
                orjson.dumps({"schema_version": SCHEMA_VERSION, "asked_by": caller, **answer}),
                answer["account_id"],
            )
            for answer in answers
        ]
        task = asyncio.get_running_loop().create_task(self._send(records))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _send(self, records: Sequence[Record]) -> None:
        try:
            outcomes = await self._batcher.send(records)
        except QueueFullError:
            self._metrics.dropped.labels("queue-full").inc(len(records))
            return
        written = sum(isinstance(each, Written) for each in outcomes)
        self._metrics.streamed.inc(written)
        if written < len(records):
            self._metrics.dropped.labels("not-written").inc(len(records) - written)

    async def close(self) -> None:
        """Send what waits, and stop."""
        await self._batcher.close()
        await asyncio.gather(*self._tasks, return_exceptions=True)
