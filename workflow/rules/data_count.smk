rule data_count:
    input:
        checks=checked("source"),
    output:
        statistics="<results>/data/source_statistics.json",
    log:
        "<results>/data/source_statistics.log",
    benchmark:
        "<results>/data/source_statistics.tsv"
    conda:
        "../../envs/cbda.yaml"
    threads: jobs.config.data_count.num_workers
    params:
        code=fingerprint("data_count"),
        options=[*jobs.dataset_arguments("source", "source"), *jobs.class_arguments()],
    shell:
        "python -m cbda data count {params.options:q} --num-workers {threads}"
        " --out {output.statistics:q} > {log:q} 2>&1"
