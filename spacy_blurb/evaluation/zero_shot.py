"""Multiple-choice questions without training: our own protocol for masked language models.

Published figures of encoders on MedConceptsQA load them as causal models, for which they were never
trained, and are at chance by construction. There is no standard for encoders, so the two methods
here are ours, and results say so (`protocol`: "own, non-standard").

- "pll": the pseudo-log-likelihood of each option behind the question (Salazar et al. 2020, arXiv
  1910.14659): each of its pieces is masked in turn, and the mean of their log-probabilities is the
  option's score. Needs the masked-language head, which checkpoints for sentence vectors lack.
- "embedding": the cosine of the mean vectors of question and option, one pass each.

The question is read without the options that its wording repeats, which would let an encoder copy.
With shots, "pll" reads solved questions before it; "embedding" has no use for them.
"""

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Any, Literal

import numpy as np
from spacy.tokens import Doc

from ..annotations import DocQuestion, gold_kind
from ..data.formats.whole_files import write_whole
from ..encoder.weights import find_folder
from ..errors import BlurbError, Errors
from ..metrics.answers import majority_share
from ..metrics.resampling import Units, bootstrap_interval
from ..tasks import Task
from .answers import converting_command, make_gold, scored_questions
from .results import describe_data, describe_run, hash_gold, write_units
from .scoring.answers import GoldAnswer
from .scoring.rows import write_rows

Method = Literal["pll", "embedding"]

MAX_PIECES = 512
_BATCH = 32
# What stands before the first option in the published wording: "A." or "A)" on a line of its own.
_LETTER = r"\s*\(?\bA\s*[.):]\s*"
_LETTER_AT_END = re.compile(rf"(?:{_LETTER}|\n\s*A\s*)$")
# Between options that follow one another: commas, "or", the letter of the next one.
_BETWEEN = r"[\s,;/|.]*(?:(?:or|and)\s+)?(?:\(?\b[A-Z]\s*[.):]\s*)?"


@dataclass(frozen=True, slots=True)
class ChoicePrediction:
    """Scores of the options of one question: log-probabilities per piece, or cosines.

    An option without pieces has -inf, in files null.
    """

    id: str
    label: str
    scores: list[float]

    def to_json(self) -> dict[str, Any]:
        """Return what a prediction file holds."""
        scores = [round(score, 6) if isfinite(score) else None for score in self.scores]
        return {"id": self.id, "label": self.label, "scores": scores}


def evaluate_zero_shot(
    task: Task,
    encoder: str,
    references: Sequence[Doc],
    *,
    data: Path,
    method: Method,
    shots: Sequence[Doc] = (),
    limit: int | None = None,
    model: str | None = None,
) -> tuple[dict[str, Any], list[ChoicePrediction], Units]:
    """Choose among options by an encoder that was not trained for it.

    encoder (str): Hugging Face folder or hub name.
    references (Sequence[Doc]): With multiple-choice questions.
    shots (Sequence[Doc]): Solved questions to read first.
    limit (int | None): Of the questions, take this many, spread evenly over the file.
    model (str | None): Name in the result; by default the encoder's, the method and the shots.
    RETURNS (tuple): Result, a prediction for each question, and whether it is right.
    RAISES (BlurbError): B546 no multiple-choice question, B547 the encoder has no masked-language
        head, B548 shots for a method that has no use for them.
    """
    if shots and method != "pll":
        raise BlurbError(Errors.B548.format(method=method))
    items = every = _choices(references)
    if not items:
        raise BlurbError(Errors.B546.format(command=converting_command(task, "questions")))
    if limit is not None and limit < len(items):
        items = [items[place] for place in np.linspace(0, len(items) - 1, limit).astype(int)]
    solved = [question for _, question in _choices(shots)]
    prefix = "".join(f"{_solve(question)}\n" for question in solved)
    score = _load(find_folder(encoder), method)
    predictions = []
    for item, question in items:
        scores = score(prefix + read_stem(question), question.options)
        predictions.append(ChoicePrediction(item.id, str(int(np.argmax(scores))), scores))
    gold = [question.label for _, question in items]
    pairs = zip(predictions, gold, strict=True)
    right = [float(prediction.label == label) for prediction, label in pairs]
    ids = tuple(prediction.id for prediction in predictions)
    units = Units("mean", ids, np.array(right).reshape(-1, 1))
    result = {
        "task": task.name,
        "metric": task.metric,
        "protocol": "own, non-standard: not comparable with published figures",
        "method": method,
        "shots": len(solved),
        "score": sum(right) / len(right),
        "ci95": list(bootstrap_interval(units)),
        "baseline": majority_share(gold),
        "n": len(right),
        "questions_in_file": len(every),
        "model": model or "-".join([Path(encoder).name, method, *_name_shots(len(solved))]),
        "seed": None,
        **describe_data(data),
        # Of the questions taken, under the name that `evaluate` gives them.
        "gold_sha256": hash_gold([item for item, _ in items]),
        **describe_run(),
    }
    return result, predictions, units


