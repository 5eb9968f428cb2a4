rule collect:
    input:
        diagnoses=[part[-1] for part in all_diagnoses()],
    output:
        table="<tables>/diagnosis.csv",
    log:
        "<tables>/collect.log",
    benchmark:
        "<tables>/collect.tsv"
    conda:
        "../../envs/cbda.yaml"
    params:
        code=fingerprint("collect"),
        diagnoses=[word for part in all_diagnoses() for word in ("--diagnosis", *part)],
    shell:
        "python -m cbda collect {params.diagnoses:q} --out {output.table:q} > {log:q} 2>&1"
