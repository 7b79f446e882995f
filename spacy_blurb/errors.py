"""What can go wrong, in coded messages.

Each message says what is wrong, what was found and where, and what to do next. Codes are grouped
by room: B1xx data, B2xx pretraining, B3xx encoder, B4xx components, B5xx evaluation, B6xx cli,
B70x to B72x runtime, B73x joint training, B75x to B77x streaming, B80x environment, abbreviations,
rendering and app.
"""


class BlurbError(ValueError):
    """A mistake in the input that the user can mend; the command line prints it without a trace."""


class UnreadableFileError(BlurbError):
    """The system cannot read a file now, whatever is in it: a second try may."""


class MissingFilesError(BlurbError):
    """A folder does not hold the files of a dataset in the form that was asked for."""


def first_line(error: BaseException) -> str:
    """Return what an error says, in one line without a full stop."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return lines[0][:300].rstrip(".")


class _CodedMessages(type):
    """Prefix every message with its code, as spaCy's own `Errors` does."""

    def __getattribute__(cls, name: str) -> str:
        value = super().__getattribute__(name)
        if name.startswith("B") and name[1:].isdigit():
            return f"[{name}] {value}"
        return value


class Errors(metaclass=_CodedMessages):
    """All messages; format one and raise it."""

    # Data
    B100 = "No file at {path}. Check the path; a folder or a pipe is none."
    B101 = "Cannot read {path}: {reason}. The file may be damaged or cut off; fetch it again."
    B102 = (
        "{path} is not UTF-8 at byte {byte}. Save it as UTF-8, for example with 'iconv -t utf-8'."
    )
    B103 = (
        "{path}, line {line}: expected {expected} columns separated by a tab, found {found}: "
        "{text!r}. Every token line of a CoNLL file has the same number of columns."
    )
    B104 = (
        "{path}, line {line}: {tag!r} is not a tag. Tags are O, B, I, or B-TYPE, I-TYPE (also "
        "E-/S-/L-/U-), as in IOB2 or BIOUL files."
    )
    B105 = "{path}, line {line}: {text!r} is not a PubTator line. Expected {expected}."
    B106 = (
        "{path}, line {line} (document {doc_id}): the text at {start}-{end} is {found!r}, but the "
        "annotation says {stored!r}. Offsets count characters of title + one separator + abstract."
    )
    B107 = "{path} holds no documents. Check that it is the right file and not empty."
    B108 = "No raw folder at {path}. Give the folder that holds the files of {task}."
    B109 = (
        "{folder} lacks a file of task {task}, form {form!r}. Looked for: {looked}. "
        "Also accepted with .xz or .gz behind the name; a .zip must be unpacked."
    )
    B110 = "Unknown task {name!r}.{hint} 'python -m spacy blurb tasks' lists the names."
    B111 = "Two documents with the id {doc_id!r} in {path}. Ids must be unique within a split."
    B112 = (
        "The documents {ids} are in both {first} and {second}. Splits must be disjoint, or test "
        "scores are too high."
    )
    B113 = "{path} is not a DocBin file: {reason}. Make one with 'convert' or 'convert-own'."
    B114 = (
        "Document {doc_id!r}: mention {start}-{end} lies outside the text of {length} characters."
    )
    B115 = "Unknown format {name!r}. Formats: {known}."
    B116 = (
        "The training file has {count} document, which cannot be divided into train and dev. Give "
        "more documents, or a dev file with --dev."
    )
    B117 = "{path}, line {line}: the first column is empty. It holds the word: {text!r}."
    B118 = (
        "Row {row_id!r} of a relation dataset has these dummies: {found}. It needs one for each of "
        "the two mentions, such as @GENE$ and @DISEASE$, or one for both, such as @CHEM-GENE$."
    )
    B130 = (
        "{folder} does not say which sentences of train.in are dev: Crichton et al. 2017 drew them "
        "at random. Put their 'devel.tsv' beside the originals, or a list of sentence ids as "
        "'split/devel.txt'."
    )
    B131 = (
        "{n} of {total} dev sentences of {listed} are not in {source}, for example {example!r}. "
        "Check that both are BC2GM."
    )
    B132 = (
        "{folder} has no split lists of task {task}. Looked for: {looked}. The corpus is published "
        "without a split; put the lists train.txt, devel.txt and test.txt of {source}, one "
        "document id a line, into 'split/'."
    )
    B133 = (
        "{folder} (document {doc_id}): {tokens} tokens and {labels} labels of {element}. Each "
        "token has one label, 0 or 1; fetch the release again."
    )
    B134 = "{path}, line {line}: {text!r} is not an annotation. Expected {expected}."
    B135 = "{path}, line {line}: there is no document {doc_id!r}. Fetch the corpus again."
    B140 = "{path} (document {doc_id}): {reason}. Fetch the file again as it is published."
    B141 = (
        "No {split} list in {folder}. Looked for: {looked}. The official archive divides train and "
        "test only; BLURB's lists name the documents of train, dev and test, one a line "
        "('train_dataset/MedLine/1.xml'). Put them beside the archive."
    )
    B142 = "{path} needs the package defusedxml: pip install 'spacy-blurb[data]'."
    B143 = (
        "The sentences of ChemProt need NLTK and its English Punkt model, but {reason}. Run: pip "
        "install 'spacy-blurb[data]' && python -m nltk.downloader punkt_tab; or set NLTK_DATA to a "
        "folder that holds tokenizers/punkt_tab. '--form blurb' reads the preprocessed copy "
        "without it."
    )
    B144 = (
        "{path}, line {line} (question {question!r}): the answer {answer!r} does not stand at "
        "{start}. Offsets count characters of 'text'; an empty list of answers says that it has "
        "none."
    )
    B145 = (
        "{path}, line {line} (question {question!r}): no gold answer. Give 'label', or 'answers', "
        "or 'options' and in 'label' the index of the right one."
    )
    B150 = "{path}, line {line}: not JSON: {reason}. The file may be damaged; fetch it again."
    B151 = (
        "{path}, {where}: expected {expected}, found {found}. Check that it is the right file, as "
        "it is published."
    )
    B152 = (
        "{path} holds {kind}: {name!r}. Such archives are not read, because the public one has "
        "none; fetch it again."
    )
    B153 = (
        "{path}: {name!r} has {size} bytes, more than the {limit} that are read. No text of a "
        "public corpus is that long; fetch the archive again."
    )
    B154 = (
        "{path}, line {line}: expected {expected}, found {found}. Check that it is the right file."
    )
    B155 = (
        "{folder} lacks {n} documents of task {task} that {listed} names, for example {example}. "
        "Fetch the originals again, or check that list and originals belong together."
    )
    B156 = (
        "{folder} has no training7b.json, which holds the train and dev questions of bioasq "
        "(looked for: {looked}). BioASQ gives it after registration; see docs/protocol.md. "
        "'--form blurb' reads the preprocessed copy."
    )
    B157 = "{path} needs the package python-docx: pip install 'spacy-blurb[data]'."
    B158 = (
        "Task {task} has no form 'blurb', because BLURB does not hold it. Leave out '--form blurb'."
    )
    B160 = (
        "{path}, line {line}: not well-formed XML: {reason}. The file may be cut off, or no XML at "
        "all; fetch it again."
    )
    B161 = (
        "{path}, line {line}: refused {what} because it can fill the memory or read other files. "
        "PubMed, PMC and BioC files have none; do not use this file unless you know who made it."
    )
    B162 = (
        "{path}, line {line}: an article without PMID. Check that the file is {format} and "
        "complete."
    )
    B163 = (
        "{path}, line {line}: {text!r} is not MEDLINE text. Lines are 'TAG - value' or begin with "
        "six blanks; save PubMed results in the format 'PubMed' (nbib)."
    )
    B164 = (
        "{path}, {where} (document {doc_id!r}): the text at {start}-{end} is {found!r}, but the "
        "annotation says {stored!r}. Offsets count characters of the document's text."
    )
    B165 = (
        "{path}, {where} (document {doc_id!r}): mention {start}-{end} is empty or outside of the "
        "text of {length} characters."
    )
    B166 = "{path}, line {line}: {text!r} is not a brat annotation. Expected {expected}."
    B167 = "{path}, {where}: {reason}. Expected {expected}."
    B168 = (
        "{path}, {where} (document {doc_id!r}): a relation names {ref!r}, which is {found} of this "
        "document. The name must be that of one mention."
    )
    B169 = (
        "{path} is not a folder. brat data is a folder in which each NAME.txt has its annotations "
        "in NAME.ann."
    )
    B170 = (
        "{path}: all {n} documents have the answer 'reject' or 'ignore', which say that their "
        "annotations are wrong. Export those with the answer 'accept'."
    )
    B171 = "{path} is a folder, where a file is read. Give the path of a file in it."
    B172 = (
        "The label {label!r} is empty. Mentions without a type get it; give another with --label."
    )
    B173 = (
        "{folder} holds release 1.00 of EBM-NLP, which has other labels than 2.00 and is not read. "
        "Fetch {archive}.tar.gz and put it there."
    )
    B174 = (
        "{folder} holds the files of task {task} more than once: {first} and {second}. Give the "
        "folder of one of them."
    )

    # Pretraining
    B176 = (
        "--none {label!r}: no relation has this label; the labels are: {known}. Give a label as it "
        "is in the files."
    )
    B177 = (
        "{path} holds NUL characters, as UTF-16 read as UTF-8 does. Save it as UTF-8, for example "
        "with 'iconv -f utf-16 -t utf-8'."
    )
    B178 = (
        "{path}, line {line}: keys that are kept are nested more than {limit} levels deep. Write "
        "what is so deep as a string, or leave it out."
    )
    B179 = (
        "{path} gives no {unit} for {split}, which should have {count:,}. Some file may be cut "
        "off, or it is the folder of another data set."
    )
    B180 = (
        "{path}: line {line} has more than {limit}. Is it a text file? Divide it: a sentence per "
        "line and an empty line between documents, or an object per line."
    )
    B181 = (
        "{path} would be replaced or left among the new files, and no conversion has written it "
        "(report.json there lists its files). Move it away, or give another folder."
    )
    B175 = (
        "The system cannot read {path}: {reason}. Try again when it can; annotate then goes on "
        "where it stopped."
    )
    B200 = "No config at {path}. Examples are in configs/pretrain/."
    B201 = "{path} is not a TOML file: {reason}."
    B202 = "{path}: unknown key {key!r}. Known keys: {known}."
    B203 = "{path}: key {key!r} is missing. Keys of this section: {known}."
    B204 = "{path}: {key} is {found!r}, expected {expected}."
    B205 = (
        "No text in {paths}. Give files with one sentence per line and an empty line between "
        "documents in 'text.files'; of a folder, FOLDER/*.txt or the like."
    )
    B206 = (
        "No tokenizer in {folder}, which lacks {missing}. Run 'python -m spacy blurb vocab CONFIG' "
        "first."
    )
    B207 = (
        "The {split} text of {folder} has {pieces} pieces and fills no row of {seq_len}. Give more "
        "text, a shorter row length in 'objective', or another 'text.held_out'."
    )
    B208 = (
        "{folder} holds a run with other settings, which differ in: {keys}. Give another "
        "'training.output', or start again with --overwrite."
    )
    B209 = (
        "{n_gpus} GPUs are visible to one process. Start one process each with 'torchrun "
        "--nproc-per-node {n_gpus} -m spacy blurb pretrain CONFIG', or choose one GPU with "
        "CUDA_VISIBLE_DEVICES."
    )
    B210 = (
        "Cannot read {found!r}. Settings are changed with '--SECTION.KEY VALUE', for example "
        "'--training.max_steps 100'."
    )
    B211 = (
        "The tokenizer in {folder} has no {absent}: it is not a WordPiece tokenizer as BERT's. Run "
        "'python -m spacy blurb vocab CONFIG' to learn one."
    )
    B212 = (
        "{folder} holds a model or checkpoints that 'pretrain' did not make, or whose run.json is "
        "gone, and would overwrite. Give another 'training.output'."
    )
    B213 = (
        "{folder} holds a model, whose vocabulary 'vocab' would overwrite. Give another "
        "'vocab.folder'; to continue the model with its own vocabulary leave out 'vocab'."
    )
    B214 = (
        "{folder} holds a model without {missing}. Save its tokenizer there again: "
        "AutoTokenizer.from_pretrained('{folder}').save_pretrained('{folder}')."
    )
    B215 = (
        "The vocabulary to be written to {folder} is not the one of the finished corpus in "
        "{corpus}, which could not be used any more. Give another 'vocab.folder' and "
        "'corpus.folder'; or --overwrite, and again for 'corpus' and 'pretrain'."
    )
    B216 = (
        "The encoder in {folder} cannot be read: {reason}. A file may be cut off, or be a pointer "
        "of Git LFS; save it again with 'save_pretrained'."
    )
    B217 = (
        "The tokenizer in {folder} cannot be read: {reason}. Run 'python -m spacy blurb vocab "
        "CONFIG', or copy tokenizer.json again."
    )
    B218 = (
        "{folder} holds a tokenizer that 'vocab' did not learn, and would overwrite. Give another "
        "'vocab.folder', or --overwrite; to use this tokenizer leave out 'vocab'."
    )
    B219 = (
        "The tokenizer in {folder} leaves no piece of the {split} text ({n} documents without a "
        "piece). Check that the text is text, and that the vocabulary was learnt from such."
    )
    B220 = (
        "Cannot tell the format of {path} by its name. Names end in {suffixes}, also with .xz or "
        ".gz; or give 'text.format', one of: {formats}."
    )
    B221 = "No corpus in {folder}. Run 'python -m spacy blurb corpus CONFIG' first."
    B222 = (
        "The corpus in {folder} is not finished. Run 'python -m spacy blurb corpus CONFIG' again: "
        "it goes on where it was stopped."
    )
    B223 = (
        "{folder}: shard {shard} is empty. Delete it and run 'python -m spacy blurb corpus CONFIG' "
        "again: it makes this shard anew."
    )
    B224 = (
        "{path} {reason}. Delete it and run 'python -m spacy blurb corpus CONFIG' again: it makes "
        "this shard anew."
    )
    B225 = (
        "The corpus in {folder} was made with another vocabulary. Give another 'corpus.folder' or "
        "'vocab.folder', or run 'python -m spacy blurb corpus CONFIG --overwrite'."
    )
    B226 = (
        "{folder} holds a corpus made with other settings, which differ in: {keys}. Give another "
        "'corpus.folder', or make it anew with --overwrite."
    )
    B227 = (
        "No {split} document is left of {documents} in {files}; left out: {left_out}. Give more "
        "text, or change 'text.min_words', 'text.held_out' or the lists to exclude."
    )
    B228 = (
        "{path}: the document at line {line} has more than {limit} MB. Put an empty line between "
        "documents."
    )
    B229 = (
        "A process ended in the middle of its work, perhaps for want of memory. Run the command "
        "again, it goes on where it was; with a smaller 'corpus.n_processes' if memory is short."
    )
    B230 = (
        "No place of the held-out text can be predicted: all of its pieces are [UNK] or other "
        "special pieces. Learn a vocabulary from such text: 'python -m spacy blurb vocab CONFIG'."
    )
    B231 = (
        "The corpus in {folder} was changed while it was read. What was trained so far is in the "
        "checkpoints. Make the corpus as it was, or start again with --overwrite."
    )
    B240 = (
        "No encoder in {folder}: 'training.start_from' needs a Hugging Face folder with "
        "config.json and {weights}; save weights in other files anew with 'save_pretrained'."
    )
    B241 = (
        "The encoder in {folder} is of type {kind!r} with activation {act!r}. Only encoders of "
        "type 'bert' with 'gelu' can be continued."
    )
    B242 = (
        "The encoder in {folder} has another shape than the config. To continue it, set: {values}."
    )
    B243 = (
        "The encoder to continue has no weights {name!r}. Its file may be cut off; save it again."
    )
    B244 = (
        "Writing in {folder} failed: {reason}. The last whole checkpoint is {last}. "
        "Make room and run the same command again: it goes on from there."
    )
    B245 = (
        "'training.sharding' divides a model among GPUs, and none is visible. Set it to 'none': "
        "processes on CPUs hold the whole model."
    )
    B246 = (
        "The loss of step {step} is not a number. Give a lower training.learning_rate or a longer "
        "training.warmup and start again with --overwrite; the last checkpoint is {last}."
    )
    B247 = "Another process works in {folder}. Wait until it ends, or give another '{setting}'."
    B248 = (
        "--overwrite would delete the encoder in {folder} that 'training.start_from' names. Give "
        "another 'training.output'."
    )
    B249 = (
        "The encoder to continue has weights {name!r} of shape {found}, where {wanted} is wanted. "
        "It cannot be continued: encoders must have two segments, and heads of BERT's shape."
    )

    # Encoder
    B300 = (
        "No encoder {name!r}: {reason}. Give a Hugging Face folder, or the name of a model on the "
        "hub; with HF_HUB_OFFLINE set only those downloaded before are found."
    )
    B301 = (
        "{folder} holds a model of type {found!r}, but spacy_blurb.Encoder.v1 computes BERT only "
        "(model_type 'bert' in config.json). For other types take "
        "'spacy-transformers.TransformerModel.v3'."
    )
    B302 = "Cannot read {path}: {reason}. The encoder's files may be damaged or cut off."
    B303 = "No weights in {where}: {missing}. Give the whole folder of an encoder."
    B304 = (
        "No tokenizer in {folder}: it has neither tokenizer.json nor vocab.txt. Save the tokenizer "
        "that belongs to the model into the same folder."
    )
    B305 = (
        "The tokenizer in {folder} has no {names}, which begin and end every text. Give a BERT "
        "tokenizer."
    )
    B306 = (
        "A window of {window} pieces with an overlap of {overlap} is not possible. Windows need "
        "at least 8 pieces and an overlap of less than half of them."
    )
    B307 = (
        "The encoder's config.json has {key} {found!r}, which spacy_blurb.Encoder.v1 does not "
        "compute. Take 'spacy-transformers.TransformerModel.v3'."
    )
    B308 = (
        "The encoder has no weights. Call nlp.initialize(), which reads {name!r}, or load a "
        "trained pipeline."
    )
    B309 = 'No device {device!r} here: {reason}. Take "cpu", "cuda", "cuda:1" or "auto".'
    B310 = (
        "Component {name!r} finds no encoder. Add a component 'transformer' with "
        "spacy_blurb.Encoder.v1 before it. New components cannot learn on 'blurb_runtime', the "
        "encoder of an exported pipeline: train them beside the original one."
    )
    B311 = (
        "Component {name!r} is given Docs of another pipeline than its own, and knows no encoder "
        "for them. Run the Docs, or any, through their pipeline first."
    )
    B312 = (
        "The second text of a pair begins at {second!r}, but the Doc has {length} characters. "
        "doc.spans['pair'].attrs['second'] is an offset into doc.text."
    )
    B313 = (
        "A Doc holds a pair of texts, but the encoder knows one segment only (type_vocab_size 1 in "
        "its config.json). Take an encoder that was trained on pairs."
    )
    B314 = (
        "Span {start}-{end} is empty or outside of a Doc of {n_tokens} tokens. Spans are the first "
        "token and the one behind the last."
    )
    B315 = (
        "Component {name!r} met the Doc {text!r} without the encoder's output, and would make up "
        "what it finds. Enable the component 'transformer' too and let it run before {name!r}: "
        "select_pipes(enable=['transformer', {name!r}]); in training name it in "
        "'annotating_components' before {name!r}."
    )
    B316 = (
        "Tokens of the Doc {text!r} were merged or split after 'transformer' had read them: it "
        "read {read}, and now there are {found}, whose vectors are not theirs. Move the component "
        "that does it before 'transformer', or behind all components that read its output."
    )
    B319 = (
        "{path} has pieces with capital letters ({example!r} is one of {count:,}), but the text is "
        "set in lower case before it is cut, since no tokenizer_config.json says otherwise. If the "
        'encoder is cased, put one with {{"do_lower_case": false}} beside it.'
    )

    # Components
    B400 = (
        "Component {name!r}: no entity in any training example, so there is nothing to learn. "
        "Check that the corpus was converted with entities, or give labels."
    )
    B401 = (
        "Component {name!r}: cannot add label {label!r} after the model was initialised. Add all "
        "labels to a new component before nlp.initialize()."
    )
    B402 = (
        "Component {name!r} has no labels: it is not initialised. Call nlp.initialize() with "
        "examples, or load a trained pipeline."
    )
    B410 = (
        "Component {name!r}: some training Docs name the label sets that they are annotated for "
        "({sets}) and others name none. Convert all with 'convert' or 'convert-own', or name those "
        "of your own Docs: annotations.set_gold_entities(doc, mentions, label_sets=['mine'])."
    )
    B411 = (
        "Component {name!r} knows several label sets ({sets}), and the Doc {text!r} does not say "
        "for which of them it is annotated. Convert the data with 'convert' or 'convert-own', or "
        "say it: annotations.set_gold_entities(doc, mentions, label_sets=['mine'])."
    )
    B412 = (
        "Component {name!r} knows several label sets ({sets}). Say to which of them the label "
        "{label!r} belongs: add_label(label, label_set)."
    )
    B413 = "Component {name!r}: unknown tag scheme {scheme!r}. Tag schemes are IO, BIO and BIOUL."
    B414 = (
        "Component {name!r}: cannot read the labels {found!r}. Give a list, or what 'spacy init "
        "labels' writes: span group ('blurb' or 'pico') → label set → labels."
    )
    B415 = (
        "Component {name!r}: cfg['thresholds'] is {found!r}. Give least probabilities by label, "
        'such as {{"LABEL": 0.5}}; the labels are {known}.'
    )
    B416 = (
        "Component {name!r}: cfg['temperature'] is {found!r}. Give a number above 0; 1.0 leaves "
        "probabilities as they are."
    )
    B417 = "Component {name!r}: cfg['threshold'] is {found!r}. Give a number from 0 to 1, or None."
    B418 = (
        "Component {name!r}: no gold relation is between entities of the types that it judges. "
        "The relations have {found}, 'types' is {types}. Set 'types' to null, or to these."
    )
    B419 = (
        "Component {name!r} does not know the relations {found} of the training data, and learns "
        "that there is none in their place. It knows {known}. Train a new component for them."
    )
    B421 = (
        "Component {name!r}: cfg['types'] has the labels {found}, which the model does not know, "
        "and none for {without}, which might then hold between any types. Give the model's labels."
    )
    B422 = "Component {name!r}: cfg['threshold'] is {found!r}. Give a number from 0 to 1."
    B429 = (
        "Component {name!r} has 'use_gold_ents = false', and nothing has predicted entities in the "
        "Docs that it learns from, so that there is no pair. Set training.annotating_components to "
        "['transformer', 'ner'] and what stands before them, such as 'sentencizer'."
    )
    B426 = (
        "Component {name!r} is to learn the label sets {known}, and no training Doc is annotated "
        "for them, but for {found}. Give the labels of these data, or leave them out."
    )
    B427 = (
        "Component {name!r} has the label sets {known}, and learns nothing from Docs that are "
        "annotated for {found}. If it is the same scheme, give the Docs its name (convert-own "
        "--label); if not, train a new head."
    )
    B430 = (
        "An encoder cannot have layer_decay {decay} and reinit_layers {n_layers}. The first is a "
        "factor above 0 and at most 1, the second a number of layers, 0 for none."
    )
    B431 = (
        "The last component that reads the shared encoder gave back nothing for a batch: it is "
        "frozen, excluded or disabled, or nothing is annotated for it. Through it alone "
        "'transformer' gets gradients, so what others learned of these texts is lost. Add "
        "'replace_listeners' for that component in the config, move it before one that always "
        "learns, or freeze 'transformer' too."
    )
    B440 = (
        "Component {name!r}: no labels in any training example, so there is nothing to learn. "
        "Check that the Docs have doc.cats, or give labels."
    )
    B441 = (
        "Component {name!r}: cannot add label {label!r} after the model was initialised. Add all "
        "labels to a new component before nlp.initialize()."
    )
    B442 = (
        "Component {name!r} has no labels: it is not initialised. Call nlp.initialize() with "
        "examples, or load a trained pipeline."
    )
    B443 = (
        "Component {name!r} has labels that exclude each other, but the Doc {text!r} has {count} "
        "of them in doc.cats: {found}. Give each Doc one of {labels} with value 1, or set "
        "'exclusive = false'."
    )
    B444 = (
        "Component {name!r} has labels that exclude each other, but only one: {label!r}. Every "
        "text would have it with probability 1. Give data with two labels or more, or set "
        "'exclusive = false'."
    )
    B445 = (
        "The Doc {text!r} has the value {value!r} for label {label!r} in doc.cats. Give 1 where "
        "the label holds, 0 where it does not, and leave out what is not annotated."
    )
    B446 = (
        "Component {name!r}: no training Doc says that it does not have {labels}, so there is only "
        "to be learned that every text does. Give the labels that a text does not have the value 0 "
        "in doc.cats, or set 'exclusive = true' if each text has one label."
    )
    B447 = (
        "Component {name!r} was given {highest} as the score of the most similar pairs. Set "
        "'highest' to a number above 0; scores begin at 0."
    )
    B448 = (
        "Component {name!r}: no pair in any training example, so that contrastive training has "
        "nothing to learn from. Give Docs that annotations.set_pair or 'convert' made pairs, read "
        "by spacy_blurb.Corpus.v1."
    )
    B449 = (
        "Two Docs or Spans are compared, not {found}. Give nlp(text) for a text, and a list of "
        "pairs to the component: similarity([(doc, other)])."
    )
    B450 = (
        "Component {name!r}: no pair with a score in any training example, so there is nothing to "
        "learn. Give Docs that 'convert' or annotations.set_gold_pair made pairs, read by "
        "spacy_blurb.Corpus.v1."
    )
    B451 = (
        "Component {name!r} is not initialised. Call nlp.initialize() with pairs, or load a "
        "trained pipeline."
    )
    B452 = (
        "Component {name!r}: the gold score {score} of the pair {text!r} is outside of 0 to "
        "{highest}. Set 'highest' to the score of the most similar pairs."
    )
    B453 = (
        "{text!r} is a pair of texts, but the Doc to be predicted is not: it has lost where the "
        "second one begins. Read the data with spacy_blurb.Corpus.v1 "
        "or 'spacy blurb evaluate'; spaCy's own reader and 'spacy evaluate' lose pairs."
    )
    B454 = (
        "{count} components for similarity belong to the pipeline of this Doc, where one is "
        "needed. Keep the pipeline that made the Doc, which needs a trained blurb_sts, and call "
        'its component: nlp.get_pipe("sts").similarity([(doc, other)]).'
    )
    B455 = (
        "Component {name!r} was not trained on pairs with scores, so it cannot tell a similarity. "
        "Train it on such pairs, or compare doc.vector."
    )
    B456 = (
        "Component {name!r} was asked for contrastive training with temperature {temperature}. "
        "Give a number above 0, for example 0.05."
    )
    B457 = (
        "Component {name!r} was initialised with Docs that have no tokens. Give examples with text."
    )
    B460 = (
        "Component {name!r}: no relation in any training example, so there is nothing to learn. "
        "Check that the corpus was converted with relations, or give labels."
    )
    B461 = (
        "Component {name!r}: cannot add label {label!r} after the model was initialised. Add all "
        "labels to a new component before nlp.initialize()."
    )
    B462 = (
        "Component {name!r} has no labels: it is not initialised. Call nlp.initialize() with "
        "examples, or load a trained pipeline."
    )
    B463 = (
        "Component {name!r} gives each pair one relation at most, but in the Doc {text!r} {head!r} "
        "and {tail!r} have {found}. Set 'exclusive = false'."
    )
    B464 = (
        "Candidates of the Doc {text!r} are to be in one sentence, but it has no sentence "
        "boundaries. Add 'blurb_sentencizer' before 'rel', for training to "
        "training.annotating_components as well (in Python nlp.update(…, "
        "annotates=['sentencizer'])), or set 'same_sentence = false'."
    )
    B465 = (
        "{text!r} has gold relations, but the Doc to be predicted has lost the entities that are "
        "given with them. Read the data with spacy_blurb.Corpus.v1 or 'spacy blurb evaluate'; "
        "spaCy's own reader and 'spacy evaluate' lose them. To score relations between predicted "
        "entities, set nlp.get_pipe('rel').cfg['use_gold_ents'] = False, and save the pipeline; "
        "an override of the config has no effect on a saved one."
    )
    B466 = (
        "Component {name!r}: cfg says exclusive = {exclusive} and the labels {labels}, which do "
        "not fit the {n} outputs of its model. Set what it was trained with; another setting needs "
        "a new training."
    )
    B467 = (
        "Component {name!r}: the function of candidates gave {found} for {n} entities. It must "
        "give an array of shape (pairs, 2) with the positions of heads and tails."
    )
    B468 = (
        "Component {name!r}: 'types' has {found!r} for label {label!r}. Give a list of pairs, head "
        'type and tail type: {{"CID": [["Chemical", "Disease"]]}}.'
    )
    B469 = (
        "Component {name!r}: 'max_mention_pairs' is {found}. Give a number from 1, or null for all."
    )
    B470 = (
        "Document {doc_id!r} is not annotated for relations, so it cannot be scored. Convert the "
        "data with 'convert' or 'convert-own', or leave it out of the file."
    )
    B471 = (
        "The data have relations {found}, which are not those of task {task}. Give those that "
        "'convert {task}' wrote, or 'rel' as the task of your own data."
    )
    B472 = "A distance of {found} tokens is not possible. Give a number from 0, or null for any."
    B473 = (
        "Component {component!r} is a {kind}, which finds no relations that could be scored. This "
        "task needs a 'blurb_rel' of that name."
    )
    B474 = (
        "A re-encoding model cannot learn from {found} pairs of a Doc. Give 'max_train_pairs' a "
        "number from 1, or null for all."
    )
    B475 = (
        "A question is asked of a Doc, not of {found!r} ({kind}). Give nlp(text) for a text, and "
        "span.as_doc() for a part of a Doc."
    )
    B476 = "The Doc {text!r} has two questions with the id {id!r}. Give each question its own."
    B477 = (
        "Component {name!r} gives no scores: all Docs to be predicted have lost the entities that "
        "are given with the gold relations. Score it with 'spacy blurb evaluate', or on Docs that "
        "spacy_blurb.Corpus.v1 has read. To score relations between predicted entities, set "
        "nlp.get_pipe({name!r}).cfg['use_gold_ents'] = False, and save the pipeline."
    )
    B478 = (
        "Component {name!r} replaces what {other!r} found in the same Doc: both write "
        "doc.spans[{key!r}] and doc.ents. Train one 'blurb_ner' on all label sets, which keeps "
        "overlapping entities, or copy doc.spans[{key!r}] under another name between the two."
    )
    B479 = (
        "A question is a text, or a tuple of a text and a list of options, such as "
        '("Which one?", ["this", "that"]); not {found!r} ({kind}).'
    )
    B458 = (
        "Component {name!r} replaces the answers that {other!r} gave in the same Doc: both answer "
        "by {kind}. Keep one of them in the pipeline, or take the answers of each one with "
        "nlp.get_pipe({name!r}).ask(docs, questions)."
    )
    B459 = (
        "Component {name!r} replaces the relations that {other!r} found in the same Doc: both "
        "write doc.spans['relations']. Train one component on the relations of both, or keep one "
        "of them in the pipeline."
    )
    B480 = (
        "Component {name!r}: the model {model!r} answers no questions. Give "
        "spacy_blurb.AnswerClassifier.v1, AnswerSpans.v1 or AnswerChoice.v1."
    )
    B481 = (
        "Component {name!r}: the gold answer of question {question!r} is {label!r}, which is not "
        "the index of one of its {count} options. Give a number from 0."
    )
    B482 = (
        "Component {name!r}: the gold answer of question {question!r} is {label!r}, but the labels "
        "are {known}. Give all labels in initialize.components.NAME.labels, or leave it out; a "
        "component of another pipeline keeps its labels, so train a new one in its place (without "
        "--keep-head)."
    )
    B483 = (
        "Component {name!r} chooses among options, but the question {question!r} has none. Ask it "
        "with options: doc._.ask(question, options=[...])."
    )
    B484 = (
        "Component {name!r} answers by {kind} and takes no options. Ask without, or train "
        "spacy_blurb.AnswerChoice.v1."
    )
    B485 = (
        "Component {name!r} answers by {kind}, and no example has such a question with a gold "
        "answer, so there is nothing to learn. Give Docs that 'convert' or "
        "annotations.set_questions made."
    )
    B486 = (
        "{docs} Docs and {questions} questions. Give one of each for each answer, or one Doc, or "
        "one question."
    )
    B487 = (
        "Component {name!r} is not initialised. Call nlp.initialize() with questions, or load a "
        "trained pipeline."
    )
    B488 = (
        "{count} components for {wanted} belong to the pipeline of this Doc{names}, where one is "
        "needed. Keep the pipeline that made the Doc, which needs a trained blurb_qa, and say "
        'which: doc._.ask(question, kind=...), or nlp.get_pipe("qa").ask(docs, questions).'
    )
    B489 = (
        "Component {name!r}: {key} is {found!r}. Give n_best and max_answer_tokens as whole "
        "numbers from 1, threshold as a number from 0 to 1."
    )
    B490 = (
        "{text!r} has questions, but the Doc to be predicted has none: they were lost. Read the "
        "data with spacy_blurb.Corpus.v1 or 'spacy blurb evaluate'; spaCy's own reader and 'spacy "
        "evaluate' lose questions."
    )
    B491 = (
        "The pipeline {folder} has not one encoder that could be taken (spacy_blurb.Encoder.v1 in: "
        "{found}). Give a pipeline that 'spacy train' wrote, or a Hugging Face folder; an exported "
        "one, such as en_blurb_sm, has no weights that could be trained further."
    )

    # Evaluation
    B500 = (
        "Document {doc_id!r} is not annotated for entities, so it cannot be scored. Convert the "
        "data with 'convert' or 'convert-own', or leave it out of the file."
    )
    B501 = (
        "Cannot load the pipeline {name!r}: {reason}. Give the folder of a pipeline, such as "
        "OUTPUT/model-last of 'spacy train', or the name of an installed package. If it is one, "
        "'python -m spacy blurb doctor' looks for versions that do not fit."
    )
    B502 = (
        "The pipeline {name!r} has no component {component!r}, which this task needs. It has: "
        "{listed}."
    )
    B503 = "{path} is not a training config: {reason}"
    B504 = (
        "{path} is not a saved pipeline: it needs a config.cfg and a meta.json of spaCy's. 'spacy "
        "train' writes one to OUTPUT/model-last."
    )
    B505 = (
        "Building the wheel failed: {reason}. The packages build, setuptools and wheel must be "
        "installed: pip install 'spacy-blurb[train]'."
    )
    B506 = "{path} is not a result file of 'evaluate': {reason}"
    B507 = (
        "Cannot make a package {name!r}, version {version!r}. Names have small letters, digits and "
        "single '_', versions look like 0.1.0 or 0.1.0rc1, without leading zeros."
    )
    B525 = (
        "{path} is where the package's sources go, and it is none that 'package' wrote. Name "
        "another OUTPUT, or move it."
    )
    B526 = (
        "{output} is in {pipeline}: the package would hold itself. Name an OUTPUT outside of the "
        "pipeline."
    )
    B522 = (
        "{path} does not describe a package: {reason}. It is a JSON object with some of: {known}."
    )
    B523 = "The card {path} cannot be read: {reason}. It is Markdown in UTF-8."
    B508 = (
        "No encoder in {folder}: there is no config.json. Give a Hugging Face folder; one that "
        "'pretrain' makes is whole when the run has finished."
    )
    B509 = (
        "The template {path} trains {listed}, but task {task} needs the component {component!r}. "
        "Give the template of its family in configs/; one that is not there does not exist yet."
    )
    B510 = (
        "Task {task} is of type {type!r}, which 'evaluate' and 'score' cannot score yet. They "
        "score: {known}."
    )
    B511 = (
        "The data are annotated for {found}, not for task {task}. Give those that 'convert {task}' "
        "wrote, or 'ner' as the task of your own data."
    )
    B520 = (
        "Component {component!r} is a {kind}, which gives no probabilities of spans that could be "
        "calibrated. Name a 'blurb_ner' component with --component."
    )
    B521 = (
        "Component {component!r} finds nothing in these Docs, so there is no probability to "
        "calibrate. Train it longer, or give Docs of the kind that it was trained on."
    )
    B527 = (
        "Nothing to learn: the component {component!r} of {encoder} has the label sets {known}, "
        "and these corpora are annotated for {found}. If it is the same scheme, convert them with "
        "--label and that name; if not, leave out --keep-head: the encoder is kept all the same."
    )
    B528 = (
        "The component {component!r} of {encoder} finds {known}, and cannot learn {found} any "
        "more. Leave out --keep-head: the encoder is kept all the same, with a new head."
    )
    B529 = (
        "{path} is not a folder that a pipeline can be written to: it is a file, or has files and "
        "no config.cfg of a pipeline. Name another folder with --output."
    )
    B530 = (
        "Document {doc_id!r} has no gold labels (doc.cats), so it cannot be scored. Convert the "
        "data with 'convert', or leave it out of the file."
    )
    B531 = (
        "Document {doc_id!r} is not a pair with a gold score, so it cannot be scored. Give the "
        "data that 'convert biosses' or annotations.set_gold_pair made."
    )
    B532 = (
        "Document {doc_id!r} is annotated for {found}, not for the labels of task {task}. Give the "
        "data that 'convert {task}' wrote, or 'textcat' as the task of your own data."
    )
    B533 = (
        "The component {component!r} gave the pair {doc_id!r} no similarity. It was not trained on "
        "pairs with scores, or is not a 'blurb_sts'."
    )
    B540 = (
        "No question with a gold answer in these Docs, so nothing can be scored. Give the data "
        "that {command} or annotations.set_questions made."
    )
    B541 = (
        "Document {doc_id!r} has {found}, which task {task} does not have. Give the data that "
        "'convert {task}' wrote, or 'qa' as the task of your own questions."
    )
    B542 = (
        "The pipeline gave document {doc_id!r} no answers of the kind of its gold ones ({kinds}). "
        "Train the component {component!r} with the head of this kind; see configs/qa.cfg."
    )
    B543 = (
        "These Docs have questions of different kinds ({found}), which have no common measure. "
        "Score them in files of their own."
    )
    B544 = (
        "The questions in {path} are answered by {found}, so the head does not follow from them. "
        "Leave out the corpora of the other kinds; a component for each kind, trained by itself, "
        "can be put into one pipeline with nlp.add_pipe(..., source=...)."
    )
    B545 = (
        "Nothing to keep: {encoder} is not a saved pipeline with a component {component!r}. Give "
        "--encoder a pipeline that was trained for the same, or leave out --keep-head."
    )
    B546 = (
        "No multiple-choice question with a gold answer in these Docs. Give the data that "
        "{command} wrote, with options."
    )
    B547 = (
        "The encoder {encoder} has no masked-language head, so it gives options no likelihood. "
        "Take a checkpoint of pretraining, or --method embedding."
    )
    B548 = "Method {method!r} compares vectors and has no use for shots. Leave out --shots."
    B549 = "No method {method!r}. Take 'pll' or 'embedding'."

    B524 = (
        "Nothing to learn: the component {component!r} of {encoder} answers by {found}, and these "
        "questions are answered by {wanted}. Leave out --keep-head: the encoder is kept all the "
        "same, with a new head."
    )

    # Command line
    B600 = (
        "{count} rows differ from the paper's for no known reason or could not be read. Check that "
        "the folder holds the distributions named in docs/protocol.md."
    )
    B601 = "{reason}: {path}. Check that the folder exists, is writable and has room."
    B602 = (
        "This command needs the package {name}, which is not installed: pip install "
        "'spacy-blurb[{extra}]'."
    )
    B615 = (
        "No template {path} for task {task} here. Run the command in the project's folder, or give "
        "a template with --base."
    )
    B616 = "No grid at {path}. Examples are in configs/grids/."
    B617 = "{path} is not a TOML file: {reason}."
    B618 = "{path}: unknown key {key!r}. Known keys: {known}."
    B619 = "{path}: {key} is {found!r}, expected {expected}."
    B620 = (
        "{path}: {key} lists alternatives ({found}), but the grid does not say how to choose. Add "
        "'select = \"dev\"', which takes the best on the dev split, or give one value."
    )
    B621 = (
        "{path}: model {model!r} has no encoder. Give one with --encoder, or 'encoder' in "
        "[models.{model}]."
    )
    B622 = (
        "Cannot set {key!r}: the template {path} has no section {section!r}. Overrides are written "
        'like "components.ner.tag_scheme".'
    )
    B623 = (
        "{count} of {total} cells failed; the others are finished. Above it says why, and where "
        "the log of each one is that was begun. The same command runs only what is missing."
    )
    B624 = (
        "No data for task {task}: neither a converted corpus in {corpus} nor raw files in {raw}. "
        "Give the folder of the data sets with --data."
    )
    B625 = (
        "{folder} holds task {task} in the form {found!r}, but the grid asks for {form!r}. Delete "
        "the folder, or give another --work."
    )
    B626 = "{program} ended with exit code {code}: {reason}. Log: {log}."
    B627 = (
        "Cannot choose on dev: a training of {steps} steps was or would be scored at step {last} "
        "last, so not at its end. Give a 'training.eval_frequency' that divides the steps, and no "
        "'training.patience', or leave these overrides out."
    )
    B628 = (
        "{path}, line {line}: {reason}. A prediction file has one JSON object per line, such as "
        '{{"id": "1", "entities": [{{"start": 0, "end": 7, "label": "Chemical"}}]}}; '
        "docs/protocol.md has the form for each type of task."
    )
    B629 = (
        "{path}: {count} ids are {what}, the first one {first!r}. Every id of the gold data needs "
        "exactly one line; a document in which nothing is found has an empty list."
    )
    B630 = (
        "{path}, id {doc_id!r}: {key} is {found!r}, expected {wanted}. docs/protocol.md has the "
        "form of prediction files."
    )
    B631 = (
        "{path}, id {doc_id!r}: the span {start}-{end} is empty or outside of the text of {length} "
        "characters. Offsets count characters of the document's text, the end is exclusive."
    )
    B632 = "{path}, id {doc_id!r}: {label!r} is not a label of this task. Its labels are: {known}."
    B633 = (
        "Cannot read {path}, which says what each document contributes to a score: {reason}. Run "
        "'evaluate' or 'score' again."
    )
    B634 = (
        "No folder {path}. Result files lie in RESULTS/TASK/MODEL-sSEED.json, as 'run' writes them."
    )
    B635 = "{path} is not a result file of 'evaluate' or 'score': {reason}."
    B636 = (
        "{path} and {other} are both results of {model!r}, seed {seed}, on {task}. Keep one, or "
        "give one of them another model name."
    )
    B637 = (
        "{model!r} on {task}: its results cannot be averaged, they differ in {what} ({found}). "
        "Take one of them out, or give --mixed, which averages them and says so."
    )
    B638 = (
        "{task}: {models} were scored on different gold data, so their scores cannot stand in one "
        "column. Score all on the same file, or give --mixed, which says so in the table."
    )
    B639 = "{path} does not say its kind. The name of the output ends in .html, .md or .json."
    B640 = (
        "{path}: a result is of task {task!r}, which the table does not have. Tasks: "
        "python -m spacy blurb tasks."
    )
    B641 = (
        "{path} is the second result of task {task}. A package has one pipeline, so give one "
        "result file per task."
    )
    B642 = (
        "{path}: its lines differ in {key!r}, which decides how relations are counted. It must be "
        "the same in all; see docs/protocol.md."
    )
    B643 = (
        "Cannot use GPU {gpu}: {reason}. A GPU needs CuPy as well; leave out --gpu-id for the CPU."
    )
    B644 = (
        "{path} is the result of another pipeline than {pipeline}, or of an earlier state of it. "
        "Run 'evaluate' on this one, and package that result."
    )
    B645 = (
        "{path} is a finished result with the encoder {found!r}, not with the {encoder!r} that is "
        "given now (another one, or trained again since). Give the model another name in the grid, "
        "or another --output; or --overwrite, which replaces it."
    )

    # Runtime
    B700 = (
        "An exported pipeline cannot be trained. Train the pipeline that it was exported from, and "
        "export that again. A component of yours that does not read its encoder can be trained "
        "beside it in two ways: component.initialize(get_examples, nlp=nlp), then "
        "component.update(examples, sgd=optimizer) with an optimizer of your own; or 'spacy train' "
        "with a config of your own that sources the exported components and names them in "
        "'training.frozen_components'."
    )
    B701 = (
        "A component of an exported pipeline met a Doc without the encoder's output. Enable the "
        "component of factory 'blurb_runtime' too (its name is 'transformer' after 'export'), and "
        "let it run before those that read it: select_pipes(enable=['transformer', 'ner'])."
    )
    B702 = (
        "The component 'blurb_runtime' holds no encoder. Make a pipeline that has one with 'python "
        "-m spacy blurb export', and load it with spacy.load."
    )
    B703 = (
        "The package {package!r} is not installed. Install it with: pip install "
        "'spacy-blurb[{extra}]'."
    )
    B707 = (
        "The package {package!r} is installed and cannot be imported: {reason}. 'python -m spacy "
        "blurb doctor' may say more."
    )
    B704 = (
        "The encoder was exported for the backend {found!r}, and the config says {wanted!r}. "
        "A backend is chosen by 'export --backend', not by the config."
    )
    B705 = (
        "OpenVINO cannot compute this encoder on this processor: {reason}. Try precision = 'fp32' "
        "in the config of 'blurb_runtime', or export with --backend onnx-int8."
    )
    B710 = (
        "This processor does not multiply bfloat16 faster than float32 (no AMX): the encoder "
        "computes in float32, which is as good. An encoder exported with 8 bits may be faster here."
    )
    B711 = (
        "This processor does not multiply 8-bit numbers (no VNNI): the encoder multiplies its "
        "8-bit weights as {precision}, no faster than an encoder that is not quantised."
    )
    B729 = (
        "An OpenVINO pipeline is pickled and turned into bytes by way of a temporary folder, and "
        "there is none that can be written to. Set TMPDIR to one, such as /dev/shm."
    )
    B712 = (
        "This processor does not multiply 8-bit numbers (no VNNI): the encoder is hardly faster "
        "than one that is not quantised, and large sums may be cut off."
    )
    B706 = (
        "An encoder cannot compute with {threads!r} threads. Give a whole number from 1, or null."
    )
    B720 = (
        "The backend {backend!r} takes the ranges of numbers from text. Give texts like those that "
        "the pipeline will read: --calibration texts.txt (one a line) or train.spacy."
    )
    B721 = (
        "{path} holds no text to calibrate with. It is plain text in UTF-8, one text a line, or a "
        ".spacy file; some hundred sentences or abstracts are enough."
    )
    B722 = (
        "{pipeline} cannot be exported: {reason}. 'export' takes a pipeline with one component "
        "that holds spacy_blurb.Encoder.v1, which the others listen to."
    )
    B723 = "{path} exists. Name another folder, or give --overwrite."
    B724 = (
        "Not exported: {losses}. At most {tolerance} is tolerated. Calibrate with more text like "
        "that of the dev file, take --backend openvino-bf16, or raise --tolerance."
    )
    B725 = "{backend!r} is not a backend. Backends: {known}."
    B726 = (
        "{path} is not a pipeline that 'export' wrote (it has no {parity}, or no config.cfg of an "
        "exported pipeline), so it is not replaced. Name another folder."
    )
    B727 = (
        "The components of an exported pipeline share its encoder: 'nlp.replace_listeners' does "
        "not work on it, and since it is not trained no component needs an encoder of its own."
    )
    B728 = (
        "{path} is annotated for nothing that the pipeline is scored by ({scores}), so nothing "
        "would be compared. Give a dev file of its tasks, or none."
    )

    # Joint training
    B730 = (
        "Batches by task need a temperature of at least 1, and a cap and max_tokens of at least 1 "
        "or none; found temperature {temperature}, cap {cap} and max_tokens {tokens}."
    )
    B731 = (
        "{path}: its training Docs are annotated for nothing that {base} could learn ({known}). "
        "Convert it again, or leave it out."
    )
    B732 = (
        "{first} and {other} want different settings of component {component!r} ({settings}; "
        "{found}). Train them in pipelines of their own."
    )
    B733 = (
        "{pipeline} is not a saved pipeline with a component 'transformer', to which another one "
        "could be added. Give the folder of one, for example model-last, with --encoder."
    )
    B734 = (
        "{pipeline} has a component {component!r} already: {listed}. --add-head adds one that it "
        "does not have; --keep-head goes on with this one."
    )

    B735 = (
        "{first} and {second} both have the label set {name!r}, but no label in common ({labels}; "
        "{others}): each would teach that the other's entities are none. Convert each with a name "
        "of its own: convert-own --label NAME."
    )

    B646 = (
        "Another 'spacy blurb run' works in {folder}. Wait for it to end, let it run several cells "
        "at once (--jobs, --gpus), or give this one a folder of its own (--work)."
    )
    B647 = (
        "A grid cannot override {key!r}: what it trains on, its encoder and its seeds are told by "
        "'tasks', 'form', 'encoder' and 'seeds', and the result would state other ones."
    )
    B648 = (
        "{path} is read by this command, which would write its result there. Name another output."
    )
    B650 = (
        "{folder} has no {split} split, which a grid needs: it trains on train and selects on dev. "
        "Leave the task out of the grid; 'evaluate' scores what was trained on another one."
    )
    B649 = (
        "{path}: {n} ids are those of several gold Docs, the first one {example!r}; a Doc without "
        "an id is called by its place. Give each Doc its own, as 'convert' and 'convert-own' do."
    )
    B651 = (
        "{path} holds no folder of a data set, such as {example}. If it is that of one, give the "
        "one that it is in, {parent}; docs/protocol.md#folders lists the names."
    )
    B652 = "{name!r} is an installed package, where a folder is read. Give its folder: {folder}."

    B736 = (
        "None of the {count:,} training Docs is annotated for anything, so there is nothing to "
        "learn. Give Docs that 'convert' or 'convert-own' wrote, or with labels, pairs or "
        "questions (docs/howto/joint.md)."
    )

    # Streaming
    B750 = (
        "Cannot tell the format of the output by {found}. Give --format, one of: {known}; or a "
        "name that ends in .jsonl, .spacy, .pubtator or .json, or in none for the folder of a "
        "graph."
    )
    B751 = (
        "Cannot tell the format of the input by {found}. Give --input-format, one of: {known}; or "
        "a name that ends in .txt, .jsonl, .spacy, .xml, .nbib or .medline, also with .gz or .xz "
        "behind. A CSV becomes JSONL in a few lines of Python: docs/howto/annotate.md."
    )
    B752 = (
        "No file to annotate in {folder}: no name ends in {suffixes}, also with .gz or .xz behind; "
        "hidden files are not read. Give --input-format if they have other names."
    )
    B753 = (
        "{path} exists, and 'annotate' has not made it or cannot tell from what. Give another "
        "output, or --overwrite to replace it."
    )
    B754 = (
        "{path} was begun with another {key}, and cannot be continued with this one. Give another "
        "output, or --overwrite to start again."
    )
    B755 = (
        "{path} has {found:,} bytes, but {expected:,} were written. It was changed since; start "
        "again with --overwrite, or give another output."
    )
    B756 = (
        "Another process is annotating into {path}. Wait until it has ended, or give another "
        "output."
    )
    B757 = (
        "The pipeline cannot annotate a short English text: {reason}. Check that it is trained and "
        "that its components fit together."
    )
    B758 = (
        "The pipeline gives Docs no vector. Leave out --vectors, or take a pipeline with blurb_sts "
        "that writes them."
    )
    B759 = (
        "No document of {path} could be annotated: it is empty, or all its records were rejected "
        "({rejected:,}). The reasons are in {rejects}."
    )
    B760 = (
        "A process ended before it could annotate, perhaps for want of memory. Run the same "
        "command again, it goes on where it was; with fewer than {count} processes if memory is "
        "short."
    )
    B761 = (
        "The output {output} lies in the input {input}, where it would be read the next time. Give "
        "another place."
    )
    B762 = "The pipeline fails on document {doc_id!r}: {reason}."
    B763 = (
        "The record has more than {limit} MB, and no document is that long. Check that the file "
        "has line ends, or divide it."
    )
    B764 = "Not a document but the order to delete PubMed record {pmid}."
    B765 = (
        "{path} would hold {size} GB in one part, and 4 GB is what a .spacy file can hold: some 40 "
        "million tokens. Give --format jsonl and another output, or annotate the input in parts."
    )
    B766 = (
        "Cannot join a Ray cluster at {address!r}: {reason}. Give --ray HOST:PORT of its head, as "
        "'ray start --head' prints it, --ray auto on a machine of the cluster, or --ray local for "
        "this machine alone."
    )
    B767 = (
        "Node {node!r} cannot load the pipeline {pipeline!r}: {reason}. Install it, and what it "
        "needs, on every node, or give a folder that all of them see under this path."
    )
    B768 = (
        "Node {node!r} would compute something else, its {key} are not those of this machine: "
        "{found} there, {expected} here. Install the same on every node."
    )
    B769 = (
        "Node {node!r} has given a GPU that cannot be used: {reason}. Install torch for CUDA and "
        "CuPy there, or leave out --gpu."
    )
    B770 = (
        "Processes on the cluster die while they start: {reason}. Check that spacy-blurb is "
        "installed on every node and that its memory holds the pipeline."
    )
    B771 = (
        "No process has started on the cluster for {seconds} s. It has {has}, and each process "
        "takes a CPU, with --gpu a GPU too, which other work may hold. Add nodes and run the same "
        "command again, it goes on where it was."
    )
    B772 = (
        "The records from {first} to {last} were lost {times} times with the process that "
        "annotated them, at last: {reason}. Perhaps they need more memory than a node has. Run the "
        "same command without --ray and with --n-process 2: it goes on where it was (with --gpu it "
        "is another run) and rejects a document that ends its process."
    )
    B773 = (
        "--gpu gives each process on a Ray cluster a GPU. Give --ray too; without a cluster, "
        "--gpu-id 0 takes the first GPU of this machine."
    )
    B774 = (
        "This machine has left the Ray cluster, which gives no process to it any more. See that "
        "'ray status' works here, and run the same command again, it goes on where it was."
    )
    B775 = (
        "The input {input} is the output {output}, or lies where 'annotate' would write beside it: "
        "it would be overwritten. Give another output."
    )

    B776 = (
        "{path} is {found}, and {wanted} is what is written, with which a stopped run can go on. "
        "Give another output."
    )
    B777 = (
        "What the pipeline has found in document {doc_id!r} cannot be written: {reason}. Mend the "
        "component that gives such values: a number that is none (nan), or 'merge_entities', "
        "behind which spans have the places of tokens that are no more."
    )
    B778 = (
        "Cannot read Doc {number} of {path}: {reason}. Of the Docs behind it {lost:,} are lost "
        "with it. Make the file anew."
    )
    B779 = (
        "Format {format_name!r} has no place for what --vectors asks for. Leave it out, or give "
        "--format jsonl; Docs of a .spacy file have their vectors without it."
    )
    B780 = (
        "{path}: outputs are not compressed, so that a run can go on in them. Give a name without "
        "{suffix}, and compress the file when it is there."
    )
    B781 = (
        "Document {doc_id!r} ends the process that annotates it, perhaps for want of memory or by "
        "a fault in a library of the pipeline. Look whether it is one document, and annotate it by "
        "itself, in parts or with more memory."
    )
    B782 = (
        "{path} has no line feeds, its lines end with carriage returns, as those of old programs "
        "do. Save it with line feeds, for example with \"tr '\\r' '\\n'\"; or give "
        "--input-format text-files if it is one document."
    )
    B783 = (
        "Cannot write {path}: {reason}. What is written stays. Make room, or see that the folder "
        "can be written, and run the same command again, without --overwrite: it goes on from "
        "there."
    )

    # Environment, rendering, app
    B800 = (
        "{count} of these (marked ✘) break something. Do what stands behind the arrows, and run "
        "this again."
    )
    B801 = (
        "Component {name!r}: another program in this process, such as scispaCy's "
        "AbbreviationDetector, has taken the attribute doc._.abbreviations. Use one of the two per "
        "process, or make the pipeline with this component last."
    )
    B802 = (
        "{path}, line {line}: {reason}. Each line is a JSON object as 'annotate' writes it; the "
        "name of a DocBin ends in .spacy."
    )
    B803 = (
        "Cannot listen at {host}, port {port}: {reason}. Take another one with --port, or 0 for "
        "any that is free."
    )
    B804 = (
        "{owner}._.{name} was made by another program in this process; from here on it is what "
        "spacy-blurb's components found. Use one of the two per process."
    )
    B805 = (
        "The page cannot be written to {path}: a name that ends in .html is needed, and not that "
        "of the annotated file."
    )
    B806 = "--host is empty, which would mean all addresses of this machine. Name one, or none."
