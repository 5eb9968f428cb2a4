rule verify:
    log:
        "<tables>/verify.log",
    conda:
        "../../envs/cbda.yaml"
    params:
        program=arguments.program,
        folders=lambda wildcards: layout.verified_folders(jobs),
    shell:
        "{params.program:q} verify {params.folders:q} > {log:q} 2>&1; code=$?; cat {log:q}; exit $code"
