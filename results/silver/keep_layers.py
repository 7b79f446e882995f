"""A smaller encoder: some layers of another one, with its embeddings and tokenizer.

    python results/silver/keep_layers.py ENCODER OUTPUT --layers 0 1 2

ENCODER is a Hugging Face folder with a BERT, layers count from 0. What is kept was not trained to
do without the rest, and has to be fine-tuned (Sajjad et al. 2020, arXiv 2004.03844: the lower
layers alone lose the least).
"""

import argparse
from pathlib import Path

import transformers
from torch.nn import ModuleList
from transformers import AutoTokenizer, BertModel


def keep_layers(encoder: Path, output: Path, layers: list[int]) -> None:
    """Write an encoder of some layers of another one.

    layers (list[int]): In the order that they get.
    RAISES (ValueError): There is no such layer, or something lies at `output`.
    """
    if output.exists():
        raise ValueError(f"{output} exists; remove it, or give another folder")
    # Offline, and only weights that need no unpickling.
    model = BertModel.from_pretrained(
        encoder, local_files_only=True, use_safetensors=True, add_pooling_layer=False
    )
    found = model.config.num_hidden_layers
    missing = [number for number in layers if not 0 <= number < found]
    if missing:
        raise ValueError(f"{encoder} has layers 0 to {found - 1}, not {missing}")
    model.encoder.layer = ModuleList(model.encoder.layer[number] for number in layers)
    model.config.num_hidden_layers = len(layers)
    model.save_pretrained(output)
    AutoTokenizer.from_pretrained(encoder, local_files_only=True).save_pretrained(output)


def main() -> None:
    """Write the folder."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("encoder", type=Path, help="a Hugging Face folder with a BERT")
    parser.add_argument("output", type=Path, help="the folder to write")
    parser.add_argument("--layers", type=int, nargs="+", required=True, help="counted from 0")
    args = parser.parse_args()
    # It would list the pooler, which is not kept.
    transformers.logging.set_verbosity_error()
    try:
        keep_layers(args.encoder, args.output, args.layers)
    except (ValueError, OSError) as error:
        hint = ""
        if (args.encoder / "pytorch_model.bin").is_file():
            hint = (
                " A pickled file may hold anything and is not read here: if you trust it, write it "
                "again with BertModel.from_pretrained(FOLDER).save_pretrained(FOLDER)."
            )
        parser.error(f"{error}{hint}")


if __name__ == "__main__":
    main()
