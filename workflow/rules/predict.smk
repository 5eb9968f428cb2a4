# The masks are no outputs, as their names are those of the user's images; what is written last is.
rule predict:
    input:
        checkpoint=inputs.predicting_checkpoint,
        changes=inputs.predicted_again,
    output:
        classes="<results>/seed{seed}/{run_name}/predictions/labelmap.txt",
    log:
        "<results>/seed{seed}/{run_name}/predict.log",
    benchmark:
        "<results>/seed{seed}/{run_name}/predict.tsv"
    conda:
        "../../envs/cbda.yaml"
    threads: jobs.config.compute.threads
    resources:
        gpu=jobs.num_gpus(),
    params:
        program=arguments.program,
        code=fingerprint("predict"),
        state=lambda wildcards: people.images_state(jobs),
        network=arguments.network,
        encoder=arguments.frozen_encoder,
        images=lambda wildcards, input: to_options("images", jobs.config.predict.images),
        folder=lambda wildcards, output: os.path.dirname(output.classes),
        options=lambda wildcards: [*people.predict_arguments(jobs), *jobs.compute_arguments()],
    shell:
        "{params.program:q} predict --checkpoint {input.checkpoint:q} {params.network:q} {params.encoder:q} {params.images:q}"
        " {params.options:q} --threads {threads} --out {params.folder:q} > {log:q} 2>&1"
