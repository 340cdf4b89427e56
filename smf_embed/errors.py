"""The errors that users meet. Each says what is wrong, where, and the command that mends it.

SmfEmbedError
├── InputError        a table, a text or an option that cannot be used
│   └── NoRowsError   a table that has columns and no row
├── EncoderError      an encoder that cannot be found or loaded
├── CatalogueError    a catalogue that is missing, damaged, locked or of another encoder
└── ModelError        a model that is missing, damaged or does not fit the catalogue
"""


class SmfEmbedError(Exception):
    """Base class; the command line prints the message as one line and exits with code 2."""


class InputError(SmfEmbedError):
    """A table, a text or an option that cannot be used."""


class NoRowsError(InputError):
    """A table that has columns and no row; one of many that make a table may be so."""


class EncoderError(SmfEmbedError):
    """An encoder that cannot be found or loaded."""


class CatalogueError(SmfEmbedError):
    """A catalogue that is missing, damaged, locked, or was made with another encoder."""


class ModelError(SmfEmbedError):
    """A model that is missing, damaged, or does not fit the catalogue."""
