"""Ids in links of every form, bare ids, and what is none."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smf_embed.errors import InputError
from smf_embed.video_ids import clip_link, video_id

ID = "dQw4w9WgXcQ"
IDS = st.text(string.ascii_letters + string.digits + "-_", min_size=11, max_size=11)
HOSTS = st.sampled_from(
    ["youtube.com", "www.youtube.com", "m.youtube.com", "music.youtube.com", "www.youtube-nocookie.com", "YouTube.com"]
)
FORMS = st.sampled_from(["watch?v={}", "shorts/{}", "live/{}", "embed/{}", "v/{}", "e/{}", "watch/{}", "vi/{}"])
TAILS = st.sampled_from(["", "t=42s", "list=PLabc&index=3", "feature=share&si=AbC_d-1", "app=desktop", "start=1&end=2"])


@given(IDS, HOSTS, FORMS, TAILS, st.sampled_from(["https://", "http://", "//", ""]), st.sampled_from(["", "#t=9"]))
def test_the_id_of_a_link_is_found_whatever_stands_around_it(identifier, host, form, tail, scheme, fragment):
    path = form.format(identifier)
    joint = "&" if "?" in path else "?"
    assert video_id(f"  {scheme}{host}/{path}{joint + tail if tail else ''}{fragment}\n") == identifier


@given(IDS, TAILS)
def test_parameters_may_stand_before_the_id(identifier, tail):
    assert video_id(f"https://www.youtube.com/watch?{tail}&v={identifier}") == identifier


@given(IDS)
def test_a_link_that_is_made_of_an_id_gives_it_back(identifier):
    assert video_id(clip_link(identifier)) == identifier


@given(st.text(string.ascii_letters + string.digits + "-_.:+", min_size=1, max_size=128))
def test_a_bare_token_is_an_id_as_it_is(token):
    if "youtu" not in token.lower():
        assert video_id(token) == token


@given(st.text(max_size=300))
def test_any_text_gives_an_id_or_one_line_that_says_why_not(text):
    try:
        found = video_id(text)
    except InputError as error:
        found = ""
        reason = str(error)
    assert (1 <= len(found) <= 128) if found else (reason and "\n" not in reason)
    assert not set(found) & set(string.whitespace)


@pytest.mark.parametrize(
    "link",
    [
        f"https://youtu.be/{ID}?si=abc",
        f"youtu.be/{ID}",
        f"https://www.youtube.com/playlist?list=PL123&v={ID}",
        f"https://www.youtube.com/embed/videoseries?list=PL123&v={ID}",
        f"https://www.youtube.com/attribution_link?a=x&u=%2Fwatch%3Fv%3D{ID}%26feature%3Dshare",
        f"https://www.youtube.com/oembed?url=https%3A%2F%2Fyoutu.be%2F{ID}&format=json",
        f"https://www.google.com/url?q=https://www.youtube.com/watch%3Fv%3D{ID}&sa=D",
        f"https://www.youtube.com/watch#!v={ID}",
        f"https://www.youtube.com/watch?v={ID}&amp;t=3",
        f"<https://www.youtube.com/watch?v={ID}>",
        f"https://www.youtube.com/watch?v={ID}).",
        f"https://www.youtube.com:443/shorts/{ID}/",
        f"https://www.youtubekids.com/watch?v={ID}",
    ],
)
def test_rare_forms_of_links(link):
    assert video_id(link) == ID


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "nothing in it"),
        ("two words", "white space"),
        ("x" * 129, "128 at most"),
        ("https://example.com/watch?v=" + ID, "a link to example.com"),
        ("https://evil-youtube.com.example.org/watch?v=" + ID, "not to YouTube"),
        ("https://www.youtube.com/playlist?list=PL1", "a playlist"),
        ("https://www.youtube.com/@handle", "a channel"),
        ("https://www.youtube.com/channel/UC1", "a channel"),
        ("https://www.youtube.com/watch?v=short", "5 characters instead of 11"),
        ("https://www.youtube.com/watch?v=" + ID + "x", "12 characters instead of 11"),
        ("https://www.youtube.com/", "without the id"),
        ("http://[", "no link that can be read"),
    ],
)
def test_what_holds_no_id_says_why(text, reason):
    with pytest.raises(InputError, match=reason):
        video_id(text)
