rule data_make:
    output:
        manifest=f"{jobs.config.data_make.root}/{{set}}/manifest.json",
    log:
        f"{jobs.config.data_make.root}/{{set}}/data_make.log",
    benchmark:
        f"{jobs.config.data_make.root}/{{set}}/data_make.tsv"
    conda:
        "../../envs/cbda.yaml"
    params:
        code=fingerprint("data_make"),
        options=lambda wildcards: jobs.make_arguments(wildcards.set),
    shell:
        "python -m cbda data make {params.options:q} --out {output.manifest:q} > {log:q} 2>&1"
