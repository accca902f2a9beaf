import { describe, expect, it } from 'vitest';
import { type ByteSource, memorySource } from './byte-source.ts';
import { takeSmallExternals } from './external-weights.ts';
import { recorded } from './sparse-source.ts';
import type { StoredTensor } from './stored-tensor.ts';

const bytes = Uint8Array.from({ length: 1_000_000 }, (_, index) => index % 251);

const at = (offset: number, length: number, file = 'w'): StoredTensor => ({
  name: `w${offset}`,
  code: 2,
  dims: [length],
  bytes: length,
  proto: new Uint8Array(0),
  body: { file, offset, length },
});

describe('small weights in another file', () => {
  it('are read together where they lie close, and each gets its own bytes', async () => {
    const source = recorded(memorySource(bytes));
    const weights = [at(900_000, 10), at(50_000, 8), at(100, 300), at(50_004, 8), at(500_000, 0)];
    const taken = await takeSmallExternals(weights, () => source);
    expect(source.reads).toEqual([
      { offset: 100, length: 49_912 },
      { offset: 900_000, length: 10 },
    ]);
    for (const [index, { proto, body }] of taken.entries()) {
      const { offset = 0, length = 0 } = weights[index]?.body ?? {};
      expect(body).toBeNull();
      expect(proto.subarray(proto.length - length)).toEqual(bytes.subarray(offset, offset + length));
    }
  });

  it('are read at most four at a time', async () => {
    let now = 0;
    let most = 0;
    const source: ByteSource = {
      size: 1e9,
      read: async (_, length) => {
        now += 1;
        most = Math.max(most, now);
        await new Promise((resolve) => setTimeout(resolve, 1));
        now -= 1;
        return new Uint8Array(length);
      },
    };
    const weights = Array.from({ length: 40 }, (_, index) => at(index * 1_000_000, 8));
    await takeSmallExternals(weights, () => source);
    expect(most).toBe(4);
  });

  it('stay where they are when they are large, or their file is not at hand', async () => {
    const weights = [at(0, 2000), at(0, 8, 'absent')];
    const source = memorySource(bytes);
    const taken = await takeSmallExternals(weights, (file) => (file === 'w' ? source : undefined));
    expect(taken).toEqual(weights);
  });

  it('are refused where their file ends before them, large ones too', async () => {
    const short = takeSmallExternals([at(999_000, 2000)], () => memorySource(bytes));
    await expect(short).rejects.toMatchObject({
      name: 'ModelFormatError',
      data: { expected: 'at least 1001000 bytes', actual: '1000000 bytes', file: 'w' },
    });
  });

  it('are refused in more files than anybody would open', async () => {
    const weights = Array.from({ length: 10_001 }, (_, index) => at(0, 8, `w${index}`));
    await expect(takeSmallExternals(weights)).rejects.toMatchObject({ name: 'ModelFormatError' });
  });
});
