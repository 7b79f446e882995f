"""The figures in the documents are those of the committed result files."""

import json
import re
import statistics
from pathlib import Path

import pytest

from spacy_blurb.evaluation.results import read_units
from spacy_blurb.tasks import get_task

ROW = re.compile(
    r"^\| (?P<model>[^|]+) \| (?P<seed>\d+) \| (?P<score>[\d.]+) "
    r"\| (?P<low>-?[\d.]+)–(?P<high>[\d.]+) \| `(?P<file>results/[^`]+)` \|$",
    re.MULTILINE,
)


def test_tables_show_what_the_result_files_say(project: Path) -> None:
    text = (project / "docs" / "results.md").read_text(encoding="utf-8")
    rows = list(ROW.finditer(text))
    assert len(rows) >= 5
    for row in rows:
        result = json.loads((project / row["file"]).read_text(encoding="utf-8"))
        low, high = result["ci95"]
        found = [f"{100 * value:.2f}" for value in (result["score"], low, high)]
        assert found == [row["score"], row["low"], row["high"]], row["file"]
        assert (result["model"], result["seed"]) == (row["model"], int(row["seed"]))


TASK_ROW = re.compile(
    r"^\| [^|]+ \| [^|]+ \| \d+, \d+ \| (?P<seed>\d+) \| (?P<score>[\d.]+) \| "
    r"(?P<low>-?[\d.]+)–(?P<high>[\d.]+) \| (?P<published>[\d.]+) \|$",
    re.MULTILINE,
)


def test_table_of_the_tasks_shows_what_the_result_files_say(project: Path) -> None:
    text = (project / "docs" / "results.md").read_text(encoding="utf-8")
    rows = {
        (row["seed"], row["score"], row["low"], row["high"], row["published"])
        for row in TASK_ROW.finditer(text)
    }
    files = sorted((project / "results" / "minilm").glob("*/minilm-s?.json"))
    expected = set()
    for path in files:
        result = json.loads(path.read_text(encoding="utf-8"))
        if result["task"] == "ncbi_disease":
            continue
        figures = (f"{100 * value:.2f}" for value in (result["score"], *result["ci95"]))
        published = f"{get_task(result['task']).published['PubMedBERT']:.2f}"
        expected.add((str(result["seed"]), *figures, published))
    assert rows == expected


RESULTS = sorted((Path(__file__).parent.parent / "results").rglob("*-s?.json"))


@pytest.mark.parametrize("path", RESULTS, ids=lambda path: path.stem)
def test_predictions_give_the_counts_of_their_result(path: Path) -> None:
    result = json.loads(path.read_text(encoding="utf-8"))
    lines = (path.parent / result["predictions"]).read_text(encoding="utf-8").splitlines()
    predictions = [json.loads(line) for line in lines]
    assert len(predictions) == result.get("contexts", result.get("texts", result["n"]))
    if "units" in result:
        units = read_units(path.parent / result["units"])
        assert len(units.ids) == result["n"]
        assert units.score() == pytest.approx(result["score"], abs=1e-5)
    if result["metric"] != "entity_f1":
        return
    found = result["predicted"] + result.get("other_types", 0)
    assert sum(len(p["entities"]) for p in predictions) == found
    assert {key for p in predictions for e in p["entities"] for key in e} == {
        "start",
        "end",
        "label",
        "score",
    }


def mean_score(folder: Path) -> str:
    files = sorted(folder.glob("minilm-s?.json"))
    scores = [json.loads(file.read_text(encoding="utf-8"))["score"] for file in files]
    return f"{100 * sum(scores) / len(scores):.2f}"


def test_mean_of_the_seeds(project: Path) -> None:
    page = (project / "docs" / "results.md").read_text(encoding="utf-8")
    mean = mean_score(project / "results" / "minilm" / "ncbi_disease")
    assert f"Mean of the three seeds: {mean}." in page


