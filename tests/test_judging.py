"""Folds and splits by time learn from the other clips alone, and every clip is decided by what had not seen it."""

import datetime as dt

import pandas as pd
import pytest
from conftest import make_table

from smf_embed.catalogue import Catalogue
from smf_embed.classifier import MODEL_FOLDER, Classifier
from smf_embed.clip_tables import iter_clips
from smf_embed.clips import CLIP_FIELDS
from smf_embed.encoded_clips import EncodedClips
from smf_embed.errors import InputError
from smf_embed.judging import by_folds_of_the_fit, cross_validated, facts_of, main_script, split_by_time
from smf_embed.metrics import score


@pytest.fixture(scope="module")
def clips() -> pd.DataFrame:
    """Clips of nine days, and two of each title that differ in punctuation alone; the last ones have no date."""
    table = make_table(per_title=4)
    table["date"] = [f"2024-01-{1 + row % 9:02}" for row in range(len(table))]
    twins = table.head(30).assign(
        yt_reel_id=[f"twin{row}" for row in range(30)], reel_name=[f"«{title}»!" for title in table["reel_name"][:30]]
    )
    twins["text"] = twins["text"].str.replace("[", "[«").str.replace("]", "»!]")
    return pd.concat([table, twins.assign(date=None)], ignore_index=True)


@pytest.fixture(scope="module")
def folder(clips, encoder, tmp_path_factory):
    folder = tmp_path_factory.mktemp("judging")
    with Catalogue(folder, create=True) as catalogue:
        catalogue.encoder = encoder
        catalogue.add(iter_clips(clips))
    return folder


@pytest.fixture
def seen(monkeypatch):
    """For each fit the ids that it learned from, and for each prediction the clips that it was asked about."""
    calls = {"fit": [], "asked": []}
    fit, predict = Classifier.fit, Classifier.predict

    def spying_fit(catalogue, **options):
        calls["fit"].append(set(catalogue.labelled().ids))
        return fit(catalogue, **options)

    def spying_predict(self, asked, **options):
        calls["asked"].append(asked)
        return predict(self, asked, **options)

    monkeypatch.setattr(Classifier, "fit", spying_fit)
    monkeypatch.setattr(Classifier, "predict", spying_predict)
    return calls


@pytest.mark.slow
def test_each_clip_is_decided_once_by_a_model_that_saw_neither_it_nor_its_twin(folder, clips, seen) -> None:
    with Catalogue(folder) as catalogue:
        judged = cross_validated(catalogue, 3)
        keys = catalogue.labelled()
        key_of = dict(zip(keys.ids, keys.near_duplicate_keys(), strict=True))
    assert sorted(judged.table["yt_reel_id"]) == sorted(clips["yt_reel_id"])
    assert len(seen["fit"]) == 3
    for learned, asked in zip(seen["fit"], seen["asked"], strict=True):
        assert not learned & set(asked.ids)
        assert len(learned) + len(asked) == len(clips)
        assert not {key_of[one] for one in learned} & {key_of[one] for one in asked.ids}
        assert all(clip["cartoon"] is None for clip in asked.clips)
    labels = clips.set_index("yt_reel_id")["cartoon"]
    assert (judged.table.set_index("yt_reel_id")["label"] == labels.loc[judged.table["yt_reel_id"]]).all()
    assert (judged.table["label"] == judged.table["cartoon"]).mean() > 0.7
    assert judged.table["near_duplicates"].nunique() == len(clips) - 30


def test_a_split_by_time_learns_from_what_was_before(folder, clips, seen) -> None:
    with Catalogue(folder) as catalogue:
        judged = split_by_time(catalogue, dt.date(2024, 1, 7))
    dated = clips.dropna(subset="date").set_index("yt_reel_id")["date"]
    assert seen["fit"] == [set(dated.index[dated < "2024-01-07"])]
    assert set(judged.table["yt_reel_id"]) == set(dated.index[dated >= "2024-01-07"])
    assert "30 without a date left out" in judged.how
    assert sum(judged.sizes.values()) == len(seen["fit"][0])


@pytest.mark.parametrize("day", [dt.date(2023, 1, 1), dt.date(2025, 1, 1)])
def test_a_day_without_clips_on_both_sides_is_refused_with_the_days_that_there_are(folder, day) -> None:
    with Catalogue(folder) as catalogue, pytest.raises(InputError, match="2024-01-01 to 2024-01-09"):
        split_by_time(catalogue, day)


