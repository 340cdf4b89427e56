"""Demo data: invented clips with the columns, class sizes, gaps, noise and wrong labels of a studio's table.

`make_demo` serves the demo, the tests and the notebooks. No text in it was published by anyone: titles, descriptions
and channels are put together from `smf_embed.demo_vocabulary`. So results on it say how the parts work together, not
how well the studio's own clips will be decided.

How hard it is: macro-F1 over the 45 classes on the test clips, trained on the labels as they are (wrong ones included),
scored against `cartoon_true`; `python benchmarks/demo_difficulty.py --scale 0.1 --seed 0`, and seeds 1 and 2.

=====================================================  ======================  ======================
classifier                                             text                    title alone
=====================================================  ======================  ======================
random forest, 100 trees, TF-IDF of words and pairs    0.66, 0.50, 0.57        0.25, 0.31, 0.39
linear SVM, TF-IDF of character 2- to 5-grams          0.84, 0.80, 0.81        0.73, 0.75, 0.70
=====================================================  ======================  ======================

Twenty classes have 3 training and 2 test clips at that scale, which is why seeds differ so. At scale
1, seed 0: forest 0.72 on text and 0.62 on titles, SVM 0.74 on titles (on text not run: too large).
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from smf_embed import demo_vocabulary as words
from smf_embed.demo_vocabulary import NONE, Dice, Grammar, Lots, Series
from smf_embed.errors import InputError

COLUMNS = (
    *("date", "reel_name", "yt_reel_id", "cartoon", "url", "text", "seconds", "is_shorts", "broadcast"),
    *("yt_channel_id", "yt_channel_name", "yt_ch_url", "yt_channel_type", "flag_closed", "international", "language"),
    "cartoon_true",
)
_TRAIN_ROWS, _TEST_ROWS = 83_411, 55_608
_FIRST_DAY, _LAST_DAY = datetime.date(2008, 10, 8), datetime.date(2024, 9, 15)
# Seconds at millionths of the clips that are no shorts. Whole numbers, so that no machine rounds them in its own way.
_MILLIONTHS = np.array([0, 180_000, 470_000, 735_000, 900_000, 970_000, 996_000, 999_900, 1_000_000])
_SECONDS = np.array([61, 205, 605, 1330, 3600, 9000, 40_000, 120_000, 504_056])

_NAMING = ("mixed", "toyclip", "meta", "people")  # clips of no project that use its name, or its heroes'
_ABROAD = {"en": "english", "es": "spanish", "ar": "arabic"}


@dataclass(frozen=True)
class DemoData:
    """Two tables of invented clips.

    Attributes
    ----------
    train, test : pandas.DataFrame
        The columns of `COLUMNS`. `cartoon_true` is the label before wrong ones were put in: it serves scoring and the
        label audit and must not reach a classifier. In `test` it equals `cartoon`.
    """

    train: pd.DataFrame
    test: pd.DataFrame


def make_demo(scale: float = 0.1, seed: int = 0) -> DemoData:
    """Invent clips of 206 channels, 6 % of which belong to one of 44 projects.

    Parameters
    ----------
    scale : float
        1 gives 83,411 training and 55,608 test clips; classes shrink with it, to no less than 3 and 2 clips.
    seed : int
        The same seed gives the same tables, on every machine.

    Returns
    -------
    DemoData
        The tables `train` and `test`.

    Raises
    ------
    InputError
        If so few clips are asked for that projects would outnumber `none`.

    Examples
    --------
    >>> demo = make_demo(scale=0.01)
    >>> len(demo.train), len(demo.test), demo.train["cartoon"].nunique()
    (834, 556, 45)
    """
    projects = words.read_projects()
    train_sizes = _class_sizes(projects, scale, _TRAIN_ROWS, least=3)
    test_sizes = _class_sizes(projects, scale, _TEST_ROWS, least=2)
    rng = np.random.Generator(np.random.PCG64(seed))
    world = _World(Dice(rng), projects)
    ids = iter(_unique_ids(rng, sum(train_sizes.values()) + sum(test_sizes.values())))
    train = _table(world, _with_wrong_labels(world, train_sizes), rng, ids)
    test = _table(world, [(label, label) for label, size in test_sizes.items() for _ in range(size)], rng, ids)
    return DemoData(train, test)


@dataclass
class _Channel:
    name: str
    type: str
    id: str
    kinds: Lots[str]
    languages: Lots[str]
    around: list[list[str]]  # what it puts around titles
    lines: list[str]  # what it puts under every clip
    emoji: list[str]
    capitals: float  # share of its titles in capitals
    silent: float  # share of its clips without a description
    official: Series | None = None
    foreign: str = ""
    closed: bool = False


class _World:
    """The series and the channels, and how a clip of them is told."""

    def __init__(self, dice: Dice, projects: list[Series]) -> None:
        self.dice = dice
        self.projects = {project.label: project for project in projects}
        self.untracked = words.read_untracked()
        self.untracked_in = {x: [series for series in self.untracked if x in series.names] for x in words.LANGUAGES}
        self.tales = words.Tales()
        genres = {"ru": words.GENRES_RU + words.NAMING_RU, "en": words.GENRES_EN} | words.GENRES_OTHER
        self.tongues = {x: Grammar(dice, words.SERIES_GRAMMAR[x], genres[x]) for x in words.LANGUAGES}
        self.channel_words = Grammar(dice, words.CHANNELS)
        everything = list(self.tales.index)
        studios = list(dict.fromkeys(project.studio for project in projects))
        for series in [*projects, *self.untracked]:
            series.studio = series.studio or dice.pick(studios)
            liked = series.things + [dice.pick(everything) for _ in range(7)]
            count = 10 + min(series.size // 3, 140)
            series.episodes = [self.tales.invent(dice, liked) for _ in range(count)]
        self.by_size = Lots(dice, [(project, project.size) for project in projects])
        self.slogans: dict[str, Series] = {}
        self._open_channels()

    def _open_channels(self) -> None:
        dice = self.dice
        large = sorted(self.projects.values(), key=lambda project: -project.size)[:30]
        owners: dict[str, list[Series | None]] = {
            kind: [None] * count for kind, (_, count, _) in words.CHANNEL_TYPES.items()
        }
        owners["Мультфильмы"][8:42] = large + large[:4]
        abroad = iter(["en", "en", "en", "es", "es", "ar"])
        all_channels: list[tuple[_Channel, float]] = []
        for kind, (_, count, share) in words.CHANNEL_TYPES.items():
            # a few large channels and many small ones
            order = sorted(range(count), key=lambda _: dice.random())
            weights = [(0.2 if owners[kind][i] else 1.0) / (rank + 3) for rank, i in enumerate(order)]
            for place in range(count):
                owner = owners[kind][order[place]]
                foreign = next(abroad, "") if kind == "Мультфильмы" and not owner and place > count // 3 else ""
                weight = 0.001 if foreign else share * weights[place] / sum(weights)
                all_channels.append((self._open_channel(kind, owner, foreign), weight))
        closed = 0.0
        for channel, weight in all_channels[::-1]:
            if not channel.official and not channel.foreign and closed + weight < 0.0385:
                channel.closed = dice.chance(0.35)
                closed += weight * channel.closed
        self.channels = Lots(dice, all_channels)
        self.channels_of = {}
        for project in self.projects.values():
            own = [channel for channel, _ in all_channels if channel.official is project]
            kin = [c for c, _ in all_channels if c.official and c.official.studio == project.studio and c not in own]
            rest = [(c, w * (0.03 if c.type == "Блогеры" else 1)) for c, w in all_channels if not c.official]
            self.channels_of[project.label] = Lots(
                dice,
                [(channel, 0.7 / (place + 1)) for place, channel in enumerate(own)]
                + [(channel, 0.15 / len(kin)) for channel in kin]
                + [(channel, weight * (5 if channel.foreign else 1)) for channel, weight in rest],
            )

    def _open_channel(self, kind: str, owner: Series | None, foreign: str) -> _Channel:
        dice, grammar = self.dice, self.channel_words
        language = foreign or ("en" if kind == "Блогеры" and dice.chance(0.1) else "ru")
        if owner:
            name = dice.pick(owner.said(owner.names, dice.pick(("ru", "ru", "ru", "en"))))
            name += dice.pick(("", " ТВ", " - официальный канал", " | " + owner.studio, " Official"))
        else:
            name = grammar.say(words.CHANNEL_TYPES[kind][0], {})
        languages = {language: 8.0} | ({} if foreign else {"en": 0.25})
        if not foreign and (owner or dice.chance(0.3)):
            languages |= {dice.pick(words.LANGUAGES[1:]): 0.3 for _ in range(4)} | {language: 8.0}
        kinds = dict(words.KINDS[kind])
        if kind == "Блогеры":
            kinds[dice.pick(words.BLOGS)] = 60.0
            kinds[dice.pick(words.BLOGS)] = 60.0
        # spoken once, so that every clip of the channel carries the same lines
        said = {"handle": grammar.say("handle", {}), "channel": name}
        rule = "line_" + language if language != "ru" else "line"
        lines = list(dict.fromkeys(grammar.say(rule, said) for _ in range(dice.below(10))))
        if kind in ("Мультфильмы", "Детские") and dice.chance(0.6):
            also = self.tongues[language].say("also", {})
            kin = [s for s in [*self.projects.values(), *self.untracked] if owner and s.studio == owner.studio]
            for _ in range(2 + dice.below(5)):
                other = dice.pick(kin if kin and dice.chance(0.8) else [*self.projects.values(), *self.untracked])
                if other is not owner:
                    also += "\n" + dice.pick(other.said(other.names, language)) + grammar.say("after", {})
            lines.append(also)
        return _Channel(
            name,
            kind,
            "UC" + "".join(dice.pick(words.LETTERS) for _ in range(22)),
            Lots(dice, kinds.items()),
            Lots(dice, languages.items()),
            [dice.pick(grammar.rules["around_" + words.CHANNEL_TYPES[kind][0]]) for _ in range(dice.below(5))],
            lines,
            [dice.pick(words.EMOJI) for _ in range(3)] if dice.chance(0.6) else ["", "", dice.pick(words.EMOJI)],
            dice.pick((0.0, 0.0, 0.02, 0.05, 0.3)),
            dice.pick((0.02, 0.05, 0.1, 0.3)),
            owner,
            _ABROAD.get(foreign, ""),
        )

    def clip(self, label: str, hint: str) -> tuple[str, str, _Channel, str]:
        """Tell a clip of a project, or one of `none` that was mistaken for the project of the hint.

        Returns
        -------
        tuple of str, str, _Channel, str
            Title, description, channel, kind.
        """
        dice = self.dice
        if label != NONE:
            series, kind, channel = self.projects[label], "series", self.channels_of[label].draw()
            language = channel.languages.draw()
        else:
            channel = self.channels.draw()
            language = channel.languages.draw()
            kind = channel.kinds.draw()
            if hint != NONE and dice.chance(0.7):
                kind = dice.pick(_NAMING)
            series = dice.pick(self.untracked_in.get(language) or self.untracked)
            if kind in _NAMING:
                series = self.projects[hint] if hint != NONE else self._famous()
        given = self._given(series, channel, language)
        grammar = self.tongues[language]
        told = True  # whether the description may say the name
        if kind == "series":
            # rare projects were found by rules on their names, so their clips carry them more often
            named = 0.68 if series.size >= 100 else 0.82 if series.size >= 30 else 0.92
            # rules of titles, and how often the description of such a clip says the name
            shares = {("named", 0.85): named * 0.8, ("bulk", 0.85): named * 0.2}
            shares |= {("heroes", 0.6): (1 - named) * 0.55, ("bare", 0.25): (1 - named) * 0.45}
            rule, told_share = Lots(dice, shares.items()).draw()
            told = dice.chance(told_share)
        else:
            known = (kind, "life" if kind in words.BLOGS else "kids", "kids")
            rule = next(x for x in known if x + "_about" in grammar.rules)
        title = grammar.say(rule, given)
        if dice.chance(0.35):
            # channels fill titles up with whatever may be searched for
            more = ("cast" if told and dice.chance(0.7) else "longer") if kind == "series" else rule
            title += dice.pick((" | ", " - ", " ", ". ", " // ")) + grammar.say(more, given)
        if kind == "series" and dice.chance(0.65 if rule == "bare" else 0.8):
            title += " | " + self._blurb(series, language)[0]
        if channel.around and dice.chance(0.55):
            title = self.channel_words.fill(dice.pick(channel.around), given | {"t": title})
        text = self._description(series, given, channel, language, "" if kind == "series" else rule + "_about", told)
        title = words.mistype(" ".join(title.split()), dice, language, channel.capitals)
        return title, text, channel, "bulk" if rule == "bulk" else kind

    def _famous(self) -> Series:
        # toys and parodies are made of what is known, not in proportion to what the studio counts
        return self.dice.pick(list(self.projects.values())) if self.dice.chance(0.2) else self.by_size.draw()

    def _given(self, series: Series, channel: _Channel, language: str) -> dict[str, str | Sequence[str]]:
        dice, heroes = self.dice, series.said(series.heroes, language)
        first, names = dice.below(len(heroes)), series.said(series.names, language)
        others = [self._famous() if dice.chance(0.7) else dice.pick(self.untracked) for _ in range(2)]
        return {
            "name": names[0] if dice.chance(0.8) else dice.pick(names),
            "name2": dice.pick(others[0].said(others[0].names, language)),
            "name3": dice.pick(others[1].said(others[1].names, language)),
            "hero": heroes[first],
            "hero2": heroes[first - 1],
            "ep": self._episode(series, language),
            "ep2": self._episode(series, language),
            "e": channel.emoji,
            "channel": channel.name,
        }

    def _blurb(self, series: Series, language: str) -> tuple[str, str]:
        """What is put behind titles of a series and what is said of it, always in the same words."""
        if language not in series.blurbs:
            names, heroes = series.said(series.names, language), series.said(series.heroes, language)
            given = {"name": names[0], "cast": ", ".join(heroes), "hero": heroes[0], "hero2": heroes[-1]}
            grammar = self.tongues[language]
            about = grammar.say("blurb", given | {"studio": series.studio})
            # two series seldom advertise themselves in the same words; few words in some languages make it happen
            slogans = [grammar.say("slogan", {}) for _ in range(5)]
            slogan = next((x for x in slogans if x not in self.slogans), slogans[0])
            self.slogans[slogan] = series
            series.blurbs[language] = slogan, about
        return series.blurbs[language]

    def _episode(self, series: Series, language: str) -> str:
        number = self.dice.below(len(series.episodes))
        if (number, language) not in series.titles:
            heroes = series.said(series.heroes, language)
            series.titles[number, language] = self.tales.title(series.episodes[number], language, heroes)
        return series.titles[number, language]

    def _description(
        self,
        series: Series,
        given: dict[str, str | Sequence[str]],
        channel: _Channel,
        language: str,
        about: str,
        told: bool,
    ) -> str:
        dice, grammar, lines = self.dice, self.tongues[language], []
        if dice.chance(channel.silent):
            return ""
        if not about and told:
            lines.append(grammar.say("intro", given))
            if dice.chance(0.9):
                lines.append(self._blurb(series, language)[1])
        if dice.chance(0.85):
            lines.append(" ".join(grammar.say(about or "story", given) for _ in range(1 + dice.below(5))))
        if dice.chance(0.2):  # something like subtitles
            count = 4 + dice.below(dice.pick((12, 30, 450)))
            lines.extend(grammar.say(about or "talk", given) for _ in range(count))
        if dice.chance(0.9):
            lines.extend(channel.lines)
        if dice.chance(0.4):
            tags = [grammar.say("tag", given) for _ in range(2 + dice.below(5))]
            tags += [str(given["name"])] if not about and told else []
            lines.append(" ".join("#" + re.sub(r"\W+", "", tag).lower() for tag in tags))
        return "\n".join(lines)


def _class_sizes(projects: list[Series], scale: float, full: int, least: int) -> dict[str, int]:
    sizes = {project.label: max(least, round(project.size * scale * full / _TRAIN_ROWS)) for project in projects}
    none = round(full * scale) - sum(sizes.values())
    if none < sum(sizes.values()):
        raise InputError(f"scale={scale} leaves too few clips for {len(sizes)} projects and none; use 0.01 or more")
    return {NONE: none} | sizes


def _with_wrong_labels(world: _World, sizes: dict[str, int]) -> list[tuple[str, str]]:
    """Pairs of true and given label, wrong where the studio's table is known to be wrong."""
    dice = world.dice
    tsarevny, zhilabyla = "Царевны", "ЖилаБыла Царевна"
    right = {tsarevny: round(0.29 * sizes[tsarevny]), zhilabyla: round(0.73 * sizes[zhilabyla])}
    others = [label for label in sizes if label not in (NONE, tsarevny, zhilabyla)]
    # classes of 3 or 4 clips are left whole
    places = [label for label in others for _ in range(sizes[label]) if sizes[label] >= 5]
    count = round(0.03 * sum(sizes[label] for label in others))
    wrong = [places.pop(dice.below(len(places))) for _ in range(min(count, len(places)))]
    pairs = []
    for label, size in sizes.items():
        bad = round(0.002 * size) if label == NONE else size - right[label] if label in right else wrong.count(label)
        pairs += [(label, label)] * (size - bad)
        for _ in range(bad):
            if label == NONE:
                truth = world.by_size.draw().label
            elif label == tsarevny:
                truth = zhilabyla if dice.chance(0.9) else NONE
            elif label == zhilabyla:
                truth = tsarevny if dice.chance(0.4) else NONE
            else:
                truth = NONE if dice.chance(0.6) else world.by_size.draw().label
            pairs.append((truth if truth != label else NONE, label))
    return pairs


