"""Texts are prepared with what the catalogue has learned, and stored clips keep the texts they were prepared with."""

import json
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from smf_embed import Catalogue
from smf_embed.cli import app
from smf_embed.clip_tables import iter_clips

BLURB = "Подпишись на канал и не пропусти новые серии!"


def table(rows: list[tuple[str, str, str | None]], channel: str = "канал") -> pd.DataFrame:
    """Rows of id, title, description."""
    return pd.DataFrame(
        {
            "yt_reel_id": [row[0] for row in rows],
            "reel_name": [row[1] for row in rows],
            "text": [f"[{row[1]}] {row[2]}" if row[2] else None for row in rows],
            "cartoon": "Лунтик",
            "yt_channel_id": channel,
        }
    )


def corpus() -> pd.DataFrame:
    stories = ["ёж спит", "лиса поёт", "заяц рад", "волк бежит", "мышь шуршит", "крот копает", "сова ухает"]
    return table([(f"id{row}", f"Лунтик и {story}", f"Сегодня {story}. {BLURB}") for row, story in enumerate(stories)])


@pytest.fixture
def catalogue(tmp_path: Path):
    with Catalogue(tmp_path / "index", create=True) as made:
        made.learn(iter_clips(corpus()))
        made.add(iter_clips(corpus()))
        yield made


def texts(catalogue: Catalogue, identifier: str) -> dict[str, str]:
    clips = catalogue.stored([identifier])
    return {field: column[0] for field, column in clips.texts.items()}


def test_the_first_clip_of_a_table_profits_from_the_last(catalogue: Catalogue) -> None:
    assert texts(catalogue, "id0")["title"] == "лунтик и ёж спит"
    assert texts(catalogue, "id0")["description"] == "сегодня ёж спит."
    assert texts(catalogue, "id6")["description"] == "сегодня сова ухает."


def test_the_raw_description_is_kept(catalogue: Catalogue) -> None:
    assert catalogue.clips(["id0"])[0]["description"].endswith(BLURB)


def test_a_misspelt_name_is_corrected_and_the_correction_is_kept(catalogue: Catalogue) -> None:
    catalogue.add(iter_clips(table([("typo", "Лунтки и дождь", None)])))
    clip = catalogue.clips(["typo"])[0]
    assert clip["reel_name"] == "Лунтки и дождь"
    assert texts(catalogue, "typo")["title"] == "лунтик и дождь"
    [[start, before, after, reason]] = json.loads(clip["corrections"])
    assert (start, before, after) == (0, "лунтки", "лунтик")
    assert reason


def test_a_stored_clip_keeps_its_prepared_texts_when_only_its_label_changes(catalogue: Catalogue) -> None:
    catalogue.add(iter_clips(table([("typo", "Лунтки и дождь", None)])))
    before = texts(catalogue, "typo")
    relabelled = table([("typo", "Лунтки и дождь", None)]).assign(cartoon="none")
    report = catalogue.add(iter_clips(relabelled))
    assert (report.updated, report.encoded_texts) == (1, 0)
    assert texts(catalogue, "typo") == before


def test_what_was_learned_is_read_again(catalogue: Catalogue, tmp_path: Path) -> None:
    with Catalogue(tmp_path / "index") as reopened:
        assert list(reopened.preparation.words.to_rows()) == list(catalogue.preparation.words.to_rows())
        assert sorted(reopened.preparation.boilerplate.to_rows()) == sorted(catalogue.preparation.boilerplate.to_rows())


def test_adding_a_table_again_learns_nothing_twice(catalogue: Catalogue) -> None:
    before = list(catalogue.preparation.words.to_rows())
    catalogue.learn(iter_clips(corpus()))
    catalogue.add(iter_clips(corpus()))
    assert list(catalogue.preparation.words.to_rows()) == before


def test_clean_shows_every_change_with_its_reason(catalogue: Catalogue) -> None:
    result = CliRunner().invoke(app, ["clean", "Лунтки 😂 и дождь", "--json", "--catalogue", str(catalogue.folder)])
    shown = json.loads(result.stdout)
    assert shown["raw"] == "Лунтки 😂 и дождь"
    assert shown["prepared"] == "лунтик и дождь"
    assert [change["before"] for change in shown["changes"]] == ["лунтки"]
    assert shown["changes"][0]["reason"]


def test_clean_of_a_table_shows_the_clips_that_changed(catalogue: Catalogue, tmp_path: Path) -> None:
    path = tmp_path / "new.csv"
    table([("a", "Лунтки и дождь", None), ("b", "Лунтик и гром", None)]).to_csv(path, index=False)
    result = CliRunner().invoke(app, ["clean", str(path), "--json", "--catalogue", str(catalogue.folder)])
    assert [json.loads(line)["yt_reel_id"] for line in result.stdout.splitlines()] == ["a"]


