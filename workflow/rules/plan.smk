rule plan:
    input:
        pool="<results>/data/target.json",
        val="<results>/data/val.json",
        measured=config["plan"]["measured"] or [],
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
        options=[
            *to_options("seeds", SEEDS),
            *to_options("methods", list(METHODS)),
            *to_options("budgets", BUDGETS),
            *to_options("rounds", ROUNDS),
            *to_options("references", config["experiment"]["references"]),
            *to_options("iterations", config["pretrain"]["iterations"]),
            *class_options(),
            *to_options("model", config["model"]),
            *to_options("training", config["training"]),
            *to_options("num-concurrent", config["plan"]["num_concurrent"]),
        ],
    shell:
        "python -m cbda plan --pool {input.pool:q} --val {input.val:q} {params.options:q}"
        " {params.measured:q} --out {output.plan:q} > {log:q} 2>&1 && cat {log:q}"
