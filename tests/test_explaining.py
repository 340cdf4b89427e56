"""Explanations: effects add up to the score of the trees, names and neighbours are shown, odd input gets one line."""

import json

import numpy as np
import pytest

from smf_embed import Catalogue, Classifier, decisions
from smf_embed.clips import CLIP_FIELDS
from smf_embed.encoded_clips import EncodedClips
from smf_embed.evidence import COLUMNS, Evidence
from smf_embed.explaining import group_of
from smf_embed.model_files import MODEL_FOLDER


@pytest.fixture(autouse=True)
def _one_encoder(encoder, monkeypatch):
    """Load the built-in encoder once for all tests."""
    monkeypatch.setattr("smf_embed.encoder.Encoder._load", lambda self: encoder._model)


@pytest.fixture(scope="module")
def model(fitted_folder):
    with Catalogue(fitted_folder) as catalogue:
        yield Classifier.load(fitted_folder / MODEL_FOLDER, catalogue)


def titles(model, *texts):
    clips = [
        dict.fromkeys(CLIP_FIELDS) | {"yt_reel_id": f"t{row}", "reel_name": text} for row, text in enumerate(texts)
    ]
    return model._catalogue.encoded(clips)[0]


def test_effects_and_base_add_up_to_the_score_of_the_trees(model, train):
    clips = model._catalogue.stored(train["yt_reel_id"].tolist()[::9])
    evidence = model.evidence(clips)
    probability = model._grown.probability(evidence.values, model._little_known(evidence))
    scores = iter(np.log(probability / (1 - probability)))
    pairs = dict(zip(zip(evidence.clips.tolist(), evidence.projects.tolist(), strict=True), scores, strict=True))
    for row, explanation in enumerate(model.explain(clips)):
        for candidate in explanation.candidates:
            score = pairs[row, model.projects.index(candidate.project)]
            if abs(candidate.score) < 7:
                assert candidate.score == pytest.approx(score, abs=1e-5)
            else:  # beyond doubt, not all trees are asked
                assert score * np.sign(candidate.score) > 6.5
            effects = sum(one.effect for one in candidate.effects)
            assert candidate.base + effects == pytest.approx(candidate.score, abs=1e-6)
            assert candidate.base + sum(candidate.groups.values()) == pytest.approx(candidate.score, abs=1e-6)
            assert [one.column for one in candidate.effects] != list(COLUMNS)
            assert {one.column for one in candidate.effects} == set(COLUMNS)


def test_an_explanation_tells_the_decision_of_predict(model, train):
    clips = model._catalogue.stored(train["yt_reel_id"].tolist()[::9])
    predicted = model.predict(clips)
    explained = model.explain(clips)
    assert [one.project for one in explained] == predicted["cartoon"].tolist()
    assert [one.why for one in explained] == predicted["why"].tolist()
    for one in explained:
        assert one.sentence.startswith(f"{one.project}, {one.confidence:.0%} sure: ")
        if one.project != "none":
            assert one.candidates[0].project == one.project


def test_evidence_is_gathered_once_for_an_explanation(model, train, monkeypatch):
    clips, asked = model._catalogue.stored(train["yt_reel_id"].tolist()[:2]), []
    monkeypatch.setattr(model, "evidence", lambda clips: asked.append(clips) or Classifier.evidence(model, clips))
    model.explain(clips)
    assert len(asked) == 1


@pytest.mark.parametrize(
    ("chosen", "probability", "why"),
    [
        (True, 0.9, "many small reasons, none of which says much alone"),
        (False, 0.3, "too little speaks for Буба"),
        (False, 0.01, "nothing speaks for a project"),
    ],
)
def test_a_decision_that_no_reason_is_worth_telling_of_is_told_in_whole_words(chosen, probability, why):
    values = np.zeros((1, len(COLUMNS)), dtype=np.float32)
    evidence = Evidence(np.array([0]), np.array([1]), values, np.array([-1]))
    nobody = EncodedClips([], {})
    assert decisions._why(0, evidence, ["none", "Буба"], nobody, chosen, probability) == why


def test_names_are_told_with_their_place_and_how_exact_they_are(model):
    exact, other = (one.names for one in model.explain(titles(model, "Смотрим: Лунтик и мёд", "Смотрим: Лунтика")))
    found = next(name for name in exact if name.project == "Лунтик")
    assert (found.field, found.text, found.how) == ("title", "лунтик", "exact")
    assert 0.3 < found.start < found.end < 0.8
    assert next(name for name in other if name.project == "Лунтик").how == "inflected"


