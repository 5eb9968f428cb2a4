rule analyse:
    input:
        runs="<tables>/runs.csv",
        results=layout.result_files(jobs),
        rounds=layout.round_evaluations(jobs),
    output:
        curve="<tables>/learning_curve.csv",
        areas="<tables>/areas.csv",
        penalties="<tables>/penalties.csv",
        ranks="<tables>/ranks.csv",
        markdown="<tables>/main_results.md",
        latex="<tables>/main_results.tex",
    log:
        "<tables>/analyse.log",
    benchmark:
        "<tables>/analyse.tsv"
    conda:
        "../../envs/cbda.yaml"
    threads: jobs.config.compute.threads
    params:
        program=arguments.program,
        code=fingerprint("analyse"),
        options=lambda wildcards: [
            *to_options("", jobs.config.tabulate),
            *to_options("analyse", jobs.config.analyse),
        ],
    shell:
        "{params.program:q} analyse --runs {input.runs:q} {params.options:q} --threads {threads}"
        " --out {output.curve:q} --out-areas {output.areas:q} --out-penalties {output.penalties:q}"
        " --out-ranks {output.ranks:q} --out-markdown {output.markdown:q}"
        " --out-latex {output.latex:q} > {log:q} 2>&1"
