# docker build --tag cbda .    torch as pip has it, with CUDA
# docker build --tag cbda --build-arg TORCH_INDEX=URL .    for the CPU, 4 GB less, or another CUDA: URL
#     is the index that https://pytorch.org/get-started/locally names for it
# docker run --rm --volume "$PWD:/work" cbda    the toy experiment, into results/tiny
FROM python:3.11-slim
ARG TORCH_INDEX=

COPY . /src
RUN if [ -n "$TORCH_INDEX" ]; then pip install --no-cache-dir --constraint /src/envs/constraints.txt \
        --index-url "$TORCH_INDEX" torch torchvision; fi \
    && pip install --no-cache-dir --constraint /src/envs/constraints.txt "/src[all]" \
    && rm -r /src

WORKDIR /work
CMD ["sh", "-c", "cbda init . && snakemake results/tiny/table_mIoU.csv --cores all --configfile workflow/configs/toy.yaml"]
