# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 1. The data: what a studio sees of 200 channels
#
# A cartoon studio watches some 200 video channels. Every day brings new *clips* (videos). Each has a title, perhaps a
# description, a few numbers, and a question: which of the studio's *projects* (series, franchises) does it belong to,
# or is it `none` of them? This notebook looks at such a table before anything is learned from it.
#
# **The clips here are invented.** `smf_embed.datasets` puts them together from word lists. Columns, sizes of classes,
# gaps, typos and wrong labels follow those of a real table. So the notebooks show how the parts work and what to look
# at; how well real clips are decided is measured on real text, see `docs/decisions.md`.

# %%
import matplotlib.pyplot as plt
import pandas as pd
from pictures import FAINT, FIRST, SECOND, short, use_style, write_values

from smf_embed.clip_tables import read_clips
from smf_embed.datasets import make_demo
from smf_embed.judging import main_script
from smf_embed.lexicon import names_in_label
from smf_embed.text import clean

use_style()
pd.set_option("display.max_colwidth", 90)
train = make_demo(scale=0.05, seed=0).train
projects = train[train["cartoon"] != "none"]
print(f"{len(train):,} labelled clips, {train['yt_channel_name'].nunique()} channels")
train[["reel_name", "cartoon", "yt_channel_name", "seconds"]].sample(7, random_state=1)

# %% [markdown]
# ## Nearly everything is `none`, and projects differ by two orders of magnitude

# %%
sizes = projects["cartoon"].value_counts()
figure, axes = plt.subplots(figsize=(9.6, 3.8))
axes.bar(range(len(sizes)), sizes, color=FIRST, alpha=0.75)
axes.set_xticks(range(len(sizes)), [short(name, 22) for name in sizes.index], rotation=90, fontsize=7.5)
axes.set(yscale="log", ylabel="labelled clips (log)", xlim=(-0.7, len(sizes) - 0.3), ylim=(1, 60))
axes.set_yticks([1, 3, 10, 30], ["1", "3", "10", "30"])
axes.minorticks_off()
axes.grid(visible=False, axis="x")
axes.set_title(f"{len(sizes)} projects have {len(projects) / len(train):.0%} of the clips, none has the rest")
plt.show()

# %% [markdown]
# A program that always says `none` is right more than nine times of ten, and useless. So the share of right answers is
# the wrong score. We use *macro-F1*. The *F1* of a project is one number for two: *precision* (of the clips that we
# give it, how many are its own) and *recall* (of its own clips, how many we find). It is high only if both are. *Macro*
# means: the plain mean over all classes, so a project with three clips counts as much as one with eight hundred.
#
# In the real table the largest project has 853 clips and the smallest 3. The small sample here keeps at least three
# clips of each; that is why its smallest projects are larger shares of the whole than in the original.

# %% [markdown]
# ## Years, lengths, languages

# %%
scripts = train["reel_name"].map(lambda title: main_script([title])).value_counts(normalize=True).head(6)
figure, (years, lengths, letters) = plt.subplots(1, 3, figsize=(10, 2.9))
train["date"].str[:4].astype(int).value_counts().reindex(range(2008, 2025), fill_value=0).plot.bar(
    ax=years, color=FIRST, alpha=0.75, width=0.8
)
years.set_xticks(range(0, 17, 4), range(2008, 2025, 4), rotation=0)
years.set(title="clips of each year", xlabel="")
minutes = train.loc[train["seconds"] > 0, "seconds"] / 60
lengths.hist(minutes.clip(upper=120), bins=[0, 1, 2, 3, 5, 8, 12, 20, 30, 45, 70, 120], color=FIRST, alpha=0.75)
lengths.set(xscale="log", title="length in minutes (log)")
lengths.set_xticks([1, 3, 10, 30, 100], ["1", "3", "10", "30", "100"])
lengths.minorticks_off()
letters.barh(scripts.index[::-1], scripts[::-1], color=FIRST, alpha=0.75)
letters.set(title="script of the title", xlim=(0, 1.15), xticks=[])
write_values(letters, "{:.1%}")
plt.show()

# %% [markdown]
# New clips are always later than all that we have learned from, most are some minutes long, and nearly one title in
# five is not written in Cyrillic letters: the same project goes by other names there.
#
# ## What is missing
#
# Live streams and closed channels cannot be asked for details, so any field but the id may be empty. The classifier is
# told *that* something is missing; it is not fed a guess.

# %%
clips = read_clips(train).clips
missing = clips[["reel_name", "description", "seconds", "yt_channel_id", "broadcast", "language"]].isna().mean()
missing = missing.rename({"reel_name": "title", "yt_channel_id": "channel", "broadcast": "live or not"}).sort_values()
figure, axes = plt.subplots(figsize=(7, 2.3))
axes.barh(missing.index, missing, color=SECOND, alpha=0.75)
axes.set(title="share of clips without it", xlim=(0, 1.15), xticks=[])
write_values(axes, "{:.1%}")
plt.show()

# %% [markdown]
# ## Titles as people write them
#
# Capitals, emoji, hashtags, typos, the channel's own name. *Cleaning* keeps what may name a project and drops the
# decoration. The raw title is stored beside it.

