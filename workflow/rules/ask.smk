# In place of acquire where people answer. Queries and answers are no outputs: they are the user's.
rule ask:
    input:
        scores="<round>/scores.h5",
        labels=inputs.labels_before,
        target="<results>/data/target.json",
    output:
        labels="<round>/labels.h5",
    log:
        "<round>/ask.log",
    benchmark:
        "<round>/ask.tsv"
    priority: 1  # before another score file is written
    conda:
        "../../envs/cbda.yaml"
    threads: jobs.config.compute.threads
    params:
        program=arguments.program,
        code=fingerprint("ask"),
        previous=lambda wildcards, input: to_options("labels", input.labels) if input.labels else [],
        own_code=lambda wildcards: jobs.choice_code(wildcards.method),
        method=lambda wildcards: [
            *jobs.method_arguments(
                wildcards.method, "unit", "allocation", "balance", "random_fraction"
            ),
            *jobs.choice_arguments(wildcards.method),
        ],
        balance=lambda wildcards: jobs.balance_arguments(wildcards.method),
        radius=lambda wildcards: jobs.radius_arguments(wildcards.method),
        answered=lambda wildcards: people.answers_state(jobs, int(wildcards.round)),
        people=lambda wildcards, input: people.ask_arguments(jobs, int(wildcards.round)),
        masks=lambda wildcards: jobs.masks_state(),
        never_ask=arguments.never_ask,
        places=arguments.places(oracle="target"),
        options=lambda wildcards: [
            *jobs.dataset_arguments("oracle", "target"),
            *jobs.class_arguments(),
            *jobs.budget_arguments(),
            *jobs.starting_arguments(),
        ],
    shell:
        "{params.program:q} ask --scores {input.scores:q} {params.previous:q} {params.method:q}"
        " {params.balance:q} {params.radius:q} {params.never_ask:q} {params.people:q}"
        " {params.places:q} {params.options:q} --budget {wildcards.budget} --round {wildcards.round}"
        " --seed {wildcards.seed} --threads {threads} --out {output.labels:q} > {log:q} 2>&1"
