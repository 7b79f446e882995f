"""What is an output format? Bytes that can be appended batch by batch, and perhaps a last step."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from spacy.tokens import Doc


class OutputFormat(ABC):
    """A format whose file is a header, payloads of batches with a separator between, a footer.

    Nothing is remembered from one batch to the next, so batches can be encoded in any process.

    vector (bool): Whether vectors of Docs are written, by a format that `has_vectors`.
    """

    header: ClassVar[bytes] = b""
    separator: ClassVar[bytes] = b""
    """Between payloads that are not empty."""
    footer: ClassVar[bytes] = b""
    has_vectors: ClassVar[bool] = False

    def __init__(self, *, vector: bool = False) -> None:
        self.vector = vector

    def files(self, output: Path) -> list[Path]:
        """Return the files of an output: itself, or what is in it where it is a folder."""
        return [output]

    @abstractmethod
    def encode(self, docs: Sequence[Doc]) -> bytes:
        """Return the payload of a batch."""


class WorkFileFormat(OutputFormat):
    """A format whose payloads go to a work file, of which the output is made at the end."""

    @abstractmethod
    def finish(self, work: Path, output: Path) -> None:
        """Make the output of the work file, in memory that does not grow with it.

        Can be interrupted and repeated.
        """
