"""The workers of Ray decide and encode as this process does; what dies costs only what it was at, nothing is left.

Ray may listen on every interface, so each run has a network of its own with nothing but the loopback.
"""

import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

import pandas as pd
import psutil
import pytest
from conftest import contents, make_table

from smf_embed.catalogue import Catalogue
from smf_embed.files import read_sealed_json

SHARDS, COPIES = 8, 12
ALONE = ["unshare", *(["--map-root-user"] if os.name == "posix" and os.geteuid() else []), "--net"]
UP = ["sh", "-c", 'ip link set lo up && exec "$@"', "sh"]


# a class of the program that is run goes to the workers as it is
POISONED = """
import os
from smf_embed import cli
from smf_embed.bulk import on_ray

class Dying(on_ray._Worker):
    def __call__(self, batch):
        if any('"name": "3.parquet"' in shard for shard in batch["shard"].tolist()):
            os._exit(1)
        return super().__call__(batch)

on_ray._Worker = Dying
cli.main()
"""


def can_be_alone() -> bool:
    if not shutil.which("unshare") or not shutil.which("ip"):
        return False
    return subprocess.run([*ALONE, *UP, "true"], capture_output=True).returncode == 0


pytest.importorskip("ray", reason="needs the extra: pip install 'smf-embed[ray]'")
needs_a_network = pytest.mark.skipif(not can_be_alone(), reason="no network namespace of its own can be made here")
pytestmark = [pytest.mark.slow, needs_a_network]


@pytest.fixture
def started():
    """Start the command line with Ray's files in a folder of its own; whatever is left of it is killed."""
    # the paths of Ray's sockets may have a hundred characters, and those of tests are long
    folder = tempfile.mkdtemp(prefix="ray-")
    processes, families = [], []

    def start(
        *words: object, network=(*ALONE, *UP), module="smf_embed.cli", program="", **env: str
    ) -> subprocess.Popen[str]:
        what = ["-c", program] if program else ["-m", module]
        command = [*network, sys.executable, *what, *map(str, words)]
        options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, "start_new_session": True}
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}
        env = inherited | {"RAY_TMPDIR": folder, "SMF_EMBED_THREADS": "1"} | env
        processes.append(subprocess.Popen(command, env=env, **options))
        return processes[-1]

    yield start
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            families += psutil.Process(process.pid).children(recursive=True)
        process.kill()
        process.communicate()
    for process in families:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    shutil.rmtree(folder, ignore_errors=True)


