"""How many requests the service answers, how fast, and whether its memory stays flat.

    python benchmarks/service_load.py --catalogue demo/index --new demo/test.csv --stored demo/train.csv

The service and the clients are processes of their own, and share the cores of the machine. For each number of clients
each sends single clips that the catalogue does not know, one after the other; then some ask for stored clips in
batches, which are decided from stored vectors. Labelled clips would be answered by their labels: with --copy, the
catalogue is copied, and its labels for the clips of --stored are left out, so that all are decided.
"""

from __future__ import annotations

import argparse
import asyncio
import csv
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import psutil

_COLUMNS = ("reel_name", "text", "yt_channel_id", "yt_channel_name", "language", "broadcast", "date")
_NUMBERS = ("seconds", "is_shorts", "flag_closed", "international")
_MOST = {"reel_name": 1_000, "text": 20_000}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--catalogue", type=Path, required=True, help="with a model, see smf-embed demo")
    parser.add_argument("--new", type=Path, required=True, help="a table of clips that are not stored")
    parser.add_argument("--stored", type=Path, required=True, help="a table of stored clips")
    parser.add_argument(
        "--copy", action="store_true", help="unlabel the stored clips in a copy, so that all are decided"
    )
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--clients", type=int, nargs="*", default=[1, 8, 32])
    parser.add_argument("--batch", type=int, default=500, help="clips of a batch of stored ones")
    parser.add_argument("--as-client", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.as_client:
        print(json.dumps(asyncio.run(_clients(json.loads(options.as_client)))))
        return
    with tempfile.TemporaryDirectory() as folder:
        catalogue = options.catalogue
        if options.copy:
            catalogue = Path(shutil.copytree(catalogue, Path(folder) / "index"))
            _unlabel(catalogue, options.stored)
        _measure(catalogue, options)


def _unlabel(catalogue: Path, table: Path) -> None:
    """Leave every tenth clip of the table without its label, so that the model still has those to vote."""
    from smf_embed.catalogue import Catalogue

    with Catalogue(catalogue) as opened:
        opened.label(_ids(table)[::10], None)


def _measure(catalogue: Path, options: argparse.Namespace) -> None:
    command = [sys.executable, "-m", "smf_embed.cli", "serve", "--port", "0", "--catalogue", str(catalogue)]
    service = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=os.environ | {"PYTHONUNBUFFERED": "1"})
    assert service.stderr is not None
    try:
        told = ""
        while not (found := re.search(r"http://([\w.]+):(\d+)", told)):
            told = service.stderr.readline()
            if not told:
                raise SystemExit("the service did not start")
        at = {"host": found[1], "port": int(found[2]), "seconds": options.seconds}
        process = psutil.Process(service.pid)
        _start(at | {"clients": 1, "new": str(options.new), "seconds": 3.0, "first": 0}).communicate()
        print(
            "| requests | clients | clips a second | p50, ms | p99, ms | errors | of a core | MB start, middle, end |"
        )
        print("|---|---|---|---|---|---|---|---|")
        for number, clients in enumerate(options.clients, start=1):
            _tell("a new clip each", clients, process, at | {"new": str(options.new), "first": number * 1_000_000})
        batches = {"stored": str(options.stored), "batch": options.batch, "step": 10 if options.copy else 1}
        _tell(f"{options.batch} stored clips each", 2, process, at | batches)
    finally:
        service.send_signal(signal.SIGINT)
        service.wait(60)


def _tell(name: str, clients: int, service: psutil.Process, task: dict[str, Any]) -> None:
    """Measure one kind of requests and print its row."""
    sizes = [service.memory_info().rss]
    began, used = time.monotonic(), sum(service.cpu_times()[:2])
    running = _start(task | {"clients": clients})
    time.sleep(task["seconds"] / 2)
    sizes.append(service.memory_info().rss)
    found = json.loads(running.communicate()[0])
    sizes.append(service.memory_info().rss)
    core = (sum(service.cpu_times()[:2]) - used) / (time.monotonic() - began)
    times = sorted(found["times"])
    p50, p99 = (times[int(share * (len(times) - 1))] * 1e3 for share in (0.5, 0.99))
    memory = ", ".join(f"{one / 1e6:,.0f}" for one in sizes)
    print(
        f"| {name} | {clients} | {found['clips'] / found['seconds']:,.0f} | {p50:,.0f} | {p99:,.0f} | "
        f"{found['errors']} | {core:.2f} | {memory} |",
        flush=True,
    )


def _start(task: dict[str, Any]) -> subprocess.Popen[str]:
    command = [sys.executable, __file__, "--catalogue", ".", "--new", ".", "--stored", ".", "--as-client"]
    return subprocess.Popen([*command, json.dumps(task)], stdout=subprocess.PIPE, text=True)


# ------------------------------------------------------------------------------------------- in the process of clients


async def _clients(task: dict[str, Any]) -> dict[str, Any]:
    bodies = _new_clips(task) if "new" in task else _batches(task)
    result: dict[str, Any] = {"times": [], "clips": 0, "errors": 0}
    until = time.monotonic() + task["seconds"]
    started = time.monotonic()
    await asyncio.gather(*(_client(task, bodies, until, result) for _ in range(task["clients"])))
    return result | {"seconds": time.monotonic() - started}


async def _client(task: dict[str, Any], bodies: Any, until: float, result: dict[str, Any]) -> None:
    reader, writer = await asyncio.open_connection(task["host"], task["port"])
    while time.monotonic() < until:
        clips, body = next(bodies)
        head = (
            f"POST /classify HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        started = time.perf_counter()
        writer.write(head.encode() + body)
        headers = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
        length = int(re.search(r"content-length: (\d+)", headers)[1])  # type: ignore[index]
        answer = await reader.readexactly(length)
        result["times"].append(time.perf_counter() - started)
        if headers.startswith("http/1.1 200") and b'"unknown"' not in answer:
            result["clips"] += clips
        else:
            result["errors"] += 1
    writer.close()


def _new_clips(task: dict[str, Any]) -> Any:
    """Yield clips that no request has asked about: the titles and descriptions of the table, each with a number."""
    with open(task["new"], encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    number = task["first"]
    while True:
        row = rows[number % len(rows)]
        clip: dict[str, Any] = {name: row[name][: _MOST.get(name, 500)] for name in _COLUMNS if row.get(name)}
        clip |= {name: float(row[name]) for name in _NUMBERS if re.fullmatch(r"\d+(\.\d+)?", row.get(name) or "")}
        title = clip.pop("reel_name", "")
        # another text than any before, with the same words
        text = re.sub(r"^\[[^\]]*\]", "", clip.get("text", ""))
        clip["reel_name"] = f"{title[:980]} {number}"
        clip["text"] = f"{text[:19_000]} {number}"
        yield 1, json.dumps({"clips": [clip]}).encode()
        number += 1


def _batches(task: dict[str, Any]) -> Any:
    ids = _ids(Path(task["stored"]))[:: task["step"]]
    size = min(task["batch"], len(ids))
    place = 0
    while True:
        part = [ids[(place + number) % len(ids)] for number in range(size)]
        place += size
        yield size, json.dumps({"ids": part}).encode()


def _ids(table: Path) -> list[str]:
    with open(table, encoding="utf-8-sig", newline="") as file:
        return list(dict.fromkeys(row["yt_reel_id"] for row in csv.DictReader(file)))


if __name__ == "__main__":
    main()
