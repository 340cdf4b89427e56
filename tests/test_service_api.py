"""The service over HTTP: limits, hostile requests, who may call, and answers that tell nothing of the server."""

import csv
import io
import json
from pathlib import Path

import pytest
from conftest import make_table
from service_helpers import encode_quickly
from starlette.testclient import TestClient

from smf_embed.catalogue import Catalogue
from smf_embed.clip_tables import iter_clips
from smf_embed.encoder import Encoder
from smf_embed.errors import CatalogueError, InputError
from smf_embed.service.answers import without_paths
from smf_embed.service.api import create_app
from smf_embed.service.desk import Desk
from smf_embed.service.security import TOKEN_COOKIE, proof
from smf_embed.service.settings import Settings
from smf_embed.service.waiting import Busy, Late

UNLABELLED = make_table(per_title=1, first=60).drop(columns="cartoon")
IDS = UNLABELLED["yt_reel_id"].tolist()
TOKEN = "a-token-of-the-tests-0123456789"
AS_JSON = {"content-type": "application/json"}


@pytest.fixture(scope="module")
def desk(fitted_folder, tmp_path_factory):
    import shutil

    folder = shutil.copytree(fitted_folder, tmp_path_factory.mktemp("service") / "index")
    patch = pytest.MonkeyPatch()
    patch.setattr(Encoder, "encode", encode_quickly)
    with Catalogue(folder) as catalogue:
        catalogue.add(iter_clips(UNLABELLED))
    with Desk(folder) as desk:
        yield desk
    patch.undo()


def client_of(desk, **settings) -> TestClient:
    settings = {"hosts": ("testserver",)} | settings
    return TestClient(create_app(desk, Settings(**settings)), raise_server_exceptions=False, follow_redirects=False)


@pytest.fixture(scope="module")
def client(desk):
    with client_of(desk) as client:
        yield client


# ----------------------------------------------------------------------------------------------------------- decisions


def test_answers_come_in_the_order_asked_with_unknown_and_repeated_ids(client):
    asked = [IDS[2], "nowhere", IDS[0], IDS[2]]
    answers = client.post("/classify", json={"ids": asked}).json()["answers"]
    assert [answer["yt_reel_id"] for answer in answers] == asked
    assert [answer["source"] for answer in answers] == ["model", "unknown", "model", "model"]
    assert answers[0] == answers[3]
    assert answers[1]["project"] == "unknown"


def test_clips_need_not_be_stored(client):
    clips = [
        {"reel_name": "Буба и кот", "seconds": 61, "is_shorts": True},
        {"yt_reel_id": "x1", "text": "[Лунтик] о"},
        {},
    ]
    answers = client.post("/classify", json={"clips": clips}).json()["answers"]
    assert [answer["yt_reel_id"] for answer in answers] == [None, "x1", None]
    assert all(answer["source"] == "model" for answer in answers)
    assert client.get("/clips/x1").status_code == 404


def test_a_decision_is_explained(client):
    assert client.get("/explain", params={"id": IDS[0]}).json()["sentence"]
    assert client.post("/explain", json={"clip": {"reel_name": "Буба и кот"}}).json()["candidates"]
    assert client.get("/explain", params={"id": "nowhere"}).status_code == 404
    assert client.post("/explain", json={"clip": {"yt_reel_id": "x"}}).status_code == 422


# ------------------------------------------------------------------------------------------------------------- changes


def test_clips_are_added_labelled_taught_and_found(client):
    clips = [{"yt_reel_id": f"pet{n}", "reel_name": f"Петрушка и друзья {n}"} for n in range(5)]
    report = client.post("/clips", json={"clips": [*clips, {"reel_name": "no id"}], "who": "nightly"}).json()
    assert (report["added"], report["rejected"], report["rejected_rows"][0]["line"]) == (5, 1, 6)
    assert client.get("/similar", params={"title": "Петрушка и друзья 3", "n": 1}).json()[0]["yt_reel_id"] == "pet3"
    found = client.get("/search", params={"text": "https://youtu.be/" + IDS[1]}).json()
    assert [row["yt_reel_id"] for row in found] == [IDS[1]]
    done = client.post("/labels", json={"ids": ["pet0", "nowhere"], "project": "none", "who": "Оля"}).json()
    assert (done["labelled"], done["unknown"]) == (["pet0"], ["nowhere"])
    assert client.get("/clips/pet0").json()["project"] == "none"
    assert client.post("/labels/undo", json={"who": "Оля"}).json() == {"undone": ["pet0"], "kept": []}
    assert client.get("/clips/pet0").json()["project"] is None
    taught = client.post(
        "/projects", json={"project": "Петрушка", "ids": [f"pet{n}" for n in range(5)], "who": "Оля"}
    ).json()
    assert (taught["is_new"], taught["clips"]) == (True, 5)
    rows = {row["project"]: row for row in client.get("/projects").json()}
    assert (rows["Петрушка"]["clips"], rows["Петрушка"]["taught"]) == (5, True)
    assert rows["Буба"]["f1"] > 0.5
    log = client.get("/labels", params={"person": "Оля"}).json()
    assert [row["project"] for row in log if row["yt_reel_id"] == "pet0"] == ["none", None, "Петрушка"]
    assert client.get("/labels", params={"since": "2999-01-01T00:00:00Z"}).json() == []


