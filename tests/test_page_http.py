"""What the pages answer without a browser: who is let in, what other sites may send, errors, tables, the report."""

import shutil
import time

import pytest

pytest.importorskip("fastapi", reason="the service is not installed: smf-embed[serve]")
pytest.importorskip("httpx2", reason="httpx2 is not installed: smf-embed[dev]")
from starlette.testclient import TestClient

from smf_embed.service.api import create_app
from smf_embed.service.desk import Desk
from smf_embed.service.settings import Settings

TOKEN = "a token of some length"
HERE = "http://localhost"


@pytest.fixture(scope="module")
def desk(fitted_folder, tmp_path_factory):
    with Desk(shutil.copytree(fitted_folder, tmp_path_factory.mktemp("desk") / "index"), timeout=120.0) as desk:
        yield desk


@pytest.fixture
def stranger(desk):
    """A browser that has not told its name yet."""
    with TestClient(create_app(desk, Settings()), base_url=HERE, headers={"Origin": HERE}) as client:
        yield client


@pytest.fixture
def client(stranger):
    assert stranger.post("/desk/welcome", data={"who": "Анна"}, follow_redirects=False).status_code == 303
    return stranger


@pytest.fixture
def identifier(train):
    return train.loc[train["cartoon"] == "Буба", "yt_reel_id"].iloc[0]


def done(client, job, seconds=300.0):
    """Wait for a job."""
    until = time.monotonic() + seconds
    while (state := client.get(f"/desk/jobs/{job.key}").json())["running"]:
        assert time.monotonic() < until
        time.sleep(0.1)
    return state


def test_whoever_comes_first_is_asked_for_the_name_and_then_goes_where_they_wanted(stranger, identifier) -> None:
    first = stranger.get(f"/desk/clip?id={identifier}", follow_redirects=False)
    assert first.headers["location"].startswith("/desk/welcome?back=%2Fdesk%2Fclip")
    assert (
        stranger.post("/desk/label", data={"id": identifier}, follow_redirects=False)
        .headers["location"]
        .startswith("/desk/welcome")
    )
    entered = stranger.post(
        "/desk/welcome", data={"who": "  Анна \u202e\n", "back": f"/desk/clip?id={identifier}"}, follow_redirects=False
    )
    assert entered.headers["location"] == f"/desk/clip?id={identifier}"
    page = stranger.get(entered.headers["location"])
    assert page.status_code == 200
    assert "<bdi>Анна</bdi>" in page.text


def test_with_a_token_only_those_who_know_it_are_let_in(desk, identifier) -> None:
    with TestClient(create_app(desk, Settings(token=TOKEN)), base_url=HERE, headers={"Origin": HERE}) as client:
        assert client.get("/desk", headers={"Accept": "text/html"}, follow_redirects=False).status_code == 303
        assert 'type="password"' in client.get("/desk/welcome").text
        wrong = client.post("/desk/welcome", data={"who": "Анна", "token": "another"}, follow_redirects=False)
        assert wrong.status_code == 403
        assert "not the token" in wrong.text
        assert client.get("/desk", follow_redirects=False).status_code in (303, 401)
        right = client.post("/desk/welcome", data={"who": "Анна", "token": TOKEN}, follow_redirects=False)
        cookies = right.headers.get_list("set-cookie")
        assert len(cookies) == 2
        assert all("HttpOnly" in cookie and "SameSite=lax" in cookie for cookie in cookies)
        assert TOKEN not in "".join(cookies)
        assert client.get("/desk").status_code == 200


@pytest.mark.parametrize(
    "headers", [{"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}]
)
def test_what_another_site_sends_changes_nothing(client, desk, identifier, headers) -> None:
    answer = client.post("/desk/label", data={"id": identifier, "project": "none"}, headers=headers)
    assert answer.status_code == 403
    assert desk.clip(identifier)["project"] == "Буба"


@pytest.mark.slow
def test_every_page_tells_browsers_to_run_nothing_but_its_own_script(client, identifier) -> None:
    for path in ("/desk", f"/desk/clip?id={identifier}", "/desk/clip?id=nothing", "/desk/labels", "/desk/projects"):
        answer = client.get(path)
        policy = answer.headers["content-security-policy"]
        assert "default-src 'self'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert " style=" not in answer.text
        assert "<style" not in answer.text


@pytest.mark.parametrize(("language", "words"), [("en", "no such page or clip"), ("ru", "страницы или ролика нет")])
def test_errors_are_pages_in_the_language_of_the_reader(client, language, words) -> None:
    for path in ("/desk/clip?id=nothing", "/desk/clip", "/desk/static/pages.py", "/desk/jobs/nothing"):
        answer = client.get(path, headers={"Accept-Language": language})
        assert answer.status_code == 404
        assert words in answer.text


def test_the_export_tells_who_gave_which_label(client, desk, identifier) -> None:
    client.post("/desk/label", data={"id": identifier, "project": "Лунтик"})
    table = client.get("/desk/labels.csv")
    assert table.headers["content-disposition"] == 'attachment; filename="labels.csv"'
    lines = table.content.decode("utf-8-sig").splitlines()
    assert lines[0] == "at,person,source,yt_reel_id,cartoon,was"
    assert lines[-1].endswith(f",Анна,person,{identifier},Лунтик,Буба")
    client.post("/desk/undo", data={})
    assert desk.clip(identifier)["project"] == "Буба"


@pytest.mark.parametrize("name", ["table.txt", "table", "../../table.csv.exe", ""])
def test_a_file_of_another_kind_is_refused(client, name) -> None:
    assert client.post("/desk/import", files={"file": (name, b"x")}).status_code == 422


def test_a_table_that_cannot_be_read_is_told_by_its_own_name(client) -> None:
    client.post("/desk/import", files={"file": ("broken.parquet", b"no parquet")})
    job = client.app.state.jobs.newest("import")
    done(client, job)
    page = client.get(f"/desk/import?job={job.key}").text
    assert "broken.parquet" in page
    assert str(client.app.state.page_files) not in page + job.error


@pytest.mark.slow
def test_the_report_is_made_once_at_a_time_and_cannot_run_scripts(client) -> None:
    assert client.post("/desk/report").status_code == 200
    job = client.app.state.jobs.newest("report")
    assert client.post("/desk/import", files={"file": ("a.csv", b"yt_reel_id,reel_name\na,b\n")}).status_code == 429
    done(client, job)
    assert job.error == ""
    report = client.get("/desk/report.html")
    assert "smf-embed report" in report.text
    assert report.headers["content-security-policy"].startswith("default-src 'none'")
    assert "sandbox" in report.headers["content-security-policy"]
    assert report.headers["x-frame-options"] == "SAMEORIGIN"
    assert 'sandbox src="/desk/report.html"' in client.get("/desk/report").text
