"""Finding a model by its name and loading it: the built-in one, a folder, or the hub and its cache.

Every library below raises errors of its own kinds; here they become one line that says what is wrong with which model.
"""

from __future__ import annotations

import json
import logging
import re
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from smf_embed.errors import EncoderError, InputError
from smf_embed.threads import thread_count

BUILTIN = "builtin"
_HUB_ID = re.compile(r"([\w.-]+/)?[\w.-]+(@[\w./-]+)?")
_OWN_MODULE = "smf_embed.builtin.UniversalSentenceEncoder"
_MISSING = re.compile(r"^(\S.*?)\s*\|\s*(?:\x1b\[\d+m)*MISSING", re.MULTILINE)
# answers of the hub after which the cache may still do: those that ask for something of the user, and those that pass
_REFUSED = {
    401: "check the name, and log in where the model is private: hf auth login",
    403: "ask for access on the model's page, and log in: hf auth login",
}
_BUSY = (408, 429)
_WEIGHTS = (".safetensors", ".bin", ".onnx", ".xml")

#: Name → what sentence-transformers is told, what has to be installed for it.
# ONNX is left out: what sentence-transformers runs it by, optimum-onnx 0.1, does not work with transformers 5.
BACKENDS: dict[str, tuple[dict[str, Any], str]] = {
    "torch": ({}, ""),
    "openvino": ({"backend": "openvino"}, "openvino"),
    # the name that sentence-transformers gives to the file it quantises; `export` would make a float32 one of it
    "openvino-int8": (
        {
            "backend": "openvino",
            "model_kwargs": {"file_name": "openvino/openvino_model_qint8_quantized.xml", "export": False},
        },
        "openvino",
    ),
}


@dataclass(frozen=True)
class LoadedModel:
    """A model of sentence-transformers, and the commit of the hub it was read from, None for a folder."""

    model: Any
    revision: str | None = None


def load_model(
    name: str, *, backend: str = "torch", revision: str | None = None, devices: Sequence[str] = ("cpu",)
) -> LoadedModel:
    """Load a model in float32.

    Parameters
    ----------
    name : str
        `builtin`, a folder, or a hub id, of a certain revision where it ends in `@REVISION`.
    backend : str
        One of `BACKENDS`.
    revision : str, optional
        A commit of the hub that was used before; stands for the one that the name means by now.
    devices : sequence of str
        Where torch is to put it: on the first; where there are several, sentence-transformers makes copies for the
        others. On one CPU the built-in encoder is the network alone, without sentence-transformers.

    Raises
    ------
    EncoderError
        When the model cannot be found or loaded.
    InputError
        When there is no such backend.
    """
    if backend not in BACKENDS:
        raise InputError(f"backend {backend!r}: name one of {', '.join(BACKENDS)}")
    is_folder = bool(name) and Path(name).is_dir()
    if name != BUILTIN and not is_folder and not _HUB_ID.fullmatch(name):
        raise EncoderError(f"encoder {name!r}: no such folder, and no id of a model on the hub")
    if is_folder:
        check_folder(Path(name), backend)
    import torch

    torch.set_num_threads(thread_count())
    is_builtin = name == BUILTIN or (is_folder and _is_own(Path(name)))
    if is_builtin and backend != "torch":
        raise InputError(f"the built-in encoder runs in torch alone, not in {backend}; leave out --backend")
    try:
        if name == BUILTIN and list(devices) == ["cpu"]:
            from smf_embed.builtin_network import BuiltinNetwork

            return LoadedModel(BuiltinNetwork())
        with quiet() as reports:
            if is_builtin:
                return LoadedModel(_load_builtin(None if name == BUILTIN else name, devices[0]))
            loaded = _load_other(name, is_folder, backend, revision, devices[0])
        _expect_all_weights(reports)
        return loaded
    except InputError:
        raise
    except Exception as error:  # every library below raises its own kinds; each means the same to the user
        raise EncoderError(
            f"encoder {name!r} cannot be loaded: {_reason(error, backend)}. Name builtin, a folder with a "
            "sentence-transformers model, or a hub id that can be reached"
        ) from error


