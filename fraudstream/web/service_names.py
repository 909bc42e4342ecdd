"""Names of an HTTP service."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceNames:
    """Names of a service in its OpenAPI document, its logs and its authentication challenges (the realm).

    The prefix of its metrics is set in its `MetricsRegistry`, the prefix of its problem types in its
    `ProblemFormat`.
    """

    title: str
    version: str
    description: str
    logger: str
    realm: str
