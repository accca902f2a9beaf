import { parseArgs } from 'node:util';
import { checkFaults, type Fault, parseFault } from './faults/fault.ts';
import type { LinkShape } from './page/link-shape.ts';
import { UsageError, whole } from './usage-error.ts';

export interface LabOptions {
  readonly model: string;
  /** Browsers. */
  readonly devices: number;
  /** Peers without a page, beside them. */
  readonly edge: number;
  readonly allDevices: boolean;
  /** TensorProto file for the model's first input. */
  readonly input: string | undefined;
  readonly seed: number;
  readonly dims: Readonly<Record<string, number>>;
  readonly requests: number;
  readonly inFlight: number;
  readonly provider: 'auto' | 'wasm' | 'webgpu';
  /** Megabytes (1e6 bytes) that each device offers, the last number for all that follow; what they have if empty. */
  readonly memory: readonly number[];
  /** Whether the leader picks the file, or names its address on a server that answers ranges. */
  readonly from: 'file' | 'url';
  /** Percent of one core that each browser may use, the last number for all that follow; no limit if empty. */
  readonly cpu: readonly number[];
  /** What each device's links are like for what it sends, the last for all that follow; as they are if empty. */
  readonly link: readonly LinkShape[];
  readonly json: string | undefined;
  /** Where to write what all devices did, in Chrome's Trace Event Format. */
  readonly trace: string | undefined;
  /** `generate`: the model writes, and its tokens are compared. */
  readonly task: 'run' | 'generate';
  readonly generate: GenerateOptions;
  /** What goes wrong in the measured phase; none if empty. */
  readonly faults: readonly Fault[];
}

/** What is written with `--task generate`. */
export interface GenerateOptions {
  readonly prompts: readonly string[];
  readonly maxNewTokens: number;
  /** 0: the likeliest always. */
  readonly temperature: number;
  readonly sampleSeed: number;
  /** Texts at once, the prompts in turn, asked from one device after the other. */
  readonly conversations: number;
}

export const USAGE = `npm run lab -- --model FILE [options]

Opens a room with several headless browsers, one process each, runs the model split over them and
compares the result with the whole model in one tab. Ends with 0 only when both agree.

  --model FILE        the ONNX model
  --devices N         how many browsers take part (default 3)
  --edge E            as many peers without a page join (default 0); needs the packages of "npm run peer"
  --all-devices       every device must hold a stage
  --input FILE.pb     the model's input as a TensorProto (default: seeded random numbers)
  --seed S            seed of the random numbers (default 0)
  --dim name=value    size of a symbolic dimension; may be repeated
  --requests R        measured runs (default 10)
  --in-flight K       requests at once in the throughput measurement (default 4)
  --provider auto|wasm|webgpu   where the arithmetic runs (default auto)
  --memory MB[,MB...] what each device offers; the last number is for all that follow (default: what it has)
  --from file|url     pick the model as a file, or fetch it from a server by ranges (default file)
  --cpu PERCENT[,...] of one core that each browser may use with all its processes, by cgroup; the last number
                      is for all that follow (default: no limit)
  --link DELAYms/MBIT[,...]  one-way delay and Mbit/s of all links for what each device sends; the last is for
                      all that follow (default: as they are)
  --task run|generate what to compare: outputs for one input, or the tokens of texts (default run)
  --prompt TEXT       what to write on after; may be repeated (default "Once upon a time")
  --max-new-tokens T  at most so many are written (default 64)
  --greedy            the likeliest token always (the default)
  --temperature X     choose at random instead, the more freely the larger
  --sample-seed S     seed of that choice (default 0)
  --conversations C   texts at once (default: one for each prompt)
  --fault FAULT       what goes wrong, once that many items (or tokens) have been answered; may be repeated:
                        kill:I@T          device I's browser is killed
                        freeze:I@T:S      it stops for S seconds, and goes on
                        partition:I@T:S   its page reaches nobody for S seconds, nor is it reached
                        corrupt:I@T       its stages give slightly wrong values from then on
                        server-restart@T  the signaling server ends and starts again
                      I is a device's number (0 opened the room, peers without a page come after all browsers),
                      or "leader". All is asked from the last browser that nothing happens to. Ends with 0 only when nothing was lost, doubled or wrong
  --json OUT          also write everything measured to this file
  --trace OUT         also write what each device did and when, on one clock, for Perfetto or speedscope
`;

/** A room holds 32 devices at most. */
const MOST_DEVICES = 32;
const MOST_CORES = 1024;

/**
 * Reads the command line of the lab.
 * @throws UsageError
 */
