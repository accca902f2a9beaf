import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** Files as they are given, and of each folder every `*.onnx` below it, in alphabetical order. */
export async function modelPaths(given: readonly string[]): Promise<readonly string[]> {
  const found: string[] = [];
  for (const path of given) {
    // What is not there is reported where it is opened, as a row of the table.
    const folder = await stat(path)
      .then((info) => info.isDirectory())
      .catch(() => false);
    if (!folder) found.push(path);
    else {
      const below = await readdir(path, { recursive: true });
      found.push(
        ...below
          .filter((name) => name.endsWith('.onnx'))
          .sort()
          .map((name) => join(path, name)),
      );
    }
  }
  return found;
}
