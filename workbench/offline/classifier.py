"""Two small classifiers that answer chats. They are not language models.

Both read the allowed labels, descriptions and examples from the prompt (`offline.prompt`) and turn texts
into vectors; `MiniLMClassifier` by all-MiniLM-L6-v2 sentence embeddings, `TfidfClassifier` by TF-IDF over
character n-grams fitted on the prompt alone. The rest is the same:

1. A label's **prototype** is the unit vector of its name plus that of its description (the mean over the
   description's sentences, separated by ``.`` or ``;``). A text's first score for a label is the cosine.
2. Each **example** moves the scores of texts near it, by what the prototypes got wrong on it: kernel ridge
   regression of the examples' residuals (Hastie, Tibshirani, Friedman, The Elements of Statistical Learning,
   §5.8.2), with penalty `RIDGE` and the target "the right label stands `TARGET` above the others".
3. The answer is **drawn** from softmax(scale x score / temperature), temperature .7 by default, 0 = the
   best. The draw is Gumbel-max (Gumbel 1954) with noise hashed from seed, text and label: the same seed gives
   the same answer, and different prompts meet the same noise (common random numbers).

``scale`` was fitted once, by the log-likelihood of the right label at temperature 1, on `CLINC150
<https://github.com/clinc/oos-eval>`_ (CC-BY-3.0): 30 tasks of 8 intents each, half of them of 8 similar
intents, with 0, 1, 2, 6, 10 and 20 examples per intent, pooled. It is a constant and was not fitted to any
study; ``tests/offline/test_scale.py`` fits it again where that data is present. `RIDGE` and `TARGET` were
chosen by hand, on the same data and on support tickets.
"""

from __future__ import annotations

import json
import math
import random
import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, ClassVar

from workbench.offline.chat import Chat
from workbench.offline.head import fit_head, gumbel
from workbench.offline.prompt import Prompt, read_prompt, split_chat

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from workbench.core.protocols import Embedder

__all__ = ["TEMPERATURE", "MiniLMClassifier", "TfidfClassifier"]

TEMPERATURE = 0.7
"""Sampling temperature where a request names none."""

_Before = tuple[tuple[str, str], ...]


def _name_text(label: str) -> str:
    return label.replace("-", " ").replace("_", " ")


def _sentences(about: str) -> list[str]:
    return [part for piece in re.split(r"[;]|\.(?:\s|$)", about) if (part := piece.strip())]


def _texts(prompt: Prompt) -> tuple[list[str], dict[str, list[str]], list[str]]:
    """Return the labels' names, the described labels' sentences, and the examples' texts."""
    about = {label: pieces for label, text in prompt.about.items() if (pieces := _sentences(text))}
    return [_name_text(label) for label in prompt.labels], about, [text for text, _ in prompt.examples]


class _Classifier:
    """What both share: look-up of what was made of a prompt, the draw, the answer's form."""

    name: ClassVar[str]
    description: ClassVar[str]
    scale: ClassVar[float]

    def __init__(self, *, rng: random.Random | None = None) -> None:
        self.models: Mapping[str, str] = {self.name: self.description}
        self._rng = rng or random.Random()  # noqa: S311  sampling, not secrets
        self._model = lru_cache(maxsize=64)(self._make)
        self._scored = lru_cache(maxsize=20_000)(self._score)

    def _make(self, before: _Before, schema: str | None) -> tuple[Prompt, Any]:
        prompt = read_prompt(before, schema)
        return prompt, self._fit(prompt)

    def _score(self, before: _Before, schema: str | None, text: str) -> tuple[Prompt, tuple[float, ...]]:
        prompt, fitted = self._model(before, schema)
        return prompt, tuple(float(score) for score in self._scores(fitted, text))

    def _fit(self, prompt: Prompt) -> Any:
        raise NotImplementedError

    def _scores(self, fitted: Any, text: str) -> NDArray[np.float64]:
        raise NotImplementedError

    def probabilities(self, chat: Chat) -> dict[str, float]:
        """Return each allowed label's probability at the chat's temperature; they add up to 1.

        At temperature 0 the best label has 1 and every other 0.

        Raises
        ------
        ChatError
            Where the prompt names no labels.
        """
        prompt, scores = self._scored(*self._parts(chat))
        temperature = TEMPERATURE if chat.temperature is None else chat.temperature
        top = max(scores)
        if temperature == 0:
            weights = [float(index == scores.index(top)) for index in range(len(scores))]
        else:
            weights = [math.exp(self.scale * (score - top) / temperature) for score in scores]
        total = math.fsum(weights)
        return {label: weight / total for label, weight in zip(prompt.labels, weights, strict=True)}

    def answer(self, chat: Chat) -> str:
        """Return a label drawn for the chat, bare or as JSON where the chat has a schema.

        Raises
        ------
        ChatError
            Where the prompt names no labels.
        """
        before, schema, text = self._parts(chat)
        prompt, scores = self._scored(before, schema, text)
        temperature = TEMPERATURE if chat.temperature is None else chat.temperature
        if temperature == 0:
            label = prompt.labels[scores.index(max(scores))]
        else:
            seed = self._rng.getrandbits(63) if chat.seed is None else chat.seed
            factor = self.scale / temperature
            drawn = [
                factor * score + gumbel(seed, text, name)
                for score, name in zip(scores, prompt.labels, strict=True)
            ]
            label = prompt.labels[drawn.index(max(drawn))]
        return label if prompt.field is None else json.dumps({prompt.field: label}, ensure_ascii=False)

    @staticmethod
    def _parts(chat: Chat) -> tuple[_Before, str | None, str]:
        before, text = split_chat(chat)
        return before, chat.schema, text


