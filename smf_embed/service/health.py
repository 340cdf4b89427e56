"""How the projects do: clips, scores out of fold, thresholds."""

from __future__ import annotations

from typing import Any


def project_rows(sizes: dict[str, int], manifest: dict[str, Any] | None) -> list[dict[str, Any]]:
    """Return a row a project: of those that clips are labelled with, and of those that the model knows.

    Parameters
    ----------
    sizes : dict of project → labelled clips
    manifest : dict or None
        Of the model.
    """
    known = manifest["projects"] if manifest else []
    scores = (manifest or {}).get("metrics", {}).get("by_project", {})
    taught = set((manifest or {}).get("taught", []))
    rows = []
    for project in dict.fromkeys([*sizes, *known]):
        own = None
        if manifest and project in known:
            own = manifest["thresholds"].get(project, manifest["threshold"])
        rows.append(
            {
                "project": project,
                "clips": sizes.get(project, 0),
                # of what was taught since, the folds have said nothing
                "f1": None if project in taught else scores.get(project, {}).get("f1"),
                "threshold": own,
                "taught": project in taught,
                "in_model": project in known,
            }
        )
    return sorted(rows, key=lambda row: (-row["clips"], row["project"]))
