"""Opening of a decision engine from files and a store's URL, for programs without a server's settings."""

from dataclasses import dataclass, field
from pathlib import Path

from pydantic import SecretStr

from fraudstream.domain.catalogue import Catalogue
from fraudstream.online.circuit_breaker import CircuitBreaker
from fraudstream.online.decision_engine import DecisionEngine, DecisionPolicy
from fraudstream.online.online_kernel import KernelLimits, OnlineKernel
from fraudstream.online.profile_reading import ProfileReader
from fraudstream.profiles.profile_store_factory import DEFAULT_TIMEOUT_S, profile_store
from fraudstream.profiles.store_protocol import ProfileStore
from fraudstream.runtime.clock import monotonic_ms, wall_clock_ms
from fraudstream.scoring.decider import Decider
from fraudstream.scoring.scorer import Scorer


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineParts:
    """Files, store and choices of an engine.

    ``catalogue`` is that of the model, None for the built-in one. Without a ``store``, every decision is on
    the transaction alone. ``hash_key`` is the job's, which the store's profiles have been made with.
    """

    model: Path
    catalogue: Path | None = None
    store: SecretStr | None = None
    hash_key: SecretStr | None = None
    store_timeout_s: float = DEFAULT_TIMEOUT_S
    threshold: float | None = None
    policy: DecisionPolicy = field(default_factory=DecisionPolicy)
    limits: KernelLimits = field(default_factory=KernelLimits)
    """Those of the job; with others, features differ from the stream's."""


@dataclass(frozen=True, slots=True)
class OpenedEngine:
    """An engine, and the store to close with it. Confined to the thread that has opened it."""

    engine: DecisionEngine
    store: ProfileStore | None

    def close(self) -> None:
        """Close the store."""
        if self.store is not None:
            self.store.close()


def open_engine(parts: EngineParts) -> OpenedEngine:
    """Return the engine, warmed up; starts the JVM.

    Raises `CoreError` without JPype or Java 11, `ModelError` or `CatalogueError` for files that can't be
    used, and `ProfileStoreError` for a store that can't be.
    """
    catalogue = Catalogue.load(parts.catalogue)
    decider = Decider(Scorer.load(parts.model, catalogue), catalogue, parts.threshold)
    decider.warm_up()
    key = None if parts.hash_key is None else parts.hash_key.get_secret_value()
    kernel = OnlineKernel(catalogue, parts.limits, key)
    store = None if parts.store is None else profile_store(parts.store, timeout_s=parts.store_timeout_s)
    reader = ProfileReader(store, wall_clock_ms, CircuitBreaker(monotonic_ms))
    return OpenedEngine(DecisionEngine(kernel, reader, decider, parts.policy, wall_clock_ms), store)
