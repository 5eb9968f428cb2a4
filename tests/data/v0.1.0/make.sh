# How the files beside this one were made: in a checkout of version 0.1.0, `sh make.sh FOLDER`.
set -e
cd "$1"
cbda="python -m cbda"
python - <<'PYTHON'
from pathlib import Path
import numpy as np
from PIL import Image
rng = np.random.default_rng(0)
for name in ("images", "labels"):
    Path("pool", name).mkdir(parents=True, exist_ok=True)
for image_id in ("a", "b", "c"):
    label = np.kron(rng.integers(0, 3, (3, 4)), np.ones((4, 4))).astype(np.uint8)
    label[0, :2] = 255
    image = 80 * np.repeat(label[..., None], 3, 2) + rng.integers(0, 30, (12, 16, 3))
    Image.fromarray(label).save(f"pool/labels/{image_id}.png")
    Image.fromarray(image.astype(np.uint8)).save(f"pool/images/{image_id}.png")
PYTHON
classes="--classes road car tree"
$cbda data count --source-root pool $classes --out statistics.json
$cbda pretrain --source-root pool $classes --training-total-iterations 4 \
    --training-image-size 12 16 --training-batch-size 1 --iterations 2 \
    --device cpu --seed 0 --out model.pt
$cbda evaluate --checkpoint model.pt --val-root pool --device cpu --out evaluation.json
$cbda score --checkpoint model.pt --target-root pool --method-score ripu --method-unit region \
    --radius 1 --round 1 --device cpu --seed 0 --out scores.h5
acquire="$cbda acquire --scores scores.h5 --oracle-kind folder --oracle-root pool \
    --method-unit region --method-allocation dynamic --radius 1 --budget 0.3 --rounds 3 --seed 7 $classes"
for method in plain exploring; do
    balance="--method-balance consumed"
    test $method = plain || balance="--method-balance none --method-explore 0.4"
    $acquire $balance --round 1 --out $method-1.h5
    $acquire $balance --round 2 --labels $method-1.h5 --out $method-2.h5
    $acquire $balance --round 3 --labels $method-2.h5 --out $method-3.h5
done
$cbda diagnose --scores scores.h5 --labels plain-2.h5 --oracle-root pool $classes --out diagnosis.json
python - <<'PYTHON'
from pathlib import Path
import torch
from cbda.files import load_checkpoint, save_checkpoint

def level(content):  # of one number everywhere, the file shrinks to some KB
    if isinstance(content, torch.Tensor):
        return torch.full_like(content, 0.01) if content.is_floating_point() else content
    if isinstance(content, dict):
        return {name: level(value) for name, value in content.items()}
    return content

content = {k: v for k, v in load_checkpoint(Path("model.pt")).items() if k not in ("format", "version")}
save_checkpoint(Path("model.pt"), level(content))
PYTHON
gzip -9n model.pt
rm -f plain-1.h5 exploring-1.h5 *.lock
