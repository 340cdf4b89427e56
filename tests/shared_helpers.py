"""What the tests of a shared catalogue have in common: tables of clips, all that is stored, writers of their own."""

import os
import subprocess
import sys

import pandas as pd
from postgres_server import PASSWORD

from smf_embed.catalogue import Catalogue
from smf_embed.clip_tables import iter_clips
from smf_embed.schema import CHECKED


def rows_of(catalogue: Catalogue, *but: str) -> dict[str, list[tuple]]:
    """All rows of all tables, in order."""
    return {
        table: sorted(catalogue.database.sql.execute(f"SELECT {', '.join(columns)} FROM {table}").fetchall(), key=repr)
        for table, columns in CHECKED.items()
        if table not in but
    }


def table(first: int, count: int, channel: str = "UC1", label: str | None = "Буба") -> pd.DataFrame:
    rows = range(first, first + count)
    return pd.DataFrame(
        [
            {
                "yt_reel_id": f"id{i}",
                "reel_name": f"title {i}",
                "text": f"About number {i}. Subscribe to our channel!",
                "yt_channel_id": channel,
                "cartoon": label,
            }
            for i in rows
        ]
    )


def add(catalogue: Catalogue, frame: pd.DataFrame, batch_rows: int = 4096):
    return catalogue.add(iter_clips(frame, batch_rows=batch_rows))


def start(code: str, *words: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", code, os.path.dirname(__file__), *map(str, words)]
    environment = os.environ | {"PGPASSWORD": PASSWORD}
    pipe = subprocess.PIPE
    return subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True, env=environment)
