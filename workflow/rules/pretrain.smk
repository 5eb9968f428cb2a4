rule pretrain:
    input:
        checks=checked("source", "target"),
    output:
        checkpoint="<pretrain>/model.pt",
    log:
        "<pretrain>/pretrain.log",
    benchmark:
        "<pretrain>/pretrain.tsv"
    conda:
        "../../envs/cbda.yaml"
    threads: config["compute"]["threads"]
    resources:
        gpu=num_gpus(),
        state_interval_s=config["compute"]["state_interval_s"],  # no param, to make nothing stale
    params:
        code=fingerprint("pretrain"),
        options=[
            *dataset_options("source", "source"),
            *dataset_options("target", "target"),
            *class_options(),
            *to_options("model", config["model"]),
            *to_options("training", config["training"]),
            *to_options("iterations", config["pretrain"]["iterations"]),
            *compute_options(),
        ],
    shell:
        "python -m cbda pretrain {params.options:q} --seed {wildcards.seed} --threads {threads}"
        " --state-interval-s {resources.state_interval_s} --out {output.checkpoint:q}"
        " > {log:q} 2>&1"


use rule pretrain as source_only with:
    input:
        checks=checked("source"),
    output:
        checkpoint="<results>/seed{seed}/source_only/model.pt",
    log:
        "<results>/seed{seed}/source_only/pretrain.log",
    benchmark:
        "<results>/seed{seed}/source_only/pretrain.tsv"
    params:
        code=fingerprint("pretrain"),
        options=[
            *dataset_options("source", "source"),
            *class_options(),
            *to_options("model", config["model"]),
            *to_options("training", config["training"]),
            *to_options("iterations", config["training"]["total_iterations"]),
            *compute_options(),
        ],
