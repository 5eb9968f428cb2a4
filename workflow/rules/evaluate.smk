rule evaluate:
    input:
        checks=checked("val"),
        checkpoint=last_checkpoint,
    output:
        evaluation="<results>/seed{seed}/{run_name}/evaluation.json",
    log:
        "<results>/seed{seed}/{run_name}/evaluate.log",
    benchmark:
        "<results>/seed{seed}/{run_name}/evaluate.tsv"
    conda:
        "../../envs/cbda.yaml"
    threads: config["compute"]["threads"]
    resources:
        gpu=num_gpus(),
    params:
        code=fingerprint("evaluate"),
        options=[
            *dataset_options("val", "val"),
            *to_options("", config["evaluate"]),
            *compute_options(),
        ],
    shell:
        "python -m cbda evaluate --checkpoint {input.checkpoint:q} {params.options:q} --threads {threads}"
        " --out {output.evaluation:q} > {log:q} 2>&1"
