rule score:
    input:
        checkpoint=inputs.checkpoint_before,
        target="<results>/data/target.json",
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
        program=arguments.program,
        code=fingerprint("score"),
        own_code=lambda wildcards: jobs.score_code(wildcards.method),
        score=lambda wildcards, input: jobs.method_arguments(wildcards.method, "score"),
        method=lambda wildcards: [
            *jobs.method_arguments(wildcards.method, "unit"),
            *jobs.view_arguments(wildcards.method),
            *jobs.kept_arguments(wildcards.method),
        ],
        radius=lambda wildcards: jobs.radius_arguments(wildcards.method),
        network=arguments.network,
        places=arguments.places(target="target"),
        features=arguments.features,
        options=lambda wildcards: [
            *jobs.dataset_arguments("target", "target"),
            *jobs.compute_arguments(),
        ],
    shell:
        "{params.program:q} score --checkpoint {input.checkpoint:q} {params.network:q} {params.score:q} {params.method:q}"
        " {params.radius:q} {params.places:q} {params.features:q} {params.options:q}"
        " --round {wildcards.round} --seed {wildcards.seed} --threads {threads}"
        " --out {output.scores:q} > {log:q} 2>&1"