def test_nearest_clips_are_those_of_brute_force_and_never_the_clip_itself(model, train):
    stored = model._catalogue.stored([train["yt_reel_id"].iloc[3]])
    (explanation,) = model.explain(stored)
    labelled = model._labelled.clips
    centre = model._labelled.builder.votes["title"].centre
    moved = labelled.vectors["title"] - centre
    query = stored.vectors["title"][0] - centre
    cosine = moved @ query / np.linalg.norm(moved, axis=1) / np.linalg.norm(query)
    same = np.array([clip["title_vector"] == stored.clips[0]["title_vector"] for clip in labelled.clips])
    expected = np.sort(cosine[~same])[::-1][:5]
    told = [clip for clip in explanation.nearest if clip.field == "title"]
    np.testing.assert_allclose([clip.similarity for clip in told], expected, atol=1e-3)
    assert stored.ids[0] not in [clip.yt_reel_id for clip in told]
    assert all(clip.project == train.set_index("yt_reel_id").loc[clip.yt_reel_id, "cartoon"] for clip in told)


def test_the_channel_is_told_by_its_labelled_clips(model, train):
    clip = train.iloc[0]
    (explanation,) = model.explain(model._catalogue.stored([clip["yt_reel_id"]]))
    same = train[(train["yt_channel_id"] == clip["yt_channel_id"]) & (train["yt_reel_id"] != clip["yt_reel_id"])]
    assert explanation.channel == same["cartoon"].value_counts().to_dict()


def test_projects_that_a_title_names_are_told_when_there_are_several(model):
    clips = titles(model, "Лунтик, Фиксики и Пороро: сборник", "Лунтик и мёд")
    several, one = model.explain(clips)
    for told in (several.sentence, several.why):
        assert "the title names " in told
        assert all(name in told for name in ("Лунтик", "Фиксики", "Пороро"))
    if several.project == "none":
        assert "none of them dominates" in several.why
    assert "the title names Лунтик" not in one.sentence


def test_a_clip_without_any_text_is_explained_too(model):
    (explanation,) = model.explain(titles(model, None))
    assert explanation.project == "none"
    assert explanation.nearest == explanation.names == []
    json.dumps(explanation.to_json(), allow_nan=False)


def test_no_clips_have_no_explanations(model):
    assert model.explain(model._catalogue.stored([])) == []


def test_every_column_has_a_group():
    groups = {group_of(name) for name in COLUMNS}
    assert groups == {
        *(
            f"{kind} {field}"
            for kind in ("wording of the", "names in the")
            for field in ("title", "description", "subtitles")
        ),
        *(f"{field} neighbours" for field in ("title", "description", "subtitles")),
        *("channel", "numbers", "size of the project"),
    }
    assert group_of("title_length") == group_of("log_seconds") == "numbers"
    assert group_of("title_lexical_gap") == "wording of the title"


def test_the_command_explains_clips_and_titles_as_text_and_json(run, fitted_folder, train):
    clip = train["yt_reel_id"].iloc[0]
    code, out, _ = run("explain", clip, "--catalogue", fitted_folder)
    assert code == 0
    assert train["reel_name"].iloc[0] in out.splitlines()[0]
    assert "Its label is Буба." in out
    code, out, _ = run("explain", clip, "--json", "--catalogue", fitted_folder)
    assert json.loads(out)["yt_reel_id"] == clip
    code, out, _ = run("explain", "--text", "Лунтик [и] мёд", "--json", "--catalogue", fitted_folder)
    answer = json.loads(out)
    assert (answer["yt_reel_id"], answer["label"], answer["title"]) == (None, None, "Лунтик [и] мёд")
    assert answer["candidates"][0]["effects"][0].keys() == {"column", "value", "effect"}


def test_the_command_lists_all_columns_without_a_catalogue(run, tmp_path):
    code, out, _ = run("explain", "--columns", "--catalogue", tmp_path / "nowhere")
    assert code == 0
    for name, meaning in COLUMNS.items():
        assert any(line.startswith(f"{name} ") and line.endswith(meaning) for line in out.splitlines())
    assert json.loads(run("explain", "--columns", "--json")[1]).keys() == COLUMNS.keys()


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["nowhere"], "not in the catalogue"),
        (["--", "-f9WgXcQ123"], "-f9WgXcQ123: is not in the catalogue"),
        (["--text", ""], "is no title"),
        (["--text", " \u200b🎉 "], "is no title"),
        (["--text", "а" * 20_000], "is no title"),
        (["nowhere", "--text", "Буба"], "only one of them"),
        ([], "only one of them"),
    ],
)
def test_what_cannot_be_explained_is_refused_in_one_line(run, fitted_folder, words, reason):
    code, out, err = run("explain", "--catalogue", fitted_folder, *words)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert reason in err
