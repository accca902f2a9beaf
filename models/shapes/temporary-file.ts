import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ModelFile, openModelFile } from '../../tools/split/model-file.ts';
import type { Network } from './draft.ts';
import { writeNetwork } from './write-network.ts';

/** Writes a network to a folder that is gone after the test, and gives it as a file. */
export async function withFile<T>(
  network: Network,
  oneFile: boolean,
  use: (file: ModelFile) => Promise<T>,
): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'potluck-shapes-'));
  try {
    await writeNetwork(folder, network, { seed: 1, oneFile });
    return await use(await openModelFile(join(folder, 'model.onnx')));
  } finally {
    await rm(folder, { recursive: true });
  }
}
