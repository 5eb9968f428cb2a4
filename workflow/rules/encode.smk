rule encode:
    input:
        dataset="<results>/data/{dataset}.json",
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
        program=arguments.program,
        code=fingerprint("encode"),
        weights=lambda wildcards: jobs.weights_state,
        encoder=arguments.encoder,
        places=lambda wildcards, input: jobs.place_arguments(
            "dataset", wildcards.dataset, input.dataset
        ),
        options=lambda wildcards: jobs.encode_arguments(wildcards.dataset),
    shell:
        "{params.program:q} encode {params.places:q} {params.encoder:q} {params.options:q}"
        " --threads {threads} --out {output.features:q} > {log:q} 2>&1"
