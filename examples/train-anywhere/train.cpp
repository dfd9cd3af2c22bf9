// Trains a model that rnnx compiled, with ONNX Runtime's C++ interface and nlohmann/json.
//
// rnnx compile SPEC --out FOLDER --batches STEPS
// g++ -std=c++20 train.cpp -lonnxruntime -o train && ./train FOLDER
#include <algorithm>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>
#include <numeric>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>
#include <onnxruntime_cxx_api.h>

using Json = nlohmann::json;

struct Stored {
  ONNXTensorElementDataType type;
  std::vector<int64_t> shape;
  std::vector<char> data;
};
using Tensors = std::map<std::string, Stored>;

static std::string read_file(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

static Json read_safetensors(const std::string& path, Tensors& tensors) {
  const std::map<std::string, ONNXTensorElementDataType> types = {{"F32", ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT},
      {"I32", ONNX_TENSOR_ELEMENT_DATA_TYPE_INT32}, {"I64", ONNX_TENSOR_ELEMENT_DATA_TYPE_INT64}};
  const std::string bytes = read_file(path);
  uint64_t length;
  std::memcpy(&length, bytes.data(), sizeof length);
  Json metadata;
  const Json header = Json::parse(bytes.substr(8, length));
  for (const auto& [name, entry] : header.items()) {
    if (name == "__metadata__") { metadata = entry; continue; }
    const auto data = bytes.begin() + 8 + length;
    const std::vector<uint64_t> offsets = entry["data_offsets"];
    tensors[name] = {types.at(entry["dtype"]), entry["shape"], {data + offsets[0], data + offsets[1]}};
  }
  return metadata;
}

int main(int, char** arguments) {
  const std::string folder = std::string(arguments[1]) + "/";
  const Json ports = Json::parse(read_file(folder + "manifest.json"))["train"];
  Tensors state, batches;
  read_safetensors(folder + "initial.safetensors", state);
  const Json metadata = read_safetensors(folder + "batches.safetensors", batches);
  const std::string resets = "," + metadata["reset_states"].get<std::string>() + ",";
  Ort::Env environment;
  Ort::Session session(environment, (folder + "train.onnx").c_str(), Ort::SessionOptions());
  const auto memory = Ort::MemoryInfo::CreateCpu(OrtArenaAllocator, OrtMemTypeDefault);
  std::vector<std::string> names, outputs;
  for (const auto& port : ports["inputs"]) names.push_back(port["name"]);
  for (const auto& port : ports["outputs"]) outputs.push_back(port["name"]);
  std::vector<const char*> name_texts, output_texts;
  for (const auto& name : names) name_texts.push_back(name.c_str());
  for (const auto& name : outputs) output_texts.push_back(name.c_str());

  const float one = 1;
  state["step"] = {ONNX_TENSOR_ELEMENT_DATA_TYPE_INT64, {}, std::vector<char>(8)};
  state["rate_scale"] = {ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT, {}, std::vector<char>(4)};
  std::memcpy(state["rate_scale"].data.data(), &one, 4);
  for (int step = 1; step <= std::stoi(metadata["steps"].get<std::string>()); step++) {
    const std::string prefix = std::to_string(step) + "/";
    for (const auto& port : ports["inputs"]) {
      if (port["role"] == "data") state[port["name"]] = batches.at(prefix + port["name"].get<std::string>());
      if (port["role"] != "state" || (step > 1 && resets.find("," + std::to_string(step) + ",") == std::string::npos)) continue;
      std::vector<int64_t> shape;
      for (const auto& size : port["shape"])
        shape.push_back(size.is_string() ? batches.lower_bound(prefix)->second.shape[1] : size.get<int64_t>());
      const int64_t count = std::accumulate(shape.begin(), shape.end(), int64_t{1}, std::multiplies<>());
      state[port["name"]] = {ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT, shape, std::vector<char>(4 * count)};
    }
    std::vector<Ort::Value> feeds;
    for (const auto& name : names) {
      Stored& stored = state.at(name);
      feeds.push_back(Ort::Value::CreateTensor(
          memory, stored.data.data(), stored.data.size(), stored.shape.data(), stored.shape.size(), stored.type));
    }
    auto results = session.Run(Ort::RunOptions(), name_texts.data(), feeds.data(), feeds.size(), output_texts.data(), output_texts.size());
    for (size_t index = 0; index < outputs.size(); index++) {
      const auto facts = results[index].GetTensorTypeAndShapeInfo();
      const char* data = results[index].GetTensorData<char>();
      const size_t size = facts.GetElementCount() * (facts.GetElementType() == ONNX_TENSOR_ELEMENT_DATA_TYPE_INT64 ? 8 : 4);
      if (outputs[index].rfind("next/", 0) == 0)
        state[outputs[index].substr(5)] = {facts.GetElementType(), facts.GetShape(), {data, data + size}};
      if (outputs[index] == "loss")
        std::cout << Json({{"step", step}, {"loss", double(*reinterpret_cast<const float*>(data))}}) << "\n";
    }
  }
}
