"""Held-out pictures of two domains, as pairs where they show the same."""

from pathlib import Path

from imgan.config.cyclegan import CycleGANRecipe
from imgan.config.translation import Direction
from imgan.config.translation import DomainFolders
from imgan.config.translation import UnpairedData
from imgan.data.pairs import list_pictures
from imgan.data.translation.domains import DOMAINS
from imgan.data.translation.domains import Domain
from imgan.data.translation.domains import DomainPictures
from imgan.data.translation.domains import open_domain
from imgan.data.translation.files import match_folders
from imgan.data.translation.files import unique_names
from imgan.data.translation.held_out import HeldOut
from imgan.data.translation.held_out import warn_of_leaks
from imgan.data.translation.pairs import PairReader
from imgan.data.translation.records import PictureFile
from imgan.data.translation.records import TranslationFiles
from imgan.data.translation.sizes import check_pair_sizes


class HeldOutDomains:
    """Held-out pictures of two domains, read when they are asked for.

    Attributes:
        a: Whole pictures of domain A.
        b: Whole pictures of domain B.
        paired: Whether those of one name show the same.
    """

    def __init__(self, a: DomainPictures, b: DomainPictures, *, paired: bool) -> None:
        self.a = a
        self.b = b
        self.paired = paired

    def as_pairs(self, direction: Direction) -> HeldOut | None:
        """Return them as sources and targets; None where they are no pairs."""
        if not self.paired:
            return None
        source, target = (self.a, self.b) if direction == "a_to_b" else (self.b, self.a)
        partners = dict(_by_stem(target))
        files = [
            TranslationFiles(name, (file,), partners[file.path.stem])
            for name, file in zip(source.names, source.files, strict=True)
        ]
        return HeldOut(PairReader(files, source.side, target.side, keep=False))


def open_held_out_domains(recipe: CycleGANRecipe) -> HeldOutDomains | None:
    """Return the held-out pictures of a recipe; None if it names none.

    With `data.load_size` they are squeezed to squares of `data.image_size`, what the
    networks were trained on. Files that are also trained on are warned of.

    Raises:
        DataError: If pictures are missing, the first of a domain are not as `data`
            says, or with `data.validation_pairs` some have no partner of their size.
    """
    data = recipe.data
    if data.validation is None:
        return None
    check_held_out_domains(data)
    square = None if data.load_size is None else data.image_size
    a, b = (open_domain(domain, data.validation, data, square) for domain in DOMAINS)
    _warn("a", a, data.train)
    _warn("b", b, data.train)
    return HeldOutDomains(a, b, paired=data.validation_pairs)


def check_held_out_domains(data: UnpairedData) -> None:
    """Find by names and headers what is wrong with held-out pictures.

    Raises:
        DataError: If there are none, or with `data.validation_pairs` some have no
            partner, or one of another size.
        ImageReadError: If a file of a pair is no picture.
    """
    folders = data.validation
    if folders is None:
        return
    if not data.validation_pairs:
        list_pictures(folders.a)
        list_pictures(folders.b)
        return
    matched = match_folders(folders.a, folders.b)
    names = unique_names([a for a, _ in matched], folders.a)
    check_pair_sizes(
        [
            TranslationFiles(name, (PictureFile(a),), PictureFile(b))
            for name, (a, b) in zip(names, matched, strict=True)
        ]
    )


def _by_stem(pictures: DomainPictures) -> list[tuple[str, PictureFile]]:
    return [(file.path.stem, file) for file in pictures.files]


def _warn(domain: Domain, pictures: DomainPictures, train: DomainFolders) -> None:
    trained: list[Path] = list_pictures(getattr(train, domain))
    warn_of_leaks([[file.path] for file in pictures.files], trained, f".{domain}")
