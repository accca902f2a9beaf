import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ROOT, SHARED } from '../e2e/repository.ts';

export interface BenchOptions {
  readonly models: readonly string[];
  /** How many tabs a room has, one measurement each. */
  readonly tabs: readonly number[];
  readonly rounds: number;
  /** How often a model of 1 GB is loaded; 0 leaves that out. */
  readonly loads: number;
  readonly json: string | undefined;
}

/** Small and large crossings, plain chain and branches (facts.md F). */
const MODELS = ['squeezenet1.0.onnx', 'mobilenetv2-fp32.onnx', 'yolox_nano.onnx'];

/** Each takes a minute or two. */
const LOADS = 3;

/** Below this the tenth and the ninetieth percentile are single rounds. */
const ROUNDS = 30;

/**
 * Reads the command line: `[--model FILE]… [--tabs N]… [--rounds N] [--loads N] [--json OUT]`; `--rounds 0` leaves the hops out.
 * @throws TypeError or RangeError that names the option.
 */
export function parseBenchOptions(args: readonly string[]): BenchOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      model: { type: 'string', multiple: true },
      tabs: { type: 'string', multiple: true },
      rounds: { type: 'string', default: String(ROUNDS) },
      loads: { type: 'string', default: String(LOADS) },
      json: { type: 'string' },
    },
  });
  return {
    models: values.model ?? defaultModels(),
    tabs: (values.tabs ?? ['1', '2', '3']).map((text) => whole('--tabs', text)),
    rounds: whole('--rounds', values.rounds, 0),
    loads: whole('--loads', values.loads, 0),
    json: values.json,
  };
}

function defaultModels(): string[] {
  if (existsSync(SHARED)) return MODELS.map((name) => join(SHARED, 'models', name));
  console.warn(
    '!! There is no folder ../shared beside the repository: only the bundled digits are measured.',
  );
  return [join(ROOT, 'public/models/digits.onnx')];
}

function whole(option: string, text: string, least = 1): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < least)
    throw new RangeError(`${option} must be a whole number, not "${text}".`);
  return value;
}
