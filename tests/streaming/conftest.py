from pathlib import Path
from typing import Any

import pytest
import spacy
from spacy.language import Language


@pytest.fixture(scope="session")
def rules(rule_pipeline: Path) -> Language:
    """The pipeline that knows three words, loaded once; batches of two."""
    nlp: Any = spacy.load(rule_pipeline)
    nlp.batch_size = 2
    return nlp