def test_readme_shows_means_beside_the_published_scores(project: Path) -> None:
    page = (project / "README.md").read_text(encoding="utf-8")
    folders = sorted((project / "results" / "minilm").iterdir())
    assert len(folders) >= 8
    for folder in folders:
        published = get_task(folder.name).published["PubMedBERT"]
        assert f"| {mean_score(folder)} | {published:.2f} |" in page, folder.name


def test_four_arms_table_is_in_the_documents(project: Path) -> None:
    table = (project / "results" / "four_arms" / "table.md").read_text(encoding="utf-8")
    assert table.strip() in (project / "docs" / "results.md").read_text(encoding="utf-8")


def test_four_arms_table_shows_what_the_result_files_say(project: Path) -> None:
    folder = project / "results" / "four_arms"
    table = json.loads((folder / "table.json").read_text(encoding="utf-8"))
    files = list(folder.rglob("*-s?.json"))
    assert len(files) == 24
    for path in files:
        result = json.loads(path.read_text(encoding="utf-8"))
        row = table["tasks"][result["task"]][result["model"]]
        assert row["seeds"][str(result["seed"])] == pytest.approx(100 * result["score"])
        assert row["mean"] == pytest.approx(sum(row["seeds"].values()) / len(row["seeds"]))


@pytest.mark.parametrize(
    "models",
    [("head-linear", "head-bilstm", "head-crf"), ("tags-bio", "tags-bioul", "tags-io")],
)
def test_heads_and_tag_schemes_are_those_of_the_result_files(
    project: Path, models: tuple[str, ...]
) -> None:
    page = (project / "docs" / "results.md").read_text(encoding="utf-8")
    for task in ("bc5_chem", "bc5_disease", "jnlpba"):
        folder = project / "results" / "tags_heads" / task
        results = [json.loads((folder / f"{m}-s0.json").read_text("utf-8")) for m in models]
        cells = [rf"{100 * result['score']:.2f} / [\d.–]+" for result in results]
        row = r" \| ".join([re.escape(get_task(task).dataset), *cells])
        assert re.search(rf"^\| {row} \|$", page, re.MULTILINE), task
        assert {r["run"]["settings"]["train_docs"] for r in results} == {1000}


@pytest.mark.parametrize("name", ["continued", "own_vocabulary"])
def test_a_curve_of_pretraining_is_that_of_its_record(project: Path, name: str) -> None:
    text = " ".join((project / "docs" / "results.md").read_text(encoding="utf-8").split())
    record = json.loads((project / "results" / "pretraining" / f"{name}.json").read_text("utf-8"))
    *curve, last = [f"{row['loss']:.2f}" for row in record["held_out"]]
    assert f"began at {record['losses'][0]['loss']:.2f}; the held-out one was" in text
    listed = f"{', '.join(curve[:-1])}(,| and) {curve[-1]} after every 250 updates, and {last} at"
    assert re.search(listed, text)
    assert f"{record['pieces'] / 1e6:.1f} M, " in text
    assert f"{record['seconds'] / 60:.0f} minutes" in text


@pytest.mark.parametrize("size", ["6x384", "4x256"])
def test_speed_of_pretraining_is_that_of_the_benchmark(project: Path, size: str) -> None:
    path = project / "results" / "benchmarks" / "pretraining.json"
    ratios = json.loads(path.read_text(encoding="utf-8"))["ratios"]
    peers = ("trainer_full_rows_fp32", "trainer_full_rows_bf16")
    expected = " | ".join(f"{ratios[f'{size}/{peer}']:.2f}" for peer in peers)
    assert f"| {expected} |" in (project / "docs" / "results.md").read_text(encoding="utf-8")


