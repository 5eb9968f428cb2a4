rule plan:
    input:
        pool="<results>/data/target.json",
        val=people.val_report(jobs),
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
        times=lambda wildcards: planning.measured_times(jobs),
        measured=lambda wildcards, input: to_options("measured", jobs.config.plan.measured),
        source=lambda wildcards, input: to_options("source", input.source) if input.source else [],
        own_network=lambda wildcards: jobs.network_state(),
        network=arguments.architecture,
        val=lambda wildcards, input: to_options("val", input.val) if input.val else [],
        options=lambda wildcards: planning.plan_arguments(jobs),
    shell:
        "{params.program:q} plan --pool {input.pool:q} {params.val:q} {params.source:q}"
        " {params.options:q} {params.network:q} {params.measured:q} --out {output.plan:q}"
        " > {log:q} 2>&1 && cat {log:q}"
