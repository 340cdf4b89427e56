"""Reading tables: whatever is in them, good rows come through, bad ones are named with line and reason."""

import io
import sys
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smf_embed.clip_tables import iter_clips, read_clips
from smf_embed.clips import CLIP_FIELDS, MAX_TITLE, NUMBER_COLUMNS, TEXT_COLUMNS, split_text
from smf_embed.errors import InputError


@pytest.fixture
def read(tmp_path: Path):
    """Write bytes or text as a CSV file and read it."""

    def read(content: str | bytes, **columns: str):
        path = tmp_path / "clips.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return read_clips(path, columns)

    return read


def titles(table) -> dict[str, str]:
    names = table.clips["reel_name"]
    return dict(zip(table.clips["yt_reel_id"], names.astype(object).where(names.notna(), None), strict=True))


def rejected(table) -> list[tuple[int, str]]:
    return list(zip(table.rejected["line"], table.rejected["reason"], strict=True))


# ------------------------------------------------------------------------------------------------------------ formats


@pytest.mark.parametrize(
    "content",
    [
        "yt_reel_id,reel_name\na,Буба\nb,Кот\n".encode(),
        "\ufeffyt_reel_id,reel_name\na,Буба\nb,Кот\n".encode(),
        "yt_reel_id;reel_name\na;Буба\nb;Кот\n".encode(),
        "yt_reel_id\treel_name\na\tБуба\nb\tКот\n".encode(),
        "yt_reel_id|reel_name\na|Буба\nb|Кот\n".encode(),
        "yt_reel_id,reel_name\r\na,Буба\r\nb,Кот\r\n".encode(),
        "yt_reel_id,reel_name\ra,Буба\rb,Кот\r".encode(),
        "yt_reel_id,reel_name\na,Буба\nb,Кот".encode(),
        '"yt_reel_id","reel_name"\n"a","Буба"\n"b","Кот"\n'.encode(),
        " yt_reel_id , reel_name \na,Буба\n\n\nb,Кот\n\n".encode(),
        "yt_reel_id,reel_name\na,Буба\nb,Кот\n".encode("utf-16"),
        "\ufeffyt_reel_id;reel_name\r\na;Буба\r\nb;Кот\r\n".encode("utf-16-be"),
    ],
    ids=[
        *("plain", "BOM", "semicolons", "tabs", "bars", "CRLF", "CR", "no newline at the end", "quoted"),
        *("spaces and blank lines", "UTF-16", "UTF-16 big-endian"),
    ],
)
def test_csv_of_every_kind_is_read_alike(read, content):
    table = read(content)
    assert titles(table) == {"a": "Буба", "b": "Кот"}
    assert list(table.clips.columns) == list(CLIP_FIELDS)
    assert rejected(table) == []


def test_a_lone_carriage_return_is_part_of_the_text(read):
    assert titles(read("yt_reel_id,reel_name\na,Буба\rи кот\nb,Кот\n")) == {"a": "Буба и кот", "b": "Кот"}


def test_line_terminator_quirk_of_pandas_is_read_back(tmp_path):
    frame = pd.DataFrame({"yt_reel_id": ["a", "b"], "reel_name": ["one\rtwo", "three\r\nfour"]})
    frame.to_csv(tmp_path / "clips.csv", index=False, lineterminator="\n")
    assert titles(read_clips(tmp_path / "clips.csv")) == {"a": "one two", "b": "three\nfour"}


def test_quoted_text_may_have_line_breaks_delimiters_and_quotes(read):
    table = read('yt_reel_id,reel_name\na,"Буба, ""кот""\nи пёс"\nb,Кот\n')
    assert titles(table) == {"a": 'Буба, "кот"\nи пёс', "b": "Кот"}


def test_lines_are_right_after_texts_of_several_lines(read):
    table = read('yt_reel_id,reel_name\na,"1\n2\n3"\n,without an id\nb,"4\r\n5"\n,again\n')
    assert rejected(table) == [(5, "no yt_reel_id"), (8, "no yt_reel_id")]


def test_a_quote_that_is_never_closed_is_reported_with_the_lines_it_took(read):
    table = read('yt_reel_id,reel_name\na,Буба\nb,"Кот\nc,Пёс\nd,Лев\n')
    assert titles(table) == {"a": "Буба"}
    assert rejected(table) == [(3, "a quotation mark is not closed; lines 3 to 5 went into this row")]


def test_standard_input_is_read(monkeypatch):
    stdin = io.TextIOWrapper(io.BytesIO("yt_reel_id,reel_name\na,Буба\n".encode()))
    monkeypatch.setattr(sys, "stdin", stdin)
    assert titles(read_clips("-")) == {"a": "Буба"}


