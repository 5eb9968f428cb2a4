rule data_check:
    input:
        data=dataset_files,
    output:
        report="<results>/data/{dataset}.json",
    log:
        "<results>/data/{dataset}.log",
    benchmark:
        "<results>/data/{dataset}.tsv"
    conda:
        "../../envs/cbda.yaml"
    threads: config["data_check"]["num_workers"]
    params:
        code=fingerprint("data_check"),
        state=dataset_state,
        options=lambda wildcards: [
            *to_options("", config["datasets"][wildcards.dataset]),
            *class_options(),
            *(["--uniform-size"] if wildcards.dataset == "target" else []),
            *(["--fast"] if config["data_check"]["fast"] else []),
        ],
    shell:
        "python -m cbda data check {params.options:q} --num-workers {threads}"
        " --out {output.report:q} > {log:q} 2>&1"
