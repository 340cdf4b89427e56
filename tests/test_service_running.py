"""The service as a program: how it starts and ends, what a kill leaves, and requests that nobody thought of."""

import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from conftest import run_process
from service_helpers import ids_of, running

from smf_embed.catalogue import Catalogue
from smf_embed.doctor import examine

TOKEN = "a-token-of-the-tests-0123456789"


def call(address: str, method: str, path: str, body=None, **headers: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=60)
    try:
        data = None if body is None else json.dumps(body)
        connection.request(method, path, data, {"content-type": "application/json"} | headers)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


@pytest.mark.slow
def test_it_says_where_it_listens_and_ctrl_c_ends_it_well(fitted):
    with running("--catalogue", fitted) as (process, address):
        assert call(address, "GET", "/health")[0] == 200
        assert call(address, "GET", "/projects")[0] == 200
        process.send_signal(signal.SIGINT)
        _, told = process.communicate(timeout=60)
        assert process.returncode == 0, told
        assert "Traceback" not in told
    assert examine(fitted) == []


@pytest.mark.slow
def test_the_token_comes_from_a_file_or_a_variable(fitted, tmp_path):
    (tmp_path / "token").write_text(f"{TOKEN}\n")
    with running("--catalogue", fitted, "--token-file", tmp_path / "token") as (_, address):
        assert call(address, "GET", "/projects")[0] == 401
        assert call(address, "GET", "/projects", authorization=f"Bearer {TOKEN}")[0] == 200


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["--host", "0.0.0.0"], "a token is needed"),
        (["--token", "short"], "must have 16"),
        (["--token-file", "nowhere"], "nowhere: cannot be read"),
        (["--host", "256.0.0.1", "--token", TOKEN], "no address of this machine"),
        (["--catalogue", "nowhere"], "nowhere: holds no catalogue"),
    ],
)
def test_what_cannot_be_served_is_one_line(fitted_folder, run, monkeypatch, words, reason):
    monkeypatch.delenv("SMF_EMBED_TOKEN", raising=False)
    code, out, err = run(
        "serve", "--port", 0, *(words if "--catalogue" in words else ["--catalogue", fitted_folder, *words])
    )
    assert (code, out) == (2, "")
    assert reason in err
    assert err.count("\n") == 1


def test_a_port_that_is_taken_is_named(fitted_folder, run):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        code, _, err = run("serve", "--port", port, "--catalogue", fitted_folder)
    assert code == 2
    assert f"127.0.0.1:{port}: cannot be listened on" in err
    assert "--port" in err


def test_a_missing_library_is_told_with_the_line_that_installs_it(fitted_folder, run, monkeypatch):
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    code, _, err = run("serve", "--catalogue", fitted_folder)
    assert code == 2
    assert 'pip install "smf-embed[serve]"' in err


def test_no_other_command_needs_what_the_service_needs():
    code = (
        "import sys\n"
        "for name in ('fastapi', 'uvicorn', 'prometheus_client', 'starlette'): sys.modules[name] = None\n"
        "sys.argv = ['smf-embed', '--version']\n"
        "from smf_embed import cli; cli.main()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr


def write_until_killed(address: str, ids: list[str], person: str, acknowledged: dict[str, str]) -> None:
    with closing(http.client.HTTPConnection(urlsplit(address).netloc, timeout=60)) as connection:
        for number, identifier in enumerate(ids):
            project = f"project {person} {number % 3}"
            body = json.dumps({"ids": [identifier], "project": project, "who": person})
            try:
                connection.request("POST", "/labels", body, {"content-type": "application/json"})
                answer = connection.getresponse()
                answer.read()
            except (OSError, http.client.HTTPException):
                return
            if answer.status == 200:
                acknowledged[identifier] = project


@pytest.mark.slow
@pytest.mark.parametrize("seconds", [0.3, 0.8, 1.7])
def test_a_kill_under_load_loses_no_acknowledged_label(fitted, seconds):
    ids = ids_of(fitted)[0]
    acknowledged: dict[str, str] = {}
    with running("--catalogue", fitted) as (process, address):
        writers = [
            threading.Thread(target=write_until_killed, args=(address, ids[n::4] * 50, f"w{n}", acknowledged))
            for n in range(4)
        ]
        for writer in writers:
            writer.start()
        until = time.monotonic() + 60
        while not acknowledged and time.monotonic() < until:
            time.sleep(0.01)
        time.sleep(seconds)
        os.kill(process.pid, signal.SIGKILL)
        for writer in writers:
            writer.join()
    assert acknowledged
    with Catalogue(fitted) as catalogue:
        log = {}
        for row in catalogue.label_log():
            log.setdefault(row["yt_reel_id"], []).append(row["project"])
        for clip in catalogue.clips(list(acknowledged)):
            identifier = clip["yt_reel_id"]
            assert acknowledged[identifier] in log[identifier][-2:]  # one more may have been written and not told
            assert clip["cartoon"] == log[identifier][-1]
    assert examine(fitted) == []


@pytest.mark.slow
def test_requests_that_nobody_thought_of_are_no_error_of_the_service(fitted, tmp_path):
    with running("--catalogue", fitted) as (process, address):
        tool = Path(sys.executable).with_name("schemathesis")
        words = ["run", f"{address}/openapi.json", "--checks", "not_a_server_error", "--max-examples", "15"]
        words += ["--phases", "examples,coverage,fuzzing", "--no-shrink", "--continue-on-failure"]
        words += ["--suppress-health-check", "all", "--request-timeout", "60"]
        done = subprocess.run(
            [str(tool), *words], capture_output=True, text=True, timeout=3_000, cwd=tmp_path, check=False
        )
        _, figures = call(address, "GET", "/metrics")
        assert process.poll() is None
    counted = re.findall(r'smf_embed_requests_total\{.*?status="(\d+)"\} ([\d.e+]+)', figures.decode())
    by_status = {}
    for status, count in counted:
        by_status[status] = by_status.get(status, 0) + round(float(count))
    print(by_status)
    assert sum(by_status.values()) >= 500, done.stdout[-3_000:]
    assert not [status for status in by_status if status >= "500"], done.stdout[-10_000:]
    assert done.returncode == 0, done.stdout[-10_000:]
    assert examine(fitted) == []


@pytest.mark.slow
def test_commands_of_others_are_seen_and_a_writer_among_them_waits(fitted):
    labelled = ids_of(fitted)[0]
    with running("--catalogue", fitted) as (_, address):
        done = run_process("label", labelled[0], "Лунтик", "--catalogue", fitted)
        assert done.returncode == 0, done.stderr
        status, body = call(address, "GET", f"/clips/{labelled[0]}")
        assert (status, json.loads(body)["project"]) == (200, "Лунтик")