def test_the_folds_of_the_fit_give_its_scores(fitted_folder) -> None:
    with Catalogue(fitted_folder) as catalogue:
        model = Classifier.load(fitted_folder / MODEL_FOLDER, catalogue)
        judged = by_folds_of_the_fit(model, catalogue)
    again = score(judged.table["label"], judged.table["cartoon"], judged.sizes)
    assert again == {name: model.manifest["metrics"][name] for name in again}


def test_clips_whose_label_has_changed_since_the_fit_are_left_out_and_counted(fitted, train) -> None:
    first, second = train["yt_reel_id"].iloc[:2]
    with Catalogue(fitted) as catalogue:
        catalogue.label([first], "Фиксики")
        catalogue.label([second], None)
        judged = by_folds_of_the_fit(Classifier.load(fitted / MODEL_FOLDER, catalogue), catalogue)
    assert not {first, second} & set(judged.table["yt_reel_id"])
    assert len(judged.table) == len(train) - 2
    assert judged.how == "folds of the fit, 1 relabelled since the fit left out"


@pytest.mark.parametrize("label", ["Фиксики и друзья", None])
@pytest.mark.parametrize("command", ["evaluate", "report"])
def test_when_no_clip_has_its_label_still_the_command_says_so_in_one_line(
    run, fitted, train, tmp_path, command, label
) -> None:
    with Catalogue(fitted) as catalogue:
        catalogue.label(train["yt_reel_id"].tolist(), label)
    words = ["-o", tmp_path / "r.html"] if command == "report" else []
    code, out, err = run(command, "--catalogue", fitted, *words)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert "smf-embed fit" in err


def test_there_are_no_more_folds_than_different_clips(encoder, fitted_folder, tmp_path, monkeypatch) -> None:
    table, shown = make_table(per_title=1).head(7), []
    with Catalogue(tmp_path / "few", create=True) as catalogue, Catalogue(fitted_folder) as other:
        model = Classifier.load(fitted_folder / MODEL_FOLDER, other)
        monkeypatch.setattr(Classifier, "fit", lambda catalogue, *, progress, **_: progress(0.5, "fitting") or model)
        catalogue.encoder = encoder
        catalogue.add(iter_clips(table))
        judged = cross_validated(catalogue, 50, progress=lambda share, what: shown.append(what))
    assert judged.how == "cross-validation by 7 folds"
    assert shown[-1] == "fold 7 of 7: fitting"
    assert len(judged.table) == 7


def test_folds_of_clips_of_the_same_words_alone_are_refused(encoder, tmp_path) -> None:
    labels = ["none", "Буба"] * 4
    table = pd.DataFrame({"yt_reel_id": [f"id{row}" for row in range(8)], "reel_name": "Буба", "cartoon": labels})
    with Catalogue(tmp_path / "same", create=True) as catalogue:
        catalogue.encoder = encoder
        catalogue.add(iter_clips(table))
        with pytest.raises(InputError, match="all 8 labelled clips are of the same words"):
            cross_validated(catalogue, 3)


def test_facts_tell_what_a_clip_is_and_lacks() -> None:
    empty = dict.fromkeys([*CLIP_FIELDS, "title_text", "description_text", "subtitles_text"])
    clips = [
        empty | {"yt_reel_id": "a", "reel_name": "Маша 2", "cartoon": "none", "yt_channel_type": "Детские"},
        empty
        | {"yt_reel_id": "b", "description": "Hello", "seconds": 3.0, "yt_channel_id": "UC", "language": "spanish"},
    ]
    facts = facts_of(EncodedClips(clips, {}))
    assert facts["language"].tolist() == ["cyrillic", "spanish"]
    assert facts["missing"].tolist() == ["description, duration, channel", "title"]
    assert facts["channel_type"].tolist() == ["Детские", None]


def test_the_script_is_that_of_most_letters() -> None:
    assert main_script(["Hello Маша и медведь"]) == "cyrillic"
    assert main_script(["ポケモン"]) == "japanese"
    assert main_script(["!!", "مرحبا"]) == "arabic"
    assert main_script(["12", None]) == "no letters"
