rule data_check:
    input:
        data=lambda wildcards: jobs.generated_manifest(wildcards.dataset),
    output:
        report="<results>/data/{dataset}.json",
    log:
        "<results>/data/{dataset}.log",
    benchmark:
        "<results>/data/{dataset}.tsv"
    conda:
        "../../envs/cbda.yaml"
    threads: jobs.config.data_check.num_workers
    params:
        program=arguments.program,
        code=fingerprint("data_check"),
        state=lambda wildcards: jobs.dataset_state(wildcards.dataset),
        places=lambda wildcards, input: jobs.place_arguments("", wildcards.dataset, ""),
        options=lambda wildcards: jobs.check_arguments(wildcards.dataset),
    shell:
        "{params.program:q} data check {params.places:q} {params.options:q} --num-workers {threads}"
        " --out {output.report:q} > {log:q} 2>&1"