def test_speed_of_the_encoder_is_that_of_the_benchmarks(project: Path) -> None:
    page = (project / "docs" / "results.md").read_text(encoding="utf-8")
    folder = project / "results" / "benchmarks"
    found = {
        name: json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))["ratios"]
        for name in ("inference", "inference_two_threads", "training")
    }
    for peer in ("spacy_strided", "spacy_doc_spans", "hf_default", "hf_8", "hf_32"):
        sentences, abstracts = (
            found["inference"][f"torch_bf16/{peer}/{kind}"] for kind in ("sentences", "abstracts")
        )
        assert re.search(rf"\| {sentences:.2f} \| [\d,]+ \| {abstracts:.2f} \|", page), peer
    for precision in ("torch_bf16", "torch_fp32"):
        gains = [
            found["inference_two_threads"][f"{precision}/two_threads/{kind}"]
            for kind in ("sentences", "abstracts")
        ]
        assert f"| {gains[0]:.2f} | {gains[1]:.2f} |" in page
    ratio = found["training"]["encoder_v1/transformer_v3"]
    assert f"`TransformerModel.v3` 195: {ratio:.2f} times (medians" in page


@pytest.mark.parametrize("name", ["inference_vnni", "inference_amx", "inference_amx_again"])
def test_speed_of_exported_encoders_is_that_of_the_benchmark(project: Path, name: str) -> None:
    page = (project / "docs" / "results.md").read_text(encoding="utf-8")
    path = project / "results" / "benchmarks" / f"{name}.json"
    found = json.loads(path.read_text(encoding="utf-8"))
    for side in ("int8", "bf16", "torch_fp32", "torch_bf16"):
        cells = []
        for kind in ("sentences", "abstracts"):
            speed = statistics.median(found["runs"][f"{kind}, {side}, pieces per cpu second"])
            ratios = [
                found["ratios"][f"{side}/{peer}/{kind}"] for peer in ("spacy_strided", "hf_default")
            ]
            cells += [f"{speed:,.0f}", *(f"{ratio:.2f}" for ratio in ratios)]
        assert f"| {' | '.join(cells)} |" in page, side


def test_readme_says_how_fast_8_bits_are(project: Path) -> None:
    readme = " ".join((project / "README.md").read_text(encoding="utf-8").split())
    path = project / "results" / "benchmarks" / "inference_vnni.json"
    ratios = json.loads(path.read_text(encoding="utf-8"))["ratios"]
    spacy, hugging_face = (
        [f"{ratios[f'int8/{peer}/{kind}']:.1f}" for kind in ("sentences", "abstracts")]
        for peer in ("spacy_strided", "hf_default")
    )
    said = "is {} (sentences) and {} times (abstracts) as fast as spacy-transformers, "
    said += "{} and {} times as Hugging Face"
    assert said.format(*spacy, *hugging_face) in readme


def test_readme_says_how_fast_the_encoder_is(project: Path) -> None:
    """In bfloat16, and in float32 as most processors compute."""
    readme = (project / "README.md").read_text(encoding="utf-8")
    path = project / "results" / "benchmarks" / "inference.json"
    ratios = json.loads(path.read_text(encoding="utf-8"))["ratios"]
    for precision, ours in (("torch_bf16", "ours in bfloat16"), ("torch_fp32", "ours in float32")):
        for side, peer in (("spacy_strided", "spacy-transformers"), ("hf_default", "Hugging Face")):
            sentences, abstracts = (
                f"{ratios[f'{precision}/{side}/{kind}']:.1f}" for kind in ("sentences", "abstracts")
            )
            row = rf"^\| {peer}[^|]*, {ours}[^|]* \| {sentences} \| {abstracts} \|$"
            assert re.search(row, readme, re.MULTILINE), (precision, side)


