"""Whatever is done to a catalogue, in any order, it holds what a plain dictionary holds and finds what is nearest."""

import shutil
import tempfile
from pathlib import Path
from unittest import mock

import numpy as np
import pandas as pd
from conftest import fake_vector
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from smf_embed.catalogue import Catalogue
from smf_embed.clip_tables import iter_clips
from smf_embed.doctor import examine
from smf_embed.encoder import BUILTIN, Encoder
from smf_embed.lexicon import Lexicon
from smf_embed.neighbours import Neighbours, refresh_snapshots, reindex_kind, similar
from smf_embed.reencoding import reencode

IDS = [f"id{number}" for number in range(12)]
TITLES = [None, "Буба", "Буба сон", "Лунтик и мёд", "Кот", "😂", "Пороро в лесу", "буба"]
DESCRIPTIONS = [None, "Новая серия. Подпишись на канал!", "Про мёд. Подпишись на канал!", "Песня", "Сон"]
PROJECTS = ["Буба", "Лунтик", "none"]
OTHER = "/other"  # the second encoder; its vectors are those of the first with the numbers in reverse

ids = st.lists(st.sampled_from(IDS), min_size=1, max_size=4, unique=True)
rows = st.lists(
    st.fixed_dictionaries(
        {
            "yt_reel_id": st.sampled_from(IDS),
            "reel_name": st.sampled_from(TITLES),
            "text": st.sampled_from(DESCRIPTIONS),
            "cartoon": st.sampled_from([None, *PROJECTS]),
            "yt_channel_id": st.sampled_from([None, "UC1"]),
        }
    ),
    min_size=1,
    max_size=8,
    unique_by=lambda row: row["yt_reel_id"],
)


def encode(self, texts, progress=None):
    vectors = np.array([fake_vector(text) for text in texts], dtype=np.float32).reshape(len(texts), 16)
    return vectors if self.name == BUILTIN else vectors[:, ::-1].copy()


def other_meta(encoder):
    return {"encoder": encoder.name, "fingerprint": fingerprint(encoder), "fingerprint_parts": "{}"}


def fingerprint(self):
    return "first" if self.name == BUILTIN else "other"


