import threading

from producer.load.lanes import Due, Lane, lane_number
from tests.unit.producer.load.load_fakes import records


def due(count: int) -> list[Due]:
    return [Due(float(n), record) for n, record in enumerate(records(count))]


def test_records_come_out_in_order_and_at_most_the_requested_number() -> None:
    lane = Lane(100)
    all_due = due(7)
    assert lane.put(all_due[:3])
    assert lane.put(all_due[3:])
    assert lane.take(5) == all_due[:5]
    assert len(lane) == 2
    assert lane.take(5) == all_due[5:]


def test_a_closed_lane_accepts_nothing_and_returns_its_records() -> None:
    lane = Lane(100)
    lane.put(due(2))
    lane.close()
    assert not lane.put(due(1))
    assert len(lane.take(10)) == 2
    assert lane.take(10) == []


def test_a_full_lane_blocks_its_maker_until_there_is_room() -> None:
    lane = Lane(3)
    lane.put(due(3))
    is_in = threading.Event()

    def put() -> None:
        lane.put(due(2))
        is_in.set()

    maker = threading.Thread(target=put)
    maker.start()
    assert not is_in.wait(0.05)
    assert len(lane) == 3
    lane.take(1)
    maker.join()
    assert len(lane) == 4


def test_closing_unblocks_a_waiting_maker_and_a_waiting_sender() -> None:
    full, empty = Lane(1), Lane(1)
    full.put(due(1))
    answers: list[object] = []
    waiting = [
        threading.Thread(target=lambda: answers.append(full.put(due(1)))),
        threading.Thread(target=lambda: answers.append(empty.take(1))),
    ]
    for thread in waiting:
        thread.start()
    full.close()
    empty.close()
    for thread in waiting:
        thread.join()
    assert sorted(map(str, answers)) == ["False", "[]"]


def test_a_key_has_the_same_lane_in_every_run_and_the_lanes_share_the_keys() -> None:
    assert [lane_number(key, 4) for key in ("ACC_1", "ACC_2", "ACC_3")] == [3, 1, 3]
    numbers = [lane_number(f"ACC_{n}", 4) for n in range(4_000)]
    assert all(900 < numbers.count(lane) < 1_100 for lane in range(4))
