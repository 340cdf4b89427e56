"""Evidence of training clips does not know their labels; columns, candidates and ranking are what they say."""

import lightgbm
import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from smf_embed import evidence as module
from smf_embed.candidates import candidates_of
from smf_embed.classifier import deal_folds
from smf_embed.clips import CLIP_FIELDS, TEXT_FIELDS
from smf_embed.decisions import rank
from smf_embed.encoded_clips import EncodedClips
from smf_embed.evidence import COLUMNS, Evidence, EvidenceBuilder, little_known, rare_channels
from smf_embed.lexical import LexicalModel, hashed_counts
from smf_embed.lexicon import Lexicon
from smf_embed.names import NameSignals
from smf_embed.schema import PREPARED
from smf_embed.title_forms import title_forms
from smf_embed.title_parts import PartCounts
from smf_embed.training import TrainingClips, few_shot_evidence, out_of_fold_evidence
from smf_embed.votes import Signals

N_PROJECTS = 4


@pytest.fixture
def training() -> tuple[EncodedClips, np.ndarray, np.ndarray, np.ndarray]:
    """60 clips of 3 projects and none, some without description, on few channels; labels, groups, folds."""
    rng = np.random.default_rng(5)
    labels = np.arange(60) % N_PROJECTS
    clips = []
    for row, label in enumerate(labels):
        clip = dict.fromkeys(CLIP_FIELDS)
        clip |= {
            "yt_reel_id": f"id{row}",
            "yt_channel_id": f"channel{row % 5}",
            "seconds": 60.0 * row,
            "broadcast": "none",
        }
        clip["reel_name"] = f"{['новости', 'буба', 'лунтик', 'фиксики'][label]} серия {row}"
        clip["description"] = "подписывайтесь на канал" if row % 3 else None
        clip |= {"title_text": clip["reel_name"], "description_text": clip["description"], "subtitles_text": None}
        clip["corrections"] = None
        clips.append(clip)
    vectors = {field: rng.normal(size=(60, 8)).astype(np.float32) for field in TEXT_FIELDS}
    for array in vectors.values():
        array /= np.linalg.norm(array, axis=1, keepdims=True)
    vectors["description"][::3] = 0.0
    vectors["subtitles"][:] = 0.0
    groups = np.arange(60)
    groups[[8, 12]] = 8
    folds = np.arange(60) % 5
    folds[12] = folds[8]
    return EncodedClips(clips, vectors), labels, groups, folds


def build(
    clips: EncodedClips, labels: np.ndarray, groups: np.ndarray, folds: np.ndarray, n_projects: int = N_PROJECTS
) -> tuple[EvidenceBuilder, Evidence]:
    projects = ["none", "Буба", "Лунтик", "Фиксики", *(f"Проект {number}" for number in range(4, n_projects))]
    known = TrainingClips(clips, labels, groups, folds, projects[:n_projects], Lexicon(), seed=0)
    builder = known.builder()
    return builder, out_of_fold_evidence(known, builder, lambda _: None)[0]


def rows_of(evidence: Evidence, clip: int) -> tuple[list[int], np.ndarray]:
    pairs = np.flatnonzero(evidence.clips == clip)
    return evidence.projects[pairs].tolist(), evidence.values[pairs]


@pytest.mark.parametrize("clip", [8, 21, 40])
def test_evidence_of_a_training_clip_does_not_change_with_its_own_label(training, clip: int) -> None:
    clips, labels, groups, folds = training
    changed = labels.copy()
    changed[clip] = (labels[clip] + 1) % N_PROJECTS
    before = rows_of(build(clips, labels, groups, folds)[1], clip)
    after = rows_of(build(clips, changed, groups, folds)[1], clip)
    assert before[0] == after[0]
    np.testing.assert_allclose(before[1], after[1], atol=1e-5)


