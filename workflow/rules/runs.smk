rule runs:
    output:
        runs="<tables>/runs.csv",
    log:
        "<tables>/runs.log",
    benchmark:
        "<tables>/runs.tsv"
    conda:
        "../../envs/cbda.yaml"
    params:
        code=fingerprint("runs"),
        options=jobs.run_arguments(),
    shell:
        "python -m cbda runs {params.options:q} --out {output.runs:q} > {log:q} 2>&1"