def finished(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    out, err = process.communicate(timeout=500)
    return process.returncode, out, err


def workers(driver: subprocess.Popen[str]) -> list[psutil.Process]:
    """The actors that decide, in the order they were started."""
    found = []
    for process in psutil.Process(driver.pid).children(recursive=True):
        with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
            if "ray::MapWorker" in "".join(process.cmdline()):
                found.append(process)
    return found


def wait_for(condition, seconds: float = 120):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if found := condition():
            return found
        time.sleep(0.02)
    pytest.fail("it did not happen")


def done(folder: Path) -> dict[str, dict]:
    found = read_sealed_json(folder / "_manifest.json")
    return found["shards"] if found else {}


@pytest.fixture(scope="module")
def left_behind():
    """Processes whose owner was killed; Ray's own wait a minute before they end, so that is seen after all tests."""
    processes = []
    yield processes
    _, alive = psutil.wait_procs(processes, timeout=120)
    assert not alive


@pytest.fixture(scope="module")
def clips(train, tmp_path_factory):
    """Shards of clips whose texts the fitted catalogue knows, so that no encoder is needed; each takes a while."""
    folder = tmp_path_factory.mktemp("clips")
    for number in range(SHARDS):
        copies = [train.assign(yt_reel_id=train["yt_reel_id"] + f"{number}-{copy}") for copy in range(COPIES)]
        pd.concat(copies).to_parquet(folder / f"{number}.parquet", index=False)
    return folder


@pytest.fixture(scope="module")
def expected(clips, fitted_folder, tmp_path_factory):
    """What this process decides of them."""
    from smf_embed.bulk.deciding import Deciding
    from smf_embed.bulk.predicting import predict_shards

    folder = tmp_path_factory.mktemp("expected") / "out"
    predict_shards(str(clips), Deciding(str(fitted_folder), str(folder), {}))
    return {path.name: path.read_bytes() for path in folder.glob("*.parquet")}


def test_a_killed_run_leaves_no_process_and_the_next_does_the_rest(
    started, clips, expected, fitted_folder, left_behind, tmp_path
):
    out = tmp_path / "out"
    words = ["predict", clips, "-o", out, "--catalogue", fitted_folder, "--engine", "ray", "--workers", 2]
    driver = started(*words)
    wait_for(lambda: len(done(out)) >= 2)
    family = psutil.Process(driver.pid).children(recursive=True)
    driver.kill()
    driver.communicate()
    assert len(family) > 4
    left_behind.extend(family)
    before = {name: (out / name).stat().st_mtime_ns for name in done(out)}
    assert 2 <= len(before) < SHARDS
    code, _, err = finished(started(*words))
    assert code == 0, err
    assert f"{len(before)} of them done before" in err
    assert {name: (out / name).stat().st_mtime_ns for name in before} == before
    assert {path.name: path.read_bytes() for path in out.glob("*.parquet")} == expected


def test_both_engines_decide_new_clips_alike_and_tell_the_same_of_bad_ones(started, fitted_folder, tmp_path):
    folder = tmp_path / "clips"
    folder.mkdir()
    for number in range(5):
        table = make_table(per_title=2, first=100 + 10 * number)
        if number == 1:
            table.loc[3, "yt_reel_id"] = "a poisoned one"
            table["seconds"] = table["seconds"].astype(object)
            table.loc[4, "seconds"] = "no number"
        table.to_csv(folder / f"{number}.csv", index=False)
    (folder / "3.csv").write_bytes(b"PAR1 and nothing more")
    answers = {}
    for engine in ("local", "ray"):
        words = ["--engine", "ray", "--workers", 2] if engine == "ray" else []
        process = started("predict", folder, "-o", tmp_path / engine, "--catalogue", fitted_folder, "--json", *words)
        code, out, err = finished(process)
        assert code == 2, err
        assert "1 of 5 shards could not be read" in err.splitlines()[-1]
        answers[engine] = json.loads(out) | {"seconds": 0}
        rows = read_sealed_json(tmp_path / engine / "_manifest.json")
        for row in rows["shards"].values():
            del row["seconds"]
        answers[engine]["manifest"] = rows
    assert answers["ray"] == answers["local"]
    assert answers["ray"]["rejected"] == answers["ray"]["mended"] == 1
    files = {path.name for path in (tmp_path / "local").iterdir()} - {"_manifest.json", ".writer.lock"}
    assert files == {"0.parquet", "1.parquet", "_1.rejected.csv", "2.parquet", "4.parquet"}
    for name in files:
        assert (tmp_path / "ray" / name).read_bytes() == (tmp_path / "local" / name).read_bytes()


def test_a_killed_worker_costs_only_its_shard(started, clips, expected, fitted_folder, tmp_path):
    out = tmp_path / "out"
    driver = started("predict", clips, "-o", out, "--catalogue", fitted_folder, "--engine", "ray", "--workers", 2)
    wait_for(lambda: len(done(out)) >= 2)
    before = {name: (out / name).stat().st_mtime_ns for name in done(out)}
    killed = workers(driver)[0]
    killed.kill()
    code, _, err = finished(driver)
    assert code == 0, err
    assert f"of {SHARDS} shards, 0 of them done before" in err
    assert not killed.is_running()
    assert {name: (out / name).stat().st_mtime_ns for name in before} == before
    assert {path.name: path.read_bytes() for path in out.glob("*.parquet")} == expected


def test_a_shard_that_kills_every_worker_stops_no_other(started, clips, expected, fitted_folder, tmp_path):
    out = tmp_path / "out"
    words = ["predict", clips, "-o", out, "--catalogue", fitted_folder, "--engine", "ray", "--workers", 2]
    code, printed, err = finished(started(*words, program=POISONED))
    assert code == 2
    # what Ray itself tells of a worker's death may come when nothing can keep it off the standard output any more
    assert [line for line in printed.splitlines() if "(raylet)" not in line] == []
    reason = f"1 of {SHARDS} shards could not be read: {clips / '3.parquet'}: its worker died 3 times"
    assert reason in err.splitlines()[-1]
    others = {name: whole for name, whole in expected.items() if name != "3.parquet"}
    assert {path.name: path.read_bytes() for path in out.glob("*.parquet")} == others


def test_ctrl_c_keeps_what_is_done_and_leaves_no_process(started, clips, fitted_folder, tmp_path):
    out = tmp_path / "out"
    driver = started("predict", clips, "-o", out, "--catalogue", fitted_folder, "--engine", "ray", "--workers", 2)
    wait_for(lambda: len(done(out)) >= 1)
    family = psutil.Process(driver.pid).children(recursive=True)
    os.killpg(driver.pid, signal.SIGINT)
    code, _, err = finished(driver)
    assert code == 130
    assert "the same command does the rest" in err
    assert "Traceback" not in err
    _, alive = psutil.wait_procs(family, timeout=30)
    assert not alive
    assert 1 <= len(done(out)) < SHARDS


@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="only root may enter another network")
def test_a_cluster_that_is_there_is_used_and_left_running(
    started, clips, expected, fitted_folder, tmp_path, monkeypatch
):
    token = tmp_path / "token"
    token.write_text(secrets.token_hex(32))
    env = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN_PATH": str(token), "RAY_USAGE_STATS_ENABLED": "0"}
    words = ["--head", "--node-ip-address=127.0.0.1", "--port=6379", "--num-cpus=3", "--include-dashboard=false"]
    head = started("start", *words, "--block", module="ray.scripts.scripts", **env)
    network = ["nsenter", f"--net=/proc/{head.pid}/ns/net"]
    there = [*network, sys.executable, "-c", "import socket; socket.create_connection(('127.0.0.1', 6379))"]
    wait_for(lambda: subprocess.run(there, capture_output=True).returncode == 0)
    monkeypatch.chdir(tmp_path)  # its workers have another folder, which a relative path must not be read from
    words = ["predict", clips, "-o", "out", "--catalogue", os.path.relpath(fitted_folder), "--engine", "ray"]
    code, _, err = finished(started(*words, network=network, RAY_ADDRESS="127.0.0.1:6379", **env))
    assert code == 0, err
    assert {path.name: path.read_bytes() for path in (tmp_path / "out").glob("*.parquet")} == expected
    assert head.poll() is None


