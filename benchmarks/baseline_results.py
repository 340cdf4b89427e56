"""The file of results: a line for each row and table, and what it was made of, so that nothing stale is taken."""

from __future__ import annotations

import ast
import datetime as dt
import hashlib
import importlib.util
import json
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from baselines import OURS_HOME, Row

_HERE = Path(__file__).parent
_BASELINES = _HERE / "baselines"
#: What decides what a row does; a commit of documents alone leaves a tree as good as clean.
_CODE = ("benchmarks", "smf_embed", "pyproject.toml", "constraints.txt")
_DIGITS = 16


def made_of(row: Row, sample: int | None, rules: Path | None) -> dict[str, Any]:
    """Return what a result of a row would be made of now.

    Returns
    -------
    dict
        `settings`; `sample`; `rules`, the digest of the rule table, None for a row that takes none; `sources`, the
        digest of the modules of `baselines` that the row uses, and for our own row of the package; `commit`, with
        "+changes" where code differs from it, None outside git; `date`, UTC.
    """
    return {
        "settings": row.settings,
        "sample": sample,
        "rules": digest([rules]) if row.takes_rules and rules is not None else None,
        "sources": digest(sources(row)),
        "commit": commit(),
        "date": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
    }


def is_current(line: dict[str, Any], now: dict[str, Any], row: Row) -> bool:
    """Tell whether a line would come out the same now, going by `made_of`.

    What a baseline takes from the package is not looked at; our own row is the package, and only counts at the commit
    that it was measured at.
    """
    keys = ["settings", "sample", "rules", "sources"] + ["commit"] * (row.home == OURS_HOME)
    return all(line.get(key) == now[key] for key in keys)


def sources(row: Row) -> list[Path]:
    """Return the modules of `baselines` that a row uses, and for our own row those of the package, too.

    `baselines/__init__.py` is not among them: what it says of a row are its settings.
    """
    todo, found = [_BASELINES / f"{row.home.partition(':')[0]}.py"], set()
    while todo:
        path = todo.pop()
        if path in found:
            continue
        found.add(path)
        for node in ast.walk(ast.parse(path.read_bytes())):
            if isinstance(node, ast.ImportFrom) and node.level == 1 and node.module:
                todo.append(_BASELINES / f"{node.module}.py")
    if row.home == OURS_HOME:
        package = importlib.util.find_spec("smf_embed")
        assert package is not None
        assert package.origin is not None
        found.update(Path(package.origin).parent.rglob("*.py"))
    return sorted(found)


def digest(paths: Iterable[Path]) -> str:
    """Return a digest of the contents of files, in their order."""
    contents = [hashlib.sha256(path.read_bytes()).digest() for path in paths]
    return hashlib.sha256(b"".join(contents)).hexdigest()[:_DIGITS]


def commit(folder: Path = _HERE.parent) -> str | None:
    """Return the commit of a folder, short, with "+changes" where its code differs; None outside git."""
    try:
        found = _git(folder, "rev-parse", "--short", "HEAD")
        changed = _git(folder, "status", "--porcelain", "--", *_CODE)
    except (OSError, subprocess.CalledProcessError):
        return None
    return found + "+changes" * bool(changed)


def _git(folder: Path, *words: str) -> str:
    done = subprocess.run(["git", "-C", str(folder), *words], check=True, capture_output=True, text=True)
    return done.stdout.strip()


def read_results(path: Path) -> list[dict[str, Any]]:
    """Return the lines of a result file; a line that a killed run left half-written is passed over."""
    results = []
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else []:
        try:
            results.append(json.loads(line))
        except json.JSONDecodeError:
            continue
    return results


def append_result(path: Path, result: dict[str, Any]) -> None:
    """Add a line to a result file, on a line of its own even after one that was left half-written."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "ab+") as file:
        end = file.seek(0, 2)
        file.seek(max(end - 1, 0))
        whole = not end or file.read(1) == b"\n"
        file.write(b"" if whole else b"\n")
        file.write(json.dumps(result, ensure_ascii=False).encode() + b"\n")


def newest_results(file: Path) -> dict[tuple[str, str], dict[str, Any]]:
    """Return the newest line of each row and table."""
    return {(line["row"], line["data"]): line for line in read_results(file)}
