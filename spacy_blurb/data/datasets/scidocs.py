"""SciDocs (Cohan et al. 2020): papers with their MAG and MeSH classes, for document vectors."""

from pathlib import Path

from ...errors import BlurbError, Errors
from ..formats.csv_file import read_csv
from ..formats.json_file import read_json, take
from ..records import LabelledText, Split
from .distribution import require_file

TASK = "scidocs"
SETS = ("mag", "mesh")
"""The two classification sets; a paper can be in both, in different splits."""

_FILES = {"train": "train.csv", "dev": "val.csv", "test": "test.csv"}
_METADATA = "paper_metadata_mag_mesh.json"


def read_scidocs(folder: Path, split: str, form: str) -> Split[LabelledText]:
    """Read one split of both classification sets.

    The text is title, line end and abstract, or the title alone. Ids are "SET/PAPER", labels
    "SET:CLASS"; the paper's own id is the `group`. A paper without metadata has an empty text, as
    its vector is zero in the authors' evaluation.

    RAISES (BlurbError): B109 a file is missing, B151 a paper without title, B158 form "blurb", and
        what the format's readers raise.
    """
    if form == "blurb":
        raise BlurbError(Errors.B158.format(task=TASK))
    path = require_file(folder, [_METADATA, f"data/{_METADATA}"], task=TASK, form=form)
    papers = read_json(path, dict)
    texts = {paper_id: _to_text(path, paper_id, papers[paper_id]) for paper_id in papers}
    records = []
    for name in SETS:
        file = f"{name}/{_FILES[split]}"
        rows = require_file(folder, [file, f"data/{file}"], task=TASK, form=form)
        for _, row in read_csv(rows, ("pid", "class_label")):
            paper_id, label = row["pid"], f"{name}:{row['class_label']}"
            text = texts.get(paper_id, "")
            records.append(LabelledText(f"{name}/{paper_id}", text, (label,), paper_id))
    return Split(records)


def _to_text(path: Path, paper_id: str, item: dict[str, object]) -> str:
    title = take(item, "title", str, path, f"paper {paper_id}")
    abstract = item.get("abstract")
    return f"{title}\n{abstract}" if abstract else title
