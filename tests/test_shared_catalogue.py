"""A shared catalogue in PostgreSQL: the same behaviour as in a file, and many writers at once."""

import pytest
from test_catalogue import *  # noqa: F403

from smf_embed.catalogue import Catalogue


@pytest.fixture
def catalogue(shared, encoded):
    with Catalogue(shared, create=True) as catalogue:
        yield catalogue
