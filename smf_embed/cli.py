"""The command line.

Exit codes: 0 done, 1 the reader of the output went away, 2 not done because of the input or the catalogue, 3 `doctor`
found what is still wrong, 4 done in part because a source of clips could not be reached or its quota is used up, 130
stopped by Ctrl-C or SIGTERM.
"""

from __future__ import annotations

import io
import json
import signal
import sqlite3
import sys
import time
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from smf_embed import (
    __version__,
    cli_audit,
    cli_bulk,
    cli_catalogue,
    cli_copy,
    cli_encoders,
    cli_enrich,
    cli_evaluate,
    cli_index,
    cli_model,
    cli_serve,
    cli_text,
)
from smf_embed.console import (
    CatalogueOption,
    ColumnOption,
    DeviceOption,
    IsolateOption,
    JsonOption,
    RejectedOption,
    SubtitlesOption,
    check_writable,
    prepare_threads,
    print_scores,
    progress,
    say,
)
from smf_embed.errors import InputError, SmfEmbedError
from smf_embed.table_decisions import decide_table, write_decisions

app = typer.Typer(
    help="Which project does a video belong to? An embedding index with a lightweight classifier.",
    epilog="A first run: smf-embed add train.csv && smf-embed fit && smf-embed predict new.csv -o decisions.csv",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for _name, (_command, _example) in cli_catalogue.COMMANDS.items():
    app.command(_name, epilog=_example, rich_help_panel="The catalogue")(_command)


def main() -> None:
    """Run the command line; an error of ours is one line and exit code 2, never a traceback."""
    for stream in (sys.stdout, sys.stderr):
        # a terminal or pipe that knows no Cyrillic must not stop a command
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    # at any moment, and not while a batch is finished alone: tables and catalogue are left as by Ctrl-C
    if signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        app()
    except SmfEmbedError as error:
        _fail(str(error))
    except sqlite3.Error as error:
        if "locked" in str(error) or "busy" in str(error):
            _fail(f"the catalogue cannot be used now: {error}. Try again when no other program uses it")
        _fail(f"the catalogue is damaged: {error}. Make it again: smf-embed add TABLE --catalogue DIR")
    except UnicodeEncodeError:
        _fail("an argument is not valid UTF-8")
    except OSError as error:
        _fail(f"{error.filename or 'a file'}: {error.strerror or error}")
    except SystemExit as done:
        if done.code == 130:  # what typer makes of Ctrl-C
            say("smf-embed: stopped. What was reported as done is kept; the same command does the rest")
        raise


def _fail(reason: str) -> NoReturn:
    say("smf-embed: " + " ".join(reason.split()))
    sys.exit(2)


@app.callback(invoke_without_command=True)
def _options(version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False) -> None:
    if version:
        print(__version__)
        raise typer.Exit


@app.command(rich_help_panel="The model", epilog="Example: smf-embed fit --catalogue index")
def fit(
    catalogue: CatalogueOption = Path("index"),
    seed: Annotated[int, typer.Option(help="Seed of the folds and of the trees.")] = 0,
    as_json: JsonOption = False,
) -> None:
    """Learn from the labelled clips of the catalogue and write the model beside it.

    The printed scores are out of fold: each clip was decided by a model that had not seen it or its near-duplicates.
    Only the thresholds were chosen on these same decisions. Nobody else can write to the catalogue meanwhile, but to a
    shared one: a project that is taught meanwhile is kept, and fit is to be given again.
    """
    from smf_embed.catalogue import Catalogue
    from smf_embed.classifier import MODEL_FOLDER, Classifier
    from smf_embed.model_files import expect_unchanged, noted_manifest

    prepare_threads()
    started = time.monotonic()
    with Catalogue(catalogue) as opened:
        folder = opened.folder / MODEL_FOLDER
        before = noted_manifest(folder)
        with opened.keeping("fit"):
            with progress("fitting") as update:
                model = Classifier.fit(opened, seed=seed, progress=update)
            with opened.writing("fit"):
                expect_unchanged(folder, before)
                model.save(folder)
    print_scores(
        model.manifest["metrics"] | {"threshold": model.manifest["threshold"]},
        f"out of fold, {time.monotonic() - started:.0f} s",
        as_json,
    )


@app.command(
    rich_help_panel="The model",
    epilog="Example: smf-embed predict new.csv -o decisions.csv   or: cat new.csv | smf-embed predict - --json",
)
def predict(
    table: Annotated[
        str | None,
        typer.Argument(
            metavar="[TABLE]", help="CSV or Parquet file, a folder or glob of them, or an address; - is standard input."
        ),
    ] = None,
    ids: Annotated[
        str | None,
        typer.Option(
            "--ids", metavar="FILE", help="Instead of a table, ids or links, one a line; - is standard input."
        ),
    ] = None,
    source: Annotated[
        str | None,
        typer.Option(
            "--source", help="Look up ids that are not stored: youtube, a folder of .info.json files, or FILE.sql."
        ),
    ] = None,
    transcripts: cli_enrich.TranscriptsOption = None,
    quota: cli_enrich.QuotaOption = None,
    output: Annotated[
        str | None,
        typer.Option(
            "-o",
            "--output",
            metavar="PATH",
            help="Write .csv, .parquet or .jsonl instead of CSV on the screen; of many tables, a folder or address.",
        ),
    ] = None,
    catalogue: CatalogueOption = Path("index"),
    column: ColumnOption = None,
    subtitles: SubtitlesOption = None,
    rejected: RejectedOption = None,
    min_precision: Annotated[
        float | None,
        typer.Option(
            min=0.5,
            max=0.999,
            help="Decide a project only where so large a share of such decisions was right out of fold: 0.95.",
        ),
    ] = None,
    device: DeviceOption = "auto",
    isolate: IsolateOption = False,
    engine: cli_bulk.EngineOption = "local",
    workers: cli_bulk.WorkersOption = None,
    store: cli_index.StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Give each clip of a table its project or none, with a confidence, what came second, and why.

    The catalogue is not changed. A column cartoon in the table is not looked at. The column unsure marks what a
    person should look at.

    A folder, glob or address of tables is decided table by table into the folder -o, with a _manifest.json: the same
    command does what is new, changed or left from a run that was stopped. --engine ray gives the tables to the
    workers of Ray, here or on the cluster at RAY_ADDRESS. Example: smf-embed predict clips/ -o decisions/ --engine ray

    With --ids, each id or link is answered in its order, with its state and the reason: stored clips at once, others
    as unknown. With --source, those are looked up first and added to the catalogue.
    """
    if (table is None) == (ids is None):
        raise InputError("name either a TABLE or a file of ids by --ids, and not both")
    if table is not None and cli_bulk.is_many(table):
        refused: dict[str, object] = {"--source": source, "--transcripts": transcripts, "--quota": quota}
        refused |= {"--subtitles": subtitles, "--rejected": rejected, "--store": store}
        if given := [name for name, value in refused.items() if value is not None]:
            raise InputError(f"{given[0]} is not for many tables, and {table} is that")
        cli_bulk.prepare_engine(engine, workers)
        cli_bulk.decide_many(
            table,
            output,
            catalogue,
            column,
            min_precision,
            as_json,
            engine=engine,
            workers=workers,
            device=device,
            isolate=isolate,
        )
        return
    if engine != "local" or workers is not None:
        raise InputError("--engine and --workers are for a folder or glob of tables")
    prepare_threads()
    file = Path(output) if output is not None else None
    if file is not None:
        cli_enrich.expect_table(file)
    check_writable(file)
    if ids is not None:
        for name, value in {"store": store, "column": column, "subtitles": subtitles, "rejected": rejected}.items():
            if value is not None:
                raise InputError(f"--{name} is for the clips of a TABLE; leave it out with --ids")
        cli_enrich.decide_ids(
            *(ids, catalogue, source, transcripts, file, min_precision, as_json),
            quota=quota,
            device=device,
            isolate=isolate,
        )
        return
    if source is not None or transcripts is not None or quota is not None:
        raise InputError("--source, --transcripts and --quota are for ids: name a file of them by --ids")
    assert table is not None
    decisions, _, texts, seconds = decide_table(
        table,
        catalogue,
        column,
        subtitles,
        rejected,
        device=device,
        isolate=isolate,
        min_precision=min_precision,
        store=store,
    )
    projects = decisions.loc[decisions["cartoon"] != "none", "cartoon"]
    if file is not None:
        write_decisions(decisions, file)
    elif as_json:
        for line in decisions.to_dict("records"):
            print(json.dumps(line, ensure_ascii=False))
    else:
        decisions.to_csv(sys.stdout, index=False)
    say(
        f"{len(decisions):,} clips decided in {seconds:.1f} s: {len(projects):,} of {projects.nunique()} projects, "
        f"{len(decisions) - len(projects):,} none, {decisions['unsure'].sum():,} unsure; {texts:,} texts encoded"
        + (f". Written to {output}" if output is not None else "")
    )


app.command("evaluate", epilog=cli_evaluate.EVALUATE_EXAMPLE, rich_help_panel="The model")(cli_evaluate.evaluate)


@app.command(rich_help_panel="The model", epilog="Example: smf-embed demo --scale 0.02 --folder /tmp/demo")
def demo(
    scale: Annotated[float, typer.Option(min=0.005, max=1.0, help="1 is the size of the studio's table.")] = 0.1,
    seed: Annotated[int, typer.Option(help="Seed of the generator.")] = 0,
    folder: Annotated[
        Path, typer.Option(help="Where tables, catalogue and decisions go; an earlier demo is replaced.")
    ] = (Path("demo")),
) -> None:
    """Make a table of invented clips, then add, fit, predict, evaluate and look up similar clips in it."""
    import shutil

    from smf_embed.datasets import make_demo

    prepare_threads()
    started = time.monotonic()
    mark = folder / ".smf-embed-demo"
    if folder.exists() and any(folder.iterdir()) and not mark.exists():
        raise InputError(f"{folder}: holds files that are no demo's, and they would be replaced; name another --folder")
    folder.mkdir(parents=True, exist_ok=True)
    mark.touch()
    train, test, index, decisions = (folder / name for name in ("train.csv", "test.csv", "index", "decisions.csv"))
    shutil.rmtree(index, ignore_errors=True)
    made = make_demo(scale, seed)
    made.train.drop(columns="cartoon_true").to_csv(train, index=False)
    made.test.drop(columns="cartoon_true").to_csv(test, index=False)
    print(f"{train}: {len(made.train):,} clips, {test}: {len(made.test):,} clips, invented by smf_embed.datasets\n")
    titles = made.test.loc[made.test["cartoon"] == "Маша и медведь", "reel_name"].dropna()
    example = min((title for title in titles if "Маша и Медведь" in title), key=len, default=titles.iloc[0])
    for words, step in (
        (f"add {train}", lambda: cli_catalogue.add([str(train)], index)),
        ("fit", lambda: fit(index)),
        (f"predict {test} -o {decisions}", lambda: predict(str(test), output=str(decisions), catalogue=index)),
        (f"evaluate {test}", lambda: cli_evaluate.evaluate(str(test), catalogue=index)),
        (f'similar --text "{example}" -k 5', lambda: cli_catalogue.similar(text=example, k=5, catalogue=index)),
        ("info", lambda: cli_catalogue.info(index)),
    ):
        print(f"$ smf-embed {words} --catalogue {index}", flush=True)
        step()
        print(flush=True)
    print(f"The whole demo took {time.monotonic() - started:.0f} s.")


app.command("copy", epilog=cli_copy.EXAMPLE, rich_help_panel="The catalogue")(cli_copy.copy)
app.command("sync", epilog=cli_enrich.SYNC_EXAMPLE, rich_help_panel="The catalogue")(cli_enrich.sync)
for _name, (_command, _example) in (cli_model.COMMANDS | cli_evaluate.COMMANDS | cli_audit.COMMANDS).items():
    app.command(_name, epilog=_example, rich_help_panel="The model")(_command)
for _name, (_command, _example) in cli_serve.COMMANDS.items():
    app.command(_name, epilog=_example, rich_help_panel="The model")(_command)
app.add_typer(cli_index.index, name="index", rich_help_panel="The catalogue")
app.command("encoders", epilog=cli_encoders.EXAMPLE, rich_help_panel="The catalogue")(cli_encoders.encoders)
app.command("clean", epilog=cli_text.CLEAN_EXAMPLE, rich_help_panel="Texts and names")(cli_text.clean)
app.add_typer(cli_text.lexicon, name="lexicon", rich_help_panel="Texts and names")


if __name__ == "__main__":
    main()