def test_the_log_as_csv_has_no_formulas(client):
    client.post("/labels", json={"ids": [IDS[9]], "project": "=1+1", "who": "@Оля"})
    answer = client.get("/labels", params={"format": "csv", "limit": 1})
    assert answer.headers["content-type"].startswith("text/csv")
    (row,) = csv.DictReader(io.StringIO(answer.text))
    assert (row["project"], row["person"], row["yt_reel_id"]) == ("'=1+1", "'@Оля", IDS[9])
    client.post("/labels/undo", json={"who": "@Оля"})


def test_a_name_in_another_direction_is_read_as_it_is_stored(client):
    sent = {"ids": [IDS[8]], "project": "\u202eабуБ\u202c  x\x07", "who": "О\u2066ля"}
    assert client.post("/labels", json=sent).json()["project"] == "абуБ x"
    assert client.post("/labels/undo", json={"who": "Оля"}).json()["undone"] == [IDS[8]]
    assert client.post("/labels", json=sent | {"who": "\u202e "}).status_code == 422


# -------------------------------------------------------------------------------------------------------------- limits


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({"clips": [{"reel_name": "x" * 1_001}]}, "reel_name"),
        ({"clips": [{"text": "x" * 20_001}]}, "text"),
        ({"clips": [{"subtitles": "x" * 200_001}]}, "subtitles"),
        ({"clips": [{"seconds": -1}]}, "seconds"),
        ({"clips": [{"seconds": "60"}]}, "seconds"),
        ({"clips": [{"yt_reel_id": "a b"}]}, "yt_reel_id"),
        ({"clips": [{"title": "x"}]}, "title"),
        ({"ids": ["x" * 129]}, "ids"),
        ({"ids": ["x"] * 10_001}, "ids"),
        ({"ids": []}, "ids"),
        ({"ids": [7]}, "ids"),
        ({}, "body"),
        ({"ids": ["x"], "clips": [{}]}, "body"),
    ],
)
def test_what_is_too_large_or_of_another_type_is_refused_by_name(client, body, place):
    answer = client.post("/classify", json=body)
    assert answer.status_code == 422
    assert place in json.dumps(answer.json()["detail"])
    assert len(answer.content) < 5_000


@pytest.mark.parametrize(
    "body",
    [
        b'{"clips": [{"seconds": NaN}]}',
        b'{"clips": [{"seconds": Infinity}]}',
        b'{"clips": [{"seconds": -Infinity}]}',
        b'{"clips": [{"seconds": 1e999}]}',
        b'{"clips": [{"is_shorts": NaN}]}',
        b'{"clips": [{"seconds": 1' + b"0" * 400 + b"}]}",
        b'{"clips": [{"seconds": 1' + b"0" * 5_000 + b"}]}",
        b'{"ids": ["\\ud800"]}',
        b'{"clips": [{"reel_name": "\\udfff"}]}',
        b'{"ids": ["a"], "\\ud800": 1}',
        b'{"ids": ["\xff\xfe"]}',
        b"\xff\xfe\x00",
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b"",
        b"null",
        b'"',
        b"7",
    ],
)
def test_json_that_is_none_or_has_what_no_clip_has_is_refused(client, body):
    answer = client.post("/classify", content=body, headers=AS_JSON)
    assert answer.status_code in (400, 422)
    assert answer.json()["detail"]


def test_hostile_texts_come_back_as_they_are_in_json_that_is_safe(client):
    title = "<script>alert(1)</script> \u202eabc\u202c \u0000 =1+1 '\"; DROP TABLE clips;--"
    assert client.post("/clips", json={"clips": [{"yt_reel_id": "evil1", "reel_name": title}]}).json()["added"] == 1
    answer = client.get("/clips/evil1")
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.json()["reel_name"] == title
    assert client.get("/search", params={"text": title}).status_code == 200
    assert client.get("/clips/%ff%00").status_code == 404
    assert client.get("/search", params={"text": "\ud800".encode("utf-8", "surrogatepass")}).status_code == 200


