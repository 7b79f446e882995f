"""Write what an installed package finds in a sample abstract.

usage: show.py PACKAGE TEXT_FILE OUTPUT_FILE
"""

import sys
from pathlib import Path

import spacy

# Two components answer, in different ways, so it has to be said which one shall.
QUESTIONS = {"labels": "Are groups of people mentioned?", "spans": "Which drug is named first?"}


def main(package: str, text_file: str, output_file: str) -> None:
    """Load the package as any user would: spacy.load, no import of ours."""
    nlp = spacy.load(package)
    doc = nlp(Path(text_file).read_text(encoding="utf-8").strip())
    lines = [f"{package} finds in {text_file}:", ""]
    lines += [f"  {ent.text:34} {ent.label_:10} {ent._.score:.2f}" for ent in doc.ents]
    lines += ["", f"{len(doc.ents)} entities; the last column is the model's probability.", ""]
    relations = sorted(doc._.relations, key=lambda relation: -relation.score)
    for r in relations:
        pair = f"{r.head.text} → {r.tail.text}"
        lines.append(f"  {pair:35} {r.label:10} {r.score:.2f}")
    lines += ["", f"{len(relations)} relations; CID is a chemical that induces a disease.", ""]
    if "abbreviations" in nlp.pipe_names:
        long_forms = {short.text: short._.long_form.text for short in doc._.abbreviations}
        lines += [f"  {short:10} {long}" for short, long in long_forms.items()]
        lines += ["", f"{len(long_forms)} abbreviations.", ""]
    can_answer = any(nlp.get_pipe_meta(name).factory == "blurb_qa" for name in nlp.pipe_names)
    for kind, question in QUESTIONS.items() if can_answer else ():
        answer = doc._.ask(question, kind=kind)
        lines.append(f"  {question:32} {answer.text:10} {answer.score:.2f}")
    Path(output_file).write_text("\n".join(lines) + "\n", encoding="utf-8")
    if not doc.ents:
        sys.exit(f"{package} found no entity in {text_file}.")
    print(f"{len(doc.ents)} entities, {len(relations)} relations → {output_file}")


if __name__ == "__main__":
    main(*sys.argv[1:])