def test_speed_of_questions_is_that_of_the_benchmark(project: Path) -> None:
    page = (project / "docs" / "results.md").read_text(encoding="utf-8")
    path = project / "results" / "benchmarks" / "qa.json"
    found = json.loads(path.read_text(encoding="utf-8"))
    ratios = found["ratios"]
    sides = {
        "exported int8": "exported, `openvino-int8` (the rest in float32)",
        "exported bf16": "exported, `openvino-bf16`",
        "blurb": "`Encoder.v1`, bfloat16",
        "blurb fp32": "`Encoder.v1`, float32",
    }
    for side, name in sides.items():
        many, one = (f"{ratios[f'{side}/hf_pipeline{t}']:.2f}" for t in ("", "/one_abstract"))
        assert f"| {name} | {many} | {one} |" in page
    readme = " ".join((project / "README.md").read_text(encoding="utf-8").split())
    many, one = (ratios[f"blurb/hf_pipeline{texts}"] for texts in ("", "/one_abstract"))
    said = f"Questions on ten abstracts are answered {many:.1f} times as fast as by Hugging Face's"
    assert f"{said} pipeline, on one {one:.1f} times" in readme
    assert f"{found['n']['questions']} questions, medians of {found['n']['rounds']}" in page
    path = project / "results" / "benchmarks" / "qa_vnni.json"
    ratios = json.loads(path.read_text(encoding="utf-8"))["ratios"]
    int8, fp32 = (
        [ratios[f"exported {name}/hf_pipeline{texts}"] for texts in ("", "/one_abstract")]
        for name in ("int8", "bf16")
    )
    assert f"{int8[0]:.2f} times as many on ten abstracts and {int8[1]:.2f} times on one" in page
    assert f"(float32 here) {fp32[0]:.2f} and {fp32[1]:.2f} times" in page


def test_cost_of_the_heads_is_that_of_the_benchmark(project: Path) -> None:
    found = json.loads((project / "results" / "benchmarks" / "joint.json").read_text("utf-8"))
    page = " ".join((project / "docs" / "results.md").read_text(encoding="utf-8").split())
    ratios, n = found["ratios"], found["n"]
    assert f"{n['entities']} entities ({n['annotated entities']} are annotated)" in page
    assert f"{n['PICO elements']:,} PICO elements and {n['candidate pairs']} pairs" in page
    assert f"cost {ratios['five_heads/encoder']:.3f} times the CPU time of the encoder" in page
    assert f"abstract {ratios['question/pair_pass']:.3f} times a bare pass" in page
    theirs, asked, fewer = (
        f"{ratios[f'pipeline/hf_pipelines{suffix}']:.3f} times"
        for suffix in ("", "/with_question", "/without_relations")
    )
    assert f"takes {theirs} the CPU time, with the question {asked}, without" in page
    assert f"a pass per pair there, {fewer}." in page
    readme = " ".join((project / "README.md").read_text(encoding="utf-8").split())
    assert f"cost {ratios['five_heads/encoder']:.2f} times the encoder alone" in readme
    assert f"takes {ratios['pipeline/hf_pipelines']:.1f} times the CPU time" in readme


def test_cost_of_the_heads_with_amx_is_that_of_the_benchmark(project: Path) -> None:
    path = project / "results" / "benchmarks" / "joint_amx.json"
    ratios = json.loads(path.read_text(encoding="utf-8"))["ratios"]
    page = " ".join((project / "docs" / "results.md").read_text(encoding="utf-8").split())
    said = "{:.3f} times the encoder alone, a question {:.3f} times a bare pass"
    assert said.format(ratios["five_heads/encoder"], ratios["question/pair_pass"]) in page
    theirs = [
        ratios[f"pipeline/hf_pipelines{suffix}"]
        for suffix in ("", "/with_question", "/without_relations")
    ]
    said = "pipelines {:.3f} times, with the question {:.3f} times, without the relations {:.3f}"
    assert said.format(*theirs) in page


def test_start_with_amx_is_that_of_the_benchmarks(project: Path) -> None:
    page = " ".join((project / "docs" / "results.md").read_text(encoding="utf-8").split())
    then, busy, quiet = (
        json.loads((project / "results" / "benchmarks" / f"{name}.json").read_text("utf-8"))
        for name in ("startup_amx", "startup_amx_busy", "startup_amx_quiet")
    )
    assert f"the ratio of seconds was {then['ratios']['time']:.3f} with the code" in page
    assert f"on 2026-12-01 {busy['ratios']['time']:.3f} with other jobs running" in page
    assert f"meanwhile, {quiet['ratios']['time']:.3f} with nothing else" in page
    assert f"that of memory {quiet['ratios']['memory']:.3f})" in page


