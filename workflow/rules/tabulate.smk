rule tabulate:
    input:
        runs="<tables>/runs.csv",
        results=layout.result_files(jobs),
    output:
        table="<tables>/table_mIoU.csv",
        classes="<tables>/class_iou.csv",
        acquisition="<tables>/acquisition.csv",
        comparisons="<tables>/comparisons.csv",
    log:
        "<tables>/tabulate.log",
    benchmark:
        "<tables>/tabulate.tsv"
    conda:
        "../../envs/cbda.yaml"
    params:
        program=arguments.program,
        code=fingerprint("tabulate"),
        options=lambda wildcards: to_options("", jobs.config.tabulate),
    shell:
        "{params.program:q} tabulate --runs {input.runs:q} {params.options:q} --out {output.table:q}"
        " --out-classes {output.classes:q} --out-acquisition {output.acquisition:q}"
        " --out-comparisons {output.comparisons:q} > {log:q} 2>&1"
