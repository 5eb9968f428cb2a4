rule queries_count:
    input:
        labels=people.labels_files(jobs),
    output:
        table="<tables>/answers.csv",
    log:
        "<tables>/queries_count.log",
    benchmark:
        "<tables>/queries_count.tsv"
    conda:
        "../../envs/cbda.yaml"
    params:
        program=arguments.program,
        code=fingerprint("queries_count"),
        people=lambda wildcards, input: people.count_arguments(jobs),
    shell:
        "{params.program:q} queries count {params.people:q} --out {output.table:q} > {log:q} 2>&1"
