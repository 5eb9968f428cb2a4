# docker build --tag cbda .                            for the CPU
# docker build --tag cbda --build-arg TORCH=cu130 .    for CUDA, of a version that torch has wheels of
# docker run --rm --volume "$PWD:/work" cbda           the toy experiment, into results/tiny
FROM python:3.11-slim
ARG TORCH=cpu

COPY . /src
RUN pip install --no-cache-dir --constraint /src/envs/constraints.txt \
        --index-url "https://download.pytorch.org/whl/${TORCH}" \
        --extra-index-url https://pypi.org/simple torch torchvision \
    && pip install --no-cache-dir --constraint /src/envs/constraints.txt "/src[all]" \
    && rm -r /src

WORKDIR /work
CMD ["sh", "-c", "cbda init . && snakemake results/tiny/table_mIoU.csv --cores all --configfile workflow/configs/toy.yaml"]
