"""The demo data is the same everywhere, and has the studio's columns, sizes, gaps and known faults."""

import hashlib
import re

import pandas as pd
import pytest

from smf_embed import demo_vocabulary as words
from smf_embed.datasets import COLUMNS, DemoData, make_demo
from smf_embed.errors import InputError

STUDIO_COLUMNS = [
    *("date", "reel_name", "yt_reel_id", "cartoon", "url", "text", "seconds", "is_shorts", "broadcast"),
    *("yt_channel_id", "yt_channel_name", "yt_ch_url", "yt_channel_type", "flag_closed", "international", "language"),
]
TSAREVNY, ZHILABYLA = "Царевны", "ЖилаБыла Царевна"
NAMES = sorted({n for p in words.read_projects() for names in p.names.values() for n in names}, key=len, reverse=True)
NAMING = "(?i:" + "|".join(map(re.escape, NAMES)) + ")"


@pytest.fixture(scope="module")
def demo() -> DemoData:
    return make_demo(scale=0.1)


@pytest.fixture(scope="module")
def everything(demo: DemoData) -> pd.DataFrame:
    return pd.concat([demo.train, demo.test], ignore_index=True)


def digest(demo: DemoData) -> str:
    tables = (table.to_csv(lineterminator="\n") for table in (demo.train, demo.test))
    return hashlib.sha256("".join(tables).encode()).hexdigest()


def wrong(table: pd.DataFrame) -> float:
    return (table["cartoon"] != table["cartoon_true"]).mean()


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others():
    first = digest(make_demo(scale=0.01, seed=3))
    assert digest(make_demo(scale=0.01, seed=3)) == first
    assert digest(make_demo(scale=0.01, seed=4)) != first


def test_bytes_are_those_of_every_other_machine():
    # a change of words or code changes them on purpose: then put the new digest here, and measure the difficulty again
    assert digest(make_demo(scale=0.01, seed=0)) == "d4ff71c1cb4ebc0b7a891c0ac9c12cd00a4436140ca75ae9e43255137d4aaf00"


def test_columns_are_the_studios_and_the_true_label(demo: DemoData):
    assert [*STUDIO_COLUMNS, "cartoon_true"] == list(COLUMNS) == list(demo.train) == list(demo.test)
    for table in (demo.train, demo.test):
        assert table.index.equals(pd.RangeIndex(len(table)))
        assert table.dtypes.loc[["seconds", "is_shorts"]].eq("float64").all()
        assert table.dtypes.loc[["flag_closed", "international"]].eq("int64").all()
        for column in set(COLUMNS) - {"seconds", "is_shorts", "flag_closed", "international"}:
            assert table[column].dropna().map(type).eq(str).all(), column


@pytest.mark.parametrize(("scale", "train", "test"), [(0.01, 834, 556), (0.1, 8341, 5561)])
def test_rows_follow_the_scale(scale: float, train: int, test: int):
    demo = make_demo(scale=scale)
    assert (len(demo.train), len(demo.test)) == (train, test)
    assert demo.train["cartoon"].nunique() == demo.test["cartoon"].nunique() == 45
    assert demo.train["cartoon"].value_counts().min() == 3
    assert demo.test["cartoon"].value_counts().min() == 2


@pytest.mark.parametrize("scale", [0.0, 0.001, -1.0])
def test_too_few_clips_are_refused(scale: float):
    with pytest.raises(InputError, match="too few clips"):
        make_demo(scale=scale)


@pytest.mark.slow
def test_the_full_scale_has_the_studios_sizes():
    demo = make_demo(scale=1)
    assert (len(demo.train), len(demo.test)) == (83_411, 55_608)
    sizes = demo.train["cartoon"].value_counts()
    assert sizes["none"] == 78_231
    assert {project.label: project.size for project in words.read_projects()} == sizes.drop("none").to_dict()
    ids = pd.concat([demo.train["yt_reel_id"], demo.test["yt_reel_id"]])
    assert ids.is_unique
    assert demo.train["yt_channel_id"].nunique() == 206
    labelled = demo.train.groupby("cartoon")
    assert wrong(labelled.get_group(TSAREVNY)) == pytest.approx(0.71, abs=0.02)
    assert wrong(labelled.get_group(ZHILABYLA)) == pytest.approx(0.27, abs=0.01)


def test_ids_are_unique_and_look_like_ids(everything: pd.DataFrame):
    ids = everything["yt_reel_id"]
    assert ids.is_unique
    assert ids.str.fullmatch(r"[A-Za-z0-9_-]{11}").all()
    assert (everything["url"].str[-11:] == ids).all()


def test_days_are_days_of_the_studio(everything: pd.DataFrame):
    days = pd.to_datetime(everything["date"], format="%Y-%m-%d")
    assert days.between("2008-10-08", "2024-09-15").all()


def test_gaps_are_where_the_studio_has_them(everything: pd.DataFrame):
    gaps = everything.isna().mean()
    assert gaps["seconds"] == pytest.approx(0.105, abs=0.01)
    assert gaps["language"] == pytest.approx(0.994, abs=0.003)
    assert 0 < gaps["yt_channel_id"] < 0.002
    lost = everything["seconds"].isna()
    assert everything["is_shorts"].isna().equals(lost)
    assert everything["broadcast"].isna().equals(lost)
    for column in ("yt_channel_name", "yt_ch_url", "yt_channel_type"):
        assert everything[column].isna().equals(everything["yt_channel_id"].isna())
    full = set(COLUMNS) - {*gaps[gaps > 0].index}
    assert {"reel_name", "text", "yt_reel_id", "cartoon", "flag_closed", "international"} <= full


