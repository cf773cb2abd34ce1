"""One measurement in a process of its own; started by ``python -m benchmarks.vault``."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from benchmarks.vault.__main__ import RUNS

if __name__ == "__main__":
    json.dump(RUNS[sys.argv[1]](Path(sys.argv[2]), Path(sys.argv[3])), sys.stdout)
