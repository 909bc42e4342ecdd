from moto.kinesis.models import Shard

from localstack.shard_repair import newest_sequence_number


def test_it_says_what_motos_own_method_says_with_and_without_records() -> None:
    shard = Shard(0, 0, 1)
    for count in range(4):
        assert newest_sequence_number(shard) == shard.get_max_sequence_number() == count
        shard.put_record("key", "", "")