def test_numbers_are_spread_as_the_studios(everything: pd.DataFrame):
    assert (everything["seconds"] == 0).mean() == pytest.approx(0.02, abs=0.005)
    assert everything["seconds"].median() == pytest.approx(602, rel=0.1)
    assert everything["seconds"].max() <= 504_055
    assert everything["is_shorts"].mean() == pytest.approx(0.046, abs=0.01)
    assert (everything.loc[everything["is_shorts"] == 1, "seconds"] < 60).all()
    assert (everything["broadcast"] == "live").mean() == pytest.approx(0.02, abs=0.005)
    assert everything["flag_closed"].mean() == pytest.approx(0.038, abs=0.01)
    assert everything["international"].mean() == pytest.approx(0.006, abs=0.003)
    assert everything["language"].notna().equals(everything["international"] == 1)
    types = everything["yt_channel_type"].value_counts(normalize=True)
    assert types["Мультфильмы"] == pytest.approx(0.487, abs=0.04)
    assert types["Блогеры"] == pytest.approx(0.394, abs=0.04)


def test_text_is_the_title_in_brackets_and_the_description(everything: pd.DataFrame):
    pairs = zip(everything["reel_name"], everything["text"], strict=True)
    assert all(text.startswith(f"[{title}]") for title, text in pairs)
    lengths = everything["reel_name"].str.len()
    assert lengths.min() >= 1
    assert lengths.max() <= 177
    assert lengths.mean() == pytest.approx(59, abs=5)
    assert everything["text"].str.len().max() <= 10_050
    assert not everything["text"].str.contains("[{}]").any(), "a slot that no rule filled"
    assert everything["reel_name"].duplicated().mean() < 0.1


def test_test_labels_are_right_and_training_labels_wrong_in_known_places(demo: DemoData):
    assert wrong(demo.test) == 0
    labelled = demo.train.groupby("cartoon")
    assert wrong(labelled.get_group(ZHILABYLA)) == pytest.approx(0.27, abs=0.03)
    assert wrong(labelled.get_group(TSAREVNY)) == pytest.approx(0.71, abs=0.05)
    assert labelled.get_group(TSAREVNY)["cartoon_true"].isin([TSAREVNY, ZHILABYLA, "none"]).all()
    assert wrong(labelled.get_group("none")) == pytest.approx(0.002, abs=0.0005)
    others = demo.train[~demo.train["cartoon"].isin(["none", TSAREVNY, ZHILABYLA])]
    assert wrong(others) == pytest.approx(0.03, abs=0.005)


def test_no_column_but_texts_and_channels_names_a_project(everything: pd.DataFrame):
    long_names = "|".join(re.escape(name) for name in NAMES if len(name) > 4)  # chance may well spell MLP in an id
    told = ["reel_name", "text", "cartoon", "cartoon_true", "yt_channel_name"]
    for column in everything.columns.drop(told):
        assert not everything[column].astype(str).str.contains(f"(?i:{long_names})").any(), column


def test_clips_of_none_may_name_projects(everything: pd.DataFrame):
    titles = everything.loc[everything["cartoon_true"] == "none", "reel_name"]
    named = titles[titles.str.contains(NAMING)]
    toys = named.str.contains("(?i:игруш|распаковк|сюрприз|фигурк|toys|unboxing)")
    mixed = named.str.contains("(?i:сборник мультиков:|кто круче|рэп битва|любимые мультики|премьеры недели)")
    assert 0.004 < toys.sum() / len(titles) < 0.02
    assert 0.0005 < mixed.sum() / len(titles) < 0.01
    assert titles.str.contains("Ну, погоди", case=False).any()
    assert titles.str.contains("трансформатор", case=False).any()


def test_clips_of_projects_may_not_name_them(everything: pd.DataFrame):
    clips = everything[everything["cartoon_true"] != "none"]
    assert 0.5 < clips["reel_name"].str.contains(NAMING).mean() < 0.85
    assert clips["text"].str.contains(NAMING).mean() < 0.95


def test_titles_come_in_many_scripts(everything: pd.DataFrame):
    for letters, share in (("[а-яё]", 0.6), ("[a-z]", 0.05), ("[؀-ۿ]", 0.002), ("[ぁ-ヿ]", 0.002)):
        assert everything["reel_name"].str.lower().str.contains(letters).mean() > share, letters


@pytest.mark.parametrize("language", words.LANGUAGES)
def test_every_episode_can_be_told_in_every_language(language: str):
    tales = words.Tales()
    for form in range(len(tales.forms[language]) + 1):
        for number in range(len(tales.things)):
            episode = (form, number, -number - 1, number % len(tales.adjectives), number % len(tales.doings), number)
            title = tales.title(episode, language, ["Ая", "Бо"])
            assert title.strip()
            assert "{" not in title


def test_every_table_of_words_has_all_languages():
    tales = words.Tales()
    assert {len(row) for row in [*tales.things, *tales.adjectives, *tales.doings]} == {len(words.LANGUAGES)}
    assert len({len(forms) for forms in tales.forms.values()}) == 1
    liked = {thing for project in words.read_projects() for thing in project.things}
    assert liked <= set(tales.index)
