"""What was answered is on the disk: the receiver is killed with -9 in the middle of a flood, again and again.

A sender with 32 connections notes the delivery id of each 202. After every kill the database is read: every noted id
has to be there.

kills: how many.  answered: deliveries with a 202.  missing: of these, those that are not on the disk; must be 0.
"""

import json
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

from benchmarks import Number, Report, Say, WentWrong, machine
from benchmarks.ingest import EXAMPLES, HERE, SECRET, free_port, wait_for

OPTIONS = {"kills": (100, "times that it is killed"), "seed": (1, "of when")}
CONNECTIONS = 32
LIMITS: dict[str, Number] = {"missing": 0}


def measure(say: Say, *, kills: int, seed: int) -> Report:
    """One database, one receiver after the other."""
    chance, answered, missing = random.Random(seed), set[str](), set[str]()
    with tempfile.TemporaryDirectory(prefix="lockstep-receiver-") as folder:
        for number in range(kills):
            answered |= _round(Path(folder), chance.uniform(0.05, 0.4))
            missing |= answered - _stored(Path(folder))
            if (number + 1) % 10 == 0:
                say(f"{number + 1} of {kills} kills: {len(answered)} answered, {len(missing)} missing")
    if not answered:
        raise WentWrong("nothing was answered")
    figures: dict[str, Number] = {"kills": kills, "answered": len(answered), "missing": len(missing)}
    return Report(name="receiver", figures=figures, peers={"limit": LIMITS}, conditions=machine())


def _round(folder: Path, seconds: float) -> set[str]:
    """The ids that were answered with 202 before the receiver was killed."""
    port = free_port()
    command = [sys.executable, "-m", "benchmarks._ingest_ours", str(folder), SECRET, str(port)]
    receiver = subprocess.Popen(command, cwd=HERE.parent, stderr=subprocess.DEVNULL)
    try:
        wait_for(receiver, port, "the receiver")
        load = [sys.executable, "-m", "benchmarks._load", str(port), str(CONNECTIONS), "30", SECRET, str(EXAMPLES)]
        sender = subprocess.Popen([*load, "--until-it-ends"], cwd=HERE.parent, stdout=subprocess.PIPE)
        assert sender.stdout is not None
        sender.stdout.readline()  # it begins
        time.sleep(seconds)
    finally:
        receiver.send_signal(signal.SIGKILL)
        receiver.wait()
    return set(json.loads(sender.communicate()[0]))


def _stored(folder: Path) -> set[str]:
    with closing(sqlite3.connect(folder / "lockstep.sqlite")) as file:
        return {row[0] for row in file.execute("SELECT guid FROM inbox")}
