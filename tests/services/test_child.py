"""Child processes under uvloop, as the bot runs: their pipes touch nobody else's descriptors."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
SCRIPT = """
import asyncio, os, sys, threading, time
import uvloop
from services.git.child import Capture, run_child

over, lost = threading.Event(), []

def opens_and_closes() -> None:
    while not over.is_set():
        fd = os.open("/dev/null", os.O_RDONLY)
        try:
            time.sleep(0)  # lets the other threads have a turn
            os.fstat(fd)
            os.close(fd)
        except OSError as error:
            lost.append(error)

async def main() -> None:
    threads = [threading.Thread(target=opens_and_closes) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        for number in range(300):
            said = Capture(100, 0)
            await run_child(["/bin/echo", str(number)], env={}, seconds=60, stdout=said)
            assert said.value() == f"{number}\\n".encode(), said.value()
    finally:
        over.set()
        for thread in threads:
            thread.join()

uvloop.run(main())
sys.exit(f"{len(lost)} descriptors were closed behind their owner's back" if lost else 0)
"""


def test_no_descriptor_of_another_thread_is_closed() -> None:
    """uvloop's own pipe transport closed each descriptor twice; the second close hit whoever had the number by then."""
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], cwd=ROOT, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
