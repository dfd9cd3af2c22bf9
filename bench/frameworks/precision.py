"""Precision of PyTorch's products: float32, TF32, or float16 by autocast with a scaled loss."""
import torch


def precision_of(sizes):
    """A function that returns the context of a forward pass, and the scaler of its loss."""
    tf32 = sizes.precision == "tf32"
    torch.backends.cuda.matmul.allow_tf32 = tf32
    torch.backends.cudnn.allow_tf32 = tf32
    half = sizes.precision == "float16"
    scaler = torch.amp.GradScaler(sizes.device, init_scale=1024, enabled=half)
    return lambda: torch.autocast(sizes.device, torch.float16, enabled=half), scaler