class MiniLMClassifier(_Classifier):
    """Model ``minilm``: an in-context classifier over MiniLM sentence embeddings.

    Parameters
    ----------
    embedder
        Makes the vectors, and remembers them.
    rng
        Seeds for requests that name none; None: from the system.
    """

    name = "minilm"
    description = (
        "A small in-context classifier over all-MiniLM-L6-v2 sentence embeddings: chooses among the labels"
        " that the prompt names. Not a language model; its price is whatever the study declares."
    )
    scale = 23.0

    def __init__(self, embedder: Embedder, *, rng: random.Random | None = None) -> None:
        super().__init__(rng=rng)
        self._embedder = embedder

    def _fit(self, prompt: Prompt) -> NDArray[np.float32]:
        import numpy as np

        names, about, texts = _texts(prompt)
        pieces = [piece for group in about.values() for piece in group]
        vectors = self._embedder.embed([*names, *pieces, *texts])  # one batch: padding and locks once
        told: dict[str, NDArray[Any]] = {}
        start = len(names)
        for label, group in about.items():
            told[label] = vectors[start : start + len(group)]
            start += len(group)
        return fit_head(prompt, vectors[: len(names)], told, vectors[start:]).astype(np.float32)

    def _scores(self, fitted: Any, text: str) -> NDArray[np.float64]:
        scores: NDArray[np.float64] = self._embedder.embed([text])[0] @ fitted
        return scores


class TfidfClassifier(_Classifier):
    """Model ``tfidf``: the same over TF-IDF of character n-grams; cheaper and weaker.

    It knows nothing but the prompt: vocabulary and weights come from the label names, descriptions and
    examples in it (scikit-learn's ``TfidfVectorizer``, ``char_wb``, 3 to 5 characters, sublinear counts,
    smooth idf). N-grams of a text that the prompt does not have count in the text's length, with the idf of
    something never seen, so that a cosine means the same in a short prompt and in a long one.
    """

    name = "tfidf"
    description = (
        "A small in-context classifier over TF-IDF character n-grams (scikit-learn): chooses among the"
        " labels that the prompt names, by spelling alone. Not a language model; its price is whatever the"
        " study declares."
    )
    scale = 22.0

    def _fit(self, prompt: Prompt) -> _Spelling:
        from sklearn.feature_extraction.text import TfidfVectorizer

        names, about, texts = _texts(prompt)
        documents = [*names, *(piece for group in about.values() for piece in group), *texts]
        vectorizer = TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 5), sublinear_tf=True).fit(documents)

        def rows(group: list[str]) -> NDArray[np.float64]:
            dense: NDArray[np.float64] = vectorizer.transform(group or [""]).toarray()
            return dense

        told = {label: rows(group) for label, group in about.items()}
        return _Spelling(
            grams=vectorizer.build_analyzer(),
            place=vectorizer.vocabulary_,
            idf=vectorizer.idf_.tolist(),
            unseen=math.log(1 + len(documents)) + 1,
            weights=fit_head(prompt, rows(names), told, rows(texts)),
        )

    def _scores(self, fitted: _Spelling, text: str) -> NDArray[np.float64]:
        import numpy as np

        places, values, square = [], [], 0.0
        for gram, count in Counter(fitted.grams(text)).items():
            place = fitted.place.get(gram)
            value = (1 + math.log(count)) * (fitted.unseen if place is None else fitted.idf[place])
            square += value * value
            if place is not None:
                places.append(place)
                values.append(value)
        scores: NDArray[np.float64] = np.asarray(values) @ fitted.weights[places]
        return scores / math.sqrt(square or 1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Spelling:
    """What `TfidfClassifier` makes of a prompt."""

    grams: Callable[[str], list[str]]
    place: Mapping[str, int]
    idf: list[float]
    unseen: float
    weights: NDArray[np.float64]