export function parseLabOptions(args: readonly string[]): LabOptions {
  const { values } = parsed(args);
  if (values.model === undefined) throw new UsageError('--model FILE is missing.');
  const provider = values.provider ?? 'auto';
  if (provider !== 'auto' && provider !== 'wasm' && provider !== 'webgpu') {
    throw new UsageError(`--provider must be auto, wasm or webgpu, not "${provider}".`);
  }
  const task = values.task ?? 'run';
  if (task !== 'run' && task !== 'generate') {
    throw new UsageError(`--task must be run or generate, not "${task}".`);
  }
  const from = values.from ?? 'file';
  if (from !== 'file' && from !== 'url') throw new UsageError(`--from must be file or url, not "${from}".`);
  const options: LabOptions = {
    model: values.model,
    devices: whole('--devices', values.devices ?? '3', 1, MOST_DEVICES),
    edge: whole('--edge', values.edge ?? '0', 0, MOST_DEVICES - 1),
    allDevices: values['all-devices'] ?? false,
    input: values.input,
    seed: whole('--seed', values.seed ?? '0', 0, 0xffffffff),
    dims: Object.fromEntries((values.dim ?? []).map(dimension)),
    requests: whole('--requests', values.requests ?? '10', 1, 10_000),
    inFlight: whole('--in-flight', values['in-flight'] ?? '4', 1, 64),
    provider,
    memory: (values.memory?.split(',') ?? []).map((text) => whole('--memory', text, 1, 1_000_000)),
    from,
    cpu: (values.cpu?.split(',') ?? []).map((text) => whole('--cpu', text, 1, 100 * MOST_CORES)),
    link: (values.link?.split(',') ?? []).map(linkShape),
    json: values.json,
    trace: values.trace,
    task,
    generate: generateOptions(values),
    faults: (values.fault ?? []).map(parseFault),
  };
  const { devices, edge } = options;
  checkFaults(options.faults, { devices, edge, answers: answersOf(options) });
  return options;
}

/** Items or tokens that are answered at most. */
function answersOf({ task, requests, generate }: LabOptions): number {
  return task === 'run' ? requests : generate.maxNewTokens * generate.conversations;
}

function generateOptions(values: ReturnType<typeof parsed>['values']): GenerateOptions {
  const prompts = values.prompt ?? ['Once upon a time'];
  const { temperature = '0' } = values;
  if (!/^\d+(\.\d+)?$/.test(temperature)) {
    throw new UsageError(`--temperature must be a number of 0 or more, not "${temperature}".`);
  }
  if (values.greedy && Number(temperature) > 0) {
    throw new UsageError('--greedy and --temperature exclude each other.');
  }
  return {
    prompts,
    maxNewTokens: whole('--max-new-tokens', values['max-new-tokens'] ?? '64', 1, 100_000),
    temperature: Number(temperature),
    sampleSeed: whole('--sample-seed', values['sample-seed'] ?? '0', 0, 0xffffffff),
    conversations: whole('--conversations', values.conversations ?? String(prompts.length), 1, 64),
  };
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        model: { type: 'string' },
        devices: { type: 'string' },
        edge: { type: 'string' },
        'all-devices': { type: 'boolean' },
        input: { type: 'string' },
        seed: { type: 'string' },
        dim: { type: 'string', multiple: true },
        requests: { type: 'string' },
        'in-flight': { type: 'string' },
        provider: { type: 'string' },
        memory: { type: 'string' },
        from: { type: 'string' },
        cpu: { type: 'string' },
        link: { type: 'string' },
        json: { type: 'string' },
        trace: { type: 'string' },
        task: { type: 'string' },
        prompt: { type: 'string', multiple: true },
        'max-new-tokens': { type: 'string' },
        greedy: { type: 'boolean' },
        temperature: { type: 'string' },
        'sample-seed': { type: 'string' },
        conversations: { type: 'string' },
        fault: { type: 'string', multiple: true },
      },
    });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function dimension(text: string): [string, number] {
  const [, name, size] = /^(.+)=(\d+)$/.exec(text) ?? [];
  if (name === undefined || size === undefined) {
    throw new UsageError(`--dim must look like name=value, not "${text}".`);
  }
  return [name, whole('--dim', size, 1, 0x7fffffff)];
}

function linkShape(text: string): LinkShape {
  const [, delay, rate] = /^(\d+(?:\.\d+)?)ms\/(\d+(?:\.\d+)?)$/.exec(text) ?? [];
  const shape = { delayMs: Number(delay), mbitPerSec: Number(rate) };
  if (shape.mbitPerSec > 0) return shape;
  throw new UsageError(`--link must look like 20ms/40 (delay and Mbit/s), not "${text}".`);
}
