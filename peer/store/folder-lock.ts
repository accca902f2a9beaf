import { open, readFile, rm } from 'node:fs/promises';

/**
 * Takes a folder for this process, by a file with its number; false when a living process has it. What a process left
 * that died is taken over.
 */
export async function takeFolder(lock: string): Promise<boolean> {
  for (const last of [false, true]) {
    try {
      const file = await open(lock, 'wx');
      await file.writeFile(String(process.pid));
      await file.close();
      return true;
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST') || last) {
        if (last) return false;
        throw error;
      }
      const owner = Number(await readFile(lock, 'utf8').catch(() => ''));
      if (owner !== process.pid && isAlive(owner)) return false;
      await rm(lock, { force: true });
    }
  }
  return false;
}

function isAlive(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // It is there, and somebody else's.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
