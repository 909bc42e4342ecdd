"""Review alert: a transaction that could not be judged must not vanish silently.

The kernel's ``ReviewJson`` writes these alerts. This module defines them; a test compares the two.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

from fraudstream.domain.alert import SCHEMA_VERSION, Alert, Review, stable_id
from fraudstream.domain.transaction import from_time_ms

OTHER: Final = "other"
"""The reason whose sentences stand for those of a reason that has none."""


class Sentences(NamedTuple):
    """What an analyst reads, in English and in Vietnamese."""

    english: str
    vietnamese: str


SENTENCES: Final[Mapping[str, Sentences]] = {
    "malformed_json": Sentences(
        "The record of this transaction is damaged, so it was not judged.",
        "Bản ghi của giao dịch này bị hỏng nên giao dịch chưa được đánh giá.",
    ),
    "wrong_type": Sentences(
        "A field of this transaction has the wrong type, so it was not judged.",
        "Một trường của giao dịch này sai kiểu dữ liệu nên giao dịch chưa được đánh giá.",
    ),
    "missing_field": Sentences(
        "A required field of this transaction is missing, so it was not judged.",
        "Giao dịch này thiếu một trường bắt buộc nên chưa được đánh giá.",
    ),
    "invalid_time": Sentences(
        "The time of this transaction is invalid, so it was not judged.",
        "Thời gian của giao dịch này không hợp lệ nên giao dịch chưa được đánh giá.",
    ),
    "future_time": Sentences(
        "The time of this transaction lies in the future, so it was not judged.",
        "Thời gian của giao dịch này nằm trong tương lai nên giao dịch chưa được đánh giá.",
    ),
    "invalid_amount": Sentences(
        "The amount of this transaction is outside its range, so it was not judged.",
        "Số tiền của giao dịch này nằm ngoài phạm vi cho phép nên giao dịch chưa được đánh giá.",
    ),
    "invalid_value": Sentences(
        "A value of this transaction is outside its range, so it was not judged.",
        "Một giá trị của giao dịch này nằm ngoài phạm vi cho phép nên giao dịch chưa được đánh giá.",
    ),
    "oversize": Sentences(
        "The record of this transaction is too large, so it was not judged.",
        "Bản ghi của giao dịch này quá lớn nên giao dịch chưa được đánh giá.",
    ),
    "late": Sentences(
        "This transaction arrived too long after later ones of its account, so it was not judged.",
        "Giao dịch này đến quá muộn so với các giao dịch sau của cùng tài khoản nên chưa được đánh giá.",
    ),
    "conflicting_duplicate": Sentences(
        "The id of this transaction was used before with other contents, so it was not judged.",
        "Mã của giao dịch này đã được dùng trước đó với nội dung khác nên giao dịch chưa được đánh giá.",
    ),
    "scoring": Sentences(
        "The model could not judge this transaction.",
        "Mô hình không thể đánh giá giao dịch này.",
    ),
    "many_reviews": Sentences(
        "More transactions of this account could not be judged than are listed one by one.",
        "Tài khoản này còn nhiều giao dịch khác chưa được đánh giá ngoài những giao dịch đã liệt kê.",
    ),
    "many_accounts": Sentences(
        "Transactions of many accounts could not be judged, more than are listed one by one.",
        "Nhiều giao dịch của nhiều tài khoản chưa được đánh giá, ngoài những giao dịch đã liệt kê.",
    ),
    OTHER: Sentences(
        "This transaction was not judged.",
        "Giao dịch này chưa được đánh giá.",
    ),
}
"""By reason: those of dead letters, and those of alerts that count further reviews."""


def review_alert(  # noqa: PLR0913 - the facts of an alert
    account_id: str,
    transaction_id: str,
    reason: str,
    detail: str,
    *,
    event_time_ms: int | None,
    arrival_ms: int | None,
    transaction_amount_vnd: float | None,
    record_sha256: str,
    model_version: str,
    catalogue_version: str,
) -> Alert:
    """Return the review alert of one transaction; what is not known of it is None.

    Its id depends only on the account, the transaction, the reason and the bytes of the refused record, whose
    SHA-256 the dead letter has too, in hexadecimal digits. So a replay gives it the same id, and another
    record with the same ids raises another alert.
    """
    words = SENTENCES.get(reason, SENTENCES[OTHER])
    return Alert(
        schema_version=SCHEMA_VERSION,
        alert_id=stable_id("fraudstream review", account_id, transaction_id, reason, record_sha256),
        kind="review",
        transaction_id=transaction_id,
        account_id=account_id,
        event_time=None if event_time_ms is None else from_time_ms(event_time_ms),
        arrival_time=None if arrival_ms is None else from_time_ms(arrival_ms),
        scored_at=None,
        transaction_amount_vnd=transaction_amount_vnd,
        score=None,
        threshold=None,
        risk_level="review",
        likely_fraud_type=None,
        review=Review(
            reason=reason,
            detail=detail,
            sentence_en=words.english,
            sentence_vi=words.vietnamese,
            reasons={reason: 1},
        ),
        flags=(),
        features={},
        model_version=model_version,
        catalogue_version=catalogue_version,
    )