class CatalogueMachine(RuleBasedStateMachine):
    """Does to a dictionary what it does to a catalogue, and compares them."""

    @initialize()
    def begin(self):
        self.patches = [
            mock.patch.object(Encoder, "encode", encode),
            mock.patch.object(Encoder, "fingerprint", property(fingerprint)),
            mock.patch("smf_embed.catalogue.encoder_meta", other_meta),
            mock.patch("smf_embed.reencoding.encoder_meta", other_meta),
            # general words are read from large files, and decide nothing here
            mock.patch("smf_embed.typos.general_words", return_value=frozenset()),
            mock.patch("smf_embed.typos.common_words", return_value=frozenset()),
        ]
        for patch in self.patches:
            patch.start()
        self.folder = Path(tempfile.mkdtemp()) / "index"
        self.catalogue = Catalogue(self.folder, create=True)
        self.clips: dict[str, dict] = {}  # id → title, description, channel as they should be stored
        self.labels: dict[str, list] = {}  # id → all labels with their sources

    def teardown(self):
        if hasattr(self, "catalogue"):
            self.catalogue.close()
            shutil.rmtree(self.folder.parent)
            for patch in self.patches:
                patch.stop()

    # ------------------------------------------------------------------------------------------------------- changes

    def add_rows(self, table, columns, ahead):
        frame = pd.DataFrame(table, columns=list(columns), dtype=object)
        expected = {"added": 0, "updated": 0, "unchanged": 0}
        for row in table:
            identifier = row["yt_reel_id"]
            before = self.clips.get(identifier)
            now = dict(before or {"reel_name": None, "text": None, "yt_channel_id": None})
            now |= {name: row[name] for name in columns if name in now}
            history = self.labels.setdefault(identifier, []) if before else self.labels.pop(identifier, [])
            history = history if before else []
            from_table = next((label for label, source in reversed(history) if source == "table"), None)
            label = row["cartoon"] if "cartoon" in columns else None
            relabelled = label is not None and label != from_table
            if relabelled:
                history.append((label, "table"))
            kind = "added" if before is None else "updated" if now != before or relabelled else "unchanged"
            expected[kind] += 1
            self.clips[identifier], self.labels[identifier] = now, history
        if ahead:
            self.catalogue.learn(iter_clips(frame, batch_rows=3))
        report = self.catalogue.add(iter_clips(frame, batch_rows=3))
        assert {name: getattr(report, name) for name in expected} == expected

    @rule(table=rows, ahead=st.booleans())
    def add(self, table, ahead):
        self.add_rows(table, ("yt_reel_id", "reel_name", "text", "cartoon", "yt_channel_id"), ahead)

    @rule(
        table=rows, columns=st.sampled_from([("reel_name",), ("reel_name", "cartoon"), ("reel_name", "yt_channel_id")])
    )
    def add_a_table_of_fewer_columns(self, table, columns):
        self.add_rows(table, ("yt_reel_id", *columns), False)

    @precondition(lambda self: self.clips)
    @rule(ahead=st.booleans())
    def add_all_again(self, ahead):
        columns = ("yt_reel_id", "reel_name", "text", "cartoon", "yt_channel_id")
        table = []
        for identifier, clip in self.clips.items():
            labels = [label for label, source in self.labels[identifier] if source == "table"]
            table.append({"yt_reel_id": identifier, "cartoon": labels[-1] if labels else None} | clip)
        before = self.catalogue.generation
        self.add_rows(table, columns, ahead)
        assert self.catalogue.generation == before

    @rule(chosen=ids)
    def remove(self, chosen):
        assert self.catalogue.remove(chosen) == [identifier for identifier in chosen if identifier in self.clips]
        for identifier in chosen:
            self.clips.pop(identifier, None)
            self.labels.pop(identifier, None)

    @rule(chosen=ids, project=st.sampled_from([*PROJECTS, "Новый", "NONE", None]))
    def label_or_unlabel(self, chosen, project):
        done = self.catalogue.label(chosen, project)
        assert done == [identifier for identifier in chosen if identifier in self.clips]
        for identifier in done:
            self.labels[identifier].append(("none" if project == "NONE" else project, "person"))

    @rule(alias=st.sampled_from(["дядя", "пинги"]), project=st.sampled_from(PROJECTS[:2]))
    def save_lexicon(self, alias, project):
        lexicon = Lexicon()
        lexicon.add(alias, project)
        self.catalogue.save_lexicon(lexicon)

    @rule(encoder=st.sampled_from([None, BUILTIN, OTHER]))
    def reindex_with_an_encoder(self, encoder):
        reencode(self.catalogue, encoder)
        assert self.catalogue.encoder.name == (encoder or self.catalogue.encoder.name)

    @rule(kind=st.sampled_from(["HNSW8", "IVF4,SQ8", "Flat"]))
    def reindex_with_a_kind(self, kind):
        reindex_kind(self.catalogue, kind)
        assert self.catalogue.index_kind == kind

    @rule()
    def compact(self):
        self.catalogue.compact()
        used = {key for field in ("title", "description") for key in self.catalogue.vector_keys(field).tolist()}
        assert self.catalogue.counts()["vectors"] == len(used)

    @rule(all_fields=st.booleans())
    def write_snapshots(self, all_fields):
        if all_fields:
            refresh_snapshots(self.catalogue)
        else:
            Neighbours(self.catalogue).save()

    @rule()
    def reopen(self):
        self.catalogue.close()
        self.catalogue = Catalogue(self.folder)

    # --------------------------------------------------------------------------------------------------- comparisons

    @invariant()
    def the_catalogue_holds_what_the_dictionary_holds(self):
        if not hasattr(self, "catalogue"):
            return
        stored = {clip["yt_reel_id"]: clip for batch in self.catalogue.clip_batches(5) for clip in batch}
        assert stored.keys() == self.clips.keys()
        assert len(self.catalogue) == len(self.clips)
        for identifier, clip in self.clips.items():
            labels = self.labels[identifier]
            there = stored[identifier]
            shown = {"reel_name": there["reel_name"], "text": there["description"]}
            assert shown | {"yt_channel_id": there["yt_channel_id"]} == clip
            assert there["cartoon"] == (labels[-1][0] if labels else None)
            history = self.catalogue.label_history(identifier)
            assert [(row["project"], row["source"]) for row in history] == labels
        sizes = pd.Series([clip["cartoon"] for clip in stored.values()], dtype=object).value_counts().to_dict()
        assert self.catalogue.project_sizes() == sizes
        assert self.catalogue.projects() == sorted(sizes)
        assert self.catalogue.count_removed() >= 0

    @invariant()
    def vectors_are_those_of_the_prepared_texts(self):
        if not hasattr(self, "catalogue"):
            return
        stored = self.catalogue.stored(list(self.clips))
        for field in ("title", "description"):
            texts = stored.texts[field]
            assert stored.present(field).tolist() == [bool(text) for text in texts]
            known = [row for row, text in enumerate(texts) if text]
            wanted = encode(self.catalogue.encoder, [texts[row] for row in known])
            if not known:
                continue
            np.testing.assert_allclose(stored.vectors[field][known], wanted, atol=1e-3)

    @rule(place=st.integers(0, 11), project=st.sampled_from([None, *PROJECTS]), k=st.integers(1, 5))
    def similar_clips_are_the_nearest_of_all(self, place, project, k):
        if not self.clips:
            return
        identifier = list(self.clips)[place % len(self.clips)]
        stored = self.catalogue.stored(list(self.clips))
        row = stored.ids.tolist().index(identifier)
        if not stored.present("title")[row]:
            return
        cosines = stored.vectors["title"] @ stored.vectors["title"][row]
        expected = [
            min(round(float(cosine), 4), 1.0)
            for clip, cosine, there in zip(stored.clips, cosines, stored.present("title"), strict=True)
            if there and clip["yt_reel_id"] != identifier and (project is None or clip["cartoon"] == project)
        ]
        found = similar(self.catalogue, identifier, k=k, project=project)
        # so few texts are searched whole, whatever the kind of index
        wanted = sorted(expected, reverse=True)[:k]
        np.testing.assert_allclose([clip["similarity"] for clip in found], wanted, atol=2e-4)

    @rule()
    def the_index_holds_the_texts_of_the_catalogue(self):
        for field in ("title", "description"):
            index = Neighbours(self.catalogue, field)
            np.testing.assert_array_equal(np.sort(index.keys), self.catalogue.vector_keys(field))

    @rule()
    def doctor_finds_nothing(self):
        self.catalogue.close()
        assert examine(self.folder) == []
        self.catalogue = Catalogue(self.folder)


CatalogueMachine.TestCase.settings = settings(
    max_examples=15,
    stateful_step_count=25,
    deadline=None,
    database=None,
    phases=[Phase.generate],  # a failing order of steps is told as it is: to shorten it takes minutes
    suppress_health_check=list(HealthCheck),
)
TestCatalogue = CatalogueMachine.TestCase
