"""What is said in clips, as YouTube's player shows it: transcripts, by youtube-transcript-api.

That is no documented interface of YouTube, and it stops answering who asks too much; so it is asked only where a user
wants it, once a clip, and no clip waits for it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from smf_embed.clips import MAX_TEXT, SUBTITLES
from smf_embed.enrichment.states import Answer, ChannelAnswer, Page, Source, State, extra_is_missing
from smf_embed.subtitles import parse_subtitles

_TIMEOUT = 30.0
_TRIES_AGAIN = 4


class Transcripts:
    """Transcripts of clips in preferred languages.

    Parameters
    ----------
    languages : sequence of str
        The preferred first; a clip that has none of them is given the one that it has. Of two in one language, that
        which a person wrote comes before that of a machine.
    session : requests.Session, optional

    Raises
    ------
    InputError
        The extra `youtube` is not installed.
    """

    def __init__(self, languages: Sequence[str], session: Any = None) -> None:
        try:
            from youtube_transcript_api import YouTubeTranscriptApi
        except ImportError as error:
            raise extra_is_missing("what is said in clips", error, "youtube") from error
        self._languages = list(languages)
        self._session = session if session is not None else patient_session()
        self._api = YouTubeTranscriptApi(http_client=self._session)

    def text(self, yt_reel_id: str) -> str | None:
        """Return what is said in a clip; None where there is no transcript.

        Raises
        ------
        BlockedError
            Nothing more should be asked for now.
        """
        import requests
        from youtube_transcript_api import CouldNotRetrieveTranscript, RequestBlocked
        from youtube_transcript_api.formatters import SRTFormatter

        try:
            chosen = self._chosen(list(self._api.list(yt_reel_id)))
            if chosen is None:
                return None
            cues = SRTFormatter().format_transcript(chosen.fetch())
            return parse_subtitles(cues)[:MAX_TEXT] or None
        except RequestBlocked:
            raise BlockedError("YouTube takes no more requests for transcripts from here for now") from None
        except requests.RequestException as error:
            raise BlockedError(f"transcripts cannot be reached: {type(error).__name__}") from None
        except (CouldNotRetrieveTranscript, SyntaxError, ValueError):
            # none for this clip, or one that cannot be read: XML that is none is a SyntaxError
            return None

    def close(self) -> None:
        """Close its connections."""
        self._session.close()

    def _chosen(self, transcripts: list[Any]) -> Any:
        def preference(pair: tuple[int, Any]) -> tuple[int, bool, int]:
            place, transcript = pair
            code = transcript.language_code.lower()
            ranks = [
                rank for rank, tag in enumerate(map(str.lower, self._languages)) if f"{code}-".startswith(f"{tag}-")
            ]
            return (ranks[0] if ranks else len(self._languages), transcript.is_generated, place)

        return min(enumerate(transcripts), key=preference, default=(0, None))[1]


class BlockedError(Exception):
    """Nothing more should be asked for now."""


class WithTranscripts:
    """A source whose clips are given their transcripts, too.

    Parameters
    ----------
    source : Source
    transcripts : Transcripts
    """

    def __init__(self, source: Source, transcripts: Transcripts) -> None:
        self._source, self._transcripts = source, transcripts
        self.name, self.batch_size, self.knows_all = source.name, source.batch_size, source.knows_all
        self.quota = source.quota
        self.notes: list[str] = source.notes
        self._blocked = False

    def fetch(self, ids: Sequence[str], with_subtitles: Collection[str] = ()) -> dict[str, Answer]:
        """Return the answers of the source, those of whole clips without subtitles with what is said in them."""
        answers = self._source.fetch(ids, with_subtitles)
        return {
            key: answer if key in with_subtitles else self._with_text(key, answer) for key, answer in answers.items()
        }

    def find_channels(self, given: Sequence[str]) -> dict[str, ChannelAnswer]:
        """Return what the source answers."""
        return self._source.find_channels(given)

    def uploads(self, uploads: str, page: str | None) -> Page:
        """Return what the source answers."""
        return self._source.uploads(uploads, page)

    def close(self) -> None:
        """Close the connections of both."""
        self._source.close()
        self._transcripts.close()

    def _with_text(self, identifier: str, answer: Answer) -> Answer:
        if self._blocked or answer.state is not State.OK or not answer.cells or answer.cells.get(SUBTITLES):
            return answer
        try:
            text = self._transcripts.text(identifier)
        except BlockedError as error:
            self._blocked = True
            self.notes.append(f"{error}; the clips from {identifier} on are without")
            return answer
        return answer if text is None else Answer(answer.state, answer.reason, answer.cells | {SUBTITLES: text})


def patient_session() -> Any:
    """Return a session of requests that tries again after longer and longer waits, and waits for no answer forever."""
    import requests
    from requests.adapters import HTTPAdapter
    from urllib3.util import Retry

    class Patient(HTTPAdapter):
        def send(self, request: Any, *words: Any, **options: Any) -> Any:
            options["timeout"] = options.get("timeout") or _TIMEOUT
            return super().send(request, *words, **options)

    retry = Retry(
        _TRIES_AGAIN, backoff_factor=1, backoff_jitter=1, status_forcelist=(500, 502, 503, 504), allowed_methods=None
    )
    session = requests.Session()
    session.mount("https://", Patient(max_retries=retry))
    return session
