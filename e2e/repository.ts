import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The repository's root folder. */
export const ROOT: string = fileURLToPath(new URL('../', import.meta.url));

/** Models and pictures that are not part of the repository; they lie beside it where they are at all. */
export const SHARED: string = fileURLToPath(new URL('../../shared/', import.meta.url));

/** True when the shared folder is there; otherwise says loudly what is left out. */
export function haveShared(leftOut: string): boolean {
  if (existsSync(SHARED)) return true;
  console.warn(`\n!! SKIPPED: ${leftOut}: there is no folder ../shared beside the repository.\n`);
  return false;
}
