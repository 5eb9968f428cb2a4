rule report:
    input:
        evaluations=[run[3] for run in all_runs()],
        labels=[run[4] for run in all_runs() if run[4] != "-"],
        gallery=gallery_inputs,
        target="<results>/data/target.json",
        table="<tables>/table_mIoU.csv",
        template=f"{workflow.basedir}/workflow/report/page.html",
    output:
        page="<tables>/report.html",
        figures=report(
            directory("<tables>/figures"),
            patterns=["{name}.png"],
            caption="../report/figures.rst",
            category="Figures",
            labels={"figure": "{name}"},
        ),
    log:
        "<tables>/report.log",
    benchmark:
        "<tables>/report.tsv"
    conda:
        "../../envs/cbda.yaml"
    threads: config["compute"]["threads"]
    params:
        code=fingerprint("report"),
        runs=run_options(all_runs()),
        gallery=gallery_options(),
        config=json.dumps(config, sort_keys=True),
        options=[
            *class_options(),
            *dataset_options("target", "target"),
            *balance_target_options(),
            *to_options("baseline", config["tabulate"]["baseline"]),
            *to_options("benchmarks", config["pathvars"]["results"]),
            *to_options("", config["report"]),
        ],
    shell:
        "python -m cbda report {params.runs:q} {params.gallery:q} {params.options:q}"
        " --config {params.config:q} --target-report {input.target:q} --template {input.template:q}"
        " --device cpu --threads {threads} --out {output.page:q} --out-figures {output.figures:q}"
        " > {log:q} 2>&1"
