"""IC-117 at the size of a small network: six bad peers among forty, and the others get their mail as if nothing were."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.bench_peers import seconds


@pytest.mark.slow
async def test_IC_117_bad_peers_among_many_do_not_slow_the_others(tmp_path: Path) -> None:
    for bad in (False, True):
        (tmp_path / str(bad)).mkdir()
    without = await seconds(tmp_path / "False", bad=False, peers=40, messages=5)
    with_bad = await seconds(tmp_path / "True", bad=True, peers=40, messages=5)
    # The timers of a silent peer are 60 seconds: whoever waited for one would show it.
    assert with_bad < without + 10