def test_a_body_that_is_too_large_is_refused_while_it_comes(desk):
    with client_of(desk, max_body=1_000) as client:
        assert client.post("/classify", json={"ids": ["x" * 100] * 20}).status_code == 413
        sent = []

        def pieces():
            for number in range(1_000):
                sent.append(number)
                yield b" " * 100

        answer = client.post("/classify", content=pieces(), headers=AS_JSON)
        assert answer.status_code == 413
        assert "larger than 1,000 bytes" in answer.json()["detail"]
        assert client.post("/classify", json={"ids": ["x"]}).status_code == 200
        assert client.post("/classify", content=b"{}", headers=AS_JSON | {"content-length": "-1"}).status_code == 413


def test_more_callers_than_are_served_at_a_time_are_told_to_come_again(desk):
    with client_of(desk, max_in_flight=0) as client:
        answer = client.post("/classify", json={"ids": IDS[:1]})
        assert (answer.status_code, answer.headers["retry-after"]) == (429, "1")
        assert client.get("/health").status_code == 200


# -------------------------------------------------------------------------------------------------------------- errors


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (Busy("too many are waiting", 7), 429),
        (Late("it took long"), 503),
        (CatalogueError("{folder}/catalogue.sqlite: the disk is full"), 503),
        (InputError("{folder}: is wrong; smf-embed add TABLE --catalogue {folder}"), 422),
        (RuntimeError("{folder}"), 500),
        (OSError("{folder}"), 500),
    ],
)
def test_errors_are_json_without_a_path_of_the_server(desk, client, monkeypatch, error, status):
    error.args = tuple(part.replace("{folder}", str(desk.folder)) for part in error.args)

    def fails(*_):
        raise error

    monkeypatch.setattr(desk, "classify", fails)
    answer = client.post("/classify", json={"ids": IDS[:1]})
    assert answer.status_code == status
    assert isinstance(answer.json()["detail"], str)
    assert "/" not in answer.json()["detail"]
    if status in (429, 503):
        assert int(answer.headers["retry-after"]) > 0


def test_without_a_model_decisions_are_refused_and_it_is_told_what_to_do(fitted, monkeypatch):
    monkeypatch.setattr(Encoder, "encode", encode_quickly)
    (fitted / "model" / "manifest.json").unlink()
    with Desk(fitted) as desk, client_of(desk) as client:
        answer = client.post("/classify", json={"clips": [{"reel_name": "Буба"}]})
        assert answer.status_code == 409
        assert answer.json()["detail"] == "the catalogue: there is no model yet; make one: smf-embed fit"
        assert client.get("/similar", params={"title": "Буба", "n": 1}).json()
        assert client.get("/review").status_code == 409
        assert client.get("/health").json() == {"status": "ok", "model": False}


# ------------------------------------------------------------------------------------------------------------ security


def test_a_service_that_others_can_reach_needs_a_token(desk):
    for host in ("0.0.0.0", "192.168.1.5", "::", "example.org"):
        with pytest.raises(InputError, match="token"):
            create_app(desk, Settings(host=host))
        create_app(desk, Settings(host=host, token=TOKEN))
    for host in ("127.0.0.1", "localhost", "::1"):
        create_app(desk, Settings(host=host))


def test_without_the_token_only_the_health_is_told(desk):
    with client_of(desk, token=TOKEN) as client:
        assert client.get("/health").status_code == 200
        for path in ("/projects", "/metrics", "/openapi.json", "/labels", "/nowhere", "/desk", "/desk/import"):
            assert client.get(path).status_code == 401, path
        for wrong in ("", "Bearer", "Bearer ", f"Bearer {TOKEN}x", f"Basic {TOKEN}", TOKEN, f"Bearer {TOKEN[:-1]}"):
            assert client.get("/projects", headers={"authorization": wrong}).status_code == 401, wrong
        assert client.get("/projects", headers={"authorization": "Bearer \xff".encode("latin-1")}).status_code == 401
        assert client.get("/projects", headers={"authorization": f"Bearer {TOKEN}"}).status_code == 200
        assert client.post("/labels", json={}).headers["www-authenticate"] == "Bearer"


