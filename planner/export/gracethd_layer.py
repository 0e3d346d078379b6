"""One table of a GraceTHD delivery, as it goes out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

__all__ = ["GraceLayer", "join_layers"]


@dataclass(frozen=True, kw_only=True)
class GraceLayer:
    """One table: the columns that the plan can fill, and its shapes.

    Parameters
    ----------
    frame
        Columns of the model, absent values null.
    shapes
        Geometries in EPSG:2154, or None for a table of text.
    """

    frame: pd.DataFrame
    shapes: NDArray[np.object_] | None = None


def join_layers(one: GraceLayer, other: GraceLayer) -> GraceLayer:
    """Return the rows of both, those of the first one where both have a key."""
    key = one.frame.columns[0]
    new = ~other.frame[key].isin(one.frame[key]).to_numpy()
    frame = pd.concat([one.frame, other.frame[new]], ignore_index=True)
    if one.shapes is None or other.shapes is None:
        return GraceLayer(frame=frame)
    return GraceLayer(frame=frame, shapes=np.concatenate([one.shapes, other.shapes[new]]))
