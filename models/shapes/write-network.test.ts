import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { GraphDraft } from './draft.ts';
import { normal } from './fills.ts';
import { writeNetwork } from './write-network.ts';

/** One weight that takes two pieces and a bit, and one that stays inside. */
function draft(): GraphDraft {
  const made = new GraphDraft();
  const large = made.weight('large', [1_500_000], normal(2));
  const small = made.weight('small', [3], normal(1));
  made.node('Add', '/Add', [large, made.input('x', 'float32', [1])]);
  made.node('Add', '/Add_1', ['x', small], { outputs: [made.output('y', 'float32', [3])] });
  return made;
}

async function written(seed: number, oneFile = false): Promise<{ hashes: string[]; data: Buffer }> {
  const folder = await mkdtemp(join(tmpdir(), 'potluck-shapes-'));
  try {
    const files = await writeNetwork(folder, draft(), { seed, oneFile });
    const last = await readFile(join(folder, files.at(-1)?.name ?? ''));
    expect(files.at(-1)?.bytes).toBe(last.length);
    return { hashes: files.map(({ sha256 }) => sha256), data: last };
  } finally {
    await rm(folder, { recursive: true });
  }
}

it('writes the same bytes for the same seed, others for another', async () => {
  const [first, again, other] = [await written(1), await written(1), await written(2)];
  expect(again.hashes).toEqual(first.hashes);
  expect(other.hashes[1]).not.toBe(first.hashes[1]);
});

it('puts the same values into one file as beside it', async () => {
  const [two, one] = [await written(1), await written(1, true)];
  expect(one.hashes).toHaveLength(1);
  expect(one.data.includes(two.data)).toBe(true);
});

it('weights are normal, and no two pieces of them are alike', async () => {
  const { data } = await written(1);
  const values = new Float32Array(new Uint8Array(data).buffer);
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const deviation = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
  expect(mean).toBeCloseTo(0, 1);
  expect(deviation).toBeCloseTo(2, 1);
  const within = values.filter((value) => Math.abs(value) < 2).length / values.length;
  expect(within).toBeCloseTo(0.6827, 2);
  const piece = 1024 * 1024;
  expect(values.slice(piece, piece + 1000)).not.toEqual(values.slice(0, 1000));
});
