"""Vietnamese wording of reasons."""

from typing import Final

from fraudstream.domain.wording.language import Clause, Language, Noun


def _noun(text: str) -> Noun:
    """Return a noun with equal singular and plural, as Vietnamese nouns don't inflect."""
    return Noun(text, text)


VIETNAMESE: Final = Language(
    thousands=".",
    point=",",
    spans={"day": "ngày", "hour": "giờ", "minute": "phút", "second": "giây"},
    plural="",
    units={"vnd": " ₫", "times": " lần", "percent": "%", "km_h": " km/h"},
    under="dưới",
    last="trong {length} qua",
    just_before="trong {length} trước đó",
    long_before="trong {length} tính đến {delay} trước đó",
    lone_span="{number} {span}",
    columns={
        "transaction_id": _noun("mã giao dịch"),
        "account_id": _noun("tài khoản"),
        "transaction_amount_vnd": _noun("số tiền giao dịch"),
        "customer_id": _noun("khách hàng"),
        "transaction_type": _noun("loại giao dịch"),
        "channel": _noun("kênh giao dịch"),
        "transaction_fees_vnd": _noun("phí giao dịch"),
        "counterparty_id": _noun("tài khoản đối ứng"),
        "merchant_id": _noun("đơn vị chấp nhận thanh toán"),
        "merchant_category": _noun("ngành nghề của đơn vị chấp nhận thanh toán"),
        "city": _noun("thành phố"),
        "latitude": _noun("vĩ độ"),
        "longitude": _noun("kinh độ"),
        "device_id": _noun("thiết bị"),
        "biometric_failure_count": _noun("số lần xác thực sinh trắc học thất bại"),
        "total_loans_vnd": _noun("tổng dư nợ vay của khách hàng"),
        "num_transactions": _noun("số giao dịch kể từ khi mở tài khoản"),
        "npl_flag": _noun("nợ xấu"),
        "status": _noun("trạng thái giao dịch"),
        "currency": _noun("loại tiền tệ"),
        "country": _noun("quốc gia"),
        "customer_segment": _noun("phân khúc khách hàng"),
        "customer_kyc_level": _noun("mức độ định danh khách hàng"),
        "customer_relationship_days": _noun("số ngày kể từ khi trở thành khách hàng"),
    },
    entities={
        "account_id": "của tài khoản này",
        "customer_id": "của khách hàng này",
        "device_id": "trên thiết bị này",
        "merchant_id": "tại đơn vị chấp nhận thanh toán này",
        "counterparty_id": "với tài khoản đối ứng này",
    },
    windows={
        "count": "số giao dịch {entity} {window}",
        "sum": "tổng {many} {entity} {window}",
        "mean": "trung bình {many} {entity} {window}",
        "min": "giá trị nhỏ nhất của {many} {entity} {window}",
        "max": "giá trị lớn nhất của {many} {entity} {window}",
        "std": "độ lệch chuẩn của {many} {entity} {window}",
        "distinct": "số {many} khác nhau {entity} {window}",
        "occurrences": "số giao dịch {entity} {window} có cùng {one}",
        "seconds_since_previous": "thời gian kể từ giao dịch liền trước {entity}",
        "ratio_to_mean": "tỷ lệ giữa {one} và mức trung bình {entity} {window}",
        "z_score": "độ lệch của {one} so với mức trung bình {entity} {window}, tính theo độ lệch chuẩn,",
        "speed_kmh": "tốc độ di chuyển từ nơi thực hiện giao dịch liền trước {entity}",
        "fraud_rate": "tỷ lệ gian lận đã xác nhận trong các giao dịch {entity} {window}",
        "last_n": "{n} giao dịch gần nhất {entity}",
    },
    flags_in_window={
        "sum": "số giao dịch {entity} {window} thuộc trường hợp “{yes}”",
        "mean": "tỷ lệ giao dịch {entity} {window} thuộc trường hợp “{yes}”",
        "distinct": "số câu trả lời khác nhau {entity} {window} cho “{yes}”",
    },
    hour="thời điểm giao dịch theo giờ Việt Nam",
    share="tỷ lệ {one} trên {denominator}",
    ratio="tỷ lệ giữa {one} và {denominator}",
    values_of="giá trị “{subject}”",
    flag_columns={
        "npl_flag": Clause("khách hàng đang có nợ xấu", "khách hàng không có nợ xấu"),
    },
    hour_between=Clause(
        "giao dịch được thực hiện trong khoảng từ {low} đến {high} giờ Việt Nam",
        "giao dịch không được thực hiện trong khoảng từ {low} đến {high} giờ Việt Nam",
    ),
    weekend=Clause(
        "giao dịch được thực hiện vào cuối tuần", "giao dịch được thực hiện vào ngày thường trong tuần"
    ),
    above=Clause("{subject} cao hơn {limit}", "{subject} không cao hơn {limit}"),
    at_least=Clause("{subject} từ {limit} trở lên", "{subject} thấp hơn {limit}"),
    at_most=Clause("{subject} không vượt quá {limit}", "{subject} vượt quá {limit}"),
    between=Clause(
        "{subject} từ {low} đến dưới {high}", "{subject} không nằm trong khoảng từ {low} đến dưới {high}"
    ),
    equals=Clause("{subject} là “{text}”", "{subject} không phải là “{text}”"),
    starts_with=Clause("{subject} bắt đầu bằng “{text}”", "{subject} không bắt đầu bằng “{text}”"),
    any=Clause(
        "có ít nhất một trong các dấu hiệu sau: {listed}",
        "không có dấu hiệu nào trong các dấu hiệu sau: {listed}",
    ),
    other_text="giá trị khác",
    known_flags={
        "off_hours_flag": Clause(
            "giao dịch được thực hiện vào ban đêm, từ {night_from} đến {night_to} giờ Việt Nam",
            "giao dịch không được thực hiện vào ban đêm, từ {night_from} đến {night_to} giờ Việt Nam",
        ),
        "new_device_flag": Clause(
            "giao dịch được thực hiện trên thiết bị mới", "giao dịch không được thực hiện trên thiết bị mới"
        ),
        "biometric_failures_flag": Clause(
            "xác thực sinh trắc học thất bại từ {failures} lần trở lên",
            "xác thực sinh trắc học thất bại dưới {failures} lần",
        ),
        "suspicious_device_flag": Clause(
            "thiết bị mới, hoặc xác thực sinh trắc học thất bại từ {failures} lần trở lên",
            "thiết bị không mới, và xác thực sinh trắc học thất bại dưới {failures} lần",
        ),
        "declined_flag": Clause("giao dịch bị từ chối", "giao dịch không bị từ chối"),
        "structuring_flag": Clause(
            "số tiền giao dịch ở ngay dưới mức {reported} phải báo cáo",
            "số tiền giao dịch không ở ngay dưới mức {reported} phải báo cáo",
        ),
        "new_counterparty_flag": Clause(
            "tài khoản chưa từng giao dịch với tài khoản đối ứng này trong 30 ngày qua",
            "tài khoản đã giao dịch với tài khoản đối ứng này trong 30 ngày qua",
        ),
        "new_merchant_flag": Clause(
            "tài khoản chưa từng thanh toán tại đơn vị này trong 30 ngày qua",
            "tài khoản đã thanh toán tại đơn vị này trong 30 ngày qua",
        ),
    },
    known_quantities={
        "account_declined_flag_sum_1h": "số giao dịch bị từ chối {entity} {window}",
        "account_declined_flag_sum_24h": "số giao dịch bị từ chối {entity} {window}",
        "account_structuring_flag_sum_24h": (
            "số giao dịch {entity} {window} có số tiền ngay dưới mức {reported} phải báo cáo"
        ),
        "account_off_hours_flag_mean_7d": "tỷ lệ giao dịch ban đêm {entity} {window}",
    },
    quantity="{subject} là {value}",
    missing="không có số liệu về {subject}",
    missing_flag="không xác định được liệu {yes}",
    sequence="{subject}, xét chung, có dấu hiệu gian lận",
    baseline_of_account="; mức thường thấy của tài khoản này là {baseline}",
    baseline_of_population="; mức thường thấy của giao dịch hợp lệ là {baseline}",
    share_of_account="; điều này đúng với {baseline} số giao dịch của tài khoản",
    as_population="; đa số giao dịch hợp lệ cũng như vậy",
    not_as_population="; đa số giao dịch hợp lệ không như vậy",
)
