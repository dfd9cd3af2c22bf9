// Trains a model that rnnx compiled, with Microsoft.ML.OnnxRuntime alone.
//
// rnnx compile SPEC --out FOLDER --batches STEPS
// dotnet add package Microsoft.ML.OnnxRuntime; dotnet run FOLDER (.NET 6 or later)
using System.Buffers.Binary;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;

var folder = args[0];
var manifest = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, "manifest.json"))).RootElement;
var train = manifest.GetProperty("train");
var inputs = train.GetProperty("inputs").EnumerateArray().ToArray();
var outputNames = train.GetProperty("outputs").EnumerateArray().Select(NameOf).ToArray();
var (state, _) = ReadSafetensors(Path.Combine(folder, "initial.safetensors"));
var (batches, metadata) = ReadSafetensors(Path.Combine(folder, "batches.safetensors"));
var resets = metadata["reset_states"].Split(',');
using var session = new InferenceSession(Path.Combine(folder, "train.onnx"));
using var options = new RunOptions();

state["step"] = new Stored("I64", Array.Empty<long>(), new byte[8]);
state["rate_scale"] = new Stored("F32", Array.Empty<long>(), BitConverter.GetBytes(1f));
for (var step = 1; step <= int.Parse(metadata["steps"], CultureInfo.InvariantCulture); step++)
{
    foreach (var port in inputs)
    {
        var (name, role) = (NameOf(port), port.GetProperty("role").GetString());
        if (role == "data") state[name] = batches[$"{step}/{name}"];
        if (role != "state" || (step > 1 && !resets.Contains($"{step}"))) continue;
        var rows = batches.First(each => each.Key.StartsWith($"{step}/", StringComparison.Ordinal)).Value.Shape[1];
        var shape = port.GetProperty("shape").EnumerateArray()
            .Select(size => size.ValueKind == JsonValueKind.Number ? size.GetInt64() : rows).ToArray();
        state[name] = new Stored("F32", shape, new byte[4 * shape.Aggregate(1L, (product, size) => product * size)]);
    }
    var names = inputs.Select(NameOf).ToArray();
    var feeds = names.Select(name => ToOrtValue(state[name])).ToArray();
    using var outputs = session.Run(options, names, feeds, outputNames);
    foreach (var feed in feeds) feed.Dispose();
    for (var index = 0; index < outputNames.Length; index++)
    {
        var name = outputNames[index];
        if (name.StartsWith("next/", StringComparison.Ordinal)) state[name["next/".Length..]] = FromOrtValue(outputs[index]);
        if (name == "loss")
            Console.WriteLine($"{{\"step\": {step}, \"loss\": {outputs[index].GetTensorDataAsSpan<float>()[0].ToString("R", CultureInfo.InvariantCulture)}}}");
    }
}

static string NameOf(JsonElement port) => port.GetProperty("name").GetString()!;

static OrtValue ToOrtValue(Stored stored) => stored.Type switch
{
    "F32" => OrtValue.CreateTensorValueFromMemory(MemoryMarshal.Cast<byte, float>(stored.Data).ToArray(), stored.Shape),
    "I32" => OrtValue.CreateTensorValueFromMemory(MemoryMarshal.Cast<byte, int>(stored.Data).ToArray(), stored.Shape),
    _ => OrtValue.CreateTensorValueFromMemory(MemoryMarshal.Cast<byte, long>(stored.Data).ToArray(), stored.Shape),
};

static Stored FromOrtValue(OrtValue value)
{
    var facts = value.GetTensorTypeAndShape();
    return facts.ElementDataType == TensorElementType.Int64
        ? new Stored("I64", facts.Shape, MemoryMarshal.AsBytes(value.GetTensorDataAsSpan<long>()).ToArray())
        : new Stored("F32", facts.Shape, MemoryMarshal.AsBytes(value.GetTensorDataAsSpan<float>()).ToArray());
}

static (Dictionary<string, Stored>, Dictionary<string, string>) ReadSafetensors(string file)
{
    var bytes = File.ReadAllBytes(file);
    var start = 8 + (int)BinaryPrimitives.ReadUInt64LittleEndian(bytes);
    var (tensors, metadata) = (new Dictionary<string, Stored>(), new Dictionary<string, string>());
    foreach (var entry in JsonDocument.Parse(bytes.AsMemory(8, start - 8)).RootElement.EnumerateObject())
    {
        if (entry.Name == "__metadata__")
            metadata = entry.Value.EnumerateObject().ToDictionary(pair => pair.Name, pair => pair.Value.GetString()!);
        if (entry.Name == "__metadata__") continue;
        var offsets = entry.Value.GetProperty("data_offsets").EnumerateArray().Select(each => each.GetInt32()).ToArray();
        var shape = entry.Value.GetProperty("shape").EnumerateArray().Select(size => size.GetInt64()).ToArray();
        tensors[entry.Name] = new Stored(entry.Value.GetProperty("dtype").GetString()!, shape, bytes[(start + offsets[0])..(start + offsets[1])]);
    }
    return (tensors, metadata);
}

internal sealed class Stored
{
    public Stored(string type, long[] shape, byte[] data) => (Type, Shape, Data) = (type, shape, data);
    public string Type { get; }
    public long[] Shape { get; }
    public byte[] Data { get; }
}
