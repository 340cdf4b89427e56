"""The audit finds wrong labels, twins, second names and untracked series that were put in, and proposes fair queues."""

import numpy as np
import pandas as pd
import pytest
from conftest import make_table

import smf_embed.audit
from smf_embed.audit import _one_proposal_a_clip, audit, margins
from smf_embed.audit_table import COLUMNS
from smf_embed.catalogue import Catalogue
from smf_embed.classifier import MODEL_FOLDER, Classifier
from smf_embed.clip_tables import iter_clips
from smf_embed.encoded_clips import EncodedClips
from smf_embed.out_of_fold import OutOfFold
from smf_embed.review_queue import doubt, review_queue
from smf_embed.thresholds import Calibration
from smf_embed.two_names import two_names
from smf_embed.untracked import untracked


@pytest.fixture(scope="module")
def wrong(train) -> dict[str, str]:
    """Clips of projects whose label is going to be wrong, with the wrong label."""
    rows = train[train["cartoon"].isin(["Буба", "Лунтик"])].sample(6, random_state=0)
    return {row.yt_reel_id: "Фиксики" if row.cartoon == "Буба" else "none" for row in rows.itertuples()}


# titles that name a project as its songs and toys do, five of them of the same words but for one
ALIKE = "Обзор телефона Фиксики"
BETWEEN = [
    "Песня про Буба",
    "Буба телефон",
    "Песня про Лунтик",
    "Лунтик телефон",
    "Игрушки Пороро",
    "Песня про Пороро",
    *(f"{ALIKE} {number}" for number in ["один", "два", "три", "четыре", "пять"]),
]


def doubtful() -> pd.DataFrame:
    """Unlabelled clips whose titles are between a project and none."""
    return pd.DataFrame(
        {
            "yt_reel_id": [f"between{row}" for row in range(len(BETWEEN))],
            "reel_name": BETWEEN,
            "yt_channel_id": [f"UCnew{row}" for row in range(len(BETWEEN))],
        }
    )


@pytest.fixture(scope="module")
def folder(train, wrong, encoder, tmp_path_factory):
    """A fitted catalogue with wrong labels, two twins that disagree, and clips without a label."""
    table = train.assign(cartoon=train["yt_reel_id"].map(wrong).fillna(train["cartoon"]))
    twin = train[train["cartoon"] == "Пороро"].head(1).assign(yt_reel_id="twin", cartoon="Фиксики")
    twin["reel_name"] += "!!!"
    twin["text"] = f"[{twin['reel_name'].iloc[0]}]" + twin["text"].str.partition("]")[2]
    unlabelled = pd.concat([make_table(per_title=1, first=90).assign(cartoon=None), doubtful()])
    folder = tmp_path_factory.mktemp("audit") / "index"
    with Catalogue(folder, create=True) as catalogue:
        catalogue.encoder = encoder
        catalogue.add(iter_clips(pd.concat([table, twin, unlabelled], ignore_index=True)))
        Classifier.fit(catalogue).save(folder / MODEL_FOLDER)
    return folder


def hesitant(folder, catalogue) -> Classifier:
    """The model, calibrated so that no decision is sure: what is doubted must not hang on how sure one fit is."""
    model = Classifier.load(folder / MODEL_FOLDER, catalogue)
    model._calibration = Calibration(np.array([0.0, 1.0]), np.array([0.05, 0.7]))
    return model


@pytest.fixture(scope="module")
def findings(folder):
    with Catalogue(folder) as catalogue:
        return audit(catalogue, hesitant(folder, catalogue), queue=10)


def test_most_wrong_labels_stand_among_twice_as_many_suspects_with_the_right_proposal(findings, wrong, train) -> None:
    suspects = findings[findings["kind"] == "label"]
    assert list(findings.columns) == list(COLUMNS)
    assert suspects["score"].is_monotonic_decreasing
    first = suspects.head(2 * len(wrong)).set_index("yt_reel_id")
    found = [one for one in wrong if one in first.index]
    assert len(found) >= 0.8 * len(wrong)
    truth = train.set_index("yt_reel_id")["cartoon"]
    assert (first.loc[found, "suggested"] == truth[found]).mean() >= 0.8
    assert (first.loc[found, "cartoon"] == pd.Series(wrong)[found]).all()
    assert (findings["label_was"] == findings["cartoon"]).all()


def test_twins_with_different_labels_are_listed_together(findings) -> None:
    twins = findings[findings["kind"] == "twins"]
    assert set(twins["cartoon"]) == {"Пороро", "Фиксики"}
    assert "twin" in set(twins["yt_reel_id"])
    assert set(twins["group"]) == {"twins 1"}
    assert set(twins["suggested"]) == {"Пороро"}


def test_the_queue_holds_the_doubtful_of_the_unlabelled_clips_without_a_proposal(findings) -> None:
    review = findings[findings["kind"] == "review"]
    assert 5 <= len(review) <= 10
    assert review["yt_reel_id"].head(4).str.startswith("between").mean() >= 0.5
    assert (review["score"] >= 0.1).all()
    assert review["yt_reel_id"].is_unique
    assert (review[["cartoon", "label_was", "suggested"]] == "").all(axis=None)
    assert (review["group"] != "").all()
    assert review["reason"].str.contains(r"^\S+ \d+%, \S+ \d+%: ").all()


