rule score:
    input:
        checkpoint=checkpoint_before,
        target_features=jobs.feature_files("target"),
    output:
        scores=temp("<round>/scores.h5"),
    log:
        "<round>/score.log",
    benchmark:
        "<round>/score.tsv"
    conda:
        "../../envs/cbda.yaml"
    threads: jobs.config.compute.threads
    resources:
        gpu=jobs.num_gpus(),
    params:
        code=fingerprint("score"),
        own_code=lambda wildcards: jobs.score_code(wildcards.method),
        method=lambda wildcards: jobs.method_arguments(wildcards.method, "score", "unit"),
        radius=lambda wildcards: jobs.radius_arguments(wildcards.method),
        features=feature_arguments,
        options=[*jobs.dataset_arguments("target", "target"), *jobs.compute_arguments()],
    shell:
        "python -m cbda score --checkpoint {input.checkpoint:q} {params.method:q} {params.radius:q}"
        " {params.features:q} {params.options:q}"
        " --round {wildcards.round} --seed {wildcards.seed} --threads {threads}"
        " --out {output.scores:q} > {log:q} 2>&1"
