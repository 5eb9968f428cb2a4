rule diagnose:
    input:
        scores="<round>/scores.h5",
        labels="<round>/labels.h5",
        target="<results>/data/target.json",
    output:
        diagnosis="<round>/diagnosis.json",
    log:
        "<round>/diagnose.log",
    benchmark:
        "<round>/diagnose.tsv"
    priority: 2  # before another score file is written
    conda:
        "../../envs/cbda.yaml"
    threads: jobs.config.compute.threads
    params:
        program=arguments.program,
        code=fingerprint("diagnose"),
        places=arguments.places(oracle="target"),
        options=lambda wildcards: [
            *jobs.dataset_arguments("oracle", "target"),
            *jobs.class_arguments(),
        ],
    shell:
        "{params.program:q} diagnose --scores {input.scores:q} --labels {input.labels:q}"
        " {params.places:q} {params.options:q} --threads {threads} --out {output.diagnosis:q} > {log:q} 2>&1"
