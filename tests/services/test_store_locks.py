"""services/store/locks.py: a lock that a child still has for a moment is waited for, one that is kept is not for long."""

import fcntl
import subprocess
import sys
from pathlib import Path

from services.store.locks import hold

HOLDS = """
import fcntl, sys
file = open(sys.argv[1], "ab")
fcntl.flock(file, fcntl.LOCK_EX)
print("held", flush=True)
sys.stdin.readline()
"""


def test_a_lock_is_had_once_whoever_held_it_is_gone(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with subprocess.Popen(
        [sys.executable, "-c", HOLDS, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdin is not None
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with path.open("ab") as file:
            assert not hold(file, 0.05)
        with path.open("ab") as file:
            holder.stdin.write("go\n")
            holder.stdin.flush()
            assert hold(file, 60.0)
            with path.open("ab") as other:
                assert not hold(other, 0.05)
            file.close()
            with path.open("ab") as third:
                fcntl.flock(third, fcntl.LOCK_EX)  # nobody keeps what was waited for in vain
