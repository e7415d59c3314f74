"""Scores of models, with the protocol without which they say nothing.

Super-resolution and translation are scored against the truth, picture by picture;
generation by what a set of samples has in common with a set of real pictures
(`imgan.evaluate.generation`).
"""

from imgan.evaluate.super_resolution import Evaluation
from imgan.evaluate.super_resolution import ImageScores
from imgan.evaluate.super_resolution import Protocol
from imgan.evaluate.super_resolution import Scores
from imgan.evaluate.super_resolution import evaluate
from imgan.evaluate.translation import evaluate_translation
from imgan.evaluate.translation_scores import PairResult
from imgan.evaluate.translation_scores import TranslationEvaluation
from imgan.evaluate.translation_scores import TranslationProtocol
from imgan.metrics.translation import PairScores

__all__ = [
    "Evaluation",
    "ImageScores",
    "PairResult",
    "PairScores",
    "Protocol",
    "Scores",
    "TranslationEvaluation",
    "TranslationProtocol",
    "evaluate",
    "evaluate_translation",
]
