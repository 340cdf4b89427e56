"""A model that is written while it is read: the old one or the new one, never a complaint about either."""

import safetensors.numpy
from conftest import PROJECTS

from smf_embed import Catalogue, Classifier
from smf_embed.model_files import MODEL_FOLDER, read_manifest, read_model
from smf_embed.teaching import forget


def test_files_that_a_writer_removes_between_two_looks_are_those_of_the_model_before(fitted, monkeypatch) -> None:
    load, gone = safetensors.numpy.load_file, next(name for name in PROJECTS if name != "none")

    def load_late(path):
        monkeypatch.setattr(safetensors.numpy, "load_file", load)
        with Catalogue(fitted) as writing:
            forget(writing, gone)
        return load(path)

    with Catalogue(fitted) as catalogue:
        before = read_manifest(fitted / MODEL_FOLDER)
        monkeypatch.setattr(safetensors.numpy, "load_file", load_late)
        parts = read_model(fitted / MODEL_FOLDER, catalogue)
        assert parts.manifest == read_manifest(fitted / MODEL_FOLDER) != before
        assert gone not in Classifier.load(fitted / MODEL_FOLDER, catalogue).projects