def test_parquet_is_read_by_what_it_holds_and_not_by_its_name(tmp_path):
    path = tmp_path / "clips.csv"
    pd.DataFrame({"yt_reel_id": ["a", "b"], "reel_name": ["Буба", None]}).to_parquet(path)
    assert titles(read_clips(path)) == {"a": "Буба", "b": None}


def test_a_table_is_read_in_batches_with_running_lines_and_progress(tmp_path):
    frame = pd.DataFrame({"yt_reel_id": [f"id{i}" for i in range(10)], "reel_name": "Буба"})
    frame.to_csv(tmp_path / "clips.csv", index=False)
    frame.to_parquet(tmp_path / "clips.parquet")
    for name, first in (("clips.csv", 2), ("clips.parquet", 1)):
        batches = list(iter_clips(tmp_path / name, batch_rows=4))
        assert [len(batch) for batch in batches] == [4, 4, 2]
        assert [clip["line"] for batch in batches for clip in batch.clips] == list(range(first, first + 10))
        assert batches[-1].progress == 1.0


# ------------------------------------------------------------------------------------------------------- tables refused


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "the file is empty"),
        ("\ufeff", "the first line is empty"),
        ("\n\n", "the first line is empty"),
        ("yt_reel_id,reel_name\n", "no rows"),
        ("yt_reel_id,reel_name\n\n\n", "no rows"),
        ("id,reel_name\na,b\n", "has no column yt_reel_id; its columns are id, reel_name"),
        ("yt_reel_id,title\na,b\n", "neither reel_name nor text"),
        ("yt_reel_id,reel_name,reel_name\na,b,c\n", "2 columns 'reel_name'"),
        (b"PK\x03\x04\x14\x00\x06\x00", "neither a CSV nor a Parquet file"),
        (b"PAR1 and no more", "the Parquet file is damaged"),
    ],
)
def test_a_table_that_cannot_be_used_is_refused_in_one_line(read, tmp_path, content, message):
    with pytest.raises(InputError, match=message) as caught:
        read(content)
    assert str(tmp_path / "clips.csv") in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


def test_no_such_file_and_a_folder_are_refused(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        read_clips(tmp_path / "clips.csv")
    with pytest.raises(InputError, match="is a folder"):
        read_clips(tmp_path)


@pytest.mark.parametrize("share", [0.01, 0.3, 0.9, 0.999])
def test_a_truncated_parquet_file_is_refused(tmp_path, share):
    path = tmp_path / "clips.parquet"
    frame = pd.DataFrame({"yt_reel_id": [f"id{i}" for i in range(1000)], "reel_name": "Буба"})
    frame.to_parquet(path)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(InputError, match="damaged"):
        read_clips(path)


def test_a_parquet_file_without_rows_or_id_is_refused(tmp_path):
    pd.DataFrame({"yt_reel_id": pd.Series(dtype=str), "reel_name": []}).to_parquet(tmp_path / "none.parquet")
    with pytest.raises(InputError, match="no rows"):
        read_clips(tmp_path / "none.parquet")
    pd.DataFrame({"id": ["a"], "reel_name": ["b"]}).to_parquet(tmp_path / "id.parquet")
    with pytest.raises(InputError, match="no column yt_reel_id"):
        read_clips(tmp_path / "id.parquet")


def test_columns_of_other_names_are_read_by_mapping(read):
    table = read("id,title,reel_name\na,Буба,not this\n", yt_reel_id="id", reel_name="title")
    assert titles(table) == {"a": "Буба"}


def test_a_mapping_must_name_columns_that_are_there(read):
    with pytest.raises(InputError, match="no column 'name' for reel_name; its columns are yt_reel_id, title"):
        read("yt_reel_id,title\na,b\n", reel_name="name")
    with pytest.raises(InputError, match="'label' is no column of the clip table"):
        read("yt_reel_id,title\na,b\n", label="title")


# ------------------------------------------------------------------------------------------------------- rows rejected


def test_invalid_utf8_rejects_its_row_alone(read):
    table = read(b"yt_reel_id,reel_name\na,one\nb,\xff\xfe\xd0\nc,three\n")
    assert titles(table) == {"a": "one", "c": "three"}
    assert rejected(table) == [(3, "reel_name is not valid UTF-8")]


def test_invalid_utf8_in_an_id_is_reported_readably(read):
    table = read(b"yt_reel_id,reel_name\n\xff\xfeb,one\nc,three\n")
    assert rejected(table) == [(2, "yt_reel_id is not valid UTF-8")]
    table.rejected["id"].iloc[0].encode()


@pytest.mark.parametrize(
    "kind",
    [
        lambda texts: texts.view(pa.string()),
        lambda texts: texts.cast(pa.large_binary()).view(pa.large_string()),
    ],
    ids=["string", "large"],
)
def test_invalid_utf8_in_parquet_rejects_its_row_alone(tmp_path, kind):
    names = kind(pa.array([b"one", b"\xff\xfe", "три".encode(), b"None"], pa.binary()))
    path = tmp_path / "clips.parquet"
    pq.write_table(pa.table({"yt_reel_id": ["a", "b", "c", "d"], "reel_name": names, "cartoon": names}), path)
    table = read_clips(path)
    assert titles(table) == {"a": "one", "c": "три", "d": "None"}
    assert table.clips["cartoon"].tolist() == ["one", "три", "none"]
    assert rejected(table) == [(2, "reel_name is not valid UTF-8")]


def test_a_cell_that_holds_several_values_rejects_its_row(tmp_path):
    path = tmp_path / "clips.parquet"
    lists = {"yt_reel_id": ["a", "b"], "reel_name": ["one", "два"], "text": [["x", "y"], None], "seconds": [1.0, 2.0]}
    pd.DataFrame(lists).to_parquet(path)
    table = read_clips(path)
    assert titles(table) == {"b": "два"}
    ((line, told),) = rejected(table)
    assert line == 1
    assert told.startswith("text is of type ")
    assert "where a text belongs" in told


def test_a_title_of_a_megabyte_is_rejected_and_a_long_text_is_not(read):
    table = read(f"yt_reel_id,reel_name,text\na,{'ы' * 1_000_000},b\nb,Буба,{'слово ' * 100_000}\n")
    assert rejected(table) == [(2, "reel_name has 1,000,000 characters; at most 10,000 are taken")]
    assert len(table.clips["description"].iloc[0]) > 500_000


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (",title,", "no yt_reel_id"),
        ("nan,title,", "no yt_reel_id"),
        ("a b,title,", "yt_reel_id has white space"),
        ('"a\nb",title,', "yt_reel_id has white space"),
        ("a\x07,title,", "control characters"),
        (f"{'a' * 129},title,", "129 characters; at most 128"),
        ("a,title", "2 fields where the header has 3"),
        ("a", "1 fields where the header has 3"),
        ("a,title, and more,1", "4 fields where the header has 3; is a text with ',' unquoted?"),
    ],
)
def test_a_bad_row_is_rejected_and_the_next_one_is_read(read, row, reason):
    table = read(f"yt_reel_id,reel_name,seconds\n{row}\nz,Кот,1\n")
    assert titles(table) == {"z": "Кот"}
    ((line, told),) = rejected(table)
    assert line == 2
    assert reason in told


