/** Native libraries, called through koffi, which is not available on every platform. */

export type Koffi = typeof import("koffi")["default"];
export type Library = ReturnType<Koffi["load"]>;

/** Undefined where the package is not installed, or has no binary for this platform. */
export async function loadKoffi(): Promise<Koffi | undefined> {
  try {
    return (await import("koffi")).default;
  } catch {
    return undefined;
  }
}

/** Flags of glibc's dlopen: RTLD_NOW, RTLD_GLOBAL and RTLD_NODELETE. */
const DLOPEN_FLAGS = 0x2 | 0x100 | 0x1000;

/**
 * Keeps a library loaded until the process ends. A thread that ends unloads its libraries, while a library's own
 * threads may still run its code.
 */
export function keepLibraryLoaded(koffi: Koffi, name: string): void {
  if (process.platform !== "linux") return;
  try {
    koffi.load(null).func("void *dlopen(const char *name, int flags)")(name, DLOPEN_FLAGS);
  } catch {
    // An older glibc has dlopen in another library; the library is then loaded without these flags.
  }
}
