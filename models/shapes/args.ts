import { parseArgs } from 'node:util';
import type { DecoderStyle } from './decoder.ts';
import { PRESETS, type Preset } from './presets.ts';

/** What `npm run shapes` was asked to do. */
export interface ShapesArgs {
  readonly name: string;
  readonly preset: Preset;
  readonly out: string;
  readonly seed: number;
  readonly oneFile: boolean;
  /** All sizes of the network, changed ones included. */
  readonly sizes: Readonly<Record<string, number>>;
  readonly style: Partial<DecoderStyle>;
}

export const USAGE: string = `npm run shapes -- NAME --out DIR [--seed S] [--one-file] [--<size> N]...

${Object.entries(PRESETS)
  .map(
    ([name, { about, sizes }]) =>
      `  ${name.padEnd(12)} ${about}\n${' '.repeat(15)}${Object.keys(sizes).map(flagOf).join(' ')}`,
  )
  .join('\n')}

Exit: 0 written, 1 failed, 2 wrong arguments.`;

/** Reads the command line; throws TypeError or RangeError with a message for people. */
export function readArgs(argv: readonly string[]): ShapesArgs {
  const flags = [...new Set(Object.values(PRESETS).flatMap(({ sizes }) => Object.keys(sizes)))];
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: {
      out: { type: 'string' },
      seed: { type: 'string', default: '1' },
      'one-file': { type: 'boolean', default: false },
      ...Object.fromEntries(flags.map((size) => [flagOf(size).slice(2), { type: 'string' } as const])),
    },
  });
  const [name = '', ...more] = positionals;
  const preset = Object.hasOwn(PRESETS, name) ? PRESETS[name] : undefined;
  if (!preset || more.length > 0) throw new RangeError(`one of ${Object.keys(PRESETS).join(', ')} is needed`);
  if (typeof values.out !== 'string' || values.out === '') throw new RangeError('--out DIR is needed');
  const changed = flags.flatMap((size): [string, number][] => {
    const text = (values as Record<string, unknown>)[flagOf(size).slice(2)];
    if (typeof text !== 'string') return [];
    if (!(size in preset.sizes)) throw new RangeError(`${name} has no ${flagOf(size)}`);
    return [[size, natural(flagOf(size), text, 1)]];
  });
  return {
    name,
    preset,
    out: values.out,
    seed: natural('--seed', String(values.seed), 0),
    oneFile: values['one-file'] === true,
    sizes: { ...preset.sizes, ...Object.fromEntries(changed) },
    style: {},
  };
}

/** "kvHeads" is written "--kv-heads". */
function flagOf(size: string): string {
  return `--${size.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

function natural(option: string, text: string, least: number): number {
  if (/^\d{1,9}$/.test(text) && Number(text) >= least) return Number(text);
  throw new RangeError(`${option} takes a whole number of at least ${least}, not "${text}"`);
}
