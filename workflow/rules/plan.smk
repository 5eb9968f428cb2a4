rule plan:
    input:
        pool="<results>/data/target.json",
        val="<results>/data/val.json",
        source=checked("source") if jobs.config.model.freeze_encoder else [],
        measured=jobs.config.plan.measured or [],
    output:
        plan="<results>/plan.json",
    log:
        "<results>/plan.log",
    benchmark:
        "<results>/plan.tsv"
    conda:
        "../../envs/cbda.yaml"
    params:
        code=fingerprint("plan"),
        measured=lambda wildcards, input: (
            to_options("measured", input.measured) if input.measured else []
        ),
        source=lambda wildcards, input: to_options("source", input.source) if input.source else [],
        options=jobs.plan_arguments(),
    shell:
        "python -m cbda plan --pool {input.pool:q} --val {input.val:q} {params.source:q}"
        " {params.options:q}"
        " {params.measured:q} --out {output.plan:q} > {log:q} 2>&1 && cat {log:q}"
