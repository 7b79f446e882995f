"""Colours of labels, for displaCy too (entry point `spacy_displacy_colors`)."""

import zlib

COLORS = {
    "CHEMICAL": "#9ad0f5",
    "DRUG": "#9ad0f5",
    "DISEASE": "#f7b5a8",
    "GENE": "#b9e3a5",
    "PROTEIN": "#b9e3a5",
    "DNA": "#cfe8a0",
    "RNA": "#a5e3c4",
    "CELL_LINE": "#e2c7f2",
    "CELL_TYPE": "#d2bdf0",
    "SPECIES": "#f5dd90",
    "PARTICIPANTS": "#f5cf9b",
    "INTERVENTION": "#a8dadc",
    "OUTCOME": "#d4d9a4",
}
"""Label in capitals → CSS colour, light enough for black letters."""

_OTHERS = ("#c9d6df", "#f3c6d3", "#c6e2e9", "#e8d5b7", "#d7e3bf", "#d5cbe6", "#f0d9c0", "#bfded2")


def color_of(label: str) -> str:
    """Return a label's colour; one that is not known always has the same of a few."""
    return COLORS.get(
        label.upper(), _OTHERS[zlib.crc32(label.encode("utf-8", "replace")) % len(_OTHERS)]
    )