def test_of_a_repeated_id_the_last_row_counts_and_the_others_are_reported(read):
    table = read("yt_reel_id,reel_name\na,first\nb,Кот\na,second\na,third\n")
    assert titles(table) == {"b": "Кот", "a": "third"}
    assert rejected(table) == [
        (2, "the id comes again in line 4; the last row counts"),
        (4, "the id comes again in line 5; the last row counts"),
    ]


def test_every_row_is_either_a_clip_or_rejected(read):
    table = read("yt_reel_id,reel_name\na,1\na,2\n,3\nb,4,5\nc\nd,6\n")
    assert len(table.clips) + len(table.rejected) == 6


# --------------------------------------------------------------------------------------------------------------- cells


def test_numbers_and_gaps_in_text_columns_become_texts_and_none():
    frame = pd.DataFrame({"yt_reel_id": [1.0, 2.0, 3.0], "reel_name": [12.0, float("nan"), 1.5], "text": [1, 2, 3]})
    table = read_clips(frame)
    assert titles(table) == {"1": "12", "2": None, "3": "1.5"}
    assert table.clips["description"].tolist() == ["1", "2", "3"]


def test_numbers_as_titles_in_parquet_become_texts(tmp_path):
    path = tmp_path / "clips.parquet"
    pd.DataFrame({"yt_reel_id": [10, 11], "reel_name": [7.0, None], "is_shorts": [True, False]}).to_parquet(path)
    table = read_clips(path)
    assert titles(table) == {"10": "7", "11": None}
    assert table.clips["is_shorts"].tolist() == [1.0, 0.0]


def test_odd_values_of_pandas_are_read():
    frame = pd.DataFrame(
        {
            "yt_reel_id": ["a", "b", "c", "d"],
            "reel_name": [pd.NA, None, pd.NaT, "Буба"],
            "date": [pd.Timestamp("2024-05-01"), pd.NaT, pd.Timestamp("2024-05-01 10:30"), None],
            "seconds": [pd.NA, None, float("inf"), "12"],
        },
        dtype=object,
    )
    table = read_clips(frame)
    assert titles(table) == {"a": None, "b": None, "c": None, "d": "Буба"}
    assert table.clips["date"].dropna().tolist() == ["2024-05-01", "2024-05-01T10:30:00"]
    assert table.clips["seconds"].dropna().tolist() == [12.0]
    assert table.mended == {"seconds": 1}


