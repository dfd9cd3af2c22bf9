/** Libraries of the machine, called through koffi, which a platform may lack. */

export type Koffi = typeof import("koffi")["default"];
export type Library = ReturnType<Koffi["load"]>;

/** Undefined where the package is not installed, or has nothing for this platform. */
export async function loadKoffi(): Promise<Koffi | undefined> {
  try {
    return (await import("koffi")).default;
  } catch {
    return undefined;
  }
}

/** glibc's flags of dlopen: resolve now, show the symbols to all, never unload. */
const DLOPEN_FLAGS = 0x2 | 0x100 | 0x1000;

/**
 * Keeps a library loaded until the process is gone. A thread that ends takes what it loaded with it, while threads of the library's own
 * may still run its code.
 */
export function keepLibraryLoaded(koffi: Koffi, name: string): void {
  if (process.platform !== "linux") return;
  try {
    koffi.load(null).func("void *dlopen(const char *name, int flags)")(name, DLOPEN_FLAGS);
  } catch {
    // An older C library has it elsewhere; the library is then loaded as any other.
  }
}
