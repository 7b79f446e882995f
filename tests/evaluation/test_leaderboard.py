"""The table: means, intervals, what is refused, and what it says where it is not."""

import json
import re
from pathlib import Path

import pytest

from spacy_blurb.errors import BlurbError
from spacy_blurb.evaluation.leaderboard import build_board
from spacy_blurb.evaluation.leaderboard_json import board_to_json
from spacy_blurb.evaluation.leaderboard_markdown import board_to_markdown, escape
from spacy_blurb.evaluation.leaderboard_page import board_to_html
from spacy_blurb.evaluation.result_files import read_results
from spacy_blurb.evaluation.significance import compare_results
from spacy_blurb.tasks.blurb import BLURB_TASKS
from spacy_blurb.tasks.published import PUBLISHED_ROWS

from .boards import HOSTILE, write_result


def board(folder: Path, **settings):
    return build_board(read_results(folder), **settings)


def own(folder: Path, **settings):
    return {row.model: row for row in board(folder, **settings).own}


def test_an_empty_folder_has_the_published_rows(tmp_path: Path) -> None:
    content = board_to_json(board(tmp_path))
    rows = {row["model"]: row for row in content["rows"]}
    assert list(rows) == list(PUBLISHED_ROWS)
    assert rows["PubMedBERT"]["blurb"] == 81.16
    assert rows["PubMedBERT"]["scores"]["gad"] == 83.96
    assert rows["BioLinkBERT-large"]["source"] == "Yasunaga et al. 2022, Table 7"
    assert rows["BioM-ELECTRA-base"]["blurb"] is None
    with pytest.raises(BlurbError, match="B634"):
        read_results(tmp_path / "none")


def test_a_whole_row(tmp_path: Path) -> None:
    for number, task in enumerate(BLURB_TASKS):
        for seed in (0, 1):
            right, settings = number % 3 + 5 + seed, {"form": "blurb", "encoder": "mini"}
            write_result(tmp_path, task, "m", seed, right=right, settings=settings)
    (row,) = own(tmp_path).values()
    # NER 5, 6, 7, 5, 6 and one more with seed 1, and so on.
    assert row.scores["bc5_chem"] == pytest.approx(55)
    means = [(55 + 65 + 75 + 55 + 65) / 5, 75, (55 + 65 + 75) / 3, 55, 65, (75 + 55) / 2]
    assert row.blurb == pytest.approx(sum(means) / 6)
    low, high = row.blurb_ci95
    assert low < row.blurb < high
    assert (row.refused, row.partial) == ([], False)
    assert row.cells["hoc"].runs == [(0, pytest.approx(60)), (1, pytest.approx(70))]


def test_the_interval_of_a_mean_over_runs(tmp_path: Path) -> None:
    """Two equal runs have the interval of one: other test items would move both."""
    for seed in (0, 1):
        write_result(tmp_path, "hoc", "two", seed)
    path = write_result(tmp_path, "hoc", "one")
    rows = own(tmp_path)
    single = json.loads(path.read_text(encoding="utf-8"))["ci95"]
    assert rows["two"].cells["hoc"].ci95 == pytest.approx([100 * bound for bound in single])
    assert rows["one"].cells["hoc"].ci95 == pytest.approx(rows["two"].cells["hoc"].ci95)


def test_results_without_units_have_the_interval_of_a_single_run(tmp_path: Path) -> None:
    write_result(tmp_path, "hoc", "one", with_units=False)
    for seed in (0, 1):
        write_result(tmp_path, "hoc", "two", seed, with_units=False)
    rows = own(tmp_path)
    assert rows["one"].cells["hoc"].ci95 is not None
    assert rows["two"].cells["hoc"].ci95 is None


