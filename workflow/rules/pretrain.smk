rule pretrain:
    input:
        checks=checked("source", "target"),
        weights=encoder_weights(),
        statistics=source_statistics,
    output:
        checkpoint="<pretrain>/model.pt",
        metrics="<pretrain>/metrics.json",
    log:
        "<pretrain>/pretrain.log",
    benchmark:
        "<pretrain>/pretrain.tsv"
    conda:
        "../../envs/cbda.yaml"
    threads: config["compute"]["threads"]
    resources:
        gpu=num_gpus(),
        # No params, so that another value makes nothing stale.
        loader_workers=config["training"]["num_workers"],
        state_interval_s=config["compute"]["state_interval_s"],
    params:
        code=fingerprint("pretrain"),
        weights=weights_digest,
        statistics=statistics_options,
        options=[
            *training_options("source", "target"),
            *class_options(),
            *to_options("model", config["model"]),
            *to_options("iterations", config["pretrain"]["iterations"]),
        ],
    shell:
        "python -m cbda pretrain {params.options:q} {params.statistics:q} --seed {wildcards.seed}"
        " --threads {threads} --training-num-workers {resources.loader_workers}"
        " --state-interval-s {resources.state_interval_s}"
        " --metrics {output.metrics:q} --out {output.checkpoint:q} > {log:q} 2>&1"


use rule pretrain as source_only with:
    input:
        checks=checked("source"),
        weights=encoder_weights(),
        statistics=source_statistics,
    output:
        checkpoint="<results>/seed{seed}/source_only/model.pt",
        metrics="<results>/seed{seed}/source_only/metrics.json",
    log:
        "<results>/seed{seed}/source_only/pretrain.log",
    benchmark:
        "<results>/seed{seed}/source_only/pretrain.tsv"
    params:
        code=fingerprint("pretrain"),
        weights=weights_digest,
        statistics=statistics_options,
        options=[
            *training_options("source"),
            *class_options(),
            *to_options("model", config["model"]),
            *to_options("iterations", config["training"]["total_iterations"]),
        ],
