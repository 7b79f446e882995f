"""BioASQ 4b to 6b, factoid questions as in BioBERT (Lee et al. 2020): the answer is in the text."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from ...errors import BlurbError, Errors
from ..formats.compressed import find_file
from ..formats.id_list import check_listed
from ..formats.json_file import take
from ..formats.squad import read_squad
from ..records import Question, Split
from .bioasq import N_BATCHES, find_golden, read_questions
from .distribution import require_file

TASK = "bioasq_factoid"
YEARS = (4, 5, 6)

# A question on its third context is "56c073fcef6e394741000020_002".
_CONTEXT_NUMBER = re.compile(r"_\d+$")


def read_bioasq_factoid(folder: Path, split: str, form: str) -> Split[Question]:
    """Read one split: a record per question and context; the question's own id is the `group`.

    Test is the fifteen test sets of 4b, 5b and 6b; their answers, which those files leave out, are
    the golden files'. Train is the train files that are there, without the questions of the test
    sets: later years train on the tests of earlier ones. Where there is none, train is empty, as
    dev always is.

    RAISES (BlurbError): B109 a test or golden file is missing, B151 a question without its parts,
        B155 a question that is not in the golden file, B158 form "blurb", and what the format's
        readers raise.
    """
    if form == "blurb":
        raise BlurbError(Errors.B158.format(task=TASK))
    if split == "test":
        return Split(list(_read_test(folder)))
    return _read_train(folder) if split == "train" else Split([])


def _read_test(folder: Path) -> Iterator[Question]:
    for year in YEARS:
        for batch in range(1, N_BATCHES + 1):
            path = _find_test(folder, year, batch)
            golden: dict[str, list[str]] | None = None
            for question in read_squad(path):
                record = replace(question, group=_group(question))
                if not question.answers:
                    golden = golden or _read_golden(folder, year, batch)
                    record = _answer(record, golden, path, folder)
                yield record


def _find_test(folder: Path, year: int, batch: int) -> Path:
    return require_file(
        folder,
        _names(f"BioASQ-test-factoid-{year}b-{batch}.json", year, "test"),
        task=TASK,
        form="original",
    )


def _names(name: str, year: int, split: str) -> list[str]:
    return [f"factoid_squad/{name}", name, f"BioASQ-{year}b/{split}/Full-Abstract/{name}"]


def _group(question: Question) -> str:
    return _CONTEXT_NUMBER.sub("", question.id)


def _read_golden(folder: Path, year: int, batch: int) -> dict[str, list[str]]:
    """Return question id → answers, of which each is right."""
    path = find_golden(folder, year, batch, task=TASK)
    answers = {}
    for item in read_questions(path):
        if item["type"] == "factoid":
            exact = take(item, "exact_answer", list, path, f"question {item['id']}")
            answers[item["id"]] = list(_flatten(exact))
    return answers


def _flatten(answers: list[Any]) -> Iterator[str]:
    """Yield the strings of lists in lists: each inner list is an answer and its synonyms.

    Blanks around an answer are none of it.
    """
    for answer in answers:
        if isinstance(answer, list):
            yield from _flatten(answer)
        else:
            # 5b has a question with nothing but a blank, which counts as one that nobody answers.
            yield str(answer).strip() or str(answer)


def _answer(question: Question, golden: dict[str, list[str]], path: Path, folder: Path) -> Question:
    check_listed([question.group], golden, task=TASK, source=folder, listed=path)
    found = (place for text in golden[question.group] for place in _places(text, question.context))
    return replace(question, answers=tuple(dict.fromkeys(found)))


def _places(answer: str, context: str) -> list[tuple[int, str]]:
    """Find an answer everywhere in a context, as whole words and in any case.

    RETURNS (list): Offset and the context's own wording; -1 and the answer where it is not there.
    """
    if not answer.strip():
        return [(-1, answer)]
    before = r"(?<!\w)" if re.match(r"\w", answer) else ""
    behind = r"(?!\w)" if re.search(r"\w\Z", answer) else ""
    matches = re.finditer(before + re.escape(answer) + behind, context, re.IGNORECASE)
    return [(match.start(), match[0]) for match in matches] or [(-1, answer)]


def _read_train(folder: Path) -> Split[Question]:
    records: dict[str, Question] = {}
    left_out = {"repeated questions": 0, "questions of test sets": 0, "answers not at offset": 0}
    in_test: set[str] | None = None
    for year in YEARS:
        path = _find_train(folder, year)
        if path is None:
            continue
        in_test = _test_ids(folder) if in_test is None else in_test
        for question in read_squad(path):
            record = replace(question, group=_group(question))
            if record.group in in_test:
                left_out["questions of test sets"] += 1
            elif records.setdefault(record.id, record) is not record:
                left_out["repeated questions"] += 1
    for record in records.values():
        left_out["answers not at offset"] += sum(start < 0 for start, _ in record.answers)
    return Split(list(records.values()), {reason: n for reason, n in left_out.items() if n})


def _find_train(folder: Path, year: int) -> Path | None:
    stem = f"BioASQ-train-factoid-{year}b"
    names = _names(f"{stem}.json", year, "train")
    names += _names(f"{stem}-full-annotated.json", year, "train")
    return next((path for name in names if (path := find_file(folder, name))), None)


def _test_ids(folder: Path) -> set[str]:
    return {
        _group(question)
        for year in YEARS
        for batch in range(1, N_BATCHES + 1)
        for question in read_squad(_find_test(folder, year, batch))
    }
