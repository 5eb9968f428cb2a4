rule verify:
    log:
        "<tables>/verify.log",
    conda:
        "../../envs/cbda.yaml"
    params:
        folders=jobs.verified_folders(),
    shell:
        "python -m cbda verify {params.folders:q} > {log:q} 2>&1; code=$?; cat {log:q}; exit $code"
