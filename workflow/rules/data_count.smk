rule data_count:
    input:
        source="<results>/data/source.json",
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
        program=arguments.program,
        code=fingerprint("data_count"),
        places=arguments.places(source="source"),
        options=lambda wildcards: [
            *jobs.dataset_arguments("source", "source"),
            *jobs.class_arguments(),
        ],
    shell:
        "{params.program:q} data count {params.places:q} {params.options:q} --num-workers {threads}"
        " --out {output.statistics:q} > {log:q} 2>&1"
