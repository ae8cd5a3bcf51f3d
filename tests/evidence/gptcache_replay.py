"""GPTCache on a stream of precomputed vectors, get then put on a miss; run in an environment of its own.

Usage: python gptcache_replay.py VECTORS.npy COSINE FOLDER; prints JSON: the requests that were served, by
whom, and the seconds it took.
"""

from __future__ import annotations

import json
import os
import sys
import time


def run() -> None:
    """Replay, and print."""
    vectors, cosine, folder = os.path.abspath(sys.argv[1]), float(sys.argv[2]), sys.argv[3]
    os.chdir(folder)
    import numpy as np
    from gptcache import Cache, Config
    from gptcache.adapter.api import get, put
    from gptcache.manager import CacheBase, VectorBase, get_data_manager
    from gptcache.similarity_evaluation.distance import SearchDistanceEvaluation

    table = np.load(vectors)
    cache = Cache()
    cache.init(
        pre_embedding_func=lambda data, **_: data["prompt"],
        embedding_func=lambda number, **_: table[int(number)],
        data_manager=get_data_manager(
            CacheBase("sqlite"), VectorBase("faiss", dimension=table.shape[1], top_k=1), max_size=10**6
        ),
        # The squared distance of unit vectors is 2 - 2 cosine, in [0, 4]; the evaluation is 2 - distance.
        similarity_evaluation=SearchDistanceEvaluation(max_distance=2.0),
        config=Config(similarity_threshold=cosine),
    )
    served, began = [], time.perf_counter()
    for number in range(len(table)):
        answer = get(str(number), cache_obj=cache)
        if answer is None:
            put(str(number), str(number), cache_obj=cache)
        else:
            served.append((number, int(answer)))
    print(json.dumps({"served": served, "seconds": time.perf_counter() - began}))


if __name__ == "__main__":
    run()
