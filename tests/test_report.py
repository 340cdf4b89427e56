"""The page shows what was scored, escapes hostile titles, loads nothing, and a browser finds its plots and no error."""

import re
import shutil
import warnings
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest

from smf_embed.clips import CLIP_FIELDS
from smf_embed.encoded_clips import EncodedClips
from smf_embed.evaluation import evaluate
from smf_embed.judging import Judged

pytest.importorskip("matplotlib", reason="needs the extra: pip install 'smf-embed[report]'")
pytest.importorskip("jinja2", reason="needs the extra: pip install 'smf-embed[report]'")

from smf_embed.plot_names import PlotNames
from smf_embed.report import worst_mistakes, write_report
from smf_embed.report_plots import LIGHT, Map, _map

HOSTILE = "</div><script>alert('x')</script><img src=http://example.org/a.png onerror=alert(1)> & \"$x^2$\""
PLOTS = ["f1-by-size", "reliability", "precision-recall", "confusions", "map"]


def judged(n: int = 300) -> Judged:
    """Decisions of two projects and none, one of which has a hostile name, as have its clips."""
    rng = np.random.default_rng(0)
    names = np.array(["none", "Буба", "<b>Лунтик $1$</b>"], dtype=object)
    label = names[rng.choice(3, n, p=[0.6, 0.2, 0.2])]
    said = np.where(rng.random(n) < 0.85, label, names[rng.choice(3, n)])
    table = pd.DataFrame(
        {
            "yt_reel_id": [f"id{row:03}" for row in range(n)],
            "cartoon": said,
            "confidence": rng.random(n).round(4),
            "runner_up": np.where(said == "none", "Буба", "none"),
            "runner_up_confidence": 0.2,
            "why": "the title names <i>it</i>",
            "label": label,
            "title": [HOSTILE] * n,
            "near_duplicates": np.arange(n),
            "language": HOSTILE,
            "channel_type": "Детские",
            "missing": "",
        }
    )
    return Judged(table, {"none": 500, "Буба": 30, "<b>Лунтик $1$</b>": 8}, HOSTILE)


def labelled(n: int = 60) -> EncodedClips:
    names = ["none", "Буба", "<b>Лунтик $1$</b>"]
    clips = [dict.fromkeys(CLIP_FIELDS) | {"yt_reel_id": f"c{row}", "cartoon": names[row % 3]} for row in range(n)]
    return EncodedClips(clips, {"title": np.random.default_rng(0).normal(size=(n, 8)).astype(np.float32)})


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """A report of made-up decisions; the plots beside it as files."""
    folder = tmp_path_factory.mktemp("report")
    made = judged()
    assert (
        write_report(folder / "report.html", made, evaluate(made, resamples=30), labelled(), folder / "plots") == PLOTS
    )
    return folder / "report.html"