def test_an_incomplete_row_has_no_blurb_score_unless_told(tmp_path: Path) -> None:
    write_result(tmp_path, "hoc", "m", right=8)
    write_result(tmp_path, "bc2gm", "m", right=4)
    row = own(tmp_path)["m"]
    assert row.blurb is None
    assert "11 of 13 tasks missing: bc5_chem, bc5_disease" in row.refused[0]
    told = own(tmp_path, incomplete=True)["m"]
    assert (told.blurb, told.partial) == (pytest.approx(60), True)
    assert told.refused == row.refused
    assert "60.00 (partial)[" in board_to_markdown(board(tmp_path, incomplete=True))


def test_a_budget_or_two_forms_cost_the_blurb_score_unless_told(tmp_path: Path) -> None:
    for task in BLURB_TASKS:
        used = 20 if task == "jnlpba" else 100
        form = "original" if task == "gad" else "blurb"
        write_result(
            tmp_path,
            task,
            "m",
            settings={"train_docs": used, "train_docs_of": 100, "form": form},
        )
    row = own(tmp_path)["m"]
    assert row.blurb is None
    assert row.refused[0] == "trained on a part of the training Docs: jnlpba (20 of 100)"
    assert row.refused[1].startswith("data in two forms (blurb: bc5_chem, ")
    assert row.refused[1].endswith("; original: gad)")
    assert row.cells["jnlpba"].notes == ["trained on 20 of 100 Docs"]
    told = own(tmp_path, mixed=True)["m"]
    assert (told.blurb, told.partial) == (pytest.approx(50), False)
    assert told.refused == row.refused


@pytest.mark.parametrize(
    ("first", "second", "what"),
    [
        ({"gold": "g1"}, {"gold": "g2"}, "gold data"),
        ({"entities": "gold"}, {"entities": "predicted"}, "entities"),
        ({"settings": {"epochs": 1}}, {"settings": {"epochs": 2}}, "epochs"),
        ({"settings": {"form": "blurb"}}, {"settings": {"form": "original"}}, "form"),
        ({"settings": {"train_docs": 5}}, {"settings": {"train_docs": 6}}, "train_docs"),
        ({"settings": {"encoder": "bert"}}, {"settings": {"encoder": "roberta"}}, "encoder"),
        ({"settings": {"encoder": "x-s1"}}, {"settings": {"encoder": "x-s0"}}, "encoder"),
        ({"settings": {"overrides": {"a": 1}}}, {"settings": {"overrides": {}}}, "overrides"),
        ({"metric": "micro_f1"}, {"metric": "accuracy"}, "metric"),
        ({"backend": "openvino-int8"}, {"backend": "openvino"}, "backend"),
        ({"threshold": 0.5}, {"threshold": 0.9}, "threshold"),
    ],
)
def test_runs_that_differ_in_more_than_the_seed_are_not_averaged(
    tmp_path: Path, first: dict, second: dict, what: str
) -> None:
    write_result(tmp_path, "hoc", "m", 0, **first)
    write_result(tmp_path, "hoc", "m", 1, right=7, **second)
    with pytest.raises(BlurbError, match=rf"B637.*'m' on hoc.*differ in {what}"):
        board(tmp_path)
    cell = own(tmp_path, mixed=True)["m"].cells["hoc"]
    assert cell.score == pytest.approx(60)
    assert any(note.startswith(f"runs that differ in {what}") for note in cell.notes)


@pytest.mark.parametrize(
    "names",
    [
        ("x-s0", "x-s1"),
        ("x-1", "x-1"),
        ("0", "1"),
        ("x10", "x10"),
        # The seed is in the name for another reason, too.
        ("pubmed-v1-s0", "pubmed-v1-s1", "pubmed-v1-s2"),
        ("bert-2-s0", "bert-2-s1", "bert-2-s2"),
    ],
)
def test_an_encoder_for_each_seed_is_no_difference(tmp_path: Path, names: tuple) -> None:
    for seed, name in enumerate(names):
        write_result(tmp_path, "hoc", "m", seed, settings={"encoder": name})
    assert own(tmp_path)["m"].cells["hoc"].score == pytest.approx(50)


