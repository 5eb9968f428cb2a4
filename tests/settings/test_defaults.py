"""The default experiment, of which a file of the user's says what differs."""

from cbda.settings.defaults import MODEL, TRAINING, fill
from cbda.settings.training import OptimizerSettings
from cbda.workflow.config import load_config


def test_section_given_in_part_is_that_of_the_experiment_otherwise():
    """As where Snakemake finds no config.yaml to merge it into."""
    training = {"image_size": [64, 96], "optimizer": {"name": "sgd"}}
    config = load_config({"training": training}, {})
    optimizer = OptimizerSettings(name="sgd", lr=TRAINING.optimizer.lr)
    changes = {"image_size": (64, 96), "optimizer": optimizer}
    assert config.training == TRAINING.model_copy(update=changes)
    assert config.model == MODEL
    assert load_config({"model": {"architecture": "linear"}}, {}).model.freeze_encoder


def test_what_is_no_section_stays_for_its_check():
    assert fill({"model": None, "training": {"loss": 1}, "classes": []})["training"]["loss"] == 1
    assert fill({"model": None})["model"] is None


def test_generated_set_given_in_part_is_that_of_the_default_otherwise():
    made = load_config({"data_make": {"sets": {"source": {"num_images": 4}}}}, {}).data_make
    assert (made.sets["source"].domain, made.sets["source"].num_images) == ("source", 4)
    assert set(made.sets) == {"source", "target_train", "target_val"}