def test_the_queue_takes_turns_by_project_and_not_one_title_again_and_again(folder, findings) -> None:
    with Catalogue(folder) as catalogue:
        sizes = catalogue.project_sizes()
    review = findings[findings["kind"] == "review"]
    groups = review["group"].tolist()
    turn = groups[: review["group"].nunique()]
    assert len(set(turn)) == len(turn) >= 3
    assert turn == sorted(turn, key=lambda name: (sizes[name], name))
    first = review.head(5)["reel_name"]
    assert first.str.startswith(ALIKE).sum() <= 1


def test_the_queue_is_the_same_whatever_is_looked_at_together(folder, findings, monkeypatch) -> None:
    monkeypatch.setattr(smf_embed.audit, "_BATCH", 37)
    with Catalogue(folder) as catalogue:
        again = audit(catalogue, hesitant(folder, catalogue), queue=10)
    pd.testing.assert_frame_equal(again, findings)


def test_no_more_clips_are_held_than_the_most_doubtful(folder, findings, monkeypatch) -> None:
    sizes, more = [], smf_embed.audit._Pool.with_more
    monkeypatch.setattr(smf_embed.audit, "_BATCH", 3)
    monkeypatch.setattr(smf_embed.audit, "_POOL", 4)
    monkeypatch.setattr(
        smf_embed.audit._Pool, "with_more", lambda *pools: sizes.append(len(more(*pools).ids)) or more(*pools)
    )
    with Catalogue(folder) as catalogue:
        kept = smf_embed.audit._doubtful(catalogue, hesitant(folder, catalogue))
    assert max(sizes) == len(kept.ids) == 4
    doubts = findings.loc[findings["kind"] == "review", "score"].sort_values(ascending=False)
    assert kept.doubts.min() >= doubts.iloc[4] - 1e-9


def test_a_clip_has_one_proposal_in_all_its_rows() -> None:
    rows = [("label", "a", "Буба"), ("twins", "a", "Лунтик"), ("twins", "b", "Лунтик"), ("untracked", "a", "")]
    told = _one_proposal_a_clip(pd.DataFrame(rows, columns=["kind", "yt_reel_id", "suggested"]))
    assert told["suggested"].tolist() == ["Буба", "Буба", "Лунтик", ""]


def test_what_a_person_has_looked_at_is_not_doubted_again_unless_asked_for(folder, wrong, tmp_path) -> None:
    import shutil

    copy = tmp_path / "index"
    shutil.copytree(folder, copy)
    with Catalogue(copy) as catalogue:
        model = Classifier.load(copy / MODEL_FOLDER, catalogue)
        first = audit(catalogue, model, queue=0)
        suspect = first["yt_reel_id"].iloc[0]
        catalogue.label([suspect], first["cartoon"].iloc[0])
        labels = [
            set(one.loc[one["kind"] == "label", "yt_reel_id"]) for one in (audit(catalogue, model, queue=0), first)
        ]
        assert labels[1] - labels[0] == {suspect}
        again = audit(catalogue, model, queue=0, again=True)
        assert set(again.loc[again["kind"] == "label", "yt_reel_id"]) == labels[1]
        catalogue.label([suspect], first["suggested"].iloc[0])
        again = audit(catalogue, model, queue=0, again=True)
        # the folds learned with the old label; they say nothing of the new one
        assert suspect not in set(again.loc[again["kind"] == "label", "yt_reel_id"])


def said() -> OutOfFold:
    return OutOfFold(
        ["a", "b", "c", "d"],
        ["none", "Буба", "Лунтик"],
        np.array([1, 0, 2, 0]),
        np.array([0, 0, 1, 2]),
        np.array([1, 2, 1, 2]),
        np.array([0.1, 0.8, 0.7, 0.9], dtype=np.float32),
    )


def test_margins_are_those_of_the_best_other_project_over_the_label() -> None:
    margin, other = margins(said())
    np.testing.assert_allclose(margin, [0.7, 0.4, -0.8, -1.0], atol=1e-6)
    assert other.tolist() == [2, 1, 0, 1]


def test_the_ranking_is_that_of_cleanlab() -> None:
    rank = pytest.importorskip("cleanlab.rank", reason="cleanlab is not installed: pip install 'smf-embed[dev]'")
    rng = np.random.default_rng(0)
    n = 200
    probability = rng.random((n, 2)).astype(np.float32)
    many = OutOfFold(
        [f"id{row}" for row in range(n)],
        ["none", "Буба", "Лунтик"],
        rng.integers(0, 3, n),
        np.repeat(np.arange(n), 2),
        np.tile([1, 2], n),
        probability.ravel(),
    )
    quality = rank.get_label_quality_scores(many.labels, many.matrix(), method="normalized_margin")
    np.testing.assert_allclose(margins(many)[0], 1 - 2 * quality, atol=1e-6)


