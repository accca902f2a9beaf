import { existsSync, readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PotluckError } from '../errors.ts';
import { blocksOf } from './blocks.ts';
import { type ByteSource, memorySource } from './byte-source.ts';
import { external, floats, graph, graphAttribute, longs, model, node, value } from './model-builder.ts';
import { modelGraph } from './model-graph.ts';
import { readModel } from './onnx-model.ts';
import { makeShard } from './shard.ts';

const SHARED = new URL('../../../shared/models/', import.meta.url);
const shared = existsSync(SHARED);
const load = (path: string): Uint8Array<ArrayBuffer> => new Uint8Array(readFileSync(new URL(path, SHARED)));

const text = (content: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(content);
const x = value('x', 'float32', [1, 4]);
const y = value('y', 'float32', [1, 4]);
const relu = model({ nodes: [node('Relu', ['x'], ['y'])], inputs: [x], outputs: [y] });

async function refusal(bytes: Uint8Array<ArrayBuffer>): Promise<{ name: string; message: string }> {
  const error = await readModel(memorySource(bytes)).then(
    () => new Error('was read'),
    (reason: Error) => reason,
  );
  return { name: error.name, message: error.message };
}

describe('a file that is no ONNX model', () => {
  it.each([
    ['an HTML page', text('<!DOCTYPE html><html>')],
    ['a GGUF model', text('GGUF\x03\0\0\0')],
    ['a PyTorch checkpoint', text('PK\x03\x04\0\0\0\0archive/data.pkl')],
    ['a ZIP archive', text('PK\x03\x04\0\0\0\0other')],
    ['a safetensors file', Uint8Array.from([64, 0, 0, 0, 0, 0, 0, 0, ...text('{"a":{}}')])],
    ['a Python pickle', Uint8Array.of(0x80, 2, 99, 99)],
    ['a JSON file', text('{"model": 1}')],
    ['a Git LFS pointer', text('version https://git-lfs.github.com/spec/v1\noid sha256:1')],
    ['a text file', text('hello, this is a letter')],
  ])('is named: %s', async (kind, bytes) => {
    const { name, message } = await refusal(bytes);
    expect(name).toBe('ModelFormatError');
    expect(message).toContain(kind);
  });

  it('is refused when empty, or without a graph, nodes or an operator set', async () => {
    expect((await refusal(new Uint8Array(0))).message).toContain('empty');
    expect((await refusal(Uint8Array.of(8, 8))).message).toContain('no graph');
    expect((await refusal(model({ nodes: [], inputs: [], outputs: [] }))).message).toContain('empty');
    expect((await refusal(relu.subarray(0, relu.length - 6))).name).toBe('ModelFormatError');
  });
});

it('refuses each beginning of a model, wherever it is cut short', async () => {
  for (let length = 0; length < relu.length; length++) {
    expect((await refusal(relu.slice(0, length))).name).toBe('ModelFormatError');
  }
});

it('fails with one of our errors on any damaged byte', async () => {
  const damage = fc.array(fc.tuple(fc.nat(relu.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 });
  await fc.assert(
    fc.asyncProperty(damage, async (changes) => {
      const bytes = relu.slice();
      for (const [at, byte] of changes) bytes[at] = byte;
      try {
        blocksOf(modelGraph(await readModel(memorySource(bytes))));
      } catch (error) {
        expect(error).toBeInstanceOf(PotluckError);
      }
    }),
    { seed: 4, numRuns: 400 },
  );
});

describe('weights', () => {
  const big = Array.from({ length: 300 }, (_, index) => index);

  it('over 1 KB are ranges of the file, smaller ones stay inline', async () => {
    const nodes = [node('Add', ['x', 'big'], ['y'])];
    const bytes = model({
      nodes,
      inputs: [x],
      outputs: [y],
      weights: [floats('big', [300], big), longs('s', [1])],
    });
    const [first, second] = (await readModel(memorySource(bytes))).initializers;
    const { offset = 0, length = 0 } = first?.body ?? {};
    expect([...new Float32Array(bytes.slice(offset, offset + length).buffer)]).toEqual(big);
    expect(second?.body).toBeNull();
  });

  it('in other files keep their name and place, and small ones are taken in', async () => {
    const place = { location: './data/w.bin', offset: 16, length: 16 };
    const weights = [external('w', 'float32', [1, 4], place)];
    const bytes = model({ nodes: [node('Add', ['x', 'w'], ['y'])], inputs: [x], outputs: [y], weights });
    const [located] = (await readModel(memorySource(bytes))).initializers;
    expect(located?.body).toEqual({ file: 'data/w.bin', offset: 16, length: 16 });
    const data = memorySource(new Uint8Array(Float32Array.from([0, 0, 0, 0, 1, 2, 3, 4]).buffer));
    const [taken] = (await readModel(memorySource(bytes), { externalSource: () => data })).initializers;
    expect(taken?.body).toBeNull();
  });

  it('of an inner graph cannot be in other files: nodes are handed on as they are', async () => {
    const place = { location: 'w.bin', offset: 0, length: 16 };
    const body = graph({
      nodes: [node('Add', ['x', 'w'], ['o'])],
      inputs: [],
      outputs: [value('o', 'float32')],
      weights: [external('w', 'float32', [1, 4], place)],
    });
    const branch = node('If', ['c'], ['y'], [graphAttribute('then_branch', body)]);
    const bytes = model({ nodes: [branch], inputs: [x, value('c', 'bool', [])], outputs: [y] });
    const { name, message } = await refusal(bytes);
    expect(name).toBe('ModelFormatError');
    expect(message).toContain('inner graph');
  });

  it.each(['/etc/passwd', '../w.bin', 'a/../../w.bin', 'C:\\w.bin', '\\\\host\\w.bin', ''])(
    'cannot be in "%s"',
    async (location) => {
      const weights = [external('w', 'float32', [1, 4], { location, offset: 0, length: 16 })];
      const bytes = model({ nodes: [node('Add', ['x', 'w'], ['y'])], inputs: [x], outputs: [y], weights });
      expect((await refusal(bytes)).message).toContain('external data');
    },
  );
});

describe.skipIf(!shared)('the shared models (skipped where ../shared is missing)', () => {
  it('are read without their weights', async () => {
    const bytes = load('mobilenetv2-fp32.onnx');
    const source = memorySource(bytes);
    let read = 0;
    const counted: ByteSource = {
      size: source.size,
      read: (offset, length) => {
        read += length;
        return source.read(offset, length);
      },
    };
    const { initializers } = await readModel(counted);
    const located = initializers.reduce((sum, { body }) => sum + (body?.length ?? 0), 0);
    expect(located).toBeGreaterThan(13_000_000);
    // One window at a time: of the large weights, it reads into the beginning only.
    expect(read).toBeLessThan(bytes.length * 0.7);
  });

  const torture = shared ? readdirSync(new URL('torture/', SHARED)) : [];
  it.each(torture)('either give shards or say why not: %s', async (name) => {
    try {
      const graph = modelGraph(await readModel(memorySource(load(`torture/${name}`))));
      const blocks = blocksOf(graph);
      for (let block = 0; block < blocks.count; block++) {
        expect(makeShard(graph, blocks, block, block + 1).model.length).toBeGreaterThan(0);
      }
      expect(makeShard(graph, blocks, 0, blocks.count).sends).toEqual(graph.outputs);
      expect(blocks.uncuttable === null).toBe(blocks.count > 1);
    } catch (error) {
      expect(error).toBeInstanceOf(PotluckError);
    }
  });
});