class Reader(HTMLParser):
    """Tags with their attributes, and the visible text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.shown: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.shown.append(data)


def test_titles_are_text_and_never_markup(page) -> None:
    read = Reader(page.read_text(encoding="utf-8"))
    assert not {"script", "i", "iframe", "object"} & {tag for tag, _ in read.tags}
    assert [attrs["href"] for tag, attrs in read.tags if tag == "link"] == ["data:,"]
    assert not any(name.startswith("on") for _, attrs in read.tags for name in attrs)
    assert HOSTILE in "".join(read.shown)
    assert "the title names <i>it</i>" in "".join(read.shown)


def test_nothing_is_loaded_from_elsewhere(page) -> None:
    for tag, attrs in Reader(page.read_text(encoding="utf-8")).tags:
        for name in ("src", "srcset", "href", "data", "action"):
            if attrs.get(name):
                assert attrs[name].startswith("data:"), tag


def test_the_page_has_each_plot_in_light_and_dark_and_the_scores(page) -> None:
    text = page.read_text(encoding="utf-8")
    tags = Reader(text).tags
    pictures = [attrs for tag, attrs in tags if tag in ("img", "source")]
    assert len(pictures) == 2 * len(PLOTS)
    assert len({attrs.get("src") or attrs.get("srcset") for attrs in pictures}) == 2 * len(PLOTS)
    assert f"{evaluate(judged(), resamples=0)['macro_f1']:.4f}" in text
    assert [file.stem for file in sorted((page.parent / "plots").iterdir())] == sorted(PLOTS)


def test_the_most_confident_mistakes_come_first(page) -> None:
    made = judged().table
    wrong = made[made["label"] != made["cartoon"]].sort_values("confidence", ascending=False)
    assert worst_mistakes(made)["yt_reel_id"].tolist() == wrong["yt_reel_id"].head(20).tolist()
    assert re.findall(r'<span class="dim">(id\d+)</span>', page.read_text(encoding="utf-8")) == (
        wrong["yt_reel_id"].head(20).tolist()
    )


STRANGE = ["_begins", "Буба 🎉", "名探偵コナン", "ماشا والدب", "한글 $5$", "🎉🎉"]


@pytest.mark.slow
def test_names_of_any_letters_are_readable_in_plots_and_warn_of_nothing(tmp_path, capfd) -> None:
    made = judged()
    rng = np.random.default_rng(1)
    table = made.table.assign(
        label=rng.choice(["none", *STRANGE], len(made.table)), cartoon=rng.choice(["none", *STRANGE], len(made.table))
    )
    strange = Judged(table, dict.fromkeys(STRANGE, 20), "strange")
    clips = labelled()
    for row, clip in enumerate(clips.clips):
        clip["cartoon"] = STRANGE[row % len(STRANGE)]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        drawn = write_report(tmp_path / "r.html", strange, evaluate(strange, resamples=0), clips)
    assert drawn == PLOTS
    assert capfd.readouterr().err == ""
    told = re.search(r'id="numbered">(.*?)</p>', (tmp_path / "r.html").read_text(encoding="utf-8"), re.DOTALL)
    assert told is not None
    named = dict(re.findall(r"(no\. \d) <bdi>(.*?)</bdi>", told[1]))
    assert set(named.values()) == {"名探偵コナン", "ماشا والدب", "한글 $5$", "🎉🎉"}
    assert set(named) == {"no. 1", "no. 2", "no. 3", "no. 4"}


def test_a_legend_holds_every_project_of_the_map() -> None:
    names = PlotNames()
    labels = np.array(["none", *STRANGE] * 3, dtype=object)
    figure = _map(Map(np.arange(2.0 * len(labels)).reshape(-1, 2), labels), LIGHT, names)
    legend = figure.axes[0].get_legend()
    assert len(legend.get_texts()) == len(STRANGE) + 1
    assert [text.get_text().strip() for text in legend.get_texts()][1:4] == ["_begins", "Буба", "no. 1"]


def test_names_are_shortened_and_begin_no_formula() -> None:
    assert PlotNames().shown("Маша и медведь") == "Маша и медведь"
    assert PlotNames().shown("$x$") == r"\$x\$"
    assert PlotNames().shown("Б" * 40) == "Б" * 25 + "…"


def test_a_report_of_nothing_but_right_decisions_can_be_written(tmp_path) -> None:
    made = judged()
    table = made.table.assign(cartoon=made.table["label"])
    right = Judged(table, made.sizes, "all right")
    drawn = write_report(tmp_path / "r.html", right, evaluate(right, resamples=0), labelled(3))
    assert drawn == ["f1-by-size", "reliability", "precision-recall"]
    assert "There is none." in (tmp_path / "r.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_browser_shows_every_plot_without_an_error(page, scheme) -> None:
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: smf-embed[dev]")
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        pytest.skip("no Chromium is installed: apt-get install chromium")
    problems = []
    with playwright.sync_playwright() as browsers:
        browser = browsers.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        tab = browser.new_page(viewport={"width": 1180, "height": 900}, color_scheme=scheme)
        tab.on("console", lambda message: problems.append(message.text))
        tab.on("pageerror", lambda error: problems.append(str(error)))
        tab.on("dialog", lambda dialog: problems.append(dialog.message))
        tab.on(
            "request", lambda request: None if request.url[:5] in ("file:", "data:") else problems.append(request.url)
        )
        tab.goto(page.as_uri())
        images = tab.evaluate("[...document.images].map(i => [i.complete, i.naturalWidth, i.currentSrc.length])")
        background = tab.evaluate("getComputedStyle(document.body).backgroundColor")
        overflow = tab.evaluate("document.documentElement.scrollWidth - innerWidth")
        browser.close()
    assert problems == []
    assert len(images) == len(PLOTS)
    assert all(complete and width > 300 for complete, width, _ in images)
    assert (sum(map(int, re.findall(r"\d+", background)[:3])) < 200) == (scheme == "dark")
    assert overflow <= 0


@pytest.mark.slow
def test_report_through_the_command_line_tells_the_folds_and_the_evidence(run, fitted, tmp_path, train) -> None:
    wrong = train.loc[train["cartoon"] == "Буба", "yt_reel_id"].iloc[0]
    assert run("label", wrong, "Фиксики", "--catalogue", fitted)[0] == 0
    assert run("fit", "--catalogue", fitted)[0] == 0
    words = ["-o", tmp_path / "r.html", "--resamples", "20", "--catalogue", fitted]
    code, out, _ = run("report", *words, "--plots", tmp_path / "plots")
    assert code == 0
    assert "5 plots. Written to" in out
    text = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert wrong in text
    assert "nearest title" in text
    assert run("report", "-o", tmp_path / "r.txt", "--catalogue", fitted)[0] == 2


def test_evaluate_takes_one_source_and_prints_all_tables(run, fitted) -> None:
    code, out, _ = run("evaluate", "--catalogue", fitted, "--resamples", "20")
    assert code == 0
    for words in (
        "folds of the fit",
        "95 % interval",
        "recall at 95 % precision",
        "channel type",
        "the worst projects",
    ):
        assert words in out
    for words in (["x.csv", "--folds", "3"], ["--folds", "3", "--after", "2024-01-01"], ["--after", "soon"]):
        code, out, err = run("evaluate", *words, "--catalogue", fitted)
        assert (code, out) == (2, "")
        assert err.count("\n") == 1
