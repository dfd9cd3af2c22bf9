/** The operating system's refusals (a full disk, a missing right) in words. */

const errorMessages: Readonly<Record<string, string>> = {
  EACCES: "permission denied",
  EPERM: "not permitted",
  EROFS: "the file system is read-only",
  ENOSPC: "no space is left on the device",
  EDQUOT: "the disk quota is used up",
  EFBIG: "the file would be larger than is allowed",
  EIO: "the device reports an error of input or output",
  ENOENT: "no such file or folder",
  ENOTDIR: "a part of the path is not a folder",
  EISDIR: "it is a folder",
  EEXIST: "it exists already",
  EMFILE: "too many files are open",
};

export function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && "syscall" in error && "code" in error;
}

/** What the system refused, and of which file where that is known. */
export function systemReason(error: NodeJS.ErrnoException): string {
  const reason = errorMessages[error.code ?? ""] ?? error.message;
  return error.path === undefined ? reason : `${error.path}: ${reason}`;
}
