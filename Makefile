# make install   a .venv with pinned dependencies
# make demo      show what en_blurb_sm finds; then pretrain, fine-tune, package, install and show a demo
# make test      the test suite
# make lint      what CI checks before the tests
# make scispacy  scispaCy in the same environment, for the tests of what works beside it
# make bench ENCODER=FOLDER BLURB_DATA=DATA   the benchmarks (each writes JSON); FOLDER: a BERT in Hugging Face's
#                format, DATA: raw data (docs/protocol.md). startup.py installs two environments from the package index

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# On Linux without a GPU, PyPI's torch brings gigabytes of CUDA packages with it; this takes the CPU build:
#   make install PIP_ARGS="--extra-index-url https://download.pytorch.org/whl/cpu"
PIP_ARGS ?=

export TOKENIZERS_PARALLELISM := false
# Nothing is downloaded behind the user's back.
export HF_HUB_OFFLINE := 1

# The demo and the tests train tiny models: a second thread gains little, and where other work shares
# the cores its waiting makes a step many times slower.
demo test: export OMP_NUM_THREADS ?= 1

.PHONY: install demo test lint scispacy bench

# setuptools-scm is what seqeval, which has no wheel, is built with.
install: $(VENV)/.installed

$(VENV)/.installed: setup.cfg pyproject.toml constraints.txt
	$(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt $(PIP_ARGS) "torch==2.13.0" setuptools setuptools-scm wheel
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt $(PIP_ARGS) --no-build-isolation -e ".[train,data,export,dev]"
	rm -f project.lock
	touch $@

demo: install
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m spacy project run en-blurb-sm-show
	@cat training/demo/en_blurb_sm.txt
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m spacy project run demo
	@cat training/demo/sample.txt

# A process per core; what a file's tests share is made once.
test: install
	$(BIN)/python -m pytest --numprocesses auto --dist loadfile

lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# Without its dependencies, which are here but for these: it asks for numpy below 2 out of caution.
scispacy: install
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt --no-deps scispacy nmslib-metabrainz pysbd conllu

# All but those that want a pipeline: cnn.py (workflow en-blurb-sm-cnn), annotate.py and annotate_stream.py; and vectors.py, whose peer is no part of this
# environment (its first lines say how to run it). environment.py and random_encoder.py are no programs.
bench: install
	@test -n "$(ENCODER)" -a -n "$(BLURB_DATA)" || \
		{ echo "✘ make bench ENCODER=FOLDER BLURB_DATA=DATA: a BERT in Hugging Face's format, and raw data"; exit 2; }
	mkdir -p metrics/benchmarks
	for program in $(filter-out $(addprefix benchmarks/,cnn.py annotate.py annotate_stream.py vectors.py environment.py random_encoder.py),$(wildcard benchmarks/*.py)); do \
		encoder=$$(grep -q -- '"--encoder"' $$program && echo "--encoder $(ENCODER)"); \
		BLURB_DATA=$(BLURB_DATA) $(BIN)/python $$program $$encoder --json metrics/benchmarks/$$(basename $$program .py).json || exit 1; \
	done
