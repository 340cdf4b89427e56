"""A PostgreSQL server for tests, on a socket in a folder, with Debian's programs."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

USER, PASSWORD = "someuser", "s3cretword"


class PostgresServer:
    """A server of its own; skips the test where there can be none."""

    def __init__(self) -> None:
        pytest.importorskip("psycopg", reason="needs the extra: pip install 'smf-embed[sql]'")
        programs = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
        found = shutil.which("initdb")
        if not programs and found is None:
            pytest.skip("needs the programs of PostgreSQL: apt-get install postgresql")
        self._binaries = programs[-1].parent if programs else Path(str(found)).parent
        self.folder = Path(tempfile.mkdtemp(prefix="smf-pg."))
        user: dict[str, object] = {}
        if os.getuid() == 0:  # PostgreSQL does not run as root
            try:
                account = pwd.getpwnam("postgres")
            except KeyError:
                pytest.skip("PostgreSQL does not run as root, and there is no user postgres")
            user = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
            os.chown(self.folder, account.pw_uid, account.pw_gid)
        self._options = {"cwd": self.folder, "capture_output": True, "text": True, "timeout": 120} | user
        (self.folder / "password").write_text(PASSWORD)
        os.chmod(self.folder / "password", 0o644)
        words = ["-U", USER, "-A", "scram-sha-256", "--pwfile", self.folder / "password", "--no-sync", "-E", "UTF8"]
        command = [self._binaries / "initdb", "-D", self.folder / "data", "--data-checksums", *words]
        made = subprocess.run(command, **self._options)
        if made.returncode:
            shutil.rmtree(self.folder, ignore_errors=True)
            pytest.skip(f"PostgreSQL cannot be set up here: {made.stderr[-200:]}")

    def address(self, database: str = "postgres") -> str:
        """Return the address of a database."""
        return f"postgresql://{USER}:{PASSWORD}@/{database}?host={self.folder}"

    def start(self) -> None:
        """Start it, with no other door than the socket."""
        settings = f"-c listen_addresses= -c fsync=off -k {self.folder}"
        done = self._control("-o", settings, "start", capture_output=False)
        if done.returncode:
            pytest.skip(f"PostgreSQL cannot be started here: {(self.folder / 'log').read_text()[-200:]}")

    def stop(self) -> None:
        """Stop it as a crash would."""
        self._control("-m", "immediate", "stop")

    def remove(self) -> None:
        """Stop it and take its files away."""
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _control(self, *words: str, **more: object) -> subprocess.CompletedProcess[str]:
        command = [self._binaries / "pg_ctl", "-D", self.folder / "data", "-w", "-l", self.folder / "log", *words]
        return subprocess.run(command, **self._options | more)


@contextmanager
def running_server() -> Iterator[PostgresServer]:
    """Start a server, and remove it and its folder at the end."""
    server = PostgresServer()
    try:
        server.start()
        yield server
    finally:
        server.remove()