def test_lexicon_commands_add_list_import_and_remove(catalogue: Catalogue, tmp_path: Path) -> None:
    def run(*words: str) -> str:
        result = CliRunner().invoke(app, ["lexicon", *words, "--catalogue", str(catalogue.folder)])
        assert result.exit_code == 0, result.output
        return result.stdout

    run("add", "Дядя Фёдор", "Простоквашино")
    rules = tmp_path / "rules.csv"
    rules.write_bytes("\ufeffkey;project;channel\r\nпростоквашин;Простоквашино;any\r\n;пусто;any\r\n".encode())
    assert run("import", str(rules)).startswith("1 aliases added, 1 rows rejected; the lexicon holds 2")
    keys = {json.loads(line)["key"] for line in run("list", "--json").splitlines()}
    assert keys == {"дядя федор", "простоквашин"}
    run("remove", "дядя федор")
    assert [entry.key for entry in catalogue.lexicon().entries] == ["простоквашин"]
    assert "дядя федор" not in run("list")


@pytest.mark.slow
def test_subtitles_of_a_folder_are_a_third_field_that_decides(tmp_path: Path) -> None:
    folder, index = tmp_path / "subtitles", str(tmp_path / "index")
    folder.mkdir()
    words = {"Буба": "буба ест кашу и гуляет", "none": "сегодня на рынке выросли цены"}
    rows = []
    for number in range(60):
        label = "Буба" if number % 3 == 0 else "none"
        rows.append({"yt_reel_id": f"clip{number}", "reel_name": f"Выпуск {number}", "cartoon": label})
        cue = f"WEBVTT\n\n00:00:01.000 --> 00:00:04.000\n{words[label]} номер {number}\n"
        (folder / f"clip{number}.ru.vtt").write_text(cue, encoding="utf-8")
    (folder / "clip1.ru.srt").write_bytes(b"")
    train, new = tmp_path / "train.csv", tmp_path / "new.csv"
    pd.DataFrame(rows[:48]).to_csv(train, index=False)
    pd.DataFrame(rows[48:]).drop(columns="cartoon").to_csv(new, index=False)

    def run(*words: str) -> str:
        result = CliRunner().invoke(app, [*words, "--catalogue", index])
        assert result.exit_code == 0, result.output
        return result.stdout

    summary = json.loads(run("add", str(train), "--subtitles", str(folder), "--json"))
    assert summary["added"] == 48
    run("fit")
    decided = [json.loads(line) for line in run("predict", str(new), "--subtitles", str(folder), "--json").splitlines()]
    assert [line["cartoon"] for line in decided] == [row["cartoon"] for row in rows[48:]]
    without = [json.loads(line) for line in run("predict", str(new), "--json").splitlines()]
    assert [line["cartoon"] for line in without] != [row["cartoon"] for row in rows[48:]]


def test_a_narrow_table_erases_nothing(tmp_path: Path) -> None:
    whole = table([("a", "Лунтик и дождь", "Сегодня дождь.")]).assign(seconds=60.0, subtitles="кап кап")
    with Catalogue(tmp_path / "index", create=True) as catalogue:
        catalogue.add(iter_clips(whole))
        report = catalogue.add(iter_clips(pd.DataFrame({"yt_reel_id": ["a"], "reel_name": ["Лунтик и дождь"]})))
        assert report.encoded_texts == 0
        catalogue.add(iter_clips(whole.assign(seconds=None)[["yt_reel_id", "reel_name", "seconds"]]))
        catalogue.add(iter_clips(pd.DataFrame({"yt_reel_id": ["a"], "text": ["Сегодня дождь."]})))
        clip = catalogue.clips(["a"])[0]
        assert clip["reel_name"] == "Лунтик и дождь"
        catalogue.add(iter_clips(pd.DataFrame({"yt_reel_id": ["a"], "text": ["[Лунтик и гром] Сегодня дождь."]})))
        assert catalogue.clips(["a"])[0]["reel_name"] == "Лунтик и гром"
        catalogue.add(iter_clips(pd.DataFrame({"yt_reel_id": ["a", "b"], "text": [None, "[b]"]})))
        cleared = catalogue.clips(["a"])[0]
        assert cleared["reel_name"] is cleared["description"] is None  # an empty cell clears both
    assert clip["seconds"] is None  # an empty cell does clear
    assert (clip["description"], clip["subtitles"], clip["yt_channel_id"]) == ("Сегодня дождь.", "кап кап", "канал")


def test_a_failed_add_leaves_what_is_learned_as_it_is_on_disk(catalogue: Catalogue, monkeypatch) -> None:
    new = table([("new", "Лунтик и гроза", f"Сегодня гроза. {BLURB}")])

    def full(*_: object) -> None:
        raise OSError("no space left")

    with monkeypatch.context() as patch:
        patch.setattr(catalogue, "put_label", full)
        with pytest.raises(OSError, match="no space"):
            catalogue.add(iter_clips(new))
    catalogue.add(iter_clips(new))
    with Catalogue(catalogue.folder) as reopened:
        assert sorted(reopened.preparation.boilerplate.to_rows()) == sorted(catalogue.preparation.boilerplate.to_rows())
        assert reopened.preparation.words.count("гроза") == catalogue.preparation.words.count("гроза") == 1
