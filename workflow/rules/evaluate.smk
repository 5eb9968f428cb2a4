rule evaluate:
    input:
        val="<results>/data/val.json",
        checkpoint=inputs.evaluated_checkpoint,
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
        program=arguments.program,
        code=fingerprint("evaluate"),
        network=arguments.network,
        places=arguments.places(val="val"),
        features=arguments.features,
        options=lambda wildcards: [
            *jobs.dataset_arguments("val", "val"),
            *to_options("", jobs.config.evaluate),
            *jobs.compute_arguments(),
        ],
    shell:
        "{params.program:q} evaluate --checkpoint {input.checkpoint:q} {params.network:q} {params.places:q}"
        " {params.features:q} {params.options:q} --threads {threads} --out {output.evaluation:q} > {log:q} 2>&1"
