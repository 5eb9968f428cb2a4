rule data_make:
    input:
        changes=inputs.made_again,
    output:
        manifest=f"{jobs.config.data_make.root}/{{set}}/manifest.json",
    log:
        f"{jobs.config.data_make.root}/{{set}}/data_make.log",
    benchmark:
        f"{jobs.config.data_make.root}/{{set}}/data_make.tsv"
    conda:
        "../../envs/cbda.yaml"
    params:
        program=arguments.program,
        code=fingerprint("data_make"),
        options=lambda wildcards: [
            *to_options("scenes", jobs.config.data_make.scenes),
            *to_options("height", jobs.config.data_make.height),
            *to_options("width", jobs.config.data_make.width),
            *to_options("", jobs.config.data_make.sets[wildcards.set]),
        ],
    shell:
        "{params.program:q} data make {params.options:q} --out {output.manifest:q} > {log:q} 2>&1"
