import { parseArgs } from 'node:util';
import type { DecoderStyle } from './decoder.ts';
import { PRESETS, type Preset } from './presets.ts';

/** What `npm run shapes` was asked to do. */
export interface ShapesArgs {
  readonly preset: Preset;
  readonly out: string;
  readonly seed: number;
  readonly oneFile: boolean;
  /** All sizes of the network, changed ones included. */
  readonly sizes: Readonly<Record<string, number>>;
  readonly style: Partial<DecoderStyle>;
}

const STYLES = {
  ops: ['plain', 'fused'],
  dtype: ['fp32', 'q4'],
  embedding: ['fp32', 'q4'],
} as const satisfies { [Name in keyof DecoderStyle]: readonly DecoderStyle[Name][] };

export const USAGE: string = `npm run shapes -- NAME --out DIR [--seed S] [--one-file] [--<size> N]...
                      [--dtype fp32|q4] [--ops plain|fused] [--embedding fp32|q4]

${Object.entries(PRESETS).map(describe).join('\n')}

  --seed S      other weights (1)
  --one-file    no external data; below 2 GiB only
  --dtype, --ops, --embedding: llama only

Exit: 0 written, 1 failed, 2 wrong arguments.`;

/** Reads the command line; throws TypeError or RangeError with a message for people. */
export function readArgs(argv: readonly string[]): ShapesArgs {
  const sizeNames = [...new Set(Object.values(PRESETS).flatMap(({ sizes }) => Object.keys(sizes)))];
  const text = (name: string): [string, { type: 'string' }] => [name, { type: 'string' }];
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: {
      ...Object.fromEntries([...sizeNames.map(flagOf), ...Object.keys(STYLES)].map(text)),
      out: { type: 'string' },
      seed: { type: 'string', default: '1' },
      'one-file': { type: 'boolean', default: false },
    },
  });
  const given: Readonly<Record<string, unknown>> = values;
  const [name = '', ...more] = positionals;
  const preset = Object.hasOwn(PRESETS, name) ? PRESETS[name] : undefined;
  if (!preset || more.length > 0) throw new RangeError(`one of ${Object.keys(PRESETS).join(', ')} is needed`);
  if (!values.out) throw new RangeError('--out DIR is needed');
  const changed = sizeNames.flatMap((size): [string, number][] => {
    const value = given[flagOf(size)];
    if (typeof value !== 'string') return [];
    if (!(size in preset.sizes)) throw new RangeError(`${name} has no --${flagOf(size)}`);
    return [[size, natural(`--${flagOf(size)}`, value, 1)]];
  });
  const style = Object.entries(STYLES).flatMap(([key, choices]): [string, string][] => {
    const value = given[key];
    if (typeof value !== 'string') return [];
    if (!preset.isDecoder) throw new RangeError(`${name} has no --${key}`);
    const found = choices.find((choice) => choice === value);
    if (!found) throw new RangeError(`--${key} is ${choices.join(' or ')}, not "${value}"`);
    return [[key, found]];
  });
  return {
    preset,
    out: values.out,
    seed: natural('--seed', values.seed, 0),
    oneFile: values['one-file'],
    sizes: { ...preset.sizes, ...Object.fromEntries(changed) },
    style: Object.fromEntries(style),
  };
}

function describe([name, { about, sizes }]: [string, Preset]): string {
  const settings = Object.entries(sizes).map(([size, number]) => `--${flagOf(size)} ${number}`);
  return `  ${name.padEnd(12)}${about}\n${' '.repeat(14)}${settings.join(' ')}`;
}

/** "kvHeads" is written "kv-heads". */
function flagOf(size: string): string {
  return size.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

function natural(option: string, text: string, least: number): number {
  if (/^\d{1,9}$/.test(text) && Number(text) >= least) return Number(text);
  throw new RangeError(`${option} takes a whole number of at least ${least}, not "${text}"`);
}