def write_zero_shot(
    result: dict[str, Any], predictions: Sequence[ChoicePrediction], units: Units, output: Path
) -> None:
    """Write the result and, beside it, its predictions and what each question contributes."""
    path = output.with_name(f"{output.stem}.predictions.jsonl")
    write_rows([prediction.to_json() for prediction in predictions], path)
    units_path = output.with_name(f"{output.stem}.units.json")
    write_units(units, units_path)
    content = {**result, "predictions": path.name, "units": units_path.name}
    write_whole(output, json.dumps(content, indent=2) + "\n")


def _choices(docs: Sequence[Doc]) -> list[tuple[GoldAnswer, DocQuestion]]:
    """Return the multiple-choice questions, and each as a gold item of `evaluate`."""
    return [
        (make_gold(position, doc, question, ending), question)
        for position, doc in enumerate(docs)
        for question, ending in scored_questions(doc)
        if gold_kind(question) == "options"
    ]


def read_stem(question: DocQuestion) -> str:
    """Return a question without the options that stand in it, and without the first one's letter.

    They stand where the first one is behind its letter, or where all follow one another at the
    text's end, as words and with nothing but commas, "or" and letters between them. Another place
    with the words of an option is a part of the question.
    """
    text, options = question.question, question.options
    lettered = re.search(_LETTER + re.escape(options[0]), text) if options[0].strip() else None
    if lettered:
        return text[: lettered.start()].strip()
    shown = [re.escape(option.strip()) for option in options if option.strip()]
    listed = (
        re.search(rf"(?<!\w){_BETWEEN.join(shown)}[\s.;?)]*$", text) if len(shown) > 1 else None
    )
    return _LETTER_AT_END.sub("", text[: listed.start()] if listed else text).strip()


def _name_shots(count: int) -> list[str]:
    return [f"{count}-shot"] if count else []


def _solve(question: DocQuestion) -> str:
    return f"{read_stem(question)} {question.options[int(question.label)]}"


def _load(folder: Path, method: Method) -> Callable[[str, Sequence[str]], list[float]]:
    """Return a function from question and options to scores."""
    import torch
    from transformers import AutoModel, AutoModelForMaskedLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder)
    # Some ship with the settings of their training.
    tokenizer.backend_tokenizer.no_padding()
    tokenizer.backend_tokenizer.no_truncation()
    if method == "embedding":
        model = AutoModel.from_pretrained(folder).eval()
        return lambda text, options: _embed(torch, model, tokenizer, text, options)
    model, info = AutoModelForMaskedLM.from_pretrained(folder, output_loading_info=True)
    # Of the encoder itself nothing is missing; heads have other names in every architecture.
    own = f"{model.base_model_prefix}."
    if any(not key.startswith(own) for key in info["missing_keys"]):
        raise BlurbError(Errors.B547.format(encoder=folder))
    model.eval()
    return lambda text, options: [_likelihood(torch, model, tokenizer, text, o) for o in options]


def _likelihood(torch: Any, model: Any, tokenizer: Any, text: str, option: str) -> float:
    """Return the mean log-probability of an option's pieces, each masked in turn."""
    before, own = (tokenizer.encode(t, add_special_tokens=False) for t in (text, option))
    limit = _limit(model)
    own = own[: limit // 2]
    if not own:
        return -float("inf")
    # Of a text that is too long its end is kept, which is the question behind the shots.
    before = before[max(0, len(before) + len(own) + 2 - limit) :]
    ids = [tokenizer.cls_token_id, *before, *own, tokenizer.sep_token_id]
    rows = torch.tensor(ids).repeat(len(own), 1)
    places = torch.arange(len(own)) + 1 + len(before)
    rows[torch.arange(len(own)), places] = tokenizer.mask_token_id
    found = []
    with torch.inference_mode():
        for start in range(0, len(own), _BATCH):
            part = slice(start, start + _BATCH)
            logits = model(input_ids=rows[part]).logits
            chosen = logits[torch.arange(len(logits)), places[part]].log_softmax(-1)
            found.append(chosen.gather(1, torch.tensor(own[part])[:, None])[:, 0])
    return float(torch.cat(found).mean())


def _limit(model: Any) -> int:
    """Return the pieces that are read together, the two around the text among them."""
    return min(MAX_PIECES, model.config.max_position_embeddings)


def _embed(
    torch: Any, model: Any, tokenizer: Any, text: str, options: Sequence[str]
) -> list[float]:
    """Return the cosines of the mean vectors of a question and of its options."""
    vectors = []
    with torch.inference_mode():
        for part in (text, *options):
            limits = {"truncation": True, "max_length": _limit(model)}
            inputs = tokenizer(part, **limits, return_tensors="pt")
            vectors.append(model(**inputs).last_hidden_state[0].mean(0))
    question, *others = torch.nn.functional.normalize(torch.stack(vectors), dim=-1)
    return [float(other @ question) for other in others]
