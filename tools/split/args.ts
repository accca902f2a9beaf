import { parseArgs } from 'node:util';

/** What `npm run split` was asked to do. */
export interface SplitArgs {
  /** Files, and with `every-cut` folders too; at least one. */
  readonly files: readonly string[];
  /** Number of stages, or each usable two-way cut in turn. */
  readonly parts: number | 'every-cut';
  readonly out: string | null;
  readonly check: boolean;
  /** A folder of recorded `input_*.pb`, or null for random inputs. */
  readonly inputs: string | null;
  readonly dims: Readonly<Record<string, number>>;
  readonly json: string | null;
  /** Seconds that one file may take with `every-cut` and `check`. */
  readonly limit: number;
}

/** The slowest shared model has 60 cuts of 5 s each; four times that. */
const LIMIT_S = 1200;

export const USAGE: string = `npm run split -- FILE [--parts K] [--out DIR] [--check] [--inputs DIR] …
npm run split -- FILE|FOLDER... --every-cut [--check] [--limit SECONDS] …

  --parts K         cut into K stages (2)
  --every-cut       try each usable two-way cut of each file, or of each *.onnx in each folder
  --out DIR         write the stages and manifest.json there
  --check           run whole and chain, and compare
  --inputs DIR      check on DIR/input_0.pb, input_1.pb, … instead of random numbers
  --dim name=value  size of a symbolic dimension; may be given several times
  --limit SECONDS   time for one file (${LIMIT_S})
  --json OUT        write the report there

Exit: 0 equal, written, or with --every-cut --check also run whole and equal, or refused as ONNX Runtime
refuses it too; 1 different, failed, or refused without need; 2 a single file that cannot be cut, or wrong
arguments.`;

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
      limit: { type: 'string' },
    },
  });
  const everyCut = values['every-cut'];
  if (positionals.length === 0) throw new RangeError('a model file is needed');
  if (positionals.length > 1 && !everyCut) throw new RangeError('only --every-cut takes several files');
  if (everyCut && (values.parts !== undefined || values.out !== undefined)) {
    throw new RangeError('--every-cut goes with neither --parts nor --out');
  }
  return {
    files: positionals,
    parts: everyCut ? 'every-cut' : natural('--parts', values.parts ?? '2'),
    out: values.out ?? null,
    check: values.check,
    inputs: values.inputs ?? null,
    dims: Object.fromEntries(values.dim.map(dimension)),
    json: values.json ?? null,
    limit: natural('--limit', values.limit ?? String(LIMIT_S)),
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
