from snakemake.utils import min_version

min_version("9.20")


configfile: "config.yaml"


pathvars:
    pretrain="<results>/seed{seed}/pretrain",
    run="<results>/seed{seed}/{method}/budget{budget}",
    round="<run>/round{round}",


include: "workflow/rules/common.smk"
include: "workflow/rules/data_make.smk"
include: "workflow/rules/data_check.smk"
include: "workflow/rules/data_count.smk"
include: "workflow/rules/encode.smk"
include: "workflow/rules/pretrain.smk"
include: "workflow/rules/score.smk"
include: "workflow/rules/acquire.smk"
include: "workflow/rules/finetune.smk"
include: "workflow/rules/evaluate.smk"


for variant in variant_files():

    include: variant


wildcard_constraints:
    method="|".join(jobs.methods),


include: "workflow/rules/diagnose.smk"
include: "workflow/rules/runs.smk"
include: "workflow/rules/tabulate.smk"
include: "workflow/rules/collect.smk"
include: "workflow/rules/plan.smk"
include: "workflow/rules/report.smk"


localrules:
    all,
    runs,


rule all:
    default_target: True
    input:
        "<tables>/table_mIoU.csv",


onstart:
    require_gpu()


onerror:
    jobs.tabulate_finished(due_files())


onsuccess:
    jobs.remove_partial_tables()
