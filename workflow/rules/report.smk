rule report:
    input:
        runs="<tables>/runs.csv",
        results=layout.result_files(jobs),
        gallery=drawing.gallery_files(jobs),
        histories=drawing.history_files(jobs),
        target="<results>/data/target.json",
        target_features=jobs.feature_files("target") if drawing.gallery(jobs) else [],
        table="<tables>/table_mIoU.csv",
        curve="<tables>/learning_curve.csv",
        template=str(FOLDER / "workflow/report/page.html"),
    output:
        page="<tables>/report.html",
        pictures=[
            report(
                f"<tables>/figures/{name}.png",
                caption="../report/figures.rst",
                category="Figures",
                labels={"figure": name},
            )
            for name in drawing.figures(jobs)
        ],
        vectors=[f"<tables>/figures/{name}.svg" for name in drawing.figures(jobs)],
        prints=[f"<tables>/figures/{name}.pdf" for name in drawing.prints(jobs)],
    log:
        "<tables>/report.log",
    benchmark:
        "<tables>/report.tsv"
    conda:
        "../../envs/cbda.yaml"
    threads: jobs.config.compute.threads
    params:
        program=arguments.program,
        code=fingerprint("report"),
        figures=lambda wildcards, output: os.path.dirname(output.pictures[0]),
        features=arguments.features,
        config=lambda wildcards: drawing.settings(jobs),
        places=lambda wildcards, input: [
            *jobs.place_arguments("target", "target", input.target),
            *drawing.place_arguments(jobs),
        ],
        options=lambda wildcards: drawing.report_arguments(jobs),
    shell:
        "{params.program:q} report --runs {input.runs:q} --curve {input.curve:q} {params.places:q} {params.features:q} {params.options:q}"
        " --template {input.template:q}"
        " --device cpu --threads {threads} --out {output.page:q} --out-figures {params.figures:q}"
        " > {log:q} 2>&1"
