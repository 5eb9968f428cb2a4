rule finetune:
    input:
        source="<results>/data/source.json",
        target="<results>/data/target.json",
        checkpoint=inputs.checkpoint_before,
        labels="<round>/labels.h5",
        source_features=jobs.feature_files("source"),
        target_features=jobs.feature_files("target"),
        statistics=jobs.source_statistics(),
    output:
        checkpoint="<round>/model.pt",
        metrics="<round>/metrics.json",
        history="<round>/history.csv",
    log:
        "<round>/finetune.log",
    benchmark:
        "<round>/finetune.tsv"
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
        code=fingerprint("finetune"),
        labels=lambda wildcards, input: to_options("labels", input.labels),
        until=lambda wildcards: jobs.config.final_iteration(int(wildcards.round)),
        statistics=arguments.statistics,
        tensorboard=arguments.tensorboard,
        network=arguments.network,
        places=arguments.places(source="source", target="target"),
        features=arguments.features,
        options=lambda wildcards: jobs.training_arguments("source", "target"),
    shell:
        "{params.program:q} finetune --checkpoint {input.checkpoint:q} {params.network:q} {params.labels:q} {params.places:q}"
        " {params.features:q} {params.options:q} {params.statistics:q} --until {params.until} --seed {wildcards.seed} --threads {threads}"
        " --training-num-workers {resources.loader_workers}"
        " --state-interval-s {resources.state_interval_s} {params.tensorboard:q}"
        " --metrics {output.metrics:q} --history {output.history:q} --out {output.checkpoint:q} > {log:q} 2>&1"


use rule finetune as full with:
    input:
        source="<results>/data/source.json",
        target="<results>/data/target.json",
        checkpoint="<pretrain>/model.pt",
        source_features=jobs.feature_files("source"),
        target_features=jobs.feature_files("target"),
        statistics=jobs.source_statistics(),
    output:
        checkpoint="<results>/seed{seed}/full/model.pt",
        metrics="<results>/seed{seed}/full/metrics.json",
        history="<results>/seed{seed}/full/history.csv",
    log:
        "<results>/seed{seed}/full/finetune.log",
    benchmark:
        "<results>/seed{seed}/full/finetune.tsv"
    params:
        code=fingerprint("finetune"),
        labels=["--all-labels"],
        until=jobs.config.training.total_iterations,
        statistics=arguments.statistics,
        tensorboard=arguments.tensorboard,
        network=arguments.network,
        places=arguments.places(source="source", target="target"),
        features=arguments.features,
        options=lambda wildcards: jobs.training_arguments("source", "target"),


use rule finetune as retrain with:
    input:
        source="<results>/data/source.json",
        target="<results>/data/target.json",
        checkpoint="<pretrain>/model.pt",
        labels=inputs.last_labels,
        source_features=jobs.feature_files("source"),
        target_features=jobs.feature_files("target"),
        statistics=jobs.source_statistics(),
    output:
        checkpoint="<run>/retrained/model.pt",
        metrics="<run>/retrained/metrics.json",
        history="<run>/retrained/history.csv",
    log:
        "<run>/retrained/finetune.log",
    benchmark:
        "<run>/retrained/finetune.tsv"
    params:
        code=fingerprint("finetune"),
        labels=lambda wildcards, input: [*to_options("labels", input.labels), "--anew"],
        until=jobs.config.training.total_iterations,
        statistics=arguments.statistics,
        tensorboard=arguments.tensorboard,
        network=arguments.network,
        places=arguments.places(source="source", target="target"),
        features=arguments.features,
        options=lambda wildcards: jobs.training_arguments("source", "target"),
