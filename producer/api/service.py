"""State that the endpoints share: source, hub, metrics and the current configuration."""

from typing import Final

from fraudstream.domain.enrichment import TransactionEnricher
from fraudstream.domain.transaction import Transaction
from fraudstream.runtime.clock import AsyncClock
from fraudstream.web.query_tokens import QueryTokens
from producer.api.api_log import log_configuration, log_streaming
from producer.api.api_metrics import Metrics
from producer.api.api_settings import ApiSettings
from producer.api.flow import Pace
from producer.api.hub import Hub
from producer.api.record_format import ToJson, enriched_format
from producer.api.schemas import Config, ConfigChange, Mode, Status, StreamMode
from producer.api.simulated_feed import TransactionSource

STREAM_PATH: Final = "/stream"
STREAM_TOKEN_PATH: Final = "/stream/token"  # noqa: S105 - a path
STREAM_TOKEN_LIFETIME_S: Final = 60


class Service:
    """Source of transactions, stream and counters of one application."""

    def __init__(self, settings: ApiSettings, clock: AsyncClock) -> None:
        self.settings = settings
        self.metrics = Metrics()
        self.source = TransactionSource(
            accounts=settings.accounts,
            fraud_share=settings.fraud_injection_rate,
            clock=clock,
            on_taken=self.metrics.transactions.inc,
        )
        self.pace = Pace(settings.frequency_seconds, settings.batch_size)
        self.enriched = enriched_format(TransactionEnricher())
        self.hub = Hub(settings, self.source, lambda: self.pace, self.metrics, clock, enriched=self.enriched)
        self.stream_tokens = QueryTokens(
            STREAM_PATH, f"POST {STREAM_TOKEN_PATH}", STREAM_TOKEN_LIFETIME_S, clock.now_ms
        )
        self._clock = clock
        self._began_s = clock.monotonic_s()

    def format(self, *, is_enriched: bool) -> ToJson:
        """Return the format of transactions, plain or enriched; all enriched ones are counted together."""
        return self.enriched if is_enriched else Transaction.to_json

    def config(self) -> Config:
        """Return the current configuration."""
        return Config(
            frequency_seconds=self.pace.frequency_s,
            fraud_injection_rate=self.source.fraud_share,
            batch_size=self.pace.batch_size,
        )

    async def configure(self, change: ConfigChange) -> Config:
        """Change the given values; returns when all of them are in force."""
        if change.fraud_injection_rate is not None:
            await self.source.set_fraud_share(change.fraud_injection_rate)
        self.pace = Pace(
            change.frequency_seconds or self.pace.frequency_s, change.batch_size or self.pace.batch_size
        )
        config = self.config()
        log_configuration(config)
        return config

    def switch(self, *, is_streaming: bool) -> Mode:
        """Start or stop the stream of all clients."""
        changed = self.hub.streaming != is_streaming
        self.hub.streaming = is_streaming
        log_streaming(is_streaming=is_streaming, changed=changed)
        return Mode(mode=self.mode, changed=changed)

    @property
    def mode(self) -> StreamMode:
        """Whether the stream flows."""
        return "streaming" if self.hub.streaming else "stopped"

    def status(self) -> Status:
        """Return the counts since the start of the process."""
        return Status(
            mode=self.mode,
            uptime_seconds=round(self._clock.monotonic_s() - self._began_s, 3),
            transactions_served=self.source.taken,
            clients=self.hub.clients,
            clients_dropped=self.hub.dropped,
            paces=self.hub.paces,
            config=self.config(),
        )
