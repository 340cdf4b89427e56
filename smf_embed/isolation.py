"""Encoding in a process of its own, which torch and its OpenMP threads never leave.

On macOS torch and LightGBM bring two OpenMP runtimes, which may hang or crash in one process. The other process is this
module as a program: it reads one request a line as JSON on its standard input, and answers with a line of JSON and, for
texts, the numbers of their vectors. It ends when its input does, so that none is left behind when its owner is killed.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import weakref
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

    @property
    def fingerprint_parts(self) -> dict[str, Any]:
        """What the fingerprint is made of, see `Encoder.fingerprint_parts`."""
        if self._fingerprint is None:
            self._fingerprint = self._ask("fingerprint")["fingerprint"]
        return self._fingerprint

    @property
    def dimension(self) -> int:
        """Numbers of a vector; the model is loaded for it."""
        return int(self._ask("dimension")["dimension"])

    def memory(self) -> dict[str, float]:
        """Return the most memory that the process ever held, as `megabytes`, and `gpu_megabytes` of a CUDA device."""
        answer: dict[str, float] = self._ask("memory")["memory"]
        return answer

    def close(self) -> None:
        """End the process; the next text starts another."""
        if self._process is not None:
            _end(self._process)
            self._process = None

    def _encode_distinct(self, texts: list[str]) -> np.ndarray:
        answer = self._ask("encode", texts=texts)
        self.windowed_texts = answer["windowed_texts"]
        rows, columns = answer["shape"]
        data = self._pipes()[1].read(4 * rows * columns)
        if len(data) < 4 * rows * columns:
            raise self._ended()
        # a copy, since pooled windows are written into it
        return np.frombuffer(data, dtype="<f4").reshape(rows, columns).astype(np.float32)

    def _ask(self, what: str, **details: Any) -> dict[str, Any]:
        if self._process is None:
            settings = {name: getattr(self, name) for name in _SETTINGS}
            self._process = subprocess.Popen(
                [sys.executable, "-m", "smf_embed.isolation", json.dumps(settings)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                start_new_session=True,  # Ctrl-C is for the owner, which finishes the batch in flight
            )
            weakref.finalize(self, _end, self._process)
        requests, answers = self._pipes()
        try:
            requests.write(json.dumps({"what": what, **details}).encode() + b"\n")
            requests.flush()
        except BrokenPipeError:
            raise self._ended() from None
        line = answers.readline()
        if not line:
            raise self._ended()
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise (InputError if answer["kind"] == "InputError" else EncoderError)(answer["error"])
        return answer

    def _pipes(self) -> tuple[IO[bytes], IO[bytes]]:
        assert self._process is not None
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        return self._process.stdin, self._process.stdout

    def _ended(self) -> EncoderError:
        assert self._process is not None
        code = self._process.wait()
        self._process = None
        return EncoderError(
            f"encoder {self.name!r}: its process ended with code {code}; what it wrote is above. The same command "
            "without --isolate may say more; code -9 means that memory ran out"
        )


def _end(process: subprocess.Popen[bytes]) -> None:
    for stream in (process.stdin, process.stdout):
        if stream is not None:
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
        answers.write(json.dumps(answer).encode() + b"\n" + numbers)
        answers.flush()


def _largest_memory() -> dict[str, float]:
    import torch

    found = {"megabytes": _peak_bytes() / 2**20}
    if torch.cuda.is_available():
        found["gpu_megabytes"] = torch.cuda.max_memory_allocated() / 2**20
    return found


def _peak_bytes() -> int:
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