def test_a_browser_shows_a_proof_of_the_token_as_a_cookie(desk):
    with client_of(desk, token=TOKEN) as client:
        asks = {"accept": "text/html"}
        answer = client.get("/desk/clip", headers=asks)
        assert (answer.status_code, answer.headers["location"]) == (303, "/desk/welcome?back=%2Fdesk%2Fclip")
        assert client.get("/projects", headers={"cookie": f"{TOKEN_COOKIE}={proof(TOKEN)}"}).status_code == 200
        for wrong in (TOKEN, proof("another"), "", "\xff"):
            cookie = f"{TOKEN_COOKIE}={wrong}".encode("latin-1")
            assert client.get("/projects", headers={"cookie": cookie}).status_code == 401
        assert TOKEN not in proof(TOKEN)


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost:8080", 200),
        ("127.0.0.1", 200),
        ("[::1]:8080", 200),
        ("LOCALHOST", 200),
        ("evil.example:8080", 421),
        ("localhost.evil.example", 421),
        ("127.0.0.1.evil.example", 421),
        ("", 421),
    ],
)
def test_on_loopback_the_service_is_called_by_its_own_names_alone(desk, host, status):
    with TestClient(create_app(desk, Settings())) as client:
        assert client.get("/health", headers={"host": host}).status_code == status


@pytest.mark.parametrize(
    ("headers", "is_let_in"),
    [
        ({}, True),
        ({"origin": "http://testserver"}, True),
        ({"origin": "http://testserver", "sec-fetch-site": "same-origin"}, True),
        ({"origin": "http://evil.example"}, False),
        ({"origin": "null"}, False),
        ({"origin": "http://testserver:81"}, False),
        ({"sec-fetch-site": "cross-site"}, False),
        ({"sec-fetch-site": "same-site"}, False),
        ({"origin": "http://[", "sec-fetch-site": "none"}, False),
    ],
)
def test_changes_sent_by_pages_of_other_sites_are_refused(client, headers, is_let_in):
    answer = client.post("/labels/undo", json={"who": "nobody"}, headers=headers)
    assert answer.status_code == (200 if is_let_in else 403)


def test_every_answer_keeps_browsers_from_harm(client):
    for path in ("/health", "/nowhere", "/projects", "/labels?format=csv"):
        headers = client.get(path).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert headers["x-content-type-options"] == "nosniff"


# --------------------------------------------------------------------------------------------------------------- state


def test_the_description_has_examples_that_work(client):
    described = client.get("/openapi.json").json()
    assert {"/classify", "/similar", "/clips", "/labels", "/projects", "/review", "/health", "/metrics"} <= set(
        described["paths"]
    )
    examples = described["components"]["schemas"]["ClassifyRequest"]["examples"]
    for example in examples:
        assert client.post("/classify", json=example).status_code == 200
    assert not any(path.startswith("/desk") for path in described["paths"])
    assert client.get("/docs").status_code == 404


def test_figures_are_counted_by_route_and_not_by_what_callers_make_up(client):
    for number in range(5):
        client.get(f"/made-up-{number}")
        client.get(f"/clips/made-up-{number}")
    client.request("MADEUP", "/also")
    text = client.get("/metrics").text
    assert 'route="/classify",status="200"' in text
    assert 'smf_embed_clips_total{what="classified"}' in text
    assert 'smf_embed_waiting{what="writes"} 0.0' in text
    assert "made-up" not in text
    assert "MADEUP" not in text


def test_the_review_queue_tells_when_it_is_ready(desk, client):
    client.get("/review")
    assert desk._review.ready.wait(60)
    assert client.get("/review", params={"n": 5}).json()["ready"]
    assert client.get("/review", params={"n": 0}).status_code == 422


@pytest.mark.parametrize(
    ("folder", "message", "told"),
    [
        ("index", "index: there is no model yet", "the catalogue: there is no model yet"),
        ("index", "index/model: fit again: smf-embed fit --catalogue index", "the catalogue: fit again: smf-embed fit"),
        ("index", "name a kind of index and a budget", "name a kind of index and a budget"),
        (".", "it ends here. Name another.", "it ends here. Name another."),
        (".", "model: is damaged, smf-embed fit --catalogue ..", "model: is damaged, smf-embed fit."),
        ("index", "give it again: smf-embed fit --catalogue index.", "give it again: smf-embed fit."),
        ("/srv/clips", "in /srv/clips/model and /srv/clips2", "in the catalogue and /srv/clips2"),
    ],
)
def test_a_message_names_the_catalogue_in_place_of_its_folder_and_leaves_words(folder, message, told):
    assert without_paths(message, Path(folder)) == told
