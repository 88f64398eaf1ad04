"""The linter's word on every program and notebook; its rules are in pyproject.toml."""

import subprocess
import sys
from pathlib import Path


def test_ruff_finds_nothing():
    root = Path(__file__).resolve().parents[1]
    ruff = subprocess.run(
        [sys.executable, "-m", "ruff", "check", "--no-cache", "--quiet"],
        cwd=root,
        capture_output=True,
        encoding="utf-8",
    )
    assert ruff.returncode == 0, ruff.stdout + ruff.stderr
