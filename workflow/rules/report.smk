rule report:
    input:
        runs="<tables>/runs.csv",
        results=jobs.result_files(),
        gallery=jobs.gallery_files(),
        target="<results>/data/target.json",
        table="<tables>/table_mIoU.csv",
        template=f"{workflow.basedir}/workflow/report/page.html",
    output:
        page="<tables>/report.html",
        pictures=[
            report(
                f"<tables>/figures/{name}.png",
                caption="../report/figures.rst",
                category="Figures",
                labels={"figure": name},
            )
            for name in jobs.figures()
        ],
        vectors=[f"<tables>/figures/{name}.svg" for name in jobs.figures()],
    log:
        "<tables>/report.log",
    benchmark:
        "<tables>/report.tsv"
    conda:
        "../../envs/cbda.yaml"
    threads: jobs.config.compute.threads
    params:
        code=fingerprint("report"),
        figures=lambda wildcards, output: os.path.dirname(output.pictures[0]),
        options=jobs.report_arguments(),
    shell:
        "python -m cbda report --runs {input.runs:q} {params.options:q}"
        " --target-report {input.target:q} --template {input.template:q}"
        " --device cpu --threads {threads} --out {output.page:q} --out-figures {params.figures:q}"
        " > {log:q} 2>&1"
