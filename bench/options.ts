import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ROOT, SHARED } from '../e2e/repository.ts';

/** In the order in which they run. */
const SECTION_NAMES = [
  'splitting',
  'loading',
  'predict',
  'left-out',
  'follow',
  'replicas',
  'conversations',
  'token-cost',
  'kept-memory',
  'server',
  'capacity',
  'audit',
] as const;

export type SectionName = (typeof SECTION_NAMES)[number];

export interface BenchOptions {
  /** Those asked for; all when none is. */
  readonly sections: readonly SectionName[];
  /** Each section has models of its own when none is named. */
  readonly models: readonly string[] | undefined;
  /** How many tabs a room has, one measurement each. */
  readonly tabs: readonly number[];
  readonly rounds: number;
  /** How often a model of 1 GB is loaded; 0 leaves that out. */
  readonly loads: number;
  /** How many signaling servers share the rooms, over a Redis; 1: one alone, without. */
  readonly processes: number;
  readonly json: string | undefined;
}

/** Small and large crossings, plain chain and branches (facts.md F). */
const MODELS = ['squeezenet1.0.onnx', 'mobilenetv2-fp32.onnx', 'yolox_nano.onnx'];

/** Each takes a minute or two. */
const LOADS = 3;

/** Below this the tenth and the ninetieth percentile are single rounds. */
const ROUNDS = 30;

/**
 * Reads the command line: any of the sections' names as `--splitting`, which leaves out those that are not named, and
 * `[--model FILE]… [--tabs N]… [--rounds N] [--loads N] [--processes N] [--json OUT]`; `--rounds 0` and `--loads 0` leave out the
 * splitting and the loading.
 * @throws TypeError or RangeError that names the option.
 */
export function parseBenchOptions(args: readonly string[]): BenchOptions {
  const flag = { type: 'boolean', default: false } as const;
  const { values } = parseArgs({
    args: [...args],
    options: {
      splitting: flag,
      loading: flag,
      predict: flag,
      'left-out': flag,
      follow: flag,
      replicas: flag,
      conversations: flag,
      'token-cost': flag,
      'kept-memory': flag,
      server: flag,
      capacity: flag,
      audit: flag,
      model: { type: 'string', multiple: true },
      tabs: { type: 'string', multiple: true },
      rounds: { type: 'string', default: String(ROUNDS) },
      loads: { type: 'string', default: String(LOADS) },
      processes: { type: 'string', default: '1' },
      json: { type: 'string' },
    },
  });
  const named = SECTION_NAMES.filter((name) => values[name]);
  const rounds = whole('--rounds', values.rounds, 0);
  const loads = whole('--loads', values.loads, 0);
  const empty = { splitting: rounds === 0, loading: loads === 0 };
  return {
    sections: (named.length > 0 ? named : SECTION_NAMES).filter(
      (name) => !(name in empty && empty[name as keyof typeof empty]),
    ),
    models: values.model,
    tabs: (values.tabs ?? ['1', '2', '3']).map((text) => whole('--tabs', text)),
    rounds,
    loads,
    processes: whole('--processes', values.processes),
    json: values.json,
  };
}

/** The models named, or the three that the splitting is measured with. */
export function modelsOrDefault({ models }: BenchOptions): readonly string[] {
  if (models) return models;
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
