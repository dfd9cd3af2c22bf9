/**
 * The lines of a program that read `rows`, the samples of a .wav file of PCM: the first argument, by default a second of
 * silence; in a page the file of a field.
 */

type Language = "python" | "node" | "browser" | "csharp";

export interface SoundCode {
  /** Modules of the standard library. */
  readonly imports: readonly string[];
  readonly lines: readonly string[];
}

export function soundCode(sampleRate: number, language: Language): SoundCode {
  switch (language) {
    case "python":
      return { imports: ["import sys", "import wave"], lines: pythonLines(sampleRate) };
    case "node":
      return {
        imports: [],
        lines: [
          ...javascriptLines(sampleRate),
          "const [, , sound] = process.argv;",
          `const rows = sound === undefined ? Array(${sampleRate}).fill([0]) : readWav(readFileSync(sound));`,
        ],
      };
    case "browser":
      return {
        imports: [],
        lines: [
          ...javascriptLines(sampleRate),
          'const input = document.body.appendChild(document.createElement("input"));',
          'input.type = "file";',
          'const sound = await new Promise((resolve) => input.addEventListener("change", () => resolve(input.files[0])));',
          "const rows = readWav(new Uint8Array(await sound.arrayBuffer()));",
        ],
      };
    case "csharp":
      return { imports: [], lines: csharpLines(sampleRate) };
  }
}

function pythonLines(rate: number): readonly string[] {
  return [
    "",
    "",
    "def read_wav(path):",
    "    with wave.open(path) as file:",
    "        width, channels, rate = file.getsampwidth(), file.getnchannels(), file.getframerate()",
    "        data = np.frombuffer(file.readframes(file.getnframes()), np.uint8).reshape(-1, width)",
    `    if rate != ${rate}:`,
    `        raise ValueError(f"{path} has {rate} samples per second, not ${rate}.")`,
    "    # Samples become the upper bytes of 32 bits; those of one byte have no sign.",
    "    words = np.zeros((len(data), 4), np.uint8)",
    "    words[:, 4 - width :] = data ^ 128 if width == 1 else data",
    '    return (words.view("<i4") / 2**31).reshape(-1, channels).mean(axis=1, keepdims=True)',
    "",
    "",
    `rows = read_wav(sys.argv[1]) if len(sys.argv) > 1 else np.zeros((${rate}, 1))`,
  ];
}

function javascriptLines(rate: number): readonly string[] {
  return [
    "",
    "function readWav(bytes) {",
    "  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);",
    "  const sampleOf = [",
    "    (at) => (view.getUint8(at) - 128) / 2 ** 7,",
    "    (at) => view.getInt16(at, true) / 2 ** 15,",
    "    (at) => (view.getInt8(at + 2) * 2 ** 16 + view.getUint16(at, true)) / 2 ** 23,",
    "    (at) => view.getInt32(at, true) / 2 ** 31,",
    "  ];",
    "  let [width, channels] = [0, 0];",
    "  for (let at = 12; at + 8 <= bytes.length; ) {",
    "    const [name, size] = [String.fromCharCode(...bytes.subarray(at, at + 4)), view.getUint32(at + 4, true)];",
    '    if (name === "fmt ") {',
    "      const tag = view.getUint16(at + 8, true);",
    '      if ((tag === 0xfffe ? view.getUint16(at + 32, true) : tag) !== 1) throw new Error("The file is no PCM.");',
    "      const rate = view.getUint32(at + 12, true);",
    `      if (rate !== ${rate}) throw new Error(\`The file has \${rate} samples per second, not ${rate}.\`);`,
    "      channels = view.getUint16(at + 10, true);",
    "      width = view.getUint16(at + 20, true) / channels;",
    "    }",
    '    if (name === "data") {',
    "      const frames = Math.floor(Math.min(size, bytes.length - at - 8) / (width * channels));",
    "      return Array.from({ length: frames }, (_, frame) => {",
    "        let sum = 0;",
    "        for (let channel = 0; channel < channels; channel++)",
    "          sum += sampleOf[width - 1](at + 8 + (frame * channels + channel) * width);",
    "        return [sum / channels];",
    "      });",
    "    }",
    "    at += 8 + size + (size % 2);",
    "  }",
    '  throw new Error("The file is no .wav file.");',
    "}",
    "",
  ];
}

function csharpLines(rate: number): readonly string[] {
  return [
    "",
    "static float[][] ReadWav(byte[] bytes)",
    "{",
    "    var (width, channels) = (0, 0);",
    "    for (var at = 12; at + 8 <= bytes.Length; )",
    "    {",
    "        var name = System.Text.Encoding.ASCII.GetString(bytes, at, 4);",
    "        var size = BitConverter.ToUInt32(bytes, at + 4);",
    '        if (name == "fmt ")',
    "        {",
    "            var tag = BitConverter.ToUInt16(bytes, at + 8);",
    "            if ((tag == 0xfffe ? BitConverter.ToUInt16(bytes, at + 32) : tag) != 1)",
    '                throw new ArgumentException("The file is no PCM.");',
    `            if (BitConverter.ToInt32(bytes, at + 12) != ${rate})`,
    `                throw new ArgumentException("The file does not have ${rate} samples per second.");`,
    "            channels = BitConverter.ToUInt16(bytes, at + 10);",
    "            width = BitConverter.ToUInt16(bytes, at + 20) / channels;",
    "        }",
    '        if (name == "data")',
    "        {",
    "            double Sample(int start)",
    "            {",
    "                if (width == 1) return (bytes[start] - 128) / 128.0;",
    "                // The upper bytes of 32 bits.",
    "                long word = 0;",
    "                for (var index = 0; index < width; index++) word |= (long)bytes[start + index] << (8 * (4 - width + index));",
    "                return (int)word / 2147483648.0;",
    "            }",
    "            var frames = (int)(Math.Min(size, bytes.Length - at - 8) / (width * channels));",
    "            var start = at + 8;",
    "            return Enumerable.Range(0, frames).Select(frame => new[] { (float)Enumerable.Range(0, channels)",
    "                .Average(channel => Sample(start + (frame * channels + channel) * width)) }).ToArray();",
    "        }",
    "        at += 8 + (int)size + (int)(size % 2);",
    "    }",
    '    throw new ArgumentException("The file is no .wav file.");',
    "}",
    "",
    "var rows = args.Length > 0",
    "    ? ReadWav(File.ReadAllBytes(args[0]))",
    `    : Enumerable.Repeat(new float[1], ${rate}).ToArray();`,
  ];
}