def test_a_grid_states_the_pattern_of_its_encoders(tmp_path: Path) -> None:
    for seed in range(3):
        settings = {"encoder": "final", "encoder_pattern": "s{seed}/final"}
        run = {"settings": settings, "encoder_sha256": f"{seed}" * 12}
        write_result(tmp_path, "hoc", "m", seed, run=run)
    assert own(tmp_path)["m"].cells["hoc"].notes == []


def test_two_patterns_are_two_encoders(tmp_path: Path) -> None:
    for seed, name in enumerate(("bert", "pubmed")):
        settings = {"encoder": "final", "encoder_pattern": f"{name}-{{seed}}/final"}
        write_result(tmp_path, "hoc", "m", seed, settings=settings)
    with pytest.raises(BlurbError, match=r"B637.*encoder"):
        board(tmp_path)
    row = own(tmp_path, mixed=True)["m"]
    assert any(reason.startswith("several encoders") for reason in row.refused)


def test_what_any_run_states_is_said_of_the_mean(tmp_path: Path) -> None:
    """Also where the first seed, or the first in the order of letters, states nothing."""
    part = {"train_docs": 100, "train_docs_of": 1000}
    tried = {"selection": {"tried": [{}, {}, {}]}}
    write_result(tmp_path, "hoc", "m", 10)
    write_result(tmp_path, "hoc", "m", 2, run={"settings": part, **tried})
    row = own(tmp_path)["m"]
    assert row.cells["hoc"].notes == [
        "trained on 100 of 1,000 Docs",
        "best of 3 settings on dev",
        "settings not stated for seeds 10",
    ]
    assert any(reason.startswith("trained on a part") for reason in row.refused)
    for task in BLURB_TASKS:
        write_result(tmp_path / "b", task, "m", 10)
        write_result(tmp_path / "b", task, "m", 2, settings=part)
    assert own(tmp_path / "b")["m"].blurb is None


def test_runs_of_two_encoders_are_not_averaged(tmp_path: Path) -> None:
    """Results of `evaluate` state it too; of one name the files count, where a grid wrote them."""
    for seed, name in enumerate(("mini", "bert")):
        write_result(tmp_path / "a", "hoc", "en_pipeline-0.0.0", seed, encoder=name)
    with pytest.raises(BlurbError, match=r"B637.*differ in encoder \(bert, mini\)"):
        board(tmp_path / "a")
    for seed, sha in enumerate("xy"):
        run = {"settings": {"encoder": "mini"}, "encoder_sha256": sha}
        write_result(tmp_path / "b", "hoc", "m", seed, run=run)
    with pytest.raises(BlurbError, match=r"B637.*differ in encoder \(mini \(x\), mini \(y\)\)"):
        board(tmp_path / "b")
    for seed, sha in enumerate("xy"):  # an encoder for each seed
        run = {"settings": {"encoder": f"mini-s{seed}"}, "encoder_sha256": sha}
        write_result(tmp_path / "c", "hoc", "m", seed, run=run)
    assert own(tmp_path / "c")["m"].cells["hoc"].score == pytest.approx(50)


def test_several_encoders_cost_the_blurb_score_unless_told(tmp_path: Path) -> None:
    for task in BLURB_TASKS:
        name = "bert" if task == "gad" else "mini"
        write_result(tmp_path, task, "m", settings={"form": "blurb", "encoder": name})
    row = own(tmp_path)["m"]
    assert (row.blurb, row.refused) == (None, ["several encoders: bert, mini"])
    assert own(tmp_path, mixed=True)["m"].blurb == pytest.approx(50)
    for task in BLURB_TASKS:
        write_result(tmp_path, task, "m", settings={"form": "blurb", "encoder": "mini-s0"})
    assert own(tmp_path)["m"].refused == []


