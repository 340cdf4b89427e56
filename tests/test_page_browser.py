"""The pages in a real browser: what an analyst does in a day, by mouse and by keyboard, and texts that mean harm."""

import base64
import re
import shutil
import socket
import threading
import time
from urllib.parse import urlencode

import pandas as pd
import pytest

pytest.importorskip("fastapi", reason="the service is not installed: smf-embed[serve]")
playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: smf-embed[dev]")
import uvicorn  # noqa: E402

from smf_embed.service.api import create_app  # noqa: E402
from smf_embed.service.desk import Desk  # noqa: E402
from smf_embed.service.settings import Settings  # noqa: E402

pytestmark = pytest.mark.slow

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
# a picture of one pixel, in place of those of the video site
PIXEL = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")
BARBOSKINS = ("Новый диван", "День рождения деда", "Гонка", "Роза и театр", "Дружок на льду", "Потерянный ключ")
SCRIPTS = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "{{ 7 * 7 }} ${7*7} </title><script>alert(2)</script>",
    "\u202egnihton si siht\u202e \u2067\u2066",
    "Z" + "\u0300\u0301\u0302" * 500 + " zalgo",
    "W" * 5000,
    "javascript:alert(3)",
)


@pytest.fixture(scope="module")
def desk(fitted_folder, tmp_path_factory):
    """A desk on a copy of the fitted catalogue, with clips that nobody has labelled."""
    folder = shutil.copytree(fitted_folder, tmp_path_factory.mktemp("desk") / "index")
    with Desk(folder, timeout=300.0) as desk:
        desk.classify([{"reel_name": "the encoder is loaded here"}])
        desk.add(
            [
                {"yt_reel_id": f"barbo00000{n}", "reel_name": f"Барбоскины. {title}"}
                for n, title in enumerate(BARBOSKINS)
            ]
        )
        desk.add([{"yt_reel_id": f"twoname{n:04}", "reel_name": f"Буба и Лунтик {n}"} for n in range(20)])
        yield desk


