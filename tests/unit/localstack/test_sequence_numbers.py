import pytest
from moto.kinesis.models import Shard

from localstack.shard_repair import newest_sequence_number, put_record, sequence_number_at


def test_the_result_equals_motos_own_method_with_and_without_records() -> None:
    shard = Shard(0, 0, 1)
    for count in range(4):
        assert newest_sequence_number(shard) == shard.get_max_sequence_number() == count
        shard.put_record("key", "", "")


def test_numbers_of_a_shard_rise_and_are_not_those_of_an_earlier_shard() -> None:
    earlier, later = Shard(0, 0, 1), Shard(0, 0, 1)
    before = [int(put_record(earlier, "key", "", "")) for _ in range(3)]
    after = [int(put_record(later, "key", "", "")) for _ in range(3)]
    assert before == list(range(before[0], before[0] + 3))
    assert after[0] > before[-1]


@pytest.mark.parametrize("unit", [1, 1_000])
def test_the_time_of_a_position_is_in_seconds_or_in_milliseconds(unit: int) -> None:
    """Boto3 and Java's AWS SDK 2 write seconds, its SDK 1 milliseconds."""
    shard = Shard(0, 0, 1)
    numbers = [int(put_record(shard, "key", "", "")) for _ in range(3)]
    written = shard.records[numbers[0]].created_at
    assert sequence_number_at(shard, unit * (written - 60)) == 0
    assert sequence_number_at(shard, unit * (written + 60)) == numbers[-1]