# ------------------------------------------------------------------------------------ names, untracked and the queue


def titled(rows: list[tuple[str, str, str]]) -> EncodedClips:
    """Clips of (title, label, channel) whose vectors are alike where the first words of the titles are."""
    clips, vectors = [], []
    for number, (title, label, channel) in enumerate(rows):
        clips.append(
            dict.fromkeys(("description_text", "subtitles_text"))
            | {"yt_reel_id": f"id{number}", "title_text": title, "cartoon": label, "yt_channel_id": channel}
            | {"yt_channel_name": channel, "reel_name": title}
        )
        seed = sum(map(ord, title.split()[0]))
        vector = np.random.default_rng(seed).normal(size=16) * 2 + np.random.default_rng(number).normal(size=16)
        vectors.append(vector / np.linalg.norm(vector))
    return EncodedClips(clips, {"title": np.array(vectors, dtype=np.float32)})


EPISODES = [
    *("кран", "дождь", "снег", "мёд", "друг", "лес", "гора", "река", "луна", "кот"),
    *("дом", "сон", "пирог", "мяч", "ключ", "шар", "зонт", "лёд", "цирк", "пруд"),
]


def test_a_project_with_two_names_is_told_and_one_with_a_name_and_a_hero_is_not() -> None:
    other = [(f"обзор {word} номер", "none", "UC") for word in EPISODES for _ in range(3)]
    mixed = [(f"{name} и {word}", "Смесь", "UC") for word in EPISODES for name in ("буба", "лунтик")]
    plain = [
        (f"фиксики и {word} {'нолик' if row % 2 else 'симка'}", "Фиксики", "UC") for row, word in enumerate(EPISODES)
    ]
    clips = titled(other + mixed + plain)
    found = two_names(clips)
    assert [(one.project, set(one.names), one.share) for one in found] == [("Смесь", {"буба", "лунти"}, 0.5)]
    second = found[0].names[1]
    assert len(found[0].rows) == len(EPISODES)
    assert all(second in clips.texts["title"][row] for row in found[0].rows)


def test_two_spellings_of_a_name_are_one() -> None:
    other = [(f"обзор {word} номер", "none", "UC") for word in EPISODES for _ in range(3)]
    spelt = [(f"{name} и {word}", "Штаны", "UC") for word in EPISODES for name in ("штаны", "штани", "shtany")]
    assert two_names(titled(other + spelt)) == []


def test_a_series_of_none_comes_before_phrases_of_everyday_use_and_tracked_names() -> None:
    series = [(f"{row} кота весело {word}", "none", "UC1") for row in ("три",) for word in EPISODES]
    usual = [(f"{word} видео для детей", "none", f"UC{row}") for row, word in enumerate(EPISODES)]
    toys = [(f"буба игрушка {word}", "none", "UC9") for word in EPISODES]
    tracked = [(f"буба игрушка и {word}", "Буба", "UC8") for word in EPISODES]
    clips = titled(series + usual + toys + tracked)
    found = untracked(clips)
    assert found[0].name in {"три кота", "три", "кота", "кота весело", "три кота весело", "весело"}
    assert sorted(found[0].rows) == list(range(len(EPISODES)))
    assert (found[0].titles, found[0].channels) == (len(EPISODES), 1)
    assert not any("буба" in one.name for one in found)
    assert len(found) == 2  # the usual phrase is told once, and after


def test_no_names_are_found_where_there_is_nothing() -> None:
    assert untracked(titled([("буба", "Буба", "UC")])) == []
    assert two_names(titled([("буба", "Буба", "UC")])) == []


def test_doubt_is_highest_where_two_decisions_are_as_probable() -> None:
    sure, other = np.array([0.99, 0.5, 0.3]), np.array([0.01, 0.5, 0.6])
    np.testing.assert_allclose(doubt(sure, other), [0.02, 1.0, 1.0])


def test_the_queue_takes_turns_and_begins_with_the_rarest_project() -> None:
    doubts = np.array([0.9] * 8 + [0.5, 0.05])
    candidates = np.array(["Буба"] * 8 + ["Редкое", "Редкое"], dtype=object)
    vectors = np.eye(10)
    chosen = review_queue(doubts, candidates, vectors, {"Буба": 500, "Редкое": 3}, 4)
    assert chosen[0] == 8
    assert len(chosen) == 4
    assert 9 not in review_queue(doubts, candidates, vectors, {"Буба": 500, "Редкое": 3}, 10)  # it is sure


def test_the_queue_prefers_the_doubtful_and_never_takes_what_is_like_a_taken_one() -> None:
    vectors = np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.6, 0.8]])
    chosen = review_queue(np.array([0.9, 0.8, 0.5, 0.85]), np.array(["Буба"] * 4, dtype=object), vectors, {}, 10)
    assert chosen == [0, 2, 3]
    assert review_queue(np.zeros(0), np.zeros(0, dtype=object), np.zeros((0, 2)), {}, 5) == []
