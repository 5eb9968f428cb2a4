rule plan:
    input:
        pool="<results>/data/target.json",
        val="<results>/data/val.json",
        source="<results>/data/source.json" if jobs.config.model.freeze_encoder else [],
    output:
        plan="<results>/plan.json",
    log:
        "<results>/plan.log",
    benchmark:
        "<results>/plan.tsv"
    conda:
        "../../envs/cbda.yaml"
    params:
        program=arguments.program,
        code=fingerprint("plan"),
        times=lambda wildcards: jobs.measured_times(),
        measured=lambda wildcards, input: to_options("measured", jobs.config.plan.measured),
        source=lambda wildcards, input: to_options("source", input.source) if input.source else [],
        own_network=lambda wildcards: jobs.network_state(),
        network=arguments.architecture,
        options=lambda wildcards: jobs.plan_arguments(),
    shell:
        "{params.program:q} plan --pool {input.pool:q} --val {input.val:q} {params.source:q}"
        " {params.options:q} {params.network:q} {params.measured:q} --out {output.plan:q}"
        " > {log:q} 2>&1 && cat {log:q}"
