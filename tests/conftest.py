"""What every test stands on: a cache of its own, so that no run is remembered from elsewhere."""

from __future__ import annotations

from collections.abc import Iterator

import pytest


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRAVITY_LINT_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))
        yield
