"""What the table of an audit is made of, for those who read it without making one."""

from smf_embed.clips import ID, LABEL, TITLE

#: Kind of finding → what its rows are.
KINDS = {
    "label": "labels that the other folds deny, the surest first",
    "twins": "clips of the same words with different labels",
    "two names": "clips of a project that go by another name than most of it",
    "untracked": "clips of none that share a name, perhaps of a series worth tracking",
    "review": "unlabelled clips that would teach most, in this order",
}
#: Column with the label at the time of the audit.
LABEL_WAS = "label_was"
#: Columns of the table.
COLUMNS = ("kind", ID, LABEL, LABEL_WAS, "suggested", "score", "group", TITLE, "yt_channel_name", "reason")
