"""Data of image-to-image translation: pairs that show the same, and two domains.

`files` says which files make which pair and finds by their headers what is wrong with
them; `store` decodes, resizes and keeps; `pairs` and `domains` draw samples; `held_out`
reads whole pictures; `pipeline`, the only part that loads TensorFlow, makes batches.
"""

from imgan.data.translation.domains import DomainSampler
from imgan.data.translation.domains import UnpairedPictures
from imgan.data.translation.domains import domain_dtype
from imgan.data.translation.domains import open_domains
from imgan.data.translation.files import list_translation_pairs
from imgan.data.translation.held_out import HeldOut
from imgan.data.translation.held_out import HeldOutPair
from imgan.data.translation.held_out import open_held_out
from imgan.data.translation.held_out_domains import HeldOutDomains
from imgan.data.translation.held_out_domains import open_held_out_domains
from imgan.data.translation.pairs import PairSampler
from imgan.data.translation.pairs import TranslationPair
from imgan.data.translation.pairs import open_pairs
from imgan.data.translation.pairs import target_dtype
from imgan.data.translation.records import TranslationFiles
from imgan.data.translation.stacking import stack

__all__ = [
    "DomainSampler",
    "HeldOut",
    "HeldOutDomains",
    "HeldOutPair",
    "PairSampler",
    "TranslationFiles",
    "TranslationPair",
    "UnpairedPictures",
    "domain_dtype",
    "list_translation_pairs",
    "open_domains",
    "open_held_out",
    "open_held_out_domains",
    "open_pairs",
    "stack",
    "target_dtype",
]
