rule diagnose:
    input:
        scores="<round>/scores.h5",
        labels="<round>/labels.h5",
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
        code=fingerprint("diagnose"),
        options=[*jobs.dataset_arguments("oracle", "target"), *jobs.class_arguments()],
    shell:
        "python -m cbda diagnose --scores {input.scores:q} --labels {input.labels:q}"
        " {params.options:q} --threads {threads} --out {output.diagnosis:q} > {log:q} 2>&1"
