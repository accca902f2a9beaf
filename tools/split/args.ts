import { parseArgs } from 'node:util';

/** What `npm run split` was asked to do. */
export interface SplitArgs {
  readonly file: string;
  /** Number of stages, or each usable two-way cut in turn. */
  readonly parts: number | 'every-cut';
  readonly out: string | null;
  readonly check: boolean;
  /** A folder of recorded `input_*.pb`, or null for random inputs. */
  readonly inputs: string | null;
  readonly dims: Readonly<Record<string, number>>;
  readonly json: string | null;
}

export const USAGE = `npm run split -- FILE [--parts K | --every-cut] [--out DIR] [--check]
                     [--inputs DIR] [--dim name=value]... [--json OUT]

  --parts K         cut into K stages (2)
  --every-cut       try each usable two-way cut
  --out DIR         write the stages and manifest.json there
  --check           run whole and chain, and compare
  --inputs DIR      check on DIR/input_0.pb, input_1.pb, … instead of random numbers
  --dim name=value  size of a symbolic dimension
  --json OUT        write the report there

Exit: 0 equal or written, 1 different or failed, 2 cannot be cut, or wrong arguments.`;

/** Reads the command line; throws TypeError or RangeError with a message for people. */
export function readArgs(argv: readonly string[]): SplitArgs {
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: {
      parts: { type: 'string' },
      'every-cut': { type: 'boolean', default: false },
      out: { type: 'string' },
      check: { type: 'boolean', default: false },
      inputs: { type: 'string' },
      dim: { type: 'string', multiple: true, default: [] },
      json: { type: 'string' },
    },
  });
  const [file, ...more] = positionals;
  if (file === undefined || more.length > 0) throw new RangeError('one model file is needed');
  const everyCut = values['every-cut'];
  if (everyCut && (values.parts !== undefined || values.out !== undefined)) {
    throw new RangeError('--every-cut goes with neither --parts nor --out');
  }
  return {
    file,
    parts: everyCut ? 'every-cut' : natural('--parts', values.parts ?? '2'),
    out: values.out ?? null,
    check: values.check,
    inputs: values.inputs ?? null,
    dims: Object.fromEntries(values.dim.map(dimension)),
    json: values.json ?? null,
  };
}

function dimension(text: string): [name: string, size: number] {
  const at = text.lastIndexOf('=');
  if (at < 1) throw new RangeError(`--dim takes name=value, not "${text}"`);
  return [text.slice(0, at), natural('--dim', text.slice(at + 1), 0)];
}

function natural(option: string, text: string, least = 1): number {
  if (/^\d{1,9}$/.test(text) && Number(text) >= least) return Number(text);
  throw new RangeError(`${option} takes a whole number of at least ${least}, not "${text}"`);
}