def test_a_score_whose_settings_are_not_stated_says_so(tmp_path: Path) -> None:
    """It stays, as nothing is known to be wrong, but is not shown as one that was checked."""
    for task in BLURB_TASKS:
        write_result(tmp_path, task, "m", settings=None if task == "ddi" else {"form": "blurb"})
    remark = "settings not stated for ddi: budget and form of the data are unknown"
    row = own(tmp_path)["m"]
    assert (row.blurb, row.refused) == (pytest.approx(50), [remark])
    text = board_to_markdown(board(tmp_path))
    assert remark in text
    (line,) = [line for line in text.splitlines() if line.startswith("| m ")]
    assert line.split(" | ")[1].endswith(")[3]")
    for task in BLURB_TASKS:
        write_result(tmp_path, task, "m")
    assert own(tmp_path)["m"].refused == [
        "settings not stated for any task: budget and form of the data are unknown"
    ]


def test_relations_between_predicted_entities_are_no_blurb_score(tmp_path: Path) -> None:
    for task in BLURB_TASKS:
        found = {"entities": "predicted" if task == "ddi" else "gold"} if task != "hoc" else {}
        write_result(tmp_path, task, "m", settings={"form": "blurb"}, **found)
    row = own(tmp_path)["m"]
    assert (row.blurb, row.refused) == (None, ["relations between predicted entities: ddi"])
    assert row.cells["ddi"].notes == ["end to end: the entities are predicted, too"]
    assert row.cells["gad"].notes == []
    assert own(tmp_path, mixed=True)["m"].blurb == pytest.approx(50)


def test_another_split_does_not_stand_beside_published_scores_unmarked(tmp_path: Path) -> None:
    for task in BLURB_TASKS:
        write_result(tmp_path, task, "m")
    write_result(tmp_path, "hoc", "m", n=5)
    write_result(tmp_path, "ncbi_disease", "m", gold_counted=787)
    for task, relations in (("gad", 268), ("ddi", 979)):
        write_result(tmp_path, task, "m", gold_counted=relations)
    (row,) = board(tmp_path).own
    assert row.cells["gad"].notes == ["scored on 268 of what the test split has 281 of"]
    assert row.cells["ddi"].notes == []
    assert row.blurb is None
    (problem,) = (text for text in row.refused if "test split" in text)
    assert "ncbi_disease (scored on 787 of what the test split has 960 of)" in problem
    assert "hoc (scored on 5 of" in problem
    assert row.cells["hoc"].notes == ["scored on 5 of what the test split has 371 of"]
    assert board(tmp_path, mixed=True).own[0].blurb is not None


def test_another_year_of_bioasq_is_no_part_of_a_test_split(tmp_path: Path) -> None:
    write_result(tmp_path, "bioasq_factoid", "m", n=161)
    (row,) = board(tmp_path).own
    assert row.cells["bioasq_factoid"].notes == []


def test_mirrored_pairs_are_said(tmp_path: Path) -> None:
    write_result(tmp_path, "chemprot", "m", directed=False)
    (row,) = board(tmp_path).own
    notes = [text for text in row.cells["chemprot"].notes if "mirror" in text]
    assert notes == ["pairs count with their mirror images, unlike in this task"]


def test_models_on_different_gold_data_do_not_stand_in_one_column(tmp_path: Path) -> None:
    write_result(tmp_path, "hoc", "a", gold="g1")
    write_result(tmp_path, "hoc", "b", gold="g2")
    with pytest.raises(BlurbError, match=r"B638.*hoc: a / b"):
        board(tmp_path)
    notes = own(tmp_path, mixed=True)["a"].cells["hoc"].notes
    assert notes == ["not all models of this column were scored on the same gold data"]


def test_two_results_of_one_run(tmp_path: Path) -> None:
    write_result(tmp_path, "hoc", "a")
    write_result(tmp_path, "hoc", "a", name="b")
    with pytest.raises(BlurbError, match=r"B636.*b-s0\.json and .*a-s0\.json"):
        read_results(tmp_path)


@pytest.mark.parametrize(
    "content",
    ["{", '{"task": "hoc", "metric": "f", "score": 0.5}', "[" * 100_000],
)
def test_damaged_results(tmp_path: Path, content: str) -> None:
    (tmp_path / "a.json").write_text(content, encoding="utf-8")
    with pytest.raises(BlurbError, match=r"B635.*a\.json"):
        read_results(tmp_path)


