"""The names that tell one HTTP service from another."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceNames:
    """What a service is called: in its OpenAPI document, on its logger, and as the realm of its challenges.

    The prefix of its metrics is that of its `MetricsRegistry`; that of its problems, its `ProblemFormat`'s.
    """

    title: str
    version: str
    description: str
    logger: str
    realm: str
