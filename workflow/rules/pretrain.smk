rule pretrain:
    input:
        checks=checked("source", "target"),
        weights=weights_file(jobs.training_weights()),
        source_features=jobs.feature_files("source"),
        target_features=jobs.feature_files("target"),
        statistics=jobs.source_statistics(),
    output:
        checkpoint="<pretrain>/model.pt",
        metrics="<pretrain>/metrics.json",
    log:
        "<pretrain>/pretrain.log",
    benchmark:
        "<pretrain>/pretrain.tsv"
    conda:
        "../../envs/cbda.yaml"
    threads: jobs.config.compute.threads
    resources:
        gpu=jobs.num_gpus(),
        # No params, so that another value makes nothing stale.
        loader_workers=jobs.config.training.num_workers,
        state_interval_s=jobs.config.compute.state_interval_s,
    params:
        code=fingerprint("pretrain"),
        weights=lambda wildcards: jobs.weights_digest if jobs.training_weights() else "",
        features=feature_arguments,
        statistics=statistics_arguments,
        options=[
            *jobs.training_arguments("source", "target"),
            *jobs.class_arguments(),
            *to_options("model", jobs.config.model),
            *to_options("iterations", jobs.config.pretrain.iterations),
        ],
    shell:
        "python -m cbda pretrain {params.options:q} {params.features:q} {params.statistics:q}"
        " --seed {wildcards.seed}"
        " --threads {threads} --training-num-workers {resources.loader_workers}"
        " --state-interval-s {resources.state_interval_s}"
        " --metrics {output.metrics:q} --out {output.checkpoint:q} > {log:q} 2>&1"


use rule pretrain as source_only with:
    input:
        checks=checked("source"),
        weights=weights_file(jobs.training_weights()),
        source_features=jobs.feature_files("source"),
        statistics=jobs.source_statistics(),
    output:
        checkpoint="<results>/seed{seed}/source_only/model.pt",
        metrics="<results>/seed{seed}/source_only/metrics.json",
    log:
        "<results>/seed{seed}/source_only/pretrain.log",
    benchmark:
        "<results>/seed{seed}/source_only/pretrain.tsv"
    params:
        code=fingerprint("pretrain"),
        weights=lambda wildcards: jobs.weights_digest if jobs.training_weights() else "",
        features=feature_arguments,
        statistics=statistics_arguments,
        options=[
            *jobs.training_arguments("source"),
            *jobs.class_arguments(),
            *to_options("model", jobs.config.model),
            *to_options("iterations", jobs.config.training.total_iterations),
        ],
