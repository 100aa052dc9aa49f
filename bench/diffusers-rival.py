"""diffusers' UNet of Stable Diffusion 1.5 with a v2 motion module, random weights, evaluated at each line of input.
Arguments: frames, pixels, threads, type of the weights and of what is computed."""
import json
import resource
import sys
import time

import torch
from diffusers import MotionAdapter, UNet2DConditionModel, UNetMotionModel

frames, pixels, threads = map(int, sys.argv[1:4])
torch.set_default_dtype(getattr(torch, sys.argv[4]))
torch.set_num_threads(threads)
torch.manual_seed(0)


def report(seconds):
    with open("/proc/self/statm") as statm:
        resident = int(statm.read().split()[1]) * 4096
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps({"seconds": seconds, "residentBytes": resident, "peakBytes": peak}), flush=True)


start = time.perf_counter()
image = UNet2DConditionModel(
    sample_size=64,
    cross_attention_dim=768,
    attention_head_dim=8,
    block_out_channels=(320, 640, 1280, 1280),
    down_block_types=("CrossAttnDownBlock2D",) * 3 + ("DownBlock2D",),
    up_block_types=("UpBlock2D",) + ("CrossAttnUpBlock2D",) * 3,
)
adapter = MotionAdapter(use_motion_mid_block=True)
unet = UNetMotionModel.from_unet2d(image, adapter).eval()
del image, adapter
sample = torch.randn(1, 4, frames, pixels // 8, pixels // 8)
# One row a frame, as its pipeline gives them.
context = torch.randn(1, 77, 768).repeat_interleave(frames, dim=0)
report(time.perf_counter() - start)
with torch.inference_mode():
    for _ in sys.stdin:
        start = time.perf_counter()
        unet(sample, 500, context)
        report(time.perf_counter() - start)