# %%
decorated = train["reel_name"].dropna()
decorated = decorated[(decorated.map(clean) != decorated.str.lower()) & (decorated.str.len() < 80)]
decorated = decorated.sample(7, random_state=3)
pd.DataFrame({"raw": decorated, "cleaned": decorated.map(clean)})

# %% [markdown]
# ## Descriptions: long, and mostly not about the clip
#
# Many lines under a clip stand under all clips of the channel: links, thanks, lists of *other* series. Such
# *boilerplate* names projects that the clip does not belong to. It is found by its repetition and left out, and title
# and description are never glued together.

# %%
described = clips[["yt_channel_id", "description"]].dropna()
lines = described.assign(line=described["description"].str.split("\n")).explode("line")
lines = lines[lines["line"].str.strip() != ""]
together = lines.groupby(["yt_channel_id", "line"])["line"].transform("size")
letters = lines["line"].str.len()
repeated = letters[together >= 3].sum() / letters.sum()
length = described["description"].str.len().mean()
print(
    f"{len(described) / len(clips):.0%} of the clips have a description, {length:.0f} characters on average;\n"
    f"{repeated:.0%} of these stand in lines that three or more clips of the channel share."
)
example = lines[together >= 3].groupby("yt_channel_id")["line"].value_counts().groupby(level=0).head(4)
channel = example.groupby(level=0).sum().idxmax()
pd.DataFrame({"clips": example[channel]}).rename(index=lambda line: short(line, 100))

# %% [markdown]
# ## A name in the title is no proof
#
# The obvious rule is: if the title says «Буба», the clip is of the project «Буба». How far does that go?

# %%
keys = [(key, name) for name in sizes.index for key in names_in_label(name)]


def names_of(title: str) -> set[str]:
    """Return the projects whose names stand in a title, letter by letter."""
    return {name for key, name in keys if key in title}


named = train["reel_name"].fillna("").str.lower().str.replace("ё", "е").map(names_of)
own = pd.Series([label in found for label, found in zip(train["cartoon_true"], named, strict=True)], index=train.index)
is_project = train["cartoon_true"] != "none"
kinds = pd.Series("nothing that we know", index=train.index)
kinds[named.str.len() > 0] = "another project, or several"
kinds[own & (named.str.len() == 1)] = "its own project alone"
order = ["its own project alone", "another project, or several", "nothing that we know"]
table = pd.DataFrame({
    "clips of projects": kinds[is_project].value_counts(normalize=True),
    "clips of none": kinds[~is_project].value_counts(normalize=True),
}).reindex(order).fillna(0)  # fmt: skip
figure, axes = plt.subplots(figsize=(8.4, 2.3))
left = pd.Series(0.0, index=table.columns)
for kind, colour in zip(order, (FIRST, SECOND, FAINT), strict=True):
    axes.barh(table.columns, table.loc[kind], left=left, color=colour, label=kind)
    for place, share in enumerate(table.loc[kind]):
        if share > 0.03:
            axes.text(left.iloc[place] + share / 2, place, f"{share:.0%}", ha="center", va="center", fontsize=9)
    left += table.loc[kind]
axes.set(title="what the title names", xlim=(0, 1), xticks=[])
axes.invert_yaxis()
axes.legend(ncols=3, loc="upper center", bbox_to_anchor=(0.45, -0.02))
plt.show()
print(
    f"{(~is_project & (named.str.len() == 1)).sum()} clips of none name exactly one project, "
    f"{(is_project & own).sum()} clips of projects name their own."
)

# %% [markdown]
# Two things go wrong. Many clips of projects never say the name as the label has it: they name a hero, use another
# language, or misspell it. And since `none` is so large, even its small share of titles that name a project, toys of
# it, songs, parodies, reactions, makes up a good part of all titles with a name.

# %%
toys = train[~is_project & (named.str.len() == 1)].sample(5, random_state=2)
silent = train[is_project & (named.str.len() == 0)].sample(5, random_state=4)
pd.concat([toys, silent])[["reel_name", "cartoon_true"]]

# %% [markdown]
# ## Labels are wrong in places
#
# The generator knows the truth (`cartoon_true`). A studio does not: in its table some labels are slips, and one project
# has mostly clips of its sister. Whatever learns from these labels must bear them, and should help to find them
# (notebook 6). The truth serves for scoring only; no classifier in these notebooks sees it.

# %%
wrong = train[train["cartoon"] != train["cartoon_true"]]
print(f"{len(wrong)} of {len(train):,} labels are wrong, {(wrong['cartoon'] != 'none').sum()} of them name a project")
wrong.groupby(["cartoon", "cartoon_true"]).size().sort_values(ascending=False).head(8).to_frame("clips")

# %% [markdown]
# ## What to remember
#
# - Few clips matter, most are `none`, and the score must not be fooled by that: macro-F1.
# - Names help and mislead; titles, descriptions, channel and numbers each know a part.
# - Projects of three clips and wrong labels are normal.
#
# What demo data cannot show: real language is richer than any word list, real channels have habits that nobody thought
# of. Figures of these notebooks are for comparing methods on the same clips, not for promises.