def test_what_stops_a_worker_is_one_line(started, clips, fitted, tmp_path):
    trees = next((fitted / "model").glob("trees*"))
    trees.write_text("damaged")
    words = ["predict", clips, "-o", tmp_path / "out", "--catalogue", fitted, "--engine", "ray", "--workers", 1]
    code, _, err = finished(started(*words))
    assert code == 2
    assert err.splitlines()[-1].startswith(f"smf-embed: {trees}: is missing or damaged")
    assert "Traceback" not in err


def test_adding_with_the_workers_of_ray_stores_what_this_process_stores(started, tiny_model, tmp_path):
    folder = tmp_path / "clips"
    folder.mkdir()
    for number in range(2):
        table = make_table(per_title=90 - 80 * number, first=1000 * number)
        table.loc[:20, "reel_name"] += " буба и велосипед" * 20  # more tokens than the model takes
        table.to_parquet(folder / f"{number}.parquet", index=False)
    said = []
    for engine in ("local", "ray"):
        words = ["--engine", "ray", "--workers", 2] if engine == "ray" else []
        words += ["--encoder", tiny_model, "--json"]
        code, out, err = finished(started("add", folder, "--catalogue", tmp_path / engine, *words))
        assert code == 0, err
        said.append(json.loads(out) | {"seconds": 0})
    assert said[0] == said[1]
    assert said[0]["texts_encoded"] > 2048  # more than one list
    assert said[0]["texts_in_windows"] > 0
    with Catalogue(tmp_path / "local") as local, Catalogue(tmp_path / "ray") as ray:
        for question in (
            "SELECT fingerprint, text_digest, vector FROM vectors ORDER BY 2",
            "SELECT yt_reel_id, title_text, description_text, project FROM clips ORDER BY 1",
        ):
            assert ray.database.sql.execute(question).fetchall() == local.database.sql.execute(question).fetchall()
    before = contents(tmp_path / "ray")
    code, out, _ = finished(started("add", folder, "--catalogue", tmp_path / "ray", "--engine", "ray"))
    assert out.startswith("added 0, updated 0, unchanged 2,500")
    assert contents(tmp_path / "ray") == before


def test_an_encoder_of_rays_workers_says_what_is_wrong_in_one_line(started, tmp_path):
    make_table(1).to_csv(tmp_path / "clips.csv", index=False)
    words = ["--catalogue", tmp_path / "index", "--encoder", "no/such-model", "--engine", "ray"]
    code, _, err = finished(started("add", tmp_path / "clips.csv", *words))
    assert code == 2
    assert "no/such-model" in err.splitlines()[-1]
    assert "Traceback" not in err
