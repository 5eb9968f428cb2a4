import subprocess
import sys

import pytest
import torch
from torch.optim import SGD, AdamW

from cbda.training.optimizers import without_compiler

STEPS = """
import sys, torch
from cbda.training.optimizers import without_compiler

weight = torch.nn.Parameter(torch.ones(3))
for kind in (torch.optim.SGD, torch.optim.AdamW):
    optimizer = without_compiler(kind)([weight], 0.1)
    optimizer.load_state_dict(optimizer.state_dict())
    optimizer.zero_grad(set_to_none=True)
    weight.sum().backward()
    optimizer.step()
print([name for name in ("torch._dynamo", "torch._inductor") if name in sys.modules])
"""


def test_steps_import_no_compiler():
    words = [sys.executable, "-c", STEPS]
    assert subprocess.check_output(words, text=True).strip() == "[]"


def steps_of(kind, **options):
    """Weights and state after some steps, of which one is taken after a restart."""
    weight = torch.nn.Parameter(torch.linspace(-1, 1, 7))
    optimizer = kind([weight], 0.1, weight_decay=0.01, **options)
    for step in range(4):
        if step == 2:
            state, optimizer = optimizer.state_dict(), kind([weight], 0.1, **options)
            optimizer.load_state_dict(state)
        optimizer.zero_grad(set_to_none=True)
        (weight**3).sum().backward()
        optimizer.step()
    return weight.detach(), optimizer.state_dict()


@pytest.mark.parametrize(("kind", "options"), [(SGD, {"momentum": 0.9}), (AdamW, {})])
def test_steps_are_those_of_torch(kind, options):
    weight, state = steps_of(without_compiler(kind), **options)
    expected, expected_state = steps_of(kind, **options)
    assert torch.equal(weight, expected)
    assert not weight.requires_grad
    torch.testing.assert_close(state, expected_state, rtol=0, atol=0)