@pytest.mark.parametrize(
    "more",
    [
        {"ci95": None},
        {"score": 10**400},
        {"n": [1]},
        {"ci95": [0.1, float("nan")]},
        {"run": None},
        {"run": {"settings": None}},
        {"seed": [1]},
        {"score": True},
        {"ci95": [0.9, 0.1]},
        {"ci95": [-5, 50]},
        {"units": 5, "with_units": False},
        {"gold_sha256": ["a"]},
        {"entities": ["a"]},
        {"run": {"settings": {"form": ["a"]}}},
        {"run": {"settings": {"train_docs": "5"}}},
        {"run": {"selection": "x"}},
        {"run": {"selection": {"a": 1}}},
    ],
)
def test_damaged_values(tmp_path: Path, more: dict) -> None:
    write_result(tmp_path, "hoc", "m", **more)
    with pytest.raises(BlurbError, match=rf"B635.*'{next(iter(more))}"):
        read_results(tmp_path)


def test_a_result_without_a_prediction_file(tmp_path: Path) -> None:
    write_result(tmp_path, "hoc", "m", predictions=None)
    (result,) = read_results(tmp_path)
    assert result.predictions() is None


def test_percents_and_unknown_tasks_are_refused(tmp_path: Path) -> None:
    write_result(tmp_path, "hoc", "a", score=82.3)
    with pytest.raises(BlurbError, match=r"B635.*82\.3"):
        read_results(tmp_path)
    path = write_result(tmp_path, "hoc", "a")
    content = json.loads(path.read_text(encoding="utf-8")) | {"task": "mine"}
    path.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(BlurbError, match=r"B640.*'mine'"):
        board(tmp_path)


def test_other_json_files_and_deeper_folders_are_passed_over(tmp_path: Path) -> None:
    (tmp_path / "table.json").write_text("[]", encoding="utf-8")
    write_result(tmp_path, "hoc", "a")
    write_result(tmp_path / "hoc", "bc2gm", "deep")
    assert [result.model for result in read_results(tmp_path)] == ["a"]


def test_an_ablation_has_the_shape_of_the_papers_table(tmp_path: Path) -> None:
    for arm, right in (("tags-bio", 6), ("tags-io", 4)):
        write_result(tmp_path, "jnlpba", arm, right=right)
    text = board_to_markdown(board(tmp_path))
    assert "## Tag schemes (arXiv 2007.15779, Table 13)" in text
    assert "|  | BIO: here / paper | BIOUL: here / paper | IO: here / paper |" in text
    assert "| JNLPBA | 60.00 / 79.10 | – / 79.02 | 40.00 / 79.05 |" in text
    (ablation,) = board_to_json(board(tmp_path))["ablations"]
    assert ablation["arms"][1]["scores"] is None


def test_paired_differences(tmp_path: Path) -> None:
    for folder, right in (("ours", 9), ("theirs", 2)):
        write_result(tmp_path / folder, "hoc", folder, right=right)
    write_result(tmp_path / "theirs", "hoc", "old", gold="g2")
    write_result(tmp_path / "theirs", "ddi", "from-text", entities="predicted")
    write_result(tmp_path / "ours", "ddi", "ours", entities="gold")
    write_result(tmp_path / "theirs", "hoc", "bare", with_units=False)
    against = read_results(tmp_path / "theirs")
    found = {row["against"]: row for row in board(tmp_path / "ours", against=against).comparisons}
    assert found["theirs"]["difference"] == pytest.approx(70)
    assert found["theirs"]["p"] < 0.05
    assert found["old"]["reason"] == "other gold data"
    assert found["from-text"]["reason"].startswith("other entities")
    assert found["bare"]["reason"] == "a result without its 'units' file"
    lines = compare_results(tmp_path / "ours" / "hoc" / "ours-s0.json", tmp_path / "theirs")
    assert any(line.startswith("minus theirs (1 run): +70.00 (95 % ") for line in lines)
    assert any("no comparison with old" in line for line in lines)