def test_speed_of_vectors_is_that_of_the_benchmark(project: Path) -> None:
    found = json.loads((project / "results" / "benchmarks" / "vectors.json").read_text("utf-8"))
    page = (project / "docs" / "results.md").read_text(encoding="utf-8")
    readme = (project / "README.md").read_text(encoding="utf-8").replace("\n", " ")
    for name, side in (
        ("in 8 bits, exported", "int8"),
        ("float32, exported", "bf16"),
        ("float32, as it is trained", "torch_fp32"),
    ):
        sentences, abstracts = (
            statistics.median(found["runs"][f"{kind}, {side}, texts per CPU second"])
            for kind in ("sentences", "abstracts")
        )
        one, other = (
            found["ratios"][f"{side}/sentence_transformers/{kind}"]
            for kind in ("sentences", "abstracts")
        )
        assert f"| {name} | {sentences:.0f} | {one} | {abstracts:.1f} | {other} |" in page
        if side != "bf16":
            assert f"{one:.1f} and {other:.1f} times" in readme
    means = [found["runs"][f"{kind}, drift of int8"]["mean"] for kind in ("sentences", "abstracts")]
    assert f"they are {means[0]:.4f} (sentences) and {means[1]:.4f} (abstracts) away" in page


def test_speed_of_relations_is_that_of_the_benchmark(project: Path) -> None:
    page = (project / "docs" / "results.md").read_text(encoding="utf-8")
    path = project / "results" / "benchmarks" / "relations.json"
    ratios = json.loads(path.read_text(encoding="utf-8"))["ratios"]
    assert f"judges {ratios['shared/reencoded']:.2f} times" in page
    assert f"re-encoding {ratios['reencoded/hf_pipeline']:.2f} times" in page
    assert f"({ratios['reencoded/hf_pipeline_32']:.2f} times with batches" in page
    assert f"judges {ratios['shared/reencoded/any_distance']:.0f} times" in page


def test_start_up_is_that_of_the_benchmark(project: Path) -> None:
    path = project / "results" / "benchmarks" / "startup.json"
    found = json.loads(path.read_text(encoding="utf-8"))

    def medians(side: str) -> dict[str, float]:
        runs = found["runs"][side]
        return {unit: statistics.median(run[unit] for run in runs) for unit in runs[0]}

    ours, stock = medians("exported"), medians("spacy-transformers")
    page = (project / "docs" / "results.md").read_text(encoding="utf-8")
    for name, unit, key, digits in (
        ("seconds", "seconds", "time", 2),
        ("CPU seconds", "cpu seconds", "cpu", 2),
        ("MB", "megabytes", "memory", 0),
    ):
        row = f"| {name} | {ours[unit]:.{digits}f} | {stock[unit]:.{digits}f} |"
        assert f"{row} {found['ratios'][key]:.3f} |" in page
    assert f"{found['n']['processes of each']} fresh processes of each" in page
    readme = " ".join((project / "README.md").read_text(encoding="utf-8").split())
    assert f"needs {ours['seconds']:.1f} s and {ours['megabytes']:.0f} MB" in readme
    assert f"spacy-transformers: {stock['seconds']:.1f} s, {stock['megabytes']:.0f} MB" in readme


PACKAGES = ("en_blurb_sm", "en_blurb_xs")


@pytest.mark.parametrize("package", PACKAGES)
def test_errors_of_a_package_are_those_that_were_counted(project: Path, package: str) -> None:
    card = (project / "assets" / package / "card.md").read_text(encoding="utf-8")
    counts = json.loads((project / "results" / package / "errors.json").read_text("utf-8"))
    datasets = {"bc5cdr": "BC5CDR", "ncbi_disease": "NCBI-disease", "bc2gm": "BC2GM"}
    assert {name.split()[0] for name in counts} == set(datasets)
    for name, labels in counts.items():
        task = name.split()[0]
        path = project / "results" / package / task / f"{package}-s0.json"
        result = json.loads(path.read_text(encoding="utf-8"))
        assert sum(kinds["right"] for kinds in labels.values()) == result["correct"]
        for label, kinds in labels.items():
            boundary = sum(kinds.get(kind, 0) for kind in ("short", "long", "crossing"))
            row = [kinds["right"], boundary, kinds.get("type", 0), kinds["spurious"]]
            cells = " | ".join(f"{count:,}" for count in [*row, kinds["missed"]])
            assert f"| {datasets[task]}, {label} | {cells} |" in card