def test_evidence_of_a_training_clip_does_not_change_with_the_label_of_its_near_duplicate(training) -> None:
    clips, labels, groups, folds = training
    changed = labels.copy()
    changed[12] = 3
    before, after = (rows_of(build(clips, some, groups, folds)[1], 8) for some in (labels, changed))
    assert before[0] == after[0]
    np.testing.assert_allclose(before[1], after[1], atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("size", [3, 4, 5, 10])
def test_evidence_on_random_clips_does_not_give_the_labels_of_small_projects_away(size: int) -> None:
    rng = np.random.default_rng(size)
    n_projects, n_none = 1 + 60 // size, 300
    labels = np.concatenate([np.zeros(n_none, dtype=int), np.repeat(np.arange(1, n_projects), size)])
    rng.shuffle(labels)
    n = len(labels)
    vectors = {field: rng.normal(size=(n, 8)).astype(np.float32) for field in TEXT_FIELDS}
    clips = []
    for row in range(n):
        title = " ".join("".join(rng.choice(list("абвгдежз"), 5)) for _ in range(3))
        clip = dict.fromkeys((*CLIP_FIELDS, *PREPARED)) | {"yt_reel_id": f"id{row}", "reel_name": title}
        clips.append(clip | {f"{field}_text": title for field in TEXT_FIELDS} | {"yt_channel_id": f"c{row % 7}"})
    folds = deal_folds(labels, np.arange(n), 5, seed=0)
    _, evidence = build(EncodedClips(clips, vectors), labels, np.arange(n), folds, n_projects)
    right = evidence.projects == labels[evidence.clips]
    scores = np.zeros(len(right))
    for fold in range(5):
        inside = folds[evidence.clips] == fold
        data = lightgbm.Dataset(evidence.values[~inside], right[~inside].astype(int))
        trees = lightgbm.train({"objective": "binary", "verbose": -1}, data, 60)
        scores[inside] = trees.predict(evidence.values[inside])
    # some sixteen pairs are right, so chance strays by 0.15; leaving out each clip alone gave up to 1.0
    assert 0.25 < roc_auc_score(right, scores) < 0.8


def test_evidence_of_a_new_clip_does_change_with_labels(training) -> None:
    clips, labels, groups, folds = training
    builder, _ = build(clips, labels, groups, folds)
    other, _ = build(clips, np.roll(labels, 1), groups, folds)
    new = clips.part(slice(0, 5))
    assert not np.allclose(builder.build(new).values[:5], other.build(new).values[:5], equal_nan=True)


def test_pairs_of_few_clips_are_those_of_larger_projects_which_look_small_in_them(training) -> None:
    clips, labels, groups, folds = training
    labels = np.where(labels == 3, np.where(np.arange(60) < 20, 3, 0), labels)  # of the third, five clips are left
    known = TrainingClips(clips, labels, groups, folds, ["none", "Буба", "Лунтик", "Фиксики"], Lexicon(), seed=0)
    builder = known.builder()
    found = few_shot_evidence(known, builder, lambda _: None)
    assert set(found.projects) == {1, 2}
    # each of the two larger projects is cut down in one fold, and judged for clips of that fold
    assert {len(set(folds[found.clips[found.projects == project]])) for project in (1, 2)} == {1}
    small = list(COLUMNS).index("project_small")
    assert (found.values[:, small] == 1).all()
    regular, _ = out_of_fold_evidence(known, builder, lambda _: None)
    assert (regular.values[regular.projects < 3, small] == 0).all()
    assert (regular.values[regular.projects == 3, small] == 1).all()


def test_small_projects_alone_give_no_pairs_of_few_clips(training) -> None:
    clips, _, groups, folds = training
    labels = np.where(np.arange(60) < 10, 1, 0)
    known = TrainingClips(clips, labels, groups, folds, ["none", "Буба"], Lexicon(), seed=0)
    assert not len(few_shot_evidence(known, known.builder(), lambda _: None).clips)


def test_channel_share_counts_the_labelled_clips_of_the_channel(training) -> None:
    clips, labels, groups, folds = training
    builder, _ = build(clips, labels, groups, folds)
    evidence = builder.build(clips.part(np.array([2])))
    place = list(COLUMNS).index("channel_share")
    for project, values in zip(evidence.projects, evidence.values, strict=True):
        on_channel = labels[np.arange(60) % 5 == 2]
        assert values[place] == pytest.approx((on_channel == project).sum() / (len(on_channel) + 3))


def test_parts_that_are_gathered_side_by_side_give_the_same_as_all_at_once(training, monkeypatch) -> None:
    clips, labels, groups, folds = training
    whole = build(clips, labels, groups, folds)[0].build(clips, groups)
    monkeypatch.setattr("smf_embed.evidence._CHUNK", 7)
    monkeypatch.setattr("smf_embed.evidence.thread_count", lambda: 3)
    parts = build(clips, labels, groups, folds)[0].build(clips, groups)
    np.testing.assert_array_equal(parts.clips, whole.clips)
    np.testing.assert_array_equal(parts.projects, whole.projects)
    np.testing.assert_array_equal(parts.nearest, whole.nearest)
    np.testing.assert_allclose(parts.values, whole.values, atol=1e-5)


def test_a_part_of_clips_has_what_is_worked_out_already(training) -> None:
    whole = EncodedClips([dict(clip) for clip in training[0].clips], training[0].vectors)
    rows = np.array([5, 3, 50])
    fresh = whole.part(rows)
    names = ("ids", "channels", "channel_names", "numbers", "texts", "n_grams")
    for name in names:
        getattr(whole, name)
    part = whole.part(rows)
    assert set(names) <= part.__dict__.keys()
    for field in TEXT_FIELDS:
        np.testing.assert_array_equal(part.vectors[field], whole.vectors[field][rows])
    for name in names[:4]:
        np.testing.assert_array_equal(getattr(part, name), getattr(fresh, name))
    assert part.texts == fresh.texts
    for field in TEXT_FIELDS:
        assert (part.n_grams[field] != fresh.n_grams[field]).nnz == 0


def test_what_all_folds_need_of_the_texts_is_worked_out_once(training, monkeypatch) -> None:
    asked: list[str] = []
    module = "smf_embed.encoded_clips"
    for name, function in {"hashed_counts": hashed_counts, "title_forms": title_forms}.items():
        monkeypatch.setattr(
            f"{module}.{name}", lambda *args, name=name, to=function: (asked.append(name), to(*args))[1]
        )
    monkeypatch.setattr(PartCounts, "of", lambda titles, of=PartCounts.of: (asked.append("parts"), of(titles))[1])
    clips, labels, groups, folds = training
    known = TrainingClips(clips, labels, groups, folds, ["none", "Буба", "Лунтик", "Фиксики"], Lexicon(), seed=0)
    whole = known.builder()
    part = known.clips.part(np.flatnonzero(folds == 0))
    known.builder(np.flatnonzero(folds != 0), whole).build(part)
    assert sorted(asked) == ["hashed_counts"] * len(TEXT_FIELDS) + ["parts", "title_forms"]


def test_the_highest_projects_of_each_signal_are_candidates() -> None:
    """Against a loop over clips and signals; NaN is no signal, and `none` no candidate."""
    random = np.random.default_rng(0)

    def drawn() -> np.ndarray:
        values = random.random((30, 6), dtype=np.float32)
        values[random.random(values.shape) < 0.3] = np.nan
        values[:3] = np.nan
        return values

    def signals_of() -> Signals:
        return Signals({50: drawn()}, drawn(), drawn(), drawn(), np.zeros((30, 6), dtype=int))

    signals, scores = {field: signals_of() for field in TEXT_FIELDS}, {field: drawn() for field in TEXT_FIELDS}
    names = {field: NameSignals(drawn(), drawn(), drawn(), drawn(), np.zeros(30)) for field in TEXT_FIELDS}
    share, channels = drawn(), drawn()
    asked = [(signals["title"].best, 2, -np.inf), (scores["title"], 2, -np.inf), (share, 1, 0.02), (channels, 2, 0.01)]
    for field in TEXT_FIELDS:
        asked += [(signals[field].votes[50], 2, 0.0), (names[field].quality, 2, 0.0), (names[field].alias, 1, 0.0)]
        asked += [(scores[field], 1, -0.9), (signals[field].best, 1, 0.3)] if field != "title" else []
    expected = np.zeros((30, 6), dtype=bool)
    for values, count, above in asked:
        for row in range(30):
            known = [project for project in range(1, 6) if values[row, project] > above]
            expected[row, sorted(known, key=lambda project: -values[row, project])[:count]] = True
    np.testing.assert_array_equal(candidates_of(signals, scores, names, share, channels[None]), expected)


@pytest.mark.parametrize(("bound", "of"), [("_MOST_CELLS", N_PROJECTS), ("_MOST_SIMILARITIES", None)])
def test_evidence_is_the_same_however_few_clips_go_together(training, monkeypatch, bound, of) -> None:
    builder, _ = build(*training)
    whole = builder.build(training[0])
    sizes = []
    monkeypatch.setattr(module, bound, 7 * (of or int((training[1] > 0).sum())))
    build_part = EvidenceBuilder._build_part

    def noted(self, clips, groups):
        sizes.append(len(clips))
        return build_part(self, clips, groups)

    monkeypatch.setattr(EvidenceBuilder, "_build_part", noted)
    parts = builder.build(training[0])
    assert sorted(sizes) == [4, *[7] * 8]
    np.testing.assert_array_equal(parts.clips, whole.clips)
    np.testing.assert_array_equal(parts.projects, whole.projects)
    np.testing.assert_allclose(parts.values, whole.values, atol=1e-5)


def test_candidates_are_projects_and_each_clip_has_some(training) -> None:
    clips, labels, groups, folds = training
    _, evidence = build(clips, labels, groups, folds)
    assert (evidence.projects > 0).all()
    assert set(evidence.clips) == set(range(60))
    assert evidence.values.shape == (len(evidence.clips), len(COLUMNS))


def test_a_clip_without_any_text_or_channel_has_no_candidate(training) -> None:
    clips, labels, groups, folds = training
    builder, _ = build(clips, labels, groups, folds)
    bare = dict.fromkeys((*CLIP_FIELDS, *PREPARED)) | {"yt_reel_id": "bare"}
    evidence = builder.build(EncodedClips([bare], {field: np.zeros((1, 8), np.float32) for field in TEXT_FIELDS}))
    assert not len(evidence.clips)
    assert evidence.values.shape == (0, len(COLUMNS))


def test_lexical_scores_put_the_projects_own_wording_first(training) -> None:
    clips, labels, *_ = training
    counts = hashed_counts("title", clips.texts["title"])
    model = LexicalModel.fit(counts, labels, N_PROJECTS)
    new = model.scores(hashed_counts("title", ["фиксики новая серия", "лунтык", ""]))
    assert np.nanargmax(new[0]) == 3
    assert np.nanargmax(new[1]) == 2  # misspelt, known by its letters
    assert np.isnan(new[2]).all()
    assert np.isnan(new[:, 0]).all()


def test_a_lexical_column_does_not_depend_on_the_other_projects(training) -> None:
    clips, labels, *_ = training
    counts = hashed_counts("title", clips.texts["title"])
    swapped = np.where(labels == 1, 2, np.where(labels == 2, 1, labels))
    one, other = LexicalModel.fit(counts, labels, N_PROJECTS), LexicalModel.fit(counts, swapped, N_PROJECTS)
    np.testing.assert_allclose(one.weights[:, 3], other.weights[:, 3], atol=1e-6)


def test_rank_orders_candidates_and_brings_sums_above_one_to_one() -> None:
    evidence = Evidence(
        np.array([0, 0, 2, 2, 2]), np.array([1, 3, 1, 2, 3]), np.zeros((5, 1), np.float32), np.full(5, -1)
    )
    ranking = rank(evidence, np.array([0.2, 0.5, 0.9, 0.8, 0.3]), 3)
    assert ranking.first.tolist() == [1, -1, 2]
    assert ranking.second.tolist() == [0, -1, 3]
    np.testing.assert_allclose(ranking.probability, [0.5, 0.0, 0.45])
    np.testing.assert_allclose(ranking.second_probability, [0.2, 0.0, 0.4])


def test_little_is_known_of_new_projects_and_of_clips_of_unknown_channels_where_these_are_rare(training) -> None:
    clips, labels, groups, folds = training
    builder, _ = build(clips, labels, groups, folds)
    asked = [dict(clip) for clip in clips.clips]
    asked[7]["yt_channel_id"] = None
    asked[9]["yt_channel_id"] = "a channel of its own"
    asked[11]["seconds"] = None
    evidence = builder.build(EncodedClips(asked, clips.vectors))
    size = evidence.values[:, list(COLUMNS).index("channel_size")]
    np.testing.assert_array_equal(np.isnan(size), evidence.clips == 7)
    np.testing.assert_allclose(size[evidence.clips == 8], np.log1p(12))
    of_new_project = np.array([False, False, True, False])
    for rare, unknown in ([], []), (["missing"], [7]), (["new"], [9]), (["missing", "new"], [7, 9]):
        found = little_known(evidence, of_new_project, rare)
        np.testing.assert_array_equal(found, np.isin(evidence.clips, unknown) | (evidence.projects == 2))


def test_unknown_channels_are_rare_where_training_clips_have_one_in_twenty_or_fewer(training) -> None:
    clips, labels, groups, _ = training
    folds = np.arange(60) // 5 % 5  # each fold has clips of all channels
    assert rare_channels(build(clips, labels, groups, folds)[1]) == ["missing", "new"]
    asked = [
        clip | {"yt_channel_id": clip["yt_channel_id"] if row % 10 else f"own {row}"}
        for row, clip in enumerate(clips.clips)
    ]
    assert rare_channels(build(EncodedClips(asked, clips.vectors), labels, groups, folds)[1]) == ["missing"]
    asked = [clip | {"yt_channel_id": None} for clip in clips.clips]
    assert rare_channels(build(EncodedClips(asked, clips.vectors), labels, groups, folds)[1]) == ["new"]