def test_cells_that_are_no_numbers_are_missing_and_counted(read):
    cells = ["12", "12.5", "abc", "", "nan", "-1", "inf", "True", "no"]
    rows = "".join(f"id{i},Буба,{cell}\n" for i, cell in enumerate(cells))
    table = read("yt_reel_id,reel_name,seconds\n" + rows)
    seconds = [None if pd.isna(value) else value for value in table.clips["seconds"]]
    assert seconds == [12.0, 12.5, None, None, None, None, None, 1.0, 0.0]
    assert table.mended == {"seconds": 3}


@pytest.mark.parametrize("label", ["none", "None", "NONE", " none "])
def test_none_in_any_case_is_the_class_none(read, label):
    assert read(f"yt_reel_id,reel_name,cartoon\na,Буба,{label}\n").clips["cartoon"].tolist() == ["none"]


@pytest.mark.parametrize("label", ["", " ", "nan", "NaN", "NULL", "<NA>"])
def test_a_blank_label_is_no_label(read, label):
    clips = read(f"yt_reel_id,reel_name,cartoon\na,Буба,{label}\nb,Кот,x\n").clips
    assert clips["cartoon"].isna().tolist() == [True, False]


# ---------------------------------------------------------------------------------------------------- title and text


@pytest.mark.parametrize(
    ("title", "text", "expected"),
    [
        (None, "[Буба] Новая серия", ("Буба", "Новая серия")),
        (None, "[Буба [4K] серия] Смотрите", ("Буба [4K] серия", "Смотрите")),
        (None, "[Буба]", ("Буба", None)),
        (None, "[] Смотрите", (None, "Смотрите")),
        (None, "[Буба и вело", ("Буба и вело", None)),
        (None, "Смотрите [4K]", (None, "Смотрите [4K]")),
        (None, None, (None, None)),
        ("Буба", None, ("Буба", None)),
        ("Буба", "[Буба] Новая серия", ("Буба", "Новая серия")),
        ("Буба ]", "[Буба ]] Новая серия", ("Буба ]", "Новая серия")),
        ("Другое", "[Буба] Новая серия", ("Другое", "Новая серия")),
        ("Буба и велосипед", "[Буба и вело", ("Буба и велосипед", None)),
        ("Буба", "Новая серия", ("Буба", "Новая серия")),
    ],
)
def test_text_is_split_into_the_title_in_brackets_and_the_description(title, text, expected):
    assert split_text(title, text) == expected


def test_a_bracket_that_does_not_close_makes_no_title_longer_than_titles_may_be(read):
    clips = read(f"yt_reel_id,text\na,[{'слово ' * 100_000}\n").clips
    assert clips["reel_name"].isna().all()
    assert len(clips["description"].iloc[0]) > MAX_TITLE


@given(st.text(max_size=30) | st.none(), st.text(alphabet="[] aб", max_size=12))
def test_splitting_never_makes_up_text(title, text):
    head, description = split_text(title, text)
    assert description is None or description in text
    assert head is None or head == title or head in text


# ---------------------------------------------------------------------------------------------------------- round trip

printable = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Zl", "Zp")), max_size=20).map(str.strip)
blank = {"", "nan", "NaN", "NAN", "<NA>", "NULL", "null"}
rows = st.fixed_dictionaries(
    {column: printable | st.none() for column in TEXT_COLUMNS if column not in ("yt_reel_id", "text", "cartoon")}
    | {"text": printable.filter(lambda text: not text.startswith("[")) | st.none()}
    | {column: st.floats(0, 1e9) | st.none() for column in NUMBER_COLUMNS}
)


@pytest.mark.slow
@settings(max_examples=100, deadline=None)
@given(st.lists(rows, min_size=1, max_size=6), st.sampled_from([",", ";", "\t"]), st.sampled_from(["utf-8", "utf-16"]))
def test_any_table_of_printable_texts_is_read_back_the_same(tmp_path_factory, table, delimiter, encoding):
    path = tmp_path_factory.mktemp("round") / "clips.csv"
    frame = pd.DataFrame([{"yt_reel_id": f"id{number}", **row} for number, row in enumerate(table)])
    frame.to_csv(path, index=False, sep=delimiter, encoding=encoding)
    result = read_clips(path)
    assert result.rejected.empty
    for row, clip in zip(table, result.clips.to_dict("records"), strict=True):
        for column, value in row.items():
            got = clip["description" if column == "text" else column]
            got = None if pd.isna(got) else got
            if isinstance(value, str) and (value in blank or (value == "None" and column not in ("reel_name", "text"))):
                value = None
            assert got == value, column