ALONE = {
    "bc5cdr": "en_blurb_sm/single/bc5cdr/minilm-s0.json",
    "ncbi_disease": "minilm/ncbi_disease/minilm-s0.json",
    "bc2gm": "minilm/bc2gm/minilm-s0.json",
    "bc5cdr_cid": "relations/bc5cdr_cid/ner-rel-from-text-s0.json",
}


def test_readme_shows_the_scores_of_en_blurb_sm(project: Path) -> None:
    page = (project / "README.md").read_text(encoding="utf-8")
    paths = list((project / "results" / "en_blurb_sm").glob("*/en_blurb_sm-s0.json"))
    assert len(paths) == 4
    for path in paths:
        result = json.loads(path.read_text(encoding="utf-8"))
        low, high = result["ci95"]
        alone = json.loads((project / "results" / ALONE[result["task"]]).read_text("utf-8"))
        cells = f"| {100 * result['score']:.2f} | {100 * low:.2f}–{100 * high:.2f} |"
        assert f"{cells} {100 * alone['score']:.2f} |" in page, path


def test_readme_shows_the_scores_of_en_blurb_xs(project: Path) -> None:
    page = (project / "README.md").read_text(encoding="utf-8")
    paths = list((project / "results" / "en_blurb_xs").glob("*/en_blurb_xs-s0.json"))
    assert len(paths) == 4
    for path in paths:
        score = 100 * json.loads(path.read_text(encoding="utf-8"))["score"]
        alone = json.loads((project / "results" / ALONE[path.parent.name]).read_text("utf-8"))
        assert f"| {100 * alone['score']:.2f} | {score:.2f} |" in page, path


def medians_beside_the_cnn(project: Path, name: str) -> tuple[str, str, float, float]:
    """Return our words per CPU second, the CNN's, and both ratios."""
    path = project / "results" / "benchmarks" / f"{name}.json"
    found = json.loads(path.read_text(encoding="utf-8"))
    speeds = found["runs"]["words per CPU second"]
    ours, theirs = (f"{statistics.median(values):,.0f}" for values in speeds.values())
    return ours, theirs, found["ratios"]["one thread"], found["ratios"]["all cores"]


def test_the_cnn_beside_en_blurb_sm_is_that_of_the_benchmark(project: Path) -> None:
    page = " ".join((project / "docs" / "results.md").read_text(encoding="utf-8").split())
    ours, theirs, one, all_cores = medians_beside_the_cnn(project, "cnn")
    assert f"{ours} words per CPU second with one thread, the CNN {theirs}, so {one} times" in page
    assert f"starting them included, {all_cores} times as many words per second" in page
    vnni = medians_beside_the_cnn(project, "cnn_vnni")
    assert f"{vnni[0]} words per CPU second, the CNN {vnni[1]}, so {vnni[2]} times" in page
    assert f"with a process on each core {vnni[3]} times as many words per second" in page
    small = medians_beside_the_cnn(project, "cnn_xs")
    assert f"{small[0]} words per CPU second with one thread, the CNN {small[1]}, so" in page
    assert f"so {small[2]} times as many; with a process on each core {small[3]} times" in page
    readme = (project / "README.md").read_text(encoding="utf-8")
    files = ("en_blurb_xs/bc5cdr/en_blurb_xs-s0", "en_blurb_sm/bc5cdr/en_blurb_sm-s0")
    paths = [
        project / "results" / f"{name}.json" for name in (*files, "en_blurb_sm/cnn/bc5cdr_cnn")
    ]
    scores = [f"{100 * json.loads(path.read_text('utf-8'))['score']:.2f}" for path in paths]
    assert f"| `en_blurb_xs` | {scores[0]} | {small[0]} | not measured |" in readme
    assert f"| `en_blurb_sm` | {scores[1]} | {vnni[0]} | {ours} (an earlier one) |" in readme
    assert f"trained on BC5CDR alone | {scores[2]} | {vnni[1]} | {theirs} |" in readme


