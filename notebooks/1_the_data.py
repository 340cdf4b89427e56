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
# A cartoon studio watches some 200 video channels. Each clip has a title, perhaps a description, a few numbers, and a
# question: which of the studio's *projects* does it belong to, or is it `none` of them? This notebook looks at such a
# table. The clips are invented by `smf_embed.datasets`; columns, class sizes, gaps and noise are those of a real one.

# %%
import matplotlib.pyplot as plt
import pandas as pd

from smf_embed.clip_tables import read_clips
from smf_embed.datasets import make_demo
from smf_embed.text import clean

pd.set_option("display.max_colwidth", 80)
demo = make_demo(scale=0.05, seed=0)
train = demo.train
train[["reel_name", "cartoon", "yt_channel_name", "seconds"]].sample(8, random_state=1)

# %% [markdown]
# ## Nearly everything is `none`, and projects differ by two orders of magnitude
#
# A classifier that always says `none` is right 94 times of 100 and useless. So we score by *macro-F1*, the mean of the
# F1 of the classes: a project with three clips counts as much as one with eight hundred.

# %%
sizes = train["cartoon"].value_counts()
print(f"none: {sizes['none'] / len(train):.1%} of {len(train):,} clips")
figure, axes = plt.subplots(figsize=(9, 3))
axes.bar(range(len(sizes) - 1), sizes.drop("none"))
axes.set(yscale="log", xlabel="projects, by size", ylabel="training clips (log)", title="44 projects")
plt.show()

# %% [markdown]
# ## What is missing
#
# Live streams and closed channels cannot be enriched, so any field but the id may be empty. The classifier is told what
# is missing rather than fed a guess.

# %%
train.isna().mean().loc[lambda share: share > 0].sort_values(ascending=False).map("{:.1%}".format).to_frame("missing")

# %% [markdown]
# ## Titles as people write them
#
# Cleaning keeps what names a project and drops decoration; the raw text is stored beside it.

# %%
raw = train["reel_name"].dropna().sample(8, random_state=3)
pd.DataFrame({"raw": raw, "cleaned": raw.map(clean)})

# %% [markdown]
# ## Title and description are two fields
#
# `text` is the title in brackets, then the description. Descriptions carry boilerplate and lists of *other* projects,
# so the two are never glued together.

# %%
table = read_clips(train)
described = table.clips["description"].dropna()
share, length = len(described) / len(table.clips), described.str.len().mean()
print(f"{share:.0%} of the clips have a description, {length:.0f} characters on average")
table.clips[["reel_name", "description"]].dropna().sample(4, random_state=5)

# %% [markdown]
# ## Labels are wrong in places
#
# The generator knows the truth (`cartoon_true`); a studio does not. Whatever learns from these labels must bear them.

# %%
wrong = train[train["cartoon"] != train["cartoon_true"]]
print(f"{len(wrong)} of {len(train):,} labels are wrong")
wrong.groupby(["cartoon", "cartoon_true"]).size().sort_values(ascending=False).head(8).to_frame("clips")
