"""Where the tests find the digests, vectors and captures that live beside the project."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

_BESIDE = Path(__file__).resolve().parents[2] / "shared"
SHARED: Path | None = _BESIDE if _BESIDE.is_dir() else None


def required(kind: str) -> bool:
    """Whether a missing thing of this kind (``peers``, ``shared``) fails instead of skipping."""
    return kind in os.environ.get("MIXER_REQUIRE", "").split(",")


def require_shared() -> Path:
    """The folder ``shared``; without it the test is skipped, or fails where ``MIXER_REQUIRE`` says so."""
    if SHARED is None:
        if required("shared"):
            pytest.fail("the folder 'shared' beside the project is missing, and MIXER_REQUIRE asks for it")
        pytest.skip("the folder 'shared' beside the project is missing")
    return SHARED


def require_program(name: str) -> str:
    """The path of an external program; without it the test is skipped, or fails where ``MIXER_REQUIRE`` says so."""
    from shutil import which

    found = which(name, path=os.environ.get("PATH", "") + os.pathsep + "/usr/sbin" + os.pathsep + "/sbin")
    if found is None:
        if required("peers"):
            pytest.fail(f"the program {name!r} is missing, and MIXER_REQUIRE asks for peers")
        pytest.skip(f"the program {name!r} is not installed")
    return found