PARITIES = [
    *((name, 5) for name in PACKAGES),
    *(("exported/hoc", 1), ("exported/joint_bf16", 5), ("exported/hoc_bf16", 1)),
    ("exported/hoc_int8", 1),
]


@pytest.mark.parametrize(("folder", "n"), PARITIES)
def test_parity_is_that_of_the_report(project: Path, folder: str, n: int) -> None:
    page = (project / "docs" / "results.md").read_text(encoding="utf-8")
    report = json.loads((project / "results" / folder / "parity.json").read_text("utf-8"))
    assert len(report["scores"]) == n
    for row in report["scores"]:
        values = " | ".join(f"{100 * row[key]:.2f}" for key in ("before", "after"))
        assert f"| {row['dev']} | {row['score']} | {values} | {100 * row['change']:+.2f} |" in page


def test_cells_apart_are_those_of_the_reports(project: Path) -> None:
    page = (project / "docs" / "results.md").read_text(encoding="utf-8")
    without, with_them = (
        {
            (row["dev"], row["score"]): row
            for row in json.loads(
                (project / "results" / "exported" / name / "parity.json").read_text("utf-8")
            )["scores"]
        }
        for name in ("joint_int8_whole", "joint_int8")
    )
    assert without.keys() == with_them.keys()
    for key, row in without.items():
        values = (row["before"], row["after"], with_them[key]["after"])
        assert f"| {' | '.join(key)} | {' | '.join(f'{100 * v:.2f}' for v in values)} |" in page
        assert row["before"] == with_them[key]["before"]
    lost = [100 * -min(row["change"] for row in rows.values()) for rows in (without, with_them)]
    assert f"({lost[0]:.2f} lost where 0.3 is allowed); with, it loses {lost[1]:.2f} at" in page


def test_cost_of_annotate_and_docbin_are_those_of_the_benchmarks(project: Path) -> None:
    page = (project / "docs" / "results.md").read_text(encoding="utf-8")
    folder = project / "results" / "benchmarks"
    annotate = json.loads((folder / "annotate.json").read_text(encoding="utf-8"))
    assert f"takes {annotate['ratios']['time']} times" in page
    assert f"{annotate['runs']['words per second of wall time']:,} words per second" in page
    assert f"was {annotate['ratios']['growth']} times" in page
    docbin = json.loads((folder / "docbin.json").read_text(encoding="utf-8"))["ratios"]
    assert f"storing is {docbin['store']} times and reading {docbin['read']} times" in page


def test_a_long_stream_is_that_of_the_benchmark(project: Path) -> None:
    """50,000 documents and three kills."""
    page = " ".join((project / "docs" / "results.md").read_text(encoding="utf-8").split())
    path = project / "results" / "benchmarks" / "annotate_stream.json"
    found = json.loads(path.read_text(encoding="utf-8"))
    n, runs = found["n"], found["runs"]
    assert (n["documents"], n["kills"]) == (50_000, 3)
    early = next(now for done, now in runs["megabytes"] if done >= 5_000)
    last = runs["megabytes"][-1][1]
    memory = f"{early:.0f} MB after 5,000 documents and {last:.0f} MB at the end"
    assert f"{memory}, {found['ratios']['growth']} times" in page
    first, second, third = runs["killed with so many documents safe"]
    assert f"with {first:,}, {second:,} and {third:,} documents safe" in page
    assert f"({runs['output of both']['bytes']:,} bytes)" in page


def test_factoid_accuracies_are_those_of_the_result_files(project: Path) -> None:
    page = " ".join((project / "docs" / "results.md").read_text(encoding="utf-8").split())
    paths = sorted((project / "results" / "questions" / "bioasq_factoid").glob("*/minilm-s0.json"))
    assert paths
    for path in paths:
        result = json.loads(path.read_text(encoding="utf-8"))
        strict, lenient = (f"{100 * result[key]:.2f}" for key in ("strict", "lenient"))
        shown = rf"{strict} and {lenient} of {result['n']}( questions)? \({path.parent.name}\)"
        assert re.search(shown, page), path


