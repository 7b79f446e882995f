"""A trained pipeline, exported."""

from collections.abc import Callable
from pathlib import Path

import pytest

from spacy_blurb.evaluation.export import export_pipeline


@pytest.fixture(scope="session")
def exported(
    trained_folder: Path, corpus: Path, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], Path]:
    """Return backend → folder; each is made once."""
    made: dict[str, Path] = {}

    def export(backend: str) -> Path:
        if backend not in made:
            made[backend] = tmp_path_factory.mktemp("exported") / backend
            texts = ["aspirin causes fever in rats", "naloxone reduces hypertension"] * 2
            export_pipeline(
                str(trained_folder),
                made[backend],
                backend,  # type: ignore[arg-type]
                calibration=texts,
                dev=[corpus / "dev.spacy"],
            )
        return made[backend]

    return export
