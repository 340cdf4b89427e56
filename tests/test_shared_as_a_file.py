"""The tests of a catalogue in a file, run once more on a shared one."""

import inspect

import pytest
import test_catalogue
import test_faults
import test_sync

from smf_embed.catalogue import Catalogue

# they talk to a server, or to a store that runs beside
pytestmark = pytest.mark.slow

# tests of one catalogue, whatever its database is; those of the file itself stay where they are
_OF_A_FILE = {"test_a_catalogue_with_states_is_verified_mended_and_of_this_format"}
for _module in (test_catalogue, test_sync, test_faults):
    for _name, _test in list(vars(_module).items()):
        if _name in _OF_A_FILE or not _name.startswith("test_"):
            continue
        if "catalogue" in inspect.signature(_test).parameters:
            globals()[_name] = _test


@pytest.fixture
def catalogue(shared, encoded):
    with Catalogue(shared, create=True) as catalogue:
        yield catalogue
