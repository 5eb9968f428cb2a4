rule score:
    input:
        checkpoint=previous_checkpoint,
    output:
        scores=temp("<round>/scores.h5"),
    log:
        "<round>/score.log",
    benchmark:
        "<round>/score.tsv"
    conda:
        "../../envs/cbda.yaml"
    threads: config["compute"]["threads"]
    resources:
        gpu=num_gpus(),
    params:
        code=fingerprint("score"),
        own_code=own_code,
        method=method_options("score", "unit"),
        radius=radius_options,
        options=[
            *dataset_options("target", "target"),
            *compute_options(),
        ],
    shell:
        "python -m cbda score --checkpoint {input.checkpoint:q} {params.method:q} {params.radius:q}"
        " {params.options:q}"
        " --round {wildcards.round} --seed {wildcards.seed} --threads {threads}"
        " --out {output.scores:q} > {log:q} 2>&1"
