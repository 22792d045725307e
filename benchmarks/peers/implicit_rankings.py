"""ALS and BPR of the `implicit` library, as documented. Run by `benchmarks.recommendations`.

python implicit_rankings.py FOLDER

FOLDER has weights.npz (users by items), refunded.npz (the same shape), users.npy (rows to rank) and settings.json: a
list of settings, each with `model` and what its constructor takes, `alpha` among it for ALS. Writes 0.npy, 1.npy, ...:
for each setting the ten best items of each row, of all items but those that the user gave back.
"""

import json
import sys
from pathlib import Path

import numpy as np
from implicit.als import AlternatingLeastSquares
from implicit.bpr import BayesianPersonalizedRanking
from scipy import sparse

MODELS = {"als": AlternatingLeastSquares, "bpr": BayesianPersonalizedRanking}


def main() -> None:
    """Fits and ranks by each of the settings."""
    folder = Path(sys.argv[1])
    weights, refunded = (sparse.load_npz(folder / name).tocsr() for name in ("weights.npz", "refunded.npz"))
    users = np.load(folder / "users.npy")
    for place, setting in enumerate(json.loads((folder / "settings.json").read_text(encoding="utf-8"))):
        model = MODELS[setting.pop("model")](**setting, random_state=0, num_threads=2)
        model.fit(weights.astype(np.float32), show_progress=False)
        scores = model.user_factors[users] @ model.item_factors.T
        scores[refunded[users].toarray() > 0] = -np.inf
        np.save(folder / f"{place}.npy", np.argsort(-scores, axis=1, kind="stable")[:, :10])


if __name__ == "__main__":
    main()
