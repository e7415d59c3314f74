"""GANs that draw pictures from noise, as an experiment."""

from functools import cached_property
from typing import Any

from imgan import families
from imgan.bundles.card import Card
from imgan.bundles.card import LatentSpec
from imgan.bundles.card import Score
from imgan.config.generation import GenerationRecipe
from imgan.data.image_batches import image_dataset
from imgan.data.image_sampler import ImageSampler
from imgan.data.images import ImageStore
from imgan.data.images import open_training_images
from imgan.data.images import require_labels
from imgan.errors import ConfigError
from imgan.errors import ImganError
from imgan.losses.feature_matching import FeatureMatchingLoss
from imgan.models.replicas import replica_count
from imgan.training.adversarial import adversarial_arguments
from imgan.training.adversarial import adversarial_loss_names
from imgan.training.adversarial import check_penalties
from imgan.training.experiment import Experiment
from imgan.training.experiment import as_shipped
from imgan.training.experiment import build_network
from imgan.training.experiment import initial_network
from imgan.training.experiment import size_of
from imgan.training.generation_validation import GenerationValidator
from imgan.training.initial import check_arguments
from imgan.training.run_folder import RunFolder


class GenerationExperiment(Experiment):
    """Families `gan`, `dcgan`, `cgan` and `wgan_gp`."""

    recipe: GenerationRecipe

    @cached_property
    def images(self) -> ImageStore:
        """The pictures to train on; those held out are not among them."""
        store = open_training_images(self.recipe)
        if self.family.labelled:
            require_labels(store)
        return store

    @property
    def label_names(self) -> tuple[str, ...]:
        """Names of the labels; empty where the family takes none."""
        names = self.images.label_names
        return tuple(names) if self.family.labelled and names else ()

    def build_networks(self) -> tuple[Any, Any]:
        """Return the generator and the discriminator that the run begins with."""
        recipe, data = self.recipe, self.recipe.data
        fixed: dict[str, Any] = {
            "image_size": data.image_size,
            "channels": data.channels,
            "num_classes": len(self.label_names),
            "dtype": recipe.training.precision,
            "synchronized": replica_count() > 1,
            "seed": recipe.seed,
        }
        family = self.family
        if recipe.init:
            generator = self._initial_generator()
        else:
            generator = build_network(
                family.generator, "generator", recipe.generator, fixed
            )
        discriminator = build_network(
            family.discriminator, "discriminator", recipe.discriminator, fixed
        )
        check_penalties(recipe.training, discriminator)
        return generator, discriminator

    def _initial_generator(self) -> Any:
        recipe, data = self.recipe, self.recipe.data
        size = (data.image_size, data.image_size)
        generator = initial_network(
            recipe, image_size=size, output_channels=data.channels
        )
        own = generator.get_config()
        known = sorted(set(own) - {"name", "dtype", "synchronized"})
        check_arguments(recipe.generator, own, known, str(recipe.init))
        count = len(self.label_names)
        if generator.num_classes != count:
            raise ConfigError(
                f"init must be a model of {count} labels, as data.train has. "
                f"Received: {recipe.init}, of {generator.num_classes} labels"
            )
        return generator

    def build_model(self) -> Any:
        """Return the compiled `keras.Model` that trains the two networks."""
        config = self.recipe.training
        model = families.resolve(self.family.model)(
            *self.build_networks(),
            ema_decay=config.ema_decay,
            discriminator_steps=config.discriminator_steps,
            augment=config.augment,
            image_pool=config.image_pool,
            seed=self.recipe.seed,
        )
        matching = config.feature_matching
        model.compile(
            **adversarial_arguments(config, config.steps, self.rate_scale),
            feature_matching=FeatureMatchingLoss("mean") if matching else None,
            feature_matching_weight=matching or 1.0,
        )
        return model

    def dataset(self, model: Any, first_step: int, failures: list[ImganError]) -> Any:
        """Return batches of images, one share for each step of the discriminator."""
        data, config = self.recipe.data, self.recipe.training
        return image_dataset(
            ImageSampler(self.images, seed=self.recipe.seed, flip=data.flip),
            data.batch_size * config.discriminator_steps,
            first_step=first_step,
            labelled=self.family.labelled,
            value_range=model.generator.output_range,
            failures=failures,
        )

    def validator(self, model: Any, run: RunFolder) -> GenerationValidator:
        """Return what draws samples from fixed noise."""
        return GenerationValidator(model, self.images, run, seed=self.recipe.seed)

    def bundle(self, model: Any, scores: dict[str, float]) -> tuple[Any, Card]:
        """Return the moving average of the generator, and its card."""
        recipe = self.recipe
        network = as_shipped(model.ema_generator)
        protocol = {"reference": "training pictures", "samples": "fixed latents"}
        card = Card(
            **self.base_card(network),
            scale=1,
            input_channels=None,
            output_channels=network.output_shape[-1],
            halo=None,
            latent=LatentSpec(
                dim=network.latent_dim, distribution=network.latent_distribution
            ),
            image_size=(network.image_size, network.image_size),
            labels=list(self.label_names) or None,
            losses=adversarial_loss_names(recipe.training),
            metrics=[
                Score(dataset=recipe.data.train, protocol=protocol, values=scores)
            ],
        )
        return network, card

    def plan(self) -> list[tuple[str, str]]:
        """Build the networks and list the data, as a run would."""
        generator, discriminator = self.build_networks()
        data, config = self.recipe.data, self.recipe.training
        drawn = config.steps * config.discriminator_steps * data.batch_size
        rows = [
            ("generator", size_of(generator)),
            ("discriminator", size_of(discriminator)),
            ("training pictures", str(len(self.images))),
            ("pictures seen in all", f"{drawn:,}"),
        ]
        if self.label_names:
            rows.append(("labels", ", ".join(self.label_names)))
        return rows
