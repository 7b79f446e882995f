"""The environment against the known version traps.

Neither spaCy nor typer is imported here, because both are among what can be broken:
`python -m spacy_blurb.doctor` runs where no `spacy` command starts any more.
"""