def test_memory_is_that_of_the_benchmarks(project: Path) -> None:
    page = " ".join((project / "docs" / "results.md").read_text(encoding="utf-8").split())
    shown = {
        "memory": "{first} MB resident after 10,000 of 100,000 short texts through `nlp.pipe`, "
        "{last} MB at the end",
        "memory_exported": "{first} MB after 10,000 of 100,000, {last} MB from 50,000 to the end",
    }
    for name, text in shown.items():
        path = project / "results" / "benchmarks" / f"{name}.json"
        (notes,) = json.loads(path.read_text(encoding="utf-8"))["runs"].values()
        first, last = (f"{notes[i]:.0f}" for i in (0, -1))
        assert text.format(first=first, last=last) in page
        assert len(notes) == 10
    assert f"{notes[4]:.0f}" == last


def related_of(path: Path) -> list[int]:
    """Return how often count_negated.py found the two related, of each of its groups."""
    found = json.loads(path.read_text(encoding="utf-8"))
    groups = ("stated", "denied", "stated in other words", "denied in other words")
    return [sum(map(len, found[group].values())) for group in groups]


def test_scores_of_doc_ents_and_denied_relations(project: Path) -> None:
    text = (project / "docs" / "results.md").read_text(encoding="utf-8")
    readme = (project / "README.md").read_text(encoding="utf-8")
    ents, counts = {}, {}
    for name in ("sm", "xs"):
        folder = project / "results" / f"en_blurb_{name}"
        tasks = json.loads((folder / "doc_ents.json").read_text(encoding="utf-8"))["tasks"]
        ents[name] = [f"{100 * tasks[t]['f1']:.2f}" for t in ("bc5cdr", "ncbi_disease", "bc2gm")]
        counts[name] = related_of(project / f"results/en_blurb_{name}/negated.json")
        card = (project / "assets" / f"en_blurb_{name}" / "card.md").read_text(encoding="utf-8")
        assert all(score in card for score in ents[name])
        assert "{} and {}".format(", ".join(ents[name][:2]), ents[name][2]) in readme
    sizes = zip(("BC5CDR", "NCBI-disease", "BC2GM"), ents["sm"], ents["xs"], strict=True)
    for row in sizes:
        assert "| {} | {} | {} |".format(*row) in text
    before = related_of(project / "results" / "statements" / "negated_before.json")
    groups = (
        "stated | 20",
        "denied | 35",
        "stated in other words | 30",
        "denied in other words | 40",
    )
    for name, *row in zip(groups, counts["sm"], counts["xs"], before, strict=True):
        assert "| {} | {} | {} | {} |".format(name, *row) in text
    small, large = (
        " ".join((project / f"assets/en_blurb_{name}/card.md").read_text(encoding="utf-8").split())
        for name in ("xs", "sm")
    )
    assert "are related in {1}, of 20 that state it in {0}; in".format(*counts["sm"]) in large
    assert "in {3} of 40 that deny it and {2} of 30 that state it".format(*counts["sm"]) in large
    assert 'of 20 sentences such as "Aspirin caused bleeding"' in small
    found = 'are related in {0}, in other words ("brought about") in {2} of 30;'
    assert found.format(*counts["xs"]) in small
    assert "of 35 that deny it" in small
    denied = 'bleeding") in {1}, in other words ("ruled out") in {3} of 40'
    assert denied.format(*counts["xs"]) in small
    assert "five pairs in each of 25 sentences" in small
    tried = related_of(project / "results" / "statements" / "negated_entities_too.json")
    assert f"it related {tried[1]} of 35 and {tried[3]} of 40" in text
    tried_xs = related_of(project / "results" / "statements" / "negated_xs.json")
    assert "it relates {} of 20, {} of 35, {} of 30 and {} of 40".format(*tried_xs) in text
