rule encode:
    input:
        checks=lambda wildcards: checked(wildcards.dataset),
        weights=weights_file(jobs.weights_files()),
    output:
        features="<results>/data/{dataset}/features.h5",
    log:
        "<results>/data/{dataset}/encode.log",
    benchmark:
        "<results>/data/{dataset}/encode.tsv"
    conda:
        "../../envs/cbda.yaml"
    threads: jobs.config.compute.threads
    resources:
        gpu=jobs.num_gpus(),
    params:
        code=fingerprint("encode"),
        weights=lambda wildcards: jobs.weights_digest,
        options=lambda wildcards: jobs.encode_arguments(wildcards.dataset),
    shell:
        "python -m cbda encode {params.options:q} --threads {threads}"
        " --out {output.features:q} > {log:q} 2>&1"
