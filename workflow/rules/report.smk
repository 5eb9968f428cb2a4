rule report:
    input:
        runs="<tables>/runs.csv",
        results=jobs.result_files(),
        gallery=jobs.gallery_files(),
        target="<results>/data/target.json",
        target_features=jobs.feature_files("target") if jobs.gallery() else [],
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
    threads: jobs.config.compute.threads
    params:
        code=fingerprint("report"),
        features=feature_arguments,
        options=jobs.report_arguments(),
    shell:
        "python -m cbda report --runs {input.runs:q} {params.options:q} {params.features:q}"
        " --target-report {input.target:q} --template {input.template:q}"
        " --device cpu --threads {threads} --out {output.page:q} --out-figures {output.figures:q}"
        " > {log:q} 2>&1"
