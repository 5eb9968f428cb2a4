from snakemake.utils import min_version

min_version("9.20")


if Path("config.yaml").exists():  # elsewhere the defaults hold

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
include: f"workflow/rules/{people.acquiring(jobs)}.smk"
include: "workflow/rules/finetune.smk"
include: "workflow/rules/evaluate.smk"
include: "workflow/rules/predict.smk"


for variant in variant_files():

    include: variant


wildcard_constraints:
    method="|".join(jobs.methods),


include: "workflow/rules/diagnose.smk"
include: "workflow/rules/runs.smk"
include: "workflow/rules/tabulate.smk"
include: "workflow/rules/analyse.smk"
include: "workflow/rules/collect.smk"
include: "workflow/rules/queries_count.smk"
include: "workflow/rules/plan.smk"
include: "workflow/rules/report.smk"
include: "workflow/rules/verify.smk"


localrules:
    all,
    runs,


rule all:
    default_target: True
    input:
        people.products(jobs),


require_sound_results(workflow, jobs, parse_command)


onstart:
    require_gpu()
    require_data(workflow, jobs)
    start_serving()
    keep_reports(NOTES, reports_at_stake(workflow))
    note_request(NOTES, jobs.folders["tables"], sys.argv, made_files(workflow))
    start_jobs_at_once(workflow)
    stop_when_asked(workflow)


onerror:
    tell(describe_kept(put_back_reports(NOTES)))
    if due := due_files(workflow):  # not if `verify` found something
        tell(tabulate_finished(jobs, due, arguments.words))
    tell(describe_stop(STOPS))


onsuccess:
    put_back_reports(NOTES)
    remove_partial_tables(jobs)
    tell(name_results(jobs, made_files(workflow)))
