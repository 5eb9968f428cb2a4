rule runs:
    output:
        runs="<tables>/runs.csv",
    log:
        "<tables>/runs.log",
    benchmark:
        "<tables>/runs.tsv"
    priority: 3  # before all others, as `cbda status` reads it
    conda:
        "../../envs/cbda.yaml"
    params:
        program=arguments.program,
        code=fingerprint("runs"),
        options=lambda wildcards: layout.run_arguments(jobs),
    shell:
        "{params.program:q} runs {params.options:q} --out {output.runs:q} > {log:q} 2>&1"
