rule pretrain:
    input:
        source="<results>/data/source.json",
        target="<results>/data/target.json",
        source_features=jobs.feature_files("source"),
        target_features=jobs.feature_files("target"),
        statistics=jobs.source_statistics(),
    output:
        checkpoint="<pretrain>/model.pt",
        metrics="<pretrain>/metrics.json",
        history="<pretrain>/history.csv",
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
        program=arguments.program,
        code=fingerprint("pretrain"),
        weights=lambda wildcards: jobs.weights_state,
        encoder=arguments.encoder,
        own_network=lambda wildcards: jobs.network_state(),
        network=arguments.architecture,
        statistics=arguments.statistics,
        tensorboard=arguments.tensorboard,
        places=arguments.places(source="source", target="target"),
        features=arguments.features,
        options=lambda wildcards: [
            *jobs.training_arguments("source", "target"),
            *jobs.class_arguments(),
            *jobs.model_arguments(),
            *to_options("iterations", jobs.config.pretrain.iterations),
        ],
    shell:
        "{params.program:q} pretrain {params.places:q} {params.network:q} {params.encoder:q}"
        " {params.features:q} {params.options:q} {params.statistics:q} --seed {wildcards.seed} --threads {threads}"
        " --training-num-workers {resources.loader_workers}"
        " --state-interval-s {resources.state_interval_s} {params.tensorboard:q}"
        " --metrics {output.metrics:q} --history {output.history:q} --out {output.checkpoint:q}"
        " > {log:q} 2>&1"


use rule pretrain as source_only with:
    input:
        source="<results>/data/source.json",
        source_features=jobs.feature_files("source"),
        statistics=jobs.source_statistics(),
    output:
        checkpoint="<results>/seed{seed}/source_only/model.pt",
        metrics="<results>/seed{seed}/source_only/metrics.json",
        history="<results>/seed{seed}/source_only/history.csv",
    log:
        "<results>/seed{seed}/source_only/pretrain.log",
    benchmark:
        "<results>/seed{seed}/source_only/pretrain.tsv"
    params:
        code=fingerprint("pretrain"),
        weights=lambda wildcards: jobs.weights_state,
        encoder=arguments.encoder,
        own_network=lambda wildcards: jobs.network_state(),
        network=arguments.architecture,
        statistics=arguments.statistics,
        tensorboard=arguments.tensorboard,
        places=arguments.places(source="source"),
        features=arguments.features,
        options=lambda wildcards: [
            *jobs.training_arguments("source"),
            *jobs.class_arguments(),
            *jobs.model_arguments(),
            *to_options("iterations", jobs.config.training.total_iterations),
        ],
