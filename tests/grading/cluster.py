"""A Dask cluster of two workers on this machine, as processes that can be killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from distributed import Client

PATIENCE = 60  # seconds


class Cluster:
    def __init__(self, folder: Path):
        self.folder = folder
        self.file = folder / "scheduler.json"
        self.processes = [self.start("scheduler", "--port", "0", "--scheduler-file", self.file)]
        end = time.monotonic() + PATIENCE
        while not self.file.exists() and time.monotonic() < end:
            time.sleep(0.1)
        with Client(scheduler_file=str(self.file), timeout=PATIENCE) as client:
            self.address = client.scheduler_info()["address"]
        self.workers = [self.worker() for _ in range(2)]

    def start(self, what: str, *arguments: object) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "distributed.cli.dask_" + what, *map(str, arguments)]
        return subprocess.Popen(
            [*command, "--no-dashboard"],
            cwd=self.folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def worker(self) -> subprocess.Popen[bytes]:
        made = self.start("worker", "--nthreads", "1", "--no-nanny", self.address)
        self.processes.append(made)
        return made

    def lose(self, which: int) -> None:
        """One worker is killed with all that it started, and another one comes."""
        os.killpg(self.workers[which].pid, signal.SIGKILL)
        self.workers[which] = self.worker()

    def stop(self) -> None:
        for process in self.processes:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
