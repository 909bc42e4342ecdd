"""A dead letter with its name, and which of them a command is about."""

from dataclasses import dataclass

from alerts.messages import ReceivedMessage
from fraudstream.domain.dead_letter import DeadLetter


@dataclass(frozen=True, slots=True)
class Letter:
    """A dead letter; ``original`` is the record that the job wrote, ``refused_ms`` when it came (epoch)."""

    letter_id: str
    message: DeadLetter
    original: bytes
    refused_ms: int

    @classmethod
    def of(cls, received: ReceivedMessage[DeadLetter], transactions_stream: str) -> "Letter":
        """Name a letter that was received; the stream is the one that its record was read from."""
        letter_id = received.message.letter_id(transactions_stream)
        return cls(letter_id, received.message, received.record.data, received.record.arrival_ms)


@dataclass(frozen=True, slots=True, kw_only=True)
class LetterFilter:
    """Which letters are meant: all that every part lets through. An empty part lets all through.

    Times are epoch milliseconds of when the letter came, the first one included, the last one not.
    """

    letter_ids: frozenset[str] = frozenset()
    reasons: frozenset[str] = frozenset()
    since_ms: int | None = None
    until_ms: int | None = None

    @property
    def is_everything(self) -> bool:
        """Whether nothing was chosen."""
        return self == LetterFilter()

    def has(self, letter: Letter) -> bool:
        """Tell whether the letter is meant."""
        return (
            (not self.letter_ids or letter.letter_id in self.letter_ids)
            and (not self.reasons or letter.message.reason in self.reasons)
            and (self.since_ms is None or letter.refused_ms >= self.since_ms)
            and (self.until_ms is None or letter.refused_ms < self.until_ms)
        )
