"""Encoding in a process of its own, which torch and its OpenMP threads never leave.

On macOS torch and LightGBM bring two OpenMP runtimes, which may hang or crash in one process. The other process is this
module as a program: it reads one request a line as JSON on its standard input, and answers with a line of JSON and, for
texts, the numbers of their vectors. It ends when its input does, so that none is left behind when its owner is killed,
and is killed when its owner is interrupted before an answer is read: the next request would be given that one.
"""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
import weakref
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

import numpy as np

from smf_embed.encoder import Encoder
from smf_embed.errors import EncoderError, InputError

_SETTINGS = ("name", "prompt", "backend", "revision", "device")


class IsolatedEncoder(Encoder):
    """An encoder whose model is loaded and runs in a process of its own, which is started when it is first needed.

    The parameters are those of `Encoder`.

    Raises
    ------
    EncoderError
        By whatever needs the process, also when it ends before its time.
    """

    _process: subprocess.Popen[bytes] | None = None
    _finalizer: weakref.finalize[..., Any] | None = None
    _numbers = itertools.count()

    @property
    def fingerprint_parts(self) -> dict[str, Any]:
        """What the fingerprint is made of, see `Encoder.fingerprint_parts`."""
        if self._fingerprint is None:
            self._fingerprint = self._ask("fingerprint")[0]["fingerprint"]
        return self._fingerprint

    @property
    def dimension(self) -> int:
        """Numbers of a vector; the model is loaded for it."""
        return int(self._ask("dimension")[0]["dimension"])

    def memory(self) -> dict[str, float]:
        """Return the most memory that the process ever held, as `megabytes`, and `gpu_megabytes` of a CUDA device."""
        answer: dict[str, float] = self._ask("memory")[0]["memory"]
        return answer

    def close(self) -> None:
        """End the process; the next text starts another."""
        self._process = None
        if self._finalizer is not None:
            self._finalizer()

    def _encode_distinct(self, texts: list[str]) -> np.ndarray:
        answer, numbers = self._ask("encode", texts=texts)
        self.windowed_texts = answer["windowed_texts"]
        # a copy, since pooled windows are written into it
        return np.frombuffer(numbers, dtype="<f4").reshape(answer["shape"]).astype(np.float32)

    def _ask(self, what: str, **details: Any) -> tuple[dict[str, Any], bytes]:
        """Return the answer to a request, and the bytes that belong to it."""
        process = self._process or self._start()
        try:
            answer, numbers = self._exchange(process, {"what": what, **details})
        except BaseException:
            # whatever it still answers would be taken for the answer to the next request
            self._process = None
            process.kill()
            self.close()
            raise
        if "error" in answer:
            raise (InputError if answer["kind"] == "InputError" else EncoderError)(answer["error"])
        return answer, numbers

    def _start(self) -> subprocess.Popen[bytes]:
        settings = {name: getattr(self, name) for name in _SETTINGS}
        process = subprocess.Popen(
            # -P: a file of the working folder must not stand in for a library
            [sys.executable, "-P", "-m", "smf_embed.isolation", json.dumps(settings)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,  # Ctrl-C is for the owner, which finishes the batch in flight
        )
        self._finalizer = weakref.finalize(self, _end, process)
        self._process = process
        return process

    def _exchange(self, process: subprocess.Popen[bytes], request: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
        assert process.stdin is not None
        assert process.stdout is not None
        number = next(self._numbers)
        try:
            process.stdin.write(json.dumps(request | {"number": number}).encode() + b"\n")
            process.stdin.flush()
        except BrokenPipeError:
            raise self._ended(process) from None
        line = process.stdout.readline()
        if not line.endswith(b"\n"):
            raise self._ended(process)
        answer: dict[str, Any] = json.loads(line)
        if answer["number"] != number:
            raise EncoderError(f"encoder {self.name!r}: its process answered another request; try again")
        numbers = process.stdout.read(answer["bytes"])
        if len(numbers) < answer["bytes"]:
            raise self._ended(process)
        return answer, numbers

    def _ended(self, process: subprocess.Popen[bytes]) -> EncoderError:
        return EncoderError(
            f"encoder {self.name!r}: its process ended with code {process.wait()}; what it wrote is above. The same "
            "command without --isolate may say more; code -9 means that memory ran out"
        )


def _end(process: subprocess.Popen[bytes]) -> None:
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            with suppress(BrokenPipeError):  # it died, and what was not sent has nowhere to go
                stream.close()
    try:
        process.wait(timeout=5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def serve(settings: dict[str, Any], requests: IO[bytes], answers: IO[bytes]) -> None:
    """Answer requests until there are no more."""
    encoder = Encoder(**settings)
    for line in requests:
        request = json.loads(line)
        numbers = b""
        try:
            answer: dict[str, Any]
            if request["what"] == "encode":
                vectors = encoder.encode(request["texts"])
                numbers = vectors.astype("<f4").tobytes()
                answer = {"shape": vectors.shape, "windowed_texts": encoder.windowed_texts}
            elif request["what"] == "fingerprint":
                answer = {"fingerprint": encoder.fingerprint_parts}
            elif request["what"] == "dimension":
                answer = {"dimension": encoder.dimension}
            else:
                answer = {"memory": _largest_memory()}
        except (EncoderError, InputError) as error:
            answer = {"error": str(error), "kind": type(error).__name__}
        answer |= {"number": request["number"], "bytes": len(numbers)}
        answers.write(json.dumps(answer).encode() + b"\n" + numbers)
        answers.flush()


def _largest_memory() -> dict[str, float]:
    import torch

    found = {"megabytes": _peak_bytes() / 2**20}
    if torch.cuda.is_available():
        found["gpu_megabytes"] = torch.cuda.max_memory_allocated() / 2**20
    return found


def _peak_bytes() -> int:
    # what `getrusage` says of Linux begins with the memory of the process that started this one
    with suppress(OSError):
        for line in Path("/proc/self/status").read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    try:
        import resource
    except ImportError:  # Windows
        import psutil

        return int(psutil.Process().memory_info().peak_wset)
    # kilobytes, but bytes on macOS
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def main() -> None:
    """Serve the owner; whatever libraries print goes to standard error, since standard output is for answers."""
    from smf_embed.threads import limit_threads

    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    limit_threads()
    try:
        serve(json.loads(sys.argv[1]), sys.stdin.buffer, answers)
    except BrokenPipeError:
        os._exit(0)  # the owner is gone, and what is left in the buffer has nowhere to go


if __name__ == "__main__":
    main()
