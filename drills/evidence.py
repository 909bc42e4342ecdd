"""Evidence of a fault, and the models and catalogues that say what the output must be."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

from drills.arrivals import Arrival
from drills.live_job import WrittenRecord
from drills.load import SentItem
from fraudstream.domain.catalogue import Catalogue
from fraudstream.domain.duration import DAY_MS
from fraudstream.domain.transaction import TransactionKey
from fraudstream.scoring.decider import Decider
from fraudstream.scoring.judge import Judge
from fraudstream.scoring.scorer import Scorer

LATENESS_MS: Final = DAY_MS
"""Default of the setting for allowed lateness."""

FindingKind = Literal["lost", "wrong", "new_id"]


class Finding(NamedTuple):
    """Something that a correct run does not have."""

    kind: FindingKind
    about: TransactionKey | str
    """The transaction, or the identity of another record; several findings about one count once."""
    text: str


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """Everything that a drill observed during one fault; times are epoch milliseconds."""

    items: Sequence[SentItem]
    """The load, including duplicates and broken records."""
    arrivals: Sequence[Arrival]
    """The records of the transaction stream in its order, from the producer's journal."""
    scored: Sequence[WrittenRecord]
    alerts: Sequence[WrittenRecord]
    """Records of the alert stream."""
    dead_letters: Sequence[WrittenRecord]
    began_ms: int
    ended_ms: int
    """Start and end of the fault itself; a kill ends at once."""
    handed_out: Sequence[WrittenRecord] | None = None
    """Alerts that the handler of the project's consumer received; None if no consumer is drilled."""
    may_repeat: bool = False
    """Whether the fault makes the job read records again, so that it writes their output again."""
    skew_ms: int = 0
    """How far the fault sets a worker's clock off; times that the job takes from it may be off by as much."""

    @property
    def delivered(self) -> Sequence[WrittenRecord]:
        """Alerts at the end of the drilled pipeline: the consumer's handler, or else the alert stream."""
        return self.alerts if self.handed_out is None else self.handed_out

    @property
    def recovered(self) -> Sequence[WrittenRecord]:
        """Records that show that a transaction was processed: its scores, or its alerts with a consumer."""
        return self.scored if self.handed_out is None else self.handed_out


@dataclass(frozen=True, kw_only=True)
class ExpectedOutput:
    """Expected output: the job's catalogues in their order, and the model."""

    catalogues: Sequence[Catalogue]
    """The last catalogue has all features of those before it."""
    deciders: Mapping[str, Decider]
    """The model and its threshold for each catalogue's vectors, by the catalogue's version."""

    @classmethod
    def of(cls, scorers: Sequence[tuple[Catalogue, Scorer]]) -> "ExpectedOutput":
        """Return the expected output of a job that had these catalogues one after the other."""
        deciders = {catalogue.version: Decider(scorer, catalogue) for catalogue, scorer in scorers}
        return cls(catalogues=[catalogue for catalogue, _ in scorers], deciders=deciders)

    @property
    def judge(self) -> Judge:
        """The model's alert decision, which is the same for all catalogues."""
        return next(iter(self.deciders.values())).judge

    @property
    def widest(self) -> Catalogue:
        """The catalogue that has all features."""
        return self.catalogues[-1]

    def catalogue_of(self, version: object) -> Catalogue:
        """Return the catalogue of a version; the widest one if there is no such version."""
        return next((each for each in self.catalogues if each.version == version), self.widest)
