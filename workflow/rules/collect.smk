rule collect:
    input:
        runs="<tables>/runs.csv",
        diagnoses=layout.diagnoses(jobs),
    output:
        table="<tables>/diagnosis.csv",
    log:
        "<tables>/collect.log",
    benchmark:
        "<tables>/collect.tsv"
    conda:
        "../../envs/cbda.yaml"
    params:
        program=arguments.program,
        code=fingerprint("collect"),
    shell:
        "{params.program:q} collect --runs {input.runs:q} --out {output.table:q} > {log:q} 2>&1"
