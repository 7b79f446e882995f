"""Colours of labels, for displaCy too (entry point `spacy_displacy_colors`)."""

COLORS = {
    "CHEMICAL": "#9ad0f5",
    "DISEASE": "#f7b5a8",
    "GENE": "#b9e3a5",
    "PROTEIN": "#b9e3a5",
    "DNA": "#cfe8a0",
    "RNA": "#a5e3c4",
    "CELL_LINE": "#e2c7f2",
    "CELL_TYPE": "#d2bdf0",
    "SPECIES": "#f5dd90",
}