def _unique_ids(rng: np.random.Generator, count: int) -> list[str]:
    letters = np.array(list(words.LETTERS))
    ids: dict[str, None] = {}
    while len(ids) < count:
        drawn = letters[rng.integers(0, len(letters), size=(count - len(ids), 11))]
        ids |= dict.fromkeys("".join(row) for row in drawn.tolist())
    return list(ids)


def _table(world: _World, pairs: list[tuple[str, str]], rng: np.random.Generator, ids: Iterator[str]) -> pd.DataFrame:
    """Tell a clip for every pair of true and given label; order, days, numbers and gaps are drawn at the end."""
    order = np.argsort(rng.random(len(pairs)), kind="stable").tolist()
    pairs = [pairs[i] for i in order]
    clips = [world.clip(*pair) for pair in pairs]
    count = len(pairs)
    titles, descriptions, channels, kinds = (list(column) for column in zip(*clips, strict=True))
    days = [(_FIRST_DAY + datetime.timedelta(days=i)).isoformat() for i in range((_LAST_DAY - _FIRST_DAY).days + 1)]
    # later years have more clips
    day = (len(days) * (1 - rng.random(count) * rng.random(count))).astype(int).clip(0, len(days) - 1)
    closed = np.array([channel.closed for channel in channels])
    shorts = rng.random(count) < np.where([channel.type == "Shorts" for channel in channels], 0.9, 0.0455)
    spread = rng.integers(0, _MILLIONTHS[-1], size=(2, count))
    longest = np.maximum(spread[0], spread[1])
    place = np.where([kind in ("bulk", "mixed") for kind in kinds], longest, spread[0])
    step = np.searchsorted(_MILLIONTHS, place, side="right") - 1
    rise, run = np.diff(_SECONDS)[step], np.diff(_MILLIONTHS)[step]
    seconds = _SECONDS[step] + (place - _MILLIONTHS[step]) * rise // run
    seconds = np.where(shorts, 5 + spread[1] % 55, seconds)
    gone = rng.random(count) < 0.0224
    luck = rng.random(count)
    broadcast = np.where(luck < 0.0224, "live", np.where(luck < 0.0235, "upcoming", NONE))
    # closed channels cannot be asked
    missing = rng.random(count) < np.where(closed, 0.55, 0.087)
    unknown = rng.random(count) < 0.0006
    urls = [next(ids) for _ in range(count)]
    table = pd.DataFrame(
        {
            "date": [days[i] for i in day.tolist()],
            "reel_name": titles,
            "yt_reel_id": urls,
            "cartoon": [label for _, label in pairs],
            "url": [f"https://www.youtube.com/watch?v={i}" for i in urls],
            "text": [f"[{t}] {d}".strip()[:10_050] for t, d in zip(titles, descriptions, strict=True)],
            "seconds": np.where(missing, np.nan, np.where(gone, 0, seconds).astype(float)),
            "is_shorts": np.where(missing, np.nan, (shorts & ~gone).astype(float)),
            "broadcast": pd.Series(broadcast.tolist()).mask(missing),
            "yt_channel_id": pd.Series([channel.id for channel in channels]).mask(unknown),
            "yt_channel_name": pd.Series([channel.name for channel in channels]).mask(unknown),
            "yt_ch_url": pd.Series([f"https://www.youtube.com/channel/{c.id}" for c in channels]).mask(unknown),
            "yt_channel_type": pd.Series([channel.type for channel in channels]).mask(unknown),
            "flag_closed": closed.astype(int),
            "international": [int(bool(channel.foreign)) for channel in channels],
            "language": pd.Series([channel.foreign or None for channel in channels], dtype="str"),
            "cartoon_true": [truth for truth, _ in pairs],
        }
    )
    return table[list(COLUMNS)]
