import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type ByteSource, memorySource } from './byte-source.ts';
import { floats, node, tensorAttribute, value } from './model-builder.ts';
import { readModel } from './onnx-model.ts';
import { bytesField, concat, textField, varintField } from './protobuf-writer.ts';
import { nested, type Part, recorded, sparseSource, zeros } from './sparse-source.ts';

const x = bytesField(11, value('x', 'float32', [4]));
const y = bytesField(12, value('y', 'float32', [4]));
const opset = bytesField(8, textField(1, ''), varintField(2, 17));
const relu = bytesField(1, node('Relu', ['x'], ['y']));

const file = (graph: readonly Part[]): ByteSource =>
  sparseSource([varintField(1, 8), ...nested(7, graph), opset]);

interface Reads {
  readonly count: number;
  readonly bytes: number;
  /** Bytes that were read more than once. */
  readonly again: number;
}

async function readsOf(source: ByteSource): Promise<Reads> {
  const watched = recorded(source);
  await readModel(watched);
  const sorted = watched.reads.toSorted((a, b) => a.offset - b.offset);
  let end = 0;
  let again = 0;
  for (const { offset, length } of sorted) {
    again += Math.max(0, Math.min(end, offset + length) - offset);
    end = Math.max(end, offset + length);
  }
  return { count: sorted.length, bytes: sorted.reduce((sum, { length }) => sum + length, 0), again };
}

describe('reading a model by ranges', () => {
  it('skips 300 weights of 4 MB: under 0.3 % of the file, about one read for each', async () => {
    const weights = Array.from({ length: 300 }, (_, index) => nested(5, zeros(`w${index}`, 2 ** 20)));
    const source = file([relu, ...weights.flat(), x, y]);
    const { count, bytes, again } = await readsOf(source);
    expect(source.size).toBeGreaterThan(1.2e9);
    expect(bytes).toBeLessThan(source.size * 0.003);
    expect(count).toBeLessThan(310);
    expect(again).toBe(0);
  });

  it('takes few reads for a long list of nodes', async () => {
    const nodes = Array.from({ length: 40_000 }, (_, index) =>
      bytesField(1, node('Relu', [`x${index}`], [`x${index + 1}`.padEnd(200, 'x')])),
    );
    const { count, bytes, again } = await readsOf(file([concat(nodes), x, y]));
    expect(bytes).toBeGreaterThan(16e6);
    expect(count).toBeLessThan(40);
    expect(again).toBe(0);
  });

  it('reads on across small weights, not once for each', async () => {
    const weights = Array.from({ length: 400 }, (_, index) => nested(5, zeros(`w${index}`, 2000)));
    const { count, again } = await readsOf(file([relu, ...weights.flat(), x, y]));
    expect(count).toBeLessThan(20);
    expect(again).toBe(0);
  });

  it('does not read weights that the exporter wrote as Constant nodes', async () => {
    const constants = Array.from({ length: 50 }, (_, index) => {
      const attribute = [textField(1, 'value'), ...nested(5, zeros('', 2 ** 20)), varintField(20, 4)];
      return nested(1, [textField(2, `w${index}`), textField(4, 'Constant'), ...nested(5, attribute)]);
    });
    const source = file([...constants.flat(), relu, x, y]);
    const { bytes, again } = await readsOf(source);
    expect(bytes).toBeLessThan(source.size * 0.003);
    expect(again).toBe(0);
    const { initializers, nodes } = await readModel(source);
    expect(nodes.map(({ opType }) => opType)).toEqual(['Relu']);
    expect(initializers.map(({ name, bytes: size }) => [name, size]).at(-1)).toEqual(['w49', 4 * 2 ** 20]);
    const body = initializers[1]?.body;
    expect(body?.length).toBe(4 * 2 ** 20);
    expect((body?.offset ?? 0) - (initializers[0]?.body?.offset ?? 0)).toBeGreaterThan(4 * 2 ** 20);
  });

  it('reads the same of the same file, so that reads can be kept by offset', async () => {
    const weights = Array.from({ length: 9 }, (_, index) => nested(5, zeros(`w${index}`, 50_000 * index)));
    const source = file([relu, ...weights.flat(), x, y]);
    const [first, second] = [recorded(source), recorded(source)];
    await Promise.all([readModel(first), readModel(second)]);
    expect(first.reads.length).toBeGreaterThan(3);
    expect(second.reads).toEqual(first.reads);
  });

  it('reads the values of a small Constant node with it', async () => {
    const constant = node('Constant', [], ['c'], [tensorAttribute('value', floats('', [2], [1, 2]))]);
    const { nodes } = await readModel(file([bytesField(1, constant), relu, x, y]));
    expect(nodes.map(({ opType }) => opType)).toEqual(['Constant', 'Relu']);
  });
});

const SHARED = new URL('../../../shared/models/', import.meta.url);

describe.skipIf(!existsSync(SHARED))('the shared models (skipped where ../shared is missing)', () => {
  const names = existsSync(SHARED) ? readdirSync(SHARED).filter((name) => name.endsWith('.onnx')) : [];
  it.each(names)('%s: no byte is read twice', async (name) => {
    const bytes = new Uint8Array(readFileSync(new URL(name, SHARED)));
    const { count, again } = await readsOf(memorySource(bytes));
    expect(again).toBe(0);
    expect(count).toBeLessThan(10 + bytes.length / 32_768);
  });
});
