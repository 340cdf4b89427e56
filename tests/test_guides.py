"""The guides in English and in Russian say the same: their commands and links are equal."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAIRS = {"README.md": "README.ru.md", "docs/guide.md": "docs/guide.ru.md"}

pytestmark = pytest.mark.skipif(not (ROOT / "README.ru.md").exists(), reason="there are no documents here")


def fenced(path: str) -> list[str]:
    """Return what stands in fenced blocks, block by block."""
    text = (ROOT / path).read_text(encoding="utf-8")
    return [block.strip() for block in re.findall(r"^```\w*\n(.*?)^```$", text, flags=re.MULTILINE | re.DOTALL)]


def headings(path: str) -> list[int]:
    """Return the levels of the headings outside of fenced blocks."""
    text = re.sub(r"^```\w*\n.*?^```$", "", (ROOT / path).read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    return [len(marks) for marks in re.findall(r"^(#+) ", text, flags=re.MULTILINE)]


@pytest.mark.parametrize(("english", "russian"), PAIRS.items())
def test_both_languages_have_the_same_commands(english, russian) -> None:
    assert fenced(english)
    assert fenced(russian) == fenced(english)


@pytest.mark.parametrize(("english", "russian"), PAIRS.items())
def test_both_languages_have_the_same_parts(english, russian) -> None:
    assert headings(russian) == headings(english)


@pytest.mark.parametrize(("english", "russian"), PAIRS.items())
def test_tables_have_the_same_commands(english, russian) -> None:
    def commands(path):
        rows = re.findall(r"^\| (`smf-embed .*?) \|", (ROOT / path).read_text(encoding="utf-8"), flags=re.MULTILINE)
        return [re.findall(r"`([^`]+)`", row) for row in rows]

    assert commands(russian) == commands(english)


@pytest.mark.parametrize("path", [*PAIRS, *PAIRS.values()])
def test_links_to_files_lead_somewhere(path) -> None:
    links = re.findall(r"\]\(([^)#]+)\)", (ROOT / path).read_text(encoding="utf-8"))
    missing = [link for link in links if "//" not in link and not ((ROOT / path).parent / link).exists()]
    assert missing == []


@pytest.mark.parametrize("path", ["docs/guide.md", "README.md"])
def test_commands_of_the_guides_exist(path) -> None:
    import typer

    from smf_embed.cli import app

    known = set(typer.main.get_command(app).commands)
    blocks = "\n".join(fenced(path))
    used = set(re.findall(r"^(?:\S+=\S+ |\$ )?smf-embed (\w+)", blocks, flags=re.MULTILINE))
    assert used
    assert used <= known
