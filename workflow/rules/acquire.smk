rule acquire:
    input:
        scores="<round>/scores.h5",
        labels=previous_labels,
    output:
        labels="<round>/labels.h5",
    log:
        "<round>/acquire.log",
    benchmark:
        "<round>/acquire.tsv"
    priority: 1  # before another score file is written
    conda:
        "../../envs/cbda.yaml"
    threads: config["compute"]["threads"]
    params:
        code=fingerprint("acquire"),
        previous=lambda wildcards, input: to_options("labels", input.labels) if input.labels else [],
        method=method_options("unit", "allocation", "balance", "random_fraction"),
        balance=balance_options,
        radius=radius_options,
        options=[
            *dataset_options("oracle", "target"),
            *class_options(),
            *to_options("rounds", config["experiment"]["rounds"]),
        ],
    shell:
        "python -m cbda acquire --scores {input.scores:q} {params.previous:q} {params.method:q}"
        " {params.balance:q} {params.radius:q}"
        " {params.options:q} --budget {wildcards.budget} --round {wildcards.round}"
        " --seed {wildcards.seed} --threads {threads} --out {output.labels:q} > {log:q} 2>&1"