def test_a_folder_beside_itself_has_each_pair_once(tmp_path: Path) -> None:
    for model, right in (("a", 2), ("b", 5), ("c", 9)):
        write_result(tmp_path, "hoc", model, right=right)
    rows = board(tmp_path, against=read_results(tmp_path)).comparisons
    pairs = [(row["model"], row["against"]) for row in rows]
    assert pairs == [("a", "b"), ("a", "c"), ("b", "c")]


def test_hostile_names_are_text_in_markdown(tmp_path: Path) -> None:
    write_result(tmp_path, "hoc", HOSTILE, name="x")
    write_result(tmp_path, "hoc", "a|b](http://x) `c` \n| d", name="y")
    text = board_to_markdown(board(tmp_path))
    assert "<img" not in text
    assert "&lt;img src=x onerror=alert\\(1\\)&gt;" in text
    table = [line for line in text.splitlines() if line.startswith("| a")]
    (line,) = [line for line in table if "a\\|b" in line]
    assert line.replace("\\|", "").count("|") == 17
    assert escape("a_b*c") == "a\\_b\\*c"


def test_beyond_blurb_shows_a_result_where_it_belongs(tmp_path: Path) -> None:
    write_result(tmp_path, "bioasq_factoid", "f", right=7)
    for name, shots in (("none", {"shots": 0}), ("four", {"shots": 4}), ("trained", {})):
        write_result(tmp_path, "medconceptsqa", name, right=4, **shots)
    lines = board_to_markdown(board(tmp_path)).splitlines()
    rows = [line.split(" | ") for line in lines if line.startswith(("| BioASQ", "| MedConcepts"))]
    assert {c[0].partition("[")[0]: c[-1].partition(" (")[0] for c in rows} == {
        "| BioASQ 4b factoid": "– |",
        "| BioASQ 5b factoid": "– |",
        "| BioASQ 6b factoid": "– |",
        "| BioASQ 4b to 6b factoid": "f 70.00",
        "| MedConceptsQA, zero-shot": "none 40.00",
        "| MedConceptsQA, few-shot": "four 40.00",
    }


def test_beyond_blurb_shows_results_of_the_folder(tmp_path: Path) -> None:
    settings = {"train_docs": 20, "train_docs_of": 500}
    write_result(tmp_path, "s800", "m", right=7, settings=settings)
    text = board_to_markdown(board(tmp_path))
    (line,) = [line for line in text.splitlines() if line.startswith("| Species-800 ")]
    # Beside published figures a score needs what qualifies it.
    score, mark = re.search(r"\| m (70\.00 \(\d.*\d\))\[(\d+)\] \|$", line).groups()
    assert score.startswith("70.00 (40.00")
    assert f"\n{mark}. trained on 20 of 500 Docs" in text
    assert "cannot be redistributed" in text
    assert "82.34 in the earlier one" in text


def test_a_task_without_published_figures_is_shown(tmp_path: Path) -> None:
    write_result(tmp_path, "bc5cdr", "m", right=8)
    write_result(tmp_path, "bc5cdr_cid", "m", right=4, entities="predicted")
    shown = board(tmp_path)
    text = board_to_markdown(shown)
    page = board_to_html(shown)
    section = text.partition("## Without published figures")[2].partition("## ")[0]
    assert "| BC5CDR | entity\\_f1 | m | 80.00 (50.00" in section
    assert "1. end to end: the entities are predicted, too" in section
    part = page.partition('<section id="others"')[2].partition("</section>")[0]
    assert "80.00" in part
    assert "end to end" in part
    assert 'href="#others"' in page
    write_result(tmp_path / "plain", "hoc", "m")
    assert "Without published" not in board_to_markdown(board(tmp_path / "plain"))
    assert "Without published" not in board_to_html(board(tmp_path / "plain"))
