rule finetune:
    input:
        checkpoint=checkpoint_before,
        labels="<round>/labels.h5",
        source_features=jobs.feature_files("source"),
        target_features=jobs.feature_files("target"),
        statistics=jobs.source_statistics(),
    output:
        checkpoint="<round>/model.pt",
        metrics="<round>/metrics.json",
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
        code=fingerprint("finetune"),
        labels=lambda wildcards, input: to_options("labels", input.labels),
        until=lambda wildcards: final_iteration(jobs.config, int(wildcards.round)),
        features=feature_arguments,
        statistics=statistics_arguments,
        options=jobs.training_arguments("source", "target"),
    shell:
        "python -m cbda finetune --checkpoint {input.checkpoint:q} {params.labels:q} {params.options:q}"
        " {params.features:q} {params.statistics:q} --until {params.until} --seed {wildcards.seed} --threads {threads}"
        " --training-num-workers {resources.loader_workers}"
        " --state-interval-s {resources.state_interval_s}"
        " --metrics {output.metrics:q} --out {output.checkpoint:q} > {log:q} 2>&1"


use rule finetune as full with:
    input:
        checkpoint="<pretrain>/model.pt",
        source_features=jobs.feature_files("source"),
        target_features=jobs.feature_files("target"),
        statistics=jobs.source_statistics(),
    output:
        checkpoint="<results>/seed{seed}/full/model.pt",
        metrics="<results>/seed{seed}/full/metrics.json",
    log:
        "<results>/seed{seed}/full/finetune.log",
    benchmark:
        "<results>/seed{seed}/full/finetune.tsv"
    params:
        code=fingerprint("finetune"),
        labels=["--all-labels"],
        until=jobs.config.training.total_iterations,
        features=feature_arguments,
        statistics=statistics_arguments,
        options=jobs.training_arguments("source", "target"),
