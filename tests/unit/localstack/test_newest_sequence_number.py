from moto.kinesis.models import Shard

from localstack.shard_repair import newest_sequence_number


def test_the_result_equals_motos_own_method_with_and_without_records() -> None:
    shard = Shard(0, 0, 1)
    for count in range(4):
        assert newest_sequence_number(shard) == shard.get_max_sequence_number() == count
        shard.put_record("key", "", "")