@pytest.fixture(scope="module")
def address(desk):
    """Where the desk is served."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = uvicorn.Server(uvicorn.Config(create_app(desk, Settings(port=port)), port=port, log_level="warning"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.05)
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join()


@pytest.fixture(scope="module")
def browser():
    if CHROMIUM is None:
        pytest.skip("no Chromium is installed: apt-get install chromium")
    with playwright.sync_playwright() as browsers:
        browser = browsers.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


class Tab:
    """A tab that notes whatever should not happen."""

    def __init__(self, browser, address, language="en", width=1280, pictures=True) -> None:
        self.address, self.problems = address, []
        self.context = browser.new_context(
            viewport={"width": width, "height": 800}, extra_http_headers={"Accept-Language": language}
        )
        answer = {"body": PIXEL, "content_type": "image/gif"}
        self.context.route(
            "https://i.ytimg.com/**", lambda route: route.fulfill(**answer) if pictures else route.abort()
        )
        self.context.add_init_script(
            "addEventListener('securitypolicyviolation', e => console.error('policy: ' + e.violatedDirective))"
        )
        self.page = self.context.new_page()
        self.page.set_default_timeout(60_000)
        self.page.on("console", lambda message: self.problems.append(message.text))
        self.page.on("pageerror", lambda error: self.problems.append(str(error)))
        self.page.on("dialog", lambda dialog: (self.problems.append(dialog.message), dialog.dismiss()))

    def enter(self, name="Анна"):
        """Tell the name, as the desk asks for at first."""
        self.page.goto(f"{self.address}/desk")
        self.page.fill("#who", name)
        self.page.keyboard.press("Enter")
        self.page.wait_for_url("**/desk")
        return self

    def go(self, path, **query):
        self.page.goto(f"{self.address}{path}" + (f"?{urlencode(query, doseq=True)}" if query else ""))
        return self

    def text(self, selector):
        return self.page.inner_text(selector)


@pytest.fixture
def tab(browser, address):
    """Someone who has entered; nothing may have gone wrong in the end."""
    tab = Tab(browser, address).enter()
    yield tab
    tab.context.close()
    assert tab.problems == []


def new_id(train, project, n=0):
    return train.loc[train["cartoon"] == project, "yt_reel_id"].iloc[n]


def test_a_pasted_link_shows_the_decision_and_its_evidence(tab, train) -> None:
    identifier = new_id(train, "Буба")
    tab.page.fill("#q", f"https://www.youtube.com/watch?v={identifier}&t=3")
    tab.page.keyboard.press("Enter")
    tab.page.wait_for_selector("#evidence")
    assert tab.text(".decided") == "Буба"
    reasons = tab.page.locator(".reasons li").all_inner_texts()
    assert any("The title names Буба" in reason for reason in reasons)
    assert tab.page.locator(".effects dt").count() > 1
    assert re.search(r"\d+%", tab.text(".meter b"))
    assert all("Буба" in near for near in tab.page.locator("[aria-labelledby=nearest] li").all_inner_texts()[:3])
    assert all(tab.page.evaluate("[...document.querySelectorAll('.thumb img')].map(image => image.naturalWidth > 0)"))


def test_a_correction_is_seen_by_the_neighbours_and_can_be_undone(tab, train) -> None:
    # the same title with another number at its end
    same = train[train["reel_name"].str.startswith("Фиксики. Магнит")]["yt_reel_id"].tolist()
    wrong, neighbour = same[0], same[1]

    def seen():
        tab.go("/desk/clip", id=neighbour)
        return tab.text(f"[aria-labelledby=nearest] a[href$='{wrong}']")

    assert seen().splitlines()[-2].strip() == "Фиксики"
    tab.go("/desk/clip", id=wrong)
    tab.page.fill("#other", "Лунтик")
    tab.page.keyboard.press("Enter")
    tab.page.wait_for_selector("[role=status]")
    assert "Лунтик" in tab.text("#label")
    assert "Анна" in tab.text("[aria-labelledby=history]")
    assert seen().splitlines()[-2].strip() == "Лунтик"
    tab.go("/desk/clip", id=wrong, done="label")
    tab.page.click("[role=status] button")
    tab.page.wait_for_url("**done=undo*")
    assert "Фиксики" in tab.text("#label")


def test_five_clips_teach_a_project_that_a_sixth_is_decided_to_be_of(tab) -> None:
    tab.go("/desk/clip", id="barbo000005")
    assert tab.text(".decided") != "Барбоскины"
    tab.go("/desk/teach")
    tab.page.fill("#project", "Барбоскины")
    tab.page.fill("#q", "Барбоскины")
    tab.page.keyboard.press("Enter")
    tab.page.wait_for_selector("#found")
    for n in range(5):
        tab.page.check(f"input[value=barbo00000{n}]")
    assert tab.text("[data-count]") == "Picked: 5"
    tab.page.fill("#q", "Барбоскины гонка")  # what is picked stays picked over another search
    tab.page.click("#search")
    tab.page.wait_for_selector("#picked")
    assert tab.text("[data-count]") == "Picked: 5"
    tab.page.click("#teach")
    tab.page.wait_for_url("**done=teach*")
    assert "Барбоскины is known now, from 5 clips" in tab.text("[role=status]")
    tab.go("/desk/clip", id="barbo000005")
    assert tab.text(".decided") == "Барбоскины"


def test_twenty_clips_are_reviewed_by_keys_alone(tab, desk) -> None:
    ids = [f"twoname{n:04}" for n in range(20)]
    tab.go("/desk/review", ids=ids)
    keys, at = tab.page.keyboard, 0

    def wait(at):
        tab.page.wait_for_function("at => document.body.innerText.includes(`Clip ${at} of 20`)", arg=at + 1)

    for key in ["1", "3", "4"] * 6:
        wait(at)
        keys.press(key)
        at += 1
    wait(at)
    keys.press("2")
    keys.type("Фиксики")
    keys.press("Enter")
    wait(at + 1)
    assert desk.clip(ids[18])["project"] == "Фиксики"
    keys.press("z")
    wait(at)
    assert desk.clip(ids[18])["project"] is None
    keys.press("2")
    keys.press("Escape")
    keys.press("3")
    wait(at + 1)
    keys.press("1")
    tab.page.wait_for_selector("#next")
    given = [desk.clip(one)["project"] for one in ids]
    assert given[1:18:3] == ["none"] * 6
    assert given[2:18:3] == [None] * 6
    assert set(given[0:18:3]) <= {"Буба", "Лунтик"}
    assert given[18] == "none"
    assert {row["person"] for row in desk.labels_log() if row["yt_reel_id"] in ids} == {"Анна"}


def test_all_that_are_near_are_labelled_after_a_preview(tab, desk) -> None:
    desk.add([{"yt_reel_id": f"crane0000{n:02}", "reel_name": f"Буба чинит кран {900 + n}"} for n in range(3)])
    tab.go("/desk/near", id="crane000000", project="Буба")
    tab.page.fill("#least", "0.6")
    before = tab.text("[data-count]")
    tab.page.locator("#slide").fill("1")
    assert tab.text("[data-count]") != before
    tab.page.locator("#slide").fill("0.75")
    assert tab.page.is_checked("input[value=crane000001]")
    assert desk.clip("crane000001")["project"] is None  # nothing happens before the button
    tab.page.click("button.main")
    tab.page.wait_for_url("**done=near*")
    assert [desk.clip(f"crane00000{n}")["project"] for n in range(3)] == ["Буба"] * 3


def test_a_new_name_is_taught_and_not_labelled_by_mistake(tab, desk) -> None:
    tab.go("/desk/clip", id="twoname0002")
    tab.page.fill("#other", "Бууба")
    tab.page.keyboard.press("Enter")
    tab.page.wait_for_url("**/desk/teach*")
    assert "no clip has this project yet" in tab.text("[role=status]")
    assert tab.page.is_checked("input[value=twoname0002]")
    assert desk.clip("twoname0002")["project"] is None


def test_a_table_is_imported_with_progress_and_its_bad_rows_can_be_had(tab, desk, tmp_path) -> None:
    rows = [{"yt_reel_id": f"import{n:05}", "reel_name": f"Пороро в лесу, день {n}"} for n in range(1500)]
    rows[7]["yt_reel_id"] = "two words"
    rows[8]["yt_reel_id"] = "=1+1 x"
    pd.DataFrame(rows).to_csv(tmp_path / "new.csv", index=False)
    shares = []
    tab.page.on("response", lambda answer: shares.append(answer) if "/desk/jobs/" in answer.url else None)
    tab.go("/desk/import")
    tab.page.set_input_files("#file", tmp_path / "new.csv")
    tab.page.click("main button.main")
    tab.page.wait_for_selector("#added", timeout=240_000)
    assert tab.text("#added") == "1,498"
    assert tab.text("#rejected") == "2"
    assert shares
    with tab.page.expect_download() as download:
        tab.page.click("a[download]")
    table = download.value.path().read_text(encoding="utf-8-sig").splitlines()
    assert [line.split(",")[1] for line in table[1:]] == ["two words", "'=1+1 x"]
    assert desk.clip("import00000") is not None


@pytest.mark.parametrize("width", [1280, 375])
def test_hostile_texts_do_no_harm(browser, address, desk, width) -> None:
    clips = [{"yt_reel_id": f"hostile00{width % 9}{n}", "reel_name": title, "text": f"x {title} " * 20,
              "yt_channel_name": title} for n, title in enumerate(SCRIPTS)]  # fmt: skip
    clips.append({"yt_reel_id": "<script>1</script>", "reel_name": "id", "text": "x" * 1_000_000})
    assert desk.add(clips)["rejected"] == 0
    desk.label([clips[0]["yt_reel_id"]], '<b onmouseover="alert(4)">&amp;\u202e', SCRIPTS[1])
    tab = Tab(browser, address, width=width).enter(SCRIPTS[0][:50])
    ids = [clip["yt_reel_id"] for clip in clips]
    paths = [("/desk/clip", {"id": one}) for one in ids]
    paths += [("/desk", {"q": title[:2000]}) for title in SCRIPTS]
    paths += [("/desk/near", {"id": ids[0], "project": SCRIPTS[0], "least": 0.4}), ("/desk/review", {"ids": ids})]
    paths += [
        ("/desk/projects", {}),
        ("/desk/labels", {}),
        ("/desk/teach", {"q": "alert", "project": SCRIPTS[1], "ids": ids}),
    ]
    for path, query in paths:
        tab.go(path, **query)
        assert tab.page.locator("main").count() == 1, path
        assert tab.page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, (path, query)
        assert (
            tab.page.evaluate("document.querySelectorAll('main script, main b[onmouseover], main img[src=x]').length")
            == 0
        )
    tab.context.close()
    assert tab.problems == []


def test_without_a_network_the_boxes_of_pictures_stay_empty(browser, address, train) -> None:
    tab = Tab(browser, address, pictures=False).enter()
    tab.go("/desk/clip", id=new_id(train, "Лунтик"))
    tab.page.wait_for_function("() => document.querySelectorAll('.thumb img').length === 0")
    assert tab.page.locator(".thumb").count() > 3
    tab.context.close()
    assert all("Failed to load resource" in problem for problem in tab.problems)


@pytest.mark.parametrize(
    ("language", "words"), [("ru-RU,ru;q=0.9,en;q=0.5", "Какой это проект?"), ("de", "Which project")]
)
def test_the_language_is_that_of_the_browser_until_another_is_chosen(browser, address, language, words) -> None:
    tab = Tab(browser, address, language).enter()
    assert words in tab.text("h1")
    tab.page.click(".who a[hreflang]")
    assert words not in tab.text("h1")
    tab.go("/desk")
    assert words not in tab.text("h1")
    assert tab.problems == []
    tab.context.close()


def test_whatever_has_the_focus_can_be_seen(tab, train) -> None:
    tab.go("/desk/clip", id=new_id(train, "Пороро"))
    seen = set()
    for _ in range(25):
        tab.page.keyboard.press("Tab")
        seen.add(
            tab.page.evaluate(
                "(() => { const s = getComputedStyle(document.activeElement);"
                "return [document.activeElement.tagName, s.outlineStyle, parseFloat(s.outlineWidth) >= 2].join() })()"
            )
        )
    assert {entry.split(",")[0] for entry in seen} >= {"A", "BUTTON", "INPUT"}
    assert all(entry.endswith("solid,true") for entry in seen if not entry.startswith("BODY"))
