import { expect, it } from 'vitest';
import { readArgs } from './args.ts';

it('reads a full command line', () => {
  const line = 'llama-135m --out d --seed 7 --layers 2 --kv-heads 1 --dtype q4 --one-file';
  expect(readArgs(line.split(' '))).toMatchObject({
    out: 'd',
    seed: 7,
    oneFile: true,
    sizes: { layers: 2, hidden: 576, kvHeads: 1, vocab: 49_152 },
    style: { dtype: 'q4' },
  });
});

it.each([
  ['', 'one of resnet-50'],
  ['toString --out d', 'one of resnet-50'],
  ['vit-b vit-l --out d', 'one of resnet-50'],
  ['vit-b', '--out'],
  ['vit-b --out d --layers 0', '--layers'],
  ['vit-b --out d --layers 1.5', '--layers'],
  ['vit-b --out d --vocab 9', 'vit-b has no --vocab'],
  ['vit-b --out d --dtype q4', 'vit-b has no --dtype'],
  ['llama-1gb --out d --dtype q2', 'fp32 or q4'],
  ['llama-1gb --out d --unknown', 'unknown'],
])('refuses "%s"', (line, reason) => {
  expect(() => readArgs(line.split(' ').filter(Boolean))).toThrow(reason);
});

it.each([
  ['llama-1gb --hidden 100', '16 heads'],
  ['llama-1gb --kv-heads 3', '3 heads of keys'],
  ['llama-1gb --dtype q4 --ops plain', '--ops fused'],
  ['llama-1gb --embedding q4', '--ops fused'],
  ['llama-1gb --dtype q4 --mlp 100', 'blocks of 32'],
  ['vit-b --heads 7', '7 heads'],
  ['resnet-50 --layers 51', '14, 26, 50'],
])('"%s" is no network', (line, reason) => {
  const { preset, sizes, style } = readArgs([...line.split(' '), '--out', 'd']);
  expect(() => preset.draft(sizes, style)).toThrow(reason);
});