def check_folder(folder: Path, backend: str) -> None:
    """Refuse a folder that holds no model, or one of another kind, before libraries make something else of it.

    Raises
    ------
    EncoderError
        What is missing or wrong, and what to do.
    """
    told = f"encoder {str(folder)!r} cannot be loaded"
    if not any(folder.iterdir()):
        raise EncoderError(f"{told}: the folder is empty; copy a model into it")
    modules = folder / "modules.json"
    if not modules.is_file() and not (folder / "config.json").is_file():
        raise EncoderError(
            f"{told}: it has neither modules.json nor config.json, so it is no sentence-transformers model; name the "
            "folder that holds one of them"
        )
    # older models do not say it
    kind = _read_settings(folder / "config_sentence_transformers.json").get("model_type") or "SentenceTransformer"
    if kind != "SentenceTransformer":
        raise EncoderError(f"{told}: it is a {kind}, which does not turn a text into one vector")
    if modules.is_file():
        missing = [part["path"] for part in _read_modules(modules) if not (folder / part["path"]).is_dir()]
        # a module without settings leaves no folder behind in git and in some copies
        missing = [part for part in missing if not part.endswith("Normalize")]
        if missing:
            raise EncoderError(f"{told}: its part {missing[0]!r} is missing, so it was not copied whole; copy it again")
    else:
        architectures = _read_settings(folder / "config.json").get("architectures") or []
        if not isinstance(architectures, list) or not all(isinstance(name, str) for name in architectures):
            raise _odd(folder / "config.json", "has architectures that are no names")
        other = [name for name in architectures if name.endswith(("Classification", "CausalLM", "QuestionAnswering"))]
        if other:
            raise EncoderError(f"{told}: it is a {other[0]}, which does not turn a text into one vector")
    if not any(path.suffix in _WEIGHTS and path.is_file() and path.stat().st_size for path in folder.rglob("*")):
        raise EncoderError(f"{told}: there are no weights in it, so it was not copied whole; copy it again")
    wanted = BACKENDS[backend][0].get("model_kwargs", {}).get("file_name")
    if wanted is not None and not (folder / wanted).is_file():
        raise EncoderError(
            f"{told}: --backend {backend} needs its file {wanted}; sentence-transformers writes it: "
            "sentence_transformers.backend.export_static_quantized_openvino_model"
        )


def weights_files(folder: Path) -> list[Path]:
    """Return the files of a model's folder that hold weights, in order."""
    return sorted(path for path in folder.rglob("*") if path.suffix in _WEIGHTS)


def _load_builtin(folder: str | None, device: str) -> Any:
    from sentence_transformers import SentenceTransformer

    from smf_embed.builtin import UniversalSentenceEncoder

    module = UniversalSentenceEncoder() if folder is None else UniversalSentenceEncoder.load(folder)
    return SentenceTransformer(modules=[module], device=device)


def _load_other(name: str, is_folder: bool, backend: str, revision: str | None, device: str) -> LoadedModel:
    from sentence_transformers import SentenceTransformer

    options = BACKENDS[backend][0]
    if backend == "torch":
        # what is stored in half precision would be computed in it, which a CPU does slowly and not exactly
        options = {"model_kwargs": {"dtype": "float32"}}
    else:
        device = "cpu"
        options = {**options, "model_kwargs": dict(options.get("model_kwargs", {}))}
    if is_folder:
        model = SentenceTransformer(name, local_files_only=True, device=device, **options)
        return LoadedModel(model)
    hub_id, _, named = name.partition("@")
    reachable, commit = _resolve(hub_id, revision or named or None)
    model = SentenceTransformer(hub_id, revision=commit, local_files_only=not reachable, device=device, **options)
    return LoadedModel(model, commit)


