"""Dead letters with their ids, and a filter to select them."""

from dataclasses import dataclass

from alerts.messages import ReceivedMessage
from fraudstream.domain.dead_letter import DeadLetter


@dataclass(frozen=True, slots=True)
class Letter:
    """A dead letter with its id.

    ``original`` is the record as the job wrote it; ``refused_ms`` is its arrival in the dead-letter stream
    (epoch milliseconds).
    """

    letter_id: str
    message: DeadLetter
    original: bytes
    refused_ms: int

    @classmethod
    def of(cls, received: ReceivedMessage[DeadLetter], transactions_stream: str) -> "Letter":
        """Return the letter of a received message.

        ``transactions_stream`` is the stream from which the job read the refused record.
        """
        letter_id = received.message.letter_id(transactions_stream)
        return cls(letter_id, received.message, received.record.data, received.record.arrival_ms)


@dataclass(frozen=True, slots=True, kw_only=True)
class LetterFilter:
    """Select the letters that satisfy every condition. An empty condition accepts all letters.

    The times are bounds of ``refused_ms`` in epoch milliseconds: ``since_ms`` inclusive, ``until_ms``
    exclusive.
    """

    letter_ids: frozenset[str] = frozenset()
    reasons: frozenset[str] = frozenset()
    since_ms: int | None = None
    until_ms: int | None = None

    @property
    def is_everything(self) -> bool:
        """Whether no condition is set, so that every letter is selected."""
        return self == LetterFilter()

    def has(self, letter: Letter) -> bool:
        """Return whether the letter is selected."""
        return (
            (not self.letter_ids or letter.letter_id in self.letter_ids)
            and (not self.reasons or letter.message.reason in self.reasons)
            and (self.since_ms is None or letter.refused_ms >= self.since_ms)
            and (self.until_ms is None or letter.refused_ms < self.until_ms)
        )
