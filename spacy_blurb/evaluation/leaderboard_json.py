"""The leaderboard as data."""

from typing import Any

from ..tasks.blurb import type_means
from .leaderboard import Board, Row


def board_to_json(board: Board) -> dict[str, Any]:
    """Return the board as data; `rows` have model, source, scores and blurb, in percent."""
    return {
        "rows": [_row_to_json(row) for row in board.rows],
        "comparisons": board.comparisons,
        "ablations": [
            {
                "name": ablation.name,
                "source": f"arXiv 2007.15779, {ablation.source}",
                "arms": [
                    {
                        "model": name,
                        "title": arm.title,
                        "published": dict(arm.published),
                        "published_blurb": arm.blurb,
                        "scores": found[name].scores if name in found else None,
                    }
                    for name, arm in ablation.arms.items()
                ],
            }
            for ablation, found in board.ablations
        ],
    }


def _row_to_json(row: Row) -> dict[str, Any]:
    content: dict[str, Any] = {
        "model": row.model,
        "source": row.source,
        "published": row.published,
        "scores": row.scores,
        "type_means": type_means(row.scores),
        "blurb": row.blurb,
    }
    if not row.published:
        content |= {
            "blurb_ci95": row.blurb_ci95,
            "partial": row.partial,
            "remarks": row.refused,
            "cells": {
                name: {
                    "score": cell.score,
                    "ci95": cell.ci95,
                    "runs": [{"seed": seed, "score": score} for seed, score in cell.runs],
                    "notes": cell.notes,
                }
                for name, cell in row.cells.items()
            },
        }
    if row.notes:
        content["notes"] = row.notes
    return content
