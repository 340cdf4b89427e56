"""Tables fit the screen with all their columns, and a file that cannot be written is refused before any work."""

import os

import pytest
from rich.cells import cell_len

from smf_embed.console import check_writable, print_table
from smf_embed.errors import InputError

HEADER = ["group", "project", "what", "for example"]
ROW = ["Буба… / Лунтик…", "Кошечки собачки и их друзья", "длинное объяснение " * 6, "名探偵コナン " * 12]


@pytest.fixture
def screen(monkeypatch, capsys):
    """Print a table on a terminal of so many columns; returns its lines."""

    def lines(width: int, header: list[str], rows: list[list[str]]) -> list[str]:
        monkeypatch.setenv("FORCE_COLOR", "1")
        monkeypatch.setenv("COLUMNS", str(width))
        monkeypatch.setenv("NO_COLOR", "1")
        print_table(header, rows)
        return [part.replace("\x1b[1m", "").replace("\x1b[0m", "") for part in capsys.readouterr().out.splitlines()]

    return lines


@pytest.mark.parametrize("width", [80, 60])
def test_every_header_and_short_cell_is_printed_however_narrow_the_screen(screen, width) -> None:
    lines = screen(width, HEADER, [ROW, ["a", "Буба", "kurz", "b"]])
    assert [name for name in HEADER if name not in lines[0]] == []
    assert lines[2].split() == ["a", "Буба", "kurz", "b"]
    assert len(lines) == 3
    assert max(map(cell_len, lines)) <= width
    assert lines[1].count("…") >= 3


def test_the_widest_column_gives_way_wherever_it_stands(screen) -> None:
    lines = screen(80, ["title", "score", "project"], [["слово " * 40, "0.512", "Маша и медведь"]])
    assert lines[1].startswith("слово слово")
    assert lines[1].split()[-4:] == ["0.512", "Маша", "и", "медведь"]
    assert "…" in lines[1]


def test_headers_that_do_not_fit_are_printed_all_the_same(screen) -> None:
    header = [f"header {number}" for number in range(12)]
    assert screen(40, header, [["x"] * 12])[0].split() == " ".join(header).split()


def test_two_columns_may_have_one_name(screen) -> None:
    assert screen(80, ["", ""], [["long enough", "b"]]) == [" " * 14, "long enough  b"]


@pytest.mark.parametrize(
    "words",
    [
        ["report", "-o", "{}/r.html"],
        ["report", "-o", "r.html", "--plots", "{}/plots"],
        ["audit", "-o", "{}/s.csv"],
        ["predict", "t.csv", "-o", "{}/d.csv"],
        ["predict", "t.csv", "--rejected", "{}/d.csv"],
        ["evaluate", "t.csv", "--rejected", "{}/d.csv"],
    ],
)
def test_a_file_that_cannot_be_written_is_refused_before_the_work(run, tmp_path, words) -> None:
    # there is no catalogue: whatever looks at it first complains of that
    (tmp_path / "file").write_text("mine", encoding="utf-8")
    words = [word.replace("{}", str(tmp_path / "file")) for word in words]
    code, out, err = run(*words, "--catalogue", tmp_path / "none")
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert "cannot be written" in err
    assert f"{tmp_path / 'file'} is a file" in err
    assert (tmp_path / "file").read_text(encoding="utf-8") == "mine"


def test_a_folder_is_no_file_and_one_that_is_not_there_yet_is_made_later(tmp_path) -> None:
    with pytest.raises(InputError, match="is a folder"):
        check_writable(tmp_path)
    check_writable(tmp_path / "new" / "newer" / "s.csv")
    check_writable(None)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="the superuser may write anywhere")
def test_a_folder_without_permission_is_refused(tmp_path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(InputError, match="no permission"):
        check_writable(tmp_path / "s.csv")
