"""Sources as the command line and `classify` name them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from smf_embed.enrichment.states import Source
from smf_embed.errors import InputError

#: What `--source` says of itself.
SOURCES = "youtube, a folder of yt-dlp's .info.json files, or a file FILE.sql with a query"


def open_source(name: str, languages: Sequence[str] = (), *, daily_units: int | None = None) -> Source:
    """Return the source of a name.

    Parameters
    ----------
    name : str
        `youtube`: the YouTube Data API, by the key in `YOUTUBE_API_KEY`. A folder: yt-dlp's `.info.json` files with
        subtitle files beside them. A file that ends in `.sql`: a query of the database whose address is in
        `SMF_EMBED_DATABASE_URL`.
    languages : sequence of str
        Preferred languages of what is said in clips. For `youtube` and queries, transcripts are looked up where there
        are any; subtitle files of a folder are read in any case.
    daily_units : int, optional
        Quota of the YouTube Data API, where it is not the usual one.

    Raises
    ------
    InputError
        No such source, or an extra that is not installed.
    SourceError
        No key or no address of a database.
    """
    path = Path(name)
    if name == "youtube":
        from smf_embed.enrichment.quota import UNITS_A_DAY, Quota
        from smf_embed.enrichment.youtube import YouTube

        source: Source = YouTube(quota=Quota(daily_units or UNITS_A_DAY))
    elif path.suffix == ".sql":
        from smf_embed.enrichment.sql_source import SqlQuery

        try:
            query = path.read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(f"{path}: cannot be read: {getattr(error, 'strerror', None) or error}") from error
        source = SqlQuery(query)
    elif path.is_dir():
        from smf_embed.enrichment.info_files import InfoFolder

        return InfoFolder(path, languages)
    else:
        raise InputError(f"{name}: is no source; name {SOURCES}")
    if languages:
        from smf_embed.enrichment.transcripts import Transcripts, WithTranscripts

        return WithTranscripts(source, Transcripts(languages))
    return source
