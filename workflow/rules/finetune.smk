rule finetune:
    input:
        checkpoint=previous_checkpoint,
        labels="<round>/labels.h5",
    output:
        checkpoint="<round>/model.pt",
    log:
        "<round>/finetune.log",
    benchmark:
        "<round>/finetune.tsv"
    conda:
        "../../envs/cbda.yaml"
    threads: config["compute"]["threads"]
    resources:
        gpu=num_gpus(),
        state_interval_s=config["compute"]["state_interval_s"],  # no param, to make nothing stale
    params:
        code=fingerprint("finetune"),
        labels=lambda wildcards, input: to_options("labels", input.labels),
        until=until_iteration,
        options=[
            *dataset_options("source", "source"),
            *dataset_options("target", "target"),
            *to_options("training", config["training"]),
            *compute_options(),
        ],
    shell:
        "python -m cbda finetune --checkpoint {input.checkpoint:q} {params.labels:q} {params.options:q}"
        " --until {params.until} --seed {wildcards.seed} --threads {threads}"
        " --state-interval-s {resources.state_interval_s} --out {output.checkpoint:q}"
        " > {log:q} 2>&1"


use rule finetune as full with:
    input:
        checkpoint="<pretrain>/model.pt",
    output:
        checkpoint="<results>/seed{seed}/full/model.pt",
    log:
        "<results>/seed{seed}/full/finetune.log",
    benchmark:
        "<results>/seed{seed}/full/finetune.tsv"
    params:
        code=fingerprint("finetune"),
        labels=["--all-labels"],
        until=config["training"]["total_iterations"],
        options=[
            *dataset_options("source", "source"),
            *dataset_options("target", "target"),
            *to_options("training", config["training"]),
            *compute_options(),
        ],
