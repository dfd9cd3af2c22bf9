"""Trains a model that rnnx compiled, with numpy and onnxruntime alone.

rnnx compile SPEC --out FOLDER --batches STEPS
python train.py FOLDER
"""
import json, struct, sys
from pathlib import Path

import numpy as np
import onnxruntime as ort

TYPES = {"F32": np.float32, "I32": np.int32, "I64": np.int64}


def read_safetensors(file):
    data = file.read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + length])
    metadata = header.pop("__metadata__", {})
    tensors = {}
    for name, entry in header.items():
        begin, end = (8 + length + offset for offset in entry["data_offsets"])
        tensors[name] = np.frombuffer(data[begin:end], TYPES[entry["dtype"]]).reshape(entry["shape"])
    return tensors, metadata


def write_safetensors(file, tensors):
    header, end = {}, 0
    for name, tensor in tensors.items():
        header[name] = {"dtype": "F32", "shape": tensor.shape, "data_offsets": [end, end + tensor.nbytes]}
        end += tensor.nbytes
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    file.write_bytes(struct.pack("<Q", len(text)) + text + b"".join(tensor.tobytes() for tensor in tensors.values()))


folder = Path(sys.argv[1])
manifest = json.loads((folder / "manifest.json").read_text())
state, _ = read_safetensors(folder / "initial.safetensors")
batches, metadata = read_safetensors(folder / "batches.safetensors")
resets = metadata["reset_states"].split(",")
session = ort.InferenceSession(folder / "train.onnx", providers=["CPUExecutionProvider"])
output_names = [port["name"] for port in manifest["train"]["outputs"]]

state |= {"step": np.array(0, np.int64), "rate_scale": np.array(1, np.float32)}
for step in range(1, int(metadata["steps"]) + 1):
    for port in manifest["train"]["inputs"]:
        name, role = port["name"], port["role"]
        if role == "data":
            state[name] = batches[f"{step}/{name}"]
        elif role == "state" and (step == 1 or str(step) in resets):
            rows = next(data.shape[1] for key, data in batches.items() if key.startswith(f"{step}/"))
            state[name] = np.zeros([rows if size == "batch" else size for size in port["shape"]], np.float32)
    feeds = {port["name"]: state[port["name"]] for port in manifest["train"]["inputs"]}
    outputs = dict(zip(output_names, session.run(output_names, feeds)))
    state |= {name.removeprefix("next/"): value for name, value in outputs.items() if name.startswith("next/")}
    print(json.dumps({"step": step, "loss": float(outputs["loss"][0])}))

write_safetensors(folder / "trained.safetensors", {each["name"]: state[each["name"]] for each in manifest["parameters"]})
