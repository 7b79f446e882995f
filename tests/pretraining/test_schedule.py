import dataclasses
from collections import Counter

import pytest

from spacy_blurb.pretraining.config import ObjectiveConfig, TrainingConfig
from spacy_blurb.pretraining.schedule import Phase, Place, Schedule, plan_phases

TRAINING = TrainingConfig(
    output="",
    max_steps=10,
    batch_rows=8,
    accumulate=1,
    learning_rate=1e-3,
    dropout=0.0,
    weight_decay=0.0,
    seed=0,
    precision="fp32",
    save_every=1,
    log_every=1,
    eval_every=1,
)


def places(schedule: Schedule) -> list[Place]:
    return [place for micro in range(len(schedule)) for place in schedule.find(micro)[1]]


def test_every_row_comes_once_per_epoch_in_a_new_order() -> None:
    schedule = Schedule([Phase(5, 21, 1, 0)], [7], 1, seed=0)
    order = [place.row for place in places(schedule)]
    epochs = [order[:7], order[7:14], order[14:]]
    assert all(sorted(epoch) == list(range(7)) for epoch in epochs)
    assert epochs[0] != epochs[1] != epochs[2]
    assert [place.epoch for place in places(schedule)] == [0] * 7 + [1] * 7 + [2] * 7
    assert [p.row for p in places(Schedule([Phase(5, 21, 1, 0)], [7], 1, seed=1))] != order


@pytest.mark.parametrize(("micro_rows", "micro_per_step"), [(12, 1), (4, 3), (3, 4), (1, 12)])
def test_a_step_reads_the_same_rows_however_it_is_divided(
    micro_rows: int, micro_per_step: int
) -> None:
    whole = places(Schedule([Phase(5, 4, 12, 0)], [31], 1, seed=3))
    assert places(Schedule([Phase(5, 4, micro_rows, 0)], [31], micro_per_step, seed=3)) == whole


def test_two_lengths() -> None:
    objective = ObjectiveConfig(seq_len=128, long_seq_len=512, long_share=0.1)
    phases = plan_phases(objective, TRAINING)
    assert [(p.seq_len, p.n_steps, p.micro_rows) for p in phases] == [(128, 9, 8), (512, 1, 2)]
    schedule = Schedule(phases, [50, 12], 2, seed=0)
    assert len(schedule) == 20
    found = [schedule.find(micro) for micro in range(20)]
    assert [phase for phase, _ in found] == [0] * 18 + [1] * 2
    assert [len(rows) for _, rows in found] == [8] * 18 + [2] * 2
    # Rows of both lengths have masks of their own.
    assert not {p.epoch for _, rows in found[:18] for p in rows} & {p.epoch for p in found[18][1]}
    assert [schedule.count_rows(step) for step in (0, 8, 9)] == [16, 16, 4]
    with pytest.raises(IndexError):
        schedule.count_rows(10)


def test_counts() -> None:
    phases = [Phase(128, 9, 8, 0), Phase(512, 1, 2, 2**31)]
    schedule = Schedule(phases, [50, 12], 2, seed=0)
    assert schedule.count_pieces(0) == 0
    assert schedule.count_pieces(9) == 9 * 2 * 8 * 128
    assert schedule.count_pieces(10) == 9 * 2 * 8 * 128 + 2 * 2 * 512
    assert schedule.count_epochs(10) == pytest.approx(144 / 50 + 4 / 12)
    read = Counter(p.epoch for p in places(schedule))
    assert read == {0: 50, 1: 50, 2: 44, 2**31: 4}


def test_one_length() -> None:
    objective = ObjectiveConfig(seq_len=128)
    assert plan_phases(objective, TRAINING) == [Phase(128, 10, 8, 0)]
    only_long = dataclasses.replace(objective, long_share=1.0)
    assert [p.seq_len for p in plan_phases(only_long, TRAINING)] == [512]
