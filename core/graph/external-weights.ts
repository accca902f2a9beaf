import { ModelFormatError } from '../errors.ts';
import type { ByteRange, ByteSource } from './byte-source.ts';
import { INLINE_BYTES, inlineTensor, type StoredTensor } from './stored-tensor.ts';

/** Opens the external data file of a name; undefined where it is not at hand yet. */
export type ExternalSource = (file: string) => ByteSource | undefined;

/** A request costs about as long as these bytes: small weights that lie closer together are read as one. */
const NEAR_BYTES = 64 * 1024;
/** Servers and browsers serve about six requests at a time; the page needs some for itself. */
const READS_AT_ONCE = 4;
/** Of one read: neighbours without end stay a bounded buffer. */
const MOST_BYTES = 1024 * 1024;

/** Some exporters write a file for each weight; each is opened, so their number must end somewhere. */
const MAX_FILES = 10_000;

/**
 * Takes external weights of at most {@link INLINE_BYTES} into the model, where their file is at hand.
 * @throws ModelFormatError when a file is shorter than the model says, small weight or large.
 */
export async function takeSmallExternals(
  tensors: readonly StoredTensor[],
  sourceOf: ExternalSource = () => undefined,
): Promise<readonly StoredTensor[]> {
  const small: Small[] = [];
  const sources = new Map<string, ByteSource | undefined>();
  for (const [index, { name, body }] of tensors.entries()) {
    if (!body || body.file === '') continue;
    const source = sources.has(body.file) ? sources.get(body.file) : sourceOf(body.file);
    sources.set(body.file, source);
    if (sources.size > MAX_FILES) throw tooManyFiles();
    if (!source) continue;
    if (body.offset + body.length > source.size) throw tooShort(name, body, source.size);
    if (body.length <= INLINE_BYTES) small.push({ index, body, source });
  }
  const taken = [...tensors];
  const runs = runsOf(small).values();
  const readNext = async (): Promise<void> => {
    for (const run of runs) {
      for (const { index, values } of await readRun(run)) {
        const tensor = taken[index];
        if (tensor) taken[index] = { ...tensor, proto: inlineTensor(tensor.proto, values), body: null };
      }
    }
  };
  await Promise.all(Array.from({ length: READS_AT_ONCE }, readNext));
  return taken;
}

interface Small {
  readonly index: number;
  readonly body: ByteRange;
  readonly source: ByteSource;
}

/** Small weights of one file that lie close together, in the order of their offsets, and where the last of them ends. */
interface Run {
  readonly source: ByteSource;
  readonly start: number;
  end: number;
  readonly weights: Small[];
}

function runsOf(small: readonly Small[]): Run[] {
  const runs: Run[] = [];
  const sources = [...new Set(small.map(({ source }) => source))];
  for (const source of sources) {
    const inFile = small.filter((each) => each.source === source);
    for (const each of inFile.sort((a, b) => a.body.offset - b.body.offset)) {
      const { offset, length } = each.body;
      const run = runs.at(-1);
      const joins = run?.source === source && offset <= run.end + NEAR_BYTES;
      if (run && joins && offset + length - run.start <= MOST_BYTES) {
        run.end = Math.max(run.end, offset + length);
        run.weights.push(each);
      } else runs.push({ source, start: offset, end: offset + length, weights: [each] });
    }
  }
  return runs;
}

async function readRun({
  source,
  start,
  end,
  weights,
}: Run): Promise<{ index: number; values: Uint8Array }[]> {
  const bytes = end > start ? await source.read(start, end - start) : new Uint8Array(0);
  return weights.map(({ index, body }) => {
    const at = body.offset - start;
    return { index, values: bytes.subarray(at, at + body.length) };
  });
}

function tooShort(name: string, { file, offset, length }: ByteRange, size: number): ModelFormatError {
  return new ModelFormatError(
    `The weights file "${file}" is shorter than the model says: "${name.slice(0, 100)}" would end past it.`,
    {
      step: 'read the weights',
      expected: `at least ${offset + length} bytes`,
      actual: `${size} bytes`,
      file,
    },
  );
}

function tooManyFiles(): ModelFormatError {
  return new ModelFormatError('The weights of this model are in too many files.', {
    step: 'read the weights',
    expected: `at most ${MAX_FILES} files`,
    actual: 'more',
  });
}
