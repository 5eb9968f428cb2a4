rule tabulate:
    input:
        evaluations=[run[3] for run in all_runs()],
        labels=[run[4] for run in all_runs() if run[4] != "-"],
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
        code=fingerprint("tabulate"),
        runs=run_options(all_runs()),
        options=to_options("baseline", config["tabulate"]["baseline"]),
    shell:
        "python -m cbda tabulate {params.runs:q} {params.options:q} --out {output.table:q}"
        " --out-classes {output.classes:q} --out-acquisition {output.acquisition:q}"
        " --out-comparisons {output.comparisons:q} > {log:q} 2>&1"