def _resolve(hub_id: str, revision: str | None) -> tuple[bool, str | None]:
    """Return whether the hub can be asked, by one request, and the commit that a revision means.

    Without the hub, loading would retry for more than a minute, so the cache is asked instead; also where the hub
    answers that it is busy or broken, or wants another token. Its answer that there is no such model is raised.
    """
    import huggingface_hub

    try:
        return True, huggingface_hub.model_info(hub_id, revision=revision, timeout=10).sha
    except huggingface_hub.errors.HFValidationError:
        raise
    except huggingface_hub.errors.HfHubHTTPError as error:
        status = error.response.status_code
        if not (status in _REFUSED or status in _BUSY or status >= 500):
            raise
        reason, to_do = f"the hub answers {status}", _REFUSED.get(status, "try again later")
    except huggingface_hub.errors.OfflineModeIsEnabled:
        reason, to_do = "the hub is not asked, since HF_HUB_OFFLINE is set", ""
    except Exception:  # no network, no name server, a proxy that refuses, no answer in time
        reason, to_do = "the hub cannot be reached", "try again later"
    for file in ("modules.json", "config.json"):
        cached = huggingface_hub.try_to_load_from_cache(hub_id, file, revision=revision)
        if isinstance(cached, str):
            commit = Path(cached).parent.name
            if to_do:  # offline is what the user asked for
                print(f"{hub_id}: {reason}, so its cache on this machine is used, commit {commit}", file=sys.stderr)
            return False, commit
    raise EncoderError(
        f"{reason}, and its cache on this machine does not have the model"
        + (f" at revision {revision}" if revision else "")
        + (f"; {to_do}" if to_do else "")
    )


def _expect_all_weights(reports: list[str]) -> None:
    """Refuse a model that has random numbers where weights were missing, of which transformers only tells its log."""
    missing = [key for report in reports for key in _MISSING.findall(report)]
    # many models are published without the part that sums up a text by its first token, and do not use it
    missing = [key for key in missing if "pooler." not in key]
    if missing:
        raise EncoderError(f"{missing[0]} is not among its weights, so they are of another model or not copied whole")


def _reason(error: Exception, backend: str) -> str:
    reason = (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".")
    extra = BACKENDS[backend][1]
    if extra and "requires installing" in reason:
        return f'the backend {backend} is not installed; install it: pip install "smf-embed[{extra}]"'
    return reason


def _is_own(folder: Path) -> bool:
    """Tell whether a folder holds the built-in encoder, as `SentenceTransformer.save` writes it."""
    return any(part.get("type") == _OWN_MODULE for part in _read_modules(folder / "modules.json"))


def _read_modules(path: Path) -> list[dict[str, Any]]:
    parts = _read_json(path, [])
    if not isinstance(parts, list) or not all(
        isinstance(part, dict) and isinstance(part.get("path"), str) and isinstance(part.get("type"), str)
        for part in parts
    ):
        raise _odd(path, "is no list of parts with a path and a type")
    if not parts and path.exists():
        raise _odd(path, "names no parts")
    return parts


def _read_settings(path: Path) -> dict[str, Any]:
    settings = _read_json(path, {})
    if not isinstance(settings, dict):
        raise _odd(path, "holds no settings by name")
    return settings


def _read_json(path: Path, missing: Any) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return missing
    except OSError as error:
        raise _odd(path, f"cannot be read ({error.strerror})") from None
    except (ValueError, RecursionError):
        raise _odd(path, "is no JSON") from None


def _odd(path: Path, reason: str) -> EncoderError:
    return EncoderError(
        f"encoder {str(path.parent)!r} cannot be loaded: {path.name} {reason}, so it was not copied whole or is no "
        "sentence-transformers model; copy it again"
    )


@contextmanager
def quiet() -> Iterator[list[str]]:
    """Keep log lines, warnings and progress bars of the libraries that load models off the screen.

    Yields what transformers reports of weights that do not fit the model.
    """
    from transformers.utils import logging as transformers_logging

    reports: list[str] = []
    reporter = logging.getLogger("transformers.modeling_utils")
    loggers = [logging.getLogger(name) for name in ("sentence_transformers", "transformers", "huggingface_hub")]
    levels = [(logger, logger.level) for logger in [*loggers, reporter]]
    bars = transformers_logging.is_progress_bar_enabled()

    def collect(record: logging.LogRecord) -> bool:
        reports.append(record.getMessage())
        return False

    reporter.addFilter(collect)
    try:
        for logger in loggers:
            logger.setLevel(logging.CRITICAL)
        reporter.setLevel(logging.WARNING)
        transformers_logging.disable_progress_bar()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of torch, when a model is traced for another backend
            yield reports
    finally:
        reporter.removeFilter(collect)
        for logger, level in levels:
            logger.setLevel(level)
        if bars:
            transformers_logging.enable_progress_bar()
