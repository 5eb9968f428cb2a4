rule evaluate:
    input:
        checks=checked("val"),
        checkpoint=last_checkpoint,
        val_features=jobs.feature_files("val"),
    output:
        evaluation="<results>/seed{seed}/{run_name}/evaluation.json",
    log:
        "<results>/seed{seed}/{run_name}/evaluate.log",
    benchmark:
        "<results>/seed{seed}/{run_name}/evaluate.tsv"
    conda:
        "../../envs/cbda.yaml"
    threads: jobs.config.compute.threads
    resources:
        gpu=jobs.num_gpus(),
    params:
        code=fingerprint("evaluate"),
        features=feature_arguments,
        options=[
            *jobs.dataset_arguments("val", "val"),
            *to_options("", jobs.config.evaluate),
            *jobs.compute_arguments(),
        ],
    shell:
        "python -m cbda evaluate --checkpoint {input.checkpoint:q} {params.features:q}"
        " {params.options:q} --threads {threads} --out {output.evaluation:q} > {log:q} 2>&1"
